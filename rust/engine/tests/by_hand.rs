//! One shard and one phase at a time: the same digest as the runner's, and no rule that can be broken.

mod common;

use common::*;
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::documents::Body;
use phago_core::ids::ShardId;
use phago_core::message::Batch;
use phago_core::metadata::Filter;
use phago_core::phase::Phase;
use phago_engine::{OnError, World};
use std::sync::Arc;

fn shards(world: &World) -> Vec<ShardId> {
    world.ring().shards().to_vec()
}

fn all(world: &World, phase: Phase) {
    for shard in shards(world) {
        let report = world.phase_by_hand(shard, phase).unwrap();
        assert_eq!(
            (report.shard, report.phase, report.tick),
            (shard, phase, world.tick() + u64::from(world.tick() < report.tick))
        );
    }
}

fn carry(world: &World) -> u64 {
    let mut bytes = 0;
    for shard in shards(world) {
        for (to, batch) in world.take_outbox(shard).unwrap() {
            assert_eq!((batch.from, batch.to), (shard, to));
            bytes += if to == shard { 0 } else { batch.nbytes() };
            // As a batch travels between processes, and twice.
            let packed = batch.encode(world.lexicon());
            world.deliver(to, &Batch::decode(&packed, world.lexicon()).unwrap()).unwrap();
            world.deliver(to, &batch).unwrap();
        }
    }
    bytes
}

fn tick(world: &World) -> u64 {
    let before = world.tick();
    all(world, Phase::Sense);
    all(world, Phase::Act);
    let bytes = carry(world);
    all(world, Phase::Decay);
    for shard in shards(world) {
        assert_eq!(world.tick(), before);
        world.phase_by_hand(shard, Phase::Advance).unwrap();
    }
    assert_eq!(world.tick(), before + 1);
    bytes
}

fn joined(count: u32) -> Arc<World> {
    let world = world(count);
    for shard in shards(&world) {
        world.join(shard).unwrap();
    }
    world
}

fn by_hand(world: &World, documents: &[Body]) -> u64 {
    let mut bytes = 0;
    for batch in documents.chunks(documents.len().div_ceil(3)) {
        for document in batch {
            let home = world.ring().shard_of(document.id().0);
            assert_eq!(world.ingest_into(home, document.clone()).unwrap(), document.id());
        }
        bytes += tick(world) + tick(world);
    }
    while !world.is_quiet().unwrap() {
        bytes += tick(world);
    }
    bytes
}

#[test]
fn by_hand_and_by_runner_end_in_one_digest() {
    let documents = documents(21, 120);
    let expected = reference(&documents);
    for count in [1, 2, 5] {
        let world = joined(count);
        let bytes = by_hand(&world, &documents);
        assert_eq!(world.digest().unwrap(), expected);
        assert_eq!((bytes > 0, bytes), (count > 1, world.read(|state| state.exchanged()).unwrap()));
    }
}

#[test]
fn shards_without_an_owner_are_driven_along() {
    let documents = documents(22, 90);
    let expected = reference(&documents);
    let world = world(4);
    world.join(ShardId(1)).unwrap();
    assert_eq!(world.joined(), [ShardId(1)]);
    let alone = |world: &World| {
        for phase in Phase::ALL {
            world.phase_by_hand(ShardId(1), phase).unwrap();
            for (to, batch) in world.take_outbox(ShardId(1)).unwrap() {
                world.deliver(to, &batch).unwrap();
            }
        }
    };
    for batch in documents.chunks(30) {
        ingest(&world, batch);
        alone(&world);
        alone(&world);
    }
    while !world.is_quiet().unwrap() {
        alone(&world);
    }
    assert_eq!(world.digest().unwrap(), expected);
}

