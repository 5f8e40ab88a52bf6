//! A colony as columns of numbers and strings, and back: what a store keeps so that it need not replay a whole life.
//!
//! A column holds one field of every document, word or synapse, so that like stands beside like and compresses. Numbers of
//! words are given anew, without those that stand nowhere any more. Nothing tells how many shards there were: a colony is
//! read onto any ring. Postings, statistics and the ticks at which synapses end are not kept; reading makes them again.

mod columns;
mod read;
mod write;

pub use columns::Section;
pub use read::read;
pub use write::write;
