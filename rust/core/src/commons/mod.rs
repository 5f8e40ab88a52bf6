//! What every shard reads and none owns: the replicated, committed copy of the global numbers.
//!
//! It changes only between ticks, when inputs are applied and when a tick is committed, and only by sums of integers,
//! so that neither the order of inputs nor the number of shards has an effect. Its six parts change for different
//! reasons: statistics, vocabulary, backlog, lifetimes, threads and roster.

mod backlog;
mod lifetimes;
mod queue;
mod renumbering;
mod roster;
mod statistics;
mod tally;
mod threads;
mod vocabulary;

pub(crate) use backlog::Backlog;
pub use backlog::{Departed, Digestion};
pub(crate) use lifetimes::Lifetimes;
pub(crate) use queue::{GrantKey, Waiting};
pub(crate) use renumbering::Renumbering;
pub(crate) use roster::Roster;
pub(crate) use statistics::Statistics;
pub use tally::Tally;
pub use threads::Threads;
pub(crate) use vocabulary::Vocabulary;
pub use vocabulary::{Home, Near};

use crate::config::ColonyConfig;
use crate::documents::{Analysed, Document, ThreadPlace};
use crate::field::Emissions;
use crate::graph::Decays;
use crate::ids::{AgentId, DocumentId, ShardId, TICK_MAX, Tick};
use crate::life::{Acted, Deed, Life};
use crate::ring::Ring;
use crate::text::Lexicon;
use crate::{Error, Result};
use ecow::EcoString;
use std::cmp::Reverse;
use std::sync::Arc;

// Up to so many, work on one or two documents is little (see `Commons::has_little_to_do`).
const WIRED_FEW: u32 = 64;
const DIGESTERS_FEW: usize = 16;

/// The committed global view.
#[derive(Clone, Debug)]
pub struct Commons {
    config: Arc<ColonyConfig>,
    ring: Arc<Ring>,
    // The seat of each shard, by shard id.
    seats: Vec<usize>,
    tick: Tick,
    statistics: Statistics,
    vocabulary: Vocabulary,
    backlog: Backlog,
    lifetimes: Lifetimes,
    // Shared with the copies that ticks read.
    threads: Arc<Threads>,
    roster: Roster,
    // Shared with the copies that ticks read.
    life: Arc<Life>,
    // Ticks that wired, unwired or strengthened something since this was made or read. Not kept, and no part of a digest.
    wirings: u64,
}

impl Commons {
    pub(crate) fn new(config: Arc<ColonyConfig>, ring: Arc<Ring>) -> Self {
        let mut seats = vec![0; ring.shards().last().map_or(0, |last| last.index() + 1)];
        for (seat, shard) in ring.shards().iter().enumerate() {
            seats[shard.index()] = seat;
        }
        let vocabulary = Vocabulary::new(ring.shard_count());
        let (statistics, backlog, lifetimes, threads, roster) = Default::default();
        let life = Arc::new(Life::new(&config));
        Commons {
            config,
            ring,
            seats,
            tick: 0,
            statistics,
            vocabulary,
            backlog,
            lifetimes,
            threads,
            roster,
            life,
            wirings: 0,
        }
    }

    /// Returns the config.
    pub fn config(&self) -> &Arc<ColonyConfig> {
        &self.config
    }

    /// Returns the ring.
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// Returns the seat of a shard: its index in the ring's list, in which drivers keep their shards.
    pub fn seat(&self, shard: ShardId) -> usize {
        self.seats[shard.index()]
    }

    /// Returns how many seats there are.
    pub fn seat_count(&self) -> usize {
        self.ring.shard_count()
    }

    /// Returns the current tick.
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// Returns the tick after this one.
    ///
    /// # Errors
    /// [`Error::Limit`] after the last tick that can be counted.
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

    /// Returns the number of documents, N.
    pub fn documents(&self) -> u64 {
        self.statistics.documents()
    }

