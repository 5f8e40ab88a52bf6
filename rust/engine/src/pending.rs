//! Inputs that wait for a tick to end: for each document the one change that they come to together.
//!
//! Changes of different documents commute, and of one document the last word counts, so the queue needs no order:
//! what stands when it is applied is what would stand had each input been applied alone. Reinforcements of a document
//! are counted, and a change of it drops those that came before.

use crate::work::pool::Pool;
use phago_core::documents::{AnalysedDocument, Content};
use phago_core::ids::DocumentId;
use phago_core::reinforcement::{Reinforcement, Waiting, size_of_waiting};
use phago_core::state::{Admission, Placement, State};
use phago_core::{Error, Result};
use std::collections::BTreeMap;
use std::panic::resume_unwind;

// Below this placing is over before a helper is awake.
const PARALLEL_PLACING_MIN: usize = 64;

/// A committed document that is to go.
#[derive(Debug)]
pub(crate) struct Leaving {
    /// Its word forms with their counts.
    pub(crate) forms: Box<[(u32, u32)]>,
    /// Whether it was not digested when this was asked.
    pub(crate) is_undigested: bool,
}

// At least one of the two; what leaves goes first.
#[derive(Debug, Default)]
struct Change {
    leaves: Option<Leaving>,
    comes: Option<AnalysedDocument>,
}

/// How much may wait for a tick to end.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Room {
    /// Documents that come, go or change.
    pub(crate) documents: u64,
    /// Bytes of title, text and metadata of those that come.
    pub(crate) bytes: u64,
}

/// The room that a colony has.
pub(crate) const ROOM: Room = Room { documents: 1_000_000, bytes: 1 << 30 };

