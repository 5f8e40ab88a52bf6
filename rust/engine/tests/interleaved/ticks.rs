//! The barriers of a tick, its attempts, and those who wait for it.

use super::saw;
use phago_core::Error;
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::documents::Body;
use phago_core::ids::ShardId;
use phago_core::metadata::Metadata;
use phago_core::phase::Phase;
use phago_core::ring::Ring;
use phago_engine::{Action, Fault, OnError, Recover, Runner, RunnerConfig, World};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Arc;
use shuttle::{future, thread};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use tokio::runtime::Runtime;

const SHARDS: u32 = 2;
const TIMEOUT_MS: u64 = 60;

// A runner wants one. Nothing runs on it: with shuttle, what would is a thread of the schedule.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().build().expect("a runtime"));

fn ring() -> Ring {
    Ring::new(SHARDS, 20)
}

fn documents() -> Vec<Body> {
    let texts = ["membranes let ions cross", "ions cross membranes of a cell", "a cell divides"];
    let body = |(number, text): (usize, &&str)| Body {
        key: Some(format!("{number}").into()),
        title: "".into(),
        text: (*text).into(),
        metadata: Metadata::default(),
        ..Body::default()
    };
    texts.iter().enumerate().map(body).collect()
}

// The digests that a colony has after this many ticks, one by one, when nothing disturbs it.
static UNDISTURBED: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut colony = Colony::new(ColonyConfig::default(), ring()).unwrap();
    for Body { key, title, text, metadata, .. } in documents() {
        colony.ingest_with(key.as_deref(), &title, &text, metadata).unwrap();
    }
    let mut digests = vec![colony.digest()];
    for _ in 0..3 {
        colony.tick().unwrap();
        digests.push(colony.digest());
    }
    digests
});

// Those of a colony whose documents come after none, one or two of its two ticks.
static LATE: LazyLock<Vec<String>> = LazyLock::new(|| {
    let late = |before: usize| {
        let mut colony = Colony::new(ColonyConfig::default(), ring()).unwrap();
        for tick in 0..=2 {
            if tick == before {
                for Body { key, title, text, metadata, .. } in documents() {
                    colony.ingest_with(key.as_deref(), &title, &text, metadata).unwrap();
                }
            }
            if tick < 2 {
                colony.tick().unwrap();
            }
        }
        colony.digest()
    };
    (0..=2).map(late).collect()
});

fn ingest(world: &World) {
    world.ingest(documents().into_iter().map(Ok).collect(), 0, OnError::Raise, None).unwrap();
}

fn world() -> Arc<World> {
    let world = World::new(ColonyConfig::default(), ring()).unwrap();
    ingest(&world);
    world
}

fn runner(world: &Arc<World>, recover: Recover) -> Arc<Runner> {
    let config = RunnerConfig { max_parallelism: 2, phase_timeout_ms: TIMEOUT_MS, recover, ..RunnerConfig::default() };
    Arc::new(Runner::new(world.clone(), config, RUNTIME.handle().clone()).unwrap())
}

fn never() -> bool {
    false
}

fn some_phase() -> Phase {
    Phase::ALL[thread_rng().gen_range(0..Phase::ALL.len())]
}

fn fault(action: Action, shard: u32, phase: Phase) -> Fault {
    Fault { action, shard: ShardId(shard), phase, tick: Some(1) }
}

fn is_undisturbed(world: &World) {
    assert_eq!(world.digest().unwrap(), UNDISTURBED[world.tick() as usize]);
}

pub fn ticks_queue_and_inputs_wait_for_their_end() {
    let world = World::new(ColonyConfig::default(), ring()).unwrap();
    let runner = runner(&world, Recover::Manual);
    // One that waits on its thread, and one that awaits.
    let callers = [false, true].map(|awaits| {
        let runner = runner.clone();
        thread::spawn(move || match awaits {
            true => future::block_on(runner.tick()).unwrap().tick,
            false => runner.tick_blocking(never).unwrap().tick,
        })
    });
    let taken_in = {
        let world = world.clone();
        thread::spawn(move || ingest(&world))
    };
    let ticks: BTreeSet<u64> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
    taken_in.join().unwrap();
    assert_eq!(ticks, BTreeSet::from([1, 2]));
    assert_eq!(world.tick(), 2);
    let digest = world.digest().unwrap();
    let before = LATE.iter().position(|late| *late == digest).expect("an input was seen in part");
    saw(["before the ticks", "between them", "after them"][before]);
}

