//! The order in which the field wants waiting documents digested.

use crate::commons::{Commons, GrantKey};
use crate::config::DocumentsFirst;
use crate::documents::Terms;
use crate::field::{Class, Type};
use crate::maps::Map;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// A waiting document, as the field ranks it: most signals first, then fewest traces, then arrival.
pub type Wanted = (Reverse<u64>, u64, GrantKey);

/// What the field has on words, where it orders documents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wishes {
    // By id.
    signals: Vec<(u128, u64)>,
    traces: Vec<(u128, u64)>,
}

impl Wishes {
    /// Returns what the field has; `None` if the order is that of arrival.
    pub fn of(commons: &Commons) -> Option<Wishes> {
        let (first, tick) = (commons.config().documents_first, commons.tick());
        let field = commons.life().field();
        if first == DocumentsFirst::Arrival || field.is_empty(tick) {
            return None;
        }
        let (mut signals, mut traces) = (Map::default(), Map::default());
        for (of, _) in field.types(tick) {
            let sums: &mut Map<u128, u64> = match of.class() {
                Class::Signal if first.senses() => &mut signals,
                Class::Trace if first.traces() && *of == Type::digested() => &mut traces,
                _ => continue,
            };
            let levels = field.levels(of, tick).into_iter();
            levels.for_each(|(concept, level)| *sums.entry(concept.0).or_default() += level);
        }
        let sorted = |sums: Map<u128, u64>| {
            let mut sums: Vec<(u128, u64)> = sums.into_iter().collect();
            sums.sort_unstable();
            sums
        };
        Some(Wishes { signals: sorted(signals), traces: sorted(traces) })
    }

    /// Returns waiting documents, given with their terms, as they are ranked. A document's signals are those of its terms,
    /// summed; its traces are the mean of those of its terms.
    pub fn rank<'a>(&self, commons: &Commons, waiting: impl IntoIterator<Item = (GrantKey, &'a Terms)>) -> Vec<Wanted> {
        let levels = |of: &[(u128, u64)]| of.iter().copied().collect::<Map<u128, u64>>();
        let (signals, traces) = (levels(&self.signals), levels(&self.traces));
        let sum = |levels: &Map<u128, u64>, terms: &Terms| -> u64 {
            if levels.is_empty() {
                return 0;
            }
            terms.iter().filter_map(|(term, _)| levels.get(&commons.id(term))).sum()
        };
        let rank = |(key, terms): (GrantKey, &Terms)| {
            let mean = sum(&traces, terms) / (terms.len() as u64).max(1);
            (Reverse(sum(&signals, terms)), mean, key)
        };
        let mut order: Vec<Wanted> = waiting.into_iter().map(rank).collect();
        order.sort_unstable();
        order
    }
}
