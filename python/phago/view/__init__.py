"""Pictures of a colony as data: bounded, laid out here, the same for the same input; and the page that shows them."""
