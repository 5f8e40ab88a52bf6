//! What a colony has beside its documents: kept, in the digest, and refused where no colony has it.

mod common;

use common::*;
use phago_core::Error;
use phago_core::checkpoint::{Section, Share, read};
use phago_core::colony::{Colony, Step};
use phago_core::config::ColonyConfig;
use phago_core::field::{Class, Emissions, Type};
use phago_core::ids::NodeId;
use phago_core::input::{Input, Outcome};
use phago_core::life::{self, Acted, Cells, Deed, KindActed, Spawn};
use phago_core::membership::{ClusterId, Member, Membership};
use phago_core::ring::Ring;
use proptest::prelude::*;

fn emissions(name: &str, concepts: &[u128], amount: f64) -> Emissions {
    let mut emissions = Emissions::default();
    let of = Type::new(Class::Signal, name).unwrap();
    concepts.iter().for_each(|&concept| emissions.emit(&of, NodeId(concept), amount).unwrap());
    emissions
}

fn membership(concepts: &[u128]) -> Membership {
    let member = |&concept: &u128| Member { concept: NodeId(concept), cluster: ClusterId(0), since: 0 };
    Membership::new(1, vec![(ClusterId(0), 0)], concepts.iter().map(member).collect()).unwrap()
}

fn spawn(kind: &str, count: u32) -> Spawn {
    let columns = vec![("home".into(), life::Type::Concept), ("load".into(), life::Type::Int)];
    let cells = vec![Cells::Concept((1..=u128::from(count)).collect()), Cells::Int((0..count.into()).collect())];
    Spawn { kind: kind.into(), columns, count, cells }
}

fn act(colony: &mut Colony, acted: Acted) -> phago_core::Result<()> {
    colony.tick_as(Some(acted), |_, steps| steps.into_iter().try_for_each(Step::take)).map(drop)
}

fn full(shards: u32) -> Colony {
    let mut colony = colony(&ColonyConfig::default(), shards);
    for (id, text) in documents(3, 20) {
        colony.ingest(Some(&id), "", &text).unwrap();
    }
    colony.tick().unwrap();
    for deed in [
        Deed::Emit(emissions("wanted", &[5, 3, 9], 2.0)),
        Deed::Survey(membership(&[1, 4]), 20),
        Deed::Spawn(spawn("ant", 4)),
        Deed::Spawn(spawn("bee", 2)),
        Deed::Pin("kept".into(), true),
    ] {
        assert_eq!(colony.apply(Input::Life(deed)).unwrap(), Outcome::Done);
    }
    let mut acted = Acted { sensed: 1, emissions: emissions("wanted", &[3], 1.0), ..Acted::default() };
    let chose = KindActed {
        changes: vec![(1, vec![0, 2], Some(Cells::Int(vec![-7, 70])))],
        deaths: vec![1],
        parents: vec![2, 2, 3],
        born: vec![Cells::Concept(vec![8, 0, 9]), Cells::Int(vec![1, 2, 3])],
        dissolved: vec![(1, vec![4, 9])],
    };
    acted.kinds.insert("ant".into(), chose);
    act(&mut colony, acted).unwrap();
    colony
}

#[test]
fn agents_act_with_their_tick_and_are_in_the_order_of_their_ids() {
    let colony = full(2);
    let life = colony.state().commons().life();
    let ants = life.population().kind("ant").unwrap();
    assert_eq!(ants.ids().len(), 6);
    assert!(ants.ids().is_sorted());
    assert_eq!(ants.ids().iter().map(|id| id.birth).collect::<Vec<_>>(), [1, 1, 1, 2, 2, 2]);
    let Cells::Int(loads) = &ants.cells()[1] else { panic!("of another type") };
    assert_eq!(loads[..3], [-7, 70, 3]);
    let mut born = loads[3..].to_vec();
    born.sort_unstable();
    assert_eq!(born, [1, 2, 3]);
    assert_eq!(life.population().len(), 8);
    assert_eq!(life.membership().cluster_of(NodeId(4)), Some(ClusterId(0)));
    let of = Type::new(Class::Signal, "wanted").unwrap();
    let levels: Vec<u128> = life.field().levels(&of, 2).into_iter().map(|(concept, _)| concept.0).collect();
    assert_eq!(levels, [3, 5, 9]);
}

