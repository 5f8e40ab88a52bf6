//! The committed state of a colony on one node: the commons and the shards of its seats. A colony in one process is the
//! replica that has all seats.
//!
//! It changes in two ways: `apply` takes accepted inputs, `commit` a whole tick. Everything else only reads.

mod inputs;
mod outgoing;
mod part;
mod reclaim;
mod tick;

pub use inputs::{Placed, Placement, Raw};
pub use outgoing::Outgoing;
pub use reclaim::WORDS_GONE_MIN;
pub use tick::{Committed, Swap, Swapped};

use crate::commons::Commons;
use crate::config::ColonyConfig;
use crate::documents::{Body, Document, Known};
use crate::graph::Synapse;
use crate::ids::{DocumentId, ShardId, Tick};
use crate::input::Admission;
use crate::metadata::Filter;
use crate::query::{
    Allowed, Answer, Buffers, Found, Here, Homes, Inquiry, RankedConcept, Ranking, Scratch, View, bm25, near,
};
use crate::ring::Ring;
use crate::shard::Shard;
use crate::text::{QueryWord, Session};
use crate::{Error, Result};
use std::sync::Arc;

/// The committed state of a colony: the replica of all its seats. Cloning is cheap: both parts are shared until one
/// side changes.
#[derive(Clone, Debug)]
pub struct Replica {
    commons: Arc<Commons>,
    // By seat. Those of seats that are not its own are empty.
    shards: Vec<Arc<Shard>>,
    // Its own seats, in order.
    own: Arc<[usize]>,
    exchanged: u64,
}

impl Replica {
    /// Returns an empty colony over the shards of a ring.
    ///
    /// # Errors
    /// [`Error::Config`] for a config outside of what is accepted.
    pub fn new(config: ColonyConfig, ring: Ring) -> Result<Replica> {
        config.validate()?;
        let commons = Commons::new(Arc::new(config), Arc::new(ring));
        let shards = commons.ring().shards().iter().enumerate();
        let shards: Vec<_> = shards.map(|(seat, &id)| Arc::new(Shard::new(id, seat))).collect();
        let own = (0..shards.len()).collect();
        Ok(Replica { commons: Arc::new(commons), shards, own, exchanged: 0 })
    }

    /// Returns what every shard reads.
    pub fn commons(&self) -> &Arc<Commons> {
        &self.commons
    }

    /// Returns the shards, by seat.
    pub fn shards(&self) -> &[Arc<Shard>] {
        &self.shards
    }

    /// Returns the seats whose shards are here, in order.
    pub fn own(&self) -> &[usize] {
        &self.own
    }

    /// Returns the current tick.
    pub fn tick(&self) -> Tick {
        self.commons.tick()
    }

    /// Returns how many bytes were sent between shards so far, as packed on the wire.
    pub fn exchanged(&self) -> u64 {
        self.exchanged
    }

    /// Returns how a body relates to the documents that are present.
    pub fn admission(&self, id: DocumentId, body: &Body) -> Admission {
        Admission::of(id, body, |id| self.body(id))
    }

    /// Takes over that a document with a vector came: the first one fixes how many numbers all have.
    pub fn meet(&mut self, dimension: u32) {
        Arc::make_mut(&mut self.commons).meet(dimension);
    }

