//! Delivery of a tick's activations and reinforcements to one row: gains, new synapses, and the cap.

use super::Decays;
use super::census::Census;
use super::numbers::{Activations, Number, Numbers};
use super::readings::{End, Reading, Readings};
use super::strongest::Strongest;
use super::synapse::{GAIN, Synapse, from_fixed, reinforced, strengthened, to_fixed};
use crate::config::ColonyConfig;
use crate::select::select;

/// A deleted document as a row needs it: when it was digested, and the concepts it wired, by term index.
#[derive(Copy, Clone, Debug)]
pub struct Unwired<'a> {
    /// The tick of its digestion.
    pub tick: u32,
    /// Its concepts, sorted.
    pub concepts: &'a [u32],
}

/// The reinforcements of one source in this tick: each target's term index, and how often it was reinforced.
pub type Reinforced = [(u32, u64)];

fn times(reinforced: &Reinforced, target: u32) -> u64 {
    match reinforced.binary_search_by_key(&target, |known| known.0) {
        Ok(at) => reinforced[at].1,
        Err(_) => 0,
    }
}

/// A stored synapse, and its target in this tick.
#[derive(Copy, Clone, Debug)]
pub struct Stored {
    /// The synapse.
    pub synapse: Synapse,
    /// Its target.
    pub target: Number,
}

/// A row before a tick.
#[derive(Copy, Clone, Debug)]
pub struct Before<'a> {
    /// The row.
    pub row: &'a [Stored],
    /// Whether its concept was pinned until now.
    pub was_pinned: bool,
    /// Whether it is from now on.
    pub is_pinned: bool,
}

/// What all rows of one delivery share.
#[derive(Debug)]
pub struct Delivery<'a> {
    decays: &'a Decays<'a>,
    numbers: &'a Numbers<'a>,
    gain: u32,
    cap: usize,
    now: u32,
    // Of concepts that are not pinned, and of those that are.
    readings: [Readings<'a>; 2],
    strongest: Strongest,
    kept: Vec<Candidate>,
    ranked: Vec<u128>,
    row: Vec<Synapse>,
}

#[derive(Debug)]
struct Candidate {
    synapse: Synapse,
    weight: f64,
    // When it ends if it is new; otherwise when what was there before this tick would have ended, if that was read.
    end: End,
    // The df of its target.
    df: u32,
    kind: Kind,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Kind {
    Unchanged,
    Changed,
    New,
    Dropped,
}

// Returns what orders most candidates, one of a larger weight first, then one of a smaller df; and the candidate's
// place. No weight is more than 1, and of those that are not negative a larger one has larger bits.
#[inline]
fn ranked(weight: f64, df: u32, place: u32) -> u128 {
    u128::from(1.0f64.to_bits() - weight.to_bits()) << 64 | u128::from(df) << 32 | u128::from(place)
}

impl<'a> Delivery<'a> {
    /// Returns a delivery at tick `now` under the laws that its rows have had, with the gain of one reinforcement, of
    /// activations by these numbers.
    pub fn new(decays: &'a Decays<'a>, config: &ColonyConfig, now: u32, numbers: &'a Numbers<'a>) -> Self {
        let cap = config.max_edge_degree as usize;
        Delivery {
            decays,
            numbers,
            gain: to_fixed(config.reinforcement_gain),
            cap,
            now,
            readings: [false, true].map(|is_pinned| Readings::new(decays.law(is_pinned), now)),
            strongest: Strongest::new(cap),
            kept: Vec::new(),
            ranked: Vec::new(),
            row: Vec::new(),
        }
    }

