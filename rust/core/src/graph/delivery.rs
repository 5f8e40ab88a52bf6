//! Delivery of a tick's activations and reinforcements to one row: gains, new synapses, and the cap.

use super::Decays;
use super::census::Census;
use super::numbers::{Activations, Numbers};
use super::readings::{End, Reading, Readings};
use super::strongest::Strongest;
use super::synapse::{GAIN, Synapse, from_fixed, reinforced, strengthened, to_fixed};
use crate::config::ColonyConfig;

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

/// A stored synapse, and the number of its target.
#[derive(Copy, Clone, Debug)]
pub struct Stored {
    /// The synapse.
    pub synapse: Synapse,
    /// The number of its target in this tick.
    pub number: u32,
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
    ranked: Vec<Ranked>,
    row: Vec<Synapse>,
}

#[derive(Debug)]
struct Candidate {
    synapse: Synapse,
    weight: f64,
    // When it ends if it is new; otherwise when what was there before this tick would have ended, if that was read.
    end: End,
    kind: Kind,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Kind {
    Unchanged,
    Changed,
    New,
    Dropped,
}

// A candidate by its place, with what orders most of them: its weight, of which larger bits are a larger weight, and
// the df of its target.
#[derive(Copy, Clone, Debug)]
struct Ranked {
    weight: u64,
    df: u32,
    place: u32,
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

    /// Returns the row after this tick. `activations` is left empty; `made` is called with each new synapse that stays.
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
        mut made: impl FnMut(&Synapse),
    ) -> &[Synapse] {
        let now = self.now;
        let &Before { row, was_pinned, is_pinned } = before;
        let law = self.decays.law(is_pinned);
        let (was, is) = (usize::from(was_pinned), usize::from(is_pinned));
        self.kept.clear();
        for &Stored { synapse: old, number } in row {
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
                self.kept.push(Candidate { synapse: base, weight, end, kind });
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
                self.kept.push(Candidate { synapse, weight, end, kind: Kind::Changed });
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
                    made(&candidate.synapse);
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
        let mut keep = |synapse: Synapse, weight: f64, end: End| {
            if law.stands(&synapse, weight, now) {
                kept.push(Candidate { synapse, weight, end, kind: Kind::New });
            }
        };
        if used.is_empty() {
            self.strongest.clear();
            activations.drain(|number, documents| self.strongest.offer(numbers, number, documents));
            for (number, documents) in self.strongest.best(numbers) {
                let Reading { weight, end } = readings.fresh(documents);
                keep(Synapse::new(numbers.term(number), documents, now), weight, end);
            }
            return;
        }
        // Reinforcements strengthen new synapses too, so the documents alone do not order these.
        activations.drain(|number, documents| {
            if documents > 0 {
                let target = numbers.term(number);
                let weight = reinforced(strengthened(0, documents), times(used, target), self.gain);
                let synapse = Synapse { weight, ..Synapse::new(target, documents, now) };
                keep(synapse, from_fixed(weight), readings.end(&synapse));
            }
        });
    }

    // Drops all but the strongest `cap`.
    fn cut(&mut self, was: usize, census: &mut Census) {
        let (numbers, kept, ranked) = (self.numbers, &mut self.kept, &mut self.ranked);
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
        ranked.clear();
        for (place, candidate) in (0..).zip(kept.iter_mut()) {
            if (candidate.weight >= middle) == are_high {
                let (weight, df) = (candidate.weight.to_bits(), numbers.df(candidate.synapse.target));
                ranked.push(Ranked { weight, df, place });
            } else if are_high {
                drop(candidate);
            }
        }
        if ranked.len() == stay {
            return;
        }
        ranked.select_nth_unstable_by(stay - 1, |a, b| {
            (b.weight.cmp(&a.weight)).then_with(|| a.df.cmp(&b.df)).then_with(|| {
                let (x, y) = (&kept[a.place as usize].synapse, &kept[b.place as usize].synapse);
                (y.co_activations.cmp(&x.co_activations))
                    .then_with(|| y.last.cmp(&x.last))
                    .then_with(|| numbers.id(x.target).cmp(&numbers.id(y.target)))
            })
        });
        for ranked in &ranked[stay..] {
            drop(&mut kept[ranked.place as usize]);
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
