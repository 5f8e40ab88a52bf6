//! A tick in which shards die or hang is redone, and nobody can tell it from one without faults.

mod common;

use common::*;
use phago_core::Error;
use phago_core::config::ColonyConfig;
use phago_core::phase::Phase;
use phago_engine::store::{Files, Memory, Options, WitnessSync};
use phago_engine::{Action, Fault, Layout, REDOS_MAX, Runner, RunnerConfig, SharedCoordinator, TickReport, World};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

// Long enough that no phase takes it by itself on a busy machine.
const TIMEOUT_MS: u64 = 2_000;
const SHARDS: [u32; 5] = [1, 2, 3, 7, 16];

// What a tick did, for any number of shards.
fn counts(report: &TickReport) -> (u64, u64, u64, u64, u64, bool) {
    let last = report.phases.iter().filter(|of| of.phase == Phase::Decay);
    let (nodes, edges) = last.fold((0, 0), |(nodes, edges), of| (nodes + of.node_count, edges + of.edge_count));
    (report.tick, nodes, edges, report.digested, report.failed, report.is_quiet)
}

fn timeout_for(action: &Action) -> u64 {
    if matches!(action, Action::Panic) { FOREVER_MS } else { TIMEOUT_MS }
}

// The same inputs with and without faults in the third tick: everything is equal.
async fn is_redone(action: Action, phase: Phase, shards: u32, parallelism: u32, times: u32) {
    let documents = documents(51, 120);
    let (world, calm) = (world(shards), world(1));
    let tried = runner(&world, parallelism, timeout_for(&action));
    let reference = manual(&calm, 1, FOREVER_MS);
    let mut redone = 0;
    let struck = shards / 2;
    for batch in documents.chunks(40) {
        ingest(&world, batch);
        ingest(&calm, batch);
        for _ in 0..2 {
            if world.tick() == 2 {
                (0..times).for_each(|_| tried.inject(fault(action.clone(), struck, phase, 3)).unwrap());
            }
            let (one, other) = (ends(tried.tick()).await.unwrap(), reference.tick().await.unwrap());
            assert_eq!(counts(&one), counts(&other));
            assert_eq!(one.recovered.len() as u32, if one.tick == 3 { times } else { 0 });
            for error in &one.recovered {
                match error {
                    Error::ShardDied { phase: at, tick: 3, .. } if action == Action::Panic => assert_eq!(*at, phase),
                    Error::PhaseTimeout { phase: at, tick: 3, .. } if action != Action::Panic => assert_eq!(*at, phase),
                    other => panic!("{other}"),
                }
                assert_eq!(timeout_shards(error), [struck]);
                redone += 1;
            }
            assert_eq!(world.evidence_digest().unwrap(), calm.evidence_digest().unwrap());
            assert_eq!(world.digest().unwrap(), calm.digest().unwrap());
        }
    }
    assert_eq!(redone, times);
    let (one, other) = (tried.run_until_quiet(None).await.unwrap(), reference.run_until_quiet(None).await.unwrap());
    assert_eq!(one, other);
    assert_eq!(world.digest().unwrap(), calm.digest().unwrap());
}

