//! Documents that leave and documents that change, before, during and after ticks.

mod common;

use common::*;
use phago_core::cancel::Cancel;
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::documents::Body;
use phago_core::ids::{DocumentId, ShardId};
use phago_core::input::Updated;
use phago_core::metadata::Filter;
use phago_core::phase::Phase;
use phago_core::ring::Ring;
use phago_core::{Error, Result};
use phago_engine::{Action, Helped, OnError, World};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Clone, Debug)]
enum Input {
    Ingest(Body),
    Update(Body),
    Delete(String),
    Reinforce(Helped),
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Done(bool),
    Updated(Updated),
    Failed(Error),
}

fn small() -> ColonyConfig {
    ColonyConfig { documents_per_tick: 7, max_edge_degree: 12, concepts_per_document: 14, ..ColonyConfig::default() }
}

// One of the documents that stand, reached by some of its words and others. When its turn comes it may be gone.
fn helped(chance: &mut Chance, colony: &Colony) -> Option<Helped> {
    let mut all: Vec<_> = colony.state().shards().iter().flat_map(|shard| shard.documents().all()).collect();
    all.sort_unstable_by_key(|document| document.id);
    let document = all.get(chance.below(all.len().max(1) as u64) as usize)?;
    let own: Vec<&str> = document.body.text.split(' ').collect();
    let word = |chance: &mut Chance| match chance.below(5) {
        0 => chance.word(60.0),
        _ => own[chance.below(own.len() as u64) as usize].to_owned(),
    };
    let step = |chance: &mut Chance| (word(chance), (0..chance.below(4)).map(|_| word(chance)).collect());
    let path = (0..chance.below(4)).map(|_| step(chance)).collect();
    Some(Helped {
        name: document.name(),
        title: document.body.title.to_string(),
        text: document.body.text.to_string(),
        path,
    })
}

// Few ids and few contents, so that they meet.
fn input(chance: &mut Chance, colony: &Colony) -> Input {
    if chance.below(4) == 0
        && let Some(helped) = helped(chance, colony)
    {
        return Input::Reinforce(helped);
    }
    let mut content = Chance(chance.below(40));
    let text: Vec<String> = (0..4 + content.below(20)).map(|_| content.word(60.0)).collect();
    let (title, text) = (content.word(9.0).into(), text.join(" ").into());
    let metadata = metadata(chance.below(7));
    let name = format!("doc-{}", chance.below(24));
    match chance.below(10) {
        0..=3 => Input::Ingest(Body { key: Some(name.into()), title, text, metadata, ..Body::default() }),
        4 => Input::Ingest(Body { key: None, title, text, metadata, ..Body::default() }),
        5..=6 => Input::Update(Body { key: Some(name.into()), title, text, metadata, ..Body::default() }),
        7 => Input::Delete(metadata.content_id(&title, &text).to_string()),
        _ => Input::Delete(name),
    }
}

fn give(world: &World, input: &Input) -> Outcome {
    let outcome: Result<Outcome> = match input.clone() {
        Input::Ingest(document) => {
            world.ingest(vec![Ok(document)], 0, OnError::Raise, None).map(|done| Outcome::Done(done.accepted == 1))
        }
        Input::Update(document) => world.update(document).map(Outcome::Updated),
        Input::Delete(key) => world.delete(&key).map(Outcome::Done),
        Input::Reinforce(helped) => world.reinforce(&helped).map(Outcome::Done),
    };
    outcome.unwrap_or_else(Outcome::Failed)
}

