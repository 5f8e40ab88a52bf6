//! Documents that leave by themselves, in a world that many use and that lives on disk.

mod common;

use common::*;
use phago_core::config::ColonyConfig;
use phago_core::documents::{Body, Lifetime};
use phago_core::ids::DocumentId;
use phago_core::input::{Input, Outcome, Updated};
use phago_core::phase::Phase;
use phago_core::{Error, Result};
use phago_engine::store::{Files, Memory, Options, WitnessSync};
use phago_engine::{Follower, Helped, Layout, World};
use std::sync::Arc;

const OPTIONS: Options = Options { witness: WitnessSync::Sealed, make: true, mutant: None };

fn config() -> ColonyConfig {
    ColonyConfig { documents_per_tick: 8, maturation_ticks: 3, ..ColonyConfig::default() }
}

// The colony in these files, with every shard driven by hand.
fn open(files: &Memory, shards: u32) -> Arc<World> {
    let files: Arc<dyn Files> = Arc::new(files.clone());
    let layout = Some(Layout { shards, virtual_nodes: 50 });
    let world = World::open(files, OPTIONS, layout, Some(config())).unwrap();
    for shard in world.ring().shards().to_vec() {
        world.join(shard).unwrap();
    }
    world
}

fn begin(world: &World) {
    for phase in [Phase::Sense, Phase::Act] {
        world.ring().shards().iter().for_each(|&shard| drop(world.phase_by_hand(shard, phase).unwrap()));
    }
    for &shard in world.ring().shards() {
        for (to, batch) in world.take_outbox(shard).unwrap() {
            world.deliver(to, &batch).unwrap();
        }
    }
}

fn end(world: &World) {
    for phase in [Phase::Decay, Phase::Advance] {
        world.ring().shards().iter().for_each(|&shard| drop(world.phase_by_hand(shard, phase).unwrap()));
    }
}

fn tick(world: &World) {
    begin(world);
    end(world);
}

fn body(key: &str, text: &str, expires: Option<Lifetime>) -> Body {
    Body { key: Some(key.into()), text: text.into(), expires, ..Body::default() }
}

fn reinforce(world: &World, body: &Body) -> bool {
    let words: Vec<String> = body.text.split(' ').take(3).map(Into::into).collect();
    let path = vec![(words[0].clone(), words[1..].to_vec())];
    world.reinforce(&Helped { name: body.name(), text: body.text.to_string(), path, ..Helped::default() }).unwrap()
}

fn has(world: &World, key: &str) -> bool {
    world.read(|state| state.document(DocumentId::from_key(key)).is_some()).unwrap()
}

const TEXT: &str = "pumps of the cell move ions";

#[test]
fn inputs_that_come_while_a_tick_takes_the_document_away_are_judged_when_it_has() {
    type During = fn(&World, &Body);
    let during: [(During, bool); 6] = [
        (|world, old| assert_eq!(world.update(renewed(old)).unwrap(), Updated::Changed), true),
        (|world, old| assert!(world.delete(&old.name()).unwrap()), false),
        (|world, old| assert!(reinforce(world, old)), false),
        (
            |world, old| {
                assert!(reinforce(world, old));
                assert_eq!(world.update(renewed(old)).unwrap(), Updated::Changed);
                assert_eq!(world.update(old.clone()).unwrap(), Updated::Changed);
                assert_eq!(world.update(renewed(old)).unwrap(), Updated::Changed);
                assert!(reinforce(world, old));
            },
            true,
        ),
        (
            |world, old| {
                world.update(renewed(old)).unwrap();
                assert!(world.delete(&old.name()).unwrap());
                world.update(body("a", "another text", Some(Lifetime::Tick(1)))).unwrap();
            },
            true,
        ),
        (|world, old| ingest(world, std::slice::from_ref(old)), false),
    ];
    for (number, (during, stays)) in during.into_iter().enumerate() {
        for is_committed in [true, false] {
            for shards in [1, 3] {
                let files = Memory::new();
                let world = open(&files, shards);
                let old = body("a", TEXT, Some(Lifetime::Tick(2)));
                ingest(&world, &[old.clone(), body("b", "ions of a pump", None)]);
                tick(&world);
                begin(&world);
                assert!(has(&world, "a"));
                during(&world, &old);
                if is_committed {
                    end(&world);
                    assert_eq!(has(&world, "a"), stays, "case {number}");
                } else {
                    assert!(world.abandon_by_hand().unwrap());
                    assert_eq!(has(&world, "a"), number != 1, "case {number}");
                }
                let digest = world.digest().unwrap();
                drop(world);
                // As after kill -9: the same history, replayed.
                let world = open(&files, 4);
                assert_eq!(world.digest().unwrap(), digest, "case {number}, committed: {is_committed}");
                (0..4).for_each(|_| tick(&world));
                assert!(has(&world, "b"));
            }
        }
    }
}

