//! Text made from a seed, with words as unevenly used as real ones.
#![allow(dead_code, unreachable_pub)]

pub mod life;
pub mod planted;

use phago_core::checkpoint::{Section, write};
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::replica::Replica;
use phago_core::ring::Ring;
use std::collections::BTreeMap;
use std::convert::Infallible;

/// A counter-based generator (SplitMix64), so that a test's text is its seed.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A word of a vocabulary, low ranks far more often than high ones.
    pub fn word(&mut self, vocabulary: u64) -> String {
        let rank = self.below(vocabulary).min(self.below(vocabulary)).min(self.below(vocabulary));
        let mut rank = rank + 20;
        let mut word = String::new();
        while rank > 0 {
            word.push(char::from(b"bdfgklmnprtz"[(rank % 12) as usize]));
            word.push(char::from(b"aeiou"[(rank / 12 % 5) as usize]));
            rank /= 60;
        }
        word.push('k');
        word
    }

    pub fn text(&mut self, vocabulary: u64, words: u64) -> String {
        (0..words).map(|_| self.word(vocabulary)).collect::<Vec<_>>().join(" ")
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.below(place as u64 + 1) as usize);
        }
    }
}

pub fn colony(config: &ColonyConfig, shards: u32) -> Colony {
    Colony::new(config.clone(), Ring::new(shards, 150)).unwrap()
}

/// `count` documents (id, text) of 5 to 60 words.
pub fn documents(seed: u64, count: usize) -> Vec<(String, String)> {
    let mut chance = Chance(seed);
    (0..count)
        .map(|number| {
            let words = 5 + chance.below(56);
            (format!("doc-{number}"), chance.text(400, words))
        })
        .collect()
}

/// A colony as columns, by section.
pub type Sections = BTreeMap<Section, Vec<u8>>;

/// All sections of a colony that is in one replica.
pub fn written(replica: &Replica) -> Sections {
    let mut sections = Sections::new();
    let put = |section, bytes: Vec<u8>| {
        sections.insert(section, bytes);
        Ok::<(), Infallible>(())
    };
    write(replica, put).unwrap();
    assert_eq!(sections.keys().copied().collect::<Vec<_>>(), Section::ALL);
    sections
}
