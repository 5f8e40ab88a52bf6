//! Inputs that wait for a tick to end: for each document, the one change that they result in together.
//!
//! Changes of different documents commute, and of one document only the last change counts, so the queue needs no
//! order: applying it gives the same documents as applying each input alone. Reinforcements of a document are counted,
//! and a change of the document drops those before it.

use crate::work::pool::Pool;
use phago_core::documents::{Analysed, Known};
use phago_core::ids::DocumentId;
use phago_core::input::{Change, Forms, Outcome, Prepared, Updated};
use phago_core::life::{Deed, Space};
use phago_core::maps::Set;
use phago_core::reinforcement::{Reinforcement, Waiting, size_of_waiting};
use phago_core::replica::{Outgoing, Placement, Replica};
use phago_core::shard::Delta;
use phago_core::{Error, Result};
use std::collections::BTreeMap;
use std::panic::resume_unwind;

// Below this, placing is done before a helper is awake.
const PARALLEL_PLACING_MIN: usize = 64;
// How many changes of what a colony has beside its documents may wait.
const DEEDS_MAX: u64 = 1 << 12;

// The change of one document: it leaves, comes, or both. Leaving is applied first.
#[derive(Debug, Default)]
struct Fate {
    // The word forms of the committed document, and whether it is not yet digested.
    leaves: Option<(Forms, bool)>,
    comes: Option<Analysed>,
    // `Some` if `comes` only gives the committed document another lifetime. It holds the reinforcements that came
    // before: they are lost if the tick takes the document away.
    renews: Option<Waiting>,
}

/// How much may wait for a tick to end.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Room {
    /// Documents that are added, deleted or replaced.
    pub(crate) documents: u64,
    /// Bytes of title, text and metadata of those that are added or replaced.
    pub(crate) bytes: u64,
}

/// The room of every colony.
pub(crate) const ROOM: Room = Room { documents: 1_000_000, bytes: 1 << 30 };

