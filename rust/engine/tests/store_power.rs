//! The power fails at any moment: everything that was acknowledged is there, in order, and nothing else than what was
//! appended. Rules that are broken on purpose are seen.

mod campaign;
mod common;
mod history;

use campaign::{only_seed, size, tell};
use common::Chance;
use history::{Event, Step, Used, is_clean};
use phago_engine::store::{Failure, Faulty, Files, Mutant, Options, Syncs, WitnessSync, verify};
use std::sync::Arc;

fn some_step(chance: &mut Chance) -> Step {
    // Around the size of a sector, and some of several. Few sizes, so that a record is at times appended again as it
    // was.
    let bytes = [8, 8, 60, 450, 700, 5000][chance.below(6) as usize];
    match chance.below(20) {
        0..=7 => Step::Note(bytes),
        8..=11 => Step::Loose(bytes),
        12..=14 => Step::Idle,
        15 => Step::Seal,
        16 => Step::Checkpoint,
        17 => Step::LateCheckpoint(bytes),
        18 => Step::Reopen,
        _ => Step::Note(8),
    }
}

#[derive(Debug, Default)]
struct Counts {
    states: u64,
    in_recovery: u64,
    lost_unacknowledged: u64,
    events: u64,
}

// Several lives of one disk; gives what went wrong, if something did.
fn lives(seed: u64, syncs: Syncs, mutant: Option<Mutant>, counts: &mut Counts) -> Result<(), String> {
    let mut chance = Chance(seed);
    let disk = Faulty::with_syncs(syncs);
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    let witness = if chance.below(2) == 0 { WitnessSync::Sealed } else { WitnessSync::EveryAck };
    let options = Options { witness, make: true, mutant };
    let mut before: Option<Used> = None;
    for _ in 0..4 {
        match chance.below(4) {
            0 => disk.fail(chance.below(90), Failure::Io, false),
            1 => disk.fail(chance.below(90), Failure::Io, true),
            _ => disk.fail(chance.below(90), Failure::Stop, true),
        }
        let opened = Used::open(Arc::clone(&files), options);
        let mut used = match opened {
            Ok(used) => {
                if let Some(before) = &before {
                    before.judge(&used.appended)?;
                    counts.lost_unacknowledged += (before.appended.len() - used.appended.len()) as u64;
                }
                used
            }
            Err(error) if is_clean(&error) => {
                // The power failed while it was opened, or made. What was before it still stands.
                counts.states += 1;
                counts.in_recovery += 1;
                disk.lose_power(chance.next());
                continue;
            }
            Err(error) => return Err(error.to_string()),
        };
        // Often, who was not answered tries again.
        let lost = before.iter().flat_map(|before| &before.appended[used.appended.len()..]);
        let again = lost.take(chance.below(4) as usize).map(|event| match event {
            Event::Note(bytes) => Step::Note(bytes.len()),
            Event::Idle => Step::Idle,
        });
        let mut steps: Vec<Step> = again.collect();
        steps.extend((0..chance.below(30)).map(|_| some_step(&mut chance)));
        for step in steps {
            match used.step(step, &files, options) {
                Ok(()) => {}
                Err(error) if is_clean(&error) => break,
                Err(error) => return Err(format!("{step:?}: {error}")),
            }
        }
        counts.states += 1;
        counts.events += used.appended.len() as u64;
        if chance.below(5) == 0 {
            disk.kill();
        } else {
            disk.lose_power(chance.next());
        }
        before = Some(used);
    }
    let Some(before) = before else { return Ok(()) };
    let used = Used::open(Arc::clone(&files), options).map_err(|error| error.to_string())?;
    before.judge(&used.appended)?;
    drop(used);
    let verified = verify(&files).map_err(|error| error.to_string())?;
    if verified.damage.is_empty() { Ok(()) } else { Err(format!("{:?}", verified.damage)) }
}

#[test]
fn nothing_acknowledged_is_lost_with_the_power() {
    let (states, mut seeds, mut counts) = (size("states", 12_000, 20_000), 0, Counts::default());
    while counts.states < states {
        let seed = only_seed().unwrap_or(seeds);
        seeds += 1;
        if let Err(wrong) = lives(seed, Syncs::Work, None, &mut counts) {
            panic!("PHAGO_SEED={seed}: {wrong}");
        }
    }
    tell(&format!("T7 power-loss states of a store, violations: 0: {seeds} seeds, {counts:?}"));
    assert!(counts.in_recovery > seeds / 20 && counts.lost_unacknowledged > seeds / 20);
}

// The first seed that shows it.
fn found(syncs: Syncs, mutant: Option<Mutant>) -> u64 {
    let seen = (0..1000).find_map(|seed| {
        let told = std::panic::catch_unwind(|| lives(seed, syncs, mutant, &mut Counts::default()));
        match told {
            Ok(Ok(())) => None,
            Ok(Err(wrong)) => Some((seed, wrong)),
            Err(_) => Some((seed, "an assertion failed".to_owned())),
        }
    });
    let (seed, wrong) = seen.unwrap_or_else(|| panic!("{syncs:?} {mutant:?} was not seen in 1000 seeds"));
    println!("{syncs:?} {mutant:?}: seen at seed {seed}: {wrong}");
    seed
}

#[test]
fn a_sync_that_does_nothing_is_seen() {
    for syncs in
        [Syncs::Lie, Syncs::LieForNames, Syncs::LieFor("log"), Syncs::LieFor("witness"), Syncs::LieFor("checkpoint")]
    {
        found(syncs, None);
    }
}

#[test]
fn a_broken_rule_is_seen() {
    for mutant in [Mutant::WitnessFirst, Mutant::AckEarly, Mutant::OldDeletedFirst, Mutant::TailTrusted] {
        found(Syncs::Work, Some(mutant));
    }
}

// Behind a small record the store writes zeros, and so whatever was there is gone in any case.
const LARGE: usize = 100_000;

// Two records that were never acknowledged, of which the power left the second one whole. Then the first is appended
// again, as it was.
fn comes_back(seed: u64, mutant: Option<Mutant>) -> bool {
    let disk = Faulty::new();
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    let options = Options { witness: WitnessSync::Sealed, make: true, mutant };
    let mut one = Used::open(Arc::clone(&files), options).expect("new");
    one.step(Step::Loose(LARGE), &files, options).expect("appended");
    disk.fail(1, Failure::Stop, true);
    one.step(Step::Note(8), &files, options).expect_err("the machine stops before the sync");
    disk.lose_power(seed);
    let mut two = Used::open(Arc::clone(&files), options).expect("a torn tail is no damage");
    if two.appended.is_empty() {
        two.step(Step::Note(LARGE), &files, options).expect("appended again");
    }
    disk.kill();
    let three = Used::open(files, options).expect("whole");
    two.judge(&three.appended).is_err()
}

#[test]
fn what_was_cut_off_never_comes_back() {
    assert_eq!((0..1000).find(|seed| comes_back(*seed, None)), None);
    let seen = (0..1000).find(|seed| comes_back(*seed, Some(Mutant::TailLeft)));
    println!("a tail that is left where it is: seen at seed {seen:?}");
    assert!(seen.is_some(), "a rule that is broken is seen");
}
