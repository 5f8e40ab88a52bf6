//! A chunk that the helping threads begin to read while the one before is taken in ends as any other.

mod common;

use common::*;
use phago_core::Error;
use phago_core::config::ColonyConfig;
use phago_core::documents::{Body, Vector};
use phago_engine::work::pool::Pool;
use phago_engine::{OnError, World};
use std::collections::VecDeque;
use std::sync::Arc;

const CHUNK: usize = 100;

fn all(bodies: &[Body]) -> Vec<phago_core::Result<Body>> {
    bodies.iter().cloned().map(Ok).collect()
}

fn world(shards: u32) -> Arc<World> {
    world_with(shards, ColonyConfig::default())
}

// Takes chunks in, each begun before so many that stand in front of it are taken in.
fn ahead(world: &World, bodies: &[Body], pool: &Pool, most: usize) {
    let mut coming = bodies.chunks(CHUNK).enumerate().map(|(at, bodies)| {
        let mut chunk = world.chunk(all(bodies), at * CHUNK);
        world.begin_chunk(&mut chunk, pool, true);
        chunk
    });
    let mut begun: VecDeque<_> = coming.by_ref().take(most).collect();
    while let Some(now) = begun.pop_front() {
        begun.extend(coming.next());
        world.ingest_chunk(now, OnError::Raise, Some(pool)).unwrap();
    }
}

#[test]
fn what_is_read_ahead_is_the_same_on_any_shards_and_threads() {
    let bodies = documents(3, 950);
    let expected = world(1);
    ingest(&expected, &bodies);
    for (shards, threads) in [(1, 2), (2, 2), (3, 3), (7, 2), (16, 4), (2, 1), (1, 1)] {
        for most in [1, 2, 9] {
            let world = world(shards);
            ahead(&world, &bodies, &Pool::new(threads), most);
            let told = format!("{shards} shards, {threads} threads, {most} ahead");
            assert_eq!(world.digest().unwrap(), expected.digest().unwrap(), "{told}");
        }
    }
}

#[test]
fn what_the_chunk_before_brings_is_known_when_one_is_taken_in() {
    for threads in [1, 2] {
        let (world, pool) = (world(2), Pool::new(threads));
        let bodies: Vec<Body> = (0..CHUNK)
            .map(|at| Body { key: Some(format!("{at}").into()), ..documents(5, CHUNK)[at].clone() })
            .collect();
        let mut others = bodies.clone();
        others[70].text = "something else".into();
        let mut chunks = [&bodies, &bodies, &others, &others].map(|bodies| {
            let mut chunk = world.chunk(all(bodies), 10);
            world.begin_chunk(&mut chunk, &pool, true);
            Some(chunk)
        });
        let mut take = |at: usize, on_error| world.ingest_chunk(chunks[at].take().unwrap(), on_error, Some(&pool));
        assert_eq!(take(0, OnError::Raise).unwrap().accepted, CHUNK as u64);
        let again = take(1, OnError::Raise).unwrap();
        assert_eq!((again.accepted, again.unchanged), (0, CHUNK as u64));
        let before = world.digest().unwrap();
        let refused = take(2, OnError::Raise).unwrap_err();
        assert!(matches!(&refused, Error::DocumentExists { index: 80, .. }), "{refused:?}");
        let skipped = take(3, OnError::Skip).unwrap();
        assert_eq!((skipped.unchanged, skipped.rejected), (CHUNK as u64 - 1, vec![refused]));
        assert_eq!(world.digest().unwrap(), before);
    }
}

#[test]
fn the_first_bad_document_is_told_and_nothing_of_its_chunk_is_taken_in() {
    let (world, pool) = (world(2), Pool::new(2));
    let before = world.digest().unwrap();
    let mut documents = all(&documents(5, CHUNK));
    for at in [60, 40] {
        documents[at] = Err(Error::InvalidDocument { index: at, id: None, field: "text".into(), reason: "no".into() });
    }
    let mut chunk = world.chunk(documents, 0);
    world.begin_chunk(&mut chunk, &pool, true);
    let error = world.ingest_chunk(chunk, OnError::Raise, Some(&pool)).unwrap_err();
    assert!(matches!(error, Error::InvalidDocument { index: 40, .. }), "{error:?}");
    assert_eq!(world.digest().unwrap(), before);
}

