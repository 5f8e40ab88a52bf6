//! A colony that lives on disk: what was acknowledged is there when it is opened again, on any number of shards, and so
//! is the digest of a life that was never interrupted.

mod common;

use common::*;
use phago_core::cancel::Cancel;
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::documents::Body;
use phago_core::ids::DocumentId;
use phago_core::input::Input;
use phago_core::phase::Phase;
use phago_core::ring::Ring;
use phago_core::{Error, Result};
use phago_engine::cores::set_cores;
use phago_engine::store::{Directory, Failure, Faulty, Files, Memory, Open, Options, Recovery, WitnessSync, verify};
use phago_engine::{Follower, Layout, OnError, World};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const OPTIONS: Options = Options { witness: WitnessSync::Sealed, make: true, mutant: None };

fn config() -> ColonyConfig {
    ColonyConfig { documents_per_tick: 64, ..ColonyConfig::default() }
}

fn open(files: &Arc<dyn Files>, shards: u32) -> Result<Arc<World>> {
    World::open(Arc::clone(files), OPTIONS, Some(Layout { shards, virtual_nodes: 150 }), Some(config()))
}

fn memory() -> Arc<dyn Files> {
    Arc::new(Memory::new())
}

// Documents of other names than those of other seeds.
fn named(seed: u64, count: usize) -> Vec<Body> {
    let name = |body: Body| Body { key: Some(format!("{seed}-{}", body.name()).into()), ..body };
    documents(seed, count).into_iter().map(name).collect()
}

fn join(world: &World) {
    for shard in world.ring().shards().to_vec() {
        world.join(shard).unwrap();
    }
}

// One tick by hand, so that nothing but the test's own calls reaches the disk. `between` runs while it is made.
fn tick_while(world: &World, between: impl FnOnce()) -> Result<()> {
    let shards = world.ring().shards().to_vec();
    for phase in [Phase::Sense, Phase::Act] {
        for shard in &shards {
            world.phase_by_hand(*shard, phase)?;
        }
    }
    for shard in &shards {
        for (to, batch) in world.take_outbox(*shard)? {
            world.deliver(to, &batch)?;
        }
    }
    between();
    for phase in [Phase::Decay, Phase::Advance] {
        for shard in &shards {
            world.phase_by_hand(*shard, phase)?;
        }
    }
    Ok(())
}

fn tick(world: &World) -> Result<()> {
    tick_while(world, || ())
}

fn reinforce(world: &World, document: &Body) -> bool {
    let words: Vec<String> = document.text.split(' ').take(3).map(Into::into).collect();
    let helped = phago_engine::Helped {
        name: document.name(),
        title: document.title.to_string(),
        text: document.text.to_string(),
        path: vec![(words[0].clone(), words[1..].to_vec())],
    };
    world.reinforce(&helped).unwrap()
}

// A life with everything in it, and inputs that come while ticks are made.
fn live(world: &World) {
    join(world);
    let all = documents(3, 120);
    ingest(world, &all[..40]);
    tick(world).unwrap();
    tick_while(world, || {
        ingest(world, &all[40..60]);
        assert!(world.delete(&all[1].name()).unwrap());
        assert!(world.delete(&all[45].name()).unwrap(), "it waits still");
        assert!(reinforce(world, &all[2]));
    })
    .unwrap();
    let changed = Body { text: "an ion pump of another cell".into(), ..all[4].clone() };
    world.update(changed.clone()).unwrap();
    ingest(world, &all[60..]);
    tick_while(world, || {
        world.update(all[4].clone()).unwrap();
        ingest(world, &all[1..2]);
    })
    .unwrap();
    // Until nothing is left to do, and some idle ticks.
    while !world.is_quiet().unwrap() {
        tick(world).unwrap();
    }
    for _ in 0..7 {
        tick(world).unwrap();
    }
    assert!(world.delete(&all[7].name()).unwrap());
    assert!(reinforce(world, &all[8]));
}

fn never_stored() -> String {
    let world = world_with(2, config());
    live(&world);
    world.digest().unwrap()
}

