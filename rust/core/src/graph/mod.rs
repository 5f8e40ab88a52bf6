//! The graph of a shard: synapses, their decay, and the row of each node. It knows nothing of agents and shards.

pub mod census;
pub mod decay;
pub mod decays;
pub mod delivery;
pub mod numbers;
mod readings;
pub mod row;
pub mod staged;
mod strongest;
pub mod synapse;

pub use decay::Decay;
pub use decays::Decays;
pub use row::Row;
pub use synapse::Synapse;
