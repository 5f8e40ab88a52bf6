//! Frees the memory of synapses that are gone, a bounded part of it in each tick.
//!
//! Only memory changes, and nothing that can be read. A sweep begins once half of the stored synapses are gone. It goes
//! through all rows over as many ticks as needed, as a part of Decay, so that it holds no lock.

use super::delta::Delta;
use super::{Node, Shard};
use crate::graph::{Decays, Row};
use crate::maps::Set;

// Rows and synapses that one tick sweeps: about a millisecond of work.
const STEP: usize = 1 << 16;

// For fewer, a sweep is not worth its cost.
const GONE_MIN: u64 = 1024;

impl Shard {
    /// Sweeps one tick's part and stages it in the delta, after everything else is staged. A tick that makes many
    /// synapses sweeps more, so that a colony never grows faster than it is swept.
    pub(super) fn sweep(&self, decays: &Decays<'_>, delta: &mut Delta) {
        let made: usize = delta.rows.iter().map(|(_, row)| row.len()).sum();
        let replaced: usize = delta.rows.iter().map(|(slot, _)| self.row_at(*slot).map_or(0, Row::len)).sum();
        let stored = self.stored + made as u64 - replaced as u64;
        let is_due = stored >= 2 * delta.edge_count + GONE_MIN;
        let Some(start) = self.sweep.or(is_due.then_some(0)) else { return };
        let now = delta.tick as u32;
        // Rows that the tick made anew hold only living synapses.
        let fresh: Set<u32> = delta.rows.iter().map(|(slot, _)| *slot).collect();
        let (mut slot, mut left) = (start, STEP + 2 * made);
        while slot < self.nodes.len() && left > 0 {
            let Node { term, row, .. } = &self.nodes[slot];
            left = left.saturating_sub(1 + row.len());
            if !row.is_empty() && !fresh.contains(&(slot as u32)) {
                let decay = decays.of(*term);
                let kept: Vec<_> = row.iter().filter(|synapse| decay.is_alive(synapse, now)).collect();
                if kept.len() < row.len() {
                    delta.rows.push((slot as u32, Row::new(&kept)));
                }
            }
            slot += 1;
        }
        delta.sweep = (slot < self.nodes.len()).then_some(slot);
    }

    fn row_at(&self, slot: u32) -> Option<&Row> {
        self.nodes.get(slot as usize).map(|node| &node.row)
    }
}