    /// Returns the row after this tick, new synapses behind all others. `activations` is left empty.
    ///
    /// Expired synapses are removed before anything is delivered, so an activation of one makes a new one; if the
    /// concept is not pinned any more, also those that would have expired. Then deleted documents are unwired, then activations are delivered, then reinforcements, which strengthen what is there and
    /// make nothing. Above the cap the strongest stay: highest weight now, then the rarest target, then the most
    /// co-activations, then the latest activation, then the smallest target id.
    pub fn deliver(
        &mut self,
        before: &Before<'_>,
        unwired: &[Unwired<'_>],
        activations: &mut Activations,
        used: &Reinforced,
        census: &mut Census,
    ) -> &[Synapse] {
        let now = self.now;
        let &Before { row, was_pinned, is_pinned } = before;
        let law = self.decays.law(is_pinned);
        let (was, is) = (usize::from(was_pinned), usize::from(is_pinned));
        self.kept.clear();
        for &Stored { synapse: old, target: Number { number, df } } in row {
            let Reading { mut weight, end } = self.readings[was].of(&old);
            if !self.decays.law(was_pinned).stands(&old, weight, now) {
                continue;
            }
            if was != is {
                weight = self.readings[is].of(&old).weight;
                if !law.stands(&old, weight, now) {
                    census.note(self.readings[was].end(&old), -1);
                    continue;
                }
            }
            let mut base = old;
            if !unwired.is_empty() {
                match without(&old, unwired) {
                    Some(left) if left == old => {}
                    Some(left) if law.is_alive(&left, now) => (base, weight) = (left, law.weight(&left, now)),
                    _ => {
                        census.note(self.readings[was].end(&old), -1);
                        continue;
                    }
                }
            }
            let documents = activations.take(number);
            let uses = if used.is_empty() { 0 } else { times(used, old.target) };
            if documents == 0 && uses == 0 {
                let changed = base != old || was != is;
                let (kind, end) = match changed {
                    false => (Kind::Unchanged, end),
                    true => (Kind::Changed, self.readings[was].end(&old)),
                };
                self.kept.push(Candidate { synapse: base, weight, end, df, kind });
                continue;
            }
            let end = self.readings[was].end(&old);
            let synapse = Synapse {
                weight: reinforced(strengthened(to_fixed(weight), documents), uses, self.gain),
                last: now,
                co_activations: base.co_activations.saturating_add(documents),
                ..base
            };
            let weight = from_fixed(synapse.weight);
            if law.stands(&synapse, weight, now) {
                self.kept.push(Candidate { synapse, weight, end, df, kind: Kind::Changed });
            } else {
                census.note(end, -1);
            }
        }
        self.take_new(activations, used, is);
        if self.kept.len() > self.cap {
            self.cut(was, census);
        }
        self.row.clear();
        for candidate in &self.kept {
            match candidate.kind {
                Kind::Dropped => continue,
                Kind::Unchanged => {}
                Kind::Changed => {
                    census.note(candidate.end, -1);
                    census.note(self.readings[is].end(&candidate.synapse), 1);
                }
                Kind::New => {
                    census.note(candidate.end, 1);
                }
            }
            self.row.push(candidate.synapse);
        }
        &self.row
    }

    // Makes candidates of the new synapses, of which only the best `cap` can stay. The order among them is the general
    // one, as all are of this tick.
    fn take_new(&mut self, activations: &mut Activations, used: &Reinforced, is: usize) {
        let (numbers, now) = (self.numbers, self.now);
        let law = self.decays.law(is == 1);
        let (readings, kept) = (&mut self.readings[is], &mut self.kept);
        // If as many as can stay are there already, what is weaker than all of them need not be compared.
        let is_full = kept.len() >= self.cap;
        let least = if is_full { kept.iter().map(|kept| kept.weight).fold(1.0, f64::min) } else { 0.0 };
        let mut keep = |synapse: Synapse, weight: f64, end: End, df: u32| {
            if law.stands(&synapse, weight, now) {
                kept.push(Candidate { synapse, weight, end, df, kind: Kind::New });
            }
        };
        if used.is_empty() {
            self.strongest.begin(least);
            activations.drain(|number, tally| self.strongest.offer(numbers, number, tally));
            for best in self.strongest.best(numbers) {
                let Reading { weight, end } = readings.fresh(best.documents);
                keep(Synapse::new(numbers.term(best.number), best.documents, now), weight, end, best.df(numbers));
            }
            return;
        }
        // Reinforcements strengthen new synapses too, so the documents alone do not order these.
        activations.drain(|number, tally| {
            let documents = tally.documents();
            if documents > 0 {
                let target = numbers.term(number);
                let weight = reinforced(strengthened(0, documents), times(used, target), self.gain);
                let synapse = Synapse { weight, ..Synapse::new(target, documents, now) };
                keep(synapse, from_fixed(weight), readings.end(&synapse), numbers.df(target));
            }
        });
    }

    // Drops all but the strongest `cap`.
    fn cut(&mut self, was: usize, census: &mut Census) {
        let (numbers, kept, all) = (self.numbers, &mut self.kept, &mut self.ranked);
        let readings = &mut self.readings[was];
        let mut drop = |candidate: &mut Candidate| {
            match candidate.kind {
                Kind::New => {}
                Kind::Unchanged if candidate.end == End::Unread => census.note(readings.end(&candidate.synapse), -1),
                _ => census.note(candidate.end, -1),
            }
            candidate.kind = Kind::Dropped;
        };
        // What one document makes is often near the middle. Those above it all stay, or those below it all go: one of
        // both need not be compared.
        let middle = from_fixed(GAIN);
        let high = kept.iter().filter(|candidate| candidate.weight >= middle).count();
        let are_high = high >= self.cap;
        let stay = if are_high { self.cap } else { self.cap - high };
        all.clear();
        for (place, candidate) in (0..).zip(kept.iter_mut()) {
            if (candidate.weight >= middle) == are_high {
                all.push(ranked(candidate.weight, candidate.df, place));
            } else if are_high {
                drop(candidate);
            }
        }
        if all.len() == stay {
            return;
        }
        let place = |ranked: u128| ranked as u32 as usize;
        select(all, stay, 32, |a, b| {
            let (x, y) = (&kept[place(a)].synapse, &kept[place(b)].synapse);
            (y.co_activations.cmp(&x.co_activations))
                .then_with(|| y.last.cmp(&x.last))
                .then_with(|| numbers.id(x.target).cmp(&numbers.id(y.target)))
        });
        for &ranked in &all[stay..] {
            drop(&mut kept[place(ranked)]);
        }
    }
}

// Returns a synapse without the share of deleted documents, or `None` if no document is left. Each document that wired
// it, which are those not older than it, has an equal share of its weight.
fn without(synapse: &Synapse, unwired: &[Unwired<'_>]) -> Option<Synapse> {
    if unwired.is_empty() {
        return Some(*synapse);
    }
    let wired_it = |document: &&Unwired<'_>| {
        document.tick >= synapse.created && document.concepts.binary_search(&synapse.target).is_ok()
    };
    let gone = unwired.iter().filter(wired_it).count() as u32;
    let left = synapse.co_activations.checked_sub(gone).filter(|left| *left > 0)?;
    let weight = u64::from(synapse.weight) * u64::from(left) / u64::from(synapse.co_activations);
    Some(Synapse { weight: weight as u32, co_activations: left, ..*synapse })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::numbers::Numbering;
    use proptest::prelude::*;
    use std::cmp::Reverse;

    const NOW: u32 = 5;

    proptest! {
        // Weights, dfs and counts of which many are the same, rows with less and with more than can stay.
        #[test]
        fn the_strongest_stay(
            stored in prop::collection::vec((1u32..5, 1u32..3, 0u32..3, 0u32..3), 0..9),
            made in prop::collection::vec(0u32..4, 0..20),
            df in prop::collection::vec(1u32..4, 30),
            cap in 1u32..9,
            is_dense: bool,
        ) {
            let config = ColonyConfig { max_edge_degree: cap, edge_decay_rate: 0.0, ..ColonyConfig::default() };
            let ids: Vec<u128> = (0..30).map(|term: u128| term.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).collect();
            let mut numbering = Numbering::new(30, if is_dense { 30 } else { 0 });
            let row: Vec<Synapse> = (1..).zip(&stored).map(|(target, &(gains, co_activations, last, _))| {
                Synapse { target, weight: gains * GAIN, last, created: 0, co_activations }
            }).collect();
            let documents = stored.iter().map(|stored| stored.3).chain(made);
            let activated: Vec<(u32, u32)> = (1..).zip(documents).filter(|(_, documents)| *documents > 0).collect();
            let lists: Vec<(u32, u32)> =
                activated.iter().map(|&(target, documents)| (numbering.give(target, &df, &ids), documents)).collect();
            let numbers = Numbers::new(&numbering, &df, &ids);
            let mut activations = Activations::new(&numbering);
            lists.iter().for_each(|&(number, documents)| (0..documents).for_each(|_| activations.add(&[number])));

            let mut expected: Vec<Synapse> = Vec::new();
            for target in 1..30 {
                let old = row.iter().find(|old| old.target == target);
                let documents = activated.iter().find(|(known, _)| *known == target).map_or(0, |known| known.1);
                expected.extend(match (old, documents) {
                    (old, 0) => old.copied(),
                    (None, _) => Some(Synapse::new(target, documents, NOW)),
                    (Some(old), _) => Some(Synapse {
                        weight: strengthened(old.weight, documents),
                        last: NOW,
                        co_activations: old.co_activations + documents,
                        ..*old
                    }),
                });
            }
            let order = |s: &Synapse| {
                let at = s.target as usize;
                (Reverse(s.weight), df[at], Reverse(s.co_activations), Reverse(s.last), ids[at])
            };
            expected.sort_by_key(order);
            expected.truncate(cap as usize);

            let decays = Decays::new(&config, &[]);
            let mut delivery = Delivery::new(&decays, &config, NOW, &numbers);
            let stored: Vec<Stored> =
                row.iter().map(|&synapse| Stored { synapse, target: numbers.of(synapse.target) }).collect();
            let before = Before { row: &stored, was_pinned: false, is_pinned: false };
            let mut census = Census::new(NOW);
            let after = delivery.deliver(&before, &[], &mut activations, &[], &mut census);
            // By both, new ones are known later.
            let new = |synapse: &Synapse| synapse.created == NOW;
            prop_assert!(after.is_sorted_by_key(new));
            prop_assert!(after.iter().all(|synapse| new(synapse) == (synapse.target as usize > row.len())));
            let mut after = after.to_vec();
            after.sort_by_key(order);
            prop_assert_eq!(&after, &expected);
            prop_assert_eq!(census.live, after.len() as i64 - row.len() as i64);
        }
    }
}
