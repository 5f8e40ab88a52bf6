//! One committed colony: the commons and its shards.

use crate::commons::Commons;
use crate::config::ColonyConfig;
use crate::documents::{AnalysedDocument, Content, DOCUMENTS_MAX, Document};
use crate::graph::{Decay, Synapse};
use crate::ids::{DocumentId, Tick};
use crate::metadata::Filter;
use crate::plan::Plan;
use crate::query::{
    Allowed, Answer, Buffers, Found, Inquiry, RankedConcept, Ranking, Scratch, View, concepts, lexical,
};
use crate::reinforcement::{REINFORCED_MAX, Reinforcement};
use crate::ring::Ring;
use crate::shard::{Delta, Retired, Shard};
use crate::text::{QueryWord, Session};
use crate::{Error, Result};
use std::sync::Arc;

/// Whether a document is new to the colony.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Admission {
    /// Its id is free.
    New,
    /// The same id stands with the same content; taking it changes nothing.
    Unchanged,
    /// The same id stands with other content.
    Taken,
}

/// What a commit did, for reports.
#[derive(Debug)]
pub struct Committed {
    /// Documents digested by the tick.
    pub digested: u64,
    /// Documents that held nothing to digest.
    pub failed: u64,
    /// What the tick replaced; drop it where no lock is held.
    pub retired: Vec<Retired>,
}

/// The committed state of a colony. Cheap to clone: both parts are shared until one side changes.
#[derive(Clone, Debug)]
pub struct State {
    commons: Arc<Commons>,
    shards: Vec<Arc<Shard>>,
    exchanged: u64,
}

impl State {
    /// An empty colony over the shards of a ring.
    ///
    /// # Errors
    /// [`Error::Config`] for a config outside of what is accepted.
    pub fn new(config: ColonyConfig, ring: Ring) -> Result<State> {
        config.validate()?;
        let commons = Commons::new(Arc::new(config), Arc::new(ring));
        let shards = commons.ring.shards().iter().enumerate();
        let shards = shards.map(|(seat, &id)| Arc::new(Shard::new(id, seat))).collect();
        Ok(State { commons: Arc::new(commons), shards, exchanged: 0 })
    }

    /// What every shard reads.
    pub fn commons(&self) -> &Arc<Commons> {
        &self.commons
    }

    /// The shards, by seat.
    pub fn shards(&self) -> &[Arc<Shard>] {
        &self.shards
    }

    /// The tick the colony is at.
    pub fn tick(&self) -> Tick {
        self.commons.tick
    }

    /// Bytes that crossed between two shards so far, as packed on the wire.
    pub fn exchanged(&self) -> u64 {
        self.exchanged
    }

    /// Whether a document could be taken.
    pub fn admission(&self, id: DocumentId, content: Content<'_>) -> Admission {
        match self.document(id) {
            None => Admission::New,
            Some(known) if known.content() == content => Admission::Unchanged,
            Some(_) => Admission::Taken,
        }
    }

    /// The document of this identity.
    pub fn document(&self, id: DocumentId) -> Option<&Document> {
        self.shards[self.seat_of(id)].documents().get(id)
    }

    /// The document that was found.
    pub fn found(&self, found: &Found) -> &Document {
        &self.shards[found.seat].documents().all()[found.place as usize]
    }

    fn seat_of(&self, id: DocumentId) -> usize {
        self.commons.seat(self.commons.ring.shard_of(id.0))
    }

