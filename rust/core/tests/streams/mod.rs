//! Streams of documents as concept lists, with shifts planted into them.
#![allow(dead_code, unreachable_pub)]

pub mod naive;

use crate::common::Chance;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::ids::{DocumentId, NodeId};
use phago_core::sentinel::{Alarm, Anomaly, Kind, Pair, Rule};
use phago_core::survey::anomalies::anomalies;
use phago_core::survey::lists::{Lists, ListsPart};
use phago_core::survey::pairs::{Concept, Pairs};
use std::collections::BTreeSet;

/// How the documents of one tick differ from those of others.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Kindness {
    /// Topics are equally likely in every tick.
    Plain,
    /// Each tick has a few topics of its own, and documents come with near copies.
    Clumped,
    /// Topics, and the words that all share, slowly become more or less likely.
    Drifting,
}

/// What is planted: twenty changes of one kind, one after the other, each for as many ticks as it may take to find it.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Shift {
    Nothing,
    /// A new concept comes in 6 % of all documents.
    Concept,
    /// A topic comes in a quarter of all documents, and not in a twentieth.
    Topic,
    /// Two concepts that come in 3 % of all documents each come in the same 4 %.
    Pair,
}

/// Ticks from one change to the next; the first one follows three times as many.
pub const EVERY: u64 = 40;
/// Ticks for which a change lasts.
pub const LASTS: u64 = 20;
pub const TOPICS: u64 = 20;

const OF_TOPIC: u64 = 60;
const BACKGROUND: u64 = 3000;
const GROUPS: usize = 64;
const CONCEPTS: usize = 16;
const PLANTED: u64 = BACKGROUND + TOPICS * OF_TOPIC;

/// A stream of documents, some in each tick. Concepts are numbers: those that all topics share, then those of each topic,
/// then the planted ones.
pub struct Stream {
    kind: Kindness,
    shift: Shift,
    documents: usize,
    chance: Chance,
    tick: u64,
    // Logarithms of weights, and their sums up to each place.
    topics: Vec<f64>,
    topic_sums: Vec<f64>,
    groups: Vec<f64>,
    group_sums: Vec<f64>,
}

impl Stream {
    pub fn new(kind: Kindness, shift: Shift, documents: usize, seed: u64) -> Stream {
        let (topics, groups) = (vec![0.0; TOPICS as usize], vec![0.0; GROUPS]);
        let (topic_sums, group_sums) = (Vec::new(), Vec::new());
        Stream { kind, shift, documents, chance: Chance(seed), tick: 0, topics, topic_sums, groups, group_sums }
    }

    // The number of the change that lasts, if one does.
    fn change(&self) -> Option<u64> {
        let since = self.tick.checked_sub(3 * EVERY)?;
        (self.shift != Shift::Nothing && since % EVERY < LASTS && since / EVERY < 20).then_some(since / EVERY)
    }

