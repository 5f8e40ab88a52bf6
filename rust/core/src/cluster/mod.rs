//! One colony over several nodes: what nodes say to each other, as plain data.
//!
//! * [`ask`] are the asks of a driver to the homes of documents and concepts, and the replies; [`home`] answers on a node.
//! * [`far`] runs the rounds of an answer over nodes, and [`reads`] reads a whole colony from them.

pub mod ask;
pub mod far;
pub mod home;
pub mod reads;

pub use ask::{Ask, Reply};
pub use far::{Far, Nodes};

#[cfg(test)]
mod tests;
