//! What goes leaves nothing behind but a bounded part of its memory: places, postings, words, synapses.

mod common;

use common::*;
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::documents::{Body, GONE_MIN, Vector};
use phago_core::ids::DocumentId;
use phago_core::input::Input;
use phago_core::metadata::{Comparison, Filter, Metadata, Value, Values};
use phago_core::query::{Buffers, Ranking};
use phago_core::replica::WORDS_GONE_MIN;
use phago_core::text::Session;
use std::collections::BTreeMap;
use std::sync::Arc;

fn body(chance: &mut Chance, number: u64) -> Body {
    let length = 2 + chance.below(12);
    let one = |key: &str, value| (key.into(), Values::One(value));
    // Of all, of few, and a list that holds a value twice.
    let tag = Value::Int(number as i64 % 5);
    let tags = Values::Many([tag.clone(), Value::Int(1), tag].into());
    let entries =
        vec![one("all", Value::Bool(true)), one("few", Value::Int(number as i64 % 97)), ("tags".into(), tags)];
    Body {
        key: Some(format!("doc-{number}").into()),
        title: chance.text(40, 1).into(),
        text: chance.text(300, length).into(),
        metadata: Metadata::new(entries).unwrap(),
        time: (!number.is_multiple_of(3)).then_some(number as i64 * 1000),
        vector: (!number.is_multiple_of(4))
            .then(|| Vector::new(&[number as f64 % 17.0, 1.0, -(number as f64) % 5.0]).unwrap()),
        ..Body::default()
    }
}

type Answers = Vec<Vec<(u128, u64)>>;

// What questions find, with every kind of filter; scores to the last bit.
fn answers(colony: &Colony) -> Answers {
    let state = colony.state();
    let mut session = Session::new(state.commons().lexicon().clone());
    let mut buffers = Buffers::default();
    let only =
        |key: &str, value: i64| Filter::new(vec![(key.into(), vec![Comparison::In(vec![Value::Int(value)])])]).unwrap();
    let mut chance = Chance(9);
    let mut all = Vec::new();
    for filter in [Filter::default(), only("few", 3), only("tags", 1), only("tags", 4)] {
        for words in 1..4 {
            let question = format!("{} {}", chance.text(40, 1), chance.text(300, words));
            let found = state.answer(&question, 20, &Ranking::default(), &filter, &mut session, &mut buffers);
            all.push(found.unwrap().hits.iter().map(|hit| (hit.found.id, hit.found.score.to_bits())).collect());
        }
    }
    assert!(all.iter().filter(|hits: &&Vec<_>| !hits.is_empty()).count() > 6);
    all
}

#[test]
fn a_colony_from_which_most_documents_went_is_one_that_never_saw_them() {
    for shards in [1, 3] {
        let mut colony = colony(&ColonyConfig::default(), shards);
        let mut chance = Chance(shards.into());
        let mut standing: BTreeMap<u64, Body> = BTreeMap::new();
        for number in 0..6000 {
            let new = body(&mut chance, number);
            assert!(colony.apply(Input::Ingest(vec![new.clone()])).is_ok());
            standing.insert(number, new);
            // From the third thousand on two go for each that comes, the old and the new ones, until few are left.
            for _ in 0..if number > 2000 { 2 } else { 0 } {
                let all: Vec<u64> = standing.keys().copied().collect();
                if all.len() > 200 {
                    let gone = all[chance.below(all.len() as u64) as usize];
                    assert!(colony.delete(DocumentId::from_key(&format!("doc-{gone}"))).unwrap());
                    standing.remove(&gone);
                }
            }
        }
        let mut fresh = self::colony(&ColonyConfig::default(), 2);
        fresh.apply(Input::Ingest(standing.values().rev().cloned().collect())).unwrap();
        assert_eq!(colony.evidence_digest(), fresh.evidence_digest());
        assert_eq!(answers(&colony), answers(&fresh));
        let mut empty_places = 0;
        for shard in colony.state().shards() {
            let documents = shard.documents();
            assert!(documents.room() <= 2 * documents.len() + GONE_MIN);
            empty_places += documents.room() - documents.len();
        }
        assert!(empty_places > 0, "some wait to be closed up, or the bound above says nothing");
        for number in standing.into_keys() {
            assert!(colony.delete(DocumentId::from_key(&format!("doc-{number}"))).unwrap());
        }
        let empty = self::colony(&ColonyConfig::default(), 1);
        assert_eq!(colony.evidence_digest(), empty.evidence_digest());
    }
}

// Documents of words that nobody else has: so many in all.
fn junk(from: usize, words: usize) -> Vec<Body> {
    let all: Vec<String> = (from..from + words).map(|number| format!("z{number}y")).collect();
    let body = |(number, words): (usize, &[String])| Body {
        key: Some(format!("junk-{}", from + number).into()),
        text: words.join(" ").into(),
        ..Body::default()
    };
    all.chunks(500).enumerate().map(body).collect()
}

fn forms(colony: &Colony) -> usize {
    colony.state().commons().lexicon().form_count() as usize
}

