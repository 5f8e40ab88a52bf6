//! Act: lyses granted documents at their home and addresses their concepts, and those of reinforcements, to the
//! concepts' homes. Reads the documents that leave by themselves once more.

use super::Shard;
use super::delta::Leaving;
use super::sense::Sensed;
use crate::Result;
use crate::cancel::Cancel;
use crate::commons::{Commons, idf};
use crate::documents::Document;
use crate::field::Emissions;
use crate::ids::{DocumentId, NodeId, ShardId};
use crate::message::{Batch, Lists, Share, Uses};
use crate::plan::Plan;
use crate::select::select;
use crate::text::Session;
use std::collections::BTreeMap;
use std::sync::Arc;

/// So many documents make a word known.
const KNOWN_DF: u32 = 3;

// Room is made for so many concepts before documents are read.
const ROOM_MAX: usize = 1 << 20;

/// What a shard staged in Act.
#[derive(Debug)]
pub(super) struct Acted {
    /// By seat: one batch for each shard, itself included, that is home to any concept in this shard's messages.
    pub(super) outbox: Vec<Batch>,
    /// The lysed documents, by place, with the chosen concepts.
    pub(super) lysed: Vec<(u32, Box<[u32]>)>,
    /// The documents whose lifetimes end with this tick.
    pub(super) leaving: Leaving,
    /// What its digesters leave on the concepts of the lysed documents.
    pub(super) traces: Emissions,
    /// How many concepts of the lysed documents were chosen because they are known.
    pub(super) transferred: u64,
}

impl Shard {
    /// Lyses the documents granted to this shard, unwires its deleted documents, and sends its documents'
    /// reinforcements.
    ///
    /// A document's concepts are its terms with the highest (1 + ln tf) * idf, with the statistics at the tick's cut;
    /// ties are ordered by term id. A word of [`KNOWN_DF`] documents or more counts `known_word_boost` times.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(super) fn act(&self, plan: &Plan, commons: &Commons, _sensed: &Sensed, cancel: &Cancel) -> Result<Acted> {
        cancel.poll()?;
        let grants = &plan.grants[self.seat];
        let mut salience = Salience::new(commons);
        let mut wired = Addressed::new(commons);
        // Most documents have as many concepts as they may.
        wired.lists.reserve(grants.len(), (grants.len() * salience.most).min(ROOM_MAX));
        let mut lysed = Vec::with_capacity(grants.len());
        let mut traces = Emissions::default();
        for some in grants.chunks(64) {
            cancel.poll()?;
            // Found together: they lie all over memory, and so are fetched from there at the same time.
            let place = |id: &DocumentId| self.documents.place(*id).expect("a granted document stands at its home");
            let places: Vec<u32> = some.iter().map(place).collect();
            for place in places {
                let concepts = salience.concepts(self.documents.at(place), cancel)?;
                wired.push(&concepts, plan.stamp());
                if commons.config().documents_first.traces() {
                    concepts.iter().for_each(|&term| traces.leave(NodeId(commons.id(term))));
                }
                lysed.push((place, concepts));
            }
        }
        let mut unwired = Addressed::new(commons);
        for (number, (digested, concepts)) in self.unwiring.iter().enumerate() {
            if number % 1024 == 0 {
                cancel.poll()?;
            }
            unwired.push(concepts, *digested);
        }
        let leaving = self.leaving(plan, commons, cancel)?;
        let transferred = salience.transferred;
        let shares = wired.finish().into_iter().zip(unwired.finish()).zip(self.uses(commons, cancel)?);
        let batch = |(((wired, unwired), uses), &to): (((Share, Share), Uses), &ShardId)| {
            let batch = Batch { tick: plan.tick, from: self.id, to, wired, unwired, uses };
            (!batch.is_empty()).then_some(batch)
        };
        Ok(Acted {
            outbox: shares.zip(commons.ring().shards()).filter_map(batch).collect(),
            lysed,
            leaving,
            traces,
            transferred,
        })
    }

    // Returns the documents of this shard whose lifetimes end with this tick, with their word forms, which are not
    // stored: the text is analysed again. All its words are in the dictionary.
    fn leaving(&self, plan: &Plan, commons: &Commons, cancel: &Cancel) -> Result<Leaving> {
        let ids = &plan.leaving[self.seat];
        if ids.is_empty() {
            return Ok(Leaving::new());
        }
        let mut session = Session::new(commons.lexicon().clone());
        let mut leaving = Leaving::with_capacity(ids.len());
        for &id in ids {
            cancel.poll()?;
            let body = &self.documents.get(id).expect("a document with a lifetime stands at its home").body;
            leaving.push((id, session.analyse(&body.title, &body.text).into_forms()));
        }
        Ok(leaving)
    }

    // Returns, by seat, how often the waiting reinforcements use concepts that live there. A synapse lives with its
    // source, so both ends of a pair are told.
    fn uses(&self, commons: &Commons, cancel: &Cancel) -> Result<Vec<Uses>> {
        let mut concepts: BTreeMap<u32, u64> = BTreeMap::new();
        let mut synapses: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        let all = self.reinforcing.values().flatten();
        for (number, (reinforcement, &times)) in all.enumerate() {
            if number % 256 == 0 {
                cancel.poll()?;
            }
            // The dictionary may hold words that the colony has not learned yet.
            let term = |stem: &str| commons.lexicon().term(stem).filter(|&term| (term as usize) < commons.terms());
            let terms: Vec<Option<u32>> = reinforcement.stems().iter().map(|stem| term(stem)).collect();
            for &term in terms.iter().flatten() {
                let known = concepts.entry(term).or_default();
                *known = known.saturating_add(times);
            }
            for &(one, other) in reinforcement.pairs() {
                if let (Some(one), Some(other)) = (terms[one as usize], terms[other as usize]) {
                    for ends in [(one, other), (other, one)] {
                        let known = synapses.entry(ends).or_default();
                        *known = known.saturating_add(times);
                    }
                }
            }
        }
        let mut by_seat = vec![Uses::default(); commons.seat_count()];
        let seat = |term: u32| commons.seat(commons.home(term).shard);
        for (term, times) in concepts {
            by_seat[seat(term)].concepts.push((term, times));
        }
        for (ends, times) in synapses {
            by_seat[seat(ends.0)].synapses.push((ends, times));
        }
        Ok(by_seat)
    }
}