pub fn all_who_die_in_a_phase_are_named_and_nothing_is_left() {
    let world = world();
    let runner = runner(&world, Recover::Manual);
    let (phase, dying) = (some_phase(), thread_rng().gen_range(1..=SHARDS));
    for shard in 0..dying {
        runner.inject(fault(Action::Panic, shard, phase)).unwrap();
    }
    match runner.tick_blocking(never) {
        Err(Error::ShardDied { shards, phase: told, tick: 1, .. }) => {
            assert_eq!(told, phase);
            assert_eq!(shards, (0..dying).map(ShardId).collect::<Vec<_>>());
        }
        other => panic!("{other:?}"),
    }
    assert_eq!((world.tick(), runner.faults().count()), (0, 0));
    is_undisturbed(&world);
    assert_eq!(runner.tick_blocking(never).unwrap().tick, 1);
    is_undisturbed(&world);
}

pub fn a_tick_that_is_redone_is_the_tick() {
    let world = world();
    let runner = runner(&world, Recover::Auto);
    runner.inject(fault(Action::Panic, thread_rng().gen_range(0..SHARDS), some_phase())).unwrap();
    let second = {
        let runner = runner.clone();
        thread::spawn(move || runner.tick_blocking(never).unwrap())
    };
    let reports = [runner.tick_blocking(never).unwrap(), second.join().unwrap()];
    let recovered: usize = reports.iter().map(|report| report.recovered.len()).sum();
    assert_eq!(recovered, 1, "a death is told once");
    assert_eq!(world.tick(), 2);
    is_undisturbed(&world);
}

pub fn a_cancelled_tick_is_whole_or_leaves_no_trace() {
    let world = world();
    let runner = runner(&world, Recover::Auto);
    // A hang ends only when the cancel is seen.
    let hangs = thread_rng().gen_range(0..2) == 0;
    if hangs {
        runner.inject(fault(Action::Hang, thread_rng().gen_range(0..SHARDS), some_phase())).unwrap();
    }
    let asked = {
        let runner = runner.clone();
        future::spawn(async move { drop(runner.tick().await) })
    };
    for _ in 0..thread_rng().gen_range(0..30) {
        thread::yield_now();
    }
    asked.abort();
    let _ = future::block_on(asked);
    let ticks = world.tick();
    assert!(ticks <= 1);
    saw(if ticks == 1 { "made" } else { "undone" });
    is_undisturbed(&world);
    let made = runner.tick_blocking(never).unwrap().tick;
    assert_eq!(world.tick(), made);
    assert!(made == ticks + 1 || made == ticks + 2, "{ticks} ticks, then tick {made}");
    is_undisturbed(&world);
}

pub fn a_shard_that_hangs_is_noticed_and_cannot_reach_the_next_attempt() {
    let world = world();
    let runner = runner(&world, Recover::Auto);
    // A deaf one returns when the deadline has passed, and then goes on as if nothing had happened.
    let deaf = thread_rng().gen_range(0..2) == 0;
    let action = if deaf { Action::HangDeaf { ms: 2 * TIMEOUT_MS } } else { Action::Hang };
    let shard = thread_rng().gen_range(0..SHARDS);
    runner.inject(fault(action, shard, some_phase())).unwrap();
    let report = runner.tick_blocking(never).unwrap();
    // The clock moves by what hangs, so that another shard may be late with it, or instead of it.
    match &report.recovered[..] {
        [] if deaf => saw("over before anyone looked"),
        [Error::PhaseTimeout { shards, tick: 1, .. }] => saw(if shards.len() == 1 { "one late" } else { "both late" }),
        other => panic!("{other:?}"),
    }
    assert_eq!(report.tick, 1);
    is_undisturbed(&world);
    assert_eq!(runner.tick_blocking(never).unwrap().tick, 2);
    is_undisturbed(&world);
}
