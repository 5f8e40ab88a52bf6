//! Deletes and updates of documents.

use super::enter::{Accepted, Standing};
use crate::lock::lock;
use crate::world::World;
use phago_core::Result;
use phago_core::documents::{Analysed, Body};
use phago_core::ids::{DocumentId, ShardId};
use phago_core::input::{Admission, Change, Forms, Outcome, Prepared, Updated};
use phago_core::text::Lexicon;
use std::sync::Arc;

// What was read of a committed document while no lock was held.
struct Read {
    title: Box<str>,
    text: Box<str>,
    forms: Forms,
}

impl World {
    /// Deletes the document of this name. Returns `false` if there is none.
    ///
    /// Without a running tick, it is out of every search and every statistic when this returns; else when the tick
    /// ends, committed or not. The tick after that unwires it. A document that waits to be digested is removed before
    /// any tick grants it. The name is the caller's id, or the identity in hexadecimal of a document without one.
    /// Documents that wait for the running tick to end are found too.
    ///
    /// # Errors
    /// [`phago_core::Error::Limit`] if the queue of a running tick is full; [`phago_core::Error::Corruption`] if the
    /// colony was read from a checkpoint that no colony wrote. Then nothing changes.
    pub fn delete(&self, key: &str) -> Result<bool> {
        if let Some(remote) = &self.remote {
            return remote.delete(self, key);
        }
        Ok(self.replace(|standing| standing.named(key), None)? == Outcome::Deleted(true))
    }

    /// Does what [`World::delete`] does, for a document of one shard.
    ///
    /// # Errors
    /// [`phago_core::Error::RoutingFailed`] naming the home of a document of another shard, and those of
    /// [`World::delete`].
    pub fn delete_from(&self, shard: ShardId, key: &str) -> Result<bool> {
        self.check_home(shard, key)?;
        self.delete(key)
    }

    pub(super) fn delete_by_id(&self, id: DocumentId) -> Result<Outcome> {
        if let Some(remote) = &self.remote {
            return remote.delete_by_id(self, id).map(Outcome::Deleted);
        }
        self.replace(|_| Some(id), None)
    }

    /// Replaces the document with the same id in one step: no search sees neither or both. The new content is digested
    /// like that of any new document. If there is no such document, it is added. If only the lifetime differs, the
    /// document keeps what it wired and has the new lifetime.
    ///
    /// Takes effect when [`World::delete`] would.
    ///
    /// # Errors
    /// [`phago_core::Error::InvalidDocument`] for a body that `ingest` refuses too, and for one without an id;
    /// [`phago_core::Error::Limit`] if the colony or the queue of a running tick is full; [`phago_core::Error::Corruption`]
    /// as for [`World::delete`]. Then nothing changes.
    pub fn update(&self, document: Body) -> Result<Updated> {
        document.check_named(0)?;
        if let Some(remote) = &self.remote {
            return remote.update(self, document);
        }
        let id = document.id();
        {
            // A first check, so that an unchanged document is not analysed again.
            let inputs = lock(&self.inputs);
            let standing = Standing { state: &*self.state()?, pending: &inputs.pending };
            standing.admit(&document, 0)?;
            if standing.admission(id, &document) == Admission::Unchanged {
                return Ok(Updated::Unchanged);
            }
        }
        match self.replace(|_| Some(id), Some(document))? {
            Outcome::Updated(updated) => Ok(updated),
            other => unreachable!("an update that ends as {other:?}"),
        }
    }

