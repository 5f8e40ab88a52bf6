//! Surveys: answers to structural questions about a committed state. They are no tick's work, change nothing, and can be
//! cancelled.
//!
//! Everything is computed from plain data that no shard, thread or order of arrival shows in: concepts in the order of
//! their ids, documents in the order of theirs. Sums are of whole numbers, or made in one place in one order. So the
//! answers are the same bytes on any number of shards, and what nodes of a spread colony hold can be joined first.
//!
//! * [`pairs`] is the graph, [`adjacency`] the pairs of each concept, [`lists`] the concepts of each document. Each of
//!   graph and lists is joined from the parts that shards contribute.
//! * [`weights`] says how much a pair says; [`significant`] picks those that say most.
//! * [`louvain`] finds communities, [`modularity`] measures them; [`gate`] keeps out those that are noise, and what
//!   passes are [`clusters`]; [`identity`] says which is which from one survey to the next, by the [`Membership`] that
//!   the last one left; [`placing`] puts documents into them.
//! * [`bridges`] finds concepts that join two clusters.
//! * [`insights`] is all of that, with its evidence.
//! * [`anomalies`] is what departed from normal as documents came.
//! * [`structure`] has components, bridges between them and articulation points; [`paths`] shortest paths;
//!   [`betweenness`] counts how many lead over a concept.
//!
//! # Errors
//! Of all functions here that take a flag: [`crate::Error::Cancelled`] once it is set, and no other.

pub mod adjacency;
pub mod anomalies;
pub mod betweenness;
pub mod bridges;
pub mod clusters;
pub mod gate;
mod history;
mod holders;
pub mod identity;
pub mod insights;
pub mod lists;
pub mod louvain;
mod membership;
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

pub use crate::membership::{ClusterId, Membership};
pub use adjacency::Adjacency;
pub use insights::Insights;
pub use lists::{Lists, ListsPart};
pub use pairs::{Pairs, Part};
