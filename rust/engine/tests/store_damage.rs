//! Damage at rest: whatever is done to the files, opening gives an error that names a file, or exactly what was there.

mod campaign;
mod common;
mod history;

use campaign::{size, tell};
use history::{Event, History, SETTINGS, Step, Used, open, read};
use phago_core::Error;
use phago_engine::store::{FORMAT, Files, Memory, Mutant, Options, WitnessSync, verify};
use std::collections::BTreeMap;
use std::sync::Arc;

type Contents = BTreeMap<String, Vec<u8>>;

const OPTIONS: Options = Options { witness: WitnessSync::Sealed, make: true, mutant: None };
const STEPS: [Step; 10] = [
    Step::Note(40),
    Step::Note(700),
    Step::Idle,
    Step::Checkpoint,
    Step::Note(5),
    Step::Idle,
    Step::Idle,
    Step::Note(900),
    Step::Note(0),
    Step::Note(300),
];

fn files(contents: &Contents) -> Arc<dyn Files> {
    Arc::new(Memory::from_files(contents.clone()))
}

// A small colony that was closed, with a checkpoint and records of all sizes.
fn small() -> (Contents, History) {
    after(&STEPS)
}

fn after(steps: &[Step]) -> (Contents, History) {
    let memory = Memory::new();
    let files: Arc<dyn Files> = Arc::new(memory.clone());
    let mut used = Used::open(Arc::clone(&files), OPTIONS).expect("new");
    for step in steps {
        used.step(*step, &files, OPTIONS).expect("a sound disk");
    }
    used.store.take().expect("open").close().expect("closed");
    (memory.contents(), used.appended)
}

// As [`after`], without a close.
fn killed(steps: &[Step]) -> Contents {
    let memory = Memory::new();
    let files: Arc<dyn Files> = Arc::new(memory.clone());
    let mut used = Used::open(Arc::clone(&files), OPTIONS).expect("new");
    for step in steps.iter().chain(&[Step::Seal]) {
        used.step(*step, &files, OPTIONS).expect("a sound disk");
    }
    memory.contents()
}

#[derive(Debug, Default)]
struct Counts {
    detected: u64,
    harmless: u64,
}

impl Counts {
    // Open what was damaged, both ways.
    fn look(&mut self, contents: &Contents, history: &[Event], what: &dyn Fn() -> String) {
        self.judge(open(files(contents), OPTIONS).map(|(_, found)| found), contents, history, what);
        self.judge(read(files(contents)).map(|(_, found)| found), contents, history, what);
    }