#[test]
fn a_life_on_disk_is_the_life_in_memory_and_is_opened_on_any_ring() {
    let digest = never_stored();
    for (lived, opened) in [(1, 4), (2, 1), (3, 3), (4, 2)] {
        let files = memory();
        let world = open(&files, lived).unwrap();
        live(&world);
        assert_eq!(world.digest().unwrap(), digest);
        let ticks = world.tick();
        // As after kill -9.
        drop(world);
        let world = open(&files, opened).unwrap();
        assert_eq!((world.digest().unwrap(), world.tick()), (digest.clone(), ticks));
        world.checkpoint().unwrap();
        assert_eq!(files.list().unwrap(), ["LOCK", "checkpoint-1", "log-1", "witness"]);
        drop(world);
        let world = open(&files, lived).unwrap();
        assert_eq!(world.digest().unwrap(), digest);
        // And it goes on as the one in memory does.
        let other = world_with(2, config());
        live(&other);
        for world in [&world, &other] {
            join(world);
            ingest(world, &named(9, 20));
            (0..5).for_each(|_| tick(world).unwrap());
        }
        assert_eq!(world.digest().unwrap(), other.digest().unwrap());
        world.close().unwrap();
        let world = open(&files, opened).unwrap();
        assert_eq!(world.digest().unwrap(), other.digest().unwrap());
        assert!(verify(&files).unwrap().damage.is_empty());
    }
}

#[test]
fn a_replay_that_ignored_the_cuts_would_be_seen() {
    // The same life without the ticks' cuts: what came during a tick is seen by it.
    let files = memory();
    let world = open(&files, 2).unwrap();
    live(&world);
    let digest = world.digest().unwrap();
    drop(world);
    let mut recovery = Recovery::open(files, OPTIONS, None).unwrap();
    let mut replayed = Colony::new(config(), Ring::new(2, 150)).unwrap();
    let mut idle = 0;
    while let Some(record) = recovery.next().unwrap() {
        if record.kind.0 == 1 {
            let ticks = u64::from_le_bytes(record.payload[..].try_into().unwrap());
            idle += ticks;
            (0..ticks).for_each(|_| drop(replayed.tick().unwrap()));
            continue;
        }
        match Input::decode(&record.payload).unwrap() {
            Input::Tick { tick, .. } => {
                assert_eq!(tick, replayed.state().tick() + 1);
                replayed.tick().unwrap();
            }
            input => {
                replayed.apply(input).unwrap();
            }
        }
    }
    assert_eq!(idle, 7, "idle ticks are one record");
    assert_ne!(replayed.digest(), digest);
}

#[test]
fn a_tick_that_cannot_be_written_leaves_the_colony_as_it_was() {
    for call in [0, 1] {
        let disk = Faulty::new();
        let files: Arc<dyn Files> = Arc::new(disk.clone());
        let world = open(&files, 2).unwrap();
        join(&world);
        ingest(&world, &documents(3, 50));
        let before = world.digest().unwrap();
        let failed = tick_while(&world, || disk.fail(call, Failure::Io, false)).unwrap_err();
        assert!(matches!(failed, Error::Storage { .. }), "{failed}");
        assert_eq!((world.digest().unwrap(), world.tick()), (before.clone(), 0));
        assert!(matches!(tick(&world).unwrap_err(), Error::Poisoned { .. }));
        let more = named(4, 1).pop().unwrap();
        let refused = world.ingest(vec![Ok(more)], 0, OnError::Raise, None).unwrap_err();
        assert!(matches!(refused, Error::Poisoned { .. }));
        assert_eq!(world.digest().unwrap(), before, "what is refused changes nothing");
        drop(world);
        // Whether the tick was kept is known when it is opened again: all of it or nothing.
        let world = open(&files, 2).unwrap();
        let mut reference = Colony::new(config(), Ring::new(1, 150)).unwrap();
        reference.apply(Input::Ingest(documents(3, 50))).unwrap();
        (0..world.tick()).for_each(|_| drop(reference.tick().unwrap()));
        assert_eq!(world.digest().unwrap(), reference.digest());
    }
}

