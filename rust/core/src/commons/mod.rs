//! What every shard reads and none owns: the replicated, committed copy of the global numbers.
//!
//! It changes between ticks only, when inputs are applied and when a tick is committed, and by integers only, so that
//! neither the order of inputs nor the number of shards shows. Four parts change for reasons of their own:
//! statistics, vocabulary, backlog and roster.

mod backlog;
mod renumbering;
mod roster;
mod statistics;
mod vocabulary;

pub(crate) use backlog::{Backlog, GrantKey, Waiting};
pub(crate) use renumbering::Renumbering;
pub(crate) use roster::Roster;
pub(crate) use statistics::Statistics;
pub use vocabulary::Home;
pub(crate) use vocabulary::Vocabulary;

use crate::config::ColonyConfig;
use crate::documents::{Analysed, Document};
use crate::ids::{AgentId, ShardId, TICK_MAX, Tick};
use crate::ring::Ring;
use crate::text::Lexicon;
use crate::{Error, Result};
use std::sync::Arc;

/// The committed global view.
#[derive(Clone, Debug)]
pub struct Commons {
    config: Arc<ColonyConfig>,
    ring: Arc<Ring>,
    // By shard id: its seat.
    seats: Vec<usize>,
    tick: Tick,
    statistics: Statistics,
    vocabulary: Vocabulary,
    backlog: Backlog,
    roster: Roster,
}

impl Commons {
    pub(crate) fn new(config: Arc<ColonyConfig>, ring: Arc<Ring>) -> Self {
        let mut seats = vec![0; ring.shards().last().map_or(0, |last| last.index() + 1)];
        for (seat, shard) in ring.shards().iter().enumerate() {
            seats[shard.index()] = seat;
        }
        let vocabulary = Vocabulary::new(ring.shard_count());
        let (statistics, backlog, roster) = Default::default();
        Commons { config, ring, seats, tick: 0, statistics, vocabulary, backlog, roster }
    }

    /// The config.
    pub fn config(&self) -> &Arc<ColonyConfig> {
        &self.config
    }

    /// The ring.
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// The seat of a shard: its index in the ring's list, in which drivers keep their shards.
    pub fn seat(&self, shard: ShardId) -> usize {
        self.seats[shard.index()]
    }

    /// How many seats there are.
    pub fn seat_count(&self) -> usize {
        self.ring.shard_count()
    }

    /// The tick the colony is at.
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// The tick after this one.
    ///
    /// # Errors
    /// [`Error::Limit`] where ticks cannot be counted any further.
    pub(crate) fn next_tick(&self) -> Result<Tick> {
        if self.tick >= TICK_MAX {
            return Err(Error::Limit { what: "the number of ticks".into(), limit: TICK_MAX, value: self.tick + 1 });
        }
        Ok(self.tick + 1)
    }

    // Statistics.

    pub(crate) fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Number of documents, N.
    pub fn documents(&self) -> u64 {
        self.statistics.documents()
    }

    /// The mean number of words that stand in a document, function words aside; 0 where there is none.
    pub fn mean_length(&self) -> f64 {
        let documents = self.documents();
        if documents == 0 { 0.0 } else { self.statistics.length() as f64 / documents as f64 }
    }

    /// Number of documents that have a term.
    pub fn df(&self, term: u32) -> u32 {
        self.statistics.df(term)
    }

    /// ln(1 + (N - df + 0.5) / (df + 0.5)), as in BM25 (Robertson and Zaragoza 2009, floored at 0 by the 1).
    pub fn idf(&self, term: u32) -> f64 {
        idf(self.documents(), self.df(term))
    }

    // Vocabulary.

    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The dictionary of this process.
    pub fn lexicon(&self) -> &Arc<Lexicon> {
        self.vocabulary.lexicon()
    }

    /// Number of terms that are known here.
    pub fn terms(&self) -> usize {
        self.vocabulary.ids().len()
    }

