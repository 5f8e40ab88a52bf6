//! A directory whose hashes are right, and whose columns no colony wrote together.

use super::{Layout, Over};
use crate::cluster::{Threads, Transport};
use crate::lock::lock;
use crate::store::{Files, Memory, Options};
use crate::tick::snapshot::Snapshot;
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::checkpoint::{self, Section};
use phago_core::colony::stage;
use phago_core::documents::{Body, Lifetime};
use phago_core::shard::Delta;
use phago_core::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

// The section of words: stems, forms, the term of each form and its count.
type Words = (Vec<String>, Vec<String>, Vec<u32>, Vec<u64>);

fn body(key: &str, text: &str) -> Body {
    let expires = (key != "stays").then_some(Lifetime::Tick(2));
    Body { key: Some(key.into()), text: text.into(), expires, ..Body::default() }
}

// Opens the colony of [`forged`].
fn opened(fewer: u64) -> Arc<World> {
    World::open(forged(fewer), Options::default(), None, None).unwrap()
}

// A colony of four documents with two `cells` each, of which the counts say `fewer`. All but one leave with the next
// tick.
fn forged(fewer: u64) -> Arc<dyn Files> {
    let files: Arc<dyn Files> = Arc::new(Memory::new());
    let world = World::open(files.clone(), Options::default(), None, None).unwrap();
    let all = ["one", "two", "three", "stays"];
    for key in all {
        world.update(body(key, &format!("cell, cells, cells, {key}"))).unwrap();
    }
    let (snapshot, deltas) = staged(&world);
    world.commit(snapshot, deltas, None).unwrap();
    let journal = world.journal.as_ref().unwrap();
    let mut sections = Vec::new();
    checkpoint::write(&world.state().unwrap(), |section, bytes| {
        sections.push((section, bytes));
        Ok::<(), Error>(())
    })
    .unwrap();
    let (_, words) = sections.iter_mut().find(|(section, _)| *section == Section::Words).unwrap();
    let (stems, forms, terms, mut counts): Words = postcard::from_bytes(words).unwrap();
    let count = |word: &str| forms.iter().position(|form| form == word).unwrap();
    counts[count("cell")] += fewer;
    counts[count("cells")] -= fewer;
    *words = postcard::to_allocvec(&(stems, &forms, terms, counts)).unwrap();
    journal.wait_to_write();
    journal.write(journal.encoded(all.len() as u64, sections)).unwrap();
    world.close().unwrap();
    files
}

fn staged(world: &World) -> (Snapshot, Vec<Delta>) {
    let snapshot = world.begin("a test").unwrap();
    let deltas = stage(&world.state().unwrap(), &snapshot.plan, &Cancel::new()).unwrap();
    (snapshot, deltas)
}

fn tick(world: &World) -> Result<()> {
    let (snapshot, deltas) = staged(world);
    let attempt = snapshot.attempt;
    let end = world.commit(snapshot, deltas, None);
    world.abort(attempt, None);
    end.map(drop)
}

#[track_caller]
fn refused<T>(done: Result<T>) {
    refused_by("the checkpoint", done);
}

#[track_caller]
fn refused_by<T>(wanted: &str, done: Result<T>) {
    match done {
        Err(Error::Corruption { path, place, reason }) => {
            assert_eq!((&*path, &*place), (":memory:", wanted));
            assert!(reason.contains("word form `cells`"), "{reason}");
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn a_document_that_the_counts_do_not_have_stays_and_says_that_the_directory_is_damaged() {
    let world = opened(7);
    let before = world.digest().unwrap();
    for key in ["one", "stays"] {
        refused(world.delete(key));
        refused(world.update(body(key, "another text")));
    }
    refused(tick(&world));
    assert_eq!((world.digest().unwrap(), world.tick()), (before, 1));
    world.update(body("new", "It goes on.")).unwrap();
    assert!(world.delete("new").unwrap());
}

#[test]
fn documents_that_wait_to_leave_are_counted_together() {
    let world = opened(5);
    let (snapshot, deltas) = staged(&world);
    assert!(world.delete("one").unwrap());
    refused(world.delete("stays"));
    // It takes the others away.
    let attempt = snapshot.attempt;
    refused(world.commit(snapshot, deltas, None));
    world.abort(attempt, None);
    assert_eq!((world.read(|state| state.commons().documents()).unwrap(), world.tick()), (3, 1));
    refused(world.delete("two"));
}

#[test]
fn a_document_that_leaves_with_a_tick_is_counted_once() {
    let world = opened(0);
    let (snapshot, deltas) = staged(&world);
    assert!(world.delete("one").unwrap());
    // As between the check of a tick and its swap.
    lock(&world.inputs).pending.note_expiring(&world.state().unwrap(), &deltas).unwrap();
    assert!(world.delete("two").unwrap() && world.delete("stays").unwrap());
    world.commit(snapshot, deltas, None).unwrap();
    let empty = World::open(Arc::new(Memory::new()), Options::default(), None, None).unwrap();
    assert_eq!(world.evidence_digest().unwrap(), empty.evidence_digest().unwrap());
    assert!(lock(&world.inputs).pending.is_empty());
}

// Nodes judge a delete before it is logged, each what it has. Only when they apply it does the home of a word form hear
// of documents elsewhere, and to ask it before would be one more call for every delete. So the log has the delete.
#[test]
fn what_nodes_cannot_take_out_of_their_counts_is_an_error_of_who_deletes_and_of_who_opens() {
    let files = forged(7);
    let over = || {
        let transport: Arc<dyn Transport> = Arc::new(Threads::new(2));
        let over = Over { transport, nodes: 2, answer: Duration::from_secs(1) };
        let layout = Some(Layout { shards: 2, virtual_nodes: 150 });
        World::open_over(&files, Options::default(), layout, None, &over, Duration::ZERO, &Cancel::new())
    };
    let unavailable = |error| match error {
        Some(Error::CoordinatorUnavailable { reason }) => assert!(reason.contains("word form `cells`"), "{reason}"),
        other => panic!("{other:?}"),
    };
    let world = over().unwrap();
    unavailable(world.delete("one").err());
    world.close().unwrap();
    unavailable(over().err());
    refused_by("the history", World::open(files, Options::default(), None, None));
}
