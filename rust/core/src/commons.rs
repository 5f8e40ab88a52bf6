//! What every shard reads and none owns: the replicated, committed copy of the global numbers.
//!
//! It changes between ticks only, when inputs are applied and when a tick is committed, and by integers only, so that
//! neither the order of inputs nor the number of shards shows.

use crate::config::ColonyConfig;
use crate::documents::{AnalysedDocument, Document};
use crate::ids::{AgentId, ShardId, TICK_MAX, Tick};
use crate::ring::Ring;
use crate::text::{Lexicon, Role};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a term's node lives.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Home {
    /// The shard.
    pub shard: ShardId,
    /// Its place among that shard's nodes.
    pub slot: u32,
}

#[derive(Copy, Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) shard: ShardId,
    pub(crate) place: u32,
    pub(crate) bytes: u64,
}

/// The committed global view.
#[derive(Clone, Debug)]
pub struct Commons {
    pub(crate) config: Arc<ColonyConfig>,
    pub(crate) ring: Arc<Ring>,
    pub(crate) lexicon: Arc<Lexicon>,
    pub(crate) tick: Tick,
    pub(crate) documents: u64,
    pub(crate) length: u64,
    pub(crate) digested: u64,
    pub(crate) failed: u64,
    // Digested documents deleted since the last tick.
    pub(crate) unwiring: u64,
    // The size of the reinforcements since the last tick.
    pub(crate) reinforcing: u64,
    // By term index.
    pub(crate) df: Vec<u32>,
    pub(crate) ids: Vec<u128>,
    pub(crate) homes: Vec<Home>,
    roles: Vec<Role>,
    first_form: Vec<u32>,
    // By form index.
    form_counts: Vec<u64>,
    next_form: Vec<u32>,
    // By shard id: its place in the ring's list.
    seats: Vec<usize>,
    // By seat: how many slots its nodes have.
    pub(crate) slots: Vec<u32>,
    // In the order in which documents are granted: the cut of arrival, then the document's id.
    pub(crate) backlog: BTreeMap<(u32, u128), Waiting>,
    // Living digesters, in order.
    pub(crate) digesters: Vec<AgentId>,
}

const NO_FORM: u32 = u32::MAX;

impl Commons {
    pub(crate) fn new(config: Arc<ColonyConfig>, ring: Arc<Ring>) -> Self {
        let slots = vec![0; ring.shard_count()];
        let mut seats = vec![0; ring.shards().last().map_or(0, |last| last.index() + 1)];
        for (seat, shard) in ring.shards().iter().enumerate() {
            seats[shard.index()] = seat;
        }
        Commons {
            config,
            ring,
            lexicon: Arc::new(Lexicon::new()),
            tick: 0,
            documents: 0,
            length: 0,
            digested: 0,
            failed: 0,
            unwiring: 0,
            reinforcing: 0,
            df: Vec::new(),
            ids: Vec::new(),
            homes: Vec::new(),
            roles: Vec::new(),
            first_form: Vec::new(),
            form_counts: Vec::new(),
            next_form: Vec::new(),
            seats,
            slots,
            backlog: BTreeMap::new(),
            digesters: Vec::new(),
        }
    }

    /// The tick the colony is at.
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// Number of documents, N.
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// Documents that wait to be digested.
    pub fn pending(&self) -> u64 {
        self.backlog.len() as u64
    }

    /// What the reinforcements that wait for the next tick count for against
    /// [`crate::reinforcement::REINFORCED_MAX`].
    pub fn reinforcing(&self) -> u64 {
        self.reinforcing
    }

    /// Documents that were digested.
    pub fn digested(&self) -> u64 {
        self.digested
    }

    /// The mean number of indexed words of a document; 0 where there is none.
    pub fn mean_length(&self) -> f64 {
        if self.documents == 0 { 0.0 } else { self.length as f64 / self.documents as f64 }
    }

    /// Number of documents that have a term.
    pub fn df(&self, term: u32) -> u32 {
        self.df.get(term as usize).copied().unwrap_or(0)
    }

    /// ln(1 + (N - df + 0.5) / (df + 0.5)), as in BM25 (Robertson and Zaragoza 2009, floored at 0 by the 1).
    pub fn idf(&self, term: u32) -> f64 {
        idf(self.documents, self.df(term))
    }

    /// What a term may do.
    pub fn role(&self, term: u32) -> Role {
        self.roles[term as usize]
    }