fn renewed(old: &Body) -> Body {
    Body { expires: Some(Lifetime::Tick(90)), ..old.clone() }
}

#[test]
fn a_new_lifetime_unwires_nothing_also_while_a_tick_is_made() {
    let files = Memory::new();
    let world = open(&files, 3);
    let old = body("a", TEXT, None);
    ingest(&world, std::slice::from_ref(&old));
    tick(&world);
    let edges = world.read(|state| state.edge_count()).unwrap();
    begin(&world);
    assert_eq!(world.update(renewed(&old)).unwrap(), Updated::Changed);
    assert_eq!(world.update(renewed(&old)).unwrap(), Updated::Unchanged);
    ingest(&world, &[renewed(&old)]);
    let refused = world.submit(Input::Ingest(vec![old.clone()]), None);
    assert!(matches!(refused, Err(Error::DocumentExists { .. })), "{refused:?}");
    assert!(world.tell_time(5).unwrap() && !world.tell_time(5).unwrap());
    assert_eq!(world.read(|state| state.commons().now()).unwrap(), None, "it waits for the end of the tick");
    end(&world);
    let seen = |state: &phago_core::replica::Replica| (state.edge_count(), state.commons().unwiring());
    assert_eq!(world.read(seen).unwrap(), (edges, 0));
    assert_eq!(world.read(|state| state.commons().now()).unwrap(), Some(5));
    let stored = world.read(|state| state.body(old.id()).unwrap().expires).unwrap();
    assert_eq!(stored, Some(Lifetime::Tick(90)));
    assert_eq!(world.pending().unwrap(), 0);
}

#[test]
fn a_tick_with_which_a_lifetime_ends_is_not_among_the_idle_ones_of_the_log() {
    let files = Memory::new();
    let world = open(&files, 2);
    ingest(&world, &[body("a", TEXT, Some(Lifetime::Tick(30))), body("b", TEXT, None)]);
    (0..29).for_each(|_| tick(&world));
    assert!(world.is_quiet().unwrap() && has(&world, "a"));
    (0..20).for_each(|_| tick(&world));
    assert!(!has(&world, "a"));
    let digest = world.digest().unwrap();
    world.seal().unwrap();
    drop(world);
    assert_eq!(open(&files, 3).digest().unwrap(), digest);
}

// Few names and texts, so that they meet, and lifetimes that end soon.
fn input(chance: &mut Chance, world: &World) -> Input {
    let key = format!("doc-{}", chance.below(16));
    let mut content = Chance(chance.below(25));
    let text: Vec<String> = (0..3 + content.below(12)).map(|_| content.word(60.0)).collect();
    let expires = match chance.below(5) {
        0 => None,
        1 => Some(Lifetime::Time(chance.below(40) as i64)),
        _ => Some(Lifetime::Tick((world.tick() + chance.below(4)).saturating_sub(1))),
    };
    let id = DocumentId::from_key(&key);
    let standing = world.read(|state| state.body(id).map(|known| known.whole())).unwrap();
    match (chance.below(8), standing) {
        (0, _) => Input::Delete(id),
        (1..=3, Some(standing)) => Input::Update(Body { expires, ..standing }),
        (4, Some(standing)) => {
            let words: Vec<String> = standing.text.split(' ').take(3).map(Into::into).collect();
            let path = [(&*words[0], &words[1..])];
            let path = phago_core::reinforcement::Reinforcement::new(path, |word| Some(word.to_owned())).unwrap();
            Input::Reinforce { id, path, times: 1 }
        }
        (5, _) => Input::Now(chance.below(40) as i64),
        (6, None) => Input::Ingest(vec![body(&key, &text.join(" "), expires)]),
        _ => Input::Update(body(&key, &text.join(" "), expires)),
    }
}