/// Inputs accepted while a tick is under way.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    changes: BTreeMap<u128, Fate>,
    reinforcing: BTreeMap<u128, Waiting>,
    reinforced: u64,
    bytes: u64,
    coming: u64,
    leaving: u64,
    leaving_undigested: u64,
    renewing: u64,
    now: Option<i64>,
    deeds: Vec<Deed>,
    // As the first document with a vector has it.
    space: Space,
    // The word forms of the committed documents that leave, with the tick too, and those that leave with the tick.
    outgoing: Outgoing,
    expiring: Set<u128>,
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
            && self.reinforcing.is_empty()
            && self.now.is_none()
            && self.deeds.is_empty()
            && self.expiring.is_empty()
    }

    /// Returns the latest time that the colony is told.
    pub(crate) fn now(&self) -> Option<i64> {
        self.now
    }

    /// Returns the changes of what the colony has beside its documents, in order.
    pub(crate) fn deeds(&self) -> &[Deed] {
        &self.deeds
    }

    /// Returns what the vectors of its documents have in common.
    pub(crate) fn space(&self) -> &Space {
        &self.space
    }

    /// Returns how much its reinforcements add towards [`phago_core::reinforcement::REINFORCED_MAX`].
    pub(crate) fn reinforcing(&self) -> u64 {
        self.reinforced
    }

    /// Returns whether this reinforcement waits already, so that another one needs no room.
    pub(crate) fn has_reinforcement(&self, id: DocumentId, reinforcement: &Reinforcement) -> bool {
        self.reinforcing.get(&id.0).is_some_and(|waiting| waiting.contains_key(reinforcement))
    }

    /// Refuses what [`Pending::push`] would refuse.
    ///
    /// # Errors
    /// [`Error::Limit`] if there is no room.
    pub(crate) fn has_room(&self, change: &Change, room: Room) -> Result<()> {
        match change {
            Change::Nothing | Change::Reinforce { .. } | Change::Now(_) => Ok(()),
            Change::Life(_) => {
                let (what, value) = (
                    "what may wait for a tick to end, in signals, surveys and agents,".into(),
                    self.deeds.len() as u64 + 1,
                );
                if value > DEEDS_MAX { Err(Error::Limit { what, limit: DEEDS_MAX, value }) } else { Ok(()) }
            }
            Change::Insert(new) => self.has_room_for(new, room),
            Change::Replace { id, comes, .. } => {
                let (known, less, more) = self.replacing(*id, comes.as_ref());
                self.check(u64::from(!known), more, less, room)
            }
            Change::Renew(document) => {
                let (known, less, more) = self.replacing(document.id, Some(document));
                self.check(u64::from(!known), more, less, room)
            }
        }
    }

    /// Queues an input that was judged against `state` and this queue.
    ///
    /// # Errors
    /// [`Error::Limit`] if there is no room; then nothing is added.
    pub(crate) fn push(&mut self, change: Change, state: &Replica, room: Room) -> Result<()> {
        match change {
            Change::Nothing => Ok(()),
            Change::Insert(new) => self.insert(new, room),
            Change::Replace { id, leaves, comes } => {
                let is_undigested = || state.document(id).is_some_and(|document| document.digested.is_none());
                let leaves = leaves.map(|forms| (forms, is_undigested()));
                self.replace(id, leaves, comes, room)
            }
            Change::Renew(document) => self.renew(document, room),
            Change::Reinforce { id, path, times } => {
                self.reinforce(id, path, times);
                Ok(())
            }
            Change::Now(now) => {
                self.now = self.now.max(Some(now));
                Ok(())
            }
            Change::Life(deed) => {
                self.deeds.push(deed);
                Ok(())
            }
        }
    }

    /// Checks that a committed document with these word forms can leave beside those that leave already.
    ///
    /// # Errors
    /// As [`Outgoing::check`].
    pub(crate) fn check_leaving(&self, state: &Replica, id: DocumentId, forms: &Forms) -> Result<()> {
        if self.expiring.contains(&id.0) { Ok(()) } else { self.outgoing.check(state, id, forms) }
    }

    /// Checks that the documents that leave with the tick can leave, and notes them until the queue is applied.
    ///
    /// # Errors
    /// As [`Outgoing::check`].
    pub(crate) fn note_expiring(&mut self, state: &Replica, deltas: &[Delta]) -> Result<()> {
        let Pending { changes, outgoing, expiring, .. } = self;
        state.check_leaving(deltas, outgoing, |id| {
            let leaves = changes.get(&id.0).is_some_and(|fate| fate.leaves.is_some());
            !expiring.insert(id.0) || leaves
        })
    }

    fn reinforce(&mut self, id: DocumentId, path: Reinforcement, times: u64) {
        let size = path.size();
        let known = self.reinforcing.entry(id.0).or_default().entry(path).or_default();
        if *known == 0 {
            self.reinforced += size;
        }
        *known = known.saturating_add(times);
    }

    /// Returns how many documents are added.
    pub(crate) fn coming(&self) -> u64 {
        self.coming
    }

    /// Returns whether any committed document is removed, or has another lifetime.
    pub(crate) fn changes_standing(&self) -> bool {
        self.leaving + self.renewing > 0
    }

    /// Returns how many committed documents are removed undigested.
    pub(crate) fn leaving_undigested(&self) -> u64 {
        self.leaving_undigested
    }

    /// Returns the body that will be present under an id once the queue is applied: `Some(None)` if none will be,
    /// `None` if the queue does not change this id.
    pub(crate) fn standing(&self, id: DocumentId) -> Option<Option<Known<'_>>> {
        self.changes.get(&id.0).map(|fate| fate.comes.as_ref().map(|document| Known::from(&*document.body)))
    }

    /// Returns whether the queue deletes or replaces the committed document of this id, or adds one.
    pub(crate) fn replaces(&self, id: DocumentId) -> bool {
        self.changes.get(&id.0).is_some_and(|fate| fate.renews.is_none())
    }

    // Gives the document of this id another lifetime, and changes nothing else of it.
    fn renew(&mut self, document: Analysed, room: Room) -> Result<()> {
        let (known, less, more) = self.replacing(document.id, Some(&document));
        self.check(u64::from(!known), more, less, room)?;
        self.bytes = self.bytes - less + more;
        let id = document.id.0;
        let fate = self.changes.entry(id).or_default();
        fate.comes = Some(document);
        if !known {
            fate.renews = Some(Waiting::default());
            self.renewing += 1;
        }
        if let Some(before) = &mut fate.renews {
            for (path, times) in self.reinforcing.remove(&id).unwrap_or_default() {
                if before.contains_key(&path) {
                    self.reinforced -= path.size();
                }
                let known = before.entry(path).or_default();
                *known = known.saturating_add(times);
            }
        }
        Ok(())
    }

    // Adds documents whose ids will have no document, each id once.
    fn insert(&mut self, new: Vec<Analysed>, room: Room) -> Result<()> {
        self.has_room_for(&new, room)?;
        new.into_iter().for_each(|document| self.set(document.id, None, Some(document)));
        Ok(())
    }

    // Puts `comes`, or nothing, under an id. `leaves` is the committed document that is removed, if the queue did not
    // change it before.
    fn replace(
        &mut self,
        id: DocumentId,
        leaves: Option<(Forms, bool)>,
        comes: Option<Analysed>,
        room: Room,
    ) -> Result<()> {
        let (known, less, more) = self.replacing(id, comes.as_ref());
        self.check(u64::from(!known), more, less, room)?;
        self.set(id, leaves, comes);
        Ok(())
    }

    fn has_room_for(&self, new: &[Analysed], room: Room) -> Result<()> {
        let more = new.iter().filter(|document| !self.changes.contains_key(&document.id.0)).count();
        self.check(more as u64, new.iter().map(bytes_of).sum(), 0, room)
    }

    // Returns whether the queue has a change of this id, the bytes it holds for it, and the bytes of `comes`.
    fn replacing(&self, id: DocumentId, comes: Option<&Analysed>) -> (bool, u64, u64) {
        let known = self.changes.get(&id.0);
        let less = known.and_then(|fate| fate.comes.as_ref()).map_or(0, bytes_of);
        (known.is_some(), less, comes.map_or(0, bytes_of))
    }

    fn check(&self, documents: u64, more: u64, less: u64, room: Room) -> Result<()> {
        let within = |what: &str, limit: u64, value: u64| {
            let what = format!("what may wait for a tick to end, in {what},");
            if value > limit { Err(Error::Limit { what, limit, value }) } else { Ok(()) }
        };
        within("documents", room.documents, self.changes.len() as u64 + documents)?;
        within("bytes", room.bytes, self.bytes - less + more)
    }

    fn set(&mut self, id: DocumentId, leaves: Option<(Forms, bool)>, comes: Option<Analysed>) {
        if let Some(dropped) = self.reinforcing.remove(&id.0) {
            self.reinforced -= size_of_waiting(&dropped);
        }
        let fate = self.changes.entry(id.0).or_default();
        let renewed = fate.renews.take();
        let was_coming = fate.comes.is_some() && renewed.is_none();
        self.renewing -= u64::from(renewed.is_some());
        self.reinforced -= renewed.map_or(0, |before| size_of_waiting(&before));
        if let Some(leaves) = leaves {
            if !self.expiring.contains(&id.0) {
                self.outgoing.take(&leaves.0);
            }
            self.leaving += 1;
            self.leaving_undigested += u64::from(leaves.1);
            fate.leaves = Some(leaves);
        }
        if let Some(comes) = &comes {
            self.space.meet(&comes.body);
            self.coming += 1;
            self.bytes += bytes_of(comes);
        }
        if let Some(gone) = std::mem::replace(&mut fate.comes, comes) {
            self.coming -= u64::from(was_coming);
            self.bytes -= bytes_of(&gone);
        }
        if fate.leaves.is_none() && fate.comes.is_none() {
            self.changes.remove(&id.0);
        }
    }

    /// Applies everything that waits.
    pub(crate) fn drain_into(&mut self, state: &mut Replica, pool: Option<&Pool>) {
        let Pending { changes, reinforcing, coming, now, deeds, space, .. } = std::mem::take(self);
        // Also if the document that fixed it was taken back meanwhile, as a replay has it.
        space.dimension().into_iter().for_each(|dimension| state.meet(dimension));
        let mut new = Vec::with_capacity(coming as usize);
        // The outcomes were returned when the inputs were accepted.
        let apply_change = |state: &mut Replica, change, outcome| apply(state, Prepared { change, outcome }, pool);
        let reinforce = |state: &mut Replica, id: u128, waiting: Waiting| {
            for (path, times) in waiting {
                let change = Change::Reinforce { id: DocumentId(id), path, times };
                apply_change(state, change, Outcome::Reinforced(true));
            }
        };
        for (id, fate) in changes {
            // The tick may have taken the document away, as its lifetime was over.
            let stands = state.document(DocumentId(id)).is_some();
            match (fate.renews, fate.comes) {
                (Some(before), Some(document)) if stands => {
                    apply_change(state, Change::Renew(document), Outcome::Updated(Updated::Changed));
                    reinforce(state, id, before);
                }
                (_, comes) => {
                    if let Some((forms, _)) = fate.leaves.filter(|_| stands) {
                        let change = Change::Replace { id: DocumentId(id), leaves: Some(forms), comes: None };
                        apply_change(state, change, Outcome::Deleted(true));
                    }
                    new.extend(comes);
                }
            }
        }
        let outcome = Outcome::Ingested { accepted: new.len() as u64, unchanged: 0 };
        apply_change(state, Change::Insert(new), outcome);
        for (id, waiting) in reinforcing {
            if state.document(DocumentId(id)).is_some() {
                reinforce(state, id, waiting);
            }
        }
        if let Some(now) = now {
            apply_change(state, Change::Now(now), Outcome::Told(true));
        }
        for deed in deeds {
            // Agents that were born in the tick may have taken its room.
            if state.commons().life().check(&deed, []).is_ok() {
                apply_change(state, Change::Life(deed), Outcome::Done);
            }
        }
    }
}

