//! What a run owes to whoever called it: it asks whether to stop, waits its turn, and copies nothing.

mod common;

use common::*;
use phago_core::Error;
use phago_core::config::ColonyConfig;
use phago_core::documents::Body;
use phago_engine::World;
use std::sync::Arc;
use std::sync::mpsc::channel;

// Many ticks, each of them far shorter than the time between two questions.
const TICKS: usize = 20_000;

fn one_word_a_tick(count: usize) -> Arc<World> {
    let world = world_with(1, ColonyConfig { documents_per_tick: 1, ..ColonyConfig::default() });
    let document = |number| Body { text: format!("w{number}").into(), ..Body::default() };
    ingest(&world, &(0..count).map(document).collect::<Vec<_>>());
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_short_ticks_asks_whether_to_stop_between_them() {
    let world = one_word_a_tick(TICKS);
    let runner = runner(&world, 1, 30_000);
    let stopped = tokio::task::spawn_blocking(move || runner.run_until_quiet_blocking(None, || true)).await.unwrap();
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    assert!((world.tick() as usize) < TICKS);
    assert!(!world.is_quiet().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_for_its_turn_asks_whether_to_stop() {
    let world = one_word_a_tick(3);
    let runner = Arc::new(runner(&world, 1, 30_000));
    let turn = world.turn().await;
    let (send, receive) = channel();
    let waiting = runner.clone();
    std::thread::spawn(move || send.send(waiting.tick_blocking(|| true)));
    let outcome = tokio::task::spawn_blocking(move || receive.recv_timeout(LONG)).await.unwrap();
    assert!(matches!(outcome, Ok(Err(Error::Cancelled))), "{outcome:?}");
    drop(turn);
    assert_eq!(runner.tick().await.unwrap().tick, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_changes_shards_in_place_and_copies_none() {
    let world = world(3);
    let runner = runner(&world, 2, 30_000);
    ingest(&world, &documents(31, 120));
    let places = || {
        let shards = |state: &phago_core::replica::Replica| state.shards().iter().map(Arc::as_ptr).collect::<Vec<_>>();
        world.read(shards).unwrap().into_iter().map(|shard| shard as usize).collect::<Vec<_>>()
    };
    let before = places();
    for _ in 0..3 {
        runner.tick().await.unwrap();
        assert_eq!(places(), before);
    }
    assert!(world.read(|state| state.edge_count()).unwrap() > 1000);
}
