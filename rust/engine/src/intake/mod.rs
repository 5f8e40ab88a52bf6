//! The way in: inputs are checked, analysed where no lock is held, judged against what stands, and then applied at once
//! or when the tick under way ends.
//!
//! * [`ingest`], `change` and [`reinforce`] each bring one kind of input to where it is judged; `submit` takes any kind as data.
//! * `analyse` is the analysis on several threads.
//! * `enter` is where all of them end: into the state, or into the queue of `pending`.

pub(crate) mod analyse;
mod change;
mod enter;
pub mod ingest;
pub(crate) mod pending;
pub mod reinforce;
mod submit;