// Lists on their way to every shard that is home to one of their concepts.
struct Addressed<'a> {
    commons: &'a Commons,
    lists: Lists,
    // By seat: the lists addressed to it, and their bytes on the wire.
    chosen: Vec<(Vec<u32>, u64)>,
    // By seat: the last list addressed to it.
    last: Vec<u32>,
}

impl<'a> Addressed<'a> {
    fn new(commons: &'a Commons) -> Self {
        let seats = commons.seat_count();
        Addressed {
            commons,
            lists: Lists::default(),
            chosen: vec![(Vec::new(), 0); seats],
            last: vec![u32::MAX; seats],
        }
    }

    fn push(&mut self, concepts: &[u32], tick: u32) {
        if concepts.is_empty() {
            return;
        }
        let list = self.lists.len() as u32;
        let bytes = Lists::packed_bytes(concepts);
        let seat = |term: &u32| self.commons.seat(self.commons.home(*term).shard);
        let mut without = self.chosen.len();
        for seat in concepts.iter().map(seat) {
            if std::mem::replace(&mut self.last[seat], list) != list {
                self.chosen[seat].0.push(list);
                self.chosen[seat].1 += bytes;
                without -= 1;
                // Of few shards, each is home to one of the first.
                if without == 0 {
                    break;
                }
            }
        }
        self.lists.push(concepts, tick);
    }

    // Returns the shares, by seat.
    fn finish(self) -> Vec<Share> {
        let lists = Arc::new(self.lists);
        let share = |(chosen, packed)| Share { lists: lists.clone(), chosen, packed };
        self.chosen.into_iter().map(share).collect()
    }
}

// Chooses the most salient terms of documents.
struct Salience<'a> {
    commons: &'a Commons,
    most: usize,
    // idf by df, and 1 + ln tf by tf, filled when first used: both have few different values.
    idf_by_df: Vec<f64>,
    weight_by_tf: Vec<f64>,
    ranked: Vec<(f64, u32)>,
    packed: Vec<u128>,
    // How many were chosen that would not have been if known words were as salient as others.
    transferred: u64,
}

const REMEMBERED: usize = 4096;

impl<'a> Salience<'a> {
    fn new(commons: &'a Commons) -> Self {
        let most = commons.config().concepts_per_document as usize;
        Salience {
            commons,
            most,
            idf_by_df: Vec::new(),
            weight_by_tf: Vec::new(),
            ranked: Vec::new(),
            packed: Vec::new(),
            transferred: 0,
        }
    }

    // Returns the concepts by term index, which is the order in which lists are sent.
    fn concepts(&mut self, document: &Document, cancel: &Cancel) -> Result<Box<[u32]>> {
        let terms = document.standing();
        if terms.len() <= self.most {
            return Ok(terms.into_iter().map(|term| term.0).collect());
        }
        self.ranked.clear();
        for chunk in terms.chunks(1 << 14) {
            cancel.poll()?;
            for &(term, count) in chunk {
                let df = self.commons.df(term);
                let idf = remembered(&mut self.idf_by_df, df, |df| {
                    let boost = if df < KNOWN_DF { 1.0 } else { self.commons.config().known_word_boost };
                    boost * idf(self.commons.documents(), df)
                });
                let weight = remembered(&mut self.weight_by_tf, count, |count| 1.0 + libm::log(f64::from(count)));
                self.ranked.push((weight * idf, term));
            }
        }
        let best = self.best();
        if self.commons.config().known_word_boost != 1.0 {
            self.count_transferred(&best);
        }
        Ok(best)
    }
}

impl Salience<'_> {
    // Returns the best of what is ranked, by term index.
    fn best(&mut self) -> Box<[u32]> {
        self.packed.clear();
        // No salience is negative, and of those that are not a larger one has larger bits.
        let packed = |&(salience, term): &(f64, u32)| u128::from(!salience.to_bits()) << 32 | u128::from(term);
        self.packed.extend(self.ranked.iter().map(packed));
        let id = |packed: u128| self.commons.id(packed as u32);
        select(&mut self.packed, self.most, 32, |a, b| id(a).cmp(&id(b)));
        let mut best: Box<[u32]> = self.packed[..self.most].iter().map(|&packed| packed as u32).collect();
        best.sort_unstable();
        best
    }

    fn count_transferred(&mut self, best: &[u32]) {
        let boost = self.commons.config().known_word_boost;
        for (salience, term) in &mut self.ranked {
            if self.commons.df(*term) >= KNOWN_DF {
                *salience /= boost;
            }
        }
        let plain = self.best().iter().filter(|term| best.binary_search(term).is_ok()).count();
        self.transferred += (best.len() - plain) as u64;
    }
}

fn remembered(known: &mut Vec<f64>, key: u32, compute: impl Fn(u32) -> f64) -> f64 {
    let place = key as usize;
    if place >= REMEMBERED {
        return compute(key);
    }
    if known.is_empty() {
        known.resize(REMEMBERED, f64::NAN);
    }
    if known[place].is_nan() {
        known[place] = compute(key);
    }
    known[place]
}
