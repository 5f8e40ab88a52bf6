//! Registry, health and barrier, as a caller sees them.

use phago_core::Error;
use phago_core::config::DistributedConfig;
use phago_core::coordinator::{Coordinator, ShardMetrics, ShardStatus, aggregate_global_df};
use phago_core::ids::{DocumentId, ShardId, Tick};
use phago_core::phase::Phase;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn cluster(num_shards: u32) -> Coordinator {
    Coordinator::new(DistributedConfig { num_shards, ..Default::default() }).unwrap()
}

fn shards(ids: impl IntoIterator<Item = u32>) -> Vec<ShardId> {
    ids.into_iter().map(ShardId).collect()
}

fn complete(coordinator: &mut Coordinator, phase: Phase, tick: Tick) {
    let all = coordinator.all_shards();
    for (index, &shard) in all.iter().enumerate() {
        assert_eq!(coordinator.phase_complete(shard, phase, tick), Ok(index + 1 == all.len()));
    }
}

fn tick(coordinator: &mut Coordinator) -> Tick {
    let next = coordinator.current_tick() + 1;
    for phase in [Phase::Sense, Phase::Act, Phase::Decay] {
        complete(coordinator, phase, next);
    }
    coordinator.advance_tick().unwrap()
}

fn reason(result: Result<impl std::fmt::Debug, Error>) -> String {
    match result.unwrap_err() {
        Error::BarrierFailed { reason } => reason,
        other => panic!("not a failed barrier: {other}"),
    }
}

#[test]
fn every_place_is_online_from_the_start() {
    let coordinator = cluster(3);
    assert_eq!(coordinator.all_shards(), shards(0..3));
    assert_eq!(coordinator.online_shards(), shards(0..3));
    assert_eq!((coordinator.shard_count(), coordinator.current_tick()), (3, 0));
    assert_eq!(coordinator.shard(ShardId(2)).unwrap().status, ShardStatus::Online);
    assert!(Coordinator::new(DistributedConfig { num_shards: 0, ..Default::default() }).is_err());
}

#[test]
fn ticks_are_counted_from_one() {
    let mut coordinator = cluster(4);
    let ticks: Vec<Tick> = (0..10).map(|_| tick(&mut coordinator)).collect();
    assert_eq!(ticks, (1..=10).collect::<Vec<_>>());
}

#[test]
fn the_tick_waits_for_every_shard() {
    let mut coordinator = cluster(3);
    assert_eq!(reason(coordinator.advance_tick()), "tick 1 waits for shard-0, shard-1, shard-2 to complete Decay");
    complete(&mut coordinator, Phase::Sense, 1);
    complete(&mut coordinator, Phase::Act, 1);
    assert_eq!(coordinator.phase_complete(ShardId(1), Phase::Decay, 1), Ok(false));
    assert_eq!(coordinator.missing(Phase::Decay), shards([0, 2]));
    assert!(coordinator.phase_done(Phase::Act, 1) && !coordinator.phase_done(Phase::Decay, 1));
    assert_eq!(reason(coordinator.advance_tick()), "tick 1 waits for shard-0, shard-2 to complete Decay");
    complete_rest(&mut coordinator);
    assert_eq!(coordinator.advance_tick(), Ok(1));
    assert!(coordinator.phase_done(Phase::Advance, 1) && !coordinator.phase_done(Phase::Sense, 2));

    fn complete_rest(coordinator: &mut Coordinator) {
        assert_eq!(coordinator.phase_complete(ShardId(0), Phase::Decay, 1), Ok(false));
        assert_eq!(coordinator.phase_complete(ShardId(2), Phase::Decay, 1), Ok(true));
    }
}

#[test]
fn a_repeated_answer_counts_once() {
    let mut coordinator = cluster(2);
    for _ in 0..3 {
        assert_eq!(coordinator.phase_complete(ShardId(0), Phase::Sense, 1), Ok(false));
    }
    assert_eq!(coordinator.phase_complete(ShardId(1), Phase::Sense, 1), Ok(true));
    // Late repetition, when the next phase has begun.
    assert_eq!(coordinator.phase_complete(ShardId(1), Phase::Act, 1), Ok(false));
    assert_eq!(coordinator.phase_complete(ShardId(1), Phase::Sense, 1), Ok(true));
    assert_eq!(coordinator.missing(Phase::Act), shards([0]));
}

