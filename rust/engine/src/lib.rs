//! The engine: the world, the worker threads that work on it, and the runner that drives it. Everything that may wait
//! is here.
//!
//! * [`world`] is one colony that many threads use: its locks, and the order in which they are taken; `lock` is the way
//!   to take one, and `sync` has what threads meet on. [`answers`] reads it and explains, [`surveys`] looks at the
//!   whole graph. [`intake`] accepts inputs: documents that are added, deleted and replaced, and reinforcements.
//! * [`tick`] makes ticks: a runner on worker threads ([`config`] says how), or one shard at a time by hand; what a
//!   tick did, and the faults that tests inject.
//! * [`work`] owns the worker threads.
//! * [`store`] keeps a colony's history in files: log, witness, checkpoints, recovery. `journal` is what a colony
//!   writes into it; [`kept`] opens a colony from there, writes its checkpoints, and follows it.
//! * [`cluster`] spreads a colony over several processes.
//! * [`coordination`] shares a coordinator; `ghosts` keeps copies of nodes of other shards.
//! * [`mod@cores`] says how many cores there are.
//! * [`host`] is for the program that embeds it all: forks, freeing, and many handles on one colony.
#![forbid(unsafe_code)]

pub mod answers;
pub mod changes;
pub mod cluster;
mod concepts;
pub mod config;
pub mod coordination;
pub mod cores;
pub mod events;
mod ghosts;
// Only for programs that run; the tests in drawn orders have no process to fork.
#[cfg(not(feature = "shuttle"))]
pub mod host;
pub mod intake;
mod journal;
pub mod kept;
pub mod life;
pub mod lock;
pub mod store;
pub mod surveys;
mod sync;
pub mod tick;
mod topology;
pub mod views;
pub mod work;
pub mod world;

pub use config::{REDOS_MAX, Recover, RunnerConfig};
pub use coordination::SharedCoordinator;
pub use intake::ingest::{Ingested, OnError};
pub use intake::reinforce::Helped;
pub use kept::{Follower, Layout};
pub use tick::fault::{Action, Fault};
pub use tick::report::{CrossEdges, CrossShardEdge, PhaseReport, RunReport, TickReport};
pub use tick::runner::Runner;
pub use work::pool::Pool;
pub use world::World;
