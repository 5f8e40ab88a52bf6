//! A colony over several nodes: processes that each hold the shards of some seats.
//!
//! A [`Node`] holds a part of the colony's [`crate::replica::Replica`]: the numbers that all nodes share and the shards of
//! its own seats. The [`Driver`] holds the part without seats; it accepts inputs, makes ticks and asks questions, by
//! [`message`]s to the nodes. It does what one process does, in the same steps: a document is judged and analysed at its
//! home, the phases of a tick are those of [`crate::shard::Seat`], and an answer is made in the same rounds.
//!
//! Words have the same numbers on all nodes: those that a node meets get them when the driver announces the words of all
//! nodes in one order. How messages reach the nodes is left to [`Nodes`].

pub mod ask;
pub mod message;

mod driver;
mod layout;
mod node;
mod parcel;
mod words;

#[cfg(test)]
mod tests;

pub use driver::{Answered, Driver, Made, Nodes, Sent, Settled};
pub use layout::Layout;
pub use node::Node;