// The same with the sequential driver, which knows no queue.
fn give_alone(colony: &mut Colony, input: &Input) -> Outcome {
    match input {
        Input::Ingest(Body { key, title, text, metadata, .. }) => colony
            .ingest_with(key.as_deref(), title, text, metadata.clone())
            .map_or_else(Outcome::Failed, Outcome::Done),
        Input::Update(Body { key, title, text, metadata, .. }) => {
            let id = DocumentId::from_key(key.as_deref().unwrap());
            let is_same = |known: &Body| {
                known.title == *title && known.text == *text && known.metadata.encode() == metadata.encode()
            };
            let known = colony.state().document(id).map(|document| is_same(&document.body));
            if known != Some(true) {
                colony.delete(id).unwrap();
                colony.ingest_with(key.as_deref(), title, text, metadata.clone()).unwrap();
            }
            Outcome::Updated(match known {
                None => Updated::New,
                Some(false) => Updated::Changed,
                Some(true) => Updated::Unchanged,
            })
        }
        Input::Delete(key) => {
            let named = colony.delete(DocumentId::from_key(key)).unwrap();
            Outcome::Done(named || DocumentId::parse(key).is_some_and(|id| colony.delete(id).unwrap()))
        }
        Input::Reinforce(Helped { name, title, text, path }) => {
            let known = |id: DocumentId| {
                let found = colony.state().document(id)?;
                let body = &found.body;
                (found.name() == *name && *body.title == **title && *body.text == **text).then_some(id)
            };
            let id = known(DocumentId::from_key(name)).or_else(|| DocumentId::parse(name).and_then(known));
            Outcome::Done(id.is_some_and(|id| colony.reinforce(id, path).unwrap()))
        }
    }
}

fn every(world: &World, phase: Phase) {
    for &shard in world.ring().shards() {
        world.phase_by_hand(shard, phase).unwrap();
    }
}

// One tick by hand, with `during` done between two of its phases.
fn tick<T>(world: &World, when: usize, during: impl FnOnce() -> T) -> T {
    let mut during = Some(during);
    let mut done = None;
    for (place, phase) in Phase::ALL.into_iter().enumerate() {
        every(world, phase);
        if phase == Phase::Act {
            for &shard in world.ring().shards() {
                for (to, batch) in world.take_outbox(shard).unwrap() {
                    world.deliver(to, &batch).unwrap();
                }
            }
        }
        if place == when {
            done = during.take().map(|during| during());
        }
    }
    done.unwrap()
}

fn by_hand(shards: u32, config: ColonyConfig) -> Arc<World> {
    let world = world_with(shards, config);
    for &shard in world.ring().shards() {
        world.join(shard).unwrap();
    }
    world
}

#[test]
fn random_sequences_come_to_one_digest_and_take_effect_after_the_tick_under_way() {
    for seed in 0..6 {
        let mut chance = Chance(seed);
        let worlds: Vec<_> = [1, 2, 3, 7, 16].iter().map(|&shards| by_hand(shards, small())).collect();
        let mut colony = Colony::new(small(), Ring::new(5, 20)).unwrap();
        for step in 0..30 {
            let inputs = |chance: &mut Chance, colony: &Colony| -> Vec<Input> {
                (0..chance.below(9)).map(|_| input(chance, colony)).collect()
            };
            let (before, during) = (inputs(&mut chance, &colony), inputs(&mut chance, &colony));
            let when = chance.below(3) as usize;
            let idle = if chance.below(6) == 0 { chance.below(150) } else { 0 };
            let expected: Vec<_> = before.iter().map(|input| give_alone(&mut colony, input)).collect();
            let found = colony.state().commons().documents();
            (0..=idle).for_each(|_| assert!(colony.tick().is_ok()));
            let later: Vec<_> = during.iter().map(|input| give_alone(&mut colony, input)).collect();
            for world in &worlds {
                let outcomes: Vec<_> = before.iter().map(|input| give(world, input)).collect();
                assert_eq!(outcomes, expected, "seed {seed}, step {step}");
                (0..idle).for_each(|_| tick(world, 0, || ()));
                let outcomes = tick(world, when, || {
                    let start = world.digest().unwrap();
                    let outcomes: Vec<_> = during.iter().map(|input| give(world, input)).collect();
                    assert_eq!(world.digest().unwrap(), start, "seen before the tick has ended");
                    assert_eq!(world.read(|state| state.commons().documents()).unwrap(), found);
                    outcomes
                });
                assert_eq!(outcomes, later, "seed {seed}, step {step}");
                assert_eq!(world.digest().unwrap(), colony.digest(), "seed {seed}, step {step}");
                assert_eq!(world.evidence_digest().unwrap(), colony.evidence_digest());
                assert_eq!(world.pending().unwrap(), colony.state().commons().pending());
                assert_eq!(world.is_quiet().unwrap(), colony.state().is_quiet());
            }
        }
        assert!(colony.state().edge_count() > 0);
        let state = colony.state();
        let uses = |term: u32| state.home(term).describe(term, state.commons()).unwrap().uses;
        assert!(state.nodes().into_iter().map(uses).sum::<u64>() > 20);
    }
}

