//! What the sentinel finds, what it leaves alone, and that shards do not show.

mod common;
mod streams;

use phago_core::sentinel::Rule;
use streams::{Kindness, Shift, Stream, alarms, is_of};

const KINDS: [Kindness; 3] = [Kindness::Plain, Kindness::Clumped, Kindness::Drifting];

#[test]
#[ignore = "figures, to be read"]
fn figures() {
    for (name, rule) in [("steady", Rule::STEADY), ("drifting", Rule::DRIFTING)] {
        for kind in KINDS {
            for documents in [8, 64] {
                let start = std::time::Instant::now();
                let mut counts = std::collections::BTreeMap::new();
                let found = alarms(&mut Stream::new(kind, Shift::Nothing, 0, documents, 5), 1000, rule);
                for alarm in &found {
                    let what = format!("{:?}", alarm.kind);
                    let what = what.split(|c: char| !c.is_alphabetic()).next().unwrap().to_owned();
                    *counts.entry(what).or_insert(0) += 1;
                }
                println!("{name} {kind:?} {documents}: {counts:?} {:?}", start.elapsed());
                for alarm in found.iter().take(4) {
                    println!("   {} {:?} {:?} strength {:.1} phi {:.1}", alarm.tick, alarm.kind, alarm.counts, alarm.counts.strength(), alarm.counts.unevenness());
                }
            }
        }
        for kind in KINDS {
            for shift in [Shift::Concept, Shift::Topic, Shift::Pair] {
                let mut after: Vec<u64> = (0..20)
                    .map(|seed| {
                        let from = 101 + seed;
                        let all = alarms(&mut Stream::new(kind, shift, from, 32, 77 + seed), from + 40, rule);
                        all.iter().find(|alarm| alarm.tick >= from && is_of(shift, alarm)).map_or(99, |alarm| alarm.tick - from + 1)
                    })
                    .collect();
                after.sort_unstable();
                println!("{name} {kind:?} {shift:?}: {after:?}");
            }
        }
    }
}