/// Inputs accepted while a tick is under way.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    changes: BTreeMap<u128, Change>,
    reinforcing: BTreeMap<u128, Waiting>,
    reinforced: u64,
    bytes: u64,
    coming: u64,
    leaving: u64,
    leaving_undigested: u64,
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.reinforcing.is_empty()
    }

    /// What its reinforcements count for against [`phago_core::reinforcement::REINFORCED_MAX`].
    pub(crate) fn reinforcing(&self) -> u64 {
        self.reinforced
    }

    /// Whether a reinforcement waits already, so that another needs no room.
    pub(crate) fn has_reinforcement(&self, id: DocumentId, reinforcement: &Reinforcement) -> bool {
        self.reinforcing.get(&id.0).is_some_and(|waiting| waiting.contains_key(reinforcement))
    }

    /// Count a reinforcement of a document that will stand.
    pub(crate) fn reinforce(&mut self, id: DocumentId, reinforcement: Reinforcement) {
        let size = reinforcement.size();
        let times = self.reinforcing.entry(id.0).or_default().entry(reinforcement).or_default();
        if *times == 0 {
            self.reinforced += size;
        }
        *times += 1;
    }

    /// Documents that come.
    pub(crate) fn coming(&self) -> u64 {
        self.coming
    }

    /// Committed documents that go.
    pub(crate) fn leaving(&self) -> u64 {
        self.leaving
    }

    /// Committed documents that go undigested.
    pub(crate) fn leaving_undigested(&self) -> u64 {
        self.leaving_undigested
    }

    /// What will stand under an id once the queue is applied; `None` where the queue does not touch it.
    pub(crate) fn standing(&self, id: DocumentId) -> Option<Option<&AnalysedDocument>> {
        self.changes.get(&id.0).map(|change| change.comes.as_ref())
    }

    /// Whether a document could be taken, behind everything in the queue.
    pub(crate) fn admission(&self, state: &State, id: DocumentId, content: Content<'_>) -> Admission {
        match self.standing(id) {
            None => state.admission(id, content),
            Some(None) => Admission::New,
            Some(Some(known)) if known.content() == content => Admission::Unchanged,
            Some(Some(_)) => Admission::Taken,
        }
    }

    /// Let documents come of which none will stand, each id once.
    pub(crate) fn push(&mut self, new: Vec<AnalysedDocument>, room: Room) -> Result<()> {
        let more = new.iter().filter(|document| !self.changes.contains_key(&document.id.0)).count();
        let bytes = new.iter().map(bytes_of).sum();
        self.check(more as u64, bytes, 0, room)?;
        new.into_iter().for_each(|document| self.set(document.id, None, Some(document)));
        Ok(())
    }

    /// Let `comes`, or nothing, stand under an id. `leaves` is the committed document that goes, where the queue did
    /// not touch it before.
    pub(crate) fn change(
        &mut self,
        id: DocumentId,
        leaves: Option<Leaving>,
        comes: Option<AnalysedDocument>,
        room: Room,
    ) -> Result<()> {
        let known = self.changes.get(&id.0);
        let less = known.and_then(|change| change.comes.as_ref()).map_or(0, bytes_of);
        let more = comes.as_ref().map_or(0, bytes_of);
        self.check(u64::from(known.is_none()), more, less, room)?;
        self.set(id, leaves, comes);
        Ok(())
    }

    fn check(&self, documents: u64, more: u64, less: u64, room: Room) -> Result<()> {
        let within = |what: &str, limit: u64, value: u64| {
            let what = format!("what may wait for a tick to end, in {what},");
            if value > limit { Err(Error::Limit { what, limit, value }) } else { Ok(()) }
        };
        within("documents", room.documents, self.changes.len() as u64 + documents)?;
        within("bytes", room.bytes, self.bytes - less + more)
    }

    fn set(&mut self, id: DocumentId, leaves: Option<Leaving>, comes: Option<AnalysedDocument>) {
        if let Some(dropped) = self.reinforcing.remove(&id.0) {
            self.reinforced -= size_of_waiting(&dropped);
        }
        let change = self.changes.entry(id.0).or_default();
        if let Some(leaves) = leaves {
            self.leaving += 1;
            self.leaving_undigested += u64::from(leaves.is_undigested);
            change.leaves = Some(leaves);
        }
        if let Some(comes) = &comes {
            self.coming += 1;
            self.bytes += bytes_of(comes);
        }
        if let Some(gone) = std::mem::replace(&mut change.comes, comes) {
            self.coming -= 1;
            self.bytes -= bytes_of(&gone);
        }
        if change.leaves.is_none() && change.comes.is_none() {
            self.changes.remove(&id.0);
        }
    }

    pub(crate) fn drain_into(&mut self, state: &mut State, pool: Option<&Pool>) {
        if self.is_empty() {
            return;
        }
        let mut new = Vec::with_capacity(self.coming as usize);
        let Pending { changes, reinforcing, .. } = std::mem::take(self);
        for (id, change) in changes {
            if let Some(leaving) = change.leaves {
                state.remove(DocumentId(id), &leaving.forms);
            }
            new.extend(change.comes);
        }
        place(state, new, pool);
        for (id, waiting) in reinforcing {
            for (reinforcement, times) in waiting {
                state.reinforce(DocumentId(id), reinforcement, times);
            }
        }
    }
}

fn bytes_of(document: &AnalysedDocument) -> u64 {
    document.bytes() + document.metadata.bytes() as u64
}

