//! The pure core of phago: everything that decides, nothing that waits.
//!
//! No thread, clock, file, async runtime or random source lives here; drivers outside (the sequential one in
//! [`colony`], the tokio runner in `phago-engine`) move messages between shards and call their phases.
#![forbid(unsafe_code)]

pub mod cancel;
pub mod config;
pub mod error;
pub mod ids;
pub mod maps;
pub mod phase;
pub mod ring;
pub mod text;

pub use error::{Error, Result};
