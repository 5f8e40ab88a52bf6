//! What waits for the next tick, and how many documents were digested.

use super::queue::{GrantKey, Queue, Waiting};
use super::statistics::less;
use crate::documents::Lifetime;
use crate::ids::DocumentId;
use serde::{Deserialize, Serialize};

// What is next to nothing: to make the tick for it takes about as long as to wake a thread.
const LITTLE: usize = 2;
const LITTLE_BYTES: u64 = 4096;
const LITTLE_LEARNED: u64 = 64;

/// What a document was to the colony when it was deleted.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Departed {
    /// Whether a tick digested it.
    pub digested: Digestion,
    /// The size of its reinforcements since the last tick.
    pub reinforced: u64,
    /// When it would have left by itself.
    pub expires: Option<Lifetime>,
}

/// Whether a tick digested a document.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Digestion {
    /// It waits since this tick's cut.
    Waits {
        /// The first tick whose cut includes it.
        arrival: u32,
    },
    /// A tick did, and found nothing in it.
    HeldNothing,
    /// A tick did, and wired its concepts.
    Wired,
}

impl Digestion {
    /// Returns that of a document which has these concepts since this tick.
    pub(crate) fn of(arrival: u32, digested: Option<u32>, concepts: &[u32]) -> Digestion {
        match digested {
            None => Digestion::Waits { arrival },
            Some(_) if concepts.is_empty() => Digestion::HeldNothing,
            Some(_) => Digestion::Wired,
        }
    }
}

/// What waits for the next tick, and how many of the documents that are present were digested.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backlog {
    waiting: Queue,
    digested: u64,
    failed: u64,
    // Digested documents deleted since the last tick.
    unwiring: u64,
    // The size of the reinforcements since the last tick.
    reinforcing: u64,
}

impl Backlog {
    /// Returns the waiting documents, in the order of grants.
    pub(crate) fn waiting(&self) -> &Queue {
        &self.waiting
    }

    pub(crate) fn digested(&self) -> u64 {
        self.digested
    }

    /// Returns how many granted documents had nothing to digest.
    pub(crate) fn failed(&self) -> u64 {
        self.failed
    }

    /// Returns how many digested documents were deleted since the last tick.
    pub(crate) fn unwiring(&self) -> u64 {
        self.unwiring
    }

    /// Returns the size of the reinforcements since the last tick.
    pub(crate) fn reinforcing(&self) -> u64 {
        self.reinforcing
    }

    /// Returns whether nothing waits for a tick. `digests` says whether ticks digest documents.
    pub(crate) fn is_quiet(&self, digests: bool) -> bool {
        (self.waiting.is_empty() || !digests) && self.unwiring == 0 && self.reinforcing == 0
    }

    /// Returns whether what waits for a tick is next to nothing: a document or two of a few hundred words.
    pub(crate) fn is_little(&self) -> bool {
        let few = self.waiting.len() <= LITTLE && self.unwiring <= LITTLE as u64 && self.reinforcing <= LITTLE_LEARNED;
        few && self.waiting.iter().map(|(_, waiting)| waiting.bytes).sum::<u64>() <= LITTLE_BYTES
    }

    /// Adds documents, sorted by their keys.
    pub(crate) fn extend(&mut self, coming: impl IntoIterator<Item = (GrantKey, Waiting)>) {
        self.waiting.extend(coming);
    }

    /// Removes a document that no tick has granted yet.
    fn withdraw(&mut self, key: GrantKey) {
        assert!(self.waiting.remove(&key), "document {} does not wait", DocumentId(key.1));
    }

    // Removes documents that a tick grants: as a rule those that come first.
    fn withdraw_all(&mut self, keys: &[GrantKey]) {
        match keys.last() {
            Some(last) if self.waiting.keys().take(keys.len()).eq(keys) => self.waiting.remove_up_to(last),
            _ => keys.iter().for_each(|key| self.withdraw(*key)),
        }
    }

    /// Takes over that a document is deleted.
    pub(crate) fn leave(&mut self, id: DocumentId, was: &Departed) {
        self.forget_reinforced(was.reinforced);
        match was.digested {
            // No tick granted it: a delete before digestion withdraws it.
            Digestion::Waits { arrival } => self.withdraw((arrival, id.0)),
            // Only function words, perhaps: a tick counted it among those with nothing to digest.
            Digestion::HeldNothing => self.forget_failed(),
            Digestion::Wired => self.unwire(),
        }
    }

    /// Removes a document that had nothing to digest.
    fn forget_failed(&mut self) {
        self.failed = less(self.failed, 1, "documents that held nothing");
    }

    /// Notes that a digested document was deleted: the next tick unwires it.
    fn unwire(&mut self) {
        self.digested = less(self.digested, 1, "digested documents");
        self.unwiring += 1;
    }

    pub(crate) fn reinforce(&mut self, more: u64) {
        self.reinforcing += more;
    }

    fn forget_reinforced(&mut self, size: u64) {
        self.reinforcing = less(self.reinforcing, size, "reinforced concepts and pairs");
    }

    /// Adds a document that was digested before the colony was stored.
    pub(crate) fn restore_digested(&mut self, held_nothing: bool) {
        self.failed += u64::from(held_nothing);
        self.digested += u64::from(!held_nothing);
    }

    /// Adds deleted documents that the next tick unwires, as the colony was stored.
    pub(crate) fn restore_unwiring(&mut self, count: u64) {
        self.unwiring = count;
    }

    /// Takes over a tick that granted these documents and did everything else that waited.
    pub(crate) fn commit(&mut self, granted: &[GrantKey], failed: u64) {
        self.withdraw_all(granted);
        self.digested += less(granted.len() as u64, failed, "documents that held nothing");
        self.failed += failed;
        (self.unwiring, self.reinforcing) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ShardId;

    #[test]
    fn granted_documents_leave_whether_they_come_first_or_not() {
        let waiting = Waiting { shard: ShardId(0), bytes: 1 };
        let key = |number: u32| (number / 3, u128::from(number));
        for granted in [vec![], vec![0], vec![0, 1, 2, 3], vec![1], vec![2, 0, 5], vec![1, 0], (0..9).collect()] {
            let mut backlog = Backlog::default();
            backlog.extend((0..9).map(|number| (key(number), waiting)));
            let keys: Vec<GrantKey> = granted.iter().map(|number| key(*number)).collect();
            backlog.commit(&keys, u64::from(!keys.is_empty()));
            let rest: Vec<GrantKey> = (0..9).filter(|number| !granted.contains(number)).map(key).collect();
            assert!(backlog.waiting().keys().eq(&rest), "{granted:?}");
            assert_eq!(backlog.digested() + backlog.failed(), granted.len() as u64);
        }
    }

    #[test]
    #[should_panic(expected = "does not wait")]
    fn a_document_is_not_granted_twice() {
        let mut backlog = Backlog::default();
        backlog.extend([((0, 1), Waiting { shard: ShardId(0), bytes: 1 })]);
        backlog.commit(&[(0, 1), (0, 2)], 0);
    }
}
