//! Delivery of a tick's activations and reinforcements to one row: gains, new synapses, and the cap.

use super::row::Row;
use super::synapse::{ONE, Synapse, from_fixed, reinforced, strengthened, to_fixed};
use super::{Decay, Decays};
use crate::config::ColonyConfig;
use std::collections::BTreeMap;

/// How often each target was activated for one source in this tick: a dense array of counters and a list of those that
/// are not 0, so that clearing costs only what was used. (A hash table keyed by edge is 2.4 to 8 times slower.)
#[derive(Debug)]
pub struct Activations {
    counts: Vec<u32>,
    touched: Vec<u32>,
}

impl Activations {
    /// Returns counters for targets `0..terms`, all zero. The memory pages are not touched before they are used.
    pub fn new(terms: usize) -> Self {
        Activations { counts: vec![0; terms], touched: Vec::new() }
    }

    /// Counts one more document that has both `target` and the source.
    #[inline]
    pub fn add(&mut self, target: u32) {
        let count = &mut self.counts[target as usize];
        if *count == 0 {
            self.touched.push(target);
        }
        *count += 1;
    }

    /// Removes the source itself, which is in each of its own lists.
    pub fn remove(&mut self, source: u32) {
        self.counts[source as usize] = 0;
    }

    fn take(&mut self, target: u32) -> u32 {
        std::mem::take(&mut self.counts[target as usize])
    }
}

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

    fn note(&mut self, end: Option<u32>, change: i64) {
        self.live += change;
        let Some(end) = end else { return };
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

    /// Moves everything into `ends`. Called once, when all rows are done.
    pub fn close(&mut self) {
        for (ahead, change) in std::mem::take(&mut self.near).into_iter().enumerate() {
            if change != 0 {
                *self.ends.entry(self.now + ahead as u32).or_default() += change;
            }
        }
    }
}

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

/// A row before a tick.
#[derive(Copy, Clone, Debug)]
pub struct Before<'a> {
    /// The row.
    pub row: &'a Row,
    /// Whether its concept was pinned until now.
    pub was_pinned: bool,
    /// Whether it is from now on.
    pub is_pinned: bool,
}

/// What all rows of one delivery share.
#[derive(Debug)]
pub struct Delivery<'a> {
    decays: &'a Decays<'a>,
    gain: u32,
    cap: usize,
    now: u32,
    df: &'a [u32],
    ids: &'a [u128],
    // Of concepts that are not pinned, and of those that are.
    readings: [Readings<'a>; 2],
    fresh: Vec<Fresh>,
    kept: Vec<Candidate>,
    row: Vec<Synapse>,
}

// A synapse to be made: its rank among new ones (see `rank`), its count, its target and its weight.
type Fresh = (u64, u32, u32, u32);

#[derive(Debug)]
struct Candidate {
    synapse: Synapse,
    weight: f64,
    // The synapse before this tick, if there was one and it has changed.
    before: Option<Synapse>,
    is_new: bool,
}

