//! Rows: records on their way to Python, with a name for each field.

pub(crate) mod answers;
pub(crate) mod documents;
pub(crate) mod graph;
pub(crate) mod shards;
pub(crate) mod ticks;
