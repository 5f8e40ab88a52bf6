//! What the seats of one node send to those of another in one tick, as bytes.
//!
//! A list of concepts goes once to a node, however many of its seats have a concept of it. Terms have the same numbers
//! on all nodes, so lists are gaps of sorted numbers.

use super::message::{decode, encode};
use crate::ids::{ShardId, Tick};
use crate::message::{Batch, Lists, Share, Uses};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
struct Parcel {
    tick: Tick,
    attempt: u64,
    // The node that sends it.
    node: u32,
    senders: Vec<Sender>,
}

// What one seat sends.
#[derive(Serialize, Deserialize)]
struct Sender {
    from: u32,
    wired: Packed,
    unwired: Packed,
    to: Vec<Addressee>,
}

#[derive(Serialize, Deserialize)]
struct Addressee {
    to: u32,
    // Which of the lists; `None` for all of them.
    wired: Option<Vec<u32>>,
    unwired: Option<Vec<u32>>,
    uses: Uses,
}

// Lists of sorted numbers, as lengths and gaps, and the tick of each.
#[derive(Default, Serialize, Deserialize)]
struct Packed {
    lengths: Vec<u32>,
    gaps: Vec<u32>,
    // Runs of lists with the same tick: the tick and how many.
    ticks: Vec<(u32, u32)>,
}

/// Encodes batches that go from a node to another, ordered by sender.
pub(super) fn pack(tick: Tick, attempt: u64, node: usize, batches: &[Batch]) -> Vec<u8> {
    let senders = batches.chunk_by(|one, other| one.from == other.from).map(|of_one| {
        let (wired, wired_to) = union(of_one, |batch| &batch.wired);
        let (unwired, unwired_to) = union(of_one, |batch| &batch.unwired);
        let to = of_one.iter().zip(wired_to).zip(unwired_to).map(|((batch, wired), unwired)| {
            let uses = batch.uses.clone();
            Addressee { to: batch.to.0, wired, unwired, uses }
        });
        Sender { from: of_one[0].from.0, wired, unwired, to: to.collect() }
    });
    encode(&Parcel { tick, attempt, node: node as u32, senders: senders.collect() })
}

// Packs the lists that any of the batches has, and says for each batch which of them it has.
fn union(batches: &[Batch], share: impl Fn(&Batch) -> &Share) -> (Packed, Vec<Option<Vec<u32>>>) {
    let mut all: Vec<u32> = batches.iter().flat_map(|batch| share(batch).chosen.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    let chosen = batches.iter().map(|batch| {
        let own = &share(batch).chosen;
        let place = |list: &u32| all.binary_search(list).expect("it is one of all") as u32;
        (own.len() < all.len()).then(|| own.iter().map(place).collect())
    });
    let chosen = chosen.collect();
    let mut packed = Packed::default();
    let lists = &share(&batches[0]).lists;
    for &list in &all {
        let (terms, tick) = (lists.get(list), lists.tick(list));
        packed.lengths.push(terms.len() as u32);
        let mut last = 0;
        packed.gaps.extend(terms.iter().map(|&term| term - std::mem::replace(&mut last, term)));
        match packed.ticks.last_mut() {
            Some((known, run)) if *known == tick => *run += 1,
            _ => packed.ticks.push((tick, 1)),
        }
    }
    (packed, chosen)
}

/// Decodes the node and the batches of a parcel. `terms` is how many terms there are, `seats` says which shards they may be for.
///
/// # Errors
/// [`Error::Wire`] for bytes that no node packed; [`Error::BarrierFailed`] for another tick or attempt.
pub(super) fn unpack(
    bytes: &[u8],
    tick: Tick,
    attempt: u64,
    terms: u32,
    is_here: impl Fn(ShardId) -> bool,
) -> Result<(u32, Vec<Batch>)> {
    let parcel: Parcel = decode("parcel", bytes)?;
    if (parcel.tick, parcel.attempt) != (tick, attempt) {
        let (of, now) = ((parcel.tick, parcel.attempt), (tick, attempt));
        return Err(Error::BarrierFailed { reason: format!("a parcel of (tick, attempt) {of:?} came in {now:?}") });
    }
    let mut batches = Vec::new();
    for sender in parcel.senders {
        let (wired, unwired) = (sender.wired.open(terms)?, sender.unwired.open(terms)?);
        let (wired, unwired) = (Arc::new(wired), Arc::new(unwired));
        for Addressee { to, wired: of_wired, unwired: of_unwired, uses } in sender.to {
            let (from, to) = (ShardId(sender.from), ShardId(to));
            if !is_here(to) {
                return Err(broken("it is for a shard of another node"));
            }
            if uses.largest().is_some_and(|term| term >= terms) {
                return Err(broken("it has a term that nobody announced"));
            }
            let (wired, unwired) = (share(&wired, of_wired)?, share(&unwired, of_unwired)?);
            batches.push(Batch { tick, from, to, wired, unwired, uses });
        }
    }
    Ok((parcel.node, batches))
}

fn share(lists: &Arc<Lists>, chosen: Option<Vec<u32>>) -> Result<Share> {
    let chosen = chosen.unwrap_or_else(|| (0..lists.len() as u32).collect());
    if chosen.iter().any(|list| *list as usize >= lists.len()) {
        return Err(broken("it has fewer lists than it says"));
    }
    let packed = chosen.iter().map(|list| Lists::packed_bytes(lists.get(*list))).sum();
    Ok(Share { lists: lists.clone(), chosen, packed })
}

impl Packed {
    fn open(self, terms: u32) -> Result<Lists> {
        let mut lists = Lists::default();
        let mut ticks = self.ticks.into_iter().flat_map(|(tick, run)| std::iter::repeat_n(tick, run as usize));
        let mut rest = &self.gaps[..];
        for length in self.lengths {
            let Some((gaps, after)) = rest.split_at_checked(length as usize) else {
                return Err(broken("a list is cut off"));
            };
            rest = after;
            let mut last = 0u32;
            let list: Vec<u32> = gaps
                .iter()
                .map(|gap| {
                    last = last.saturating_add(*gap);
                    last
                })
                .collect();
            if !list.is_sorted_by(|one, other| one < other) || list.last().is_some_and(|last| *last >= terms) {
                return Err(broken("a list is out of order, or has a term that nobody announced"));
            }
            lists.push(&list, ticks.next().ok_or_else(|| broken("a list has no tick"))?);
        }
        if rest.is_empty() && ticks.next().is_none() { Ok(lists) } else { Err(broken("numbers belong to no list")) }
    }
}

fn broken(reason: &str) -> Error {
    Error::Wire { what: "parcel", reason: reason.into() }
}
