//! A colony in parts: each node hashes and stores what it holds, and the whole is the same for any number of nodes.

mod common;

use common::Chance;
use common::life::{config, happens};
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::colony::Colony;
use phago_core::dump::{self, Part, Scope};
use phago_core::replica::Replica;
use phago_core::ring::Ring;

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

fn part_of(replica: &Replica, scope: Scope) -> Part {
    let part = Part::of(replica, scope, &Cancel::new()).unwrap();
    postcard::from_bytes(&postcard::to_allocvec(&part).unwrap()).unwrap()
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