    /// Refuse more documents than can be placed.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub fn check_room(&self, more: u64) -> Result<()> {
        let value = self.commons.documents + more;
        if value > DOCUMENTS_MAX {
            return Err(Error::Limit { what: "the number of documents".into(), limit: DOCUMENTS_MAX, value });
        }
        Ok(())
    }

    /// Take documents that [`State::admission`] found new, each id once. They are found by search from now on.
    pub fn apply(&mut self, documents: Vec<AnalysedDocument>) {
        self.apply_with(documents, |work| work.into_iter().map(Placement::place).collect());
    }

    /// [`State::apply`], with the placing of documents at their homes left to `run`, which may do it in parallel:
    /// it must run [`Placement::place`] on each and keep their order.
    pub fn apply_with(&mut self, documents: Vec<AnalysedDocument>, run: impl FnOnce(Vec<Placement>) -> Vec<Placed>) {
        if documents.is_empty() {
            return;
        }
        let commons = Arc::make_mut(&mut self.commons);
        commons.learn();
        let arrival = commons.tick as u32 + 1;
        let mut routed: Vec<Vec<AnalysedDocument>> = self.shards.iter().map(|_| Vec::new()).collect();
        for document in documents {
            commons.count(&document);
            let seat = commons.seat(commons.ring.shard_of(document.id.0));
            routed[seat].push(document);
        }
        let mut work = Vec::new();
        for (seat, documents) in routed.into_iter().enumerate().filter(|(_, documents)| !documents.is_empty()) {
            let shard = std::mem::replace(&mut self.shards[seat], Arc::new(Shard::new(crate::ids::ShardId(0), seat)));
            work.push(Placement { seat, shard, documents, arrival });
        }
        for placed in run(work) {
            let shard = placed.shard.id();
            for (key, place, bytes) in placed.waiting {
                commons.backlog.insert(key, crate::commons::Waiting { shard, place, bytes });
            }
            self.shards[placed.seat] = placed.shard;
        }
    }

    /// Let a document go; `forms` are its word forms with their counts, as the analyser finds them in it. From now
    /// on it is no evidence; what it wired is unwired by the next tick. Returns `false` when there is none.
    pub fn remove(&mut self, id: DocumentId, forms: &[(u32, u32)]) -> bool {
        let seat = self.seat_of(id);
        // Unique unless a worker that hangs still reads the shard: then the colony goes on with a copy.
        let shard = Arc::make_mut(&mut self.shards[seat]);
        let Some((document, moved)) = shard.remove(id) else { return false };
        let commons = Arc::make_mut(&mut self.commons);
        commons.reinforcing -= shard.forget_reinforcements(id);
        let length = document.terms.iter().map(|&(_, count)| u64::from(count)).sum();
        commons.uncount(&document, length, forms);
        // Nothing granted: a delete before digestion wins.
        if document.digested.is_none() {
            commons.backlog.remove(&(document.arrival, id.0));
        } else if document.terms.is_empty() {
            commons.failed -= 1;
        } else {
            commons.digested -= 1;
            commons.unwiring += 1;
        }
        if let Some(place) = moved {
            let other = &shard.documents().all()[place as usize];
            if let Some(waiting) = commons.backlog.get_mut(&(other.arrival, other.id.0)) {
                waiting.place = place;
            }
        }
        true
    }

    /// Let a reinforcement, given so many times, of a document wait for the next tick; `false` when there is no such
    /// document. It leaves with the document. [`State::check_reinforcement`] says whether there is room.
    pub fn reinforce(&mut self, id: DocumentId, reinforcement: Reinforcement, times: u64) -> bool {
        if self.document(id).is_none() {
            return false;
        }
        let seat = self.seat_of(id);
        // Unique unless a worker that hangs still reads the shard: then the colony goes on with a copy.
        let more = Arc::make_mut(&mut self.shards[seat]).reinforce(id, reinforcement, times);
        Arc::make_mut(&mut self.commons).reinforcing += more;
        true
    }

    /// Refuse a reinforcement for which there is no room beside those that wait, here (unless it waits already) and
    /// elsewhere.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub fn check_reinforcement(&self, id: DocumentId, reinforcement: &Reinforcement, elsewhere: u64) -> Result<()> {
        let waiting = self.shards[self.seat_of(id)].reinforcing().get(&id.0);
        if waiting.is_some_and(|waiting| waiting.contains_key(reinforcement)) {
            return Ok(());
        }
        let value = self.commons.reinforcing + elsewhere + reinforcement.size();
        if value > REINFORCED_MAX {
            let what = "what reinforcements may wait for the next tick with, in concepts and pairs,".into();
            return Err(Error::Limit { what, limit: REINFORCED_MAX, value });
        }
        Ok(())
    }

    /// What the next tick will do.
    ///
    /// # Errors
    /// [`Error::Limit`] when ticks can be counted no further.
    pub fn plan(&self) -> Result<Plan> {
        Plan::of(&self.commons)
    }

    /// Swap a whole tick in: every shard's delta, by seat. Cannot fail half-way.
    pub fn commit(&mut self, plan: &Plan, deltas: Vec<Delta>) -> Committed {
        debug_assert_eq!(deltas.len(), self.shards.len());
        let commons = Arc::make_mut(&mut self.commons);
        let lysed = deltas.iter().flat_map(|delta| &delta.lysed);
        let failed = lysed.filter(|(_, concepts)| concepts.is_empty()).count() as u64;
        let digested = plan.granted.len() as u64 - failed;
        let mut committed = Committed { digested, failed, retired: Vec::with_capacity(deltas.len()) };
        for key in &plan.granted {
            commons.backlog.remove(key);
        }
        commons.digested += digested;
        commons.failed += failed;
        commons.digesters.clone_from(&plan.digesters);
        for delta in &deltas {
            let ended = delta.digesters.iter().filter(|(_, after)| after.is_none());
            for (id, _) in ended {
                commons.digesters.retain(|living| living != id);
            }
            self.exchanged += delta.exchanged;
        }
        (commons.unwiring, commons.reinforcing) = (0, 0);
        commons.tick = plan.tick;
        let decay = Decay::new(&commons.config);
        for (shard, delta) in self.shards.iter_mut().zip(deltas) {
            // Unique unless a worker that hangs still reads the shard: then the colony goes on with a copy.
            let shard = Arc::make_mut(shard);
            committed.retired.push(shard.advance(delta));
            shard.sweep(&decay);
        }
        committed
    }

    /// Whether nothing waits to be digested, unwired or reinforced and no digester lives.
    pub fn is_quiet(&self) -> bool {
        let commons = &self.commons;
        let waits = commons.unwiring > 0 || commons.reinforcing > 0;
        commons.backlog.is_empty() && commons.digesters.is_empty() && !waits
    }

    /// The `k` best documents for a question by BM25 among those that match, best first.
    pub fn search(&self, words: &[QueryWord], k: usize, filter: &Filter, scratch: &mut Scratch) -> Vec<Found> {
        let allowed = Allowed::new(&self.shards, filter);
        let terms = lexical::weighted(&self.commons, words);
        lexical::search(&self.shards, &self.commons, &terms, k, allowed.as_ref(), scratch)
    }

    /// The `k` best documents for a question by words, concepts and titles among those that match, best first, and
    /// what they rest on. The head of a longer answer is the shorter one. A filter changes no score.
    pub fn answer(
        &self,
        question: &str,
        k: usize,
        ranking: &Ranking,
        filter: &Filter,
        session: &mut Session,
        buffers: &mut Buffers,
    ) -> Answer {
        crate::query::answer::answer(self.view(), question, k, ranking, filter, session, buffers)
    }

    /// What a question means to this state: it scores and explains any document.
    pub fn inquire(&self, question: &str, ranking: &Ranking, session: &mut Session, buffers: &mut Buffers) -> Inquiry {
        Inquiry::new(self.view(), question, ranking, session, buffers)
    }

    /// The state as questions read it.
    pub fn view(&self) -> View<'_> {
        View { shards: &self.shards, commons: &self.commons }
    }

    /// The `k` concepts nearest to a question, best first.
    pub fn concepts(&self, words: &[QueryWord], k: usize) -> Vec<RankedConcept> {
        let terms: Vec<u32> = words.iter().filter_map(|word| word.term).filter(|term| self.knows(*term)).collect();
        concepts::search(&self.shards, &self.commons, &terms, k)
    }

    /// Whether a term of the dictionary has been learned by the colony. The dictionary may be ahead.
    pub fn knows(&self, term: u32) -> bool {
        (term as usize) < self.commons.terms()
    }

    /// The concept of a word or label: its term index, where it is wired.
    pub fn concept(&self, word: &QueryWord) -> Option<u32> {
        let term = word.term.filter(|term| self.knows(*term))?;
        self.home(term).is_concept(term, &self.commons).then_some(term)
    }

    /// The shard at which a term's node lives.
    pub fn home(&self, term: u32) -> &Arc<Shard> {
        &self.shards[self.commons.seat(self.commons.home(term).shard)]
    }

    /// Number of concepts.
    pub fn node_count(&self) -> u64 {
        self.shards.iter().map(|shard| shard.node_count()).sum()
    }

    /// Number of living synapses.
    pub fn edge_count(&self) -> u64 {
        self.shards.iter().map(|shard| shard.edge_count()).sum()
    }

    /// The term indices of all concepts, in the order of their ids.
    pub fn nodes(&self) -> Vec<u32> {
        let mut nodes: Vec<u32> = self.shards.iter().flat_map(|shard| shard.concepts()).collect();
        nodes.sort_unstable_by_key(|term| self.commons.id(*term));
        nodes
    }

    /// The living synapses of a concept, in the order of their targets' ids.
    pub fn row(&self, term: u32) -> Vec<Synapse> {
        let mut row: Vec<Synapse> = self.home(term).row(term, &self.commons).collect();
        row.sort_unstable_by_key(|synapse| self.commons.id(synapse.target));
        row
    }

    /// A synapse's weight now.
    pub fn weight(&self, synapse: &Synapse) -> f64 {
        Decay::new(&self.commons.config).weight(synapse, self.commons.tick as u32)
    }

    /// SHA-256 over the canonical dump, 64 hexadecimal digits.
    pub fn digest(&self) -> String {
        crate::dump::digest(self)
    }

    /// SHA-256 over the part of the dump that documents alone decide: texts, postings, N, lengths, df, word forms.
    /// Equal to that of a colony that never saw the documents deleted from this one.
    pub fn evidence_digest(&self) -> String {
        crate::dump::evidence(self)
    }

    /// Refuse ids that are not of this colony's ring.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`].
    pub fn check_shard(&self, shard: crate::ids::ShardId) -> Result<usize> {
        if self.commons.ring.contains(shard) {
            return Ok(self.commons.seat(shard));
        }
        Err(Error::ShardNotFound { shard, registered: self.commons.ring.names() })
    }
}

/// Documents on their way into one shard.
#[derive(Debug)]
pub struct Placement {
    seat: usize,
    shard: Arc<Shard>,
    documents: Vec<AnalysedDocument>,
    arrival: u32,
}

/// A shard with its new documents.
#[derive(Debug)]
pub struct Placed {
    seat: usize,
    shard: Arc<Shard>,
    waiting: Vec<((u32, u128), u32, u64)>,
}

impl Placement {
    /// Put the documents in their places.
    pub fn place(mut self) -> Placed {
        // Unique unless a worker that hangs still reads the shard: then the colony goes on with a copy.
        let shard = Arc::make_mut(&mut self.shard);
        let mut waiting = Vec::with_capacity(self.documents.len());
        for document in self.documents {
            let (key, bytes) = ((self.arrival, document.id.0), document.bytes());
            waiting.push((key, shard.insert(document, self.arrival), bytes));
        }
        Placed { seat: self.seat, shard: self.shard, waiting }
    }
}