#[test]
fn phases_out_of_turn_and_barriers_that_are_not_met_are_refused() {
    let world = joined(3);
    ingest(&world, &documents(23, 60));
    let before = world.digest().unwrap();
    let phase = |shard, phase| world.phase_by_hand(ShardId(shard), phase).map(|report| report.tick);
    let order = |shard, expected, found| Err(Error::PhaseOrder { shard: ShardId(shard), expected, found, tick: 1 });
    assert_eq!(phase(0, Phase::Act), order(0, Phase::Sense, Phase::Act));
    assert_eq!(
        phase(9, Phase::Sense).unwrap_err().to_string(),
        "shard-9 is not registered; registered are shard-0, shard-1, shard-2"
    );
    assert_eq!(phase(0, Phase::Sense), Ok(1));
    assert_eq!(phase(0, Phase::Sense), order(0, Phase::Act, Phase::Sense));
    assert_eq!(phase(0, Phase::Advance), order(0, Phase::Act, Phase::Advance));
    assert_eq!(phase(0, Phase::Act), Ok(1));
    let error = phase(0, Phase::Decay).unwrap_err();
    assert_eq!(error.to_string(), "barrier failed: shard-0 cannot Decay in tick 1 before shard-1, shard-2 did Act");
    for shard in [1, 2] {
        phase(shard, Phase::Sense).unwrap();
        phase(shard, Phase::Act).unwrap();
    }
    let error = phase(0, Phase::Decay).unwrap_err().to_string();
    assert!(error.contains("before the batch from shard-0, shard-1, shard-2 was delivered"), "{error}");
    let (to, batch) = world.take_outbox(ShardId(1)).unwrap().swap_remove(0);
    let wrong = ShardId((to.0 + 1) % 3);
    assert!(matches!(world.deliver(wrong, &batch), Err(Error::BarrierFailed { .. })));
    let (mut late, mut forged) = (batch.clone(), batch.clone());
    late.tick = 7;
    assert!(matches!(world.deliver(to, &late), Err(Error::BarrierFailed { .. })));
    forged.from = ShardId((batch.from.0 + 1) % 3);
    assert!(matches!(world.deliver(to, &forged), Err(Error::BarrierFailed { .. })));
    forged.from = ShardId(77);
    assert!(matches!(world.deliver(to, &forged), Err(Error::ShardNotFound { .. })));
    assert_eq!(world.digest().unwrap(), before);
    assert_eq!((world.abandon_by_hand(), world.abandon_by_hand()), (Ok(true), Ok(false)));
    assert!(matches!(world.deliver(to, &batch), Err(Error::BarrierFailed { .. })));
    tick(&world);
    assert_eq!(world.tick(), 1);
}

#[test]
fn a_shard_that_has_advanced_waits_for_the_others() {
    let world = joined(2);
    all(&world, Phase::Sense);
    let key = |number: u32| format!("late {number}");
    let late =
        (0..).map(key).find(|key| world.ring().shard_of(phago_core::ids::DocumentId::from_key(key).0).0 == 1).unwrap();
    let late = Body { key: Some(late.into()), text: "spaet".into(), ..Body::default() };
    assert!(matches!(
        world.ingest_into(ShardId(0), late.clone()),
        Err(Error::RoutingFailed { shard: ShardId(0), home: ShardId(1), .. })
    ));
    world.ingest_into(ShardId(1), late).unwrap();
    all(&world, Phase::Act);
    carry(&world);
    all(&world, Phase::Decay);
    assert!(world.search("spaet", 1, &Filter::default(), &Cancel::new()).unwrap().is_empty());
    world.phase_by_hand(ShardId(0), Phase::Advance).unwrap();
    assert_eq!(world.tick(), 0);
    let error = world.phase_by_hand(ShardId(0), Phase::Sense).unwrap_err();
    assert_eq!(
        error.to_string(),
        "barrier failed: shard-0 has finished tick 1, which waits for shard-1 to call Advance"
    );
    world.phase_by_hand(ShardId(1), Phase::Advance).unwrap();
    assert_eq!((world.tick(), world.search("spaet", 1, &Filter::default(), &Cancel::new()).unwrap().len()), (1, 1));
}

#[test]
fn an_owner_that_leaves_holds_nobody_up() {
    let world = joined(3);
    ingest(&world, &documents(24, 30));
    all(&world, Phase::Sense);
    for shard in [0, 1] {
        world.phase_by_hand(ShardId(shard), Phase::Act).unwrap();
    }
    world.leave(ShardId(2)).unwrap();
    for shard in [0, 1] {
        for (to, batch) in world.take_outbox(ShardId(shard)).unwrap() {
            world.deliver(to, &batch).unwrap();
        }
    }
    for phase in [Phase::Decay, Phase::Advance] {
        world.phase_by_hand(ShardId(0), phase).unwrap();
    }
    world.phase_by_hand(ShardId(1), Phase::Decay).unwrap();
    assert_eq!(world.tick(), 0);
    world.leave(ShardId(1)).unwrap();
    assert_eq!((world.tick(), world.joined()), (1, vec![ShardId(0)]));
    world.phase_by_hand(ShardId(0), Phase::Sense).unwrap();
    world.leave(ShardId(0)).unwrap();
    assert_eq!((world.abandon_by_hand(), world.tick()), (Ok(false), 1));
}

