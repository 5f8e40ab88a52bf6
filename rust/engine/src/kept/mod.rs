//! A colony that lives on disk: opening, checkpoints, closing, and readers that follow it.

mod checkpoint;
mod follower;
mod moving;
pub(crate) mod open;
mod settings;
#[cfg(test)]
mod tests;
mod threads;

pub use follower::Follower;
pub use moving::Moving;
pub use open::Over;
pub use settings::Layout;
