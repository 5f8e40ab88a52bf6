//! The sentinel against a naive one, on any number of shards, at its bounds and with bad input.

mod common;
mod streams;

use common::Chance;
use phago_core::cancel::Cancel;
use phago_core::ids::NodeId;
use phago_core::maps::set_seed;
use phago_core::sentinel::{Alarm, Clock, Pair, Part, Records, Report, Rule, Seen, Sentinel, Totals};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use streams::naive::{Beat, Naive};
use streams::{Kindness, Shift, Stream, concept, name};

// --- against the naive one ---------------------------------------------------------------------------------------

// Few concepts, in documents whose topics change now and then, so that much rises and fades.
fn history(seed: u64, ticks: u64) -> Vec<Beat> {
    let (mut chance, mut known, mut favoured) = (Chance(seed), BTreeSet::new(), 0);
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
            let lists: Vec<Vec<NodeId>> = (0..1 + chance.below(4)).map(|_| document(&mut chance)).collect();
            let gone: Vec<NodeId> = (0..10).filter(|_| chance.below(300) == 0).map(concept).collect();
            gone.iter().for_each(|concept| _ = known.remove(concept));
            let new = lists.iter().flatten().filter(|concept| known.insert(**concept)).count() as u64;
            Beat { tick, lists, new, gone }
        })
        .collect()
}

// What a beat brings to a home. `known` are the concepts of documents before, `pairs` their pairs.
fn seen(beat: &Beat, known: &mut BTreeSet<NodeId>, pairs: &mut BTreeSet<Pair>, home: impl Fn(NodeId) -> bool) -> Seen {
    let lists: Vec<&[NodeId]> = beat.lists.iter().map(|list| &**list).collect();
    let (gone, gone_pairs): (BTreeSet<_>, BTreeSet<_>) = (
        beat.gone.iter().copied().collect(),
        pairs.iter().filter(|pair| [pair.source(), pair.target()].iter().any(|end| beat.gone.contains(end))).collect(),
    );
    let gone_pairs: Vec<Pair> = gone_pairs.into_iter().copied().filter(|pair| home(pair.source())).collect();
    known.retain(|concept| !gone.contains(concept));
    pairs.extend(beat.pairs());
    let new = beat.lists.iter().flatten().copied().filter(|&concept| known.insert(concept) && home(concept)).collect();
    let gone = gone.into_iter().filter(|&concept| home(concept)).collect();
    Seen::count(&lists, home).with_new(new).with_gone(gone, gone_pairs)
}