#[test]
fn what_goes_before_its_digestion_leaves_no_trace_at_all() {
    let (kept, gone) = (documents(21, 12), documents(22, 12));
    for shards in [1, 3] {
        let (world, other) = (by_hand(shards, small()), by_hand(shards, small()));
        for (number, document) in gone.iter().enumerate() {
            // Other names than those of the documents that stay.
            let document =
                Body { key: document.key.as_ref().map(|_| format!("gone-{number}").into()), ..document.clone() };
            ingest(&world, std::slice::from_ref(&document));
            ingest(&world, &kept[number..=number]);
            ingest(&other, &kept[number..=number]);
            assert!(world.delete(&document.name()).unwrap());
            assert!(!world.delete(&document.name()).unwrap());
        }
        while !other.is_quiet().unwrap() {
            assert_eq!(world.digest().unwrap(), other.digest().unwrap());
            assert_eq!(world.pending().unwrap(), other.pending().unwrap());
            tick(&world, 0, || ());
            tick(&other, 0, || ());
        }
        assert!(world.is_quiet().unwrap());
    }
}

#[test]
fn what_came_and_goes_within_one_tick_is_counted_right_meanwhile() {
    let world = by_hand(2, small());
    let named = |name: &str, text: &str| Body { key: Some(name.into()), text: text.into(), ..Body::default() };
    ingest(&world, &(0..9).map(|n| named(&n.to_string(), "ions cross the membrane")).collect::<Vec<_>>());
    assert_eq!(world.pending().unwrap(), 9);
    tick(&world, 1, || {
        assert!(world.delete("0").unwrap());
        assert_eq!(world.pending().unwrap(), 8);
        assert_eq!(world.update(named("1", "yeast makes bread")).unwrap(), Updated::Changed);
        assert_eq!(world.update(named("1", "yeast makes bread")).unwrap(), Updated::Unchanged);
        assert_eq!(world.pending().unwrap(), 8);
        ingest(&world, &[named("new", "malt makes beer")]);
        assert!(world.delete("new").unwrap());
        assert!(!world.delete("new").unwrap());
        ingest(&world, &[named("0", "salt returns")]);
        assert_eq!(world.pending().unwrap(), 9);
        assert!(!world.is_quiet().unwrap());
        assert!(world.search("yeast malt salt", 5, &Filter::default(), &Cancel::new()).unwrap().is_empty());
    });
    let found = |text: &str| -> Vec<String> {
        world.search(text, 20, &Filter::default(), &Cancel::new()).unwrap().into_iter().map(|hit| hit.name).collect()
    };
    assert_eq!((found("yeast"), found("salt"), found("malt")), (vec!["1".into()], vec!["0".into()], vec![]));
    assert_eq!(found("membrane").len(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_done_when_the_tick_is_given_up_too() {
    let documents = documents(23, 30);
    let world = world(3);
    let runner = Arc::new(manual(&world, 2, 3_000));
    ingest(&world, &documents);
    runner.inject(fault(Action::Hang, 1, Phase::Act, 1)).unwrap();
    let driven = tokio::spawn({
        let runner = runner.clone();
        async move { runner.tick().await }
    });
    let key = documents[0].key.clone().unwrap();
    let changed = Body { text: "quite another text".into(), ..documents[1].clone() };
    faults_began(&runner).await;
    assert!(world.delete(&key).unwrap());
    assert_eq!(world.update(changed.clone()).unwrap(), Updated::Changed);
    assert!(world.read(|state| state.document(documents[0].id()).is_some()).unwrap(), "the tick is still under way");
    assert!(matches!(driven.await.unwrap(), Err(Error::PhaseTimeout { .. })));
    assert_eq!(world.tick(), 0);
    let other = world_with(1, ColonyConfig { documents_per_tick: 64, ..ColonyConfig::default() });
    ingest(&other, &documents[2..]);
    ingest(&other, &[changed]);
    assert_eq!(world.digest().unwrap(), other.digest().unwrap());
    assert_eq!(runner.run_until_quiet(None).await.unwrap().digested, 29);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_is_one_step_for_whoever_looks() {
    let world = world(3);
    let runner = runner(&world, 2, 30_000);
    ingest(&world, &documents(24, 200));
    let content = |writer: usize, turn: usize| {
        let text = format!("landmark {}", Chance((writer * 1000 + turn) as u64).word(500.0));
        Body { key: Some("x".into()), text: text.into(), ..Body::default() }
    };
    ingest(&world, &[content(0, 0)]);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (world, over) = (&world, &over);
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                scope.spawn(move || {
                    (0..150).for_each(|turn| assert_ne!(world.update(content(writer, turn)).unwrap(), Updated::New))
                })
            })
            .collect();
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                assert_eq!(world.search("landmark", 5, &Filter::default(), &Cancel::new()).unwrap().len(), 1);
            }
        });
        while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            runner.tick_blocking(never).unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(world.read(|state| state.commons().documents()).unwrap(), 201);
    runner.run_until_quiet_blocking(None, never).unwrap();
    let fresh = world_with(2, ColonyConfig::default());
    ingest(&fresh, &documents(24, 200));
    let last = world.search("landmark", 1, &Filter::default(), &Cancel::new()).unwrap().remove(0);
    ingest(
        &fresh,
        &[Body {
            key: Some(last.name.into()),
            title: last.title.into(),
            text: last.text.into(),
            metadata: last.metadata,
            ..Body::default()
        }],
    );
    assert_eq!(world.evidence_digest().unwrap(), fresh.evidence_digest().unwrap());
}

