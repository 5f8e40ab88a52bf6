//! Surveys: answers to structural questions about a committed state.

pub mod adjacency;
pub mod louvain;
pub mod modularity;
mod pace;
pub mod pairs;
#[cfg(test)]
mod testing;
pub mod weights;