#[test]
fn random_lives_come_to_one_digest_on_any_number_of_shards_and_from_the_disk() {
    let mut gone = 0;
    for seed in 0..20 {
        let mut chance = Chance(seed);
        let mut lives: Vec<(Memory, Arc<World>)> = [1, 2, 3, 7, 16]
            .iter()
            .map(|&shards| {
                let files = Memory::new();
                let world = open(&files, shards);
                (files, world)
            })
            .collect();
        let give = |chance: &mut Chance, lives: &[(Memory, Arc<World>)]| {
            for _ in 0..chance.below(6) {
                let input = input(chance, &lives[0].1);
                // Some are refused: a document of this name is in the queue.
                let outcomes: Vec<Result<Outcome>> =
                    lives.iter().map(|(_, world)| world.submit(input.clone(), None)).collect();
                assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:?}");
            }
        };
        for step in 0..25 {
            give(&mut chance, &lives);
            lives.iter().for_each(|(_, world)| begin(world));
            let before = lives[0].1.read(|state| state.commons().documents()).unwrap();
            give(&mut chance, &lives);
            let is_committed = chance.below(5) > 0;
            for (_, world) in &lives {
                match is_committed {
                    true => end(world),
                    false => assert!(world.abandon_by_hand().unwrap()),
                }
            }
            let after = lives[0].1.read(|state| state.commons().documents()).unwrap();
            gone += u64::from(after < before);
            let digest = lives[0].1.digest().unwrap();
            for (files, world) in &lives[1..] {
                assert_eq!(world.digest().unwrap(), digest, "seed {seed}, step {step}");
                let quiet = lives[0].1.is_quiet().unwrap();
                assert_eq!(world.is_quiet().unwrap(), quiet);
                assert_eq!(world.pending().unwrap(), lives[0].1.pending().unwrap());
                if step % 5 == 4 {
                    world.seal().unwrap();
                    let files: Arc<dyn Files> = Arc::new(files.clone());
                    let follower = Follower::open(files, None).unwrap();
                    assert_eq!(follower.world().digest().unwrap(), digest, "seed {seed}, step {step}");
                }
            }
            let place = chance.below(5) as usize;
            let (files, world) = lives.remove(place);
            if chance.below(2) == 0 {
                world.checkpoint().unwrap();
            }
            world.seal().unwrap();
            drop(world);
            let world = open(&files, 1 + chance.below(9) as u32);
            assert_eq!(world.digest().unwrap(), digest, "seed {seed}, step {step}, reopened");
            lives.insert(place, (files, world));
        }
    }
    assert!(gone > 50, "{gone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_makes_the_ticks_that_lifetimes_need_and_no_others() {
    for shards in [1, 3] {
        let world = world_with(shards, config());
        let runner = runner(&world, 2, FOREVER_MS);
        let all: Vec<Body> = documents(5, 30)
            .into_iter()
            .zip(0..)
            .map(|(body, number)| {
                let end = if number % 2 == 0 { Lifetime::Tick(3 + number) } else { Lifetime::Time(number as i64) };
                Body { expires: (number % 5 > 0).then_some(end), ..body }
            })
            .collect();
        ingest(&world, &all);
        runner.run_until_quiet(None).await.unwrap();
        let quiet_at = world.tick();
        assert_eq!(runner.run_until_quiet(None).await.unwrap().ticks, 0);
        // Every time is over: one tick takes those documents away, and the next one unwires them.
        assert!(world.tell_time(1000).unwrap());
        assert!(runner.run_until_quiet(None).await.unwrap().ticks >= 2);
        let times = world.read(|state| {
            let all = state.shards().iter().flat_map(|shard| shard.documents().all());
            all.filter(|document| matches!(document.body.expires, Some(Lifetime::Time(_)))).count()
        });
        assert_eq!((times.unwrap(), world.tick() > quiet_at), (0, true));
        while world.tick() < 60 {
            runner.tick().await.unwrap();
        }
        assert_eq!(world.read(|state| state.commons().documents()).unwrap(), 6);
        let idle = runner.tick().await.unwrap();
        assert!(idle.is_quiet);
    }
}
