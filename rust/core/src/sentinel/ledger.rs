//! What is learned of all entities of one kind, at one home.

use super::clock::Clock;
use super::report::Census;
use super::rule::Rule;
use super::sums::Sums;
use crate::maps::Map;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::hash::Hash;

/// The order in which entities are forgotten: first those of which halving leaves nothing soonest, then those that were
/// activated longest ago. Entities of one rank leave together.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Deserialize, Serialize)]
pub struct Rank {
    /// The epoch with which nothing is left.
    pub gone: u32,
    /// The beat of the last activation.
    pub last: u32,
}

impl Rank {
    pub(super) fn of(sums: &Sums, rule: &Rule) -> Rank {
        Rank { gone: sums.gone(rule), last: sums.last }
    }
}

/// What is known of an entity from now on; nothing if it is forgotten.
pub(super) type Change<K> = (K, Option<Sums>);

/// Entities with their sums. One of which nothing is left is gone, and its memory is freed later: that does not show.
#[derive(Clone, Debug)]
pub(super) struct Ledger<K> {
    entries: Map<K, Sums>,
    // How many of the entries are gone with each epoch.
    ends: BTreeMap<u32, u64>,
}

impl<K> Default for Ledger<K> {
    fn default() -> Self {
        Ledger { entries: Map::default(), ends: BTreeMap::new() }
    }
}

impl<K: Copy + Eq + Hash + Ord> Ledger<K> {
    /// Returns what is known of an entity, as it stood at its last activation.
    pub(super) fn get(&self, key: K, clock: &Clock) -> Option<&Sums> {
        let rule = clock.rule();
        self.entries.get(&key).filter(|sums| sums.gone(rule) > rule.epoch(clock.beat()))
    }

    /// Takes over what is known of some entities from now on, forgets those without anything and those up to a rank,
    /// and frees the memory of what is gone once that is half of all.
    pub(super) fn take(&mut self, staged: Vec<Change<K>>, floor: Option<Rank>, clock: &Clock) {
        let (rule, epoch) = (*clock.rule(), clock.rule().epoch(clock.beat()));
        for (key, sums) in staged {
            if let Some(sums) = sums {
                *self.ends.entry(sums.gone(&rule)).or_default() += 1;
            }
            let before = match sums {
                Some(sums) => self.entries.insert(key, sums),
                None => self.entries.remove(&key),
            };
            if let Some(before) = before {
                self.left(before.gone(&rule));
            }
        }
        let is_kept = |rank: Rank| rank.gone > epoch && floor.is_none_or(|floor| rank > floor);
        if floor.is_some() || 2 * self.len(clock) < self.entries.len() as u64 {
            self.entries.retain(|_, sums| is_kept(Rank::of(sums, &rule)));
            self.entries.shrink_to_fit();
            self.ends.clear();
            self.entries.values().for_each(|sums| *self.ends.entry(sums.gone(&rule)).or_default() += 1);
        }
    }

    /// Returns how many entities are known.
    pub(super) fn len(&self, clock: &Clock) -> u64 {
        self.ends.range(clock.rule().epoch(clock.beat()) + 1..).map(|(_, count)| count).sum()
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
        let mut count = |sums: &Sums, by: i64| {
            let ranked = census.entry(Rank::of(sums, clock.rule())).or_default();
            *ranked = ranked.wrapping_add_signed(by);
        };
        self.known(clock).for_each(|(_, sums)| count(sums, 1));
        for &(key, sums) in staged {
            self.get(key, clock).into_iter().for_each(|sums| count(sums, -1));
            sums.iter().for_each(|sums| count(sums, 1));
        }
        census.retain(|_, count| *count > 0);
        census
    }

    /// Returns all known entities in order.
    pub(super) fn sorted(&self, clock: &Clock) -> Vec<(K, Sums)> {
        let mut sorted: Vec<(K, Sums)> = self.known(clock).map(|(&key, &sums)| (key, sums)).collect();
        sorted.sort_unstable_by_key(|entry| entry.0);
        sorted
    }

    fn known(&self, clock: &Clock) -> impl Iterator<Item = (&K, &Sums)> {
        let (rule, epoch) = (*clock.rule(), clock.rule().epoch(clock.beat()));
        self.entries.iter().filter(move |(_, sums)| sums.gone(&rule) > epoch)
    }

    fn left(&mut self, gone: u32) {
        let count = self.ends.get_mut(&gone).expect("every entry is counted");
        *count -= 1;
        if *count == 0 {
            self.ends.remove(&gone);
        }
    }
}
