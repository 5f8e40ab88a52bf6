//! The pure core of phago: it makes every decision and never waits.
//!
//! The core uses no thread, clock, file, async runtime or random source. Drivers (the sequential one in [`colony`], the
//! tokio runner in `phago-engine`) move messages between shards and call the phases of each shard.
//!
//! * Basic types: [`ids`] (identities from content or counters), [`config`] (made of [`mod@settings`]), [`error`],
//!   [`phase`], [`cancel`] (the flag that asks work to stop), [`maps`] (hash maps whose seed can be set),
//!   [`place_list`] (lists from which documents can be removed), `table` (indices by hash), [`mod@bytes`] (runs of bytes
//!   in messages).
//! * [`text`] turns text into terms; [`documents`] stores documents with their postings and [`metadata`]; [`graph`]
//!   stores synapses and computes their decay; [`reinforcement`] is learning from use; [`ring`] maps keys to home
//!   shards; [`message`] is what shards send each other.
//! * [`commons`] holds the committed global numbers that every shard reads; [`plan`] fixes what the next tick does.
//! * [`agents`] choose documents; [`shard`] runs the four phases over what it owns.
//! * [`field`] holds signals and traces on concepts, [`membership`] says which concepts the last survey found together,
//!   and [`life`] is what a colony has of both, and of agents of its users' own.
//! * [`sentinel`] learns what is normal and tells what departs from it.
//! * [`input`] represents every change to a colony as data.
//! * [`replica`] is the committed state of one node; [`query`] answers questions from it; [`read`] reports its
//!   documents, graph and counts; [`dump`] computes its digest; [`colony`] is the sequential driver.
//! * [`survey`] answers structural questions about a committed state: communities, clusters and what joins them,
//!   components, paths.
//! * [`checkpoint`] converts a colony to columns and back; [`replay`] rebuilds one from its inputs and ticks.
//! * [`cluster`] is what the nodes of one colony say to each other.
//! * [`coordinator`] tracks which shards take part and which have answered, and never waits; [`ghost`] keeps a bounded
//!   number of copies of nodes that live on other shards.
#![forbid(unsafe_code)]

pub mod agents;
pub mod bytes;
pub mod cancel;
pub mod checkpoint;
pub mod cluster;
pub mod colony;
pub mod commons;
pub mod config;
pub mod coordinator;
pub mod documents;
pub mod dump;
pub mod error;
mod exact;
pub mod field;
pub mod ghost;
pub mod graph;
pub mod ids;
pub mod input;
pub mod life;
pub mod maps;
pub mod membership;
pub mod message;
pub mod metadata;
pub mod phase;
pub mod place_list;
pub mod plan;
pub mod query;
pub mod read;
pub mod reinforcement;
pub mod replay;
pub mod replica;
pub mod ring;
pub mod select;
pub mod sentinel;
pub mod settings;
pub mod shard;
pub mod survey;
mod table;
pub mod text;
pub mod titles;
pub mod wishes;

pub use error::{Error, Result};
