//! How a world makes a tick.
//!
//! * `snapshot` is what an attempt reads, and `commit` how it begins and ends in the world.
//! * [`runner`] drives whole ticks: `turn` is their queue, `making` one of them until it is over, `attempt` one attempt
//!   at it, stepped by the workers; `slot` keeps a seat between two of its phases, `deadline` the deadlines, `outcome`
//!   the result for those who wait.
//! * `by_hand` drives one shard and one phase at a time; `hand` holds the rules of such a tick.
//! * `by_nodes` waits for a tick that the nodes of a cluster make.
//! * [`report`] is what a tick did; [`fault`] lets tests order hangs, panics and meetings.

pub(crate) mod attempt;
pub(crate) mod by_hand;
pub(crate) mod by_nodes;
pub(crate) mod commit;
pub(crate) mod deadline;
pub mod fault;
pub(crate) mod hand;
pub(crate) mod making;
pub(crate) mod outcome;
pub mod report;
pub mod runner;
pub(crate) mod slot;
pub(crate) mod snapshot;
pub mod turn;
