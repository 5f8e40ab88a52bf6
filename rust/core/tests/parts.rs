//! A colony in parts: each node hashes and stores what it holds, and the whole is the same for any number of nodes.

mod common;

use common::life::{config, happens};
use common::{Chance, Sections, written};
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::checkpoint::{Piece, Pieces, Section, Share, WordsInUse, as_it_is, common, join, read};
use phago_core::colony::Colony;
use phago_core::dump::{self, Part, Scope};
use phago_core::replica::Replica;
use phago_core::ring::Ring;
use std::collections::BTreeMap;

const SHARDS: u32 = 16;
const NODES: [usize; 6] = [1, 2, 3, 4, 8, 16];

/// Calls `look` with a colony in some moments of its life.
fn live(seed: u64, mut look: impl FnMut(&mut Chance, &Colony)) {
    let mut chance = Chance(seed);
    let (mut colony, mut next) = (Colony::new(config(), Ring::new(SHARDS, 150)).unwrap(), 0);
    for step in 0..120 {
        match happens(&mut chance, &colony, &mut next) {
            Some(input) => drop(colony.apply(input)),
            None => drop(colony.tick().unwrap()),
        }
        if step % 15 == 14 {
            look(&mut chance, &colony);
        }
    }
}

/// The seats of each node; a node may have none.
fn spread(chance: &mut Chance, nodes: usize) -> Vec<Vec<usize>> {
    let mut seats = vec![Vec::new(); nodes];
    for seat in 0..SHARDS as usize {
        seats[chance.below(nodes as u64) as usize].push(seat);
    }
    seats
}

/// What a message brings to another process.
fn sent<T: serde::Serialize + serde::de::DeserializeOwned>(message: &T) -> T {
    postcard::from_bytes(&postcard::to_allocvec(message).unwrap()).unwrap()
}

fn part_of(replica: &Replica, scope: Scope) -> Part {
    sent(&Part::of(replica, scope, &Cancel::new()).unwrap())
}

/// Merges parts two by two, in any order, until one is left.
fn merged(chance: &mut Chance, mut parts: Vec<Part>) -> Part {
    while parts.len() > 1 {
        chance.shuffle(&mut parts);
        let part = parts.pop().unwrap();
        parts.last_mut().unwrap().merge(&part).unwrap();
    }
    parts.pop().unwrap()
}

#[test]
fn the_parts_of_nodes_make_the_digest_of_the_whole() {
    let (mut digests, mut refused) = (0, 0);
    for seed in 0..6 {
        live(seed, |chance, colony| {
            let (whole, driver) = (colony.state(), colony.state().part(&[]));
            for nodes in NODES {
                let seats = spread(chance, nodes);
                for (scope, digest) in [(Scope::Whole, colony.digest()), (Scope::Evidence, colony.evidence_digest())] {
                    let parts: Vec<Part> = seats.iter().map(|own| part_of(&whole.part(own), scope)).collect();
                    assert_eq!(merged(chance, parts.clone()).digest(driver.commons()).unwrap(), digest);
                    digests += 1;
                    // A node whose answer is missing, or counted twice.
                    let some = parts.iter().position(|part| *part != part_of(&driver, scope)).unwrap();
                    let mut fewer = parts.clone();
                    fewer[some] = part_of(&driver, scope);
                    let mut more = parts.clone();
                    more.push(parts[some].clone());
                    for wrong in [fewer, more] {
                        let said = merged(chance, wrong).digest(driver.commons());
                        assert!(matches!(said, Err(Error::Wire { what: "digest", .. })), "{said:?}");
                        refused += 1;
                    }
                }
            }
        });
    }
    println!("digests from parts: {digests}; refused: {refused}");
    assert!(digests > 500 && refused > 1000);
}

#[test]
fn a_part_is_no_digest_of_the_whole_and_parts_of_two_digests_do_not_mix() {
    live(7, |_, colony| {
        let part = colony.state().part(&[0, 3]);
        assert!(matches!(dump::digest(&part, &Cancel::new()), Err(Error::Wire { what: "digest", .. })));
        let (mut whole, evidence) = (part_of(&part, Scope::Whole), part_of(&part, Scope::Evidence));
        let before = whole.clone();
        assert!(matches!(whole.merge(&evidence), Err(Error::Wire { what: "digest", .. })));
        assert_eq!(whole, before);
    });
}

