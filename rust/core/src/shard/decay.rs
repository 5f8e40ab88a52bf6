//! The end of Decay: what was delivered becomes what the tick changes on the shard.

use super::Shard;
use super::deliver::Delivered;
use super::delta::Delta;
use super::gathered::Gathered;
use crate::commons::Commons;
use crate::field::Emissions;
use crate::graph::census::Census;
use crate::message::Batch;

impl Shard {
    /// Stages the end of a tick from all pieces of what was gathered. Its seat adds what the shard itself sensed and
    /// lysed, which cannot fail.
    pub(super) fn staged(
        &self,
        commons: &Commons,
        gathered: &Gathered,
        delivered: impl IntoIterator<Item = Delivered>,
    ) -> Delta {
        let stamp = gathered.tick as u32;
        let (mut census, mut pieces) = (Census::new(stamp), Vec::with_capacity(gathered.pieces()));
        let (mut touched, mut node_count) = (0, self.node_count);
        for of_one in delivered {
            census.add(of_one.census);
            pieces.extend(of_one.pieces);
            touched += of_one.touched;
            node_count = node_count.checked_add_signed(of_one.concepts).expect("no concept is removed twice");
        }
        census.close();
        // In one order, whoever delivered them.
        pieces.sort_unstable_by_key(|(piece, _)| *piece);
        assert!(pieces.iter().map(|(piece, _)| *piece).eq(0..gathered.pieces()), "each piece is delivered once");
        let mut delta = Delta {
            tick: gathered.tick,
            slots: commons.vocabulary().slots(self.seat) as usize,
            pieces: pieces.into_iter().map(|(_, piece)| piece).collect(),
            edge_count: self.edges_after(stamp, &census),
            census,
            pinned: gathered.pinned.clone(),
            lysed: Vec::new(),
            leaving: Vec::new(),
            traces: Emissions::default(),
            transferred: 0,
            digesters: Vec::new(),
            touched,
            sweep: None,
            exchanged: gathered.inbox.iter().filter(|batch| batch.from != self.id).map(Batch::nbytes).sum(),
            node_count,
        };
        self.sweep(&self.decays(commons), &mut delta);
        delta
    }

    // Returns the number of living synapses after the tick. Panics here and not in Advance if a count would fall below
    // 0: a wrong tick is not committed.
    fn edges_after(&self, stamp: u32, census: &Census) -> u64 {
        let ending = |end| self.ends.get(&end).copied().unwrap_or(0);
        for (&end, &change) in &census.ends {
            // Synapses that end now are removed before anything is delivered.
            let before = if end == stamp { 0 } else { ending(end) };
            assert!(before.checked_add_signed(change).is_some(), "more synapses than there are end at tick {end}");
        }
        let left = self.live.checked_sub(ending(stamp)).and_then(|left| left.checked_add_signed(census.live));
        left.expect("no more synapses end than there are")
    }
}
