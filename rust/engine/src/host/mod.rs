//! What a program that embeds the engine needs beside it: it may fork, drop a colony where nobody may wait, and hold
//! one colony by many handles.
//!
//! - [`process`] is what belongs to one process: its runtime, its threads, and values that a forked child leaves alone.
//! - [`free`] frees large values on a thread of its own.
//! - [`batch`] is messages that leave their world.
//! - [`colony`] is what the handles of one colony share, [`ring`] finds the colony of a shard, [`assemble`] brings
//!   shards made one by one into one, and [`spread`] moves it to nodes and back.

pub mod assemble;
pub mod batch;
pub mod colony;
pub mod free;
pub mod process;
pub mod ring;
pub mod spread;