#[test]
fn columns_bring_it_back_on_any_number_of_shards_and_each_part_shows_in_the_digest() {
    let colony = full(1);
    let sections = written(colony.state());
    for shards in [1, 2, 3, 7, 16] {
        assert_eq!(full(shards).digest(), colony.digest());
        let get = |section| Ok(sections[&section].clone());
        let state = read(ColonyConfig::default(), Ring::new(shards, 150), Share::Whole, get).unwrap();
        assert_eq!(Colony::of(state).digest(), colony.digest());
    }
    let before = colony.digest();
    for deed in [
        Deed::Emit(emissions("wanted", &[3], 1e-6)),
        Deed::Survey(membership(&[1]), 20),
        Deed::Survey(membership(&[1, 4]), 21),
        Deed::Spawn(spawn("ant", 1)),
        Deed::Dismiss("bee".into()),
        Deed::Pin("waiting".into(), true),
        Deed::Pin("kept".into(), false),
    ] {
        let mut other = full(3);
        other.apply(Input::Life(deed.clone())).unwrap();
        assert_ne!(other.digest(), before, "{deed:?}");
    }
    // Nothing beside documents leaves no trace.
    let mut other = full(2);
    for kind in ["ant", "bee"] {
        other.apply(Input::Life(Deed::Dismiss(kind.into()))).unwrap();
    }
    other.apply(Input::Life(Deed::Survey(Membership::default(), 0))).unwrap();
    other.apply(Input::Life(Deed::Pin("kept".into(), false))).unwrap();
    let mut plain = common::colony(&ColonyConfig::default(), 1);
    for (id, text) in documents(3, 20) {
        plain.ingest(Some(&id), "", &text).unwrap();
    }
    for _ in 0..150 {
        other.tick().unwrap();
    }
    for _ in 0..152 {
        plain.tick().unwrap();
    }
    assert_eq!(other.digest(), plain.digest());
}

#[test]
fn what_agents_cannot_do_is_refused_and_changes_nothing() {
    let mut colony = full(2);
    let before = colony.digest();
    let ints = |values: Vec<i64>| Some(Cells::Int(values));
    let wrong: Vec<KindActed> = vec![
        KindActed { changes: vec![(2, vec![0], ints(vec![1]))], ..KindActed::default() },
        KindActed { changes: vec![(1, vec![6], ints(vec![1]))], ..KindActed::default() },
        KindActed { changes: vec![(1, vec![1, 0], ints(vec![1, 2]))], ..KindActed::default() },
        KindActed { changes: vec![(1, vec![0, 0], ints(vec![1, 2]))], ..KindActed::default() },
        KindActed { changes: vec![(1, vec![0], ints(vec![1, 2]))], ..KindActed::default() },
        KindActed { changes: vec![(1, vec![0], Some(Cells::Real(vec![1.0])))], ..KindActed::default() },
        KindActed { changes: vec![(1, vec![0], None)], ..KindActed::default() },
        KindActed { deaths: vec![6], ..KindActed::default() },
        KindActed { deaths: vec![2, 2], ..KindActed::default() },
        KindActed { parents: vec![0], ..KindActed::default() },
        KindActed { parents: vec![0], born: vec![Cells::Concept(vec![1])], ..KindActed::default() },
        KindActed {
            parents: vec![9],
            born: vec![Cells::Concept(vec![1]), Cells::Int(vec![1])],
            ..KindActed::default()
        },
    ];
    for chose in wrong {
        let mut acted = Acted { sensed: 2, ..Acted::default() };
        acted.kinds.insert("ant".into(), chose.clone());
        assert!(matches!(act(&mut colony, acted), Err(Error::Config { .. })), "{chose:?}");
    }
    let mut unknown = Acted { sensed: 2, ..Acted::default() };
    unknown.kinds.insert("wasp".into(), KindActed::default());
    assert!(matches!(act(&mut colony, unknown), Err(Error::Config { .. })));
    let late = Acted { sensed: 1, emissions: emissions("wanted", &[1], 1.0), ..Acted::default() };
    assert!(matches!(act(&mut colony, late), Err(Error::BarrierFailed { .. })));
    for wrong in [
        Spawn { columns: vec![("load".into(), life::Type::Int)], cells: vec![Cells::Int(vec![1])], ..spawn("ant", 1) },
        Spawn { cells: vec![Cells::Concept(vec![1])], ..spawn("wasp", 1) },
        Spawn { kind: "".into(), ..spawn("wasp", 1) },
        Spawn { kind: "w".repeat(65).into(), ..spawn("wasp", 1) },
        Spawn { count: 3, ..spawn("wasp", 1) },
    ] {
        assert!(matches!(colony.apply(Input::Life(Deed::Spawn(wrong))), Err(Error::Config { .. })));
    }
    assert_eq!(colony.digest(), before);
}