#[test]
fn threads_that_ingest_while_ticks_are_made_leave_a_log_of_the_same_colony() {
    let folder = tempfile::tempdir().unwrap();
    let files: Arc<dyn Files> = Arc::new(Directory::new(folder.path()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    let world = World::open(
        Arc::clone(&files),
        Options::default(),
        Some(Layout { shards: 3, virtual_nodes: 150 }),
        Some(config()),
    );
    let world = world.unwrap();
    {
        let _inside = runtime.enter();
        let runner = runner(&world, 2, 30_000);
        let working = AtomicBool::new(true);
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..4)
                .map(|thread| {
                    let world = &world;
                    scope.spawn(move || {
                        for (number, body) in documents(thread, 25).into_iter().enumerate() {
                            let body = Body { key: Some(format!("{thread}-{number}").into()), ..body };
                            world.ingest(vec![Ok(body.clone())], 0, OnError::Raise, None).unwrap();
                            if number % 5 == 4 {
                                assert!(world.delete(&body.name()).unwrap());
                            }
                            if number % 6 == 5 {
                                let body = Body { text: format!("{} anew", body.text).into(), ..body };
                                world.update(body).unwrap();
                            }
                        }
                    })
                })
                .collect();
            scope.spawn(|| {
                while working.load(Ordering::SeqCst) {
                    runner.tick_blocking(never).unwrap();
                    world.checkpoint().unwrap();
                }
            });
            for writer in writers {
                writer.join().unwrap();
            }
            working.store(false, Ordering::SeqCst);
        });
        runner.tick_blocking(never).unwrap();
    }
    let digest = world.digest().unwrap();
    assert!(world.failed_checkpoint().is_none());
    drop(world);
    // The workers' last references go with the runner.
    let world = (0..).find_map(|attempt| match open(&files, 1) {
        Err(Error::Locked { .. }) if attempt < 6000 => {
            std::thread::sleep(std::time::Duration::from_millis(10));
            None
        }
        opened => Some(opened.unwrap()),
    });
    assert_eq!(world.unwrap().digest().unwrap(), digest);
}

#[test]
fn a_full_disk_closes_without_its_checkpoint_and_loses_nothing() {
    for failure in [Failure::NoSpace, Failure::ShortThenFull] {
        let disk = Faulty::new();
        let files: Arc<dyn Files> = Arc::new(disk.clone());
        let world = open(&files, 2).unwrap();
        ingest(&world, &documents(3, 50));
        let digest = world.digest().unwrap();
        disk.fail(0, failure, true);
        let missing = world.close().unwrap().expect("the checkpoint was not written");
        assert!(matches!(missing, Error::Storage { .. }) && missing.to_string().contains("no space left"), "{missing}");
        assert!(world.close().unwrap().is_none(), "it is closed already");
        disk.heal();
        assert_eq!(disk.list().unwrap(), ["LOCK", "log-0", "witness"]);
        // The lock is free though the colony in memory lives.
        let again = open(&files, 3).unwrap();
        assert_eq!(again.digest().unwrap(), digest);
        assert!(again.close().unwrap().is_none());
        assert_eq!(disk.list().unwrap(), ["LOCK", "checkpoint-1", "log-1", "witness"]);
    }
}

#[test]
fn a_close_that_cannot_write_the_last_ticks_is_an_error() {
    let disk = Faulty::new();
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    let world = open(&files, 2).unwrap();
    join(&world);
    tick(&world).unwrap();
    disk.fail(0, Failure::NoSpace, true);
    assert!(matches!(world.close(), Err(Error::Storage { .. })));
    disk.heal();
    // It was written when it was made, and perhaps not synced.
    assert_eq!(open(&files, 1).unwrap().tick(), 1);
}

#[test]
fn a_long_log_is_followed_by_a_checkpoint_on_its_own() {
    let files = memory();
    let world = open(&files, 2).unwrap();
    let body = |number: usize| Body {
        key: Some(format!("{number}").into()),
        text: format!("ion {number}").into(),
        ..Body::default()
    };
    let all: Vec<Body> = (0..132_000).map(body).collect();
    ingest(&world, &all[..131_000]);
    assert_eq!(files.list().unwrap(), ["LOCK", "log-0", "witness"]);
    ingest(&world, &all[131_000..]);
    // It is written beside the work; this one waits for it.
    world.checkpoint().unwrap();
    assert_eq!(files.list().unwrap(), ["LOCK", "checkpoint-2", "log-2", "witness"]);
    let digest = world.digest().unwrap();
    world.close().unwrap();
    assert_eq!(open(&files, 3).unwrap().digest().unwrap(), digest);
}