fn bytes_of(document: &Analysed) -> u64 {
    document.body.bytes()
}

/// Applies an input, with the help of a pool if it brings many documents.
pub(crate) fn apply(state: &mut Replica, prepared: Prepared, pool: Option<&Pool>) -> Outcome {
    match (pool, &prepared.change) {
        (Some(pool), Change::Insert(new)) if new.len() >= PARALLEL_PLACING_MIN => state.apply_with(prepared, |work| {
            // A panic here leaves the state half-changed. It is passed on, and poisons the state's lock for good.
            pool.map(work, Placement::place).unwrap_or_else(|panic| resume_unwind(Box::new(panic.message)))
        }),
        _ => state.apply(prepared),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phago_core::documents::Body;

    fn document(number: u32) -> Analysed {
        let body = Body { text: "four".into(), ..Body::default() };
        Analysed { id: DocumentId(number.into()), body: Box::new(body), analysis: Box::default() }
    }

    #[test]
    fn reinforcements_are_counted_once_each_and_go_with_the_document() {
        let path = |word: &str| Reinforcement::new([(word, &["ion".to_owned()][..])], |word| Some(word.to_owned()));
        let mut pending = Pending::default();
        for (id, word) in [(1, "pump"), (1, "pump"), (1, "cell"), (2, "pump")] {
            pending.reinforce(DocumentId(id), path(word).unwrap(), 1);
        }
        assert_eq!((pending.reinforcing(), pending.is_empty()), (9, false));
        assert!(pending.has_reinforcement(DocumentId(1), &path("cell").unwrap()));
        assert!(!pending.has_reinforcement(DocumentId(2), &path("cell").unwrap()));
        pending.replace(DocumentId(1), None, Some(document(1)), ROOM).unwrap();
        assert_eq!(pending.reinforcing(), 3);
        pending.replace(DocumentId(2), Some((Box::default(), true)), None, ROOM).unwrap();
        assert_eq!(pending.reinforcing(), 0);
        pending.reinforce(DocumentId(1), path("cell").unwrap(), 1);
        assert_eq!(pending.reinforcing(), 3);
        // Another lifetime keeps what came before, and a change after it does not.
        for _ in 0..2 {
            pending.reinforce(DocumentId(3), path("pump").unwrap(), 1);
            pending.renew(document(3), ROOM).unwrap();
            assert_eq!((pending.reinforcing(), sizes(&pending), pending.renewing), (6, (3, 8, 1, 1, 1), 1));
        }
        pending.replace(DocumentId(3), Some((Box::default(), false)), None, ROOM).unwrap();
        assert_eq!((pending.reinforcing(), sizes(&pending), pending.renewing), (3, (3, 4, 1, 2, 1), 0));
    }

    fn sizes(pending: &Pending) -> (usize, u64, u64, u64, u64) {
        (pending.changes.len(), pending.bytes, pending.coming, pending.leaving, pending.leaving_undigested)
    }

    #[test]
    fn what_waits_for_a_tick_is_bounded_and_a_chunk_beyond_leaves_nothing() {
        let mut pending = Pending::default();
        let room = |documents, bytes| Room { documents, bytes };
        pending.insert((0..10).map(document).collect(), room(12, 1000)).unwrap();
        for (documents_max, bytes_max, limit, value) in [(12, 1000, 12, 13), (1000, 50, 50, 52)] {
            let error = pending.insert((10..13).map(document).collect(), room(documents_max, bytes_max)).unwrap_err();
            assert!(matches!(error, Error::Limit { limit: l, value: v, .. } if (l, v) == (limit, value)), "{error}");
            assert_eq!(sizes(&pending), (10, 40, 10, 0, 0));
            assert!(pending.standing(DocumentId(10)).is_none());
        }
        assert!(pending.standing(DocumentId(9)).unwrap().is_some());
        pending.insert((10..12).map(document).collect(), room(12, 48)).unwrap();
        let leaving = |is_undigested| Some((Forms::default(), is_undigested));
        assert!(pending.replace(DocumentId(20), leaving(true), None, room(12, 48)).is_err());
        // A mere replacement needs no room.
        pending.replace(DocumentId(3), None, Some(document(3)), room(12, 48)).unwrap();
        assert_eq!(sizes(&pending), (12, 48, 12, 0, 0));
    }

    #[test]
    fn the_last_word_about_a_document_counts() {
        let mut pending = Pending::default();
        let leaving = |is_undigested| Some((Forms::default(), is_undigested));
        // Added and deleted within the queue: no trace.
        pending.insert(vec![document(1)], ROOM).unwrap();
        pending.replace(DocumentId(1), None, None, ROOM).unwrap();
        assert!(pending.is_empty() && sizes(&pending) == (0, 0, 0, 0, 0));
        // Deleted, added again, deleted again.
        pending.replace(DocumentId(2), leaving(true), None, ROOM).unwrap();
        assert!(pending.standing(DocumentId(2)).unwrap().is_none());
        pending.insert(vec![document(2)], ROOM).unwrap();
        assert_eq!(sizes(&pending), (1, 4, 1, 1, 1));
        pending.replace(DocumentId(2), None, None, ROOM).unwrap();
        assert_eq!(sizes(&pending), (1, 0, 0, 1, 1));
        pending.replace(DocumentId(3), leaving(false), Some(document(3)), ROOM).unwrap();
        assert_eq!(sizes(&pending), (2, 4, 1, 2, 1));
    }
}
