//! The worker threads.
//!
//! * [`pool`] owns the threads, hands them items and replaces those that hang.
//! * `job` is a number of items and a continuation for when all have ended.

pub(crate) mod job;
pub mod pool;