#[test]
fn answers_out_of_turn_are_refused() {
    let mut coordinator = cluster(2);
    assert_eq!(
        reason(coordinator.phase_complete(ShardId(0), Phase::Act, 1)),
        "shard-0 answers Act of tick 1 before shard-0, shard-1 completed Sense"
    );
    coordinator.phase_complete(ShardId(0), Phase::Sense, 1).unwrap();
    assert_eq!(
        reason(coordinator.phase_complete(ShardId(0), Phase::Act, 1)),
        "shard-0 answers Act of tick 1 before shard-1 completed Sense"
    );
    for wrong in [0, 2, Tick::MAX] {
        assert!(reason(coordinator.phase_complete(ShardId(1), Phase::Sense, wrong)).contains("tick 1 is being made"));
    }
    assert!(reason(coordinator.phase_complete(ShardId(2), Phase::Sense, 1)).contains("not registered"));
    tick_after_refusals(&mut coordinator);

    fn tick_after_refusals(coordinator: &mut Coordinator) {
        coordinator.phase_complete(ShardId(1), Phase::Sense, 1).unwrap();
        complete(coordinator, Phase::Act, 1);
        complete(coordinator, Phase::Decay, 1);
        // Answers to Advance may be given, and are not waited for.
        assert_eq!(coordinator.phase_complete(ShardId(0), Phase::Advance, 1), Ok(false));
        assert_eq!(coordinator.advance_tick(), Ok(1));
        assert!(coordinator.phase_complete(ShardId(1), Phase::Advance, 1).is_err());
    }
}

#[test]
fn a_shard_fills_the_lowest_empty_place_and_leaves_once() {
    let mut coordinator = cluster(3);
    coordinator.deregister(ShardId(0)).unwrap();
    coordinator.deregister(ShardId(1)).unwrap();
    let twice = coordinator.deregister(ShardId(1)).unwrap_err();
    assert_eq!(twice, Error::ShardNotFound { shard: ShardId(1), registered: "shard-2".into() });
    assert_eq!(
        coordinator.shard(ShardId(0)).unwrap_err().to_string(),
        "shard-0 is not registered; registered are shard-2"
    );
    assert!(matches!(coordinator.deregister(ShardId(2)), Err(Error::Config { .. })));
    let added: Vec<ShardId> = (0..3).map(|_| coordinator.register("there").unwrap()).collect();
    assert_eq!(added, shards([0, 1, 3]));
    assert_eq!(coordinator.all_shards(), shards(0..4));
    assert_eq!(coordinator.ring().shards(), shards(0..4));
    assert_eq!(coordinator.shard(ShardId(3)).unwrap().address, "there");
    assert_eq!(tick(&mut coordinator), 1);
}

#[test]
fn a_cluster_has_at_most_1024_shards() {
    let mut coordinator =
        Coordinator::new(DistributedConfig { num_shards: 1024, virtual_nodes_per_shard: 1, ..Default::default() })
            .unwrap();
    assert!(matches!(coordinator.register(""), Err(Error::Limit { limit: 1024, value: 1025, .. })));
    coordinator.deregister(ShardId(77)).unwrap();
    assert_eq!(coordinator.register(""), Ok(ShardId(77)));
}

#[test]
fn a_change_of_members_starts_the_tick_anew() {
    let mut coordinator = cluster(3);
    complete(&mut coordinator, Phase::Sense, 1);
    coordinator.deregister(ShardId(2)).unwrap();
    assert_eq!(coordinator.missing(Phase::Sense), shards(0..2));
    complete(&mut coordinator, Phase::Sense, 1);
    coordinator.register("").unwrap();
    assert_eq!(coordinator.missing(Phase::Sense), shards(0..3));
    assert_eq!(tick(&mut coordinator), 1);
}

