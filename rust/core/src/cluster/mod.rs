//! One colony over several nodes: what nodes say to each other, as plain data.
//!
//! * [`ask`] are the questions of a driver to the homes of documents and concepts, and the replies.

pub mod ask;
