//! What may wait: the worker threads, the world they work on and the runner that drives it.
//!
//! * [`world`] is one colony that many threads use: committed state, inputs, queries; [`answers`] tells why. [`ingest`] is the way in,
//!   [`changes`] the way out, [`uses`] learning from use, `pending` what waits for a tick to end, `by_hand` the way to drive one shard at a time.
//! * [`runner`] drives ticks and keeps their deadlines; `attempt` is one attempt at a tick, stepped by the workers;
//!   `staging` what a shard has staged in it; [`report`] what it did.
//! * [`pool`] owns the worker threads and replaces those that hang; [`fault`] orders hangs, panics and meetings.
//! * [`store`] keeps a colony's inputs and ticks in files: log, witness, checkpoints, recovery.
//! * [`coordination`] shares a coordinator; `ghosts` keeps copies of far nodes.
#![forbid(unsafe_code)]

pub mod answers;
mod attempt;
mod by_hand;
pub mod changes;
pub mod coordination;
pub mod fault;
mod ghosts;
pub mod ingest;
mod job;
mod pending;
pub mod pool;
pub mod report;
pub mod runner;
mod staging;
pub mod store;
pub mod uses;
pub mod world;

pub use changes::Updated;
pub use coordination::SharedCoordinator;
pub use fault::{Action, Fault};
pub use ingest::{Ingested, NewDocument, OnError};
pub use pool::Pool;
pub use report::{CrossEdges, CrossShardEdge, PhaseReport, RunReport, TickReport};
pub use runner::{Runner, RunnerConfig};
pub use uses::Helped;
pub use world::{FoundDocument, World};