#[test]
fn nothing_of_a_deleted_document_is_left_after_compact() {
    let files = memory();
    let world = open(&files, 2).unwrap();
    join(&world);
    ingest(&world, &documents(3, 30));
    let secret = Body {
        key: Some("secret-key".into()),
        title: "Xyzzyplugh".into(),
        text: "the plover knows frotzwords".into(),
        ..Body::default()
    };
    ingest(&world, std::slice::from_ref(&secret));
    tick(&world).unwrap();
    world.checkpoint().unwrap();
    // As they are read: compression would hide them.
    let holds = |files: &Arc<dyn Files>| {
        let mut recovery = Recovery::open(Arc::clone(files), OPTIONS, None).unwrap();
        let checkpoint = recovery.checkpoint().unwrap();
        let mut bytes: Vec<u8> = checkpoint.sections().flat_map(|id| checkpoint.section(id).unwrap()).collect();
        while let Some(record) = recovery.next().unwrap() {
            bytes.extend(record.payload);
        }
        let has = |word: &str| bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()));
        ["secret-key", "xyzzyplugh", "plover", "frotzword"].map(has)
    };
    let copy = memory();
    world.snapshot(Arc::clone(&copy)).unwrap();
    assert_eq!(holds(&copy), [true; 4]);

    assert!(world.delete("secret-key").unwrap());
    let busy = world.compact().unwrap_err();
    assert!(matches!(busy, Error::Busy { .. }), "what it wired is in the graph still");
    tick(&world).unwrap();
    world.compact().unwrap();
    world.close().unwrap();
    assert_eq!(holds(&files), [false; 4]);
    assert_eq!(files.list().unwrap(), ["LOCK", "checkpoint-2", "log-2", "witness"]);
    assert!(
        open(&copy, 1).unwrap().read(|state| state.document(DocumentId::from_key("secret-key")).is_some()).unwrap()
    );
}

#[test]
fn a_follower_sees_what_is_acknowledged_and_changes_nothing() {
    let files = memory();
    let none = Follower::open(memory(), None).unwrap_err();
    assert!(matches!(none, Error::NoColony { .. }));
    let world = open(&files, 2).unwrap();
    join(&world);
    let all = documents(3, 40);
    ingest(&world, &all[..20]);
    let mut follower = Follower::open(Arc::clone(&files), Some(Layout { shards: 3, virtual_nodes: 150 })).unwrap();
    assert_eq!(follower.world().digest().unwrap(), world.digest().unwrap());
    assert!(!follower.refresh().unwrap(), "nothing new");
    tick_while(&world, || ingest(&world, &all[20..])).unwrap();
    let before = follower.world().digest().unwrap();
    assert_eq!(before, follower.world().digest().unwrap(), "it stands still");
    assert!(follower.refresh().unwrap());
    assert_eq!(follower.world().digest().unwrap(), world.digest().unwrap());
    for _ in 0..3 {
        tick(&world).unwrap();
    }
    world.seal().unwrap();
    world.checkpoint().unwrap();
    assert!(follower.refresh().unwrap(), "a new generation");
    assert_eq!(follower.world().digest().unwrap(), world.digest().unwrap());

    let reader = follower.world();
    let read_only = |result: Result<()>| assert_eq!(result, Err(Error::ReadOnly { path: ":memory:".into() }));
    let more = named(4, 1);
    read_only(reader.ingest(vec![Ok(more[0].clone())], 0, OnError::Raise, None).map(|_| ()));
    read_only(reader.delete(&all[0].name()).map(|_| ()));
    read_only(reader.update(Body { key: Some("new".into()), ..more[0].clone() }).map(|_| ()));
    read_only(reader.checkpoint());
    join(reader);
    read_only(tick(reader));
    assert_eq!(reader.digest().unwrap(), world.digest().unwrap());
}