// As on one thread, where the first chunk is taken in before the second is looked at.
#[test]
fn vectors_are_judged_by_those_of_the_chunk_before() {
    let bodies = documents(5, 2 * CHUNK);
    let of = |at: usize, numbers: &[f64]| Body { vector: Some(Vector::new(numbers).unwrap()), ..bodies[at].clone() };
    let first: Vec<Body> = (0..CHUNK).map(|at| of(at, &[1.0, 2.0, 3.0])).collect();
    let second: Vec<Body> =
        (CHUNK..2 * CHUNK).map(|at| of(at, if at == CHUNK { &[1.0, 2.0] } else { &[3.0, 2.0, 1.0] })).collect();
    let taken = [1, 3].map(|threads| {
        let (world, pool) = (world(2), Pool::new(threads));
        let chunks = [(&first, 0), (&second, CHUNK)].map(|(bodies, index)| {
            let mut chunk = world.chunk(all(bodies), index);
            if threads > 1 || index == 0 {
                world.begin_chunk(&mut chunk, &pool, true);
            }
            chunk
        });
        let done = chunks.map(|chunk| world.ingest_chunk(chunk, OnError::Skip, Some(&pool)).unwrap());
        (done, world.digest().unwrap())
    });
    assert_eq!(taken[0], taken[1]);
    assert_eq!((taken[0].0[1].accepted, taken[0].0[1].rejected.len()), (CHUNK as u64 - 1, 1));
}

#[test]
fn a_chunk_that_is_let_go_of_leaves_nothing() {
    let (world, pool, bodies) = (world(2), Pool::new(3), documents(5, 600));
    let mut chunk = world.chunk(all(&bodies[300..]), 0);
    world.begin_chunk(&mut chunk, &pool, true);
    drop(chunk);
    ahead(&world, &bodies[..300], &pool, 1);
    let expected = self::world(1);
    ingest(&expected, &bodies[..300]);
    assert_eq!(world.digest().unwrap(), expected.digest().unwrap());
}

// Its words have other numbers then.
#[test]
fn a_chunk_is_read_anew_if_the_colony_forgot_words_meanwhile() {
    for threads in [1, 2] {
        let (world, pool, bodies) = (world(2), Pool::new(threads), documents(5, 200));
        let words = |from: usize| (from..from + 5_000).map(|word| format!("gone{word}x")).collect::<Vec<_>>().join(" ");
        let key = |at: usize| format!("gone {at}");
        let gone = |at: usize| Body { key: Some(key(at).into()), text: words(5_000 * at).into(), ..Body::default() };
        ingest(&world, &(0..20).map(gone).collect::<Vec<_>>());
        let mut chunk = world.chunk(all(&bodies), 0);
        world.begin_chunk(&mut chunk, &pool, true);
        let before = world.lexicon().unwrap();
        for at in 0..20 {
            assert!(world.delete(&key(at)).unwrap());
        }
        assert!(
            !Arc::ptr_eq(&before, &world.lexicon().unwrap()),
            "no words were forgotten, so this test tests nothing"
        );
        assert_eq!(world.ingest_chunk(chunk, OnError::Raise, Some(&pool)).unwrap().accepted, 200);
        let expected = self::world(1);
        ingest(&expected, &bodies);
        assert_eq!(world.evidence_digest().unwrap(), expected.evidence_digest().unwrap());
    }
}

// Takes documents in, each alone, and passes over bad ones.
fn one_by_one(world: &World, documents: &[phago_core::Result<Body>]) -> (u64, Vec<Error>) {
    let each = documents.iter().enumerate().map(|(at, document)| {
        let done = world.ingest(vec![document.clone()], at, OnError::Skip, None).unwrap();
        (done.accepted, done.rejected)
    });
    let (accepted, rejected): (Vec<u64>, Vec<Vec<Error>>) = each.unzip();
    (accepted.iter().sum(), rejected.concat())
}