fn rule() -> impl Strategy<Value = Rule> {
    (1u32..6, 1u32..6, 1u32..3, prop_oneof![1u32..60, Just(256)]).prop_map(
        |(threshold, pair_threshold, ratio, halving)| Rule {
            threshold,
            pair_threshold,
            ratio,
            halving,
            ..Rule::STEADY
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_tells_what_counting_all_of_history_again_tells(seed: u64, rule in rule(), ticks in 60u64..160) {
        let (mut naive, mut sentinel) = (Naive::new(rule), Sentinel::new(rule).unwrap());
        let (mut known, mut pairs) = (BTreeSet::new(), BTreeSet::new());
        for beat in history(seed, ticks) {
            let found = sentinel.observe(beat.tick, &seen(&beat, &mut known, &mut pairs, |_| true), &Cancel::new()).unwrap();
            let tick = beat.tick;
            prop_assert_eq!(found, naive.observe(beat), "in tick {}", tick);
        }
    }
}

#[test]
fn the_histories_of_that_test_have_alarms_of_every_kind() {
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..12 {
        let rule = Rule { threshold: 3, pair_threshold: 3, ratio: 1, halving: 64, ..Rule::STEADY };
        let (mut naive, history) = (Naive::new(rule), history(seed, 160));
        for alarm in history.into_iter().flat_map(|beat| naive.observe(beat)) {
            *kinds.entry(name(&alarm)).or_default() += 1;
        }
    }
    assert_eq!(kinds.len(), 5, "{kinds:?}");
}

// --- on any number of shards -------------------------------------------------------------------------------------

// The steps of a beat over parts. Returns all alarms, and the state as one.
fn parted(history: &[Beat], rule: Rule, parts: usize) -> (Vec<Alarm>, Clock, Records) {
    let mut clock = Clock::new(rule).unwrap();
    let mut all: Vec<Part> = (0..parts).map(|_| Part::default()).collect();
    let mut states = vec![(BTreeSet::new(), BTreeSet::new()); parts];
    let mut alarms = Vec::new();
    for beat in history {
        let mut totals = Totals::default();
        beat.lists.iter().for_each(|list| totals.add(list.len() as u64));
        let now = clock.next(beat.tick, totals).unwrap();
        let staged: Vec<_> = all
            .iter()
            .zip(&mut states)
            .enumerate()
            .map(|(number, (part, (known, pairs)))| {
                let home = |concept: NodeId| (concept.0 >> 64) as usize % parts == number;
                part.judge(&now, &seen(beat, known, pairs, home), &Cancel::new()).unwrap()
            })
            .collect();
        let mut report = Report::default();
        staged.iter().rev().for_each(|staged| report.merge(staged.report().clone()));
        let (closed, floors, vocabulary) = now.close(&report);
        let mut found: Vec<Alarm> =
            staged.iter().flat_map(|staged| staged.alarms()).copied().chain(vocabulary).collect();
        found.sort_unstable();
        alarms.extend(found);
        all.iter_mut().zip(staged).for_each(|(part, staged)| part.commit(staged, &floors, &closed));
        clock = closed;
    }
    let mut records = Records::default();
    all.iter().rev().for_each(|part| records.merge(part.records(&clock)));
    let lens = all.iter().map(|part| part.len(&clock)).fold((0, 0), |sum, len| (sum.0 + len.0, sum.1 + len.1));
    assert_eq!(lens, (records.concepts.len() as u64, records.pairs.len() as u64));
    (alarms, clock, records)
}

fn whole(history: &[Beat], rule: Rule) -> (Vec<Alarm>, Sentinel) {
    let (mut sentinel, mut known, mut pairs) = (Sentinel::new(rule).unwrap(), BTreeSet::new(), BTreeSet::new());
    let mut alarms = Vec::new();
    for beat in history {
        alarms.extend(
            sentinel.observe(beat.tick, &seen(beat, &mut known, &mut pairs, |_| true), &Cancel::new()).unwrap(),
        );
    }
    (alarms, sentinel)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_number_of_shards_has_equal_bytes_and_alarms(seed: u64, mut rule in rule(), is_bounded: bool) {
        if is_bounded {
            (rule.concepts_max, rule.pairs_max) = (6, 20);
        }
        let history = history(seed, 120);
        let (alarms, sentinel) = whole(&history, rule);
        let bytes = sentinel.encode();
        for parts in [1, 2, 3, 7, 16] {
            // Maps have other orders.
            set_seed(parts as u64);
            let (found, clock, records) = parted(&history, rule, parts);
            prop_assert_eq!(&found, &alarms);
            prop_assert_eq!(&postcard::to_allocvec(&(&clock, &records)).unwrap(), &bytes, "over {} parts", parts);
        }
    }

    #[test]
    fn a_sentinel_goes_on_from_its_bytes(seed: u64, rule in rule(), at in 1usize..120) {
        let history = history(seed, 120);
        let (alarms, sentinel) = whole(&history, rule);
        let (mut first, stored) = whole(&history[..at], rule);
        let mut read = Sentinel::decode(&stored.encode()).unwrap();
        let (mut known, mut pairs) = (BTreeSet::new(), BTreeSet::new());
        for (number, beat) in history.iter().enumerate() {
            let seen = seen(beat, &mut known, &mut pairs, |_| true);
            if number >= at {
                first.extend(read.observe(beat.tick, &seen, &Cancel::new()).unwrap());
            }
        }
        prop_assert_eq!(first, alarms);
        prop_assert_eq!(read.encode(), sentinel.encode());
    }
}

// --- bounds and bad input ----------------------------------------------------------------------------------------

#[test]
fn above_the_bound_the_weakest_leave_and_the_bound_holds() {
    let rule = Rule { concepts_max: 200, pairs_max: 1000, ..Rule::STEADY };
    let (mut sentinel, mut known) = (Sentinel::new(rule).unwrap(), BTreeSet::new());
    let mut stream = Stream::new(Kindness::Plain, Shift::Nothing, 8, 3);
    let (mut most, mut brought, mut evicted) = ((0, 0), (0, 0), false);
    for tick in 1..=120 {
        let lists = stream.tick();
        let before = sentinel.part().len(sentinel.clock());
        sentinel.observe(tick, &streams::seen(&lists, &mut known), &Cancel::new()).unwrap();
        let after = sentinel.part().len(sentinel.clock());
        let new =
            lists.iter().map(|list| list.len() as u64).fold((0, 0), |sum, k| (sum.0 + k, sum.1 + k * (k - 1) / 2));
        brought = (brought.0.max(new.0), brought.1.max(new.1));
        most = (most.0.max(after.0), most.1.max(after.1));
        evicted |= after.1 < before.1;
    }
    // A beat may bring that many more, and the next one, in which it is chosen who leaves.
    assert!(most.0 <= 200 + 2 * brought.0 && most.1 <= 1000 + 2 * brought.1, "{most:?}");
    assert!(evicted && most.1 > 1000);
    // What is frequent stays.
    let records = sentinel.part().records(sentinel.clock());
    assert!(records.concepts.iter().any(|record| record.key == concept(0)));
}

#[test]
fn idle_ticks_change_nothing() {
    let (_, mut sentinel) = whole(&history(5, 100), Rule::STEADY);
    let bytes = sentinel.encode();
    for tick in 1000..1500 {
        assert_eq!(sentinel.observe(tick, &Seen::default(), &Cancel::new()).unwrap(), []);
    }
    assert_eq!(sentinel.encode(), bytes);
}

#[test]
fn ticks_go_on_and_no_part_has_more_than_all() {
    let (_, mut sentinel) = whole(&history(5, 10), Rule::STEADY);
    let (last, bytes) = (sentinel.clock().tick(), sentinel.encode());
    let seen = Seen::new(vec![(concept(1), 2)], vec![]);
    let error = sentinel.observe(last, &seen, &Cancel::new()).unwrap_err();
    assert_eq!(error.to_string(), format!("barrier failed: tick {last} was observed after tick {last}"));
    assert!(sentinel.clock().next(last + 1, Totals::default()).is_err());
    let now = sentinel.clock().next(last + 1, Totals { concepts: 1, pairs: 0 }).unwrap();
    let error = sentinel.part().judge(&now, &seen, &Cancel::new()).unwrap_err();
    assert!(error.to_string().contains("(2, 0)"), "{error}");
    assert_eq!(sentinel.encode(), bytes);
}

#[test]
fn a_beat_is_cancelled_at_every_poll_and_then_nothing_changed() {
    let (_, mut sentinel) = whole(&history(5, 50), Rule::STEADY);
    let (bytes, tick) = (sentinel.encode(), sentinel.clock().tick() + 1);
    let seen = Seen::new((0..20_000).map(|number| (concept(number), 1)).collect(), vec![]);
    let polls = (1..).take_while(|&poll| sentinel.observe(tick, &seen, &Cancel::at_poll(poll)).is_err()).count();
    // Every 8,192 concepts, and before fading.
    assert_eq!(polls, 4);
    assert_ne!(sentinel.encode(), bytes);
    let mut early = Sentinel::decode(&bytes).unwrap();
    assert_eq!(early.observe(tick, &seen, &Cancel::at_poll(2)), Err(phago_core::Error::Cancelled));
    assert_eq!(early.encode(), bytes);
}

#[test]
fn bytes_that_no_sentinel_wrote_are_refused() {
    let (_, sentinel) = whole(&history(5, 100), Rule::STEADY);
    let bytes = sentinel.encode();
    assert!(Sentinel::decode(&[&bytes[..], &[0]].concat()).is_err());
    assert!((0..bytes.len()).all(|length| Sentinel::decode(&bytes[..length]).is_err()));
    let mut chance = Chance(9);
    for _ in 0..2000 {
        let mut damaged = bytes.clone();
        let place = chance.below(bytes.len() as u64) as usize;
        damaged[place] ^= 1 << chance.below(8);
        // What still reads goes on without a panic.
        if let Ok(mut read) = Sentinel::decode(&damaged) {
            let tick = read.clock().tick() + 1;
            let _ = read.observe(tick, &Seen::new(vec![(concept(1), 2), (concept(2), 1)], vec![]), &Cancel::new());
        }
    }
    let clock = sentinel.clock();
    let mut records = sentinel.part().records(clock);
    assert_eq!(Part::read(&records, clock).unwrap().records(clock), records);
    records.concepts.swap(0, 1);
    let error = Part::read(&records, clock).unwrap_err();
    assert_eq!(error.to_string(), "these bytes are no sentinel: its records are out of order");
}