fn again(sections: &Sections, shards: u32, share: Share<'_>) -> Replica {
    read(config(), Ring::new(shards, 150), share, |section| Ok(sections[&section].clone())).unwrap()
}

/// Writes the colony of a driver and some nodes, in two rounds.
fn joined(driver: &Replica, nodes: &[Replica]) -> Result<Sections, Error> {
    let mut words = WordsInUse::default();
    nodes.iter().for_each(|node| words.merge(sent(&WordsInUse::of(node))));
    let mut pieces: BTreeMap<(Section, usize), Piece> = BTreeMap::new();
    for node in nodes {
        let made = Pieces::new(node, &sent(&words.gone))?;
        for (section, &seat) in Section::OF_SEATS.iter().flat_map(|&one| node.own().iter().map(move |seat| (one, seat)))
        {
            pieces.insert((section, seat), sent(&made.of(section, seat)?));
        }
    }
    let mut sections: Sections = common(driver, &words)?.into_iter().collect();
    let (seats, documents) = (driver.commons().seat_count(), driver.commons().documents());
    for section in Section::OF_SEATS {
        let pieces = (0..seats).map(|seat| pieces.remove(&(section, seat)).unwrap_or_default()).collect();
        sections.insert(section, join(section, pieces, documents, as_it_is)?.0);
    }
    Ok(sections)
}

#[test]
fn what_nodes_write_is_what_one_process_writes() {
    let (mut colonies, mut with_gone) = (0, 0);
    for seed in 10..16 {
        live(seed, |chance, colony| {
            let (whole, driver) = (colony.state(), colony.state().part(&[]));
            let sections = written(whole);
            for count in NODES {
                let nodes: Vec<Replica> = spread(chance, count).iter().map(|own| whole.part(own)).collect();
                assert_eq!(joined(&driver, &nodes).unwrap(), sections);
                with_gone += usize::from(nodes.iter().any(|node| !WordsInUse::of(node).gone.is_empty()));
                colonies += 1;
            }
            assert_eq!(again(&sections, 3, Share::Whole).tick(), colony.state().tick());
            let digest = dump::digest(&again(&sections, 3, Share::Whole), &Cancel::new()).unwrap();
            assert_eq!(digest, colony.digest());
        });
    }
    println!("joined: {colonies}, of which with words that only deleted documents have: {with_gone}");
    assert!(colonies > 250 && with_gone > 10);
}

#[test]
fn what_is_restored_in_shares_is_the_colony_in_parts() {
    let (mut shares, mut with_unwiring) = (0, 0);
    for seed in 20..24 {
        live(seed, |chance, colony| {
            let sections = written(colony.state());
            for count in NODES {
                let shards = [1, 5, 16][chance.below(3) as usize];
                let whole = again(&sections, shards, Share::Whole);
                let driver = again(&sections, shards, Share::Driver);
                let seats: Vec<Vec<usize>> = spread(chance, count);
                let seats =
                    seats.into_iter().map(|own| own.into_iter().filter(|&seat| seat < shards as usize).collect());
                let seats: Vec<Vec<usize>> = seats.collect();
                let nodes: Vec<Replica> = seats.iter().map(|own| again(&sections, shards, Share::Node(own))).collect();
                for (node, own) in nodes.iter().zip(&seats) {
                    same_numbers(node, &whole);
                    assert_eq!(node.own(), own);
                    let commons = node.commons();
                    assert_eq!((commons.pending(), commons.digested(), commons.unwiring()), (0, 0, 0));
                    assert_eq!((commons.reinforcing(), commons.now(), node.is_quiet()), (0, None, true));
                    for scope in [Scope::Whole, Scope::Evidence] {
                        assert_eq!(part_of(node, scope), part_of(&whole.part(own), scope));
                    }
                    shares += 1;
                }
                same_numbers(&driver, &whole);
                assert_eq!(driver.own(), [0; 0]);
                let told = |replica: &Replica| {
                    let (commons, plan) = (replica.commons(), format!("{:?}", replica.plan().unwrap()));
                    let counts = [commons.pending(), commons.digested(), commons.unwiring(), commons.reinforcing()];
                    (counts, commons.now(), replica.is_quiet(), replica.exchanged(), plan)
                };
                assert_eq!(told(&driver), told(&whole));
                with_unwiring += usize::from(driver.commons().unwiring() > 0);
                let parts = nodes.iter().map(|node| part_of(node, Scope::Whole)).collect();
                assert_eq!(merged(chance, parts).digest(driver.commons()).unwrap(), colony.digest());
                // What they write is the colony, too.
                assert_eq!(joined(&driver, &nodes).unwrap(), written(&whole));
            }
        });
    }
    println!("shares restored: {shares}; colonies in which documents wait to be unwired: {with_unwiring}");
    assert!(shares > 1000 && with_unwiring > 10);
}

