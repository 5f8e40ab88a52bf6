//! A colony that lives on disk: opened, written down as a whole now and then, closed, and followed by readers.

mod checkpoint;
mod follower;
mod open;
mod settings;

pub use follower::Follower;
pub use settings::Layout;