    /// The config.
    pub fn config(&self) -> &Arc<ColonyConfig> {
        &self.config
    }

    /// The ring.
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// The dictionary of this process.
    pub fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }

    /// A term's home.
    pub fn home(&self, term: u32) -> Home {
        self.homes[term as usize]
    }

    /// The 128-bit id of a term's node.
    pub fn id(&self, term: u32) -> u128 {
        self.ids[term as usize]
    }

    /// Number of terms that are known here.
    pub fn terms(&self) -> usize {
        self.ids.len()
    }

    /// The label of a term's concept: its most frequent word form; of those the shortest, then the first in
    /// the alphabet.
    pub fn label(&self, term: u32) -> Arc<str> {
        let mut best: Option<(u64, Arc<str>)> = None;
        let mut form = self.first_form.get(term as usize).copied().unwrap_or(NO_FORM);
        while form != NO_FORM {
            let count = self.form_counts[form as usize];
            if count > 0 && best.as_ref().is_none_or(|(most, _)| count >= *most) {
                let word = self.lexicon.form(form);
                let better = best.as_ref().is_none_or(|(most, current)| {
                    let length = |word: &str| word.chars().count();
                    (std::cmp::Reverse(count), length(&word), &*word)
                        < (std::cmp::Reverse(*most), length(current), &**current)
                });
                if better {
                    best = Some((count, word));
                }
            }
            form = self.next_form[form as usize];
        }
        best.map_or_else(|| self.lexicon.stem(term), |(_, word)| word)
    }

    /// The word forms of a term with their counts, in alphabetical order; for the canonical dump.
    pub(crate) fn forms(&self, term: u32) -> Vec<(Arc<str>, u64)> {
        let mut forms = Vec::new();
        let mut form = self.first_form[term as usize];
        while form != NO_FORM {
            let count = self.form_counts[form as usize];
            if count > 0 {
                forms.push((self.lexicon.form(form), count));
            }
            form = self.next_form[form as usize];
        }
        forms.sort();
        forms
    }

    /// Learn the terms that the dictionary gained, then count a document's.
    pub(crate) fn count(&mut self, document: &AnalysedDocument) {
        self.documents += 1;
        self.length += u64::from(document.analysis.length);
        for &(term, _) in &document.analysis.terms {
            self.df[term as usize] += 1;
        }
        for &(form, count) in &document.analysis.forms {
            self.form_counts[form as usize] += u64::from(count);
        }
    }

    /// Count a document no more; `forms` are its word forms with their counts.
    pub(crate) fn uncount(&mut self, document: &Document, length: u64, forms: &[(u32, u32)]) {
        self.documents -= 1;
        self.length -= length;
        for &(term, _) in &document.terms {
            self.df[term as usize] -= 1;
        }
        for &(form, count) in forms {
            self.form_counts[form as usize] -= u64::from(count);
        }
    }

    /// Learn the words the dictionary gained since the last time.
    pub(crate) fn learn(&mut self) {
        // Forms first: a form that is visible has a term that is visible, so the terms read after cover them.
        let forms = self.lexicon.new_forms(self.form_counts.len() as u32);
        for (id, role) in self.lexicon.new_terms(self.ids.len() as u32) {
            let shard = self.ring.shard_of(id.0);
            let slots = &mut self.slots[self.seats[shard.index()]];
            self.homes.push(Home { shard, slot: *slots });
            *slots += 1;
            self.ids.push(id.0);
            self.roles.push(role);
            self.df.push(0);
            self.first_form.push(NO_FORM);
        }
        for term in forms {
            let first = &mut self.first_form[term as usize];
            self.next_form.push(std::mem::replace(first, self.form_counts.len() as u32));
            self.form_counts.push(0);
        }
    }

    /// The place of a shard in the ring's list, in which drivers keep their shards.
    pub fn seat(&self, shard: ShardId) -> usize {
        self.seats[shard.index()]
    }

    /// Refuse to go where ticks cannot be counted.
    pub(crate) fn next_tick(&self) -> Result<Tick> {
        if self.tick >= TICK_MAX {
            return Err(Error::Limit { what: "the number of ticks".into(), limit: TICK_MAX, value: self.tick + 1 });
        }
        Ok(self.tick + 1)
    }
}

/// ln(1 + (N - df + 0.5) / (df + 0.5)).
pub fn idf(documents: u64, df: u32) -> f64 {
    let df = f64::from(df);
    libm::log(1.0 + (documents as f64 - df + 0.5) / (df + 0.5))
}