#[test]
fn what_cannot_be_done_changes_nothing() {
    let world = by_hand(3, small());
    let all = documents(25, 20);
    ingest(&world, &all);
    let before = world.digest().unwrap();
    let nameless = world.update(Body { text: "text".into(), ..Body::default() });
    assert!(matches!(nameless, Err(Error::InvalidDocument { field, .. }) if field == "id"));
    let blank = world.update(Body {
        key: Some("doc-0".into()),
        title: " ".into(),
        text: "\n".into(),
        metadata: metadata(1),
        ..Body::default()
    });
    assert!(matches!(blank, Err(Error::InvalidDocument { field, .. }) if field == "text"));
    assert!(!world.delete("nobody").unwrap() && !world.delete("").unwrap());
    // A document with a key does not go by its identity.
    assert!(!world.delete(&all[0].id().to_string()).unwrap());
    let home = world.ring().shard_of(all[0].id().0);
    let elsewhere = ShardId((home.0 + 1) % 3);
    let refused = world.delete_from(elsewhere, all[0].key.as_ref().unwrap());
    assert!(matches!(refused, Err(Error::RoutingFailed { home: found, .. }) if found == home));
    assert!(matches!(world.delete_from(ShardId(9), "doc-0"), Err(Error::ShardNotFound { .. })));
    assert_eq!(world.digest().unwrap(), before);
    assert!(world.delete_from(home, all[0].key.as_ref().unwrap()).unwrap());
    assert!(!world.delete_from(home, all[0].key.as_ref().unwrap()).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_ghost_of_a_node_that_has_left_is_told() {
    let world = world(3);
    let runner = runner(&world, 2, 30_000);
    let text = "ions cross membrane gradient sodium pump voltage channel".to_owned();
    ingest(&world, &[Body { key: Some("a".into()), text: text.into(), ..Body::default() }]);
    let report = runner.tick().await.unwrap();
    assert!(world.delete("a").unwrap());
    // Until the next tick its concepts stand.
    assert!(world.read(|state| state.node_count()).unwrap() > 0);
    runner.tick().await.unwrap();
    assert_eq!(world.read(|state| (state.node_count(), state.edge_count())).unwrap(), (0, 0));
    for phase in &report.phases[6..] {
        for edge in phase.cross_edges.iter() {
            assert!(matches!(world.ghost(phase.shard, edge.to), Err(Error::GhostNodeNotFound { .. })));
        }
        assert_eq!(world.ghost_count(phase.shard).unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_forgotten_while_others_ingest_ask_and_tick() {
    let world = world(3);
    let runner = runner(&world, 2, 30_000);
    let kept = documents(31, 120);
    let first = world.lexicon().unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (world, kept, over) = (&world, &kept, &over);
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                scope.spawn(move || {
                    for round in 0..25 {
                        // Two thousand words that nobody else has, in documents that go again; some come first refused.
                        let junk = |number: usize| {
                            let words = (0..500).map(|word| format!("z{writer}q{round}q{number}q{word}y"));
                            let key = format!("junk-{writer}-{number}");
                            let text = words.collect::<Vec<_>>().join(" ").into();
                            Body { key: Some(key.into()), text, ..Body::default() }
                        };
                        // Refused once all of it was analysed, as its last document is not the one of the same id.
                        let other = Body { text: "something else".into(), ..junk(1) };
                        let refused = [junk(0), junk(1), other].map(Ok).into();
                        assert!(world.ingest(refused, 0, OnError::Raise, None).is_err());
                        ingest(world, &(0..4).map(junk).collect::<Vec<_>>());
                        let own = writer * 40 + round;
                        ingest(world, &kept[own..=own]);
                        world.update(Body { key: Some(format!("own-{writer}").into()), ..junk(5) }).unwrap();
                        for number in 0..4 {
                            assert!(world.delete(&format!("junk-{writer}-{number}")).unwrap());
                        }
                        assert!(world.delete(&format!("own-{writer}")).unwrap());
                    }
                })
            })
            .collect();
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                for document in kept {
                    let question: String = document.text.split(' ').take(3).collect::<Vec<_>>().join(" ");
                    // A number of another dictionary would find another word, or none.
                    for hit in world.search(&question, 3, &Filter::default(), &Cancel::new()).unwrap() {
                        let words: Vec<&str> = question.split(' ').collect();
                        assert!(
                            words.iter().any(|word| hit.text.contains(word) || hit.title.contains(word)),
                            "{question}"
                        );
                    }
                }
            }
        });
        while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            runner.tick_blocking(never).unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
    runner.run_until_quiet_blocking(None, never).unwrap();
    assert!(!Arc::ptr_eq(&first, &world.lexicon().unwrap()), "words were forgotten");
    let bound = phago_core::replica::WORDS_GONE_MIN as u32 + 4_000;
    assert!(world.lexicon().unwrap().form_count() < bound);
    let fresh = world_with(1, ColonyConfig::default());
    for writer in 0..3 {
        ingest(&fresh, &kept[writer * 40..writer * 40 + 25]);
    }
    assert_eq!(world.evidence_digest().unwrap(), fresh.evidence_digest().unwrap());
}
