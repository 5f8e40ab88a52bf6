//! Damage at rest of a whole colony's directory, with the columns of a checkpoint: opening gives an error that names a
//! file, or the colony that was there.

mod campaign;
mod common;

use campaign::{cause, size, tell};
use common::{Chance, documents, ingest};
use phago_core::config::ColonyConfig;
use phago_core::phase::Phase;
use phago_core::{Error, Result};
use phago_engine::store::{Files, Memory, Options, WitnessSync, verify};
use phago_engine::{Follower, Layout, World};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

type Contents = BTreeMap<String, Vec<u8>>;

const OPTIONS: Options = Options { witness: WitnessSync::Sealed, make: false, mutant: None };
const LAYOUT: Option<Layout> = Some(Layout { shards: 2, virtual_nodes: 20 });

// A colony with a checkpoint and a log behind it, and its digest.
fn colony(seed: u64) -> (Contents, String) {
    let memory = Memory::new();
    let options = Options { make: true, ..OPTIONS };
    let config = ColonyConfig { documents_per_tick: 8, ..ColonyConfig::default() };
    let world = World::open(Arc::new(memory.clone()), options, LAYOUT, Some(config)).unwrap();
    let shards = world.ring().shards().to_vec();
    shards.iter().for_each(|shard| world.join(*shard).unwrap());
    let tick = || {
        for phase in Phase::ALL {
            shards.iter().for_each(|shard| drop(world.phase_by_hand(*shard, phase).unwrap()));
            for (to, batch) in shards.iter().flat_map(|shard| world.take_outbox(*shard).unwrap()) {
                world.deliver(to, &batch).unwrap();
            }
        }
    };
    let all = documents(seed, 30);
    ingest(&world, &all[..20]);
    (0..4).for_each(|_| tick());
    world.delete(&all[3].name()).unwrap();
    world.checkpoint().unwrap();
    ingest(&world, &all[20..]);
    tick();
    world.delete(&all[1].name()).unwrap();
    world.seal().unwrap();
    let mut contents = memory.contents();
    // Without the room for the next records, which says nothing.
    let log = contents.get_mut("log-1").unwrap();
    let end = log.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    log.truncate(end.next_multiple_of(8));
    (contents, world.digest().unwrap())
}

#[derive(Debug, Default)]
struct Counts {
    flips: u64,
    truncations: u64,
    moves: u64,
    foreign: u64,
    detected: u64,
    harmless: u64,
    seen_by_verify: u64,
}

fn judge(found: Result<String>, digest: &str, what: &str, counts: &mut Counts) {
    match found {
        Ok(found) => {
            assert_eq!(found, digest, "silently: {what}");
            counts.harmless += 1;
        }
        Err(Error::Corruption { path, .. }) => {
            assert!(path.starts_with(":memory:"), "{what}: {path}");
            counts.detected += 1;
        }
        Err(error) => panic!("{what}: {error}"),
    }
}

fn look(damaged: &Contents, digest: &str, what: &str, counts: &mut Counts) {
    let files = || -> Arc<dyn Files> { Arc::new(Memory::from_files(damaged.clone())) };
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let written = World::open(files(), OPTIONS, LAYOUT, None).and_then(|world| world.digest());
        let read = Follower::open(files(), LAYOUT).and_then(|reader| reader.world().digest());
        (written, read, verify(&files()))
    }));
    let (written, read, verified) = opened.unwrap_or_else(|panic| panic!("{what}: {}", cause(panic)));
    judge(written, digest, what, counts);
    judge(read, digest, what, counts);
    counts.seen_by_verify += u64::from(!verified.expect("damage is no error").damage.is_empty());
}

#[test]
fn a_damaged_colony_is_refused_or_whole() {
    let count = size("flips", 500, 5000);
    let ((whole, digest), (foreign, other)) = (colony(1), colony(2));
    assert_ne!(digest, other);
    let names: Vec<&String> = whole.keys().filter(|name| *name != "LOCK").collect();
    assert_eq!(names, ["checkpoint-1", "log-1", "witness"]);
    let (mut chance, mut counts) = (Chance(11), Counts::default());
    for case in 0..count {
        let name = names[chance.below(3) as usize];
        let mut damaged = whole.clone();
        let bytes = damaged.get_mut(name).unwrap();
        // In the witness, what is behind the slots says nothing.
        let length = bytes.len() as u64;
        let place = |chance: &mut Chance| match name.as_str() {
            "witness" => chance.below(2) * 4096 + chance.below(120),
            _ => chance.below(length),
        };
        let at = place(&mut chance) as usize;
        let what = match chance.below(8) {
            0..=4 => {
                counts.flips += 1;
                let bit = chance.below(8);
                bytes[at] ^= 1 << bit;
                format!("bit {bit} of byte {at} of {name}")
            }
            5 => {
                counts.truncations += 1;
                bytes.truncate(at);
                format!("{name} cut to {at}")
            }
            6 => {
                // A sector in the place of another, perhaps of the other colony.
                counts.moves += 1;
                let from = if chance.below(2) == 0 { &whole } else { &foreign };
                let other = &from[names[chance.below(3) as usize]];
                let source = chance.below((other.len() / 512) as u64) as usize * 512;
                let target = chance.below(length / 512) as usize * 512;
                bytes[target..target + 512].copy_from_slice(&other[source..source + 512]);
                format!("byte {source} of another at {target} of {name}")
            }
            _ => {
                counts.foreign += 1;
                // One or two files of another colony; all three would be that colony.
                *bytes = foreign[name].clone();
                if chance.below(2) == 0 {
                    let second = names[(case % 3) as usize];
                    damaged.insert(second.clone(), foreign[second].clone());
                }
                format!("{name} of another colony")
            }
        };
        look(&damaged, &digest, &what, &mut counts);
    }
    tell(&format!("T9 damages of a colony, silent: 0: {count}, each opened to write and to read: {counts:?}"));
    assert!(counts.detected > count && counts.seen_by_verify > count * 9 / 10, "{counts:?}");
}
