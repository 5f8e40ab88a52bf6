//! Streams of documents as concept lists, with shifts planted into them.
#![allow(dead_code, unreachable_pub)]

use crate::common::Chance;
use phago_core::ids::NodeId;
use phago_core::sentinel::{Alarm, Kind, Pair, Rule, Seen, Sentinel};

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

/// What changes at a tick.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Shift {
    Nothing,
    /// A concept comes in 6 % of documents more.
    Concept,
    /// A topic comes four times as often.
    Topic,
    /// Two concepts that come in 6 % each come together, and as often as before.
    Pair,
}

pub const TOPICS: u64 = 20;
const OF_TOPIC: u64 = 60;
const BACKGROUND: u64 = 3000;
const CONCEPTS: usize = 16;

/// A stream. Concepts are numbers: those that all topics share, then those of each topic, then the planted ones.
pub struct Stream {
    pub kind: Kindness,
    pub shift: Shift,
    pub from: u64,
    pub documents: u64,
    chance: Chance,
    tick: u64,
    // Logarithms of weights.
    topics: Vec<f64>,
    background: Vec<f64>,
}

impl Stream {
    pub fn new(kind: Kindness, shift: Shift, from: u64, documents: u64, seed: u64) -> Stream {
        let (topics, background) = (vec![0.0; TOPICS as usize], vec![0.0; 64]);
        Stream { kind, shift, from, documents, chance: Chance(seed), tick: 0, topics, background }
    }

    fn real(&mut self) -> f64 {
        (self.chance.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    // About normal: a sum of four.
    fn normal(&mut self) -> f64 {
        ((0..4).map(|_| self.real()).sum::<f64>() - 2.0) * 3f64.sqrt()
    }

    // A number below the bound, 0 the most likely: by Zipf's law.
    fn zipf(&mut self, bound: u64) -> u64 {
        ((bound as f64).powf(self.real()) as u64 - 1).min(bound - 1)
    }

    fn weighted(&mut self, weights: &[f64]) -> usize {
        let total: f64 = weights.iter().map(|weight| weight.exp()).sum();
        let mut left = self.real() * total;
        weights
            .iter()
            .position(|weight| {
                left -= weight.exp();
                left < 0.0
            })
            .unwrap_or(0)
    }

    /// The concept lists of the next tick.
    pub fn tick(&mut self) -> Vec<Vec<NodeId>> {
        self.tick += 1;
        if self.kind == Kindness::Drifting {
            for place in 0..self.topics.len() {
                self.topics[place] = self.topics[place] * 0.998 + 0.03 * self.normal();
            }
            for place in 0..self.background.len() {
                self.background[place] = self.background[place] * 0.998 + 0.03 * self.normal();
            }
        }
        let mut weights = self.topics.clone();
        if self.kind == Kindness::Clumped {
            weights.iter_mut().for_each(|weight| *weight += 1.2 * self.normal());
        }
        let shifted = self.tick >= self.from;
        if shifted && self.shift == Shift::Topic {
            weights[7] += 4f64.ln();
        }
        let mut lists: Vec<Vec<u64>> = Vec::new();
        while (lists.len() as u64) < self.documents {
            let list = self.document(&weights, shifted);
            let copies = if self.kind == Kindness::Clumped && self.real() < 0.1 { 1 + self.chance.below(4) } else { 0 };
            for _ in 0..copies {
                let mut copy = list.clone();
                for place in 0..copy.len() {
                    if self.real() < 0.4 {
                        copy[place] = self.shared();
                    }
                }
                lists.push(copy);
            }
            lists.push(list);
        }
        lists.truncate(self.documents as usize);
        lists.into_iter().map(|list| listed(&list)).collect()
    }

    fn shared(&mut self) -> u64 {
        let rank = self.zipf(BACKGROUND);
        if self.kind != Kindness::Drifting {
            return rank;
        }
        // 64 groups of words that drift together.
        let group = self.weighted(&self.background.clone()) as u64;
        rank / 64 * 64 + group
    }

    fn document(&mut self, weights: &[f64], shifted: bool) -> Vec<u64> {
        let topic = self.weighted(weights) as u64;
        let mut list: Vec<u64> = Vec::new();
        while list.len() < CONCEPTS {
            let concept = if self.real() < 0.7 {
                self.shared()
            } else {
                BACKGROUND + topic * OF_TOPIC + self.zipf(OF_TOPIC)
            };
            list.push(concept);
        }
        match self.shift {
            Shift::Concept if shifted => {
                if self.real() < 0.06 {
                    list.push(planted(0));
                }
            }
            Shift::Pair if shifted => {
                if self.real() < 0.06 {
                    list.extend([planted(1), planted(2)]);
                }
            }
            Shift::Pair => (1..3).for_each(|one| {
                if self.real() < 0.06 {
                    list.push(planted(one));
                }
            }),
            _ => {}
        }
        list
    }
}

fn planted(number: u64) -> u64 {
    BACKGROUND + TOPICS * OF_TOPIC + number
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

/// Whether an alarm is of what was planted.
pub fn is_of(shift: Shift, alarm: &Alarm) -> bool {
    let number = |id: NodeId| id.0 as u64;
    match (shift, alarm.kind) {
        (Shift::Concept, Kind::New(one) | Kind::Rising(one)) => number(one) == planted(0),
        (Shift::Topic, Kind::New(one) | Kind::Rising(one)) => {
            let first = BACKGROUND + 7 * OF_TOPIC;
            (first..first + OF_TOPIC).contains(&number(one))
        }
        (Shift::Pair, Kind::Pair(pair)) => pair == Pair::new(concept(planted(1)), concept(planted(2))).unwrap(),
        _ => false,
    }
}

/// Counts lists; a concept is new that was never seen.
pub fn seen(lists: &[Vec<NodeId>], known: &mut std::collections::BTreeSet<NodeId>) -> Seen {
    let borrowed: Vec<&[NodeId]> = lists.iter().map(|list| &**list).collect();
    let new: Vec<NodeId> = lists.iter().flatten().copied().filter(|&concept| known.insert(concept)).collect();
    Seen::count(&borrowed, |_| true).with_new(new)
}

/// All alarms of a stream.
pub fn alarms(stream: &mut Stream, ticks: u64, rule: Rule) -> Vec<Alarm> {
    let (mut sentinel, mut known) = (Sentinel::new(rule).unwrap(), Default::default());
    let mut all = Vec::new();
    for tick in 1..=ticks {
        let lists = stream.tick();
        all.extend(sentinel.observe(tick, &seen(&lists, &mut known)).unwrap());
    }
    all
}
