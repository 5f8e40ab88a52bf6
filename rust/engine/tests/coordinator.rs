//! A runner drives its coordinator, and those who wait for a phase hear of it.

mod common;

use common::*;
use phago_core::Error;
use phago_core::config::DistributedConfig;
use phago_core::coordinator::Coordinator;
use phago_core::ids::ShardId;
use phago_core::phase::Phase;
use phago_core::ring::Ring;
use phago_engine::{Action, Recover, Runner, RunnerConfig, SharedCoordinator};
use std::sync::Arc;
use tokio::runtime::Handle;

fn coordinator(shards: u32) -> Arc<SharedCoordinator> {
    let config = DistributedConfig { num_shards: shards, ..DistributedConfig::default() };
    SharedCoordinator::new(Coordinator::new(config).unwrap(), || 42.5)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_drives_its_coordinator_as_long_as_it_lives() {
    let (world, coordinator) = (world(3), coordinator(3));
    let config = RunnerConfig { phase_timeout_ms: 200, recover: Recover::Manual, ..RunnerConfig::default() };
    let build = || Runner::with_coordinator(world.clone(), coordinator.clone(), config, Handle::current());
    let runner = build().unwrap();
    assert!(matches!(build(), Err(Error::Busy { .. })));
    let answer = coordinator.with(|coordinator| coordinator.phase_complete(ShardId(0), Phase::Sense, 1));
    assert!(matches!(answer, Err(Error::Busy { .. })));
    let waiting = tokio::spawn({
        let coordinator = coordinator.clone();
        async move { coordinator.wait_for_phase(Phase::Decay, 2, 20_000).await }
    });
    ingest(&world, &documents(31, 60));
    for tick in 1..4 {
        runner.tick().await.unwrap();
        assert_eq!(coordinator.with(|coordinator| coordinator.current_tick()), tick);
    }
    waiting.await.unwrap().unwrap();
    runner.inject(fault(Action::Panic, 1, Phase::Decay, 4)).unwrap();
    runner.tick().await.unwrap_err();
    runner.inject(fault(Action::Hang, 1, Phase::Decay, 4)).unwrap();
    runner.tick().await.unwrap_err();
    assert_eq!(coordinator.with(|coordinator| coordinator.missing(Phase::Sense).len()), 3);
    assert_eq!(runner.tick().await.unwrap().tick, 4);
    let (stats, info) =
        coordinator.with(|coordinator| (coordinator.stats(), coordinator.shard(ShardId(1)).unwrap().clone()));
    assert_eq!((stats.current_tick, stats.total_documents), (4, 60));
    assert!(info.metrics.nodes > 0 && info.last_heartbeat == Some(42.5));
    drop(runner);
    assert!(!coordinator.with(|coordinator| coordinator.is_driven()));
    build().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unequal_rings_and_ticks_are_refused_with_both_values() {
    let world = world(3);
    let build =
        |coordinator| Runner::with_coordinator(world.clone(), coordinator, RunnerConfig::default(), Handle::current());
    let error = build(coordinator(2)).unwrap_err().to_string();
    assert!(error.contains("shard-0, shard-1 with") && error.contains("shard-2 with"), "{error}");
    let ahead = coordinator(3);
    ahead.with(|coordinator| {
        for phase in [Phase::Sense, Phase::Act, Phase::Decay] {
            for shard in 0..3 {
                coordinator.phase_complete(ShardId(shard), phase, 1).unwrap();
            }
        }
        coordinator.advance_tick().unwrap();
    });
    let error = build(ahead).unwrap_err().to_string();
    assert_eq!(error, "`coordinator.current_tick` is 1; accepted is the tick of the shards: 0");
    assert!(world.ring().shards() == Ring::new(3, 150).shards());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_a_phase_names_who_is_missing() {
    let coordinator = coordinator(3);
    coordinator.with(|coordinator| coordinator.phase_complete(ShardId(1), Phase::Sense, 1)).unwrap();
    let error = coordinator.wait_for_phase(Phase::Sense, 1, 30).await.unwrap_err();
    assert_eq!(timeout_shards(&error), [0, 2]);
    let waiting = tokio::spawn({
        let coordinator = coordinator.clone();
        async move { coordinator.wait_for_phase(Phase::Sense, 1, 20_000).await }
    });
    for shard in [0, 2] {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        coordinator.with(|coordinator| coordinator.phase_complete(ShardId(shard), Phase::Sense, 1)).unwrap();
    }
    waiting.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_phase_is_told_of_new_members_at_once() {
    let coordinator = coordinator(2);
    for (change, names) in [(true, "shard-2 was registered"), (false, "shard-1 was deregistered")] {
        let mut waiting = std::pin::pin!(coordinator.wait_for_phase(Phase::Sense, 1, 60_000));
        // It has begun to wait before the change.
        assert!(futures_now(waiting.as_mut()).is_none());
        coordinator
            .with(|coordinator| match change {
                true => coordinator.register("here").map(drop),
                false => coordinator.deregister(ShardId(1)),
            })
            .unwrap();
        let error = common::ends(waiting).await.unwrap_err();
        assert!(matches!(error, Error::BarrierFailed { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(names) && text.contains("tick 1 starts anew"), "{text}");
    }
    // A wait that begins afterwards is one among the new members.
    for shard in [0, 2] {
        coordinator.with(|coordinator| coordinator.phase_complete(ShardId(shard), Phase::Sense, 1)).unwrap();
    }
    coordinator.wait_for_phase(Phase::Sense, 1, 10).await.unwrap();
}

fn futures_now<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}
