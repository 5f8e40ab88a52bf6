//! The graph a shard keeps: synapses, how they fade, and the row of each node. It knows no agent and no shard.

pub mod decay;
pub mod delivery;
pub mod row;
pub mod synapse;

pub use decay::Decay;
pub use row::Row;
pub use synapse::Synapse;
