//! Judges inputs against the documents that are present, and analyses them on the calling thread.

use super::Replica;
use crate::documents::{Analysed, Body, DOCUMENTS_MAX};
use crate::ids::DocumentId;
use crate::input::{Admission, Change, Forms, Input, Outcome, Prepared, Updated};
use crate::maps::Map;
use crate::reinforcement::{REINFORCED_MAX, Reinforcement};
use crate::text::Session;
use crate::{Error, Result};

impl Replica {
    /// Makes an input ready for [`Replica::apply`], which must follow before anything else changes the state. Adds new
    /// words to the dictionary and changes nothing else.
    ///
    /// # Errors
    /// [`Error::InvalidDocument`] for a document that no colony accepts; [`Error::DocumentExists`] if an id that should
    /// be new belongs to a document with other content; [`Error::Limit`] if there is no room.
    pub fn prepare(&self, input: Input, session: &mut Session) -> Result<Prepared> {
        match input {
            Input::Ingest(bodies) => self.prepare_ingest(bodies, session),
            Input::Update(body) => self.prepare_update(body, session),
            Input::Delete(id) => {
                let leaves = self.forms(id, session);
                let outcome = Outcome::Deleted(leaves.is_some());
                Ok(Prepared { change: Change::Replace { id, leaves, comes: None }, outcome })
            }
            Input::Now(now) => {
                let is_later = self.commons.now() < Some(now);
                let change = if is_later { Change::Now(now) } else { Change::Nothing };
                Ok(Prepared { change, outcome: Outcome::Told(is_later) })
            }
            Input::Tick { tick, .. } => {
                let accepted = "ingest, update, delete, reinforce or now".into();
                Err(Error::Config { field: "input".into(), value: format!("tick {tick}"), accepted })
            }
            Input::Reinforce { id, path, times } => {
                if self.document(id).is_none() {
                    return Ok(Prepared::nothing(Outcome::Reinforced(false)));
                }
                self.check_reinforcement(id, &path, 0)?;
                Ok(Prepared { change: Change::Reinforce { id, path, times }, outcome: Outcome::Reinforced(true) })
            }
        }
    }

    fn prepare_ingest(&self, bodies: Vec<Body>, session: &mut Session) -> Result<Prepared> {
        // The new documents by identity, to find equal ones within a batch.
        let mut new: Vec<Analysed> = Vec::new();
        let mut places: Map<u128, usize> = Map::default();
        let mut unchanged = 0;
        for (index, body) in bodies.into_iter().enumerate() {
            body.check(index)?;
            let id = body.id();
            let here = |id: DocumentId| places.get(&id.0).map(|place| &new[*place].body);
            match Admission::of(id, &body, |id| here(id).or_else(|| self.body(id))) {
                Admission::Unchanged => unchanged += 1,
                Admission::Taken => return Err(body.taken(index)),
                Admission::New => {
                    places.insert(id.0, new.len());
                    new.push(Analysed::new(id, body, index, session)?);
                }
            }
        }
        let accepted = new.len() as u64;
        self.check_room(accepted)?;
        Ok(Prepared { change: Change::Insert(new), outcome: Outcome::Ingested { accepted, unchanged } })
    }

    fn prepare_update(&self, body: Body, session: &mut Session) -> Result<Prepared> {
        body.check_named(0)?;
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
        let comes = Box::new(Analysed::new(id, body, 0, session)?);
        if is_renewal {
            return Ok(Prepared { change: Change::Renew(comes), outcome: Outcome::Updated(updated) });
        }
        let leaves = self.forms(id, session);
        Ok(Prepared { change: Change::Replace { id, leaves, comes: Some(comes) }, outcome: Outcome::Updated(updated) })
    }

    fn forms(&self, id: DocumentId, session: &mut Session) -> Option<Forms> {
        let body = &self.document(id)?.body;
        Some(session.analyse(&body.title, &body.text).forms)
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
}
