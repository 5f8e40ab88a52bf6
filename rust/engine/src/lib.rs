//! What may wait: the worker threads, the world they work on and the runner that drives it.
//!
//! * [`world`] is one colony that many threads use: its locks, and the order in which they are taken; `lock` is the way
//!   to take one. [`answers`] reads it and tells why. [`intake`] is the way in for documents that come, go and change, and
//!   for learning from use.
//! * [`tick`] makes ticks: a runner on worker threads ([`config`] says how), or one shard at a time by hand; what a tick did, and the faults
//!   that tests order.
//! * [`work`] owns the worker threads.
//! * [`store`] keeps what happens to a colony in files: log, witness, checkpoints, recovery. `journal` is what a colony writes into it;
//!   [`kept`] opens a colony that lives there, writes it down as a whole, and follows it.
//! * [`coordination`] shares a coordinator; `ghosts` keeps copies of far nodes.
#![forbid(unsafe_code)]

pub mod answers;
pub mod config;
pub mod coordination;
mod ghosts;
pub mod intake;
mod journal;
pub mod kept;
mod lock;
pub mod store;
pub mod tick;
pub mod work;
pub mod world;

pub use config::RunnerConfig;
pub use coordination::SharedCoordinator;
pub use intake::ingest::{Ingested, OnError};
pub use intake::reinforce::Helped;
pub use kept::{Follower, Layout};
pub use tick::fault::{Action, Fault};
pub use tick::report::{CrossEdges, CrossShardEdge, PhaseReport, RunReport, TickReport};
pub use tick::runner::Runner;
pub use work::pool::Pool;
pub use world::World;
