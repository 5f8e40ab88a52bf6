//! Which documents leave by themselves, and when.

use crate::documents::Lifetime;
use crate::ids::{DocumentId, Tick};
use std::collections::BTreeSet;

/// The documents that have a lifetime, in the order in which they leave, and the time that the colony was told. A tick
/// reads those that leave with it and no other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lifetimes {
    ticks: BTreeSet<(Tick, u128)>,
    times: BTreeSet<(i64, u128)>,
    // The latest time that the colony was told, in microseconds since 1970 in UTC.
    now: Option<i64>,
}

impl Lifetimes {
    pub(crate) fn now(&self) -> Option<i64> {
        self.now
    }

    /// Takes over a time. One before the latest changes nothing, so that the order of callers has no effect.
    pub(crate) fn tell(&mut self, now: i64) {
        self.now = self.now.max(Some(now));
    }

    pub(crate) fn insert(&mut self, id: DocumentId, expires: Option<Lifetime>) {
        let is_new = match expires {
            None => true,
            Some(Lifetime::Tick(tick)) => self.ticks.insert((tick, id.0)),
            Some(Lifetime::Time(time)) => self.times.insert((time, id.0)),
        };
        assert!(is_new, "the lifetime of document {id} is counted twice");
    }

    pub(crate) fn remove(&mut self, id: DocumentId, expires: Option<Lifetime>) {
        let is_known = match expires {
            None => true,
            Some(Lifetime::Tick(tick)) => self.ticks.remove(&(tick, id.0)),
            Some(Lifetime::Time(time)) => self.times.remove(&(time, id.0)),
        };
        assert!(is_known, "the lifetime of document {id} is not counted");
    }

    /// Returns the documents that leave with a tick, ordered by when their lifetimes end.
    pub(crate) fn ending(&self, tick: Tick) -> impl Iterator<Item = DocumentId> + '_ {
        let ticks = self.ticks.iter().take_while(move |entry| entry.0 <= tick).map(|entry| entry.1);
        let times = self.times.iter().take_while(|entry| Some(entry.0) <= self.now).map(|entry| entry.1);
        ticks.chain(times).map(DocumentId)
    }
}
