//! Documents that leave by themselves: as if somebody deleted them at that moment.

mod common;

use common::{Chance, written};
use phago_core::Error;
use phago_core::checkpoint::{Share, read};
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::documents::{Body, Lifetime};
use phago_core::ids::{DocumentId, TICK_MAX};
use phago_core::input::{Input, Outcome, Updated};
use phago_core::replay::Replay;
use phago_core::ring::Ring;
use std::collections::BTreeMap;

const SHARDS: [u32; 5] = [1, 2, 3, 7, 16];
// A time, in microseconds; tests count from here.
const NOON: i64 = 1_800_000_000_000_000;

fn config() -> ColonyConfig {
    ColonyConfig { documents_per_tick: 9, maturation_ticks: 5, ..ColonyConfig::default() }
}

fn colony(shards: u32) -> Colony {
    Colony::new(config(), Ring::new(shards, 50)).unwrap()
}

fn body(key: &str, text: &str, expires: Option<Lifetime>) -> Body {
    Body { key: Some(key.into()), text: text.into(), expires, ..Body::default() }
}

fn id(key: &str) -> DocumentId {
    DocumentId::from_key(key)
}

fn stands(colony: &Colony, key: &str) -> bool {
    colony.state().document(id(key)).is_some()
}

fn ingest(colony: &mut Colony, body: Body) -> bool {
    colony.apply(Input::Ingest(vec![body])).unwrap() == Outcome::Ingested { accepted: 1, unchanged: 0 }
}

fn update(colony: &mut Colony, body: Body) -> Updated {
    match colony.apply(Input::Update(body)).unwrap() {
        Outcome::Updated(updated) => updated,
        other => panic!("{other:?}"),
    }
}

// The same colony, read from its columns onto another ring.
fn reread(colony: &Colony, shards: u32) -> Colony {
    let sections = written(colony.state());
    Colony::of(read(config(), Ring::new(shards, 50), Share::Whole, |section| Ok(sections[&section].clone())).unwrap())
}

// The same colony with no lifetime on any document.
fn without_lifetimes(colony: &Colony) -> Colony {
    let mut other = Colony::of(colony.state().clone());
    let all: Vec<Body> =
        colony.state().shards().iter().flat_map(|shard| shard.documents().all()).map(|one| one.body.clone()).collect();
    for body in all.into_iter().filter(|body| body.expires.is_some()) {
        assert_eq!(update(&mut other, Body { expires: None, ..body }), Updated::Changed);
    }
    other
}

#[test]
fn a_document_is_there_before_the_tick_of_its_number_is_made_and_gone_after() {
    for shards in SHARDS {
        let mut colony = colony(shards);
        ingest(&mut colony, body("a", "ions cross the membrane", Some(Lifetime::Tick(3))));
        for tick in 1..=3 {
            assert!(stands(&colony, "a"));
            colony.tick().unwrap();
            assert_eq!(colony.state().tick(), tick);
        }
        assert!(!stands(&colony, "a"));
        assert!(colony.state().node_count() > 0 && !colony.state().is_quiet(), "the next tick unwires it");
        colony.tick().unwrap();
        assert_eq!((colony.state().node_count(), colony.state().edge_count()), (0, 0));
    }
}

#[test]
fn a_lifetime_that_is_over_ends_with_the_next_tick_and_the_next_tick_is_something_to_do() {
    let mut colony = colony(3);
    while colony.state().tick() < 5 {
        colony.tick().unwrap();
    }
    for (key, expires) in [("a", 0), ("b", 5), ("c", 6)] {
        ingest(&mut colony, body(key, "of the", Some(Lifetime::Tick(expires))));
    }
    colony.tick().unwrap();
    assert_eq!(colony.state().commons().documents(), 0);
    // One that is not over yet is nothing to do.
    ingest(&mut colony, body("d", "of the", Some(Lifetime::Tick(60))));
    while !colony.state().is_quiet() {
        colony.tick().unwrap();
    }
    assert!(colony.state().tick() < 30 && stands(&colony, "d"));
    assert!(colony.state().is_idle_until(59) && !colony.state().is_idle_until(60));
}

#[test]
fn times_do_nothing_until_the_colony_is_told_one_as_late() {
    let mut colony = colony(2);
    ingest(&mut colony, body("a", "ions", Some(Lifetime::Time(NOON))));
    ingest(&mut colony, body("b", "pumps", Some(Lifetime::Time(NOON + 1))));
    let tell = |colony: &mut Colony, now| colony.apply(Input::Now(now)).unwrap() == Outcome::Told(true);
    for _ in 0..20 {
        colony.tick().unwrap();
    }
    assert!(colony.state().is_quiet());
    let before = colony.digest();
    assert!(tell(&mut colony, NOON - 1));
    assert!(colony.state().is_quiet());
    assert_ne!(colony.digest(), before, "the time is a part of the state");
    assert!(tell(&mut colony, NOON));
    assert!(stands(&colony, "a") && !colony.state().is_quiet(), "the next tick takes it away");
    // A time that is not later changes nothing.
    let told = colony.digest();
    assert!(!tell(&mut colony, NOON) && !tell(&mut colony, i64::MIN));
    assert_eq!((colony.digest(), colony.state().commons().now()), (told, Some(NOON)));
    colony.tick().unwrap();
    assert!(!stands(&colony, "a") && stands(&colony, "b"));
    // One that comes too late leaves with the next tick.
    ingest(&mut colony, body("c", "cells", Some(Lifetime::Time(NOON - 5))));
    colony.tick().unwrap();
    assert!(!stands(&colony, "c") && stands(&colony, "b"));
}