#[test]
fn words_that_left_with_their_documents_are_forgotten_and_nothing_shows_it() {
    let kept = documents(3, 60);
    for digested in [false, true] {
        let mut colonies = [colony(&ColonyConfig::default(), 1), colony(&ColonyConfig::default(), 3)];
        let mut never = colony(&ColonyConfig::default(), 2);
        for colony in colonies.iter_mut().chain([&mut never]) {
            for (key, text) in &kept[..40] {
                colony.ingest(Some(key), "", text).unwrap();
            }
            colony.tick().unwrap();
        }
        for colony in &mut colonies {
            let lexicon = colony.state().commons().lexicon().clone();
            for round in 0..3 {
                let junk = junk(round * 100_000, WORDS_GONE_MIN + 5_000);
                let ids: Vec<DocumentId> = junk.iter().map(Body::id).collect();
                colony.apply(Input::Ingest(junk)).unwrap();
                if digested {
                    colony.tick().unwrap();
                }
                for id in ids {
                    assert!(colony.delete(id).unwrap());
                }
                if digested {
                    assert!(forms(colony) > WORDS_GONE_MIN, "what waits to be unwired speaks of them");
                    colony.tick().unwrap();
                }
                assert!(forms(colony) <= WORDS_GONE_MIN + 2_000, "{} forms", forms(colony));
            }
            assert!(!Arc::ptr_eq(&lexicon, colony.state().commons().lexicon()));
        }
        let digests =
            |colonies: &[Colony; 2]| colonies.each_ref().map(|colony| (colony.digest(), answers_of_words(colony)));
        // What comes after goes on as if the words had never been.
        for (key, text) in &kept[40..] {
            for colony in colonies.iter_mut().chain([&mut never]) {
                colony.ingest(Some(key), "", text).unwrap();
            }
        }
        for step in 0..8 {
            let [one, three] = digests(&colonies);
            assert_eq!(one, three, "step {step}");
            assert_eq!(colonies[0].evidence_digest(), never.evidence_digest());
            // A digested one is some ticks older, and the hop of its answers reads weights that have faded.
            if !digested {
                assert_eq!(one, (never.digest(), answers_of_words(&never)), "step {step}");
            }
            for colony in colonies.iter_mut().chain([&mut never]) {
                let id = DocumentId::from_key(&kept[step * 7].0);
                match step % 3 {
                    0 => assert!(colony.delete(id).unwrap()),
                    1 => drop(colony.reinforce(id, &[(kept[step * 7].1.split(' ').next().unwrap().into(), vec![])])),
                    _ => {}
                }
                colony.tick().unwrap();
            }
        }
    }
}

fn answers_of_words(colony: &Colony) -> Answers {
    let state = colony.state();
    let mut session = Session::new(state.commons().lexicon().clone());
    let mut buffers = Buffers::default();
    let mut chance = Chance(4);
    (1..6)
        .map(|words| {
            let question = chance.text(400, words);
            let ranking = Ranking { hop_share: 0.3, ..Ranking::default() };
            let found = state.answer(&question, 10, &ranking, &Filter::default(), &mut session, &mut buffers);
            found.unwrap().hits.iter().map(|hit| (hit.found.id, hit.found.score.to_bits())).collect()
        })
        .collect()
}

#[test]
fn words_of_refused_documents_are_forgotten_too() {
    let mut colony = colony(&ColonyConfig::default(), 2);
    colony.ingest(Some("a"), "", "ions cross the membrane").unwrap();
    let before = colony.digest();
    for round in 0..4 {
        let mut chunk = junk(round * 100_000, WORDS_GONE_MIN + 1_000);
        chunk.push(Body { key: Some("a".into()), text: "other content".into(), ..Body::default() });
        assert!(colony.apply(Input::Ingest(chunk)).is_err());
        assert!(forms(&colony) < WORDS_GONE_MIN, "{} forms", forms(&colony));
        assert_eq!(colony.digest(), before);
    }
    assert_eq!(colony.search("ions", 3).unwrap().len(), 1);
}

#[test]
fn dead_synapses_are_swept_in_bounded_steps() {
    let mut colony = colony(&ColonyConfig::default(), 1);
    let stored = |colony: &Colony| colony.state().shards()[0].stored();
    for number in 0..400 {
        let words: Vec<String> = (0..30).map(|word| format!("w{number}q{word}x")).collect();
        colony.ingest(Some(&number.to_string()), "", &words.join(" ")).unwrap();
    }
    colony.tick().unwrap();
    let most = stored(&colony);
    assert_eq!(most, 400 * 30 * 29);
    let (mut before, mut steps) = (most, 0);
    for _ in 0..150 {
        colony.tick().unwrap();
        let after = stored(&colony);
        steps += u64::from(after < before);
        assert!(before - after <= (1 << 16) + 30, "{} at once", before - after);
        before = after;
    }
    assert_eq!((colony.state().edge_count(), before), (0, 0));
    assert!(steps >= most >> 16, "{steps} steps");
}
