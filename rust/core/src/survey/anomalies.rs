//! What departed from normal in the history of a colony.
//!
//! The sentinel looks at the ticks that digested documents, one after the other. All that it learns follows from the
//! documents that stand, with the ticks that digested them: so nothing of it is kept, a tick costs nothing for it, and a
//! document that is deleted was never seen. A document that is updated is seen when its new content is digested.
//!
//! One concept is judged after the other, with the pairs whose other end has the larger place. So beside the lists there
//! are their numbers turned round, and at most as much again for the pairs of the one concept.

use super::holders::Holders;
use super::lists::Lists;
use super::pace::Pace;
use super::pairs::Pairs;
use crate::Result;
use crate::cancel::Cancel;
use crate::ids::{NodeId, Tick};
use crate::maps::Set;
use crate::sentinel::{Alarm, Anomaly, Bearer, COUNT_MIN, Kind, LEARNING, Pair, Rule, Sentinel, group};

/// Returns what departed from normal, in the order of the first alarms, by the documents that stand.
///
/// # Errors
/// [`crate::Error::Cancelled`] once the flag is set; [`crate::Error::Config`] for a rule outside of its bounds.
pub fn anomalies(lists: &Lists, pairs: &Pairs, rule: Rule, cancel: &Cancel) -> Result<Vec<Anomaly>> {
    let mut sentinel = Sentinel::new(rule)?;
    let mut pace = Pace::new(cancel);
    let mut order: Vec<u32> = (0..lists.len() as u32).collect();
    order.sort_by_key(|document| lists.tick(*document as usize));
    let history = History::of(lists, pairs.concepts.len(), &order, &mut sentinel, &mut pace)?;
    // Before it has learned, it tells of nothing.
    if sentinel.beats() <= LEARNING {
        return Ok(Vec::new());
    }
    let holders = Holders::of(lists, pairs.concepts.len(), &order, &mut pace)?;
    let mut alarms = sentinel.vocabulary(&history.new).alarms;
    let mut raised: Set<(NodeId, Tick)> = Set::default();
    let mut beats: Vec<u32> = Vec::new();
    for (place, concept) in (0..).zip(&pairs.concepts) {
        beats.clear();
        beats.extend(holders.holding(place).iter().map(|&document| history.beats[document as usize]));
        pace.steps(1 + beats.len())?;
        let told = sentinel.concept(concept.id, &beats);
        alarms.extend(told.alarms);
        raised.extend(told.raised.into_iter().map(|tick| (concept.id, tick)));
    }
    // Of what is in fewer documents nothing is ever told, and that is most.
    let is_watched = |place: u32| holders.holding(place).len() as u64 >= COUNT_MIN;
    // The larger concepts of each document with a concept, by place, with the beat.
    let mut larger: Vec<(u32, u32)> = Vec::new();
    for place in (0..pairs.concepts.len() as u32).filter(|place| is_watched(*place)) {
        larger.clear();
        for &document in holders.holding(place) {
            let list = lists.list(document as usize);
            let list = &list[list.partition_point(|entry| entry.place <= place)..];
            pace.steps(1 + list.len())?;
            let watched = list.iter().filter(|entry| is_watched(entry.place));
            larger.extend(watched.map(|entry| (entry.place, history.beats[document as usize])));
        }
        larger.sort_unstable();
        let of_pairs = larger.chunk_by(|one, next| one.0 == next.0);
        for together in of_pairs.filter(|together| together.len() as u64 >= COUNT_MIN) {
            pace.steps(together.len())?;
            let Some(pair) = Pair::new(pairs.id(place), pairs.id(together[0].0)) else { continue };
            beats.clear();
            beats.extend(together.iter().map(|(_, beat)| beat));
            alarms.extend(sentinel.pair(pair, &beats).alarms);
        }
    }
    // A concept that is frequent of a sudden is with many others of a sudden, and that says nothing more.
    let is_explained = |alarm: &Alarm| {
        matches!(alarm.kind, Kind::Pair(_)) && alarm.kind.concepts().any(|end| raised.contains(&(end, alarm.tick)))
    };
    alarms.retain(|alarm| !is_explained(alarm));
    let bearer = |document: usize| Bearer {
        document: lists.documents()[document],
        tick: lists.tick(document),
        concepts: lists.list(document).iter().map(|entry| pairs.id(entry.place)).collect(),
        new: history.brought[document],
    };
    let bearers: Vec<Bearer> = if alarms.is_empty() { Vec::new() } else { (0..lists.len()).map(bearer).collect() };
    Ok(group(&alarms, &bearers))
}

// What each document is to the sentinel.
struct History {
    // By document: the beat that digested it.
    beats: Vec<u32>,
    // By document: how many of its concepts no document had wired in an earlier beat.
    brought: Vec<u32>,
    // For each concept, in order, the beat that wired it first.
    new: Vec<u32>,
}

impl History {
    // Tells the sentinel of every beat. `order` has the documents by tick.
    fn of(
        lists: &Lists,
        concepts: usize,
        order: &[u32],
        sentinel: &mut Sentinel,
        pace: &mut Pace<'_>,
    ) -> Result<History> {
        let (beats, brought) = (vec![0; lists.len()], vec![0; lists.len()]);
        let mut history = History { beats, brought, new: Vec::with_capacity(concepts) };
        let mut is_known = vec![false; concepts];
        for digested in order.chunk_by(|one, next| lists.tick(*one as usize) == lists.tick(*next as usize)) {
            let list = |document: &u32| lists.list(*document as usize);
            let tick = lists.tick(digested[0] as usize);
            let beat = sentinel.beat(tick, digested.iter().map(|document| list(document).len()));
            for document in digested {
                pace.steps(1 + list(document).len())?;
                let unknown = list(document).iter().filter(|entry| !is_known[entry.place as usize]);
                history.brought[*document as usize] = unknown.count() as u32;
                history.beats[*document as usize] = beat;
            }
            for entry in digested.iter().flat_map(list) {
                if !std::mem::replace(&mut is_known[entry.place as usize], true) {
                    history.new.push(beat);
                }
            }
        }
        Ok(history)
    }
}
