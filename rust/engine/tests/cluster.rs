//! A colony over several nodes is the colony of one process: it answers the same to the last bit, stores the same, and
//! comes through lost messages and dead nodes as if nothing had happened.

mod common;

use common::*;
use phago_core::cancel::Cancel;
use phago_core::config::ColonyConfig;
use phago_core::documents::{Body, Lifetime, Vector};
use phago_core::ids::ShardId;
use phago_core::metadata::Filter;
use phago_core::phase::Phase;
use phago_core::query::{Ranking, Wording};
use phago_core::{Error, Result};
use phago_engine::cluster::{Mishap, Threads, Transport};
use phago_engine::kept::Over;
use phago_engine::store::{Files, Memory, Options, WitnessSync};
use phago_engine::{Helped, Layout, OnError, Recover, Runner, RunnerConfig, World};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

const OPTIONS: Options = Options { witness: WitnessSync::Sealed, make: true, mutant: None };

fn config() -> ColonyConfig {
    ColonyConfig { documents_per_tick: 40, documents_per_digester: 10, ..ColonyConfig::default() }
}

fn layout(shards: u32) -> Option<Layout> {
    Some(Layout { shards, virtual_nodes: 150 })
}

fn here(files: &Arc<dyn Files>, shards: u32) -> Arc<World> {
    World::open(Arc::clone(files), OPTIONS, layout(shards), Some(config())).unwrap()
}

fn over(files: &Arc<dyn Files>, shards: u32, nodes: usize) -> Result<(Arc<World>, Arc<Threads>)> {
    let threads = Arc::new(Threads::new(nodes));
    let transport: Arc<dyn Transport> = threads.clone();
    let over = Over { transport, nodes, answer: Duration::from_millis(400) };
    let world =
        World::open_over(files, OPTIONS, layout(shards), Some(&config()), &over, Duration::ZERO, &Cancel::new())?;
    Ok((world, threads))
}

fn memory() -> Arc<dyn Files> {
    Arc::new(Memory::new())
}

fn runner(world: &Arc<World>, runtime: &Runtime) -> Runner {
    let config = RunnerConfig { phase_timeout_ms: 400, ..RunnerConfig::default() };
    Runner::new(world.clone(), config, runtime.handle().clone()).unwrap()
}

// The same life in both: documents that come, change, help and go, and ticks between them.
fn live(world: &Arc<World>, runtime: &Runtime, seed: u64, mut before_each: impl FnMut(usize)) {
    let runner = runner(world, runtime);
    let mut step = 0;
    let mut next = || {
        before_each(step);
        step += 1;
    };
    let all = documents(seed, 120);
    for chunk in all.chunks(30) {
        next();
        world.ingest(chunk.iter().cloned().map(Ok).collect(), 0, OnError::Raise, None).unwrap();
        next();
        runner.tick_blocking(|| false).unwrap();
    }
    next();
    world.delete(&all[3].name()).unwrap();
    next();
    let changed = Body { text: all[50].text.clone(), key: Some(all[4].name().into()), ..all[4].clone() };
    world.update(changed).unwrap();
    next();
    world.tell_time(1_000).unwrap();
    let brief = Body { expires: Some(Lifetime::Time(2_000)), ..all[5].clone() };
    world.ingest(vec![Ok(brief)], 0, OnError::Skip, None).unwrap();
    next();
    let question = all[10].text.split(' ').take(4).collect::<Vec<_>>().join(" ");
    let found = world.answer(&question, 5, &Ranking::default(), &Filter::default(), true, &Cancel::new());
    let found = found.unwrap();
    assert!(found.len() > 2 && found.iter().any(|hit| !hit.concepts.is_empty()));
    for hit in found {
        let path = hit.concepts.iter().map(|concept| {
            (concept.light.label.to_string(), concept.light.words.iter().map(|word| word.0.clone()).collect())
        });
        let (name, title, text) = (hit.document.name, hit.document.title, hit.document.text);
        let helped = Helped { name, title, text, path: path.collect() };
        next();
        world.reinforce(&helped).unwrap();
    }
    next();
    world.tell_time(3_000).unwrap();
    next();
    runner.run_until_quiet_blocking(Some(20), || false).unwrap();
}

