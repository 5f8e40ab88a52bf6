//! Thousands of short histories of a colony on a disk that fails, each drawn from one seed: after every end, what is
//! found is what an undisturbed colony with the same inputs is, and nothing that was acknowledged is missing.
//!
//! `PHAGO_SEED=7 cargo test -p phago-engine --test simulator one_seed -- --nocapture` replays one of them.

mod campaign;
mod common;
mod simulated;

use campaign::{cause, only_seed, size, tell};
use phago_engine::store::Failure;
use simulated::counts::Counts;
use simulated::{Wanted, run, run_with};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

// A schedule, with a panic as what went wrong.
fn tried<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(cause(panic)))
}

// Runs schedules of consecutive seeds; of those that go wrong, says how to see the first one again. Several run at a
// time, each on its own thread, as a shard that panics is waited for.
fn schedules(count: u64) -> Counts {
    let next = AtomicU64::new(0);
    let (all, wrong) = (Mutex::new(Counts::default()), Mutex::new(None::<(u64, String)>));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut counts = Counts::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    let over = |wrong: &Option<(u64, String)>| wrong.as_ref().is_some_and(|(first, _)| *first < seed);
                    if seed >= count || over(&wrong.lock().unwrap()) {
                        break;
                    }
                    if let Err(said) = tried(|| run(seed, &mut counts)) {
                        let mut wrong = wrong.lock().unwrap();
                        if !over(&wrong) {
                            *wrong = Some((seed, said));
                        }
                    }
                }
                all.lock().unwrap().add(&counts);
            });
        }
    });
    if let Some((seed, said)) = wrong.into_inner().unwrap() {
        tell(&format!("violation after {} schedules", seed + 1));
        panic!("{said}\nagain: PHAGO_SEED={seed} cargo test -p phago-engine --test simulator one_seed -- --nocapture");
    }
    all.into_inner().unwrap()
}

// The bounds of what a thousand schedules must have seen, so that a simulator that does nothing is noticed.
fn saw_something(counts: &Counts) {
    let Counts { schedules, reopened, losses_of_power, kills, beyond, .. } = *counts;
    assert!(reopened > schedules && losses_of_power > schedules / 2 && kills > schedules / 20, "{counts}");
    assert!(beyond > schedules / 50 && counts.ended_in_opening > schedules / 50, "{counts}");
    for phase in
        ["open", "ingest", "update", "delete", "reinforce", "now", "tick", "checkpoint", "seal", "close", "snapshot"]
    {
        assert!(counts.of(phase) >= schedules / 1000, "no fault struck in {phase}: {counts}");
    }
    assert!(counts.torn > schedules / 100, "{counts}");
    assert!(counts.expired > schedules / 10 && counts.told > schedules / 4, "{counts}");
    let (panics, hangs) = (counts.panics, counts.hangs);
    assert!(counts.given_up > schedules / 20 && panics > schedules / 100 && hangs > schedules / 1000, "{counts}");
}

#[test]
fn whatever_fails_a_colony_is_what_its_acknowledged_inputs_make() {
    let (begun, count) = (Instant::now(), size("schedules", 2000, 100_000));
    let counts = schedules(count);
    let seconds = begun.elapsed().as_secs_f64();
    tell(&format!("T1 simulated schedules, violations: 0, in {seconds:.0} s: {counts}"));
    saw_something(&counts);
}

#[test]
fn one_seed() {
    let Some(seed) = only_seed() else { return };
    let mut counts = Counts::default();
    let trace = run(seed, &mut counts).unwrap_or_else(|wrong| panic!("{wrong}"));
    tell(&format!("seed {seed}, trace {trace:016x}: {counts}"));
}

#[test]
fn a_seed_replays_to_the_same_trace() {
    let trace = |seed| run(seed, &mut Counts::default()).expect("it holds");
    let traces: Vec<u64> = (0..100).map(trace).collect();
    assert_eq!(traces, (0..100).map(trace).collect::<Vec<_>>());
    let mut different = traces.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), traces.len(), "another seed is another schedule");
}

#[test]
fn a_disk_that_fails_at_any_call_of_a_life_loses_nothing() {
    // All calls of some lives, or every so many of them.
    let (lives, every) = (size("lives", 2, 10), size("every", 23, 1));
    let kinds = [Failure::Io, Failure::Stop, Failure::NoSpace, Failure::Short, Failure::ShortThenFull];
    let (mut all, mut points, mut calls) = (Counts::default(), 0, 0);
    for seed in 1_000_000..1_000_000 + lives {
        let life = |wanted: Wanted, all: &mut Counts| {
            tried(|| run_with(seed, wanted, all)).unwrap_or_else(|wrong| panic!("seed {seed}, {wanted:?}: {wrong}"))
        };
        let never = Wanted { call: u64::MAX >> 1, failure: Failure::Io, for_ever: false, lose_power: true };
        let made = life(never, &mut all);
        calls += made;
        for (failure, for_ever) in kinds.iter().flat_map(|failure| [(*failure, false), (*failure, true)]) {
            for call in (points % every..made).step_by(every as usize) {
                life(Wanted { call, failure, for_ever, lose_power: (call + points).is_multiple_of(2) }, &mut all);
                points += 1;
            }
        }
    }
    tell(&format!(
        "T8 failures at calls to the disk, {lives} lives, {calls} calls, {points} tried, violations: 0: {all}"
    ));
    assert!(all.struck.values().sum::<u64>() > points / 10, "{all}");
}
