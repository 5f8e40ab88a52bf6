//! Surveys: answers to structural questions about a committed state.

pub mod adjacency;
pub mod betweenness;
pub mod bridges;
pub mod clusters;
pub mod gate;
pub mod identity;
pub mod insights;
pub mod lists;
pub mod louvain;
pub mod modularity;
mod pace;
pub mod pairs;
pub mod paths;
pub mod placing;
pub mod significant;
pub mod structure;
#[cfg(test)]
mod testing;
pub mod weights;
