//! x
pub(crate) struct Shared;