#[test]
fn an_offline_shard_is_still_waited_for() {
    let mut coordinator = cluster(2);
    coordinator.heartbeat(ShardId(1), 0.0).unwrap();
    coordinator.check_health(0.0).unwrap();
    coordinator.heartbeat(ShardId(1), 40.0).unwrap();
    assert_eq!(coordinator.check_health(40.0), Ok(shards([0])));
    assert_eq!(coordinator.missing(Phase::Sense), shards(0..2));
    assert_eq!(coordinator.shard_count(), 2);
}

#[test]
fn a_silent_shard_goes_offline_after_its_time_out_and_comes_back() {
    let mut coordinator = cluster(2);
    for shard in shards(0..2) {
        coordinator.heartbeat(shard, 100.0).unwrap();
    }
    coordinator.heartbeat(ShardId(1), 120.0).unwrap();
    assert_eq!(coordinator.check_health(130.0), Ok(vec![]));
    assert_eq!(coordinator.check_health(130.5), Ok(shards([0])));
    assert_eq!(coordinator.check_health(131.0), Ok(vec![]), "named once");
    assert_eq!(coordinator.online_shards(), shards([1]));
    assert_eq!(coordinator.shard(ShardId(0)).unwrap().last_heartbeat, Some(100.0));

    // A stamp that was under way all the time says nothing new.
    coordinator.heartbeat(ShardId(0), 99.0).unwrap();
    assert_eq!(coordinator.online_shards(), shards([1]));
    coordinator.heartbeat(ShardId(0), 132.0).unwrap();
    assert_eq!(coordinator.online_shards(), shards(0..2));
    assert_eq!(coordinator.check_health(150.5), Ok(shards([1])));
}

#[test]
fn a_shard_never_heard_of_is_missed_from_the_first_check() {
    let mut coordinator = cluster(1);
    assert_eq!(coordinator.check_health(1e6), Ok(vec![]));
    assert_eq!(coordinator.check_health(1e6 + 30.0), Ok(vec![]));
    assert_eq!(coordinator.check_health(1e6 + 30.1), Ok(shards([0])));
    assert_eq!(coordinator.shard(ShardId(0)).unwrap().last_heartbeat, None);
}

#[test]
fn a_first_stamp_at_the_instant_of_a_check_counts() {
    let mut coordinator = cluster(1);
    coordinator.check_health(10.0).unwrap();
    coordinator.heartbeat(ShardId(0), 10.0).unwrap();
    assert_eq!(coordinator.shard(ShardId(0)).unwrap().last_heartbeat, Some(10.0));
}

#[test]
fn a_stamp_from_the_future_does_no_harm() {
    for stamp in [11.0, 1e9, f64::MAX] {
        let mut coordinator = cluster(2);
        coordinator.heartbeat(ShardId(0), stamp).unwrap();
        assert_eq!(coordinator.check_health(10.0), Ok(vec![]));
        assert_eq!(coordinator.shard(ShardId(0)).unwrap().last_heartbeat, Some(10.0));
        // Nor does it deafen the coordinator to true ones.
        coordinator.heartbeat(ShardId(0), 30.0).unwrap();
        assert_eq!(coordinator.check_health(45.0), Ok(shards([1])));
        assert_eq!(coordinator.check_health(60.1), Ok(shards([0])), "{stamp}");
    }
}

#[test]
fn a_time_that_is_no_number_is_refused() {
    let mut coordinator = cluster(1);
    for now in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(matches!(coordinator.heartbeat(ShardId(0), now), Err(Error::Config { .. })));
        assert!(matches!(coordinator.check_health(now), Err(Error::Config { .. })));
    }
    assert!(matches!(coordinator.heartbeat(ShardId(9), 0.0), Err(Error::ShardNotFound { .. })));
    coordinator.heartbeat(ShardId(0), f64::MIN).unwrap();
    assert_eq!(coordinator.check_health(f64::MAX), Ok(shards([0])));
}

