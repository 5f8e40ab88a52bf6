//! A colony over several nodes: processes that each hold the shards of some seats.
//!
//! A [`Node`] holds a part of the colony's [`crate::replica::Replica`]: the numbers that all nodes share and the shards
//! of its own seats. The [`Driver`] holds the part without seats; it accepts inputs, makes ticks and asks questions. It
//! does what one process does, in the same steps: a document is judged and analysed at its home, the phases of a tick
//! are those of [`crate::shard::Seat`], and an answer is made in the same rounds.
//!
//! Words have the same numbers on all nodes: those that a node meets get them when the driver announces the words of
//! all nodes in one order.
//!
//! * [`message`] are the orders of a driver, which change a node, and their answers; `parcel` is what nodes send to
//!   each other in a tick, `words` the numbering of new words, `ahead` what a node reads before the change that adds
//!   it, [`Layout`] says who has which seats, and `planning` has nodes rank what waits. A [`Carrier`] brings orders to nodes.
//! * [`ask`] are the asks of a driver to the homes of documents and concepts, and the replies; [`home`] answers on a
//!   node. [`Far`] scatters asks and gathers replies: [`far`] runs the rounds of an answer over nodes, and [`reads`]
//!   reads a whole colony from them.

pub mod ask;
pub mod far;
pub mod home;
pub mod message;
pub mod reads;

mod ahead;
mod driver;
mod layout;
mod node;
mod parcel;
mod planning;
mod scatter;
mod words;

pub use ask::{Ask, Reply};
pub use driver::{Acted, Answered, Carrier, Driver, Made, Sent, Settled};
pub use layout::Layout;
pub use node::Node;
pub use scatter::{Far, Nodes};
