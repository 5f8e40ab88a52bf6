//! The worker threads.
//!
//! * [`pool`] owns the threads, hands them items and replaces those that hang.
//! * [`call`] runs what awaited calls ask for on threads of a runtime.
//! * `job` is a number of items and a continuation for when all have ended.

pub mod call;
pub(crate) mod job;
pub mod pool;