#[test]
fn a_batch_that_was_lost_can_be_asked_for_again() {
    let (world, lost) = (joined(3), joined(3));
    for world in [&world, &lost] {
        ingest(world, &documents(27, 60));
        assert!(shards(world).into_iter().all(|shard| world.take_outbox(shard).unwrap().is_empty()));
        all(world, Phase::Sense);
        all(world, Phase::Act);
        carry(world);
    }
    let told = |shard| lost.take_outbox(shard).unwrap();
    assert!(shards(&lost).into_iter().all(|shard| told(shard).len() == 3 && told(shard) == told(shard)));
    // What came once may come again, also late.
    carry(&lost);
    for world in [&world, &lost] {
        world.phase_by_hand(ShardId(0), Phase::Decay).unwrap();
        carry(&lost);
        for shard in [1, 2] {
            world.phase_by_hand(ShardId(shard), Phase::Decay).unwrap();
        }
        all(world, Phase::Advance);
    }
    assert_eq!(lost.digest(), world.digest());
    assert!(told(ShardId(0)).is_empty());
}

#[test]
fn a_tick_by_hand_can_be_abandoned_at_every_step() {
    let world = joined(2);
    ingest(&world, &documents(28, 60));
    let (before, expected) = (world.digest(), {
        let other = joined(2);
        ingest(&other, &documents(28, 60));
        tick(&other);
        other.digest()
    });
    let steps = || {
        let phase = |shard, phase| move |world: &World| drop(world.phase_by_hand(ShardId(shard), phase).unwrap());
        let mut steps: Vec<Box<dyn Fn(&World)>> = Vec::new();
        for at in [Phase::Sense, Phase::Act, Phase::Decay] {
            if at == Phase::Decay {
                steps.push(Box::new(|world| assert!(carry(world) > 0)));
            }
            steps.extend([0, 1].map(|shard| Box::new(phase(shard, at)) as Box<dyn Fn(&World)>));
        }
        steps.push(Box::new(phase(0, Phase::Advance)));
        steps
    };
    for count in 1..=steps().len() {
        steps().iter().take(count).for_each(|step| step(&world));
        let late = Body { key: Some("late".into()), text: "spaet".into(), ..Body::default() };
        ingest(&world, &[late]);
        assert_eq!(world.digest(), before);
        assert_eq!(world.abandon_by_hand(), Ok(true));
        // What waited for the tick is applied, and a new one begins with Sense.
        assert!(world.delete("late").unwrap());
        assert_eq!((world.digest(), world.tick()), (before.clone(), 0));
    }
    tick(&world);
    assert_eq!(world.digest(), expected);
}

#[test]
fn a_thread_inside_a_phase_that_is_abandoned_is_told() {
    let world = joined(1);
    ingest(&world, &documents(29, 4000));
    world.phase_by_hand(ShardId(0), Phase::Sense).unwrap();
    let told = std::thread::scope(|scope| {
        let inside = scope.spawn(|| world.phase_by_hand(ShardId(0), Phase::Act).map(drop));
        while !matches!(world.phase_by_hand(ShardId(0), Phase::Act), Err(Error::Busy { .. })) {
            if inside.is_finished() {
                return None;
            }
        }
        assert_eq!(world.abandon_by_hand(), Ok(true));
        Some(inside.join().unwrap())
    });
    // It may have been out before anybody could see it inside.
    if let Some(told) = told {
        assert!(matches!(told, Err(Error::BarrierFailed { .. })), "{told:?}");
        assert_eq!(world.tick(), 0);
    }
}

