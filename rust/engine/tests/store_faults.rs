//! The disk fails at every call there is, once and for ever, in every way: a clean error, and after opening again
//! everything that was acknowledged.

mod campaign;
mod common;
mod history;

use campaign::tell;
use history::{Step, Used, is_clean};
use phago_core::Error;
use phago_engine::store::{Failure, Faulty, Files, Options, Store, WitnessSync, verify};
use std::sync::Arc;

const OPTIONS: Options = Options { witness: WitnessSync::Sealed, make: true, mutant: None };
const STEPS: [Step; 16] = [
    Step::Note(40),
    Step::Loose(300),
    Step::Idle,
    Step::Note(700),
    Step::Checkpoint,
    Step::Loose(5000),
    Step::Note(8),
    Step::Idle,
    Step::Seal,
    Step::LateCheckpoint(900),
    Step::Note(60),
    Step::Reopen,
    Step::Idle,
    Step::Loose(10),
    Step::Checkpoint,
    Step::Note(450),
];

#[derive(Debug, Default)]
struct Counts {
    runs: u64,
    failed: u64,
    went_on: u64,
}

fn run(failure: Failure, for_ever: bool, lose_power: bool, counts: &mut Counts) {
    for call in 0.. {
        let disk = Faulty::new();
        let files: Arc<dyn Files> = Arc::new(disk.clone());
        disk.fail(call, failure, for_ever);
        let what = format!("{failure:?} at call {call}, for ever {for_ever}, power lost {lose_power}");
        let mut failed = 0;
        let used = match Used::open(Arc::clone(&files), OPTIONS) {
            Ok(mut used) => {
                for step in STEPS {
                    match used.step(step, &files, OPTIONS) {
                        Ok(()) => counts.went_on += u64::from(failed > 0),
                        Err(error) => {
                            assert!(is_clean(&error), "{what}, {step:?}: {error}");
                            failed += 1;
                        }
                    }
                    if used.store.is_none() {
                        break;
                    }
                }
                Some(used)
            }
            Err(error) => {
                assert!(is_clean(&error), "{what}: {error}");
                failed += 1;
                None
            }
        };
        counts.runs += 1;
        counts.failed += u64::from(failed > 0);
        if failure == Failure::Short && !for_ever {
            assert_eq!(failed, 0, "{what}: what was written short is written on");
        }
        let calls = disk.calls();
        disk.heal();
        if lose_power {
            disk.lose_power(call)
        } else {
            disk.kill()
        }
        let again = Used::open(files, OPTIONS).unwrap_or_else(|error| panic!("{what}: {error}"));
        if let Some(used) = used {
            used.judge(&again.appended).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
        }
        if call >= calls {
            assert_eq!(failed, 0, "{what}: every call was reached");
            return;
        }
    }
}

#[test]
fn a_disk_that_fails_at_any_call_gives_a_clean_error_and_keeps_what_was_acknowledged() {
    let mut counts = Counts::default();
    for failure in [Failure::Io, Failure::Stop, Failure::NoSpace, Failure::Short, Failure::ShortThenFull] {
        for for_ever in [false, true] {
            for lose_power in [false, true] {
                run(failure, for_ever, lose_power, &mut counts);
            }
        }
    }
    tell(&format!("T8 disk faults at every call of a store, violations: 0: {counts:?}"));
    assert!(counts.runs > 1500 && counts.failed > 800 && counts.went_on > 100, "{counts:?}");
}

fn used(disk: &Faulty) -> Used {
    let mut used = Used::open(Arc::new(disk.clone()), OPTIONS).expect("a sound disk");
    used.step(Step::Note(10), &(Arc::new(disk.clone()) as Arc<dyn Files>), OPTIONS).expect("a sound disk");
    used
}

fn commit(store: &Store) -> Error {
    let sequence = history::note(store, b"more".to_vec());
    sequence.and_then(|sequence| store.commit(sequence)).expect_err("the disk fails")
}