    /// The 128-bit id of a term's node.
    pub fn id(&self, term: u32) -> u128 {
        self.vocabulary.ids()[term as usize]
    }

    /// A term's home.
    pub fn home(&self, term: u32) -> Home {
        self.vocabulary.homes()[term as usize]
    }

    /// The label of a term's concept: its most frequent word form; of those the shortest, then the first in
    /// the alphabet.
    pub fn label(&self, term: u32) -> Arc<str> {
        self.vocabulary.label(term)
    }

    // Backlog and roster.

    pub(crate) fn backlog(&self) -> &Backlog {
        &self.backlog
    }

    pub(crate) fn backlog_mut(&mut self) -> &mut Backlog {
        &mut self.backlog
    }

    pub(crate) fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Documents that wait to be digested.
    pub fn pending(&self) -> u64 {
        self.backlog.waiting().len() as u64
    }

    /// What the reinforcements that wait for the next tick count for against
    /// [`crate::reinforcement::REINFORCED_MAX`].
    pub fn reinforcing(&self) -> u64 {
        self.backlog.reinforcing()
    }

    /// Digested documents that are gone and that the next tick unwires.
    pub fn unwiring(&self) -> u64 {
        self.backlog.unwiring()
    }

    /// Documents that were digested.
    pub fn digested(&self) -> u64 {
        self.backlog.digested()
    }

    /// Whether nothing waits to be digested, unwired or reinforced and no digester lives.
    pub(crate) fn is_quiet(&self) -> bool {
        self.backlog.is_empty() && self.roster.digesters().is_empty()
    }

    // Changes.

    /// Learns the words that the dictionary gained.
    pub(crate) fn learn(&mut self) {
        let seats = &self.seats;
        self.vocabulary.learn(&self.ring, |shard| seats[shard.index()]);
        self.statistics.grow(self.terms());
    }

    /// Counts a document, whose words are learned.
    pub(crate) fn count(&mut self, document: &Analysed) {
        let analysis = &document.analysis;
        self.statistics.count(&analysis.terms, analysis.length.into());
        self.vocabulary.count(&analysis.forms);
    }

    /// Counts a document no more; `forms` are its word forms with their counts.
    pub(crate) fn uncount(&mut self, document: &Document, forms: &[(u32, u32)]) {
        self.statistics.uncount(&document.terms, document.sequence.len() as u64);
        self.vocabulary.uncount(forms);
    }

    /// The colony stood at this tick when it was stored.
    pub(crate) fn restore_tick(&mut self, tick: Tick) {
        self.tick = tick;
    }

    /// How often each word form stood, all of which are learned.
    pub(crate) fn restore_forms(&mut self, counts: &[u64]) {
        self.vocabulary.restore(counts);
    }

    /// The agents that lived, in order.
    pub(crate) fn restore_roster(&mut self, living: Vec<AgentId>) {
        self.roster = Roster::restore(living);
    }

    /// Forgets the words that no document has.
    pub(crate) fn forget_words(&mut self) -> Renumbering {
        let seats = &self.seats;
        let numbers = self.vocabulary.forget(self.statistics.all_df(), |shard| seats[shard.index()]);
        self.statistics.renumber(&numbers);
        numbers
    }

    /// Takes over what a tick did: `granted` documents, of which so many `failed`, by `digesters`, of whom some
    /// `ended`.
    pub(crate) fn commit(
        &mut self,
        tick: Tick,
        granted: &[GrantKey],
        failed: u64,
        digesters: &[AgentId],
        ended: &[AgentId],
    ) {
        self.backlog.commit(granted, failed);
        self.roster.commit(digesters, ended);
        self.tick = tick;
    }
}

/// ln(1 + (N - df + 0.5) / (df + 0.5)).
pub fn idf(documents: u64, df: u32) -> f64 {
    let df = f64::from(df);
    libm::log(1.0 + (documents as f64 - df + 0.5) / (df + 0.5))
}
