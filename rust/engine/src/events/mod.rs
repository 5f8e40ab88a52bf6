//! What happened in a colony, as somebody who watches is told: the latest events, in a ring that is bounded.
//!
//! Events are made of what a tick was committed with, after it is. They are no part of the state: whether anybody reads
//! them changes nothing, and a colony that is opened again begins without any.

pub(crate) mod ring;
mod telling;

pub use ring::{Agent, AgentKind, Event, Told, What};
pub use telling::{ABSORBED, HOME};
pub(crate) use telling::{Counts, acts_of};