    /// Returns the mean number of indexed words of a document; 0 if there are no documents.
    pub fn mean_length(&self) -> f64 {
        let documents = self.documents();
        if documents == 0 { 0.0 } else { self.statistics.length() as f64 / documents as f64 }
    }

    /// Returns the number of documents that have a term.
    pub fn df(&self, term: u32) -> u32 {
        self.statistics.df(term)
    }

    /// Returns ln(1 + (N - df + 0.5) / (df + 0.5)), as in BM25 (Robertson and Zaragoza 2009, floored at 0 by the 1).
    pub fn idf(&self, term: u32) -> f64 {
        idf(self.documents(), self.df(term))
    }

    // Vocabulary.

    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Returns how many word forms and terms the colony knows; others in its dictionary are there by themselves.
    pub(crate) fn words(&self) -> (u32, u32) {
        (self.vocabulary.form_counts().len() as u32, self.terms() as u32)
    }

    /// Returns the dictionary of this process.
    pub fn lexicon(&self) -> &Arc<Lexicon> {
        self.vocabulary.lexicon()
    }

    /// Returns the number of terms that the colony has learned.
    pub fn terms(&self) -> usize {
        self.vocabulary.ids().len()
    }

    /// Returns the 128-bit id of a term's node.
    pub fn id(&self, term: u32) -> u128 {
        self.vocabulary.ids()[term as usize]
    }

    /// Returns a term's home.
    pub fn home(&self, term: u32) -> Home {
        self.vocabulary.homes()[term as usize]
    }

    /// Returns the label of a term's concept: its most frequent word form; of those the shortest, then the first in the
    /// alphabet.
    pub fn label(&self, term: u32) -> EcoString {
        self.vocabulary.label(term)
    }

    /// Returns the terms near a word, up to `most`, of those whose seats are `own`, at which their forms are counted: the
    /// nearest that there are, up to `edits` edits away; of equals those that most documents have, then in the order of
    /// their forms.
    pub fn near(&self, word: &str, edits: u32, most: usize, own: impl Fn(usize) -> bool) -> Vec<Near> {
        let mut near = self.vocabulary.near(word, edits);
        near.retain(|near| own(self.seat(self.home(near.term).shard)));
        best_near(self, near, most)
    }

    /// Returns the terms with a form that begins in some way, up to `most`, of those whose seats are `own`: those that most
    /// documents have first, then in the order of their forms. Of the forms of a term it is the most frequent.
    pub fn beginning(&self, begun: &str, most: usize, own: impl Fn(usize) -> bool) -> Vec<Near> {
        let mut begins = self.vocabulary.beginning(begun);
        begins.retain(|near| own(self.seat(self.home(near.term).shard)));
        best_near(self, begins, most)
    }

    // Backlog, lifetimes, threads and roster.

    pub(crate) fn backlog(&self) -> &Backlog {
        &self.backlog
    }

    pub(crate) fn backlog_mut(&mut self) -> &mut Backlog {
        &mut self.backlog
    }

    pub(crate) fn lifetimes(&self) -> &Lifetimes {
        &self.lifetimes
    }

    pub(crate) fn lifetimes_mut(&mut self) -> &mut Lifetimes {
        &mut self.lifetimes
    }

    /// Returns which documents stand in threads.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// Takes over where a new document stands.
    pub(crate) fn stand(&mut self, id: DocumentId, at: Option<&ThreadPlace>) {
        if let Some(at) = at {
            Arc::make_mut(&mut self.threads).insert(id, at);
        }
    }

    /// Returns the latest time that the colony was told, in microseconds since 1970 in UTC.
    pub fn now(&self) -> Option<i64> {
        self.lifetimes.now()
    }

    /// Returns the living digesters, in order.
    pub fn digesters(&self) -> &[AgentId] {
        self.roster.digesters()
    }

    pub(crate) fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Returns what the colony has beside its documents.
    pub fn life(&self) -> &Arc<Life> {
        &self.life
    }

