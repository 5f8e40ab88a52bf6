//! Times a survey of 100,000 concepts and 2 million pairs in one thread, step by step.
//!
//! `cargo run --release -p phago-core --example survey [FILE]`
//!
//! The graph is planted: 200 groups of 500 concepts, seven of ten pairs inside of a group. With FILE it also writes the
//! pairs, one a line as `one other weight`, for other programs to read.

#![allow(missing_docs)]

use phago_core::cancel::Cancel;
use phago_core::ids::NodeId;
use phago_core::survey::adjacency::Adjacency;
use phago_core::survey::pairs::{Concept, Pair, Pairs};
use phago_core::survey::{gate, louvain, modularity, paths, significant, structure, weights};
use std::collections::BTreeSet;
use std::io::Write;
use std::time::Instant;

const CONCEPTS: u64 = 100_000;
const GROUP: u64 = 500;
const PAIRS: usize = 2_000_000;
const DOCUMENTS: u64 = 500_000;

struct Chance(u64);

impl Chance {
    // SplitMix64.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

// Ids say nothing of groups: a group's members are as far apart as they are in a colony.
fn planted() -> Pairs {
    let mut chance = Chance(7);
    let concepts: Vec<Concept> = (0..CONCEPTS as u32)
        .map(|term| Concept {
            id: NodeId(term.into()),
            term,
            df: 5 + (chance.below(30) * chance.below(30) * chance.below(30) / 20) as u32,
        })
        .collect();
    let groups = CONCEPTS / GROUP;
    let mut ends = BTreeSet::new();
    while ends.len() < PAIRS {
        let one = chance.below(CONCEPTS);
        let is_inside = chance.below(10) < 7;
        let other = if is_inside { chance.below(GROUP) * groups + one % groups } else { chance.below(CONCEPTS) };
        if one != other {
            ends.insert((one.min(other) as u32, one.max(other) as u32));
        }
    }
    let pairs = ends.into_iter().map(|(one, other)| {
        let rarer = u64::from(concepts[one as usize].df.min(concepts[other as usize].df));
        let is_inside = u64::from(one) % groups == u64::from(other) % groups;
        let co = 1 + chance.below(if is_inside { rarer / 2 + 1 } else { rarer / 20 + 1 }) as u32;
        Pair { one, other, co, weight: 1_677_722 * co.min(10) }
    });
    let pairs = pairs.collect();
    Pairs { tick: 1, documents: DOCUMENTS, concepts, pairs }
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    println!("{what:<44}{:>8.3} s", start.elapsed().as_secs_f64());
    result
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (pairs, cancel) = (planted(), Cancel::new());
    println!("{} concepts, {} pairs", pairs.concepts.len(), pairs.pairs.len());
    let weights = timed("weights", || weights::weights(&pairs, &cancel))?;
    let community = timed("Louvain, cold", || louvain::louvain(&pairs, &weights, None, &cancel))?;
    let again = timed("Louvain, warm", || louvain::louvain(&pairs, &weights, Some(&community), &cancel))?;
    let quality = modularity::modularity(&pairs, &weights, &community, &cancel)?;
    let count = community.iter().max().map_or(0, |last| *last as usize + 1);
    let evidence = timed("gate", || gate::evidence(&pairs, &community, count, &cancel))?;
    let kept = evidence.support.iter().filter(|support| support.is_enough()).count();
    timed("200 most significant pairs", || significant::significant(&pairs, 200, &cancel))?;
    let adjacency = timed("adjacency", || Adjacency::of(&pairs, &cancel))?;
    timed("components, bridges, articulation points", || structure::structure(&adjacency, &cancel))?;
    let last = CONCEPTS as u32 - 1;
    timed("shortest path", || paths::shortest_path(&pairs, &adjacency, 0, last, &cancel))?;
    println!("{count} communities, {kept} above noise, modularity {quality:.4}");
    println!("warm: modularity {:.4}", modularity::modularity(&pairs, &weights, &again, &cancel)?);
    if let Some(file) = std::env::args().nth(1) {
        let mut file = std::io::BufWriter::new(std::fs::File::create(file)?);
        for (pair, weight) in pairs.pairs.iter().zip(&weights) {
            writeln!(file, "{} {} {weight}", pair.one, pair.other)?;
        }
        file.flush()?;
    }
    Ok(())
}
