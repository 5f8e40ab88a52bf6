//! Signals and traces against a field that remembers every emission and computes all of it again.

mod common;

use common::Chance;
use phago_core::config::ColonyConfig;
use phago_core::field::{
    AMOUNT_MAX, Class, Emissions, Field, Laws, MARKS_MAX, ONE, TYPES_MAX, Type, from_fixed, to_fixed,
};
use phago_core::ids::{NodeId, TICK_MAX};
use proptest::prelude::*;
use std::collections::BTreeMap;

type Key = (Type, NodeId);

/// A field as plainly as it can be written. It knows no bounds.
struct Naive {
    config: ColonyConfig,
    // By type and concept: what was emitted in which tick.
    emitted: BTreeMap<Key, BTreeMap<u64, u64>>,
}

impl Naive {
    fn emit(&mut self, tick: u64, of: &Type, concept: NodeId, amount: u64) {
        *self.emitted.entry((of.clone(), concept)).or_default().entry(tick).or_default() += amount;
    }

    // From the first emission on, tick by tick.
    fn level(&self, key: &Key, at: u64) -> Option<u64> {
        let (rate, threshold) = match key.0.class() {
            Class::Signal => (self.config.signal_decay_rate, self.config.signal_removal_threshold),
            Class::Trace => (self.config.trace_decay_rate, self.config.trace_removal_threshold),
        };
        let emitted = self.emitted.get(key)?;
        // The amount after the last emission, and its tick.
        let mut mark: Option<(u64, u64)> = None;
        for tick in *emitted.keys().next()?..=at {
            let left = mark.and_then(|(amount, last)| {
                let left = (amount as f64 * libm::exp(libm::log1p(-rate) * (tick - last) as f64)) as u64;
                (left > 0 && from_fixed(left) >= threshold).then_some(left)
            });
            if left.is_none() {
                mark = None;
            }
            if let Some(amount) = emitted.get(&tick) {
                mark = Some(((left.unwrap_or(0) + amount).min(AMOUNT_MAX), tick));
            }
            if tick == at {
                return emitted.get(&tick).map_or(left, |_| mark.map(|(amount, _)| amount));
            }
        }
        None
    }

    fn levels(&self, at: u64) -> BTreeMap<Key, u64> {
        self.emitted.keys().filter_map(|key| Some((key.clone(), self.level(key, at)?))).collect()
    }
}

fn config(rate: f64, threshold: f64) -> ColonyConfig {
    ColonyConfig { signal_decay_rate: rate, signal_removal_threshold: threshold, ..ColonyConfig::default() }
}

fn types() -> [Type; 3] {
    [(Class::Signal, "food"), (Class::Signal, "interest"), (Class::Trace, "food")]
        .map(|(class, name)| Type::new(class, name).unwrap())
}