#[test]
fn another_lifetime_is_refused_by_ingest_and_taken_by_update_without_unwiring() {
    let mut colony = colony(3);
    let text = "the ion pump of a cell moves ions";
    for (key, expires) in [("a", None), ("b", Some(Lifetime::Tick(9)))] {
        assert!(ingest(&mut colony, body(key, text, expires)));
        assert!(!ingest(&mut colony, body(key, text, expires)), "the same is no change");
        let refused = colony.apply(Input::Ingest(vec![body(key, text, Some(Lifetime::Tick(10)))]));
        assert!(matches!(refused, Err(Error::DocumentExists { .. })), "{refused:?}");
    }
    colony.tick().unwrap();
    let (nodes, edges) = (colony.state().node_count(), colony.state().edge_count());
    assert!(edges > 0);
    assert_eq!(update(&mut colony, body("a", text, Some(Lifetime::Tick(20)))), Updated::Changed);
    assert_eq!(update(&mut colony, body("a", text, Some(Lifetime::Tick(20)))), Updated::Unchanged);
    assert_eq!(update(&mut colony, body("b", text, None)), Updated::Changed);
    let commons = colony.state().commons();
    assert_eq!((commons.pending(), commons.unwiring(), commons.digested()), (0, 0, 2));
    assert_eq!((colony.state().node_count(), colony.state().edge_count()), (nodes, edges));
    while colony.state().tick() < 20 {
        assert!(stands(&colony, "a"));
        colony.tick().unwrap();
    }
    assert!(!stands(&colony, "a") && stands(&colony, "b"), "its lifetime was taken from it");
    // An update with another text and no lifetime has none.
    ingest(&mut colony, body("c", text, Some(Lifetime::Tick(22))));
    assert_eq!(update(&mut colony, body("c", "another text", None)), Updated::Changed);
    (0..5).for_each(|_| drop(colony.tick().unwrap()));
    assert!(stands(&colony, "c"));
}

#[test]
fn without_a_key_another_lifetime_is_another_document() {
    let mut colony = colony(2);
    let unnamed = |expires| Body { key: None, ..body("", "ions cross", expires) };
    let lifetimes = [None, Some(Lifetime::Tick(1)), Some(Lifetime::Tick(2)), Some(Lifetime::Time(1))];
    for expires in lifetimes {
        assert!(ingest(&mut colony, unnamed(expires)));
    }
    assert_eq!(unnamed(None).id(), DocumentId::from_content("", "ions cross"));
    for left in [3, 2] {
        colony.tick().unwrap();
        assert_eq!(colony.state().commons().documents(), left);
    }
}

