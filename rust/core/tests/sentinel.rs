//! The sentinel against a naive one, and how it ends early.

mod common;
mod streams;

use common::Chance;
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::ids::NodeId;
use phago_core::maps::set_seed;
use phago_core::sentinel::{Alarm, LEARNING, Rule};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use streams::naive::Naive;
use streams::{Beat, alarms_of, concept, found_in, name};

// Few concepts, in documents whose topics change now and then, so that much rises and fades.
fn history(seed: u64, ticks: u64) -> Vec<Beat> {
    let (mut chance, mut favoured) = (Chance(seed), 0);
    let (mut tick, mut flood) = (0, 0);
    (0..ticks)
        .map(|_| {
            tick += 1 + chance.below(3);
            if chance.below(12) == 0 {
                (favoured, flood) = (chance.below(10), chance.below(4) / 3 * 4);
            }
            let document = |chance: &mut Chance| {
                let mut list: Vec<u64> = (0..1 + chance.below(4)).map(|_| chance.below(7)).collect();
                if chance.below(3) > 0 {
                    list.extend([favoured, (favoured + 1) % 10]);
                }
                list.extend((0..flood).map(|_| 100 + chance.below(1000)));
                let list: BTreeSet<NodeId> = list.into_iter().map(concept).collect();
                list.into_iter().collect::<Vec<_>>()
            };
            Beat { tick, lists: (0..1 + chance.below(4)).map(|_| document(&mut chance)).collect() }
        })
        .collect()
}

fn rule() -> impl Strategy<Value = Rule> {
    (1u32..6, 1u32..6, 1u32..3, prop_oneof![1u32..60, Just(256)])
        .prop_map(|(threshold, pair_threshold, ratio, halving)| Rule { threshold, pair_threshold, ratio, halving })
}

fn naive(history: &[Beat], rule: Rule) -> Vec<Alarm> {
    let mut naive = Naive::new(rule);
    history.iter().flat_map(|beat| naive.observe(beat.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_tells_what_counting_all_of_history_again_tells(seed: u64, rule in rule(), ticks in 30u64..160) {
        let history = history(seed, ticks);
        prop_assert_eq!(alarms_of(&history, rule), naive(&history, rule));
    }
}

#[test]
fn the_histories_of_that_test_have_alarms_of_every_kind() {
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..12 {
        let rule = Rule { threshold: 3, pair_threshold: 3, ratio: 1, halving: 64 };
        for alarm in naive(&history(seed, 160), rule) {
            *kinds.entry(name(&alarm)).or_default() += 1;
        }
    }
    assert_eq!(kinds.len(), 5, "{kinds:?}");
}

#[test]
fn what_is_told_is_the_same_whatever_the_order_of_maps() {
    let history = history(3, 160);
    let rule = Rule { threshold: 3, pair_threshold: 3, ..Rule::STEADY };
    let found = |seed| {
        set_seed(seed);
        found_in(&history, rule, &Cancel::new()).unwrap()
    };
    assert!(!found(0).is_empty());
    assert!((1..6).all(|seed| found(seed) == found(0)));
}

#[test]
fn a_history_as_long_as_it_learns_has_no_alarms() {
    let rule = Rule { threshold: 1, pair_threshold: 1, ratio: 1, halving: 256 };
    let found = |ticks: u32| (0..12).flat_map(move |seed| alarms_of(&history(seed, ticks.into()), rule)).count();
    assert_eq!(found(LEARNING), 0);
    assert!(found(LEARNING + 1) > 0);
    assert_eq!(alarms_of(&[], rule), []);
}

#[test]
fn it_is_cancelled_at_every_poll() {
    let mut stream = streams::Stream::new(streams::Kindness::Plain, streams::Shift::Topic, 16, 3);
    let history: Vec<Beat> = (1..=200).map(|tick| Beat { tick, lists: stream.tick() }).collect();
    let (lists, pairs) = streams::read(&history);
    let cancelled = |poll: u64| {
        let found = phago_core::survey::anomalies::anomalies(&lists, &pairs, Rule::STEADY, &Cancel::at_poll(poll));
        found == Err(Error::Cancelled)
    };
    let polls = (1..).take_while(|poll| cancelled(*poll)).count();
    assert!(polls > 5, "{polls} polls");
}

#[test]
fn a_rule_outside_of_its_bounds_is_refused() {
    let error = found_in(&[], Rule { ratio: 0, ..Rule::STEADY }, &Cancel::new()).unwrap_err();
    assert_eq!(error.to_string(), "`ratio` is 0; accepted is 1 to 1048576");
}
