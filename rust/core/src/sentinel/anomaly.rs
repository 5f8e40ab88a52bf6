//! Puts alarms together that are of the same documents: one change sets off many.

use super::alarm::{Alarm, Kind};
use crate::ids::{DocumentId, NodeId, Tick};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The most documents that an anomaly names.
pub const EVIDENCE_MAX: usize = 8;

/// A digested document that may bear alarms.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bearer {
    /// The document.
    pub document: DocumentId,
    /// The tick that digested it.
    pub tick: Tick,
    /// Its concepts, of which those that no alarm is about may be missing.
    pub concepts: Vec<NodeId>,
    /// How many of its concepts no document had wired before.
    pub new: u32,
}

impl Bearer {
    // Returns whether it holds what an alarm is about, in the ticks that the alarm is about.
    fn bears(&self, alarm: &Alarm) -> bool {
        match alarm.kind {
            Kind::Fading(_) => self.tick <= alarm.since,
            _ if !(alarm.since..=alarm.tick).contains(&self.tick) => false,
            Kind::Vocabulary => self.new > 0,
            Kind::New(_) | Kind::Rising(_) => true,
            Kind::Pair(pair) => [pair.source(), pair.target()].iter().all(|end| self.concepts.contains(end)),
        }
    }
}

/// Alarms of the same documents.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Anomaly {
    /// Its alarms, the strongest first. There is at least one.
    pub alarms: Vec<Alarm>,
    /// The tick of the first of them.
    pub tick: Tick,
    /// The tick since which it departs from normal.
    pub since: Tick,
    /// Up to [`EVIDENCE_MAX`] of its documents: first those that bear most of its alarms, then the latest, then by id.
    pub evidence: Vec<DocumentId>,
    /// How many documents bear any of its alarms.
    pub documents: u64,
}

/// Puts alarms into anomalies. Two belong together if at least half of the documents that bear the one with fewer bear
/// the other too; so do all that belong to a third. What fades and what rises stay apart. `bearers` are the digested
/// documents that hold concepts of the alarms, each once, in any order.
///
/// The anomalies are in the order of their first alarms.
pub fn group(alarms: &[Alarm], bearers: &[Bearer]) -> Vec<Anomaly> {
    let mut alarms = alarms.to_vec();
    alarms.sort_unstable();
    alarms.dedup();
    let (by_document, by_alarm) = bearings(&alarms, bearers);
    let mut groups = Groups((0..alarms.len()).collect());
    let mut shared = vec![0; alarms.len()];
    for (one, documents) in by_alarm.iter().enumerate() {
        shared.fill(0);
        documents.iter().flat_map(|&document| &by_document[document]).for_each(|&other| shared[other] += 1);
        for (other, &both) in shared.iter().enumerate().skip(one + 1) {
            let fewer = documents.len().min(by_alarm[other].len());
            if both > 0 && 2 * both >= fewer && fades(&alarms[one]) == fades(&alarms[other]) {
                groups.join(one, other);
            }
        }
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    (0..alarms.len()).for_each(|alarm| members.entry(groups.first(alarm)).or_default().push(alarm));
    members.into_values().map(|group| anomaly(&group, &alarms, bearers, &by_alarm)).collect()
}

fn fades(alarm: &Alarm) -> bool {
    matches!(alarm.kind, Kind::Fading(_))
}

// Returns the alarms that each document bears, and the documents that bear each alarm.
fn bearings(alarms: &[Alarm], bearers: &[Bearer]) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
    // An alarm is looked for where the first of its concepts is.
    let mut about: BTreeMap<Option<NodeId>, Vec<usize>> = BTreeMap::new();
    for (number, alarm) in alarms.iter().enumerate() {
        about.entry(alarm.kind.concepts().next()).or_default().push(number);
    }
    let mut by_alarm = vec![Vec::new(); alarms.len()];
    let mut by_document = Vec::with_capacity(bearers.len());
    for (document, bearer) in bearers.iter().enumerate() {
        let keys = bearer.concepts.iter().copied().map(Some).chain([None]);
        let near = keys.filter_map(|key| about.get(&key)).flatten().copied();
        let mut borne: Vec<usize> = near.filter(|&alarm| bearer.bears(&alarms[alarm])).collect();
        borne.sort_unstable();
        borne.dedup();
        borne.iter().for_each(|&alarm| by_alarm[alarm].push(document));
        by_document.push(borne);
    }
    (by_document, by_alarm)
}