#[test]
fn a_tick_that_is_never_made_is_refused() {
    let mut colony = colony(1);
    let late = body("a", "ions", Some(Lifetime::Tick(TICK_MAX + 1)));
    match colony.apply(Input::Ingest(vec![late.clone()])) {
        Err(Error::InvalidDocument { field, reason, .. }) => {
            assert_eq!(field, "expires");
            assert!(reason.contains(&(TICK_MAX + 1).to_string()) && reason.contains("accepted"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(Input::decode(&Input::Update(late).encode()), Err(Error::Wire { .. })));
    for expires in [0, TICK_MAX] {
        assert!(ingest(&mut colony, body(&expires.to_string(), "ions", Some(Lifetime::Tick(expires)))));
    }
}

#[test]
fn a_lifetime_and_a_time_are_in_the_digest_and_nothing_else_of_them_is() {
    let digest = |expires: Option<Lifetime>, now: Option<i64>| {
        let mut colony = colony(2);
        ingest(&mut colony, body("a", "ions cross", expires));
        now.map(|now| colony.apply(Input::Now(now)).unwrap());
        colony.digest()
    };
    let all = [
        digest(None, None),
        digest(Some(Lifetime::Tick(7)), None),
        digest(Some(Lifetime::Tick(8)), None),
        digest(Some(Lifetime::Time(7)), None),
        digest(Some(Lifetime::Time(7)), Some(3)),
        digest(None, Some(3)),
        digest(None, Some(-3)),
    ];
    let different: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!(different.len(), all.len());
}

#[test]
fn what_leaves_by_itself_leaves_as_if_it_were_deleted_at_that_moment() {
    let mut left = 0;
    for seed in 0..12 {
        let mut chance = Chance(seed);
        let mut colonies: Vec<Colony> = SHARDS.iter().map(|&shards| colony(shards)).collect();
        // It knows no lifetime, and somebody deletes by hand what `ends` says.
        let mut twin = colony(4);
        let mut replay = Replay::new(colony(3).into_state());
        let mut sequence = 0;
        let mut ends: BTreeMap<String, Lifetime> = BTreeMap::new();
        let mut now = NOON;
        for step in 0..40 {
            let mut inputs = Vec::new();
            for _ in 0..chance.below(5) {
                let key = format!("doc-{}", chance.below(25));
                let mut content = Chance(chance.below(60));
                let words = 3 + content.below(25);
                let text = content.text(90, words);
                let expires = match chance.below(4) {
                    0 => None,
                    1 => Some(Lifetime::Time(now + chance.below(50) as i64 - 5)),
                    _ => Some(Lifetime::Tick((twin.state().tick() + chance.below(12)).saturating_sub(2))),
                };
                let standing = twin.state().document(id(&key)).map(|document| document.body.clone());
                inputs.push(match (chance.below(6), standing) {
                    (0, _) => Input::Delete(id(&key)),
                    // Only the lifetime changes.
                    (1 | 2, Some(standing)) => Input::Update(Body { expires, ..standing }),
                    (3, _) | (_, Some(_)) => Input::Update(body(&key, &text, expires)),
                    _ => Input::Ingest(vec![body(&key, &text, expires)]),
                });
                let plain = |body: &Body| Body { expires: None, ..body.clone() };
                let (body, input) = match inputs.last().unwrap() {
                    Input::Update(body) => (Some(body), Input::Update(plain(body))),
                    Input::Ingest(bodies) => (Some(&bodies[0]), Input::Ingest(vec![plain(&bodies[0])])),
                    other => (None, other.clone()),
                };
                twin.apply(input).unwrap();
                match body.and_then(|body| body.expires) {
                    Some(expires) => ends.insert(key, expires),
                    None => ends.remove(&key),
                };
            }
            if chance.below(3) == 0 {
                now += chance.below(30) as i64 - 5;
                inputs.push(Input::Now(now));
                twin.apply(Input::Now(now)).unwrap();
                now = twin.state().commons().now().unwrap();
            }
            for colony in &mut colonies {
                for input in &inputs {
                    colony.apply(input.clone()).unwrap();
                }
            }
            for input in inputs {
                sequence += 1;
                replay.take(sequence, Input::decode(&input.encode()).unwrap()).unwrap();
            }
            if chance.below(4) > 0 {
                colonies.iter_mut().for_each(|colony| drop(colony.tick().unwrap()));
                twin.tick().unwrap();
                let tick = twin.state().tick();
                sequence += 1;
                replay.take(sequence, Input::Tick { tick, attempt: 1, cut: sequence }).unwrap();
                let is_over = |expires: &Lifetime| match *expires {
                    Lifetime::Tick(last) => last <= tick,
                    Lifetime::Time(last) => twin.state().commons().now() >= Some(last),
                };
                let over: Vec<String> =
                    ends.iter().filter(|(_, expires)| is_over(expires)).map(|(key, _)| key.clone()).collect();
                for key in over {
                    ends.remove(&key);
                    assert!(twin.delete(id(&key)).unwrap(), "seed {seed}, step {step}");
                    left += 1;
                }
            }
            let digest = colonies[0].digest();
            for other in &colonies[1..] {
                assert_eq!(other.digest(), digest, "seed {seed}, step {step}");
            }
            assert_eq!(without_lifetimes(&colonies[2]).digest(), twin.digest(), "seed {seed}, step {step}");
            assert_eq!(Colony::of(replay.visible().unwrap()).digest(), digest, "seed {seed}, step {step}");
            if chance.below(4) == 0 {
                let place = chance.below(5) as usize;
                colonies[place] = reread(&colonies[place], SHARDS[chance.below(5) as usize]);
                assert_eq!(colonies[place].digest(), digest, "seed {seed}, step {step}");
            }
        }
    }
    assert!(left > 300, "{left}");
}

#[test]
fn idle_ticks_read_no_lifetime_that_is_far_and_a_replay_may_not_pass_one() {
    let mut colony = colony(2);
    ingest(&mut colony, body("a", "of the", Some(Lifetime::Tick(40))));
    while !colony.state().is_quiet() {
        colony.tick().unwrap();
    }
    let tick = colony.state().tick();
    let mut replay = Replay::new(colony.state().clone());
    replay.pass(39 - tick).unwrap();
    let refused = replay.pass(1);
    assert!(matches!(refused, Err(Error::Wire { what: "history", .. })), "{refused:?}");
    let mut passed = Colony::of(replay.finish().unwrap());
    while colony.state().tick() < 39 {
        colony.tick().unwrap();
    }
    assert_eq!(passed.digest(), colony.digest());
    passed.tick().unwrap();
    assert_eq!(passed.state().commons().documents(), 0);
}
