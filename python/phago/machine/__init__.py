"""The machine below a colony, for those who drive it themselves."""
