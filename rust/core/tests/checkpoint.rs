//! A colony written as columns, or as its inputs and ticks, and made again from them: the same colony.

mod common;

use common::life::{body, config, happens};
use common::{Chance, Sections, written};
use phago_core::cancel::Cancel;
use phago_core::checkpoint::{Section, Share, read};
use phago_core::colony::{Colony, stage};
use phago_core::documents::Body;
use phago_core::ids::DocumentId;
use phago_core::input::Input;
use phago_core::replay::Replay;
use phago_core::replica::Replica;
use phago_core::ring::Ring;
use phago_core::{Error, dump};

fn digest_of(replica: &Replica) -> String {
    dump::digest(replica, &Cancel::new()).unwrap()
}

fn ring(shards: u32) -> Ring {
    Ring::new(shards, 150)
}

fn again(sections: &Sections, shards: u32) -> Result<Replica, Error> {
    read(config(), ring(shards), Share::Whole, |section| Ok(sections[&section].clone()))
}

fn answers(colony: &mut Colony) -> Vec<(String, u64)> {
    let mut chance = Chance(99);
    let mut all = Vec::new();
    for _ in 0..5 {
        let question = chance.text(400, 4);
        for found in colony.search(&question, 5).unwrap() {
            all.push((colony.state().found(&found).name(), found.score.to_bits()));
        }
    }
    all
}

#[test]
fn a_colony_read_from_its_columns_is_the_same_on_any_ring_and_goes_on_the_same() {
    let (mut checkpoints, mut with_unwiring, mut with_reinforcing, mut with_agents) = (0, 0, 0, 0);
    for seed in 0..8 {
        let mut chance = Chance(seed);
        let shards = [1, 2, 3, 7][chance.below(4) as usize];
        let mut one = Colony::new(config(), ring(shards)).unwrap();
        let (mut two, mut next) = (Colony::new(config(), ring(shards)).unwrap(), 0);
        for step in 0..120 {
            match happens(&mut chance, &one, &mut next) {
                Some(input) => {
                    let outcome = one.apply(input.clone());
                    assert_eq!(two.apply(input), outcome);
                }
                None => {
                    one.tick().unwrap();
                    two.tick().unwrap();
                }
            }
            if chance.below(4) > 0 {
                continue;
            }
            let shards = [1, 2, 3, 5, 8][chance.below(5) as usize];
            let sections = written(two.state());
            let digest = one.digest();
            two = Colony::of(again(&sections, shards).unwrap());
            assert_eq!(two.digest(), digest, "seed {seed}, step {step}");
            assert_eq!(two.state().edge_count(), one.state().edge_count());
            assert_eq!(answers(&mut two), answers(&mut one), "seed {seed}, step {step}");
            checkpoints += 1;
            let all = || one.state().shards().iter();
            with_agents += usize::from(all().any(|shard| shard.digesters().next().is_some()));
            with_reinforcing += usize::from(one.state().commons().reinforcing() > 0);
            with_unwiring += usize::from(!one.state().is_quiet() && one.state().commons().pending() == 0);
        }
        // Until everything has faded, which tells whether the ends of synapses were found again.
        for _ in 0..60 {
            assert_eq!(two.digest(), one.digest());
            one.tick().unwrap();
            two.tick().unwrap();
        }
        assert_eq!(two.digest(), one.digest());
        assert!(one.state().edge_count() < two.state().shards().iter().map(|shard| shard.stored()).sum::<u64>() + 1);
    }
    println!("checkpoints: {checkpoints}");
    assert!(checkpoints > 150 && with_unwiring > 3 && with_reinforcing > 15 && with_agents > 30);
}

fn grown() -> Colony {
    let mut colony = Colony::new(config(), ring(3)).unwrap();
    let mut chance = Chance(5);
    for number in 1..30 {
        colony.apply(Input::Ingest(vec![body(&mut chance, number)])).unwrap();
        if number % 4 == 0 {
            colony.tick().unwrap();
        }
    }
    assert!(colony.delete(DocumentId::from_key("doc-4")).unwrap());
    colony
}

#[test]
fn words_that_stand_nowhere_any_more_are_left_out() {
    let mut colony = grown();
    for number in 1..30 {
        colony.delete(DocumentId::from_key(&format!("doc-{number}"))).unwrap();
    }
    for _ in 0..2 {
        colony.tick().unwrap();
    }
    let replica = again(&written(colony.state()), 2).unwrap();
    assert_eq!(digest_of(&replica), colony.digest());
    assert!(replica.commons().terms() < colony.state().commons().terms());
    let standing = |replica: &Replica| (0..replica.commons().terms() as u32).all(|term| replica.commons().df(term) > 0);
    assert!(standing(&replica) && !standing(colony.state()));
}

