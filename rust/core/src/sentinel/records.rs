//! The state of parts as plain records, in one order: what a digest hashes and a checkpoint keeps.

use super::clock::Clock;
use super::ledger::Ledger;
use super::part::Part;
use super::seen::Pair;
use super::silence::Silence;
use super::sums::Sums;
use crate::ids::NodeId;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::hash::Hash;

/// What is known of one entity.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Record<K> {
    /// The concept or pair.
    pub key: K,
    /// Its sums, as they stood at its last activation.
    pub sums: Sums,
}

/// Everything that parts know, in the order of ids. It is a function of what was observed, whatever is still in memory.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Records {
    /// Concepts, in order.
    pub concepts: Vec<Record<NodeId>>,
    /// Pairs, in order.
    pub pairs: Vec<Record<Pair>>,
}

impl Records {
    /// Adds the records of other homes.
    pub fn merge(&mut self, other: Records) {
        self.concepts.extend(other.concepts);
        self.concepts.sort_unstable_by_key(|record| record.key);
        self.pairs.extend(other.pairs);
        self.pairs.sort_unstable_by_key(|record| record.key);
    }

    /// Returns the records of one home.
    #[must_use]
    pub fn of(&self, is_home: impl Fn(NodeId) -> bool) -> Records {
        let concepts = self.concepts.iter().filter(|record| is_home(record.key)).copied().collect();
        Records { concepts, pairs: self.pairs.iter().filter(|record| is_home(record.key.source())).copied().collect() }
    }
}

impl Part {
    /// Returns its records.
    pub fn records(&self, clock: &Clock) -> Records {
        Records { concepts: write(&self.concepts, clock), pairs: write(&self.pairs, clock) }
    }

    /// Makes a part of records, as they were with this clock.
    ///
    /// # Errors
    /// [`Error::Wire`] for records that are out of order, or that no part has with this clock.
    pub fn read(records: &Records, clock: &Clock) -> Result<Part> {
        let concepts = read(&records.concepts, clock)?;
        let silence = Silence::of(&concepts, clock);
        Ok(Part { concepts, pairs: read(&records.pairs, clock)?, silence })
    }
}

fn write<K: Copy + Eq + Hash + Ord>(ledger: &Ledger<K>, clock: &Clock) -> Vec<Record<K>> {
    ledger.sorted(clock).into_iter().map(|(key, sums)| Record { key, sums }).collect()
}

fn read<K: Copy + Eq + Hash + Ord>(records: &[Record<K>], clock: &Clock) -> Result<Ledger<K>> {
    let odd = |reason: &str| Err(Error::Wire { what: "sentinel", reason: reason.into() });
    if !records.is_sorted_by(|one, next| one.key < next.key) {
        return odd("its records are out of order");
    }
    for Record { sums, .. } in records {
        let is_alive = sums.gone(clock.rule()) > clock.halvings();
        if sums.last == 0 || sums.last > clock.beat() || sums.seen_last() == 0 || !is_alive {
            return odd("it has sums of another beat");
        }
        // An activation adds no less to the squares than to the sum, and halving keeps it so.
        if sums.squares < sums.before.into() {
            return odd("its squares are less than its sums");
        }
    }
    let mut ledger = Ledger::default();
    ledger.take(records.iter().map(|record| (record.key, Some(record.sums))).collect(), None, clock);
    Ok(ledger)
}
