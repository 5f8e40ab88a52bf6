//! What the sentinel finds in streams, and what it leaves alone.

mod common;
mod streams;

use common::Chance;
use phago_core::commons::idf;
use phago_core::ids::NodeId;
use phago_core::sentinel::{Alarm, Kind, Pair, Rule};
use phago_core::text::{Lexicon, Session};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use streams::{Beat, EVERY, Kindness, Shift, Stream, alarms, alarms_of, concept, found, name};

const KINDS: [Kindness; 3] = [Kindness::Plain, Kindness::Clumped, Kindness::Drifting];

// Eight documents a tick: concept 0 in all of them, and others in every so-manieth. Returns the alarms.
fn regular(ticks: u64, rule: Rule, in_tick: impl Fn(u64) -> Vec<NodeId>) -> Vec<Alarm> {
    let beat = |tick| {
        let mut lists = vec![vec![concept(0), concept(1), concept(2)]; 7];
        lists.push([vec![concept(0)], in_tick(tick)].concat());
        Beat { tick, lists }
    };
    alarms_of(&(1..=ticks).map(beat).collect::<Vec<Beat>>(), rule)
}

#[test]
fn a_frequent_concept_that_is_not_seen_any_more_fades_and_a_rarer_one_never() {
    for (every, after) in [(1, Some(16)), (2, Some(36)), (3, None)] {
        let seen = |tick: u64| tick <= 200 && tick.is_multiple_of(every);
        let all = regular(320, Rule::STEADY, |tick| if seen(tick) { vec![concept(7)] } else { vec![] });
        let last = 200 / every * every;
        let told: Vec<(Kind, u64, u64)> = all.iter().map(|alarm| (alarm.kind, alarm.since, alarm.tick)).collect();
        let expected = after.map(|after| (Kind::Fading(concept(7)), last, last + after));
        assert_eq!(told, Vec::from_iter(expected), "every {every} ticks");
    }
}

#[test]
fn new_words_in_numbers_are_told_of_once() {
    // One new word every fifth tick, then two in each of twenty.
    let brought = |tick: u64| if (150..170).contains(&tick) { 2 } else { u64::from(tick.is_multiple_of(5)) };
    let words = |tick| (0..brought(tick)).map(|number| concept(1000 + 10 * tick + number)).collect();
    let all = regular(200, Rule::STEADY, words);
    let told: Vec<Kind> = all.iter().map(|alarm| alarm.kind).collect();
    assert_eq!(told, [Kind::Vocabulary]);
    assert!((152..160).contains(&all[0].tick) && all[0].since >= 141, "{all:?}");
}

#[test]
fn what_was_not_seen_for_a_window_is_told_of_again() {
    let rule = Rule { threshold: 2, halving: 20, ..Rule::STEADY };
    let is_seen = |tick: u64| (60..=70).contains(&tick) || (200..=210).contains(&tick);
    let all = regular(220, rule, |tick| if is_seen(tick) { vec![concept(7)] } else { vec![] });
    let told = all.iter().filter(|alarm| alarm.kind == Kind::New(concept(7))).map(|alarm| alarm.since);
    assert_eq!(told.collect::<Vec<u64>>(), [60, 200], "{all:?}");
}

#[test]
fn pairs_are_told_of_from_five_documents_on() {
    let rule = Rule { threshold: 60, pair_threshold: 10, ..Rule::STEADY };
    let told = |documents: u64| {
        let in_tick = |tick| if (100..100 + documents).contains(&tick) { vec![concept(7), concept(8)] } else { vec![] };
        regular(120, rule, in_tick).iter().map(|alarm| alarm.kind).collect::<BTreeSet<Kind>>()
    };
    let pair = |one, other| Kind::Pair(Pair::new(concept(one), concept(other)).unwrap());
    assert_eq!(told(4), BTreeSet::new());
    assert_eq!(told(5), BTreeSet::from([pair(0, 7), pair(0, 8), pair(7, 8)]));
}

#[test]
fn every_planted_change_of_a_plain_stream_is_found() {
    for shift in [Shift::Concept, Shift::Topic, Shift::Pair] {
        let all = alarms(&mut Stream::new(Kindness::Plain, shift, 64, 77), 23 * EVERY, Rule::STEADY);
        let ticks = found(shift, &all);
        assert!(ticks.iter().all(Option::is_some), "{shift:?}: {ticks:?}");
    }
}

#[test]
fn streams_without_a_change_are_quiet() {
    for kind in KINDS {
        let rule = if kind == Kindness::Drifting { Rule::DRIFTING } else { Rule::STEADY };
        let all = alarms(&mut Stream::new(kind, Shift::Nothing, 64, 5), 1000, rule);
        assert!(all.len() <= 1, "{kind:?}: {all:?}");
    }
}