async fn is_redone_everywhere(action: Action) {
    // Side by side: they mostly wait.
    let mut all = Vec::new();
    for (row, phase) in Phase::ALL.into_iter().enumerate() {
        for (column, shards) in SHARDS.into_iter().enumerate() {
            let (parallelism, times) = ([1, 2, 4, 16][(row + column) % 4], 1 + ((row + column) as u32) % REDOS_MAX);
            all.push(tokio::spawn(is_redone(action.clone(), phase, shards, parallelism, times)));
        }
    }
    for one in all {
        one.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_dies_in_any_phase_up_to_the_bound_changes_nothing() {
    is_redone_everywhere(Action::Panic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_hangs_in_any_phase_up_to_the_bound_changes_nothing() {
    is_redone_everywhere(Action::Hang).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_never_comes_back_from_any_phase_changes_nothing() {
    is_redone_everywhere(Action::HangDeaf { ms: FOREVER_MS }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_that_fail_together_or_one_after_the_other_are_all_redone() {
    let documents = documents(52, 120);
    let world = world(4);
    let runner = runner(&world, 4, TIMEOUT_MS);
    // In one attempt two die and one hangs; in the next another one hangs, and then one dies in a later phase.
    for (action, shard, phase) in [
        (Action::Panic, 0, Phase::Act),
        (Action::Panic, 2, Phase::Act),
        (Action::Hang, 1, Phase::Act),
        (Action::HangDeaf { ms: FOREVER_MS }, 3, Phase::Decay),
        (Action::Panic, 1, Phase::Advance),
    ] {
        runner.inject(fault(action, shard, phase, 1)).unwrap();
    }
    ingest(&world, &documents[..40]);
    let report = ends(runner.tick()).await.unwrap();
    assert_eq!(report.recovered.iter().map(timeout_shards).collect::<Vec<_>>(), [vec![0, 2], vec![3], vec![1]]);
    runner.tick().await.unwrap();
    grow(&world, &runner, &documents[40..]).await;
    runner.run_until_quiet(None).await.unwrap();
    assert_eq!(world.digest().unwrap(), reference(&documents));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fault_more_than_the_bound_is_the_error_and_changes_nothing() {
    for phase in Phase::ALL {
        let world = world(3);
        let runner = runner(&world, 2, FOREVER_MS);
        ingest(&world, &documents(53, 60));
        runner.tick().await.unwrap();
        let before = world.digest().unwrap();
        // The last of them is left for the next call.
        (0..REDOS_MAX + 2).for_each(|_| runner.inject(fault(Action::Panic, 1, phase, 2)).unwrap());
        let error = ends(runner.tick()).await.unwrap_err();
        assert!(matches!(&error, Error::ShardDied { phase: at, tick: 2, .. } if *at == phase), "{error}");
        assert_eq!((timeout_shards(&error), runner.faults().count()), (vec![1], 1));
        assert_eq!((world.tick(), world.digest().unwrap()), (1, before));
        let report = ends(runner.tick()).await.unwrap();
        assert_eq!((report.tick, report.recovered.len()), (2, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_that_stays_fails_every_call_until_it_is_gone() {
    let world = world(3);
    let runner = runner(&world, 2, 200);
    ingest(&world, &documents(54, 60));
    let before = world.digest().unwrap();
    for action in [Action::Panic, Action::Hang, Action::HangDeaf { ms: FOREVER_MS }] {
        let stays = Fault { tick: None, ..fault(action, 2, Phase::Decay, 1) };
        runner.inject(stays).unwrap();
        for _ in 0..2 {
            assert_eq!(timeout_shards(&ends(runner.tick()).await.unwrap_err()), [2]);
            assert_eq!((world.tick(), world.digest().unwrap()), (0, before.clone()));
        }
        runner.faults().clear();
    }
    assert_eq!(runner.tick().await.unwrap().tick, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn manual_redoes_nothing() {
    let world = world(2);
    let runner = manual(&world, 2, FOREVER_MS);
    runner.inject(fault(Action::Panic, 1, Phase::Act, 1)).unwrap();
    assert!(matches!(runner.tick().await, Err(Error::ShardDied { .. })));
    let report = runner.tick().await.unwrap();
    assert_eq!((report.tick, report.recovered.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redone_tick_sees_the_inputs_that_the_first_attempt_saw() {
    let documents = documents(55, 60);
    let (world, calm) = (world(3), world(2));
    let runner = Arc::new(runner(&world, 2, TIMEOUT_MS));
    ingest(&world, &documents[..30]);
    runner.inject(fault(Action::HangDeaf { ms: FOREVER_MS }, 1, Phase::Sense, 1)).unwrap();
    let ticking = tokio::spawn({
        let runner = runner.clone();
        async move { runner.tick().await }
    });
    faults_began(&runner).await;
    // Accepted in the midst of the first attempt. Its key waits already, its words do not answer yet.
    ingest(&world, &documents[30..]);
    let report = ends(ticking).await.unwrap().unwrap();
    assert_eq!(report.recovered.len(), 1);
    let reference = manual(&calm, 1, FOREVER_MS);
    ingest(&calm, &documents[..30]);
    assert_eq!(counts(&reference.tick().await.unwrap()).3, report.digested);
    ingest(&calm, &documents[30..]);
    assert_eq!(world.digest().unwrap(), calm.digest().unwrap());
    runner.run_until_quiet(None).await.unwrap();
    reference.run_until_quiet(None).await.unwrap();
    assert_eq!(world.digest().unwrap(), calm.digest().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_hung_shard_does_later_has_no_effect_and_its_memory_is_freed() {
    for phase in [Phase::Sense, Phase::Act, Phase::Decay] {
        let documents = documents(56, 120);
        let world = world(3);
        let runner = runner(&world, 2, 500);
        ingest(&world, &documents[..40]);
        runner.tick().await.unwrap();
        // It works on, without a look at whether it should, long after the tick was redone.
        runner.inject(fault(Action::HangDeaf { ms: 3_000 }, 1, phase, 2)).unwrap();
        let held = world.read(|state| Arc::downgrade(&state.shards()[1])).unwrap();
        let report = ends(runner.tick()).await.unwrap();
        assert_eq!((report.tick, report.recovered.len()), (2, 1));
        assert_eq!(runner.pool().lost_count(), 1);
        assert!(held.upgrade().is_some(), "the hung worker still reads the old shard");
        grow(&world, &runner, &documents[40..]).await;
        let woken = async {
            while runner.pool().lost_count() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        ends(woken).await;
        assert!(held.upgrade().is_none());
        runner.run_until_quiet(None).await.unwrap();
        assert_eq!(world.digest().unwrap(), reference(&documents));
    }
}

// Every way to stop in the second attempt, which hangs after the first one died.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stops_waiting_during_a_redo_gets_control_back_and_whole_ticks() {
    for phase in Phase::ALL {
        let world = world(3);
        let runner = Arc::new(runner(&world, 2, FOREVER_MS));
        ingest(&world, &documents(57, 60));
        let before = world.digest().unwrap();
        let inject = || {
            runner.inject(fault(Action::Panic, 1, phase, 1)).unwrap();
            runner.inject(fault(Action::HangDeaf { ms: FOREVER_MS }, 1, phase, 1)).unwrap();
        };
        inject();
        tokio::select! {
            outcome = runner.tick() => panic!("{outcome:?}"),
            () = faults_began(&runner) => {}
        }
        inject();
        let ticking = runner.clone();
        let stopped = tokio::task::spawn_blocking(move || ticking.tick_blocking(|| ticking.faults().count() == 0));
        assert_eq!(ends(stopped).await.unwrap().unwrap_err(), Error::Cancelled);
        assert_eq!((world.tick(), world.digest().unwrap()), (0, before));
        let report = ends(runner.tick()).await.unwrap();
        assert_eq!((report.tick, report.recovered.len()), (1, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_at_any_moment_of_several_attempts_leaves_whole_ticks() {
    let documents = documents(58, 120);
    let world = world(3);
    let runner = runner(&world, 2, FOREVER_MS);
    let (mut chance, mut dropped, mut redone) = (Chance(7), 0, 0);
    for batch in documents.chunks(40) {
        ingest(&world, batch);
        for _ in 0..2 {
            let next = world.tick() + 1;
            while world.tick() < next {
                runner.faults().clear();
                let phase = Phase::ALL[chance.below(4) as usize];
                // However fast the machine is, the first one does not end before it is dropped.
                let action = if dropped == 0 { Action::Hang } else { Action::Panic };
                (0..REDOS_MAX).for_each(|_| runner.inject(fault(action.clone(), 1, phase, next)).unwrap());
                // Ever longer, so that some tick is made on any machine.
                let patience = Duration::from_micros(chance.below(1500 + 100 * dropped));
                match tokio::time::timeout(patience, runner.tick()).await {
                    Ok(report) => redone += report.unwrap().recovered.len(),
                    Err(_) => dropped += 1,
                }
                // A commit that had begun may be going through; the next tick waits for it, and so does this look.
                drop(ends(world.turn()).await);
                assert!(world.tick() <= next);
            }
        }
    }
    runner.faults().clear();
    runner.run_until_quiet(None).await.unwrap();
    assert_eq!(world.digest().unwrap(), reference(&documents));
    assert!(dropped > 0 && redone > 0);
}

// The deadline is that of the attempt that runs, however soon the one before it was over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hang_right_after_a_death_is_noticed() {
    let world = world(2);
    let runner = runner(&world, 2, 300);
    for tick in 1..20 {
        runner.inject(fault(Action::Panic, 0, Phase::Sense, tick)).unwrap();
        runner.inject(fault(Action::Hang, 0, Phase::Sense, tick)).unwrap();
        assert!(ends(runner.tick()).await.unwrap().recovered.len() >= 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_coordinator_counts_a_redone_tick_once() {
    let world = world(3);
    let coordinator = phago_core::coordinator::Coordinator::new(phago_core::config::DistributedConfig::default());
    let coordinator = SharedCoordinator::new(coordinator.unwrap(), || 1.0);
    let config = RunnerConfig { phase_timeout_ms: TIMEOUT_MS, max_parallelism: 2, ..RunnerConfig::default() };
    let runner = Runner::with_coordinator(world.clone(), coordinator.clone(), config, Handle::current()).unwrap();
    ingest(&world, &documents(59, 60));
    for (number, phase) in Phase::ALL.into_iter().enumerate() {
        let tick = number as u64 + 1;
        for action in [Action::Panic, Action::Hang, Action::HangDeaf { ms: FOREVER_MS }] {
            runner.inject(fault(action, 1, phase, tick)).unwrap();
        }
        let report = ends(runner.tick()).await.unwrap();
        assert_eq!((report.tick, report.recovered.len()), (tick, 3));
        assert_eq!(coordinator.with(|coordinator| coordinator.current_tick()), tick);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_says_how_often_ticks_were_redone_and_why_last() {
    for blocking in [false, true] {
        let world = world(2);
        let runner = Arc::new(runner(&world, 2, FOREVER_MS));
        ingest(&world, &documents(60, 30));
        for (tick, times) in [(1, 2), (2, 1)] {
            (0..times).for_each(|_| runner.inject(fault(Action::Panic, 1, Phase::Act, tick)).unwrap());
        }
        let run = if blocking {
            let runner = runner.clone();
            tokio::task::spawn_blocking(move || runner.run_until_quiet_blocking(None, never)).await.unwrap().unwrap()
        } else {
            runner.run_until_quiet(None).await.unwrap()
        };
        assert_eq!((run.digested, run.recovered), (30, 3));
        assert!(matches!(run.last_fault, Some(Error::ShardDied { tick: 2, .. })));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn if_too_many_workers_hang_the_error_is_that_of_the_fault() {
    let world = world(40);
    let runner = runner(&world, 40, TIMEOUT_MS);
    for shard in 0..40 {
        let stays = Fault { tick: None, ..fault(Action::HangDeaf { ms: FOREVER_MS }, shard, Phase::Act, 1) };
        runner.inject(stays).unwrap();
    }
    assert!(matches!(ends(runner.tick()).await, Err(Error::PhaseTimeout { phase: Phase::Act, .. })));
    assert!(matches!(ends(runner.tick()).await, Err(Error::CoordinatorUnavailable { .. })));
    assert_eq!(world.tick(), 0);
    // No tick runs: an input is applied at once.
    ingest(&world, &documents(61, 5));
    assert!(!world.has_waiting());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_colony_on_disk_is_redone_with_its_cut_and_replayed_to_the_same() {
    let files: Arc<dyn Files> = Arc::new(Memory::new());
    let open = |shards| {
        let options = Options { witness: WitnessSync::Sealed, make: true, mutant: None };
        let config = ColonyConfig { documents_per_tick: 64, ..ColonyConfig::default() };
        World::open(files.clone(), options, Some(Layout { shards, virtual_nodes: 150 }), Some(config)).unwrap()
    };
    let documents = documents(62, 120);
    let (world, calm) = (open(3), world(1));
    let reference = manual(&calm, 1, FOREVER_MS);
    {
        let runner = Arc::new(runner(&world, 2, TIMEOUT_MS));
        for (number, phase) in Phase::ALL.into_iter().enumerate() {
            let (first, late) = documents[number * 30..][..30].split_at(15);
            let tick = number as u64 + 1;
            ingest(&world, first);
            ingest(&calm, first);
            runner.inject(fault(Action::Panic, 2, phase, tick)).unwrap();
            runner.inject(fault(Action::HangDeaf { ms: FOREVER_MS }, 2, phase, tick)).unwrap();
            let ticking = tokio::spawn({
                let runner = runner.clone();
                async move { runner.tick().await }
            });
            faults_began(&runner).await;
            ingest(&world, late);
            let (one, other) = (ends(ticking).await.unwrap().unwrap(), reference.tick().await.unwrap());
            ingest(&calm, late);
            assert_eq!((one.recovered.len(), counts(&one)), (2, counts(&other)));
            assert_eq!(world.digest().unwrap(), calm.digest().unwrap());
        }
        runner.run_until_quiet(None).await.unwrap();
        reference.run_until_quiet(None).await.unwrap();
    }
    let expected = calm.digest().unwrap();
    assert_eq!(world.digest().unwrap(), expected);
    world.close().unwrap();
    drop(world);
    for shards in [1, 7] {
        let again = open(shards);
        assert_eq!(again.digest().unwrap(), expected);
        again.close().unwrap();
    }
}
