//! Frees the memory of synapses that are gone, a bounded part of it in each tick.
//!
//! Only memory changes, and nothing that can be read. A sweep begins once half of the stored synapses are gone. It goes
//! through all rows over as many ticks as needed, as a part of Decay, so that it holds no lock.

use super::delta::{Delta, Piece};
use super::{Node, Shard};
use crate::graph::Decays;
use crate::maps::Set;

// Rows and synapses that one tick sweeps: about a millisecond of work.
const STEP: usize = 1 << 16;

// For fewer, a sweep is not worth its cost.
const GONE_MIN: u64 = 1024;

impl Shard {
    /// Sweeps one tick's part and stages it in the delta, after everything else is staged. A tick that makes many
    /// synapses sweeps more, so that a colony never grows faster than it is swept.
    pub(super) fn sweep(&self, decays: &Decays<'_>, delta: &mut Delta) {
        let made = delta.synapses();
        let stored = self.stored + made - delta.replaced();
        let is_due = stored >= 2 * delta.edge_count + GONE_MIN;
        let Some(start) = self.sweep.or(is_due.then_some(0)) else { return };
        let now = delta.tick as u32;
        // Rows that the tick made anew hold only living synapses.
        let fresh: Set<u32> = delta.pieces.iter().flat_map(|piece| piece.rows.slots()).collect();
        let mut swept = Piece::default();
        let (mut slot, mut left) = (start, STEP + 2 * made as usize);
        while slot < self.nodes.len() && left > 0 {
            let Node { term, row, .. } = &self.nodes[slot];
            left = left.saturating_sub(1 + row.len());
            if !row.is_empty() && !fresh.contains(&(slot as u32)) {
                let decay = decays.of(*term);
                let kept: Vec<_> = row.iter().filter(|synapse| decay.is_alive(synapse, now)).collect();
                if kept.len() < row.len() {
                    swept.rows.stage(slot as u32, row, &kept);
                }
            }
            slot += 1;
        }
        delta.pieces.push(swept);
        delta.sweep = (slot < self.nodes.len()).then_some(slot);
    }
}