// The alarms of texts in random order, eight a tick, so often that there are 400 ticks or more.
fn alarms_of_texts(texts: &[String]) -> Vec<Alarm> {
    let lexicon = Arc::new(Lexicon::new());
    let mut session = Session::new(lexicon.clone());
    let terms: Vec<_> = texts.iter().map(|text| session.analyse("", text).terms().to_vec()).collect();
    let mut df: BTreeMap<u32, u32> = BTreeMap::new();
    terms.iter().flatten().for_each(|&(term, _)| *df.entry(term).or_default() += 1);
    let salience = |&(term, tf): &(u32, u32)| (1.0 + f64::from(tf).ln()) * idf(texts.len() as u64, df[&term]);
    let concepts = |terms: &[(u32, u32)]| {
        let mut terms = terms.to_vec();
        terms.sort_by(|one, other| salience(other).total_cmp(&salience(one)).then(one.0.cmp(&other.0)));
        let list = terms.iter().take(30).map(|&(term, _)| NodeId::concept(&lexicon.stem(term)));
        list.collect::<BTreeSet<NodeId>>().into_iter().collect()
    };
    let mut lists: Vec<Vec<NodeId>> = terms.iter().map(|terms| concepts(terms)).collect();
    lists.retain(|list| !list.is_empty());
    let (mut chance, mut history) = (Chance(4), Vec::new());
    while history.len() < 400 {
        chance.shuffle(&mut lists);
        history.extend(lists.chunks_exact(8).zip(history.len() as u64 + 1..).map(|(lists, tick)| {
            let lists = lists.to_vec();
            Beat { tick, lists }
        }));
    }
    let all = alarms_of(&history, Rule::STEADY);
    println!("{} texts in {} ticks: {} alarms", texts.len(), history.len(), all.len());
    all
}

#[test]
fn texts_in_random_order_are_quiet() {
    let mut chance = Chance(8);
    let text = |_| {
        let words = 20 + chance.below(40);
        chance.text(4000, words)
    };
    let texts: Vec<String> = (0..800).map(text).collect();
    assert_eq!(alarms_of_texts(&texts), []);
}

#[test]
#[ignore = "needs the collections that PHAGO_DATA names"]
fn real_texts_in_random_order_are_quiet() {
    let data = std::env::var("PHAGO_DATA").expect("PHAGO_DATA names a folder of collections");
    for collection in ["cranfield", "hotpotqa", "locomo/talk0"] {
        let corpus = format!("{data}/{collection}/corpus.jsonl.gz");
        let read = std::process::Command::new("gzip").args(["-dc", &corpus]).output().unwrap();
        let lines = String::from_utf8(read.stdout).unwrap();
        // What stands between the field's name and the next quote that is not escaped.
        let text = |line: &str| {
            let text = line.split("\"text\": \"").nth(1)?.replace("\\\"", " ");
            Some(text.split('"').next()?.replace("\\n", " "))
        };
        let texts: Vec<String> = lines.lines().filter_map(text).collect();
        assert!(texts.len() > 300, "{collection}: {} texts", texts.len());
        assert_eq!(alarms_of_texts(&texts), [], "{collection}");
    }
}

/// `cargo test -p phago-core --test sentinel_streams -- --ignored --nocapture figures` prints what is found after how many ticks,
/// and what is told of streams without a change.
#[test]
#[ignore = "figures, to be read"]
fn figures() {
    let rules = [("steady", Rule::STEADY), ("drifting", Rule::DRIFTING)];
    for (name_of_rule, rule) in rules {
        for (kind, documents) in KINDS.into_iter().flat_map(|kind| [(kind, 8), (kind, 64)]) {
            let mut counts: BTreeMap<String, u32> = BTreeMap::new();
            let all = alarms(&mut Stream::new(kind, Shift::Nothing, documents, 11), 1000, rule);
            all.iter().for_each(|alarm| *counts.entry(name(alarm)).or_default() += 1);
            println!("{name_of_rule} rule, {kind:?} stream of {documents} a tick, 1,000 ticks: {counts:?}");
            for alarm in all.iter().take(3) {
                let (strength, uneven) = (alarm.counts.strength(), alarm.counts.unevenness());
                println!("    tick {}: {:?} {strength:.1} {uneven:.1} {:?}", alarm.tick, alarm.kind, alarm.counts);
            }
        }
        for (kind, shift) in
            KINDS.into_iter().flat_map(|kind| [Shift::Concept, Shift::Topic, Shift::Pair].map(|shift| (kind, shift)))
        {
            let all = alarms(&mut Stream::new(kind, shift, 64, 77), 23 * EVERY, rule);
            let ticks = found(shift, &all);
            let missed = ticks.iter().filter(|ticks| ticks.is_none()).count();
            println!(
                "{name_of_rule} rule, {kind:?} stream, {shift:?}: {} of 20, after {:?} (median), {:?}",
                20 - missed,
                ticks[10],
                ticks[19]
            );
        }
    }
}