    fn judge(
        &mut self,
        found: Result<History, Error>,
        contents: &Contents,
        history: &[Event],
        what: &dyn Fn() -> String,
    ) {
        {
            match found {
                Ok(found) => {
                    assert!(found == history, "{}: silently, {} events of {}", what(), found.len(), history.len());
                    self.harmless += 1;
                }
                Err(Error::Corruption { path, .. }) => {
                    assert!(contents.keys().any(|name| path.ends_with(name)) || path.contains(":memory:/"), "{path}");
                    self.detected += 1;
                }
                Err(error) => panic!("{}: {error}", what()),
            }
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_is_noticed_or_harmless() {
    // Of zeros that only fill up, one bit of each byte will do when there is little time.
    let all = size("zeros", 0, 1) > 0;
    let (mut contents, history) = small();
    assert_eq!(contents.keys().collect::<Vec<_>>(), ["LOCK", "checkpoint-1", "log-1", "witness"]);
    assert!(verify(&files(&contents)).expect("whole").damage.is_empty());
    let mut counts = Counts::default();
    let mut told = 0;
    for (name, bytes) in &contents {
        let mut damaged = contents.clone();
        for (at, byte) in bytes.iter().enumerate() {
            for bit in (0..8).filter(|bit| all || *byte != 0 || at % 8 == *bit) {
                damaged.get_mut(name).expect("there")[at] ^= 1 << bit;
                counts.look(&damaged, &history, &|| format!("bit {bit} of byte {at} of {name}"));
                if name != "LOCK" {
                    let verified = verify(&files(&damaged)).expect("damage is no error");
                    assert!(!verified.damage.is_empty(), "bit {bit} of byte {at} of {name} was not told");
                    told += 1;
                }
                damaged.get_mut(name).expect("there")[at] ^= 1 << bit;
            }
        }
    }
    // Where the writer was killed, the slots of the witness differ.
    contents = killed(&STEPS);
    assert_ne!(contents["witness"][16..4096], contents["witness"][4096 + 16..]);
    for at in (0..2).flat_map(|slot| slot * 8 * 4096..slot * 8 * 4096 + 8 * 120) {
        let mut damaged = contents.clone();
        damaged.get_mut("witness").expect("there")[at / 8] ^= 1 << (at % 8);
        counts.look(&damaged, &history, &|| format!("bit {at} of the witness of one who was killed"));
    }
    tell(&format!("T9 bit flips, each opened to write and to read: {counts:?}; told by verify: {told}; silent: 0"));
    assert!(counts.detected > 25_000 && told > 20_000, "{counts:?}, {told}");
}

#[test]
fn damage_is_silent_where_the_chain_is_not_looked_at() {
    let (contents, history) = small();
    let options = Options { mutant: Some(Mutant::ChainUnchecked), ..OPTIONS };
    let silent = (4096..contents["log-1"].len()).filter(|at| {
        let mut damaged = contents.clone();
        damaged.get_mut("log-1").expect("there")[*at] ^= 1;
        open(files(&damaged), options).is_ok_and(|(_, found)| found != history)
    });
    assert!(silent.count() > 10, "a rule that is broken is seen");
}

#[test]
fn every_truncation_is_noticed_or_harmless() {
    let (contents, history) = small();
    let mut counts = Counts::default();
    for (name, bytes) in &contents {
        let mut damaged = contents.clone();
        for length in 0..bytes.len() {
            damaged.get_mut(name).expect("there").truncate(length);
            counts.look(&damaged, &history, &|| format!("{name} cut to {length}"));
            damaged.insert(name.clone(), bytes.clone());
        }
        for more in 1..20 {
            damaged.get_mut(name).expect("there").extend(std::iter::repeat_n(more, usize::from(more)));
            counts.look(&damaged, &history, &|| format!("{name} and {more} bytes more"));
            damaged.insert(name.clone(), bytes.clone());
        }
    }
    tell(&format!("T9 truncations, each opened to write and to read: {counts:?}; silent: 0"));
    assert!(counts.detected > 10_000);
}

#[test]
fn pages_that_changed_places_are_noticed_or_harmless() {
    let (contents, history) = after(&[&STEPS[..], &[Step::Note(9000), Step::Note(5000), Step::Reopen]].concat());
    let mut counts = Counts::default();
    let places = |page: usize| {
        let of = contents
            .iter()
            .flat_map(move |(name, bytes)| (0..bytes.len() / page).map(move |number| (name.clone(), number * page)));
        of.collect::<Vec<_>>()
    };
    for page in [512, 4096] {
        let places = places(page);
        for (one, at) in &places {
            for (other, into) in &places {
                let mut damaged = contents.clone();
                let (a, b) = (contents[one][*at..at + page].to_vec(), contents[other][*into..into + page].to_vec());
                // One page in the place of another; with both orders, and a swap of both.
                damaged.get_mut(other).expect("there")[*into..into + page].copy_from_slice(&a);
                counts.look(&damaged, &history, &|| format!("{page} bytes of {one} at {at} in {other} at {into}"));
                damaged.get_mut(one).expect("there")[*at..at + page].copy_from_slice(&b);
                counts.look(&damaged, &history, &|| format!("{page} bytes of {one} at {at} with {other} at {into}"));
            }
        }
    }
    tell(&format!("T9 pages moved and swapped, each opened to write and to read: {counts:?}; silent: 0"));
    assert!(counts.detected > 1000);
}

#[test]
fn files_that_are_missing_foreign_or_old_are_noticed_or_harmless() {
    let (contents, history) = small();
    // A colony of the same making, the same one some records earlier, and one generation earlier.
    let (foreign, _) = small();
    let memory = Memory::new();
    let all: Arc<dyn Files> = Arc::new(memory.clone());
    let mut used = Used::open(Arc::clone(&all), OPTIONS).expect("new");
    let mut states = Vec::new();
    for step in STEPS {
        used.step(step, &all, OPTIONS).expect("a sound disk");
        used.step(Step::Seal, &all, OPTIONS).expect("a sound disk");
        states.push(memory.contents());
    }
    let last = states.pop().expect("some");
    let (events, mut counts) = (used.appended, Counts::default());
    for name in contents.keys() {
        let mut damaged = contents.clone();
        damaged.remove(name);
        counts.look(&damaged, &history, &|| format!("{name} missing"));
        if foreign.contains_key(name) {
            damaged.insert(name.clone(), foreign[name].clone());
            counts.look(&damaged, &history, &|| format!("{name} of another colony"));
        }
        if name != "LOCK" {
            assert!(!verify(&files(&damaged)).expect("damage is no error").damage.is_empty(), "{name}");
        }
    }
    let missing = counts.detected;
    assert!(missing >= 12, "{counts:?}");
    for old in &states {
        for (name, bytes) in old {
            let mut damaged = last.clone();
            damaged.insert(name.clone(), bytes.clone());
            if name == "witness" {
                // A writer reads the log to its end; a reader is told of what was then, as a whole.
                let found = open(files(&damaged), OPTIONS).map(|(_, found)| found);
                counts.judge(found, &damaged, &events, &|| "an old witness".to_owned());
                if let Ok((_, found)) = read(files(&damaged)) {
                    assert!(events.starts_with(&found));
                }
                continue;
            }
            counts.look(&damaged, &events, &|| format!("an old {name}"));
            // And under the name of the generation that stands.
            for (prefix, now) in [("log-", "log-1"), ("checkpoint-", "checkpoint-1")] {
                if name.starts_with(prefix) {
                    let mut damaged = last.clone();
                    damaged.insert(now.to_owned(), bytes.clone());
                    counts.look(&damaged, &events, &|| format!("an old {name} as {now}"));
                }
            }
        }
    }
    tell(&format!("T9 files missing, foreign and old, each opened to write and to read: {counts:?}; silent: 0"));
    assert!(counts.detected > missing + 10);
}

#[test]
fn a_torn_tail_is_cut_at_every_byte_by_the_writer_alone() {
    // What was acknowledged, and more that was written and not acknowledged.
    let memory = Memory::new();
    let all: Arc<dyn Files> = Arc::new(memory.clone());
    let mut used = Used::open(Arc::clone(&all), OPTIONS).expect("new");
    for step in [Step::Note(40), Step::Idle, Step::Note(300), Step::Seal] {
        used.step(step, &all, OPTIONS).expect("a sound disk");
    }
    // Without the room that follows the last record.
    let end = |used: &Used| used.store.as_ref().expect("open").extent().0 as usize + 4096;
    let acknowledged = used.acknowledged;
    let (before, start) = (memory.contents(), end(&used));
    for bytes in [30, 700, 0] {
        used.step(Step::Note(bytes), &all, OPTIONS).expect("a sound disk");
    }
    let mut contents = memory.contents();
    contents.insert("witness".to_owned(), before["witness"].clone());
    let whole = contents["log-0"][..end(&used)].to_vec();
    let mut tails = 0;
    for length in start..=whole.len() {
        for filler in [None, Some(0), Some(255)] {
            let mut log = whole[..length].to_vec();
            log.resize(if filler.is_some() { whole.len() } else { length }, filler.unwrap_or(0));
            contents.insert("log-0".to_owned(), log.clone());
            let memory = Memory::from_files(contents.clone());
            let torn: Arc<dyn Files> = Arc::new(memory.clone());

            let (_, found) = read(Arc::clone(&torn)).expect("a reader sees what was acknowledged");
            assert_eq!(found, used.appended[..acknowledged], "{length} {filler:?}");
            assert!(verify(&torn).expect("whole").damage.is_empty(), "a torn tail is no damage");
            assert_eq!(memory.contents(), contents, "neither of them changes a byte");

            let (store, found) = open(Arc::clone(&torn), OPTIONS).expect("a torn tail is no damage");
            assert!(found.len() >= acknowledged && used.appended.starts_with(&found), "{length} {filler:?}");
            let verified = verify(&torn).expect("whole");
            assert_eq!((verified.torn_bytes, verified.damage), (0, vec![]), "it is cut off");
            let more = history::note(&store, b"more".to_vec()).expect("appended");
            store.commit(more).expect("kept");
            drop(store);
            let (_, again) = read(torn).expect("whole");
            assert_eq!(again.len(), found.len() + 1);
            assert_eq!(again[..found.len()], found, "the next record follows what was found");
            tails += 1;
        }
    }
    tell(&format!("T9 torn tails: {tails}"));
    assert!(tails > 600);
}

#[test]
fn a_later_format_is_refused_untouched() {
    let (contents, _) = small();
    for name in ["witness", "log-1", "checkpoint-1"] {
        let mut later = contents.clone();
        later.remove("LOCK");
        let bytes = later.get_mut(name).expect("there");
        for from in if name == "witness" { vec![0, 4096] } else { vec![0] } {
            bytes[from + 8..from + 12].copy_from_slice(&(FORMAT + 6).to_le_bytes());
            let check = crc32c::crc32c(&bytes[from..from + 12]);
            bytes[from + 12..from + 16].copy_from_slice(&check.to_le_bytes());
        }
        let memory = Memory::from_files(later.clone());
        let files: Arc<dyn Files> = Arc::new(memory.clone());
        let refused = Error::Version { path: format!(":memory:/{name}"), found: FORMAT + 6, supported: FORMAT };
        assert_eq!(open(Arc::clone(&files), OPTIONS).map(|_| ()).expect_err("later"), refused);
        assert_eq!(read(Arc::clone(&files)).map(|_| ()).expect_err("later"), refused);
        assert_eq!(verify(&files).expect_err("later"), refused);
        let mut now = memory.contents();
        // A whole colony of a later format says so in its witness, and then not even the lock is touched.
        if name != "witness" {
            now.remove("LOCK");
        }
        assert_eq!(now, later);
    }
}

#[test]
fn other_files_in_the_directory_are_left_alone() {
    let (mut contents, history) = small();
    for name in ["notes.txt", "log-", "log-01", "log-+1", "checkpoint-x", "witness.old"] {
        contents.insert(name.to_owned(), b"a user's".to_vec());
    }
    let memory = Memory::from_files(contents.clone());
    let (store, found) = open(Arc::new(memory.clone()), OPTIONS).expect("they are no concern");
    assert_eq!(found, history);
    let mark = store.mark().expect("a mark");
    history::checkpoint(&store, mark, &history).expect("a checkpoint");
    assert_eq!(store.settings(), SETTINGS);
    drop(store);
    let now = memory.contents();
    for (name, bytes) in contents.iter().filter(|(_, bytes)| *bytes == b"a user's") {
        assert_eq!(now.get(name), Some(bytes), "{name}");
    }
}

#[test]
fn a_witness_of_another_length_is_whole_once_it_was_opened_to_write() {
    for length in [512, 4096, 4097, 5000, 8191, 9000] {
        let (mut contents, history) = small();
        contents.get_mut("witness").expect("there").resize(length, 0);
        let files = files(&contents);
        let (store, found) = open(Arc::clone(&files), OPTIONS).expect("one slot stands");
        assert_eq!(found.len(), read(Arc::clone(&files)).expect("whole again").1.len(), "{length}");
        assert!(!history.is_empty() && verify(&files).expect("a colony").damage.is_empty(), "{length}");
        store.close().expect("closed");
        assert!(verify(&files).expect("a colony").damage.is_empty(), "{length}");
    }
}

#[test]
fn where_neither_slot_of_a_witness_stands_none_is_said_to() {
    let (mut contents, _) = small();
    contents.get_mut("witness").expect("there").fill(7);
    let damage = verify(&files(&contents)).expect("a colony").damage;
    let of_slots = damage.iter().filter(|error| error.to_string().contains("neither is the other slot")).count();
    assert!(of_slots == 2 && !damage.iter().any(|error| error.to_string().contains("slot stands")), "{damage:?}");
}