fn anomaly(group: &[usize], alarms: &[Alarm], bearers: &[Bearer], by_alarm: &[Vec<usize>]) -> Anomaly {
    let mut borne: BTreeMap<usize, usize> = BTreeMap::new();
    for &document in group.iter().flat_map(|&alarm| &by_alarm[alarm]) {
        *borne.entry(document).or_default() += 1;
    }
    let documents = borne.len() as u64;
    let mut evidence: Vec<_> = borne
        .into_iter()
        .map(|(document, count)| (Reverse(count), Reverse(bearers[document].tick), bearers[document].document))
        .collect();
    evidence.sort_unstable();
    let mut own: Vec<Alarm> = group.iter().map(|&alarm| alarms[alarm]).collect();
    let tick = own[0].tick;
    let since = own.iter().map(|alarm| alarm.since).min().unwrap_or(tick);
    // The sort is stable: equally strong ones stay in order.
    own.sort_by(|one, other| other.counts.strength().total_cmp(&one.counts.strength()));
    let evidence = evidence.into_iter().take(EVIDENCE_MAX).map(|entry| entry.2).collect();
    Anomaly { alarms: own, tick, since, evidence, documents }
}

// Sets of numbers that are joined; each is known by its smallest.
struct Groups(Vec<usize>);

impl Groups {
    fn first(&mut self, mut of: usize) -> usize {
        while self.0[of] != of {
            self.0[of] = self.0[self.0[of]];
            of = self.0[of];
        }
        of
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        self.0[one.max(other)] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sentinel::{Counts, Pair, Past};

    fn alarm(kind: Kind, tick: Tick, since: Tick, count: u64) -> Alarm {
        let past = Past { beats: 50, sum: 10_000, squares: 1_000_000 };
        let (count_squares, of, of_squares, before, squares) = (count, 1000, 100_000, 10, 10);
        Alarm { tick, kind, since, counts: Counts { count, count_squares, of, of_squares, before, squares, past } }
    }

    fn bearer(document: u128, tick: Tick, concepts: &[u128], new: u32) -> Bearer {
        let concepts = concepts.iter().copied().map(NodeId).collect();
        Bearer { document: DocumentId(document), tick, concepts, new }
    }

    #[test]
    fn alarms_of_the_same_documents_are_one_anomaly() {
        let rising = |concept: u128, count| alarm(Kind::Rising(NodeId(concept)), 50, 45, count);
        let pair = alarm(Kind::Pair(Pair::new(NodeId(1), NodeId(2)).unwrap()), 50, 46, 20);
        let alarms = [rising(1, 30), rising(2, 40), rising(9, 30), pair];
        let bearers = [
            bearer(10, 45, &[1, 2, 3], 0),
            bearer(11, 47, &[2, 1], 0),
            bearer(12, 48, &[1, 9], 0),
            bearer(13, 48, &[2, 9], 0),
            bearer(14, 49, &[9], 0),
            bearer(15, 49, &[9], 0),
            bearer(16, 49, &[1, 2], 0),
            // Too early and too late.
            bearer(17, 44, &[1, 2, 9], 0),
            bearer(18, 51, &[1, 2, 9], 0),
        ];
        let found = group(&alarms, &bearers);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].alarms, [alarms[1], alarms[0], alarms[3]]);
        assert_eq!((found[0].tick, found[0].since, found[0].documents), (50, 45, 5));
        assert_eq!(found[0].evidence, [16, 11, 10, 12, 13].map(DocumentId));
        assert_eq!(found[1].alarms, [alarms[2]]);
        assert_eq!(found[1].evidence, [14, 15, 12, 13].map(DocumentId));
        let (mut turned, mut shuffled) = (alarms, bearers);
        turned.reverse();
        shuffled.reverse();
        assert_eq!(group(&turned, &shuffled), found);
    }

    #[test]
    fn new_words_belong_to_the_documents_that_bring_them() {
        let alarms = [alarm(Kind::New(NodeId(1)), 50, 48, 9), alarm(Kind::Vocabulary, 50, 48, 60)];
        let bearers = [bearer(10, 48, &[1], 4), bearer(11, 49, &[1], 5), bearer(12, 49, &[5], 0)];
        let found = group(&alarms, &bearers);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].alarms[0], found[0].documents), (alarms[1], 2));
    }

    #[test]
    fn what_fades_is_shown_by_what_was_and_stays_apart_from_what_rises() {
        let fading = |concept| alarm(Kind::Fading(NodeId(concept)), 80, 50, 0);
        let alarms = [alarm(Kind::Rising(NodeId(1)), 50, 45, 30), fading(1), fading(2)];
        let bearers = [bearer(10, 45, &[1, 2], 0), bearer(11, 47, &[1, 2], 0), bearer(12, 60, &[7], 0)];
        let found = group(&alarms, &bearers);
        let of: Vec<Vec<Alarm>> = found.iter().map(|anomaly| anomaly.alarms.clone()).collect();
        assert_eq!(of, [alarms[..1].to_vec(), alarms[1..].to_vec()]);
        assert_eq!(found[1].evidence, [11, 10].map(DocumentId));
    }

    #[test]
    fn without_documents_every_alarm_stands_alone() {
        let alarms = [alarm(Kind::New(NodeId(1)), 50, 48, 9), alarm(Kind::Vocabulary, 51, 48, 60)];
        let found = group(&alarms, &[]);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|anomaly| anomaly.evidence.is_empty() && anomaly.documents == 0));
        assert!(group(&[], &[bearer(1, 1, &[1], 1)]).is_empty());
    }
}
