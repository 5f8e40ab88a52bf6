//! Many updates or deletes at once are what they are one by one, with fewer syncs.

mod common;

use common::*;
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::config::ColonyConfig;
use phago_core::documents::{Body, Vector};
use phago_core::input::Updated;
use phago_core::phase::Phase;
use phago_engine::intake::many::UpdatedAll;
use phago_engine::store::{Failure, Faulty, Options, WitnessSync};
use phago_engine::{Layout, OnError, World};
use std::sync::Arc;

const OPTIONS: Options = Options { witness: WitnessSync::Sealed, make: true, mutant: None };

fn open(disk: &Faulty) -> phago_core::Result<Arc<World>> {
    World::open(Arc::new(disk.clone()), OPTIONS, Some(Layout { shards: 2, virtual_nodes: 20 }), None)
}

fn update_all(world: &World, documents: &[Body], on_error: OnError) -> phago_core::Result<UpdatedAll> {
    world.update_all(documents.iter().cloned().map(Ok).collect(), 10, on_error, None, &Cancel::new())
}

fn named(count: usize) -> Vec<Body> {
    documents(7, count).into_iter().map(|body| Body { key: Some(body.name().into()), ..body }).collect()
}

fn changed(body: &Body) -> Body {
    Body { text: format!("{} and another end", body.text).into(), ..body.clone() }
}

fn names(bodies: &[Body]) -> Vec<String> {
    bodies.iter().map(Body::name).collect()
}

#[test]
fn updates_of_a_chunk_are_those_of_one_by_one_and_share_a_sync() {
    let (disk, bodies) = (Faulty::new(), named(60));
    let (world, alone) = (open(&disk).unwrap(), world_with(3, ColonyConfig::default()));
    for world in [&world, &alone] {
        ingest(world, &bodies[..50]);
    }
    // Changed, unchanged, new, another lifetime, twice, and there and back again.
    let mut updates: Vec<Body> = bodies[..30].iter().map(changed).collect();
    updates.extend_from_slice(&bodies[30..60]);
    updates.push(Body { expires: Some(phago_core::documents::Lifetime::Tick(90)), ..bodies[40].clone() });
    updates.push(Body { text: "a third text".into(), ..bodies[3].clone() });
    updates.extend([changed(&bodies[45]), bodies[45].clone(), bodies[4].clone()]);
    let before = disk.synced();
    let report = update_all(&world, &updates, OnError::Raise).unwrap();
    assert_eq!(disk.synced() - before, 1);
    let mut expected = UpdatedAll::default();
    for body in updates {
        match alone.update(body).unwrap() {
            Updated::New => expected.new += 1,
            Updated::Changed => expected.changed += 1,
            Updated::Unchanged => expected.unchanged += 1,
        }
    }
    assert_eq!(report, expected);
    assert_eq!((report.new, report.changed, report.unchanged), (10, 35, 20));
    let digest = alone.digest().unwrap();
    assert_eq!(world.digest().unwrap(), digest);
    drop(world);
    disk.lose_power(1);
    assert_eq!(open(&disk).unwrap().digest().unwrap(), digest);
}

#[test]
fn deletes_are_those_of_one_by_one_and_share_syncs() {
    let (disk, bodies) = (Faulty::new(), named(2200));
    let (world, alone) = (open(&disk).unwrap(), world_with(3, ColonyConfig::default()));
    for world in [&world, &alone] {
        ingest(world, &bodies);
    }
    let mut keys = names(&bodies[100..]);
    keys.extend(["nobody".to_owned(), bodies[150].name()]);
    let before = disk.synced();
    assert_eq!(world.delete_all(&keys, &Cancel::new()).unwrap(), 2100);
    assert_eq!(disk.synced() - before, 3);
    assert_eq!(keys.iter().filter(|key| alone.delete(key).unwrap()).count(), 2100);
    let digest = alone.digest().unwrap();
    assert_eq!(world.digest().unwrap(), digest);
    drop(world);
    disk.lose_power(1);
    assert_eq!(open(&disk).unwrap().digest().unwrap(), digest);
}

#[test]
fn a_bad_document_raises_before_anything_changes_or_is_left_out() {
    let (bodies, world) = (named(6), world(2));
    ingest(&world, &bodies);
    // A document without an id is known by its identity, which an id may not be.
    let unnamed = Body { text: "without an id".into(), ..Body::default() };
    ingest(&world, std::slice::from_ref(&unnamed));
    let before = world.digest().unwrap();
    let mut updates: Vec<Body> = bodies.iter().map(changed).collect();
    (updates[2].title, updates[2].text) = ("".into(), " ".into());
    updates[3].key = Some(unnamed.name().into());
    updates[4].key = None;
    let of = |error: &Error| match error {
        Error::InvalidDocument { index, field, .. } => (*index, field.clone()),
        other => panic!("{other:?}"),
    };
    let raised = update_all(&world, &updates, OnError::Raise).unwrap_err();
    assert_eq!(of(&raised), (12, "text".into()));
    assert_eq!(world.digest().unwrap(), before);
    let report = update_all(&world, &updates, OnError::Skip).unwrap();
    assert_eq!((report.new, report.changed, report.unchanged), (0, 3, 0));
    let bad: Vec<_> = report.rejected.iter().map(of).collect();
    assert_eq!(bad, [(12, "text".into()), (13, "id".into()), (14, "id".into())]);
}

