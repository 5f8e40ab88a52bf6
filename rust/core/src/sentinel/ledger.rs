//! What is learned of all entities of one kind, at one home.

use super::clock::Clock;
use super::rank::{Census, Rank};
use super::sums::Sums;
use crate::maps::Map;
use std::collections::BTreeMap;
use std::hash::Hash;

/// What is known of an entity from now on; nothing if it is forgotten.
pub(super) type Change<K> = (K, Option<Sums>);

/// Entities with their sums. One of which nothing is left is gone, and its memory is freed later: that does not show.
#[derive(Clone, Debug)]
pub(super) struct Ledger<K> {
    entries: Map<K, Entry>,
    // How many of the entries are gone with each halving.
    ends: BTreeMap<u32, u64>,
}

#[derive(Clone, Debug)]
struct Entry {
    sums: Sums,
    // The number of the halving with which nothing is left of them.
    gone: u32,
}

impl Entry {
    fn rank(&self) -> Rank {
        Rank { gone: self.gone, last: self.sums.last }
    }
}

impl<K> Default for Ledger<K> {
    fn default() -> Self {
        Ledger { entries: Map::default(), ends: BTreeMap::new() }
    }
}

impl<K: Copy + Eq + Hash + Ord> Ledger<K> {
    /// Returns what is known of an entity, as it stood at its last activation.
    pub(super) fn get(&self, key: K, clock: &Clock) -> Option<&Sums> {
        self.entries.get(&key).filter(|entry| entry.gone > clock.halvings()).map(|entry| &entry.sums)
    }

    /// Takes over what is known of some entities from now on, forgets those without anything and those up to a rank,
    /// and frees the memory of what is gone once that is half of all.
    pub(super) fn take(&mut self, staged: Vec<Change<K>>, floor: Option<Rank>, clock: &Clock) {
        for (key, sums) in staged {
            let before = match sums {
                Some(sums) => {
                    let gone = sums.gone(clock.rule());
                    *self.ends.entry(gone).or_default() += 1;
                    self.entries.insert(key, Entry { sums, gone })
                }
                None => self.entries.remove(&key),
            };
            if let Some(before) = before {
                self.left(before.gone);
            }
        }
        if floor.is_some() || 2 * self.len(clock) < self.entries.len() as u64 {
            let is_kept = |rank: Rank| rank.gone > clock.halvings() && floor.is_none_or(|floor| rank > floor);
            self.entries.retain(|_, entry| is_kept(entry.rank()));
            self.entries.shrink_to_fit();
            self.ends.clear();
            self.entries.values().for_each(|entry| *self.ends.entry(entry.gone).or_default() += 1);
        }
    }

    /// Returns how many entities are known.
    pub(super) fn len(&self, clock: &Clock) -> u64 {
        self.ends.range(clock.halvings() + 1..).map(|(_, count)| count).sum()
    }

    /// Returns how many entities will be known once the changes are taken over.
    pub(super) fn len_after(&self, staged: &[Change<K>], clock: &Clock) -> u64 {
        staged.iter().fold(self.len(clock), |len, &(key, sums)| {
            len + u64::from(sums.is_some()) - u64::from(self.get(key, clock).is_some())
        })
    }

    /// Returns how many entities will have each rank once the changes are taken over.
    pub(super) fn census_after(&self, staged: &[Change<K>], clock: &Clock) -> Census {
        let mut census = Census::new();
        let mut count = |rank: Rank, by: i64| {
            let ranked = census.entry(rank).or_default();
            *ranked = ranked.wrapping_add_signed(by);
        };
        self.known(clock).for_each(|(_, entry)| count(entry.rank(), 1));
        for (key, sums) in staged {
            if let Some(known) = self.entries.get(key).filter(|entry| entry.gone > clock.halvings()) {
                count(known.rank(), -1);
            }
            if let Some(sums) = sums {
                count(Rank { gone: sums.gone(clock.rule()), last: sums.last }, 1);
            }
        }
        census.retain(|_, count| *count > 0);
        census
    }

    /// Returns all known entities in order.
    pub(super) fn sorted(&self, clock: &Clock) -> Vec<(K, Sums)> {
        let mut sorted: Vec<(K, Sums)> = self.known(clock).map(|(&key, entry)| (key, entry.sums)).collect();
        sorted.sort_unstable_by_key(|entry| entry.0);
        sorted
    }

    fn known(&self, clock: &Clock) -> impl Iterator<Item = (&K, &Entry)> {
        let halvings = clock.halvings();
        self.entries.iter().filter(move |(_, entry)| entry.gone > halvings)
    }

    fn left(&mut self, gone: u32) {
        let count = self.ends.get_mut(&gone).expect("every entry is counted");
        *count -= 1;
        if *count == 0 {
            self.ends.remove(&gone);
        }
    }
}
