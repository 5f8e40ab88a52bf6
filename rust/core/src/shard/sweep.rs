//! Synapses that are gone leave the memory, a bounded part of them in each tick.
//!
//! Memory only: nothing that anybody can read changes. A sweep begins once half of the stored synapses are gone, and goes
//! through all rows over as many ticks as it takes, as a part of Decay, so that it holds no lock.

use super::Shard;
use super::delta::Delta;
use crate::graph::{Decay, Row};
use crate::maps::Set;

// Rows and synapses that one tick sweeps: about a millisecond.
const STEP: usize = 1 << 16;

// A sweep is not worth its while for fewer.
const GONE_MIN: u64 = 1024;

impl Shard {
    /// Sweeps as much as a tick does, into the delta, once all else is staged. A tick that makes many synapses sweeps the
    /// more, so that no colony grows faster than it is swept.
    pub(super) fn sweep(&self, decay: &Decay, delta: &mut Delta) {
        let is_due = self.stored >= 2 * self.live + GONE_MIN;
        let Some(start) = self.sweep.or(is_due.then_some(0)) else { return };
        let now = delta.tick as u32;
        let made: usize = delta.rows.iter().map(|(_, row)| row.len()).sum();
        // Rows that the tick made anew hold what lives.
        let fresh: Set<u32> = delta.rows.iter().map(|(slot, _)| *slot).collect();
        let (mut slot, mut left) = (start, STEP + 2 * made);
        while slot < self.nodes.len() && left > 0 {
            let row = &self.nodes[slot].row;
            left = left.saturating_sub(1 + row.len());
            if !row.is_empty() && !fresh.contains(&(slot as u32)) {
                let kept: Vec<_> = row.iter().filter(|synapse| decay.is_alive(synapse, now)).collect();
                if kept.len() < row.len() {
                    delta.rows.push((slot as u32, Row::new(&kept)));
                }
            }
            slot += 1;
        }
        delta.sweep = (slot < self.nodes.len()).then_some(slot);
    }
}