#[test]
fn a_place_is_free_when_all_who_took_it_have_left() {
    let world = joined(2);
    world.join(ShardId(1)).unwrap();
    all(&world, Phase::Sense);
    world.leave(ShardId(1)).unwrap();
    assert_eq!(world.joined(), [ShardId(0), ShardId(1)]);
    all(&world, Phase::Act);
    world.leave(ShardId(1)).unwrap();
    assert_eq!(world.joined(), [ShardId(0)]);
    for (to, batch) in world.take_outbox(ShardId(0)).unwrap().into_iter().filter(|(to, _)| *to == ShardId(0)) {
        world.deliver(to, &batch).unwrap();
    }
    // Nobody could carry anything to the other one.
    for phase in [Phase::Decay, Phase::Advance] {
        world.phase_by_hand(ShardId(0), phase).unwrap();
    }
    assert_eq!(world.tick(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hands_and_runners_keep_out_of_each_others_way() {
    let world = joined(2);
    world.phase_by_hand(ShardId(0), Phase::Sense).unwrap();
    let config = phago_engine::RunnerConfig::default();
    let build = || phago_engine::Runner::new(world.clone(), config, tokio::runtime::Handle::current());
    assert!(matches!(build(), Err(Error::Busy { .. })));
    world.abandon_by_hand().unwrap();
    let runner = build().unwrap();
    let busy = |result: phago_core::Result<()>| assert!(matches!(result, Err(Error::Busy { .. })));
    busy(world.phase_by_hand(ShardId(0), Phase::Sense).map(drop));
    busy(world.take_outbox(ShardId(0)).map(drop));
    busy(world.abandon_by_hand().map(drop));
    runner.tick().await.unwrap();
    drop(runner);
    tick(&world);
    assert_eq!(world.tick(), 2);
}

#[test]
fn threads_may_drive_shards_side_by_side() {
    let documents = documents(25, 120);
    let expected = reference(&documents);
    let world = joined(3);
    let barrier = Arc::new(std::sync::Barrier::new(3));
    let drive = |shard: ShardId, ticks: usize| {
        for _ in 0..ticks {
            barrier.wait();
            world.phase_by_hand(shard, Phase::Sense).unwrap();
            world.phase_by_hand(shard, Phase::Act).unwrap();
            for (to, batch) in world.take_outbox(shard).unwrap() {
                world.deliver(to, &batch).unwrap();
            }
            barrier.wait();
            world.phase_by_hand(shard, Phase::Decay).unwrap();
            world.phase_by_hand(shard, Phase::Advance).unwrap();
        }
    };
    for batch in documents.chunks(40) {
        ingest(&world, batch);
        std::thread::scope(|scope| {
            shards(&world).into_iter().for_each(|shard| drop(scope.spawn(move || drive(shard, 2))))
        });
    }
    while !world.is_quiet().unwrap() {
        tick(&world);
    }
    assert_eq!(world.digest().unwrap(), expected);
}

#[test]
fn nothing_of_a_refused_chunk_is_taken() {
    let world = world(2);
    ingest(&world, &documents(26, 20));
    let before = (world.digest().unwrap(), world.pending().unwrap());
    let new = |key: &str, text: &str| {
        Ok(Body { key: Some(key.into()), title: " ".into(), text: text.into(), ..Body::default() })
    };
    let pool = phago_engine::Pool::new(2);
    let raise = |chunk| world.ingest(chunk, 100, OnError::Raise, Some(&pool)).unwrap_err();
    let error = raise(vec![new("good", "alpha"), new("blank", " \n\t"), new("x", "y")]);
    assert!(matches!(&error, Error::InvalidDocument { index: 101, field, .. } if field == "text"), "{error}");
    let huge = "x".repeat(phago_core::documents::DOCUMENT_BYTES_MAX);
    let error = raise(vec![new("good", "alpha"), new("good", "alpha"), new("huge", &huge)]);
    assert!(matches!(error, Error::InvalidDocument { index: 102, .. }));
    let refused = Error::InvalidDocument { index: 103, id: None, field: "text".into(), reason: "is no text".into() };
    assert_eq!(raise(vec![new("good", "alpha"), new("b", "b"), new("c", "c"), Err(refused.clone())]), refused);
    // Taken by the colony, then by the chunk itself.
    assert!(matches!(
        raise(vec![new("good", "alpha"), new("doc-1", "beta")]),
        Error::DocumentExists { index: 101, .. }
    ));
    assert!(matches!(raise(vec![new("good", "alpha"), new("good", "beta")]), Error::DocumentExists { index: 101, .. }));
    assert_eq!((world.digest().unwrap(), world.pending().unwrap()), before);
    let chunk = vec![
        new("good", "alpha"),
        new("doc-1", "beta"),
        new("good", "alpha"),
        Err(refused.clone()),
        new("good", "gamma"),
        new("fine", "delta"),
    ];
    let report = world.ingest(chunk, 100, OnError::Skip, Some(&pool)).unwrap();
    assert_eq!((report.accepted, report.unchanged, report.rejected.len()), (2, 1, 3));
    assert!(matches!(report.rejected[0], Error::DocumentExists { index: 101, .. }));
    assert_eq!(report.rejected[1], refused);
    assert!(matches!(report.rejected[2], Error::DocumentExists { index: 104, .. }));
    assert_eq!(world.pending().unwrap(), before.1 + 2);
    let again = world.ingest(vec![new("fine", "delta")], 0, OnError::Raise, None).unwrap();
    assert_eq!((again.accepted, again.unchanged), (0, 1));
}
