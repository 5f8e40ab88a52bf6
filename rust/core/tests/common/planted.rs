//! Documents of planted topics, and how well they are found.

use super::{Chance, colony};
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use std::collections::BTreeMap;

/// What a corpus is made of. A document has 40 to 120 words: seven of ten are of no topic, of the others one in eight is
/// of a foreign topic. A topic has 40 words.
#[derive(Clone)]
pub struct Corpus {
    pub seed: u64,
    pub topics: u64,
    pub documents: usize,
    /// How many words of no topic there are. The more, the rarer they are, and salience prefers rare words.
    pub other_words: u64,
    pub bridges: u64,
    /// So many documents have the word of a bridge, half of them of either topic.
    pub documents_of_a_bridge: u64,
    /// Whether all words change places with one another, over all documents.
    pub is_shuffled: bool,
}

impl Corpus {
    pub fn new(seed: u64, topics: u64, documents: usize) -> Corpus {
        Corpus { seed, topics, documents, other_words: 1000, bridges: 0, documents_of_a_bridge: 0, is_shuffled: false }
    }

    /// The topic and the text of each document.
    pub fn texts(&self) -> Vec<(u64, String)> {
        let mut chance = Chance(self.seed);
        let mut all: Vec<(u64, Vec<String>)> = (0..self.documents)
            .map(|_| {
                let topic = chance.below(self.topics);
                (topic, (0..40 + chance.below(81)).map(|_| self.word(topic, &mut chance)).collect())
            })
            .collect();
        for bridge in 0..self.bridges {
            let sides = self.sides(bridge);
            for topic in sides {
                let mut of_topic: Vec<usize> = (0..all.len()).filter(|at| all[*at].0 == topic).collect();
                chance.shuffle(&mut of_topic);
                let some = of_topic.iter().take(self.documents_of_a_bridge as usize / 2);
                some.for_each(|at| all[*at].1.push(bridge_word(bridge)));
            }
        }
        if self.is_shuffled {
            let mut words: Vec<String> = all.iter().flat_map(|(_, words)| words.iter().cloned()).collect();
            chance.shuffle(&mut words);
            all.iter_mut().flat_map(|(_, words)| words.iter_mut()).zip(words).for_each(|(old, new)| *old = new);
        }
        all.into_iter().map(|(topic, words)| (topic, words.join(" "))).collect()
    }

    /// The two topics that a bridge joins.
    pub fn sides(&self, bridge: u64) -> [u64; 2] {
        [bridge % self.topics, (bridge + 1 + bridge / self.topics) % self.topics]
    }

    fn word(&self, topic: u64, chance: &mut Chance) -> String {
        if chance.below(10) < 7 {
            return word("b", chance.below(self.other_words).min(chance.below(self.other_words)));
        }
        let topic = if chance.below(8) == 0 { chance.below(self.topics) } else { topic };
        word("t", topic * 40 + chance.below(40).min(chance.below(40)))
    }

    /// A colony that has digested the corpus, on so many shards.
    pub fn digested(&self, shards: u32) -> Colony {
        let mut colony = colony(&ColonyConfig::default(), shards);
        ingest(&mut colony, &self.texts(), 0);
        colony
    }
}

/// Adds texts and digests them. Documents are named by their number, which begins with `first`.
pub fn ingest(colony: &mut Colony, texts: &[(u64, String)], first: usize) {
    for (number, (_, text)) in (first..).zip(texts) {
        colony.ingest(Some(&number.to_string()), "", text).unwrap();
    }
    while !colony.state().is_quiet() {
        colony.tick().unwrap();
    }
}

/// The word of a bridge.
pub fn bridge_word(bridge: u64) -> String {
    word("x", bridge)
}

// Stems of such words are the words.
fn word(kind: &str, number: u64) -> String {
    let mut word = kind.to_owned();
    let mut rest = number + 60;
    while rest > 0 {
        word.push(char::from(b"bdfgklmnprtz"[(rest % 12) as usize]));
        word.push(char::from(b"aou"[(rest / 12 % 3) as usize]));
        rest /= 36;
    }
    word + "k"
}

/// The adjusted mutual information of two labellings (Vinh, Epps and Bailey 2010; the mean of both entropies), 1 where
/// they say the same and about 0 where they are independent.
pub fn ami(one: &[u64], other: &[u64]) -> f64 {
    assert_eq!(one.len(), other.len());
    let n = one.len() as f64;
    let count = |labels: &[u64]| {
        let mut counts: BTreeMap<u64, f64> = BTreeMap::new();
        labels.iter().for_each(|label| *counts.entry(*label).or_default() += 1.0);
        counts
    };
    let (rows, columns) = (count(one), count(other));
    let mut cells: BTreeMap<(u64, u64), f64> = BTreeMap::new();
    one.iter().zip(other).for_each(|(one, other)| *cells.entry((*one, *other)).or_default() += 1.0);
    let entropy = |counts: &BTreeMap<u64, f64>| -> f64 { counts.values().map(|k| -k / n * (k / n).ln()).sum() };
    let information: f64 =
        cells.iter().map(|((row, column), k)| k / n * (n * k / (rows[row] * columns[column])).ln()).sum();
    let ln_factorial = |k: f64| libm::lgamma(k + 1.0);
    let mut expected = 0.0;
    for a in rows.values() {
        for b in columns.values() {
            let mut k = (a + b - n).max(1.0);
            while k <= a.min(*b) {
                let ways = ln_factorial(*a) + ln_factorial(*b) + ln_factorial(n - a) + ln_factorial(n - b)
                    - ln_factorial(n)
                    - ln_factorial(k)
                    - ln_factorial(a - k)
                    - ln_factorial(b - k)
                    - ln_factorial(n - a - b + k);
                expected += k / n * (n * k / (a * b)).ln() * ways.exp();
                k += 1.0;
            }
        }
    }
    let mean = (entropy(&rows) + entropy(&columns)) / 2.0;
    if mean - expected == 0.0 { 1.0 } else { (information - expected) / (mean - expected) }
}