#[test]
fn documents_are_judged_in_their_order_as_if_each_came_alone() {
    let of = |at: usize| documents(5, CHUNK)[at].clone();
    let keyed = |at: usize, key: usize| Body { key: Some(format!("{key}").into()), ..of(at) };
    let with =
        |at: usize, key: usize, numbers: &[f64]| Body { vector: Some(Vector::new(numbers).unwrap()), ..keyed(at, key) };
    let bad = |index| Err(Error::InvalidDocument { index, id: None, field: "text".into(), reason: "no".into() });
    let plain = || (0..CHUNK).map(|at| Ok(keyed(at, at))).collect::<Vec<_>>();
    let changed = |changes: Vec<(usize, phago_core::Result<Body>)>| {
        let mut documents = plain();
        changes.into_iter().for_each(|(at, document)| documents[at] = document);
        documents
    };
    let cases = [
        // What the vector of a refused document has does not count.
        changed(vec![(2, Ok(with(2, 1, &[1.0, 2.0, 3.0]))), (5, Ok(with(5, 5, &[1.0, 2.0])))]),
        changed(vec![
            (2, Ok(with(2, 2, &[1.0, 2.0, 3.0]))),
            (3, Ok(keyed(3, 2))),
            (5, Ok(with(5, 5, &[1.0, 2.0]))),
            (7, bad(7)),
        ]),
        // A document with two faults has the same first one.
        changed(vec![(2, Ok(with(2, 2, &[1.0, 2.0, 3.0]))), (5, Ok(with(5, 1, &[1.0, 2.0])))]),
        changed(vec![(4, bad(4)), (3, Ok(keyed(4, 2))), (9, Ok(keyed(8, 8)))]),
    ];
    for (number, documents) in cases.iter().enumerate() {
        let alone = world(1);
        let (accepted, rejected) = one_by_one(&alone, documents);
        for (threads, begins) in [(1, false), (1, true), (3, false), (3, true)] {
            let told = format!("case {number}, {threads} threads, begun {begins}");
            let chunk = |world: &World, pool: &Pool| {
                let mut chunk = world.chunk(documents.clone(), 0);
                if begins {
                    world.begin_chunk(&mut chunk, pool, true);
                }
                chunk
            };
            let (world, pool) = (world(2), Pool::new(threads));
            let before = world.digest().unwrap();
            let first = world.ingest_chunk(chunk(&world, &pool), OnError::Raise, Some(&pool)).unwrap_err();
            assert_eq!((&first, world.digest().unwrap()), (&rejected[0], before), "{told}");
            let done = world.ingest_chunk(chunk(&world, &pool), OnError::Skip, Some(&pool)).unwrap();
            assert_eq!((done.accepted, &done.rejected), (accepted, &rejected), "{told}");
            assert_eq!(world.digest().unwrap(), alone.digest().unwrap(), "{told}");
        }
    }
}

#[test]
fn what_stood_when_a_chunk_was_read_and_has_left_since_is_new() {
    let bodies: Vec<Body> =
        (0..CHUNK).map(|at| Body { key: Some(format!("{at}").into()), ..documents(5, CHUNK)[at].clone() }).collect();
    for (other, threads) in [(false, 3), (true, 3), (false, 1), (true, 1)] {
        let (world, pool) = (world(2), Pool::new(threads));
        let mut standing = bodies[40].clone();
        if other {
            standing.text = "something else".into();
        }
        ingest(&world, &[standing]);
        let mut chunk = world.chunk(all(&bodies), 0);
        world.begin_chunk(&mut chunk, &pool, true);
        assert!(world.delete("40").unwrap());
        assert_eq!(world.ingest_chunk(chunk, OnError::Raise, Some(&pool)).unwrap().accepted, CHUNK as u64);
        let expected = self::world(1);
        ingest(&expected, &bodies);
        assert_eq!(world.evidence_digest().unwrap(), expected.evidence_digest().unwrap());
    }
}