impl<'a> Delivery<'a> {
    /// Returns a delivery at tick `now` under the laws that its rows have had, with the gain of one reinforcement. `df` (at the tick's cut) and
    /// `ids` are indexed by target.
    pub fn new(decays: &'a Decays<'a>, config: &ColonyConfig, now: u32, df: &'a [u32], ids: &'a [u128]) -> Self {
        Delivery {
            decays,
            gain: to_fixed(config.reinforcement_gain),
            cap: config.max_edge_degree as usize,
            now,
            df,
            ids,
            readings: [false, true].map(|is_pinned| Readings::new(decays.law(is_pinned), now)),
            fresh: Vec::new(),
            kept: Vec::new(),
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
    ) -> Row {
        let now = self.now;
        let &Before { row, was_pinned, is_pinned } = before;
        let law = self.decays.law(is_pinned);
        let (was, is) = (usize::from(was_pinned), usize::from(is_pinned));
        self.kept.clear();
        self.fresh.clear();
        for old in row.iter() {
            let mut weight = self.readings[was].weight(&old);
            if !self.decays.law(was_pinned).stands(&old, weight, now) {
                continue;
            }
            if was != is {
                weight = self.readings[is].weight(&old);
                if !law.stands(&old, weight, now) {
                    census.note(self.readings[was].end(&old), -1);
                    continue;
                }
            }
            let (base, weight) = match without(&old, unwired) {
                Some(base) if base == old => (base, weight),
                Some(base) if law.is_alive(&base, now) => (base, law.weight(&base, now)),
                _ => {
                    census.note(self.readings[was].end(&old), -1);
                    continue;
                }
            };
            let (documents, uses) = (activations.take(old.target), times(used, old.target));
            if documents == 0 && uses == 0 {
                let before = (base != old || was != is).then_some(old);
                self.kept.push(Candidate { synapse: base, weight, before, is_new: false });
                continue;
            }
            let synapse = Synapse {
                weight: reinforced(strengthened(to_fixed(weight), documents), uses, self.gain),
                last: now,
                co_activations: base.co_activations.saturating_add(documents),
                ..base
            };
            if law.is_alive(&synapse, now) {
                let weight = from_fixed(synapse.weight);
                self.kept.push(Candidate { synapse, weight, before: Some(old), is_new: false });
            } else {
                census.note(self.readings[was].end(&old), -1);
            }
        }
        for place in 0..activations.touched.len() {
            let target = activations.touched[place];
            let documents = activations.take(target);
            if documents > 0 {
                let weight = reinforced(strengthened(0, documents), times(used, target), self.gain);
                self.fresh.push((rank(weight, self.df[target as usize]), documents, target, weight));
            }
        }
        activations.touched.clear();
        // Only the best `cap` new synapses can stay. The order among them is the general one, as all are of this tick.
        if self.fresh.len() > self.cap {
            let ids = self.ids;
            self.fresh.select_nth_unstable_by(self.cap - 1, |a, b| {
                a.0.cmp(&b.0).then(b.1.cmp(&a.1)).then_with(|| ids[a.2 as usize].cmp(&ids[b.2 as usize]))
            });
            self.fresh.truncate(self.cap);
        }
        for &(_, documents, target, weight) in &self.fresh {
            let synapse = Synapse { weight, ..Synapse::new(target, documents, now) };
            if law.is_alive(&synapse, now) {
                let weight = from_fixed(synapse.weight);
                self.kept.push(Candidate { synapse, weight, before: None, is_new: true });
            }
        }
        if self.kept.len() > self.cap {
            let (df, ids) = (self.df, self.ids);
            self.kept.select_nth_unstable_by(self.cap - 1, |a, b| {
                let (x, y) = (&a.synapse, &b.synapse);
                let at = |s: &Synapse| s.target as usize;
                (b.weight.total_cmp(&a.weight))
                    .then_with(|| df[at(x)].cmp(&df[at(y)]))
                    .then_with(|| y.co_activations.cmp(&x.co_activations))
                    .then_with(|| y.last.cmp(&x.last))
                    .then_with(|| ids[at(x)].cmp(&ids[at(y)]))
            });
            for dropped in self.kept.drain(self.cap..) {
                if !dropped.is_new {
                    let old = dropped.before.unwrap_or(dropped.synapse);
                    census.note(self.readings[was].end(&old), -1);
                }
            }
        }
        for candidate in &self.kept {
            if let Some(old) = &candidate.before {
                census.note(self.readings[was].end(old), -1);
                census.note(self.readings[is].end(&candidate.synapse), 1);
            } else if candidate.is_new {
                made(&candidate.synapse);
                census.note(self.readings[is].end(&candidate.synapse), 1);
            }
        }
        self.row.clear();
        self.row.extend(self.kept.iter().map(|candidate| candidate.synapse));
        Row::new(&self.row)
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

// Smaller is stronger: higher weight first, then the rarer target.
fn rank(weight: u32, df: u32) -> u64 {
    u64::from(ONE - weight) << 32 | u64::from(df)
}

// The current weights and ends of synapses. Many synapses of a tick have the same history, and a weight or an end costs
// an exponential or a logarithm: a small direct-mapped table caches them.
#[derive(Debug)]
struct Readings<'a> {
    decay: &'a Decay,
    now: u32,
    known: Vec<Reading>,
}

#[derive(Copy, Clone, Debug)]
struct Reading {
    history: [u32; 4],
    weight: f64,
    end: Option<Option<u32>>,
}

const READINGS: usize = 1 << 10;

impl<'a> Readings<'a> {
    fn new(decay: &'a Decay, now: u32) -> Self {
        Readings { decay, now, known: Vec::new() }
    }

    fn weight(&mut self, synapse: &Synapse) -> f64 {
        self.of(synapse).weight
    }

    fn end(&mut self, synapse: &Synapse) -> Option<u32> {
        let decay = self.decay;
        *self.of(synapse).end.get_or_insert_with(|| decay.gone_at(synapse))
    }

    fn of(&mut self, synapse: &Synapse) -> &mut Reading {
        let history = [synapse.weight, synapse.last, synapse.created, synapse.co_activations];
        if self.known.is_empty() {
            // No synapse weighs more than ONE, so no synapse has this history.
            let nobody = Reading { history: [u32::MAX; 4], weight: 0.0, end: None };
            self.known = vec![nobody; READINGS];
        }
        let mixed = history
            .iter()
            .fold(0u64, |hash, &part| (hash.rotate_left(23) ^ u64::from(part)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let reading = &mut self.known[(mixed >> 54) as usize];
        if reading.history != history {
            *reading = Reading { history, weight: self.decay.weight(synapse, self.now), end: None };
        }
        reading
    }
}