    /// Returns the terms of pinned concepts, sorted. A stem that the colony does not know has none.
    pub(crate) fn pinned<'a>(&self, stems: impl Iterator<Item = &'a str>) -> Vec<u32> {
        let known = |term: &u32| (*term as usize) < self.terms();
        let mut pinned: Vec<u32> = stems.filter_map(|stem| self.lexicon().term(stem).filter(known)).collect();
        pinned.sort_unstable();
        pinned
    }

    /// Returns the uses that agents leave to concepts, by term index, sorted. A concept that the colony does not know has none.
    pub(crate) fn uses_of(&self, acted: &Acted) -> Vec<(u32, u64)> {
        let uses = acted.uses();
        if uses.is_empty() {
            return Vec::new();
        }
        let used = |(term, id): (u32, &u128)| uses.get(id).map(|times| (term, *times));
        (0..).zip(self.vocabulary.ids()).filter_map(used).collect()
    }

    /// Returns the laws by which synapses decay.
    pub fn decays(&self) -> Decays<'static> {
        Decays::new(&self.config, self.pinned(self.life.pins().held()))
    }

    /// Returns how many documents wait to be digested.
    pub fn pending(&self) -> u64 {
        self.backlog.waiting().len() as u64
    }

    /// Returns how much the waiting reinforcements use of [`crate::reinforcement::REINFORCED_MAX`].
    pub fn reinforcing(&self) -> u64 {
        self.backlog.reinforcing()
    }

    /// Returns a number that differs once a tick wired, unwired or strengthened something. Between such ticks synapses only
    /// end.
    pub fn wirings(&self) -> u64 {
        self.wirings
    }

    /// Returns how many deleted, digested documents the next tick unwires.
    pub fn unwiring(&self) -> u64 {
        self.backlog.unwiring()
    }

    /// Returns how many documents were digested.
    pub fn digested(&self) -> u64 {
        self.backlog.digested()
    }

    /// Returns whether nothing waits to be digested, unwired, reinforced or pinned, no digester is about to end, and the lifetime of
    /// no document is over.
    pub(crate) fn is_quiet(&self) -> bool {
        let is_over = self.lifetimes.ending(self.tick).next().is_some();
        let has_digesters = !self.roster.digesters().is_empty() && self.config.digester_patience > 0;
        self.backlog.is_quiet(self.config.digestion) && !has_digesters && !is_over && !self.life.pins().waits()
    }

    /// Returns whether what waits for a tick is next to nothing.
    pub(crate) fn has_little_to_do(&self) -> bool {
        let (config, digesters) = (&self.config, self.roster.digesters().len());
        let wires_few = config.concepts_per_document.max(config.max_edge_degree) <= WIRED_FEW;
        wires_few && self.backlog.is_little() && digesters <= DIGESTERS_FEW && !self.life.pins().waits()
    }

    // Changes.

    /// Learns the words that the dictionary gained.
    pub(crate) fn learn(&mut self) {
        self.learn_up_to((u32::MAX, u32::MAX));
    }

    /// Does what [`Commons::learn`] does, up to so many forms and terms.
    pub(crate) fn learn_up_to(&mut self, known: (u32, u32)) {
        let seats = &self.seats;
        self.vocabulary.learn(known, &self.ring, |shard| seats[shard.index()]);
        self.statistics.grow(self.terms());
    }

    /// Counts a document, whose words must be learned.
    pub(crate) fn count(&mut self, document: &Analysed) {
        let analysis = &document.analysis;
        self.statistics.count(analysis.terms().iter().map(|term| term.0), analysis.length.into());
        self.vocabulary.count(analysis.forms());
        self.lifetimes.insert(document.id, document.body.expires);
        self.stand(document.id, document.body.thread.as_ref());
        document.body.vector.iter().for_each(|vector| self.meet(vector.dimension()));
    }

    /// Takes over that a document with a vector comes: the first one fixes how many numbers all have.
    pub(crate) fn meet(&mut self, dimension: u32) {
        if self.life.space().dimension().is_none() {
            Arc::make_mut(&mut self.life).meet(dimension);
        }
    }

    /// Takes over what the nodes of a colony counted together, whose words must be learned.
    pub(crate) fn tally(&mut self, tally: &Tally) {
        self.statistics.tally(tally);
        self.vocabulary.tally(tally);
    }

    /// Takes a document out of the counts. `forms` are its word forms with their counts.
    pub(crate) fn uncount(&mut self, document: &Document, forms: &[(u32, u32)]) {
        self.statistics.uncount(&document.terms, document.sequence.len() as u64);
        self.vocabulary.uncount(forms);
    }

    /// Takes over that a document is deleted, but for its counts.
    pub(crate) fn leave(&mut self, id: DocumentId, was: &Departed) {
        self.lifetimes.remove(id, was.expires);
        if !self.threads.is_empty() {
            Arc::make_mut(&mut self.threads).remove(id);
        }
        self.backlog.leave(id, was);
    }

    /// Moves on to a tick: that at which the colony was stored, or one that other nodes commit too.
    pub(crate) fn restore_tick(&mut self, tick: Tick) {
        self.tick = tick;
    }

    /// Sets what was counted of all documents, whose words must be learned; their word forms and lifetimes are restored
    /// apart.
    pub(crate) fn restore_statistics(&mut self, statistics: Statistics) {
        self.statistics = statistics;
    }

    /// Sets the count of each word form, all of which must be learned.
    pub(crate) fn restore_forms(&mut self, counts: &[u64]) {
        self.vocabulary.restore(counts);
    }

    /// Sets what the colony has beside its documents.
    pub(crate) fn restore_life(&mut self, life: Life) {
        self.life = Arc::new(life);
    }

    /// Changes what the colony has beside its documents.
    pub(crate) fn live(&mut self, deed: Deed) {
        Arc::make_mut(&mut self.life).apply(self.tick, deed);
    }

    /// Sets the living agents, in order.
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

    /// Takes over a tick: `granted` documents, of which `failed` had nothing to digest, taken by `digesters`, of whom
    /// `ended` ended.
    pub(crate) fn commit(
        &mut self,
        tick: Tick,
        granted: &[GrantKey],
        failed: u64,
        (digesters, ended): (&[AgentId], &[AgentId]),
    ) {
        let is_pinned = self.life.pins().waits();
        if is_pinned {
            Arc::make_mut(&mut self.life).hold();
        }
        let changes = !granted.is_empty() || self.backlog.unwiring() > 0 || self.backlog.reinforcing() > 0 || is_pinned;
        self.wirings += u64::from(changes);
        self.backlog.commit(granted, failed);
        self.roster.commit(digesters, ended);
        self.tick = tick;
    }

    /// Takes over what agents of users' own chose for the tick that was committed, and the traces of digesters.
    pub(crate) fn lived(&mut self, acted: Option<&Acted>, traces: &Emissions) {
        if acted.is_some() || !traces.is_empty() {
            Arc::make_mut(&mut self.life).take(self.tick, acted, traces);
        }
    }
}

/// Returns the best of the terms near a word, up to `most`, as [`Commons::near`] orders them.
pub fn best_near(commons: &Commons, mut all: Vec<Near>, most: usize) -> Vec<Near> {
    let least = all.iter().map(|near| near.edits).min();
    all.retain(|near| Some(near.edits) == least);
    let df = |near: &Near| Reverse(commons.df(near.term));
    all.sort_unstable_by(|one, other| (df(one), &one.form).cmp(&(df(other), &other.form)));
    all.truncate(most);
    all
}

/// Returns ln(1 + (N - df + 0.5) / (df + 0.5)).
pub fn idf(documents: u64, df: u32) -> f64 {
    let df = f64::from(df);
    libm::log(1.0 + (documents as f64 - df + 0.5) / (df + 0.5))
}
