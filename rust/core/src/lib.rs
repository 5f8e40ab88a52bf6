//! The pure core of phago: everything that decides, nothing that waits.
//!
//! No thread, clock, file, async runtime or random source lives here; drivers outside (the sequential one in
//! [`colony`], the tokio runner in `phago-engine`) move messages between shards and call their phases.
//!
//! * Words of the crate: [`ids`] (identities from content or counters), [`config`] (made of [`mod@settings`]), [`error`],
//!   [`phase`], [`cancel`] (the flag that asks work to stop), [`maps`] (hash maps whose seed can be set), [`place_list`]
//!   (lists from which documents go).
//! * [`text`] turns text into terms; [`documents`] keeps them with their postings and their [`metadata`]; [`graph`] keeps
//!   synapses and knows how they fade; [`reinforcement`] is learning from use; [`ring`] says who lives where;
//!   [`message`] is what travels.
//! * [`commons`] is the committed copy that every shard reads, [`plan`] what the next tick will do.
//! * [`agents`] propose; [`shard`] senses, acts, delivers and advances over what it owns.
//! * [`input`] is everything that changes a colony, as data.
//! * [`query`] answers, [`read`] tells what is asked of a committed state; [`replica`] is the committed state of one node; [`dump`] its
//!   digest; [`colony`] the sequential driver.
//! * [`checkpoint`] is a colony as columns, and back; [`replay`] makes one again from its inputs and ticks.
//! * [`coordinator`] counts who takes part and who has answered, and never waits; [`ghost`] keeps bounded copies of
//!   far nodes.
#![forbid(unsafe_code)]

pub mod agents;
pub mod cancel;
pub mod checkpoint;
pub mod colony;
pub mod commons;
pub mod config;
pub mod coordinator;
pub mod documents;
pub mod dump;
pub mod error;
pub mod ghost;
pub mod graph;
pub mod ids;
pub mod input;
pub mod maps;
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
pub mod settings;
pub mod shard;
pub mod text;
pub mod titles;

pub use error::{Error, Result};
