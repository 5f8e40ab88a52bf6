//! What may wait: the worker threads, the world they work on and the runner that drives it.
//!
//! * [`pool`]: the worker threads, their jobs, and the replacement of those that hang.
//! * [`fault`]: hangs, panics and meetings on order, for tests.
#![forbid(unsafe_code)]

pub mod fault;
pub mod pool;