#[test]
fn what_no_colony_wrote_is_an_error_and_never_a_panic() {
    let sections = written(grown().state());
    let (mut refused, mut taken) = (0, 0);
    for (section, bytes) in &sections {
        let step = 1 + bytes.len() / 150;
        for at in (0..bytes.len()).step_by(step) {
            for flip in [1, 0x80] {
                let mut damaged = sections.clone();
                damaged.get_mut(section).unwrap()[at] ^= flip;
                match again(&damaged, 2) {
                    Ok(replica) => {
                        // It can be read, and makes a tick or refuses it.
                        let mut colony = Colony::of(replica);
                        let _ = colony.tick();
                        colony.digest();
                        taken += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
            let mut damaged = sections.clone();
            damaged.get_mut(section).unwrap().truncate(at);
            again(&damaged, 2).map(|_| ()).expect_err("a column that is cut off");
        }
    }
    println!("damaged columns: {refused} refused, {taken} taken as another colony");
    assert!(refused > 500);
}

#[test]
fn columns_of_another_version_or_analyser_are_refused() {
    let mut sections = written(grown().state());
    sections.get_mut(&Section::State).unwrap()[0] = 2;
    let refused = again(&sections, 2).map(|_| ()).expect_err("another version");
    assert!(refused.to_string().contains("columns 2"), "{refused}");
}

/// What is stored of a life: inputs and ticks, and between them runs of idle ones.
#[derive(Clone, Debug)]
enum Stored {
    Input(Input),
    Idle(u64),
}

// A life in which inputs also come while a tick is made.
fn lived(seed: u64) -> (Vec<Stored>, String) {
    let mut chance = Chance(seed);
    let (mut colony, mut stored, mut next) = (Colony::new(config(), ring(2)).unwrap(), Vec::new(), 0);
    for _ in 0..60 {
        if let Some(input) = happens(&mut chance, &colony, &mut next) {
            colony.apply(input.clone()).unwrap();
            stored.push(Stored::Input(input));
            continue;
        }
        let ticks = 1 + chance.below(40);
        if colony.state().is_idle_until(colony.state().tick() + ticks) {
            (0..ticks).for_each(|_| drop(colony.tick().unwrap()));
            stored.push(Stored::Idle(ticks));
            continue;
        }
        let cut = stored.len() as u64;
        let state = colony.state();
        let plan = state.plan().unwrap();
        let deltas = stage(state, &plan, &Cancel::new()).unwrap();
        // They wait for its end.
        let late: Vec<Input> = (0..chance.below(3)).filter_map(|_| happens(&mut chance, &colony, &mut next)).collect();
        stored.extend(late.iter().cloned().map(Stored::Input));
        stored.push(Stored::Input(Input::Tick { tick: plan.tick, attempt: 1, cut }));
        let mut state = colony.into_state();
        state.commit(&plan, deltas);
        colony = Colony::of(state);
        for input in late {
            colony.apply(input).unwrap();
        }
        // Until nothing is left to do, now and then.
        while chance.below(3) == 0 && !colony.state().is_quiet() {
            let tick = colony.state().tick() + 1;
            stored.push(Stored::Input(Input::Tick { tick, attempt: 1, cut: stored.len() as u64 }));
            colony.tick().unwrap();
        }
    }
    (stored, colony.digest())
}

fn replayed(stored: &[Stored], shards: u32) -> Result<Replica, Error> {
    let mut replay = Replay::new(Replica::new(config(), ring(shards)).unwrap());
    for (at, one) in stored.iter().enumerate() {
        match one {
            Stored::Input(input) => replay.take(at as u64 + 1, input.clone())?,
            Stored::Idle(ticks) => replay.pass(*ticks)?,
        }
    }
    let visible = replay.visible()?;
    let done = replay.finish()?;
    assert_eq!(digest_of(&visible), digest_of(&done));
    Ok(done)
}

#[test]
fn a_life_told_again_is_the_same_life_with_its_cuts() {
    let (mut lives, mut noticed, mut idle) = (0, 0, 0);
    for seed in 0..60 {
        let (stored, digest) = lived(seed);
        for shards in [1, 3] {
            assert_eq!(digest_of(&replayed(&stored, shards).unwrap()), digest, "seed {seed}");
        }
        idle += stored.iter().filter(|one| matches!(one, Stored::Idle(_))).count();
        // With every cut left out, what came during a tick is seen by it.
        let cutless = stored.iter().cloned().map(|one| match one {
            Stored::Input(Input::Tick { tick, attempt, .. }) => {
                Stored::Input(Input::Tick { tick, attempt, cut: u64::MAX })
            }
            other => other,
        });
        let cutless: Vec<Stored> = cutless.collect();
        noticed += usize::from(replayed(&cutless, 1).map_or(true, |replica| digest_of(&replica) != digest));
        lives += 1;
    }
    println!("lives: {lives}; runs of idle ticks: {idle}; other digests with the cuts ignored: {noticed}");
    assert!(noticed > 20 && idle > 20, "a rule that is broken is seen");
}

#[test]
fn what_cannot_have_happened_is_refused() {
    let refused = |stored: &[Stored], why: &str| match replayed(stored, 1) {
        Err(Error::Wire { what: "history", reason }) => assert!(reason.contains(why), "{reason}"),
        other => panic!("{:?}", other.map(|_| ())),
    };
    let text = |text: &str| Body { key: Some("a".into()), text: text.into(), ..Body::default() };
    let taken = |one: &str| Stored::Input(Input::Ingest(vec![text(one)]));
    refused(&[taken("ions"), taken("pumps")], "input 2");
    refused(&[taken("ions"), Stored::Idle(1)], "something waited");
    refused(&[Stored::Input(Input::Tick { tick: 2, attempt: 1, cut: 0 })], "tick 2 follows tick 0");
    assert!(matches!(replayed(&[Stored::Idle(1 << 40)], 1), Err(Error::Limit { .. })));
}
