//! Applies accepted inputs to the state.

use super::Replica;
use crate::commons::{Departed, Digestion, GrantKey, Waiting};
use crate::documents::{Analysed, Document, Lifetime};
use crate::ids::{DocumentId, ShardId};
use crate::input::{Change, Forms, Outcome, Prepared};
use crate::reinforcement::Reinforcement;
use crate::shard::Shard;
use std::sync::Arc;

impl Replica {
    /// Applies an input that was prepared for the current state. Search finds new documents from now on; the next tick
    /// unwires deleted ones.
    ///
    /// # Panics
    /// If the input was prepared for another state. The state is then half-changed.
    pub fn apply(&mut self, prepared: Prepared) -> Outcome {
        self.apply_with(prepared, |work| work.into_iter().map(Placement::place).collect())
    }

    /// Does what [`Replica::apply`] does, but leaves the placing of documents at their home shards to `run`, which may
    /// do it in parallel. It must run [`Placement::place`] on each and keep their order.
    ///
    /// # Panics
    /// As [`Replica::apply`].
    pub fn apply_with(&mut self, prepared: Prepared, run: impl FnOnce(Vec<Placement>) -> Vec<Placed>) -> Outcome {
        match prepared.change {
            Change::Nothing => {}
            Change::Insert(documents) => self.insert(documents, run),
            Change::Replace { id, leaves, comes } => {
                if let Some(forms) = leaves {
                    self.remove(id, &forms);
                }
                self.insert(comes.map(|document| *document).into_iter().collect(), run);
            }
            Change::Renew(document) => self.renew(document.id, document.body.expires),
            Change::Reinforce { id, path, times } => self.reinforce(id, path, times),
            Change::Now(now) => Arc::make_mut(&mut self.commons).lifetimes_mut().tell(now),
        }
        prepared.outcome
    }

    fn insert(&mut self, documents: Vec<Analysed>, run: impl FnOnce(Vec<Placement>) -> Vec<Placed>) {
        if documents.is_empty() {
            return;
        }
        let commons = Arc::make_mut(&mut self.commons);
        commons.learn();
        documents.iter().for_each(|document| commons.count(document));
        let waiting = self.place(documents, run);
        let commons = Arc::make_mut(&mut self.commons);
        for (key, waiting) in waiting {
            commons.backlog_mut().push(key, waiting);
        }
    }

    /// Puts documents into their home shards, which are here. Returns how they wait to be digested.
    pub(crate) fn place(
        &mut self,
        documents: Vec<Analysed>,
        run: impl FnOnce(Vec<Placement>) -> Vec<Placed>,
    ) -> Vec<(GrantKey, Waiting)> {
        let arrival = self.commons.tick() as u32 + 1;
        let mut routed: Vec<Vec<Analysed>> = self.shards.iter().map(|_| Vec::new()).collect();
        for document in documents {
            routed[self.seat_of(document.id)].push(document);
        }
        let mut work = Vec::new();
        for (seat, documents) in routed.into_iter().enumerate().filter(|(_, documents)| !documents.is_empty()) {
            let shard = std::mem::replace(&mut self.shards[seat], Arc::new(Shard::new(ShardId(0), seat)));
            work.push(Placement { seat, shard, documents, arrival });
        }
        let pieces = work.len();
        let placed = run(work);
        assert_eq!(placed.len(), pieces, "every shard that was lent comes back");
        let mut waiting = Vec::new();
        for placed in placed {
            let shard = placed.shard.id();
            waiting.extend(placed.waiting.into_iter().map(|(key, bytes)| (key, Waiting { shard, bytes })));
            self.shards[placed.seat] = placed.shard;
        }
        waiting
    }

    fn renew(&mut self, id: DocumentId, expires: Option<Lifetime>) {
        let before = self.renew_here(id, expires);
        let lifetimes = Arc::make_mut(&mut self.commons).lifetimes_mut();
        lifetimes.remove(id, before);
        lifetimes.insert(id, expires);
    }

    /// Gives a document of a shard that is here another lifetime. Returns the one that it had.
    pub(crate) fn renew_here(&mut self, id: DocumentId, expires: Option<Lifetime>) -> Option<Lifetime> {
        let seat = self.seat_of(id);
        // Not shared, unless a worker that hangs still reads the shard: then the colony continues with a copy.
        Arc::make_mut(&mut self.shards[seat]).renew(id, expires)
    }

    pub(super) fn remove(&mut self, id: DocumentId, forms: &Forms) {
        let (document, was) = self.remove_here(id);
        let commons = Arc::make_mut(&mut self.commons);
        commons.uncount(&document, forms);
        commons.leave(id, &was);
    }

    /// Takes a document out of a shard that is here. Returns it, and what it was to the colony.
    pub(crate) fn remove_here(&mut self, id: DocumentId) -> (Document, Departed) {
        let seat = self.seat_of(id);
        // Not shared, unless a worker that hangs still reads the shard: then the colony continues with a copy.
        let shard = Arc::make_mut(&mut self.shards[seat]);
        let document = shard.remove(id).unwrap_or_else(|| panic!("document {id} is to go and does not stand"));
        let was = Departed {
            digested: Digestion::of(document.arrival, document.digested, &document.concepts),
            reinforced: shard.forget_reinforcements(id),
            expires: document.body.expires,
        };
        (document, was)
    }

    fn reinforce(&mut self, id: DocumentId, path: Reinforcement, times: u64) {
        let more = self.reinforce_here(id, path, times);
        Arc::make_mut(&mut self.commons).backlog_mut().reinforce(more);
    }

    /// Queues a reinforcement of a document of a shard that is here. Returns how much the size of all that wait grows.
    pub(crate) fn reinforce_here(&mut self, id: DocumentId, path: Reinforcement, times: u64) -> u64 {
        assert!(self.document(id).is_some(), "document {id} is reinforced and does not stand");
        let seat = self.seat_of(id);
        // Not shared, unless a worker that hangs still reads the shard: then the colony continues with a copy.
        Arc::make_mut(&mut self.shards[seat]).reinforce(id, path, times)
    }
}

/// Documents on their way into one shard.
#[derive(Debug)]
pub struct Placement {
    seat: usize,
    shard: Arc<Shard>,
    documents: Vec<Analysed>,
    arrival: u32,
}

/// A shard with its new documents.
#[derive(Debug)]
pub struct Placed {
    seat: usize,
    shard: Arc<Shard>,
    waiting: Vec<(GrantKey, u64)>,
}

impl Placement {
    /// Puts the documents into the shard.
    pub fn place(mut self) -> Placed {
        // Not shared, unless a worker that hangs still reads the shard: then the colony continues with a copy.
        let shard = Arc::make_mut(&mut self.shard);
        let mut waiting = Vec::with_capacity(self.documents.len());
        for document in self.documents {
            waiting.push(((self.arrival, document.id.0), document.body.text_bytes()));
            shard.insert(document, self.arrival);
        }
        Placed { seat: self.seat, shard: self.shard, waiting }
    }
}
