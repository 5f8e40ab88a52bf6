//! What departed from normal in the history of a colony.
//!
//! The sentinel looks at the ticks that digested documents, one after the other. All that it learns follows from the
//! documents that stand, with the ticks that digested them: so nothing of it is kept, a tick costs nothing for it, and a
//! document that is deleted was never seen. A document that is updated is seen when its new content is digested.

use super::lists::Lists;
use super::pace::Pace;
use super::pairs::Pairs;
use crate::Result;
use crate::cancel::Cancel;
use crate::ids::NodeId;
use crate::maps::Map;
use crate::sentinel::{Alarm, Anomaly, Bearer, COUNT_MIN, Kind, LEARNING, Pair, Rule, Seen, Sentinel, Totals, group};

/// Returns what departed from normal, in the order of the first alarms, by the documents that stand.
///
/// # Errors
/// [`crate::Error::Cancelled`] once the flag is set; [`crate::Error::Config`] for a rule outside of its bounds.
pub fn anomalies(lists: &Lists, pairs: &Pairs, rule: Rule, cancel: &Cancel) -> Result<Vec<Anomaly>> {
    let mut sentinel = Sentinel::new(rule)?;
    let mut order: Vec<u32> = (0..lists.len() as u32).collect();
    order.sort_by_key(|document| lists.tick(*document as usize));
    let beats: Vec<&[u32]> =
        order.chunk_by(|one, next| lists.tick(*one as usize) == lists.tick(*next as usize)).collect();
    // Before it has learned, it tells of nothing.
    if beats.len() <= LEARNING as usize {
        return Ok(Vec::new());
    }
    let mut pace = Pace::new(cancel);
    let frequent = frequent(lists, &mut pace)?;
    let mut is_known = vec![false; pairs.concepts.len()];
    // By document: how many of its concepts no document had wired before.
    let mut brought = vec![0u32; lists.len()];
    let mut alarms = Vec::new();
    for beat in beats {
        let (mut concepts, mut together, mut new) = (Vec::new(), Vec::new(), Vec::new());
        let mut totals = Totals::default();
        for &document in beat {
            let list = lists.list(document as usize);
            pace.steps(list.len() * list.len())?;
            totals.add(list.len() as u64);
            concepts.extend(list.iter().map(|entry| (pairs.id(entry.place), 1)));
            for (at, one) in list.iter().enumerate() {
                for other in &list[at + 1..] {
                    if frequent.contains_key(&ends(one.place, other.place)) {
                        together.extend(Pair::new(pairs.id(one.place), pairs.id(other.place)).map(|pair| (pair, 1)));
                    }
                }
            }
        }
        for &document in beat {
            let unknown = lists.list(document as usize).iter().filter(|entry| !is_known[entry.place as usize]);
            let unknown: Vec<NodeId> = unknown.map(|entry| pairs.id(entry.place)).collect();
            brought[document as usize] = unknown.len() as u32;
            new.extend(unknown);
        }
        beat.iter().flat_map(|&document| lists.list(document as usize)).for_each(|entry| {
            is_known[entry.place as usize] = true;
        });
        let seen = Seen::new(concepts, together).with_new(new);
        let told = sentinel.observe_of(lists.tick(beat[0] as usize), totals, &seen, cancel)?;
        // A concept that is frequent of a sudden is with many others of a sudden, and that says nothing more.
        let is_explained = |alarm: &Alarm| {
            matches!(alarm.kind, Kind::Pair(_)) && alarm.kind.concepts().any(|end| sentinel.is_raised(end))
        };
        alarms.extend(told.into_iter().filter(|alarm| !is_explained(alarm)));
    }
    let bearer = |document: usize| Bearer {
        document: lists.documents()[document],
        tick: lists.tick(document),
        concepts: lists.list(document).iter().map(|entry| pairs.id(entry.place)).collect(),
        new: brought[document],
    };
    let bearers: Vec<Bearer> = if alarms.is_empty() { Vec::new() } else { (0..lists.len()).map(bearer).collect() };
    Ok(group(&alarms, &bearers))
}

fn ends(one: u32, other: u32) -> u64 {
    u64::from(one.min(other)) << 32 | u64::from(one.max(other))
}

// Returns the pairs that occur often enough to be told of ever. Of the others, which most are, nothing need be learned.
fn frequent(lists: &Lists, pace: &mut Pace<'_>) -> Result<Map<u64, u32>> {
    let mut counts: Map<u64, u32> = Map::default();
    for document in 0..lists.len() {
        let list = lists.list(document);
        pace.steps(list.len() * list.len())?;
        for (at, one) in list.iter().enumerate() {
            for other in &list[at + 1..] {
                *counts.entry(ends(one.place, other.place)).or_default() += 1;
            }
        }
    }
    counts.retain(|_, count| u64::from(*count) >= COUNT_MIN);
    Ok(counts)
}