#[test]
fn nobody_else_drives_while_a_runner_does() {
    let mut coordinator = cluster(2);
    coordinator.phase_complete(ShardId(0), Phase::Sense, 1).unwrap();
    let drive = coordinator.drive().unwrap();
    assert_eq!(coordinator.missing(Phase::Sense), shards(0..2));
    let busy = |error: Error| matches!(error, Error::Busy { .. });
    assert!(busy(coordinator.phase_complete(ShardId(0), Phase::Sense, 1).unwrap_err()));
    assert!(busy(coordinator.advance_tick().unwrap_err()));
    assert!(busy(coordinator.register("").unwrap_err()));
    assert!(busy(coordinator.deregister(ShardId(0)).unwrap_err()));
    assert!(busy(coordinator.drive().unwrap_err()));
    for phase in [Phase::Sense, Phase::Act, Phase::Decay] {
        for shard in shards(0..2) {
            coordinator.driver_phase_complete(&drive, shard, phase, 1).unwrap();
        }
    }
    assert_eq!(coordinator.driver_advance_tick(&drive), Ok(1));
    // Reading and health go on.
    coordinator.heartbeat(ShardId(0), 1.0).unwrap();
    assert!(coordinator.is_driven());
    coordinator.release(drive);
    assert_eq!(tick(&mut coordinator), 2);
}

#[test]
fn stats_are_the_sums_of_what_shards_told() {
    let mut coordinator = cluster(2);
    let metrics = ShardMetrics { nodes: 5, edges: 20, documents: 3, memory_bytes: 1000 };
    coordinator.update_metrics(ShardId(0), metrics).unwrap();
    coordinator.update_metrics(ShardId(1), ShardMetrics { documents: 4, ..metrics }).unwrap();
    let stats = coordinator.stats();
    assert_eq!((stats.total_shards, stats.online_shards, stats.current_tick), (2, 2, 0));
    assert_eq!((stats.total_documents, stats.total_memory_bytes), (7, 2000));
    assert_eq!(coordinator.shard(ShardId(0)).unwrap().metrics, metrics);
    assert!(coordinator.update_metrics(ShardId(2), metrics).is_err());
    coordinator.update_metrics(ShardId(1), ShardMetrics { documents: u64::MAX, ..metrics }).unwrap();
    assert_eq!(coordinator.stats().total_documents, u64::MAX);
}

#[test]
fn a_document_is_routed_as_the_ring_places_it() {
    let coordinator = cluster(3);
    let id = DocumentId::from_key("doc-0");
    assert_eq!(coordinator.route(id), coordinator.ring().shard_of(id.0));
    assert_eq!(coordinator.replicas(id), coordinator.ring().replicas(id.0, 2));
}

#[test]
fn document_frequencies_are_summed_over_shards() {
    let map = |pairs: &[(&str, u64)]| pairs.iter().map(|&(term, df)| (term.to_owned(), df)).collect::<BTreeMap<_, _>>();
    let sum = aggregate_global_df([map(&[("cell", 2), ("wall", 1)]), map(&[]), map(&[("cell", 3)])]);
    assert_eq!(sum, map(&[("cell", 5), ("wall", 1)]));
    assert!(aggregate_global_df([]).is_empty());
}

proptest! {
    #[test]
    fn whatever_is_answered_no_tick_leaves_a_shard_behind(
        answers in prop::collection::vec((0u32..4, 0usize..4, 0u64..4), 0..200)
    ) {
        let mut coordinator = cluster(3);
        let mut heard: BTreeMap<(u64, usize), std::collections::BTreeSet<u32>> = BTreeMap::new();
        for (shard, phase, tick) in answers {
            let before = coordinator.current_tick();
            if coordinator.phase_complete(ShardId(shard), Phase::ALL[phase], tick).is_ok() {
                heard.entry((tick, phase)).or_default().insert(shard);
            }
            if let Ok(tick) = coordinator.advance_tick() {
                prop_assert_eq!(tick, before + 1);
                for phase in 0..3 {
                    prop_assert_eq!(heard[&(tick, phase)].len(), 3);
                }
            }
        }
    }
}
