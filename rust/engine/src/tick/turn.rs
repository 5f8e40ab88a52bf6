//! The queue of ticks of a world: one tick at a time, in order of arrival.

use crate::world::World;
use tokio::sync::OwnedMutexGuard;

/// A place at the head of the queue of ticks. Dropping it lets the next tick begin.
#[derive(Debug)]
pub struct Turn(#[allow(dead_code)] OwnedMutexGuard<()>);

impl World {
    /// Wait for a turn of one's own in the queue of ticks: no runner begins one until it is dropped.
    pub async fn turn(&self) -> Turn {
        Turn(self.turns.clone().lock_owned().await)
    }
}
