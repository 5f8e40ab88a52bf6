//! A colony that lives on disk: opening, checkpoints, closing, and readers that follow it.

mod checkpoint;
mod follower;
mod open;
mod settings;

pub use follower::Follower;
pub use settings::Layout;