#[test]
fn a_refused_update_fixes_no_number_of_numbers() {
    let mut words = String::new();
    for number in 0..=1_000_000u32 {
        words.extend((0..4).map(|digit| char::from(b'a' + (number >> (5 * digit) & 31).min(25) as u8)));
        words.extend((0..4).map(|digit| char::from(b'a' + (number >> (5 * digit) & 31).saturating_sub(25) as u8)));
        words.push(' ');
    }
    let vector = |numbers: usize| Vector::new(&vec![1.0; numbers]).ok();
    let update = |key: &str, text: &str, numbers| Body {
        key: Some(key.into()),
        text: text.into(),
        vector: vector(numbers),
        ..Body::default()
    };
    let updates = [update("long", &words, 3), update("a", "ions", 2), update("b", "salt", 3), update("c", "rain", 2)];
    for on_error in [OnError::Skip, OnError::Raise] {
        let world = world(2);
        let before = world.digest().unwrap();
        let report = update_all(&world, &updates, on_error);
        let of = |error: &Error| match error {
            Error::InvalidDocument { index, field, .. } => (*index, field.clone()),
            other => panic!("{other:?}"),
        };
        match on_error {
            OnError::Raise => {
                assert_eq!(of(&report.unwrap_err()), (10, "text".into()));
                assert_eq!(world.digest().unwrap(), before);
            }
            OnError::Skip => {
                let report = report.unwrap();
                let bad: Vec<_> = report.rejected.iter().map(of).collect();
                assert_eq!((report.new, bad), (2, vec![(10, "text".into()), (12, "vector".into())]));
            }
        }
    }
}

#[test]
fn cancelled_they_leave_whole_documents() {
    let (bodies, world) = (named(6), world(2));
    ingest(&world, &bodies);
    let before = world.digest().unwrap();
    let cancel = Cancel::new();
    cancel.cancel();
    let updates = bodies.iter().map(|body| Ok(changed(body))).collect();
    let cancelled = world.update_all(updates, 0, OnError::Raise, None, &cancel);
    assert!(matches!(cancelled, Err(Error::Cancelled)), "{cancelled:?}");
    assert!(matches!(world.delete_all(&names(&bodies), &cancel), Err(Error::Cancelled)));
    assert_eq!(world.digest().unwrap(), before);
}

#[test]
fn during_a_tick_they_wait_for_its_end() {
    let (bodies, world) = (named(20), world(1));
    ingest(&world, &bodies);
    let shard = world.ring().shards()[0];
    world.join(shard).unwrap();
    world.phase_by_hand(shard, Phase::Sense).unwrap();
    let updates: Vec<Body> = bodies[..10].iter().map(changed).collect();
    assert_eq!(update_all(&world, &updates, OnError::Raise).unwrap().changed, 10);
    assert_eq!(update_all(&world, &updates, OnError::Raise).unwrap().unchanged, 10);
    assert_eq!(world.delete_all(&names(&bodies[5..]), &Cancel::new()).unwrap(), 15);
    assert_eq!(world.read(|state| state.commons().documents()).unwrap(), 20);
    world.abandon_by_hand().unwrap();
    assert_eq!(world.read(|state| state.commons().documents()).unwrap(), 5);
    let found = world.read(|state| state.document(bodies[0].id()).unwrap().body.clone()).unwrap();
    assert_eq!(found, changed(&bodies[0]));
}

#[test]
fn cut_off_at_any_call_they_are_whole_documents_and_the_same_again_makes_the_rest() {
    let bodies = named(12);
    let updates: Vec<Body> = bodies[..8].iter().map(changed).collect();
    let done = |world: &World| {
        update_all(world, &updates, OnError::Raise)?;
        world.delete_all(&names(&bodies[6..]), &Cancel::new())?;
        world.evidence_digest()
    };
    let mut cut = 0;
    for call in 0.. {
        let disk = Faulty::new();
        let world = open(&disk).unwrap();
        ingest(&world, &bodies);
        disk.fail(call, Failure::Stop, true);
        let first = done(&world);
        drop(world);
        disk.lose_power(call);
        let again = open(&disk).unwrap();
        again
            .read(|state| {
                for (body, update) in bodies.iter().zip(&updates) {
                    let found = state.document(body.id()).map(|document| &document.body);
                    assert!(found.is_none_or(|found| found == body || found == update), "call {call}: {found:?}");
                }
            })
            .unwrap();
        let evidence = done(&again).unwrap();
        // The last call is none of theirs: they were acknowledged, and are there.
        if let Ok(digest) = first {
            assert_eq!(evidence, digest);
            break;
        }
        cut += 1;
    }
    assert!(cut >= 4, "{cut} calls were cut off");
}