fn levels(field: &Field, tick: u64) -> BTreeMap<Key, u64> {
    let of = |(of, _): (&Type, u64)| {
        let of = of.clone();
        field.levels(&of, tick).into_iter().map(move |(concept, level)| ((of.clone(), concept), level))
    };
    field.types(tick).into_iter().flat_map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn reading_is_what_every_tick_would_have_made(
        seed: u64, ticks in 1u64..120,
        rate in prop_oneof![Just(0.05), Just(0.0), Just(1.0), 0.0..1.0f64],
        threshold in prop_oneof![Just(0.01), Just(0.0), Just(1.0), 0.0..1.0f64],
    ) {
        let config = config(rate, threshold);
        let mut field = Field::new(Laws::new(&config), MARKS_MAX).unwrap();
        let mut naive = Naive { config, emitted: BTreeMap::new() };
        let (mut chance, mut tick) = (Chance(seed), 0);
        for _ in 0..ticks {
            tick += 1 + chance.below(3) * chance.below(12);
            let mut emissions = Emissions::default();
            for _ in 0..chance.below(5) {
                let (of, concept) = (&types()[chance.below(3) as usize], NodeId(chance.below(6).into()));
                let amount = f64::from(1 << chance.below(18)) / 256.0;
                emissions.emit(of, concept, amount).unwrap();
                naive.emit(tick, of, concept, to_fixed(amount).unwrap());
            }
            field.add(tick, &emissions).unwrap();
            for tick in [tick, tick + chance.below(80)] {
                let expected = naive.levels(tick);
                prop_assert_eq!(field.len(tick), expected.len() as u64, "marks at {}", tick);
                prop_assert_eq!(levels(&field, tick), expected, "at {}", tick);
            }
            let key = (types()[0].clone(), NodeId(chance.below(6).into()));
            prop_assert_eq!(field.level(&key.0, key.1, tick), naive.level(&key, tick).unwrap_or(0));
        }
    }

    #[test]
    fn who_gathered_an_emission_and_in_which_order_does_not_show(seed: u64, parts in 1usize..17) {
        let mut chance = Chance(seed);
        let (mut fields, laws) = (Vec::new(), Laws::new(&ColonyConfig::default()));
        let all: Vec<Vec<(usize, NodeId, f64)>> = (0..40)
            .map(|_| {
                let one = |_| (chance.below(3) as usize, NodeId(chance.below(60).into()), 0.001 * (1 + chance.below(900)) as f64);
                (0..8).map(one).collect()
            })
            .collect();
        for parts in [1, parts] {
            let mut field = Field::new(laws.clone(), 50).unwrap();
            for (tick, emitted) in (1..).zip(&all) {
                let mut emitted = emitted.clone();
                chance.shuffle(&mut emitted);
                let mut gathered = vec![Emissions::default(); parts];
                for (place, (of, concept, amount)) in emitted.into_iter().enumerate() {
                    gathered[place % parts].emit(&types()[of], concept, amount).unwrap();
                }
                let mut merged = Emissions::default();
                gathered.iter().rev().for_each(|emissions| merged.merge(emissions));
                field.add(2 * tick, &merged).unwrap();
            }
            fields.push(postcard::to_allocvec(&field.records(80)).unwrap());
        }
        prop_assert_eq!(&fields[0], &fields[1]);
    }

    #[test]
    fn emissions_of_one_tick_may_come_in_several_calls(amounts in prop::collection::vec(0.001..0.02f64, 1..9)) {
        let laws = Laws::new(&ColonyConfig::default());
        let (mut at_once, mut one_by_one) = (Field::new(laws.clone(), 9).unwrap(), Field::new(laws, 9).unwrap());
        let mut all = Emissions::default();
        for &amount in &amounts {
            let mut one = Emissions::default();
            one.emit(&types()[0], NodeId(1), amount).unwrap();
            all.merge(&one);
            one_by_one.add(7, &one).unwrap();
        }
        at_once.add(7, &all).unwrap();
        prop_assert_eq!(at_once.records(7), one_by_one.records(7));
        prop_assert_eq!(at_once.len(8), one_by_one.len(8));
    }

    #[test]
    fn a_field_goes_on_from_its_records(seed: u64) {
        let (laws, mut chance) = (Laws::new(&ColonyConfig::default()), Chance(seed));
        let mut field = Field::new(laws.clone(), 40).unwrap();
        let mut read = field.clone();
        for tick in 1..=60 {
            let mut emissions = Emissions::default();
            for _ in 0..chance.below(6) {
                let (of, concept) = (&types()[chance.below(3) as usize], NodeId(chance.below(30).into()));
                emissions.emit(of, concept, 0.01 * (1 + chance.below(90)) as f64).unwrap();
            }
            prop_assert_eq!(field.add(5 * tick, &emissions).unwrap(), read.add(5 * tick, &emissions).unwrap());
            if chance.below(10) == 0 {
                let bytes = postcard::to_allocvec(&read.records(5 * tick)).unwrap();
                let records: Vec<_> = postcard::from_bytes(&bytes).unwrap();
                read = Field::read(laws.clone(), 40, 5 * tick, &records).unwrap();
            }
            prop_assert_eq!(field.records(5 * tick), read.records(5 * tick));
            prop_assert_eq!(field.len(5 * tick + 50), read.len(5 * tick + 50));
        }
    }
}