#[test]
fn after_a_failed_write_nothing_is_believed_until_it_is_opened_again() {
    for (call, attempted) in [(0, "write"), (1, "sync"), (2, "write")] {
        let disk = Faulty::new();
        let one = used(&disk);
        let store = one.store.as_ref().expect("open");
        disk.fail(call, Failure::Io, false);
        match commit(store) {
            Error::Storage { attempted: found, path, cause } => {
                assert_eq!(found, attempted);
                assert_eq!(path, if call == 2 { ":faulty:/witness" } else { ":faulty:/log-0" });
                assert!(cause.contains("on order"));
            }
            other => panic!("{other}"),
        }
        let poisoned = |error| assert!(matches!(error, Error::Poisoned { .. }), "{error}");
        poisoned(commit(store));
        poisoned(store.seal().expect_err("poisoned"));
        poisoned(store.mark().expect_err("poisoned"));
        poisoned(store.idle_tick(1).expect_err("poisoned"));
        poisoned(history::note(store, vec![]).expect_err("poisoned"));
        drop(one);
        assert!(!used(&disk).appended.is_empty(), "opened again");
    }
}

#[test]
fn a_full_disk_stops_cleanly_and_goes_on_when_there_is_room() {
    let disk = Faulty::new();
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    let mut one = used(&disk);
    disk.fail(0, Failure::NoSpace, true);
    // A checkpoint that finds no room leaves everything as it is.
    let full = one.step(Step::Checkpoint, &files, OPTIONS).expect_err("full");
    assert!(full.to_string().contains("no space left"), "{full}");
    assert_eq!(disk.clone().list().expect("list"), ["LOCK", "log-0", "witness"]);
    disk.heal();
    one.step(Step::Note(20), &files, OPTIONS).expect("there is room");
    one.step(Step::Checkpoint, &files, OPTIONS).expect("there is room");
    assert_eq!(disk.list().expect("list"), ["LOCK", "checkpoint-1", "log-1", "witness"]);
    disk.fail(0, Failure::ShortThenFull, true);
    commit(one.store.as_ref().expect("open"));
    let kept = one.appended;
    drop(one.store);
    disk.heal();
    let mut again = Used::open(Arc::clone(&files), OPTIONS).expect("opened again");
    assert!(again.appended.starts_with(&kept));
    again.step(Step::Note(20), &files, OPTIONS).expect("there is room");
}

#[test]
fn a_making_that_was_cut_off_is_no_damage() {
    let (mut none, mut empty) = (0, 0);
    for call in 0.. {
        let disk = Faulty::new();
        let files: Arc<dyn Files> = Arc::new(disk.clone());
        // A write that finds no room leaves nothing of itself, as one that a kill comes before.
        disk.fail(call, Failure::NoSpace, true);
        let made = Used::open(Arc::clone(&files), OPTIONS);
        disk.kill();
        let is_made = made.is_ok();
        for power in [None, Some(call), Some(call + 1000), Some(call + 2000)] {
            let disk = disk.fork();
            if let Some(seed) = power {
                disk.lose_power(seed);
            }
            let files: Arc<dyn Files> = Arc::new(disk);
            let what = format!("cut off at call {call}, power {power:?}");
            match (verify(&files), history::read(Arc::clone(&files)).map(|(_, found)| found)) {
                (Ok(verified), Ok(found)) => {
                    assert_eq!((verified.damage, found), (vec![], vec![]), "{what}");
                    empty += 1;
                }
                (Err(Error::NoColony { .. }), Err(Error::NoColony { .. })) => {
                    assert!(!is_made, "{what}");
                    none += 1;
                }
                other => panic!("{what}: {other:?}"),
            }
            assert!(Used::open(files, OPTIONS).expect("the next writer makes it").appended.is_empty());
        }
        if is_made {
            break;
        }
    }
    assert!(none > 10 && empty > 5, "{none} {empty}");
}
