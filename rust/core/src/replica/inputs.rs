//! Judges inputs against the documents that are present, and applies what is accepted.

use super::{Outgoing, Replica};
use crate::commons::{Departed, Digestion, GrantKey, Waiting};
use crate::documents::{Analysed, Body, DOCUMENTS_MAX, Document, Known, Lifetime};
use crate::ids::{DocumentId, ShardId};
use crate::input::{Admission, Change, Forms, Input, Outcome, Prepared, Updated};
use crate::maps::Map;
use crate::reinforcement::{REINFORCED_MAX, Reinforcement};
use crate::shard::Shard;
use crate::text::{Analysis, Session};
use crate::{Error, Result};
use std::sync::Arc;

impl Replica {
    /// Makes an input ready for [`Replica::apply`], which must follow before anything else changes the state. Adds new
    /// words to the dictionary and changes nothing else.
    ///
    /// # Errors
    /// [`Error::InvalidDocument`] for a document that no colony accepts; [`Error::DocumentExists`] if an id that should
    /// be new belongs to a document with other content; [`Error::Limit`] if there is no room; [`Error::Wire`] if a
    /// document is to leave that was read from columns and does not fit the counts that were.
    pub fn prepare(&self, input: Input, session: &mut Session) -> Result<Prepared> {
        match input {
            Input::Ingest(bodies) => {
                self.prepare_ingest(bodies, |new| new.into_iter().map(|raw| raw.analyse(session)).collect())
            }
            Input::Update(body) => self.prepare_update(body, session),
            Input::Delete(id) => {
                let leaves = self.forms(id, session)?;
                let outcome = Outcome::Deleted(leaves.is_some());
                Ok(Prepared { change: Change::Replace { id, leaves, comes: None }, outcome })
            }
            Input::Now(now) => {
                let is_later = self.commons.now() < Some(now);
                let change = if is_later { Change::Now(now) } else { Change::Nothing };
                Ok(Prepared { change, outcome: Outcome::Told(is_later) })
            }
            Input::Life(deed) => {
                self.commons.life().check(&deed, [])?;
                Ok(Prepared { change: Change::Life(deed), outcome: Outcome::Done })
            }
            Input::Tick { tick, .. } | Input::Lived { tick, .. } => Err(Input::refused(format!("tick {tick}"))),
            Input::Reinforce { id, path, times } => {
                if self.document(id).is_none() {
                    return Ok(Prepared::nothing(Outcome::Reinforced(false)));
                }
                self.check_reinforcement(id, &path, 0)?;
                Ok(Prepared { change: Change::Reinforce { id, path, times }, outcome: Outcome::Reinforced(true) })
            }
        }
    }

    /// Makes an ingest ready, and leaves the analysis of new documents to `analyse`.
    pub(crate) fn prepare_ingest(
        &self,
        bodies: Vec<Body>,
        analyse: impl FnOnce(Vec<Raw>) -> Vec<Result<Analysed>>,
    ) -> Result<Prepared> {
        // The new documents by identity, to find equal ones within a batch.
        let mut new: Vec<Raw> = Vec::new();
        let mut places: Map<u128, usize> = Map::default();
        let mut unchanged = 0;
        let mut space = self.commons.life().space().clone();
        for (index, body) in bodies.into_iter().enumerate() {
            body.check(index)?;
            space.admit(&body, index)?;
            let id = body.id();
            let here = |id: DocumentId| places.get(&id.0).map(|place| Known::from(&*new[*place].body));
            match Admission::of(id, &body, |id| here(id).or_else(|| self.body(id))) {
                Admission::Unchanged => unchanged += 1,
                Admission::Taken => return Err(body.taken(index)),
                Admission::New => {
                    space.meet(&body);
                    places.insert(id.0, new.len());
                    new.push(Raw { id, body: Box::new(body), index });
                }
            }
        }
        let accepted = new.len() as u64;
        let new = analyse(new).into_iter().collect::<Result<Vec<_>>>()?;
        self.check_room(accepted)?;
        Ok(Prepared { change: Change::Insert(new), outcome: Outcome::Ingested { accepted, unchanged } })
    }

    fn prepare_update(&self, body: Body, session: &mut Session) -> Result<Prepared> {
        body.check_named(0)?;
        self.commons.life().space().admit(&body, 0)?;
        let id = body.id();
        let standing = self.body(id);
        let updated = match self.admission(id, &body) {
            Admission::Unchanged => return Ok(Prepared::nothing(Outcome::Updated(Updated::Unchanged))),
            Admission::New => {
                self.check_room(1)?;
                Updated::New
            }
            Admission::Taken if standing.is_none() => return Err(body.named_as_another(0)),
            Admission::Taken => Updated::Changed,
        };
        let is_renewal = standing.is_some_and(|standing| standing.differs_in_lifetime_at_most(&body));
        let comes = Analysed::new(id, Box::new(body), 0, session)?;
        if is_renewal {
            return Ok(Prepared { change: Change::Renew(comes), outcome: Outcome::Updated(updated) });
        }
        let leaves = self.forms(id, session)?;
        Ok(Prepared { change: Change::Replace { id, leaves, comes: Some(comes) }, outcome: Outcome::Updated(updated) })
    }