    // Replaces the document whose id `find` returns by `new`, or deletes it if that is `None`.
    fn replace(&self, find: impl Fn(Standing<'_>) -> Option<DocumentId>, new: Option<Body>) -> Result<Outcome> {
        let done = self.replace_analysed(find, new);
        self.forget_words();
        done
    }

    fn replace_analysed(
        &self,
        find: impl Fn(Standing<'_>) -> Option<DocumentId>,
        new: Option<Body>,
    ) -> Result<Outcome> {
        let lexicon = self.lexicon()?;
        let new = new.map(|body| self.sessions.analyse(&lexicon, body.id(), Box::new(body))).transpose()?;
        let accepted = self.replace_now(find, new, lexicon)?;
        self.keep(accepted.sequence)?;
        Ok(accepted.outcome)
    }

    // Analysis takes time and must not delay commits or queries, so it runs without a lock: `new` was analysed with the
    // words of `lexicon`. If others change the document meanwhile, or the colony forgets words, it runs again.
    pub(super) fn replace_now(
        &self,
        find: impl Fn(Standing<'_>) -> Option<DocumentId>,
        mut new: Option<Analysed>,
        mut lexicon: Arc<Lexicon>,
    ) -> Result<Accepted> {
        let mut read: Option<Read> = None;
        loop {
            let inputs = lock(&self.inputs);
            let state = self.state()?;
            if !Arc::ptr_eq(&lexicon, state.commons().lexicon()) {
                lexicon = state.commons().lexicon().clone();
                drop((state, inputs));
                new = new.map(|new| self.sessions.analyse(&lexicon, new.id, new.body)).transpose()?;
                read = None;
                continue;
            }
            let standing = Standing { state: &state, pending: &inputs.pending };
            let Some(id) = find(standing) else { return Ok(Accepted::nothing(Outcome::Deleted(false))) };
            new.iter().try_for_each(|new| standing.admit(&new.body, 0))?;
            let outcome = match &new {
                None if standing.body(id).is_none() => return Ok(Accepted::nothing(Outcome::Deleted(false))),
                None => Outcome::Deleted(true),
                Some(new) => Outcome::Updated(match standing.admission(id, &new.body) {
                    Admission::Unchanged => return Ok(Accepted::nothing(Outcome::Updated(Updated::Unchanged))),
                    Admission::Taken if standing.body(id).is_none() => return Err(new.body.named_as_another(0)),
                    Admission::Taken => Updated::Changed,
                    Admission::New => {
                        state.check_room(inputs.pending.coming() + 1)?;
                        Updated::New
                    }
                }),
            };
            let is_same =
                |new: &Analysed| standing.body(id).is_some_and(|body| body.differs_in_lifetime_at_most(&new.body));
            if let Some(renewed) = new.take_if(|new| is_same(new)) {
                drop(state);
                let change = Change::Renew(renewed);
                return self.accept(inputs, Prepared { change, outcome }, None, None);
            }
            // If the queue replaces or deletes the document, that change already says what is removed.
            let committed = if inputs.pending.replaces(id) { None } else { state.document(id) };
            let mut leaves = None;
            if let Some(old) = committed.map(|document| &document.body) {
                match read.take().filter(|read| read.title == old.title && read.text == old.text) {
                    Some(read) => {
                        let checked = inputs.pending.check_leaving(&state, id, &read.forms);
                        checked.map_err(|error| self.as_damage(error))?;
                        leaves = Some(read.forms);
                    }
                    None => {
                        let (title, text) = (old.title.clone(), old.text.clone());
                        drop((state, inputs));
                        let forms = self.sessions.forms(&lexicon, &title, &text);
                        read = Some(Read { title, text, forms });
                        continue;
                    }
                }
            }
            drop(state);
            let change = Change::Replace { id, leaves, comes: new };
            return self.accept(inputs, Prepared { change, outcome }, None, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phago_core::config::ColonyConfig;
    use phago_core::ring::Ring;
    use std::sync::mpsc::channel;

    fn world() -> std::sync::Arc<World> {
        World::new(ColonyConfig::default(), Ring::new(2, 20)).unwrap()
    }

    fn document(text: &str) -> Body {
        Body { key: Some("x".into()), text: text.into(), ..Body::default() }
    }

    #[test]
    fn a_document_that_changes_while_it_is_read_is_read_again() {
        let (world, text) = (world(), "one text of several words, and several of them twice: words, words");
        world.update(document(text)).unwrap();
        let id = document(text).id();
        let other = world.sessions.analyse(&world.lexicon().unwrap(), id, Box::new(document("another text"))).unwrap();
        let forms = world.sessions.forms(&world.lexicon().unwrap(), "", text);
        // A reader that finds no session waits for one outside of all other locks; the document changes at that moment.
        let sessions = world.sessions.held();
        let (send, found) = channel();
        let find = move |_: Standing<'_>| {
            let _ = send.send(());
            Some(id)
        };
        std::thread::scope(|scope| {
            let deleting = scope.spawn(|| world.replace(find, None));
            found.recv().unwrap();
            let inputs = lock(&world.inputs);
            assert!(!inputs.is_running());
            let change = Change::Replace { id, leaves: Some(forms), comes: Some(other) };
            let outcome = Outcome::Updated(Updated::Changed);
            world.enter(inputs, Prepared { change, outcome }, None, None).unwrap();
            drop(sessions);
            assert_eq!(deleting.join().unwrap().unwrap(), Outcome::Deleted(true));
        });
        let fresh = self::world();
        assert_eq!(world.evidence_digest().unwrap(), fresh.evidence_digest().unwrap());
    }
}