/// Put documents in their places, with the help of a pool where there are many.
pub(crate) fn place(state: &mut State, documents: Vec<AnalysedDocument>, pool: Option<&Pool>) {
    match pool {
        Some(pool) if documents.len() >= PARALLEL_PLACING_MIN => state.apply_with(documents, |work| {
            // A panic here leaves the state half-changed: it goes on, and the state's lock is poisoned for good.
            pool.map(work, Placement::place).unwrap_or_else(|panic| resume_unwind(Box::new(panic.message)))
        }),
        _ => state.apply(documents),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(number: u32) -> AnalysedDocument {
        let (id, text) = (DocumentId(number.into()), "four".into());
        let (metadata, analysis) = Default::default();
        AnalysedDocument { id, key: None, title: "".into(), text, metadata, analysis }
    }

    #[test]
    fn reinforcements_are_counted_once_each_and_go_with_the_document() {
        let path = |word: &str| Reinforcement::new([(word, &["ion".to_owned()][..])], |word| Some(word.to_owned()));
        let mut pending = Pending::default();
        for (id, word) in [(1, "pump"), (1, "pump"), (1, "cell"), (2, "pump")] {
            pending.reinforce(DocumentId(id), path(word).unwrap());
        }
        assert_eq!((pending.reinforcing(), pending.is_empty()), (9, false));
        assert!(pending.has_reinforcement(DocumentId(1), &path("cell").unwrap()));
        assert!(!pending.has_reinforcement(DocumentId(2), &path("cell").unwrap()));
        pending.change(DocumentId(1), None, Some(document(1)), ROOM).unwrap();
        assert_eq!(pending.reinforcing(), 3);
        pending
            .change(DocumentId(2), Some(Leaving { forms: Box::default(), is_undigested: true }), None, ROOM)
            .unwrap();
        assert_eq!(pending.reinforcing(), 0);
        pending.reinforce(DocumentId(1), path("cell").unwrap());
        assert_eq!(pending.reinforcing(), 3);
    }

    fn sizes(pending: &Pending) -> (usize, u64, u64, u64, u64) {
        (pending.changes.len(), pending.bytes, pending.coming, pending.leaving, pending.leaving_undigested)
    }

    #[test]
    fn what_waits_for_a_tick_is_bounded_and_a_chunk_beyond_leaves_nothing() {
        let mut pending = Pending::default();
        let room = |documents, bytes| Room { documents, bytes };
        pending.push((0..10).map(document).collect(), room(12, 1000)).unwrap();
        for (documents_max, bytes_max, limit, value) in [(12, 1000, 12, 13), (1000, 50, 50, 52)] {
            let error = pending.push((10..13).map(document).collect(), room(documents_max, bytes_max)).unwrap_err();
            assert!(matches!(error, Error::Limit { limit: l, value: v, .. } if (l, v) == (limit, value)), "{error}");
            assert_eq!(sizes(&pending), (10, 40, 10, 0, 0));
            assert!(pending.standing(DocumentId(10)).is_none());
        }
        assert!(pending.standing(DocumentId(9)).unwrap().is_some());
        pending.push((10..12).map(document).collect(), room(12, 48)).unwrap();
        let leaving = |is_undigested| Some(Leaving { forms: Box::default(), is_undigested });
        assert!(pending.change(DocumentId(20), leaving(true), None, room(12, 48)).is_err());
        // What only replaces needs no room.
        pending.change(DocumentId(3), None, Some(document(3)), room(12, 48)).unwrap();
        assert_eq!(sizes(&pending), (12, 48, 12, 0, 0));
    }

    #[test]
    fn the_last_word_about_a_document_counts() {
        let mut pending = Pending::default();
        let leaving = |is_undigested| Some(Leaving { forms: Box::default(), is_undigested });
        // Came and went within the queue: no trace.
        pending.push(vec![document(1)], ROOM).unwrap();
        pending.change(DocumentId(1), None, None, ROOM).unwrap();
        assert!(pending.is_empty() && sizes(&pending) == (0, 0, 0, 0, 0));
        // Goes, comes back, goes again.
        pending.change(DocumentId(2), leaving(true), None, ROOM).unwrap();
        assert!(pending.standing(DocumentId(2)).unwrap().is_none());
        pending.push(vec![document(2)], ROOM).unwrap();
        assert_eq!(sizes(&pending), (1, 4, 1, 1, 1));
        pending.change(DocumentId(2), None, None, ROOM).unwrap();
        assert_eq!(sizes(&pending), (1, 0, 0, 1, 1));
        pending.change(DocumentId(3), leaving(false), Some(document(3)), ROOM).unwrap();
        assert_eq!(sizes(&pending), (2, 4, 1, 2, 1));
    }
}