/// Every share has the numbers that nodes have in common, and labels of the terms that live there.
fn same_numbers(share: &Replica, whole: &Replica) {
    let (some, all) = (share.commons(), whole.commons());
    assert_eq!((some.tick(), some.documents(), some.terms()), (all.tick(), all.documents(), all.terms()));
    assert_eq!(some.mean_length(), all.mean_length());
    for term in 0..all.terms() as u32 {
        assert_eq!((some.id(term), some.df(term), some.home(term)), (all.id(term), all.df(term), all.home(term)));
        let is_own = share.own().contains(&all.seat(all.home(term).shard));
        assert_eq!(some.label(term), if is_own { all.label(term) } else { all.lexicon().stem(term) });
    }
}

#[test]
fn pieces_that_are_missing_or_belong_elsewhere_are_refused() {
    let mut refused = 0;
    live(30, |_, colony| {
        let (whole, driver) = (colony.state(), colony.state().part(&[]));
        let seats: Vec<usize> = (0..SHARDS as usize).collect();
        let occupied = seats.iter().find(|&&seat| whole.shards()[seat].documents().all().next().is_some());
        let rest: Vec<usize> = seats.iter().copied().filter(|seat| Some(seat) != occupied).collect();
        let said = joined(&driver, &[whole.part(&rest)]);
        assert!(matches!(said, Err(Error::Wire { what: "checkpoint", .. })), "{said:?}");
        let node = whole.part(&[2]);
        let beyond = whole.commons().terms() as u32;
        assert!(matches!(Pieces::new(&node, &[beyond]), Err(Error::Wire { what: "checkpoint", .. })));
        let pieces = Pieces::new(&node, &[]).unwrap();
        for (section, seat) in [(Section::Words, 2), (Section::State, 2), (Section::Bodies, 3), (Section::Graph, 16)] {
            assert!(matches!(pieces.of(section, seat), Err(Error::Wire { what: "checkpoint", .. })));
        }
        refused += 1;
    });
    assert!(refused > 5);
}

/// What the analyser found in each document. Titles and the order of words follow from the text and are in no digest.
fn terms(replica: &Replica) -> BTreeMap<u128, Vec<(u128, u32)>> {
    let id = |term: u32| replica.commons().id(term);
    let documents = replica.shards().iter().flat_map(|shard| shard.documents().all());
    documents.map(|one| (one.id.0, one.terms.iter().map(|(term, count)| (id(term), count)).collect())).collect()
}

#[test]
fn no_bit_of_what_is_kept_changes_without_the_digest() {
    let (mut changed, mut equal, mut refused, mut moment) = (0, 0, 0, 0);
    live(41, |chance, colony| {
        moment += 1;
        if moment % 3 != 0 {
            return;
        }
        let sections = written(colony.state());
        for (section, bytes) in &sections {
            for _ in 0..40 {
                let (at, bit) = (chance.below(bytes.len() as u64) as usize, chance.below(8));
                let mut damaged = sections.clone();
                damaged.get_mut(section).unwrap()[at] ^= 1 << bit;
                let get = |section| Ok(damaged[&section].clone());
                let Ok(replica) = read(config(), Ring::new(2, 150), Share::Whole, get) else {
                    refused += 1;
                    continue;
                };
                if dump::digest(&replica, &Cancel::new()).unwrap() != colony.digest() {
                    changed += 1;
                    continue;
                }
                // How many bytes travelled so far is no part of what a colony knows.
                let is_traffic = replica.exchanged() != colony.state().exchanged();
                let is_derived = *section == Section::Analyses && terms(&replica) == terms(colony.state());
                assert!(is_traffic || is_derived, "bit {bit} of byte {at} of {section:?}");
                equal += 1;
            }
        }
    });
    println!("other digests: {changed}; equal ones of what no digest has: {equal}; refused: {refused}");
    assert!(changed > 150 && equal > 10);
}
