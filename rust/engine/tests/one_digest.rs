//! The same inputs give one digest, whoever drives and however many help.

mod common;

use common::*;
use phago_core::cancel::Cancel;
use phago_core::config::ColonyConfig;
use phago_core::documents::Body;
use phago_core::ids::ShardId;
use phago_core::metadata::Filter;
use phago_core::phase::Phase;
use phago_engine::{CrossShardEdge, Helped, OnError, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_digest_for_any_number_of_shards_and_workers() {
    let documents = documents(1, 300);
    let expected = reference(&documents);
    for shards in [1, 2, 3, 7, 16] {
        for parallelism in [1, 4] {
            let world = world(shards);
            let runner = runner(&world, parallelism, 30_000);
            let digest = run(&runner, &documents).await.unwrap();
            assert_eq!(digest, expected, "{shards} shards, {parallelism} workers");
            assert!(runner.pool().thread_count() <= parallelism as usize);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_digest_after_ticks_so_large_that_shards_swap_side_by_side() {
    let body = |number: usize| {
        let words: Vec<String> = (0..25).map(|at| format!("w{:x}", (7 * number + 31 * at) % 5_000)).collect();
        Body { key: Some(format!("{number}").into()), text: words.join(" ").into(), ..Body::default() }
    };
    let documents: Vec<Body> = (0..3_000).map(body).collect();
    let mut digests = Vec::new();
    for (shards, parallelism) in [(1, 1), (2, 2), (3, 1), (3, 4), (16, 4)] {
        let world = world_with(shards, ColonyConfig { documents_per_tick: 1_500, ..ColonyConfig::default() });
        let runner = runner(&world, parallelism, 30_000);
        ingest(&world, &documents);
        let first = runner.tick().await.unwrap();
        let made: u64 =
            first.phases.iter().filter(|report| report.phase == Phase::Decay).map(|report| report.edge_count).sum();
        assert!(made > 40_000, "{made} synapses are swapped in by one thread");
        runner.run_until_quiet(None).await.unwrap();
        digests.push(world.digest().unwrap());
    }
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
}

// Ticks of many pieces, in which documents are unwired, concepts are used and one is pinned, while threads that have
// nothing else to do help with what others deliver.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_delivers_a_piece_does_not_show() {
    let body = |number: usize| {
        let words: Vec<String> = (0..20).map(|at| format!("w{:x}", (7 * number + 31 * at) % 900)).collect();
        Body { key: Some(format!("{number}").into()), text: words.join(" ").into(), ..Body::default() }
    };
    let (first, second): (Vec<Body>, Vec<Body>) = ((0..900).map(body).collect(), (900..1_800).map(body).collect());
    let keys: Vec<String> = (0..300).map(|number| (3 * number).to_string()).collect();
    let mut told: Vec<(String, Vec<CrossShardEdge>, u64, Vec<u64>)> = Vec::new();
    let of_each = [(1, 1), (1, 4), (2, 1), (2, 2), (2, 4), (3, 1), (3, 2), (7, 1), (7, 4)];
    for (shards, parallelism) in of_each {
        let world = world_with(shards, ColonyConfig { max_edge_degree: 40, ..ColonyConfig::default() });
        let runner = runner(&world, parallelism, 30_000);
        ingest(&world, &first);
        runner.run_until_quiet(None).await.unwrap();
        ingest(&world, &second);
        assert_eq!(world.delete_all(&keys, &Cancel::new()).unwrap(), 300);
        world.pin("w1f", true).unwrap();
        let found = world.search("w1f w3 w77", 20, &Filter::default(), &Cancel::new()).unwrap();
        for found in found {
            let path = vec![("w1f".to_owned(), vec!["w3".to_owned(), "w77".to_owned()])];
            let helped = Helped { name: found.name, title: String::new(), text: found.text, path };
            assert!(world.reinforce(&helped).unwrap());
        }
        let report = runner.tick().await.unwrap();
        let edges: Vec<_> = report.phases.iter().flat_map(|phase| phase.cross_edges.iter()).collect();
        assert_eq!(edges.is_empty(), shards == 1);
        // Which ghosts a shard keeps comes from the order in which its edges were made.
        let ghosts = (0..shards).map(|shard| world.ghosts(ShardId(shard)).unwrap().len() as u64).sum();
        let digest = world.digest().unwrap();
        // When synapses end was counted as they were made.
        let mut living = Vec::new();
        for _ in 0..12 {
            for _ in 0..25 {
                runner.tick().await.unwrap();
            }
            living.push(world.read(|state| state.edge_count()).unwrap());
        }
        assert!(living[11] < living[0]);
        told.push((digest, edges, ghosts, living));
    }
    for ((shards, parallelism), one) in of_each.iter().zip(&told) {
        assert_eq!((&one.0, &one.3), (&told[0].0, &told[0].3), "{shards} shards, {parallelism} threads");
        let alone = of_each.iter().position(|of| *of == (*shards, 1)).unwrap();
        assert!(*one == told[alone], "{shards} shards, {parallelism} threads");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batching_order_and_helpers_do_not_show_within_a_cut() {
    let all = documents(2, 300);
    let mut results = Vec::new();
    for (chunk, reverse) in [(300, false), (7, true), (100, false)] {
        let world = world(3);
        let runner = runner(&world, 4, 30_000);
        let mut order = all.clone();
        if reverse {
            order.reverse();
        }
        for chunk in order.chunks(chunk) {
            let chunk = chunk.iter().cloned().map(Ok).collect();
            world.ingest(chunk, 0, OnError::Raise, Some(runner.pool())).unwrap();
        }
        let run = runner.run_until_quiet_blocking(None, never).unwrap();
        let found = world.search("bodak bafok bekok bogak", 10, &Filter::default(), &Cancel::new()).unwrap();
        let found: Vec<_> =
            found.into_iter().map(|found| (found.score.to_bits(), found.name, found.digested)).collect();
        results.push((world.digest().unwrap(), run, found));
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
    assert_eq!(results[0].1.digested, 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tick_reports_every_shard_in_every_phase() {
    let world = world(3);
    let runner = runner(&world, 2, 30_000);
    let report = runner.tick().await.unwrap();
    assert_eq!((report.tick, report.phases.len()), (1, 9));
    assert!(report.phases.iter().all(|phase| phase.node_count == 0 && phase.cross_edges.is_empty()));
    ingest(&world, &documents(3, 40));
    let report = runner.tick().await.unwrap();
    let order: Vec<_> = report.phases.iter().map(|phase| (phase.phase, phase.shard)).collect();
    let expected: Vec<_> = [Phase::Sense, Phase::Act, Phase::Decay]
        .iter()
        .flat_map(|phase| (0..3).map(|shard| (*phase, ShardId(shard))))
        .collect();
    assert_eq!(order, expected);
    let edges: u64 = report.phases[6..].iter().map(|phase| phase.edge_count).sum();
    assert_eq!(edges, world.read(|state| state.edge_count()).unwrap());
    let crossing: Vec<_> = report.phases[6..].iter().flat_map(|phase| phase.cross_edges.iter()).collect();
    assert!(!crossing.is_empty() && crossing.iter().all(|edge| edge.weight > 0.0));
    for phase in &report.phases[6..] {
        let edges: Vec<_> = phase.cross_edges.iter().collect();
        assert!(edges.is_sorted_by_key(|edge| (edge.from, edge.to)));
        for edge in edges {
            assert_eq!(world.ring().shard_of(edge.from.0), phase.shard);
            assert_eq!(world.ring().shard_of(edge.to.0), edge.to_shard);
            assert_ne!(edge.to_shard, phase.shard);
        }
    }
    for expected in 3..8 {
        assert_eq!(runner.tick().await.unwrap().tick, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_notes_the_ghosts_that_its_ticks_note() {
    let documents = documents(4, 160);
    for ghosts_max in [1, 7, 100_000] {
        let config = ColonyConfig { ghosts_max, documents_per_tick: 32, ..ColonyConfig::default() };
        let worlds = [world_with(3, config.clone()), world_with(3, config)];
        let runners = worlds.each_ref().map(|world| runner(world, 2, 30_000));
        worlds.iter().for_each(|world| ingest(world, &documents));
        let ticks = runners[0].run_until_quiet(None).await.unwrap().ticks;
        assert!(ticks > 3);
        let mut ends = std::collections::BTreeSet::new();
        for _ in 0..ticks {
            let phases = runners[1].tick().await.unwrap().phases;
            ends.extend(phases.iter().flat_map(|phase| phase.cross_edges.iter().map(|edge| (phase.shard, edge.to))));
        }
        let kept = |world: &World| -> Vec<_> {
            ends.iter().copied().filter(|&(shard, end)| world.has_ghost(shard, end).unwrap()).collect()
        };
        assert_eq!(kept(&worlds[0]), kept(&worlds[1]), "{ghosts_max}");
        let expected = ends.len().min(3 * ghosts_max as usize);
        assert_eq!(kept(&worlds[0]).len(), expected, "{ghosts_max}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ghosts_of_new_cross_shard_edges_are_resolved_and_never_change_a_digest() {
    let documents = documents(4, 60);
    let mut digests = Vec::new();
    for ghosts_max in [1, 100_000] {
        let config = phago_core::config::ColonyConfig { ghosts_max, ..Default::default() };
        let world = world_with(3, config);
        let runner = runner(&world, 2, 30_000);
        ingest(&world, &documents);
        let report = runner.tick().await.unwrap();
        for phase in &report.phases[6..] {
            let kept = world.ghost_count(phase.shard).unwrap();
            assert!(kept > 0 && kept <= ghosts_max as usize);
            for edge in phase.cross_edges.iter().filter(|_| ghosts_max > 1) {
                let ghost = world.ghost(phase.shard, edge.to).unwrap();
                assert!(ghost.is_resolved && ghost.label.is_some() && ghost.data.unwrap().degree > 0);
                assert_eq!((ghost.shard, ghost.version), (edge.to_shard, 1));
            }
        }
        runner.tick().await.unwrap();
        for phase in report.phases[6..].iter().filter(|_| ghosts_max > 1) {
            // Read after a later tick, a ghost is fetched anew.
            let edge = phase.cross_edges.get(0).unwrap();
            assert_eq!(world.ghost(phase.shard, edge.to).unwrap().version, 2);
            let before = world.ghost_count(phase.shard).unwrap();
            let gone = world.forget_ghosts(phase.shard, edge.to_shard).unwrap();
            assert!(gone > 0 && world.ghost_count(phase.shard).unwrap() == before - gone);
            assert!(world.ghost(phase.shard, edge.to).is_err());
        }
        while world.tick() < 10 {
            runner.tick().await.unwrap();
        }
        digests.push(world.digest().unwrap());
    }
    assert_eq!(digests[0], digests[1]);
}