    /// Returns the document of this identity as its caller gave it.
    pub fn body(&self, id: DocumentId) -> Option<Known<'_>> {
        let documents = self.shards[self.seat_of(id)].documents();
        documents.place(id).map(|place| documents.known_at(place))
    }

    /// Returns the document of this identity.
    pub fn document(&self, id: DocumentId) -> Option<&Document> {
        self.shards[self.seat_of(id)].documents().get(id)
    }

    /// Returns the document of a search result.
    pub fn found(&self, found: &Found) -> &Document {
        self.shards[found.seat].documents().at(found.place)
    }

    /// Returns the home shard of a document.
    pub(crate) fn home_of(&self, id: DocumentId) -> &Shard {
        &self.shards[self.seat_of(id)]
    }

    fn seat_of(&self, id: DocumentId) -> usize {
        self.commons.seat(self.commons.ring().shard_of(id.0))
    }

    /// Returns whether nothing waits to be digested, unwired or reinforced, no digester is alive, and the lifetime of
    /// no document is over.
    pub fn is_quiet(&self) -> bool {
        self.commons.is_quiet()
    }

    /// Returns the `k` best documents for a question by BM25 among those that match, best first.
    pub fn search(&self, words: &[QueryWord], k: usize, filter: &Filter, scratch: &mut Scratch) -> Result<Vec<Found>> {
        let allowed = Allowed::new(&self.shards, filter);
        let terms = bm25::weighted(&self.commons, words);
        bm25::search(self.view(), &terms, k, allowed.as_ref(), scratch)
    }

    /// Returns the `k` best documents for a question by words, concepts and titles among those that match, best first,
    /// and their scores' parts. A shorter answer is the beginning of a longer one. A filter changes no score.
    pub fn answer(
        &self,
        question: &str,
        k: usize,
        ranking: &Ranking,
        filter: &Filter,
        session: &mut Session,
        buffers: &mut Buffers,
    ) -> Result<Answer> {
        crate::query::answer::answer(
            &mut Here::new(self.view(), buffers),
            question,
            k,
            ranking,
            &filter.into(),
            session,
        )
    }

    /// Prepares a question to this state: the result scores and explains any document.
    pub fn inquire(
        &self,
        question: &str,
        ranking: &Ranking,
        session: &mut Session,
        buffers: &mut Buffers,
    ) -> Result<Inquiry> {
        Inquiry::new(&mut Here::new(self.view(), buffers), question, &[], ranking, session)
    }

    /// Returns the state as questions read it.
    pub fn view(&self) -> View<'_> {
        View::new(&self.shards, &self.commons)
    }

    /// Returns the `k` concepts nearest to a question, best first.
    pub fn concepts(&self, words: &[QueryWord], k: usize) -> Result<Vec<RankedConcept>> {
        let terms: Vec<u32> = words.iter().filter_map(|word| word.term).filter(|term| self.knows(*term)).collect();
        let all = Here::new(self.view(), &mut Buffers::default()).near(&terms)?;
        Ok(near::rank(all, &self.commons, k))
    }

    /// Returns whether the colony has learned a term of the dictionary, which may hold more terms.
    pub fn knows(&self, term: u32) -> bool {
        (term as usize) < self.commons.terms()
    }

    /// Returns the term index of the concept of a word or label, if it is wired.
    pub fn concept(&self, word: &QueryWord) -> Option<u32> {
        let term = word.term.filter(|term| self.knows(*term))?;
        self.home(term).is_concept(term, &self.commons).then_some(term)
    }

    /// Returns the home shard of a term's node.
    pub fn home(&self, term: u32) -> &Arc<Shard> {
        &self.shards[self.commons.seat(self.commons.home(term).shard)]
    }

    /// Returns the number of concepts.
    pub fn node_count(&self) -> u64 {
        self.shards.iter().map(|shard| shard.node_count()).sum()
    }

    /// Returns the number of living synapses.
    pub fn edge_count(&self) -> u64 {
        self.shards.iter().map(|shard| shard.edge_count()).sum()
    }

    /// Returns the term indices of all concepts, in the order of their ids.
    pub fn nodes(&self) -> Vec<u32> {
        let mut nodes: Vec<u32> = self.shards.iter().flat_map(|shard| shard.concepts()).collect();
        nodes.sort_unstable_by_key(|term| self.commons.id(*term));
        nodes
    }

    /// Returns the living synapses of a concept, in the order of their targets' ids.
    pub fn row(&self, term: u32) -> Vec<Synapse> {
        let mut row: Vec<Synapse> = self.home(term).row(term, &self.commons).collect();
        row.sort_unstable_by_key(|synapse| self.commons.id(synapse.target));
        row
    }

    /// Returns the current weight of a concept's synapse.
    pub fn weight(&self, term: u32, synapse: &Synapse) -> f64 {
        self.commons.decays().of(term).weight(synapse, self.commons.tick() as u32)
    }

    /// Refuses ids that are not in this colony's ring.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`].
    pub fn check_shard(&self, shard: ShardId) -> Result<usize> {
        if self.commons.ring().contains(shard) {
            return Ok(self.commons.seat(shard));
        }
        Err(Error::ShardNotFound { shard, registered: self.commons.ring().names() })
    }
}