#[test]
fn a_colony_keeps_the_config_and_the_layout_that_it_was_made_with() {
    let files = memory();
    let world = open(&files, 3).unwrap();
    world.close().unwrap();
    let closed = world.delete("any").map(|_| ()).and_then(|()| world.checkpoint()).unwrap_err();
    assert!(closed.to_string().contains("closed"), "{closed}");
    let again = World::open(Arc::clone(&files), OPTIONS, None, None).unwrap();
    assert_eq!((again.ring().shard_count(), (**again.config()).clone()), (3, config()));
    drop(again);
    let other = ColonyConfig { max_edge_degree: 31, ..config() };
    let refused = World::open(Arc::clone(&files), OPTIONS, None, Some(other)).map(|_| ()).unwrap_err();
    let accepted = "30, with which the colony was made".to_owned();
    assert_eq!(refused, Error::Config { field: "max_edge_degree".into(), value: "31".into(), accepted });
    assert!(open(&files, 1).is_ok(), "a refused opening lets go of the lock");
    let bad = ColonyConfig { max_edge_degree: 0, ..config() };
    let nowhere = memory();
    World::open(Arc::clone(&nowhere), OPTIONS, None, Some(bad)).map(|_| ()).unwrap_err();
    assert_eq!(nowhere.list().unwrap(), Vec::<String>::new(), "a bad config makes nothing");
    assert!(files.open("LOCK", Open::Read).is_ok());
}

#[test]
fn none_is_made_where_none_is_to_be() {
    let files = memory();
    let options = Options { make: false, ..OPTIONS };
    let none = World::open(Arc::clone(&files), options, None, None).map(|_| ()).unwrap_err();
    assert!(matches!(none, Error::NoColony { .. }), "{none}");
    assert_eq!(files.list().unwrap(), Vec::<String>::new());
    drop(open(&files, 2).unwrap());
    assert!(World::open(files, options, None, None).is_ok());
}

#[test]
fn an_opening_waits_for_another_writer_until_it_is_cancelled() {
    let files = memory();
    let first = open(&files, 2).unwrap();
    let hour = Duration::from_secs(3600);
    let within = |wait, cancel: &Cancel| World::open_within(&files, OPTIONS, None, None, wait, cancel);
    let locked = within(Duration::ZERO, &Cancel::new()).map(|_| ()).unwrap_err();
    assert!(matches!(locked, Error::Locked { .. }), "{locked}");
    let cancel = Cancel::new();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| within(hour, &cancel).map(|_| ()).unwrap_err());
        cancel.cancel();
        assert_eq!(waiting.join().unwrap(), Error::Cancelled);
        let waiting = scope.spawn(|| within(hour, &Cancel::new()));
        first.close().unwrap();
        assert!(waiting.join().unwrap().is_ok());
    });
}

#[test]
fn a_long_tail_is_replayed_on_any_number_of_threads_to_the_same_colony() {
    let files = memory();
    // So many that a tick and a chunk are shared between threads.
    let config = ColonyConfig { documents_per_tick: 300, ..ColonyConfig::default() };
    let layout = |shards| Some(Layout { shards, virtual_nodes: 150 });
    let world = World::open(Arc::clone(&files), OPTIONS, layout(2), Some(config)).unwrap();
    join(&world);
    ingest(&world, &named(1, 700));
    tick(&world).unwrap();
    world.checkpoint().unwrap();
    ingest(&world, &named(2, 700));
    (0..3).for_each(|_| tick(&world).unwrap());
    assert!(world.delete(&named(2, 1)[0].name()).unwrap());
    tick(&world).unwrap();
    let digest = world.digest().unwrap();
    // Without a close, which would write a checkpoint.
    world.seal().unwrap();
    drop(world);
    for (cores, shards) in [(1, 2), (2, 2), (3, 5), (8, 3), (4, 1)] {
        set_cores(cores);
        let world = World::open(Arc::clone(&files), OPTIONS, layout(shards), None).unwrap();
        assert_eq!(world.digest().unwrap(), digest, "{cores} threads, {shards} shards");
    }
    set_cores(0);
}
