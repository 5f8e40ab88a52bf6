//! The runner keeps its word: hangs, panics and cancels in every phase leave whole ticks and a runner that works.

mod common;

use common::*;
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::documents::Body;
use phago_core::ids::ShardId;
use phago_core::metadata::Filter;
use phago_core::phase::Phase;
use phago_engine::{Action, Fault, Runner, World};
use std::sync::Arc;
use std::time::{Duration, Instant};

// Long enough that no phase takes it by itself on a busy machine.
const TIMEOUT_MS: u64 = 1_000;

// The errors are the subject here; `recover.rs` tests how ticks are redone.
fn runner(world: &Arc<World>, max_parallelism: u32, phase_timeout_ms: u64) -> Runner {
    manual(world, max_parallelism, phase_timeout_ms)
}

// Batches of inputs with a fault in the third tick; the run ends like one without faults. A panic is noticed long
// before any deadline.
async fn survives(action: Action, phase: Phase, shards: u32, check: impl Fn(&Error)) {
    let timeout_ms = if matches!(action, Action::Panic) { FOREVER_MS } else { TIMEOUT_MS };
    let documents = documents(11, 240);
    let expected = reference(&documents);
    let world = world(shards);
    let runner = runner(&world, 2, timeout_ms);
    let mut failures = 0;
    for batch in documents.chunks(80) {
        ingest(&world, batch);
        for _ in 0..2 {
            let next = world.tick() + 1;
            if next == 3 {
                runner.inject(fault(action.clone(), 1 % shards, phase, 3)).unwrap();
                let before = world.digest().unwrap();
                let error = ends(runner.tick()).await.unwrap_err();
                check(&error);
                if let Error::PhaseTimeout { waited_ms, .. } = &error {
                    assert!(*waited_ms >= TIMEOUT_MS);
                }
                assert_eq!((world.tick(), world.digest().unwrap()), (2, before));
                assert_eq!(runner.faults().count(), 0);
                failures += 1;
            }
            assert_eq!(ends(runner.tick()).await.unwrap().tick, next);
        }
    }
    assert_eq!(failures, 1);
    ends(runner.run_until_quiet(None)).await.unwrap();
    assert_eq!(world.digest().unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hang_in_any_phase_is_a_time_out_that_names_the_shard() {
    // Side by side: they mostly wait.
    let all = Phase::ALL.into_iter().flat_map(|phase| [1, 3].map(|shards| (phase, shards)));
    let all = all.map(|(phase, shards)| {
        tokio::spawn(survives(Action::Hang, phase, shards, move |error| {
            assert!(matches!(error, Error::PhaseTimeout { phase: at, tick: 3, .. } if *at == phase), "{error}");
            assert_eq!(timeout_shards(error), [1 % shards]);
        }))
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hang_that_never_polls_is_replaced() {
    let all = Phase::ALL.map(|phase| {
        tokio::spawn(survives(Action::HangDeaf { ms: FOREVER_MS }, phase, 3, move |error| {
            assert!(matches!(error, Error::PhaseTimeout { phase: at, tick: 3, .. } if *at == phase), "{error}");
            assert_eq!(timeout_shards(error), [1]);
        }))
    });
    for one in all {
        one.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_any_phase_is_a_death_that_names_the_shard() {
    for phase in Phase::ALL {
        for shards in [1, 3] {
            survives(Action::Panic, phase, shards, |error| {
                let Error::ShardDied { shards: died, phase: at, tick: 3, cause } = error else { panic!("{error}") };
                assert_eq!((died[0].0, died.len(), *at), (1 % shards, 1, phase));
                assert!(cause.contains("injected panic"));
            })
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_died_or_hang_are_named_and_a_hang_does_not_hide_a_death() {
    let world = world(4);
    let runner = runner(&world, 4, TIMEOUT_MS);
    for shard in [0, 2] {
        runner.inject(fault(Action::Panic, shard, Phase::Act, 1)).unwrap();
    }
    let error = runner.tick().await.unwrap_err();
    assert!(matches!(error, Error::ShardDied { .. }));
    assert_eq!(timeout_shards(&error), [0, 2]);
    for shard in [1, 3] {
        runner.inject(fault(Action::Hang, shard, Phase::Decay, 1)).unwrap();
    }
    let error = runner.tick().await.unwrap_err();
    assert!(matches!(error, Error::PhaseTimeout { .. }));
    assert_eq!(timeout_shards(&error), [1, 3]);
    runner.inject(fault(Action::Hang, 1, Phase::Sense, 1)).unwrap();
    runner.inject(fault(Action::Panic, 2, Phase::Sense, 1)).unwrap();
    let error = ends(runner.tick()).await.unwrap_err();
    assert!(matches!(error, Error::ShardDied { .. }));
    assert_eq!(timeout_shards(&error), [2]);
    assert_eq!(runner.tick().await.unwrap().tick, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_an_awaited_tick_in_any_phase_leaves_whole_ticks() {
    let documents = documents(12, 120);
    let expected = reference(&documents);
    for phase in Phase::ALL {
        let world = world(3);
        let runner = runner(&world, 2, FOREVER_MS);
        ingest(&world, &documents[..40]);
        let before = world.digest().unwrap();
        runner.inject(fault(Action::Hang, 2, phase, 1)).unwrap();
        tokio::select! {
            outcome = runner.tick() => panic!("{outcome:?}"),
            () = faults_began(&runner) => {}
        }
        assert_eq!(world.digest().unwrap(), before);
        assert_eq!(ends(runner.tick()).await.unwrap().tick, 1);
        runner.tick().await.unwrap();
        grow(&world, &runner, &documents[40..]).await;
        runner.run_until_quiet(None).await.unwrap();
        assert_eq!(world.digest().unwrap(), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_at_random_moments_leaves_whole_ticks() {
    let documents = documents(13, 240);
    let expected = reference(&documents);
    let world = world(3);
    let runner = runner(&world, 2, 30_000);
    let mut chance = Chance(5);
    let mut dropped = 0;
    for batch in documents.chunks(80) {
        ingest(&world, batch);
        for _ in 0..2 {
            let next = world.tick() + 1;
            while world.tick() < next {
                if dropped == 0 {
                    // However fast the machine is, this one does not end before it is dropped.
                    runner.inject(fault(Action::Hang, 1, Phase::Decay, next)).unwrap();
                }
                let patience = Duration::from_micros(chance.below(1500));
                match tokio::time::timeout(patience, runner.tick()).await {
                    Ok(report) => assert_eq!(report.unwrap().tick, next),
                    Err(_) => dropped += 1,
                }
                runner.faults().clear();
                // A commit that had begun may be going through; the next tick waits for it, and so does this look.
                drop(world.turn().await);
                assert!(world.tick() <= next);
            }
        }
    }
    runner.run_until_quiet(None).await.unwrap();
    assert_eq!(world.digest().unwrap(), expected);
    assert!(dropped > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_tick_stops_when_asked() {
    for action in [Action::Hang, Action::HangDeaf { ms: FOREVER_MS }] {
        for phase in Phase::ALL {
            let world = world(2);
            let runner = Arc::new(runner(&world, 2, FOREVER_MS));
            runner.inject(fault(action.clone(), 0, phase, 1)).unwrap();
            let ticking = runner.clone();
            let stopped = tokio::task::spawn_blocking(move || ticking.tick_blocking(|| ticking.faults().count() == 0));
            assert_eq!(ends(stopped).await.unwrap().unwrap_err(), Error::Cancelled);
            assert_eq!(world.tick(), 0);
            assert_eq!(ends(runner.tick()).await.unwrap().tick, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_meet_and_one_cannot() {
    for (parallelism, phase) in [(2, Phase::Act), (2, Phase::Decay), (1, Phase::Act), (4, Phase::Advance)] {
        let world = world(2);
        let runner = runner(&world, parallelism, if parallelism > 1 { FOREVER_MS } else { TIMEOUT_MS });
        let meet =
            |shard, other| Fault { action: Action::Meet(ShardId(other)), shard: ShardId(shard), phase, tick: None };
        runner.inject(meet(0, 1)).unwrap();
        runner.inject(meet(1, 0)).unwrap();
        for expected in 1..20 {
            match runner.tick().await {
                Ok(report) => assert_eq!((parallelism > 1, report.tick), (true, expected)),
                Err(error) => {
                    assert_eq!((parallelism, timeout_shards(&error)), (1, vec![0]));
                    break;
                }
            }
        }
        runner.faults().clear();
        runner.tick().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_ticks_queue_in_order() {
    let world = world(3);
    let (first, second) = (runner(&world, 2, 30_000), runner(&world, 1, 30_000));
    let (mut ticks, start) = (Vec::new(), world.tick());
    let (a, b, c, d) = tokio::join!(first.tick(), second.tick(), first.tick(), second.tick());
    for report in [a, b, c, d] {
        ticks.push(report.unwrap().tick - start);
    }
    assert_eq!(ticks, [1, 2, 3, 4]);
    // Blocking callers stand in the same queue.
    let hold = world.turn().await;
    let world_of_thread = world.clone();
    let (left, gone) = tokio::sync::oneshot::channel();
    let waiting = std::thread::spawn(move || {
        let stopped = second.tick_blocking({
            let mut looks = 0;
            move || {
                looks += 1;
                looks > 2
            }
        });
        assert_eq!(stopped.unwrap_err(), Error::Cancelled);
        left.send(()).unwrap();
        (second.tick_blocking(never).unwrap().tick, world_of_thread)
    });
    ends(gone).await.unwrap();
    drop(hold);
    let (tick, _) = tokio::task::spawn_blocking(move || waiting.join().unwrap()).await.unwrap();
    assert_eq!(tick, 5);
    assert_eq!(first.tick().await.unwrap().tick, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_and_inputs_do_not_wait_for_a_tick_that_hangs() {
    let world = world(2);
    let runner = Arc::new(runner(&world, 2, 3_000));
    ingest(&world, &documents(14, 50));
    runner.tick().await.unwrap();
    let before = world.digest().unwrap();
    for end_well in [false, true] {
        let action = if end_well { Action::HangDeaf { ms: 2_000 } } else { Action::Hang };
        let tick = world.tick() + 1;
        runner.inject(fault(action, 1, Phase::Decay, tick)).unwrap();
        let ticking = tokio::spawn({
            let runner = runner.clone();
            async move { runner.tick().await }
        });
        faults_began(&runner).await;
        let key = format!("late-{end_well}");
        let late = common::documents(15, 1).pop().unwrap();
        let text = format!("{key} zweifellos");
        let late = Body { key: Some(key.as_str().into()), text: text.into(), ..late };
        ingest(&world, std::slice::from_ref(&late));
        // The same again is nothing new, other content under the key is refused, both while it waits.
        ingest(&world, std::slice::from_ref(&late));
        let other = Body { text: "something else".into(), ..late.clone() };
        let refused = world.ingest(vec![Ok(other)], 9, phago_engine::OnError::Raise, None).unwrap_err();
        assert!(matches!(refused, Error::DocumentExists { index: 9, .. }));
        assert!(!world.search("bodak bafok", 5, &Filter::default(), &Cancel::new()).unwrap().is_empty());
        if !end_well {
            assert_eq!(world.digest().unwrap(), before);
        }
        assert!(
            world
                .search("zweifellos", 5, &Filter::default(), &Cancel::new())
                .unwrap()
                .iter()
                .all(|found| found.name != key)
        );
        // All was answered before the tick went on.
        assert!(!ticking.is_finished());
        assert_eq!(ends(ticking).await.unwrap().is_ok(), end_well);
        // Applied when the tick ended, committed or not.
        assert!(
            world
                .search("zweifellos", 5, &Filter::default(), &Cancel::new())
                .unwrap()
                .iter()
                .any(|found| found.name == key)
        );
        assert_eq!(runner.tick().await.unwrap().digested, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_runner_gives_the_world_free() {
    let world = world(2);
    for _ in 0..20 {
        let runner = runner(&world, 2, 30_000);
        runner.tick().await.unwrap();
        assert!(world.phase_by_hand(ShardId(0), Phase::Sense).is_err());
    }
    assert!(runner(&world, 2, 30_000).inject(fault(Action::Panic, 7, Phase::Act, 1)).is_err());
    let threads = || {
        let names = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let names = names.map(|task| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default());
        names.filter(|name| name.starts_with("phago-worker")).count()
    };
    let start = Instant::now();
    // Other tests of this process have workers of their own; these are bounded, leaked ones would not be.
    while threads() > 24 {
        assert!(start.elapsed() < LONG);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.join(ShardId(0)).unwrap();
    assert_eq!(world.phase_by_hand(ShardId(0), Phase::Sense).unwrap().tick, 21);
}
