//! Bytes and texts of any kind, given to everything that decodes: an error or a value, and never a panic.
//!
//! The targets of `fuzz` are the same functions. Here each gets values that were encoded and then damaged, and bytes
//! out of nothing, from consecutive seeds.

mod campaign;
mod common;
#[allow(unreachable_pub, dead_code)]
#[path = "../../../fuzz/targets.rs"]
mod targets;

use campaign::{cause, only_seed, size, tell};
use common::Chance;
use std::panic::{AssertUnwindSafe, catch_unwind};

// Bytes that begin as what a target knows, and are then changed in a few places.
fn damaged(chance: &mut Chance, known: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = known[chance.below(known.len() as u64) as usize].clone();
    if chance.below(10) == 0 {
        bytes = (0..chance.below(400)).map(|_| chance.next() as u8).collect();
    }
    for _ in 0..chance.below(6) {
        let at = chance.below(bytes.len() as u64 + 1) as usize;
        let end = (at + 1 + chance.below(16) as usize).min(bytes.len());
        match chance.below(6) {
            0 | 1 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            2 if at < bytes.len() => bytes[at] = [0, 1, 127, 128, 255][chance.below(5) as usize],
            3 => drop(bytes.drain(at.min(end)..end)),
            4 => {
                let piece = bytes[at.min(end)..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

#[test]
fn whatever_is_decoded_nothing_panics() {
    let cases = size("decoded", 3000, 100_000);
    let mut lines = Vec::new();
    for (name, target, known) in targets::all() {
        let (mut accepted, mut refused) = (0, 0);
        for seed in only_seed().map_or(0..cases, |seed| seed..seed + 1) {
            let bytes = damaged(&mut Chance(seed), &known);
            match catch_unwind(AssertUnwindSafe(|| target(&bytes))) {
                Ok(true) => accepted += 1,
                Ok(false) => refused += 1,
                Err(panic) => panic!("{name}, PHAGO_SEED={seed}: {}", cause(panic)),
            }
        }
        for bytes in &known {
            assert!(target(bytes), "{name}: what was encoded is read");
        }
        lines.push(format!("{name}: {accepted} accepted, {refused} refused"));
    }
    tell(&format!("T10 decoded, panics: 0: {cases} each of {}", lines.join("; ")));
}