#[test]
fn bytes_that_no_colony_wrote_are_an_error() {
    let colony = full(1);
    let good = written(colony.state());
    let refused = |state: Vec<u8>| {
        let mut sections = good.clone();
        sections.insert(Section::State, state);
        let get = |section| Ok(sections[&section].clone());
        read(ColonyConfig::default(), Ring::new(2, 150), Share::Whole, get).map(|state| Colony::of(state).digest())
    };
    let state = &good[&Section::State];
    // Any byte may be flipped and the section may end anywhere: that is an error, or a colony, and never a panic.
    for at in 0..state.len() {
        for flip in [1, 0x80] {
            let mut bytes = state.clone();
            bytes[at] ^= flip;
            let _ = refused(bytes);
        }
    }
    for end in 0..state.len() {
        assert!(refused(state[..end].to_vec()).is_err() || end < 40, "cut at {end}");
    }
    assert!(refused([&state[..], &[0]].concat()).is_err());
}

fn some_deed(seed: u64) -> Deed {
    let mut chance = Chance(seed);
    let concepts: Vec<u128> = (0..1 + chance.below(5)).map(|at| u128::from(at * 7 + chance.below(7))).collect();
    match chance.below(5) {
        0 => Deed::Survey(membership(&concepts), chance.below(100)),
        1 => Deed::Emit(emissions("wanted", &concepts, 0.5 + chance.below(9) as f64)),
        2 => Deed::Spawn(spawn("ant", chance.below(5) as u32)),
        3 => Deed::Pin(format!("w{}", chance.below(9)).into(), chance.below(2) == 0),
        _ => Deed::Dismiss("ant".into()),
    }
}

proptest! {
    #[test]
    fn deeds_and_acts_are_what_their_bytes_say(seed in any::<u64>(), cut in 0usize..200) {
        let input = Input::Life(some_deed(seed));
        let bytes = input.encode();
        prop_assert_eq!(Input::decode(&bytes), Ok(input));
        prop_assert!(Input::decode(&bytes[..cut.min(bytes.len() - 1)]).is_err());
        let mut acted = Acted { sensed: 3, emissions: emissions("wanted", &[seed.into()], 1.0), ..Acted::default() };
        acted.kinds.insert("ant".into(), KindActed { deaths: vec![1, 4], ..KindActed::default() });
        let lived = Input::Lived { tick: 4, attempt: 1, cut: 9, acted };
        prop_assert_eq!(Input::decode(&lived.encode()), Ok(lived));
    }
}