// What a colony says to questions, as text: every number to the last bit.
fn answers(world: &World, seed: u64) -> Vec<String> {
    let cancel = Cancel::new();
    let mut all = Vec::new();
    let ask = |body: &Body| {
        let words: Vec<&str> = body.title.split(' ').chain(body.text.split(' ').skip(1).step_by(2)).take(5).collect();
        words.join(" ")
    };
    let questions = documents(seed, 120).iter().step_by(9).map(ask).collect::<Vec<_>>();
    for question in questions.iter().map(String::as_str).chain(["unheard of", "the of", ""]) {
        for k in [1, 10, 200] {
            let hits = world.answer(question, k, &Ranking::default(), &Filter::default(), true, &cancel).unwrap();
            all.push(format!("{hits:?}"));
        }
        all.push(format!("{:?}", world.search(question, 10, &Filter::default(), &cancel).unwrap()));
        all.push(format!("{:?}", world.explain(question, "doc-7", &Ranking::default(), &cancel).unwrap()));
        all.push(format!("{:?}", world.explain_question(question, &Ranking::default(), &cancel).unwrap()));
    }
    all.iter().map(|said| without_terms(said)).collect()
}

// Terms are numbered in the order in which they are met, which is another one wherever texts are analysed elsewhere.
fn without_terms(said: &str) -> String {
    let mut parts = said.split("term: ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}

fn same(found: &[String], wanted: &[String], when: &str) {
    assert_eq!(found.len(), wanted.len());
    if let Some((found, wanted)) = found.iter().zip(wanted).find(|(found, wanted)| found != wanted) {
        let at = found.bytes().zip(wanted.bytes()).take_while(|(one, other)| one == other).count();
        let near = |text: &str| text.get(at.saturating_sub(200)..(at + 200).min(text.len())).unwrap_or(text).to_owned();
        panic!("{when}:\n  {}\nis not\n  {}", near(found), near(wanted));
    }
}

fn reopened(world: Arc<World>, files: &Arc<dyn Files>) -> String {
    world.close().unwrap();
    drop(world);
    here(files, 3).digest().unwrap()
}

#[test]
fn any_number_of_nodes_answers_and_stores_what_one_process_does() {
    let runtime = Runtime::new().unwrap();
    for seed in 0..2 {
        let files = memory();
        let one = here(&files, 2);
        live(&one, &runtime, seed, |_| ());
        let (said, digest) = (answers(&one, seed), one.digest().unwrap());
        let evidence = one.evidence_digest().unwrap();
        assert_eq!(reopened(one, &files), digest);
        for (shards, nodes) in [(1, 1), (2, 2), (4, 2), (7, 3), (16, 8)] {
            let files = memory();
            let (far, _) = over(&files, shards, nodes).unwrap();
            live(&far, &runtime, seed, |_| ());
            same(&answers(&far, seed), &said, &format!("{shards} shards on {nodes} nodes"));
            assert_eq!(far.digest().unwrap(), digest, "{shards} shards on {nodes} nodes");
            assert_eq!(reopened(far, &files), digest, "{shards} shards on {nodes} nodes");
            // And read into nodes from what was stored.
            let (again, _) = over(&files, shards, nodes).unwrap();
            assert_eq!(again.digest().unwrap(), digest);
            assert_eq!(again.evidence_digest().unwrap(), evidence);
            same(&answers(&again, seed), &said, "read again");
        }
    }
}

const MISHAPS: [Mishap; 7] = [
    Mishap::LoseMessage,
    Mishap::LoseParcels,
    Mishap::LoseAnswer,
    Mishap::Twice,
    Mishap::DieBefore,
    Mishap::DieAfter,
    Mishap::Late(30),
];

#[test]
fn lost_messages_and_dead_nodes_leave_no_trace() {
    let runtime = Runtime::new().unwrap();
    let files = memory();
    let one = here(&files, 1);
    live(&one, &runtime, 7, |_| ());
    let (said, digest) = (answers(&one, 7), one.digest().unwrap());
    let kinds = MISHAPS;
    let mut struck = 0;
    for (round, mishap) in kinds.into_iter().enumerate() {
        let files = memory();
        let (far, threads) = over(&files, 4, 2).unwrap();
        // At another message of each step in every round.
        live(&far, &runtime, 7, |step| {
            if step == 9 {
                // What follows is replayed behind a checkpoint.
                threads.plan([]);
                far.checkpoint().unwrap();
            }
            let quiet = (step + round) % 5;
            threads.plan((0..quiet).map(|_| None).chain([Some(mishap)]));
            struck += 1;
        });
        threads.plan([]);
        assert_eq!(far.digest().unwrap(), digest, "{mishap:?}");
        same(&answers(&far, 7), &said, &format!("{mishap:?}"));
        assert_eq!(reopened(far, &files), digest, "{mishap:?}");
    }
    println!("{struck} mishaps planned");
}

#[test]
fn documents_that_are_read_ahead_are_ingested_whatever_became_of_the_reading() {
    let all = documents(3, 120);
    let bodies = |chunk: &[Body]| chunk.iter().cloned().map(Ok).collect::<Vec<_>>();
    let files = memory();
    let one = here(&files, 1);
    let both = || all.chunks(30).chain(all[60..].chunks(30));
    both().for_each(|chunk| drop(one.ingest(bodies(chunk), 0, OnError::Raise, None).unwrap()));
    let digest = one.digest().unwrap();
    let kinds = MISHAPS;
    for mishap in [None].into_iter().chain(kinds.map(Some)) {
        let files = memory();
        let (far, threads) = over(&files, 4, 2).unwrap();
        let mut chunks = both().map(|chunk| far.chunk(bodies(chunk), 0));
        let mut next = chunks.next();
        let (mut accepted, mut read) = (0, 0);
        while let Some(chunk) = next {
            next = chunks.next().map(|mut chunk| {
                threads.plan([[None, mishap], [mishap, None]][read % 2]);
                far.read_ahead(&mut chunk, &Cancel::new());
                read += 1;
                chunk
            });
            // The last ones were there.
            accepted += far.ingest_chunk(chunk, OnError::Raise, None).unwrap().accepted;
        }
        assert_eq!((accepted, read), (120, 5), "{mishap:?}");
        assert_eq!(far.digest().unwrap(), digest, "{mishap:?}");
        assert_eq!(reopened(far, &files), digest, "{mishap:?}");
    }
}

#[test]
fn a_tick_that_its_caller_gives_up_or_may_not_be_redone_is_undone_and_says_who_failed() {
    let runtime = Runtime::new().unwrap();
    let files = memory();
    let (far, threads) = over(&files, 4, 2).unwrap();
    far.ingest(documents(3, 60).into_iter().map(Ok).collect(), 0, OnError::Raise, None).unwrap();
    let before = far.digest().unwrap();
    let config = RunnerConfig { phase_timeout_ms: 200, recover: Recover::Manual, ..RunnerConfig::default() };
    let runner = Runner::new(far.clone(), config, runtime.handle().clone()).unwrap();
    let names = |shards: &[ShardId]| shards.iter().map(|shard| shard.0).collect::<Vec<_>>();

    // The second message of a tick goes to the second node, the third and fourth are those of Decay.
    threads.plan([None, Some(Mishap::DieBefore)]);
    match runner.tick_blocking(|| false).unwrap_err() {
        Error::ShardDied { shards, phase, tick, cause } => {
            assert_eq!((names(&shards), phase, tick), (vec![2, 3], Phase::Act, 1));
            assert!(cause.contains("node 1"), "{cause}");
        }
        other => panic!("{other}"),
    }
    assert_eq!(far.digest().unwrap(), before);
    threads.plan([None, None, Some(Mishap::Late(2_000))]);
    match runner.tick_blocking(|| false).unwrap_err() {
        Error::PhaseTimeout { shards, phase, tick, waited_ms } => {
            assert_eq!((names(&shards), phase, tick, waited_ms), (vec![0, 1], Phase::Decay, 1, 200));
        }
        other => panic!("{other}"),
    }
    assert_eq!(far.digest().unwrap(), before);
    // Nobody waits for it any more.
    threads.plan([Some(Mishap::Late(100))]);
    assert_eq!(runner.tick_blocking(|| true).unwrap_err(), Error::Cancelled);
    threads.plan([]);
    assert_eq!((far.tick(), far.digest().unwrap()), (0, before));
    runner.run_until_quiet_blocking(None, || false).unwrap();

    let one = here(&memory(), 1);
    one.ingest(documents(3, 60).into_iter().map(Ok).collect(), 0, OnError::Raise, None).unwrap();
    self::runner(&one, &runtime).run_until_quiet_blocking(None, || false).unwrap();
    assert_eq!(far.digest().unwrap(), one.digest().unwrap());
}

#[test]
fn a_node_that_misses_what_a_dead_one_sent_it_is_not_made_again() {
    let runtime = Runtime::new().unwrap();
    let files = memory();
    let (far, threads) = over(&files, 4, 2).unwrap();
    far.ingest(documents(3, 60).into_iter().map(Ok).collect(), 0, OnError::Raise, None).unwrap();
    let config = RunnerConfig { recover: Recover::Manual, ..RunnerConfig::default() };
    let runner = Runner::new(far.clone(), config, runtime.handle().clone()).unwrap();
    // Where both live, the one that misses something is all there is to blame.
    for (of_decay, lost) in [
        ([Some(Mishap::LoseParcels), Some(Mishap::DieBefore)], 1),
        ([Some(Mishap::LoseParcels), Some(Mishap::LoseMessage)], 1),
        ([None, Some(Mishap::LoseParcels)], 1),
        ([Some(Mishap::LoseParcels), None], 0),
    ] {
        threads.plan([None, None].into_iter().chain(of_decay));
        let error = runner.tick_blocking(|| false).unwrap_err();
        let (Error::ShardDied { shards, phase, .. } | Error::PhaseTimeout { shards, phase, .. }) = error else {
            panic!("{error}")
        };
        let named: Vec<u32> = shards.iter().map(|shard| shard.0).collect();
        assert_eq!((named, phase), (vec![2 * lost, 2 * lost + 1], Phase::Decay), "{of_decay:?}");
        far.checkpoint().unwrap();
        assert_eq!(threads.restarted(), [lost as usize], "{of_decay:?}");
    }
}

#[test]
fn a_tick_whose_nodes_are_made_again_after_its_commit_tells_of_the_same_synapses() {
    let runtime = Runtime::new().unwrap();
    let (one, other) = (memory(), memory());
    let (calm, _) = over(&one, 4, 2).unwrap();
    let (far, threads) = over(&other, 4, 2).unwrap();
    let told = [(&calm, None), (&far, Some(Mishap::LoseMessage))].map(|(world, mishap)| {
        let runner = runner(world, &runtime);
        let ingest = |bodies: Vec<Body>| {
            world.ingest(bodies.into_iter().map(Ok).collect(), 0, OnError::Raise, None).unwrap();
        };
        let all = documents(3, 80);
        // Words that no document has any more once the others are read again, numbered before theirs.
        let gone = (0..40).map(|at| format!("gone{at}")).collect::<Vec<_>>().join(" ");
        ingest(vec![Body { key: Some("gone".into()), text: gone.into(), ..Body::default() }]);
        ingest(all[..40].to_vec());
        runner.tick_blocking(|| false).unwrap();
        world.delete("gone").unwrap();
        runner.run_until_quiet_blocking(None, || false).unwrap();
        world.checkpoint().unwrap();
        ingest(all[40..].to_vec());
        if mishap.is_some() {
            // Two of Act and two of Decay come before.
            threads.plan([None, None, None, None, mishap]);
        }
        let report = runner.tick_blocking(|| false).unwrap();
        let edges = report.phases.iter().flat_map(|phase| phase.cross_edges.iter()).collect::<Vec<_>>();
        (edges, report.digested, world.digest().unwrap())
    });
    assert_eq!(threads.restarted(), [0]);
    assert!(told[0].0.len() > 100);
    assert_eq!(told[0], told[1]);
}

#[test]
fn what_is_refused_names_the_document_and_changes_nothing() {
    let files = memory();
    let (far, _) = over(&files, 4, 2).unwrap();
    let one = here(&memory(), 1);
    let body = |key: &str, text: &str| Body { key: Some(key.into()), text: text.into(), ..Body::default() };
    let first = vec![Ok(body("a", "ions cross")), Ok(body("b", "a slime mould"))];
    far.ingest(first.clone(), 0, OnError::Raise, None).unwrap();
    one.ingest(first, 0, OnError::Raise, None).unwrap();
    let chunk = || {
        let others = [body("c", "new"), body("a", "other content"), body("c", "other"), body("b", "a slime mould")];
        others.into_iter().map(Ok).chain([Err(Error::Cancelled), Ok(body("", "x"))]).collect::<Vec<_>>()
    };
    let before = far.digest().unwrap();
    let raised = |world: &World| world.ingest(chunk(), 10, OnError::Raise, None).unwrap_err();
    assert_eq!(raised(&far), raised(&one));
    assert_eq!(far.digest().unwrap(), before);
    let skipped = |world: &World| world.ingest(chunk(), 10, OnError::Skip, None).unwrap();
    assert_eq!(skipped(&far), skipped(&one));
    assert_eq!(far.digest().unwrap(), one.digest().unwrap());
    for world in [&far, &one] {
        let error = world.update(Body { key: None, ..body("", "no key") }).unwrap_err();
        assert!(matches!(error, Error::InvalidDocument { .. }), "{error}");
        assert!(!world.delete("nobody").unwrap());
        assert!(world.delete("a").unwrap());
    }
    assert_eq!(far.digest().unwrap(), one.digest().unwrap());
}

#[test]
fn a_question_remembers_no_words_of_a_chunk_that_was_refused() {
    let body = |key: &str, text: &str| Body { key: Some(key.into()), text: text.into(), ..Body::default() };
    let told = |world: &World, question: &str| {
        let read = Wording::read(question, Some(true)).unwrap();
        let hits = world.answer(&read, 9, &Ranking::default(), &Filter::default(), false, &Cancel::new());
        without_terms(&format!("{hits:?}"))
    };
    // A word comes with a chunk that is refused, is asked for, and another comes in its place. The next question may be
    // read by who has read the one before.
    let mut found = 0;
    for question in ["bread +ion", "bread -ion", "\"bread ion\" bread", "ion", "bread text:ion", "bread"] {
        let far = over(&memory(), 4, 2).unwrap().0;
        let one = here(&memory(), 1);
        let mut last = String::new();
        for world in [&far, &one] {
            world.ingest(vec![Ok(body("a", "ion")), Ok(body("blank", ""))], 0, OnError::Raise, None).unwrap_err();
            told(world, "ion");
            world.ingest(vec![Ok(body("b", "bread"))], 0, OnError::Raise, None).unwrap();
            let hits = told(world, question);
            assert!(last.is_empty() || hits == last, "{question}: {hits}, not {last}");
            found += usize::from(hits.contains("score"));
            last = hits;
        }
    }
    assert_eq!(found, 4, "of the questions two find it, in both");
}

#[test]
fn vectors_of_a_chunk_are_judged_as_if_each_document_came_alone() {
    let mut chance = Chance(11);
    let (mut refused, mut first) = ([0, 0], 0);
    for round in 0..60 {
        let mut body = || {
            let numbers = vec![1.0; chance.below(4) as usize];
            let text = ["ions cross", "a slime mould", "rain falls"][chance.below(3) as usize];
            let vector = (!numbers.is_empty()).then(|| Vector::new(&numbers).unwrap());
            Body { key: Some(format!("{}", chance.below(5)).into()), text: text.into(), vector, ..Body::default() }
        };
        // Most of those that stand have no vector, so that the chunk has the first one.
        let standing: Vec<Body> = (0..round % 4).map(|_| Body { vector: None, ..body() }).collect();
        let chunk: Vec<Body> = (0..6).map(|_| body()).collect();
        let far = over(&memory(), 4, 2).unwrap().0;
        let [one, alone] = [here(&memory(), 1), here(&memory(), 2)];
        for world in [&far, &one, &alone] {
            world.ingest(standing.iter().cloned().map(Ok).collect(), 0, OnError::Skip, None).unwrap();
        }
        let told: Vec<Error> = (0..)
            .zip(&chunk)
            .flat_map(|(at, body)| alone.ingest(vec![Ok(body.clone())], at, OnError::Skip, None).unwrap().rejected)
            .collect();
        for (number, world) in [&far, &one].into_iter().enumerate() {
            let ingest = |on_error| world.ingest(chunk.iter().cloned().map(Ok).collect(), 0, on_error, None);
            let before = world.digest().unwrap();
            if let Some(error) = told.first() {
                assert_eq!(&ingest(OnError::Raise).unwrap_err(), error, "round {round}");
                assert_eq!(world.digest().unwrap(), before, "round {round}");
            }
            assert_eq!(ingest(OnError::Skip).unwrap().rejected, told, "round {round}");
            assert_eq!(world.digest().unwrap(), alone.digest().unwrap(), "round {round}");
            refused[number] += told.len();
        }
        let vectors: Vec<usize> = (0..chunk.len()).filter(|at| chunk[*at].vector.is_some()).collect();
        let at = |error: &Error| matches!(error, Error::DocumentExists { index, .. } if Some(index) == vectors.first());
        first += usize::from(told.iter().any(at));
    }
    assert!(refused[0] == refused[1] && refused[0] > 60 && first > 5, "{refused:?}, {first}");
}

#[test]
fn a_chunk_of_updates_with_a_bad_one_changes_nothing() {
    let mut chance = Chance(12);
    let mut refused = 0;
    // Its name may not be another one's id.
    let unnamed = Body { text: "ions cross".into(), ..Body::default() };
    for round in 0..60 {
        let mut body = || {
            let numbers = vec![1.0; (chance.below(12) / 5) as usize];
            let text = ["ions cross", "a slime mould", "rain falls", " "][(chance.below(31) / 10) as usize];
            let vector = (!numbers.is_empty()).then(|| Vector::new(&numbers).unwrap());
            let key = if chance.below(20) > 0 { format!("{}", chance.below(6)) } else { unnamed.name() };
            let key = Some(key.into()).filter(|_| chance.below(40) > 0);
            Body { key, text: text.into(), vector, ..Body::default() }
        };
        let chunks: Vec<Vec<Body>> = (0..3).map(|_| (0..4).map(|_| body()).collect()).collect();
        let (far, one) = (over(&memory(), 4, 2).unwrap().0, here(&memory(), 3));
        for world in [&far, &one] {
            ingest(world, std::slice::from_ref(&unnamed));
        }
        for chunk in chunks {
            let before = far.digest().unwrap();
            let on_error = if round % 4 == 0 { OnError::Skip } else { OnError::Raise };
            let [of_far, of_one] = [&far, &one].map(|world| {
                let chunk = chunk.iter().cloned().map(Ok).collect();
                world.update_all(chunk, 20, on_error, None, &Cancel::new())
            });
            assert_eq!(of_far, of_one, "round {round}");
            if of_far.is_err() {
                refused += 1;
                assert_eq!(far.digest().unwrap(), before, "round {round}");
            }
            assert_eq!(far.digest().unwrap(), one.digest().unwrap(), "round {round}");
        }
    }
    assert!((40..140).contains(&refused), "{refused}");
}

#[test]
fn more_nodes_than_shards_are_refused() {
    let error = over(&memory(), 2, 3).map(drop).unwrap_err();
    assert!(matches!(&error, Error::Config { field, .. } if field == "nodes"), "{error}");
}
