//! What all files of a colony have in common: names, the prefix that says what a file is, numbers in little-endian.
//!
//! | file | what it holds |
//! |---|---|
//! | `LOCK` | the writer's process and when it took the lock, for messages; only the kernel's lock on the file counts |
//! | `witness` | up to where the log is acknowledged ([`super::witness`]) |
//! | `log-<generation>` | a header, then records ([`super::record`]) |
//! | `checkpoint-<generation>` | a header, then sections ([`super::checkpoint`]) |
//!
//! The first 16 bytes of each file but LOCK stay the same in every later format: magic, format, crc32c of both. So a
//! reader can tell a later format from damage. All other checks are XXH3 with 128 bits.

use super::files::{Files, path_of};
use phago_core::{Error, Result};

/// The format that is written, and the latest that can be read.
pub const FORMAT: u32 = 1;
pub(super) const LOCK: &str = "LOCK";
pub(super) const WITNESS: &str = "witness";
/// The size of a header, and the distance between the witness's slots, in bytes.
pub(super) const PAGE_BYTES: usize = 4096;
pub(super) const PREFIX_BYTES: usize = 16;
/// Everything after a header begins at a multiple of this.
pub(super) const ALIGN_BYTES: usize = 8;

/// What a file is.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Magic {
    Log,
    Checkpoint,
    Witness,
}

impl Magic {
    fn bytes(self) -> &'static [u8; 8] {
        match self {
            Magic::Log => b"phagolog",
            Magic::Checkpoint => b"phagoche",
            Magic::Witness => b"phagowit",
        }
    }

    /// Writes the prefix of a file.
    pub(super) fn put(self, into: &mut Vec<u8>, format: u32) {
        let from = into.len();
        into.extend_from_slice(self.bytes());
        into.extend_from_slice(&format.to_le_bytes());
        let check = crc32c::crc32c(&into[from..]);
        into.extend_from_slice(&check.to_le_bytes());
    }

    /// Returns whether a file that begins with these bytes may be one whose writing was cut off: they are those of the
    /// prefix, as far as they are not zeros.
    pub(super) fn is_begun(self, bytes: &[u8]) -> bool {
        let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        bytes[..written].iter().zip(self.bytes()).all(|(byte, ours)| byte == ours)
    }

    /// Checks the prefix of a file.
    pub(super) fn check(self, bytes: &[u8]) -> Result<(), Prefix> {
        let Some(prefix) = bytes.get(..PREFIX_BYTES) else { return Err(Prefix::Broken) };
        let mut numbers = Numbers(&prefix[8..]);
        let (format, check) = (numbers.u32(), numbers.u32());
        if &prefix[..8] != self.bytes() || crc32c::crc32c(&prefix[..12]) != check || format == 0 {
            return Err(Prefix::Broken);
        }
        if format > FORMAT { Err(Prefix::Later(format)) } else { Ok(()) }
    }
}

/// Why a prefix is refused.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Prefix {
    Broken,
    Later(u32),
}

/// Reads numbers one after the other. The caller ensures that there are enough bytes.
pub(super) struct Numbers<'a>(pub(super) &'a [u8]);

impl<'a> Numbers<'a> {
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.0.split_first_chunk::<N>().expect("the length was checked");
        self.0 = rest;
        *taken
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.bytes())
    }

    pub(super) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    pub(super) fn u128(&mut self) -> u128 {
        u128::from_le_bytes(self.bytes())
    }
}

/// The identity of a colony on disk: 128 random bits, chosen when it is made.
pub type Uuid = u128;

pub(super) fn log_name(generation: u64) -> String {
    format!("log-{generation}")
}

pub(super) fn checkpoint_name(generation: u64) -> String {
    format!("checkpoint-{generation}")
}

/// Returns the generation in a file's name, if it is a name of ours that has one.
pub(super) fn generation_of(name: &str) -> Option<u64> {
    let number = name.strip_prefix("log-").or_else(|| name.strip_prefix("checkpoint-"))?;
    // Accepted only as it is written: no sign, no leading zeros.
    number.parse().ok().filter(|parsed: &u64| parsed.to_string() == number)
}

/// Returns the next multiple of [`ALIGN_BYTES`].
pub(super) fn aligned(bytes: u64) -> u64 {
    bytes.next_multiple_of(ALIGN_BYTES as u64)
}

pub(super) fn corruption(files: &dyn Files, name: &str, place: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::Corruption { path: path_of(files, name), place: place.into(), reason: reason.into() }
}

pub(super) fn later(files: &dyn Files, name: &str, found: u32) -> Error {
    Error::Version { path: path_of(files, name), found, supported: FORMAT }
}
