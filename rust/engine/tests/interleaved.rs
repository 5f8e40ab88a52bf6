//! Threads that meet in the pool, at the barriers of a tick and in the group commit, in many drawn orders: shuttle runs
//! one thread at a time, and draws at each lock, wake-up and atomic who goes on. It is the engine's own code, over the
//! primitives of `sync`.
//!
//! A schedule in which all threads wait is a violation: a wake-up was lost, or a thread never ends. A failing one says
//! how to see it again.
//!
//! `cargo test -p phago-engine --features shuttle --test interleaved`

#![allow(unreachable_pub)]

mod campaign;
#[path = "interleaved/commit.rs"]
mod commit;
#[path = "interleaved/disk.rs"]
mod disk;
#[path = "interleaved/pool.rs"]
mod pool;
#[path = "interleaved/ticks.rs"]
mod ticks;

use campaign::{cause, size, tell};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

// What a schedule may take. The longest takes some thousands; one that spins for ever is a violation.
const STEPS_MAX: usize = 200_000;
// Stacks are of virtual memory, of which only what is touched is taken.
const STACK_BYTES: usize = 2 << 20;
// Few changes of thread, at drawn points, find most of what depends on an order.
const CHANGES: usize = 3;

// All threads of a schedule are one thread of the system.
thread_local! {
    static SEEN: RefCell<BTreeMap<&'static str, u64>> = const { RefCell::new(BTreeMap::new()) };
}

// Counts what a schedule came to: a test tells it, and fails if one of what it names never happens.
fn saw(what: &'static str) {
    SEEN.with_borrow_mut(|seen| *seen.entry(what).or_default() += 1);
}

// Tries a scenario in drawn orders, half of them with few changes of thread.
fn explore(what: &str, scenario: fn(), named: &[&str]) {
    let (begun, wanted) = (Instant::now(), size("orders", 2000, 70_000) as usize);
    let tried = Arc::new(AtomicU64::new(0));
    let run = |scheduler: Box<dyn Scheduler + Send>| {
        let tried = Arc::clone(&tried);
        let mut config = Config::new();
        config.stack_size = STACK_BYTES;
        config.max_steps = MaxSteps::FailAfter(STEPS_MAX);
        config.failure_persistence = FailurePersistence::Print;
        config.silence_warnings = true;
        let counted = move || {
            tried.fetch_add(1, Ordering::SeqCst);
            scenario();
        };
        catch_unwind(AssertUnwindSafe(|| Runner::new(scheduler, config).run(counted)))
    };
    let half = wanted.div_ceil(2);
    let done = run(Box::new(RandomScheduler::new_from_seed(1, half)))
        .and_then(|one| Ok(one + run(Box::new(PctScheduler::new_from_seed(2, CHANGES, half)))?));
    let tried = tried.load(Ordering::SeqCst);
    match done {
        Ok(done) => {
            assert!(done as u64 == tried && done >= wanted, "{done} of {wanted}");
            let seconds = begun.elapsed().as_secs_f64();
            let seen = SEEN.take();
            tell(&format!("T3 drawn orders, {what}, violations: 0: {tried}, in {seconds:.1} s, {seen:?}"));
            for name in named {
                assert!(seen.contains_key(name), "no order came to: {name}");
            }
        }
        Err(panic) => {
            tell(&format!("violation after {tried} schedules"));
            panic!("{what}: {}", cause(panic));
        }
    }
}

macro_rules! orders {
    ($($module:ident :: $name:ident [$($seen:literal),*])*) => {
        $(#[test]
        fn $name() {
            explore(&stringify!($name).replace('_', " "), $module::$name, &[$($seen),*]);
        })*
    };
}

orders! {
    pool::each_item_runs_once_and_each_end_is_told_once[]
    pool::a_panic_is_told_once_and_the_rest_is_done[]
    pool::what_is_given_up_ends_and_its_workers_are_replaced["replaced", "not begun"]
    pool::a_pool_that_is_dropped_ends_its_threads["items that never ran"]
    pool::a_chain_of_phases_comes_to_its_end[]
    pool::who_is_done_helps_within_a_phase["helped"]
    commit::what_is_acknowledged_is_durable_and_seen_by_readers["shared syncs"]
    commit::one_sync_serves_all_who_wait[]
    commit::a_sync_that_fails_is_told_to_all_who_wait["the leader is told", "others are told"]
    commit::a_seal_and_a_new_log_wait_for_whoever_writes["a mark between records"]
    commit::a_store_that_is_dropped_waits_for_the_keeper_of_its_witness["the keeper is inside"]
    commit::a_close_waits_for_inputs_in_flight["refused, as it is closed", "a writer with all it wrote"]
    ticks::ticks_queue_and_inputs_wait_for_their_end["before the ticks", "between them", "after them"]
    ticks::all_who_die_in_a_phase_are_named_and_nothing_is_left[]
    ticks::a_tick_that_is_redone_is_the_tick[]
    ticks::a_cancelled_tick_is_whole_or_leaves_no_trace["made", "undone"]
    ticks::a_shard_that_hangs_is_noticed_and_cannot_reach_the_next_attempt["one late", "both late"]
}