    fn forms(&self, id: DocumentId, session: &mut Session) -> Result<Option<Forms>> {
        let Some(body) = self.body(id) else { return Ok(None) };
        let forms = session.analyse(&body.title, &body.text).into_forms();
        Outgoing::default().check(self, id, &forms)?;
        Ok(Some(forms))
    }

    /// Refuses more documents than there is room for.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub fn check_room(&self, more: u64) -> Result<()> {
        let value = self.commons.documents() + more;
        if value > DOCUMENTS_MAX {
            return Err(Error::Limit { what: "the number of documents".into(), limit: DOCUMENTS_MAX, value });
        }
        Ok(())
    }

    /// Refuses a reinforcement if there is no room for it beside those that wait here (unless it waits already) and
    /// elsewhere.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub fn check_reinforcement(&self, id: DocumentId, path: &Reinforcement, elsewhere: u64) -> Result<()> {
        let waiting = self.shards[self.seat_of(id)].reinforcing().get(&id.0);
        if waiting.is_some_and(|waiting| waiting.contains_key(path)) {
            return Ok(());
        }
        let value = self.commons.reinforcing() + elsewhere + path.size();
        if value > REINFORCED_MAX {
            let what = "what reinforcements may wait for the next tick with, in concepts and pairs,".into();
            return Err(Error::Limit { what, limit: REINFORCED_MAX, value });
        }
        Ok(())
    }

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
                self.insert(comes.into_iter().collect(), run);
            }
            Change::Renew(document) => self.renew(document.id, document.body.expires),
            Change::Reinforce { id, path, times } => self.reinforce(id, path, times),
            Change::Now(now) => Arc::make_mut(&mut self.commons).lifetimes_mut().tell(now),
            Change::Life(deed) => Arc::make_mut(&mut self.commons).live(deed),
        }
        prepared.outcome
    }

    fn insert(&mut self, documents: Vec<Analysed>, run: impl FnOnce(Vec<Placement>) -> Vec<Placed>) {
        if documents.is_empty() {
            return;
        }
        let commons = Arc::make_mut(&mut self.commons);
        commons.learn();
        let mut coming = documents.iter();
        while let Some(document) = coming.next() {
            Analysed::prefetch(coming.as_slice(), Analysis::words);
            commons.count(document);
        }
        let mut waiting = self.place(documents, run);
        waiting.sort_unstable_by_key(|(key, _)| *key);
        Arc::make_mut(&mut self.commons).backlog_mut().extend(waiting);
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
            work.push(Placement { seat, shard: self.lend(seat), documents, arrival });
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

    /// Takes a shard out, which must come back to its seat.
    pub(super) fn lend(&mut self, seat: usize) -> Arc<Shard> {
        std::mem::replace(&mut self.shards[seat], Arc::new(Shard::new(ShardId(0), seat)))
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

    /// Returns the inputs that rebuild from nothing what one seat holds, for a colony at tick 0, whose documents no
    /// tick has touched.
    pub fn inputs_of(&self, seat: usize) -> Vec<Input> {
        debug_assert_eq!(self.tick(), 0, "a tick leaves what no input tells");
        let shard = &self.shards[seat];
        let bodies: Vec<Body> = shard.documents().known().map(|known| known.whole()).collect();
        let reinforced = shard.reinforcing().iter().flat_map(|(id, waiting)| {
            let input = |(path, &times): (&Reinforcement, &u64)| Input::Reinforce {
                id: DocumentId(*id),
                path: path.clone(),
                times,
            };
            waiting.iter().map(input)
        });
        let ingested = (!bodies.is_empty()).then_some(Input::Ingest(bodies));
        let told = self.commons.now().map(Input::Now);
        ingested.into_iter().chain(reinforced).chain(told).collect()
    }
}

/// A new document before its analysis.
#[derive(Debug)]
pub struct Raw {
    id: DocumentId,
    body: Box<Body>,
    // Its index in the caller's sequence.
    index: usize,
}

impl Raw {
    /// Analyses its text.
    ///
    /// # Errors
    /// [`Error::InvalidDocument`] for too many words.
    pub fn analyse(self, session: &mut Session) -> Result<Analysed> {
        Analysed::new(self.id, self.body, self.index, session)
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
        shard.prefetch(&self.documents);
        let mut documents = self.documents.into_iter();
        while let Some(document) = documents.next() {
            shard.prefetch(documents.as_slice());
            waiting.push(((self.arrival, document.id.0), document.body.text_bytes()));
            shard.insert(document, self.arrival);
        }
        Placed { seat: self.seat, shard: self.shard, waiting }
    }
}
