//! The field: signals and traces that stand on concepts, and fade.
//!
//! A *mark* is an amount on a concept, of one type; a type is a signal or a trace with a name. Emission adds to it. Between
//! emissions nothing is stored: what is left at a tick is computed when it is read ([`Laws`]). The field is a part of the
//! commons: every shard reads the same committed one. What the shards emit in a tick is gathered ([`Emissions`]), merged
//! in any order, and added when the tick ends ([`Field::add`]).
//!
//! * `law` is the decay, `emissions` what a tick brings, `layer` the marks of one type, `marks` all of them and their
//!   bounds, `records` the canonical form.

mod emissions;
mod kind;
mod law;
mod layer;
mod marks;
mod records;

pub use emissions::Emissions;
pub use kind::{Class, NAME_BYTES_MAX, Type};
pub use law::{AMOUNT_MAX, Laws, ONE, from_fixed, to_fixed};
pub use marks::{Added, Field, MARKS_MAX, TYPES_MAX};
pub use records::Record;