    fn real(&mut self) -> f64 {
        (self.chance.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    // About normal: a sum of four.
    fn normal(&mut self) -> f64 {
        ((0..4).map(|_| self.real()).sum::<f64>() - 2.0) * 3f64.sqrt()
    }

    // A number below the bound, by Zipf's law: 0 is the most likely one.
    fn zipf(&mut self, bound: u64) -> u64 {
        ((bound as f64).powf(self.real()) as u64 - 1).min(bound - 1)
    }

    /// The concept lists of the next tick.
    pub fn tick(&mut self) -> Vec<Vec<NodeId>> {
        self.tick += 1;
        if self.kind == Kindness::Drifting {
            let mut walked: Vec<f64> = self.topics.iter().chain(&self.groups).copied().collect();
            walked.iter_mut().for_each(|weight| *weight = *weight * 0.998 + 0.03 * self.normal());
            self.groups = walked.split_off(TOPICS as usize);
            self.topics = walked;
        }
        let mut weights = self.topics.clone();
        if self.kind == Kindness::Clumped {
            weights.iter_mut().for_each(|weight| *weight += 1.2 * self.normal());
        }
        if let (Shift::Topic, Some(number)) = (self.shift, self.change()) {
            weights[number as usize] += (19.0 / 3.0f64).ln();
        }
        (self.topic_sums, self.group_sums) = (sums(&weights), sums(&self.groups));
        let mut lists: Vec<Vec<u64>> = Vec::new();
        while lists.len() < self.documents {
            let list = self.document();
            let copies = if self.kind == Kindness::Clumped && self.real() < 0.1 { 1 + self.chance.below(4) } else { 0 };
            for _ in 0..copies {
                let copy = list.iter().map(|&concept| if self.real() < 0.4 { self.shared() } else { concept });
                lists.push(copy.collect());
            }
            lists.push(list);
        }
        lists.truncate(self.documents);
        lists.into_iter().map(|list| listed(&list)).collect()
    }

    fn shared(&mut self) -> u64 {
        let rank = self.zipf(BACKGROUND);
        if self.kind != Kindness::Drifting {
            return rank;
        }
        let at = self.real();
        let group = pick(&self.group_sums, at) as u64;
        (rank / GROUPS as u64 * GROUPS as u64 + group).min(BACKGROUND - 1)
    }

    fn document(&mut self) -> Vec<u64> {
        let at = self.real();
        let topic = pick(&self.topic_sums, at) as u64;
        let mut list: Vec<u64> = Vec::new();
        while list.len() < CONCEPTS {
            let shared = self.real() < 0.7;
            list.push(if shared { self.shared() } else { BACKGROUND + topic * OF_TOPIC + self.zipf(OF_TOPIC) });
        }
        match (self.shift, self.change()) {
            (Shift::Concept, Some(number)) => self.plant(&mut list, 0.06, &[number]),
            (Shift::Pair, change) => (0..20).for_each(|number| {
                if change == Some(number) {
                    self.plant(&mut list, 0.04, &[2 * number, 2 * number + 1]);
                } else {
                    self.plant(&mut list, 0.03, &[2 * number]);
                    self.plant(&mut list, 0.03, &[2 * number + 1]);
                }
            }),
            _ => {}
        }
        list
    }

    fn plant(&mut self, list: &mut Vec<u64>, share: f64, numbers: &[u64]) {
        if self.real() < share {
            list.extend(numbers.iter().map(|number| PLANTED + number));
        }
    }
}

fn sums(weights: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let add = |weight: &f64| {
        sum += weight.exp();
        sum
    };
    weights.iter().map(add).collect()
}

fn pick(sums: &[f64], at: f64) -> usize {
    let at = at * sums[sums.len() - 1];
    sums.partition_point(|&sum| sum <= at).min(sums.len() - 1)
}

fn listed(numbers: &[u64]) -> Vec<NodeId> {
    let mut list: Vec<NodeId> = numbers.iter().map(|&number| concept(number)).collect();
    list.sort_unstable();
    list.dedup();
    list
}

/// The id of a concept; ids are in no order of numbers.
pub fn concept(number: u64) -> NodeId {
    NodeId(u128::from(Chance(number).next()) << 64 | u128::from(number))
}

/// Whether an alarm is of a planted change.
fn is_of(shift: Shift, change: u64, alarm: &Alarm) -> bool {
    let number = |id: NodeId| id.0 as u64;
    match (shift, alarm.kind) {
        (Shift::Concept, Kind::New(one) | Kind::Rising(one)) => number(one) == PLANTED + change,
        (Shift::Topic, Kind::New(one) | Kind::Rising(one)) => {
            number(one).checked_sub(BACKGROUND).is_some_and(|one| one / OF_TOPIC == change)
        }
        (Shift::Pair, Kind::Pair(pair)) => {
            let [one, other] = [0, 1].map(|end| concept(PLANTED + 2 * change + end));
            Pair::new(one, other) == Some(pair)
        }
        _ => false,
    }
}

/// After how many ticks each planted change is found, sorted; `None` of those that are not found while they last.
pub fn found(shift: Shift, alarms: &[Alarm]) -> Vec<Option<u64>> {
    let mut all: Vec<Option<u64>> = (0..20)
        .map(|change| {
            let from = (3 + change) * EVERY;
            let during = |alarm: &&Alarm| (from..from + LASTS).contains(&alarm.tick) && is_of(shift, change, alarm);
            alarms.iter().find(during).map(|alarm| alarm.tick - from + 1)
        })
        .collect();
    all.sort_unstable_by_key(|ticks| ticks.unwrap_or(u64::MAX));
    all
}

/// What one tick brought: the concepts of each of its documents, by id.
#[derive(Clone, Debug, Default)]
pub struct Beat {
    pub tick: u64,
    pub lists: Vec<Vec<NodeId>>,
}

/// A history as a survey reads it. Documents are in no order of ticks.
pub fn read(history: &[Beat]) -> (Lists, Pairs) {
    let ids: BTreeSet<NodeId> = history.iter().flat_map(|beat| beat.lists.iter().flatten()).copied().collect();
    let concepts = ids.iter().zip(0..).map(|(&id, term)| Concept { id, term, df: 0 }).collect();
    let pairs = Pairs { tick: 0, documents: 0, concepts, pairs: Vec::new() };
    let (mut documents, mut entries) = (Vec::new(), Vec::new());
    for (tick, list) in history.iter().flat_map(|beat| beat.lists.iter().map(|list| (beat.tick, list))) {
        let id = DocumentId(Chance(documents.len() as u64).next().into());
        documents.push((id, list.len() as u32, tick as u32));
        entries.extend(list.iter().map(|&concept| (pairs.place(concept).unwrap(), 1u32)));
    }
    // As it comes from a node.
    let bytes = postcard::to_allocvec(&(documents, entries)).unwrap();
    let part: ListsPart = postcard::from_bytes(&bytes).unwrap();
    (Lists::join(&[part], &pairs, &Cancel::new()).unwrap(), pairs)
}

/// What departs from normal in a history.
pub fn found_in(history: &[Beat], rule: Rule, cancel: &Cancel) -> Result<Vec<Anomaly>> {
    let (lists, pairs) = read(history);
    anomalies(&lists, &pairs, rule, cancel)
}

/// All alarms of a history, in order.
pub fn alarms_of(history: &[Beat], rule: Rule) -> Vec<Alarm> {
    let found = found_in(history, rule, &Cancel::new()).unwrap();
    let mut alarms: Vec<Alarm> = found.into_iter().flat_map(|anomaly| anomaly.alarms).collect();
    alarms.sort_unstable();
    alarms
}

/// All alarms of a stream.
pub fn alarms(stream: &mut Stream, ticks: u64, rule: Rule) -> Vec<Alarm> {
    let history: Vec<Beat> = (1..=ticks).map(|tick| Beat { tick, lists: stream.tick() }).collect();
    alarms_of(&history, rule)
}

/// The name of an alarm's kind.
pub fn name(alarm: &Alarm) -> String {
    let kind = format!("{:?}", alarm.kind);
    kind.split(|sign: char| !sign.is_alphabetic()).next().unwrap_or("").to_owned()
}
