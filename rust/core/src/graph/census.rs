//! How many synapses a tick makes and ends, and when they end.

use super::readings::End;
use std::collections::BTreeMap;

/// The changes in the number of living synapses, and in the number that end at each tick.
#[derive(Clone, Debug, Default)]
pub struct Census {
    /// Synapses alive after the tick, minus those alive before it that did not expire by it.
    pub live: i64,
    /// For each tick, the change in the number of synapses that end at it.
    pub ends: BTreeMap<u32, i64>,
    now: u32,
    near: Vec<i64>,
}

// Almost every end lies within this many ticks of now; an array counts those.
const NEAR: u32 = 2048;

impl Census {
    /// Returns a census without changes, at tick `now`.
    pub fn new(now: u32) -> Self {
        Census { now, ..Census::default() }
    }

    #[inline]
    pub(super) fn note(&mut self, end: End, change: i64) {
        self.live += change;
        let End::At(end) = end else { return };
        match end.checked_sub(self.now) {
            Some(ahead) if ahead < NEAR => {
                if self.near.is_empty() {
                    self.near = vec![0; NEAR as usize];
                }
                self.near[ahead as usize] += change;
            }
            _ => *self.ends.entry(end).or_default() += change,
        }
    }

    /// Adds the changes of other rows of the same tick.
    pub fn add(&mut self, other: Census) {
        self.live += other.live;
        for (end, change) in other.ends {
            *self.ends.entry(end).or_default() += change;
        }
        if self.near.is_empty() {
            self.near = other.near;
        } else {
            self.near.iter_mut().zip(other.near).for_each(|(all, change)| *all += change);
        }
    }

    /// Moves everything into `ends`. Called once, when all rows are done.
    pub fn close(&mut self) {
        for (ahead, change) in std::mem::take(&mut self.near).into_iter().enumerate() {
            if change != 0 {
                *self.ends.entry(self.now + ahead as u32).or_default() += change;
            }
        }
    }
}