#[test]
fn above_the_bound_the_weakest_marks_leave() {
    let laws = Laws::new(&ColonyConfig::default());
    let mut field = Field::new(laws, 16).unwrap();
    let of = &types()[0];
    let mut first = Emissions::default();
    (0..16).for_each(|concept| first.emit(of, NodeId(concept), 1.0 + concept as f64).unwrap());
    assert_eq!(field.add(1, &first).unwrap().evicted, 0);
    let mut more = Emissions::default();
    more.emit(of, NodeId(100), 0.5).unwrap();
    more.emit(of, NodeId(0), 50.0).unwrap();
    assert_eq!(field.add(1, &more).unwrap().evicted, 3);
    let left: Vec<u128> = field.levels(of, 1).into_iter().map(|(concept, _)| concept.0).collect();
    assert_eq!(left, [0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    assert_eq!((field.len(1), field.level(of, NodeId(0), 1)), (14, 51 * ONE));
    let concepts: Vec<NodeId> = (3..16).map(NodeId).collect();
    field.forget(2, &concepts).unwrap();
    assert_eq!(field.types(2), [(of, 1)]);
}

#[test]
fn new_types_come_in_their_order_until_there_are_too_many_and_leave_with_their_marks() {
    let mut field = Field::new(Laws::new(&ColonyConfig::default()), MARKS_MAX).unwrap();
    let of = |number: usize| Type::new(Class::Signal, &format!("type {number:03}")).unwrap();
    let mut emissions = Emissions::default();
    (0..TYPES_MAX + 6).rev().for_each(|number| emissions.emit(&of(number), NodeId(1), 1.0).unwrap());
    assert_eq!(field.add(1, &emissions).unwrap().lost, 6);
    assert_eq!(field.types(1).len(), TYPES_MAX);
    assert_eq!(field.level(&of(TYPES_MAX), NodeId(1), 1), 0);
    // A signal of 1 is gone after 90 ticks.
    assert_eq!((field.len(90), field.len(91)), (TYPES_MAX as u64, 0));
    assert!(field.is_empty(91) && field.types(91).is_empty() && field.records(91).is_empty());
    let mut late = Emissions::default();
    late.emit(&of(TYPES_MAX), NodeId(1), 1.0).unwrap();
    assert_eq!(field.add(90, &late).unwrap().lost, 1);
    assert_eq!(field.add(91, &late).unwrap().lost, 0);
    assert_eq!(field.types(91), [(&of(TYPES_MAX), 1)]);
}

#[test]
fn bad_input_is_refused_and_changes_nothing() {
    let laws = Laws::new(&ColonyConfig::default());
    assert!(Field::new(laws.clone(), 0).is_err());
    let error = Type::new(Class::Trace, "").unwrap_err();
    assert_eq!(error.to_string(), "`trace` is ``; accepted is a name of 1 to 64 bytes");
    assert!(Type::new(Class::Signal, &"x".repeat(65)).is_err());
    let mut emissions = Emissions::default();
    assert!(emissions.emit(&types()[0], NodeId(1), f64::NAN).is_err());
    assert!(emissions.is_empty());
    emissions.emit(&types()[0], NodeId(2), 1.0).unwrap();
    emissions.emit(&types()[0], NodeId(1), 65_536.0).unwrap();
    emissions.emit(&types()[0], NodeId(1), 65_536.0).unwrap();
    assert_eq!(emissions.len(), 2);
    let bytes = postcard::to_allocvec(&emissions).unwrap();
    assert_eq!(postcard::from_bytes::<Emissions>(&bytes), Ok(emissions.clone()));
    let nothing = BTreeMap::from([(types()[0].clone(), BTreeMap::from([(NodeId(1), 0u64)]))]);
    assert!(postcard::from_bytes::<Emissions>(&postcard::to_allocvec(&nothing).unwrap()).is_err());
    let mut field = Field::new(laws.clone(), 9).unwrap();
    field.add(5, &emissions).unwrap();
    assert_eq!(field.level(&types()[0], NodeId(1), 5), AMOUNT_MAX);
    let records = field.records(5);
    let error = field.add(4, &emissions).unwrap_err();
    assert_eq!(error.to_string(), "barrier failed: the field stands at tick 5 and cannot change at tick 4");
    assert!(field.add(TICK_MAX + 1, &emissions).is_err());
    assert_eq!(field.records(5), records);
    let read = |records: &[_], tick| Field::read(laws.clone(), 9, tick, records);
    assert!(read(&records, 5).is_ok());
    assert!(read(&records, 4).is_err() && read(&records, 1000).is_err());
    assert!(Field::read(laws.clone(), 1, 5, &records).is_err());
    let mut turned = records;
    turned.reverse();
    assert_eq!(read(&turned, 5).unwrap_err().to_string(), "these bytes are no field: its marks are out of order");
}
