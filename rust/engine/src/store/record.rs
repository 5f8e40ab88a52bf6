//! One record of the log: a head of 40 bytes, a payload, zeros up to the next multiple of 8.
//!
//! Head: payload's stored bytes (4), crc32c of the rest of the head (4), kind (1), codec (1), zeros (2), payload's
//! bytes when read (4), sequence (8), chain (16). The crc tells a head from what a torn write left; the chain is the
//! XXH3-128 of the chain before, the head without crc and chain, and the XXH3-128 of the stored payload. So if a record
//! is changed, left out or moved, the one after it does not match.

use super::format::{ALIGN_BYTES, Numbers};
use super::header::Point;
use phago_core::{Error, Result};
use std::cell::RefCell;
use std::io;
use xxhash_rust::xxh3::xxh3_128;
use zstd::bulk::{Compressor, Decompressor};

pub(super) const HEAD_BYTES: usize = 40;
/// The largest payload before compression, in bytes: it limits what a damaged length makes a reader allocate.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 30;
// Below this size, compression saves less than it costs.
const COMPRESSED_FROM_BYTES: usize = 256;
const LEVEL: i32 = 1;
// What compresses more is not kept: it takes a megabyte.
const KEPT_BYTES_MAX: usize = 1 << 15;

/// What a record holds. The store defines one kind; the others belong to its caller.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Kind(pub u8);

impl Kind {
    /// A run of idle ticks. The payload is their count, 8 bytes.
    pub const IDLE: Kind = Kind(1);
    /// The lowest kind that is not the store's.
    pub const FIRST_FREE: u8 = 16;
}

/// How bytes are stored.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Codec {
    Raw,
    Zstd,
}

impl Codec {
    pub(super) fn number(self) -> u8 {
        match self {
            Codec::Raw => 0,
            Codec::Zstd => 1,
        }
    }

    pub(super) fn parse(number: u8) -> Option<Codec> {
        match number {
            0 => Some(Codec::Raw),
            1 => Some(Codec::Zstd),
            _ => None,
        }
    }

    /// Returns the codec that gives fewer bytes, and the compressed bytes if that is compression.
    pub(super) fn choose(bytes: &[u8]) -> (Codec, Option<Vec<u8>>) {
        if bytes.len() < COMPRESSED_FROM_BYTES {
            return (Codec::Raw, None);
        }
        match compress(bytes) {
            Ok(short) if short.len() < bytes.len() => (Codec::Zstd, Some(short)),
            _ => (Codec::Raw, None),
        }
    }

    /// Returns compressed bytes. Those of several runs of bytes, one behind the other, are those of all the runs.
    pub(super) fn zstd(bytes: &[u8]) -> io::Result<Vec<u8>> {
        compress(bytes)
    }

    /// Returns the decompressed bytes. Refuses them if their number is not `bytes`.
    pub(super) fn decode(self, stored: Vec<u8>, bytes: usize) -> Result<Vec<u8>, String> {
        let read = match self {
            Codec::Raw => stored,
            Codec::Zstd => {
                // How many they are is stated, and may be more than there is room for.
                let mut read = Vec::new();
                read.try_reserve_exact(bytes).map_err(|cause| cause.to_string())?;
                let done = Decompressor::new().and_then(|mut zstd| zstd.decompress_to_buffer(&stored, &mut read));
                done.map_err(|cause| cause.to_string())?;
                read
            }
        };
        if read.len() == bytes { Ok(read) } else { Err(format!("gives {} bytes, not {bytes}", read.len())) }
    }
}

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

// Making a compressor takes longer than compressing a short text, so each thread keeps one, of the size that short texts
// need.
fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let at_once = || zstd::bulk::compress(bytes, LEVEL);
    if bytes.len() > KEPT_BYTES_MAX {
        return at_once();
    }
    let kept = COMPRESSOR.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        match &mut *kept {
            Some(compressor) => compressor.compress(bytes),
            none => none.insert(Compressor::new(LEVEL)?).compress(bytes),
        }
    });
    // A thread that ends has none any more.
    kept.unwrap_or_else(|_| at_once())
}

/// A record, as it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// What it holds.
    pub kind: Kind,
    /// Its number; one more than that of the record before.
    pub sequence: u64,
    /// Its payload, decompressed.
    pub payload: Vec<u8>,
}

/// A record that is ready to be appended: compressed and hashed outside of any lock.
#[derive(Clone, Debug)]
pub struct Prepared {
    kind: Kind,
    codec: Codec,
    /// The payload's bytes before compression.
    bytes: u32,
    stored: Vec<u8>,
    hash: u128,
}

impl Prepared {
    /// Compresses and hashes a payload.
    pub fn new(kind: Kind, payload: Vec<u8>) -> Result<Prepared> {
        assert!(kind.0 >= Kind::FIRST_FREE, "{kind:?} is the store's own");
        Prepared::any(kind, payload)
    }

    /// Returns the record of a run of idle ticks.
    pub(super) fn idle(count: u64) -> Prepared {
        Prepared::any(Kind::IDLE, count.to_le_bytes().to_vec()).expect("a number is short")
    }

    fn any(kind: Kind, payload: Vec<u8>) -> Result<Prepared> {
        if payload.len() > PAYLOAD_BYTES_MAX {
            let (limit, value) = (PAYLOAD_BYTES_MAX as u64, payload.len() as u64);
            return Err(Error::Limit { what: "bytes of one record".to_owned(), limit, value });
        }
        let bytes = payload.len() as u32;
        let (codec, short) = Codec::choose(&payload);
        let stored = short.unwrap_or(payload);
        let hash = xxh3_128(&stored);
        Ok(Prepared { kind, codec, bytes, stored, hash })
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Writes the record that follows a point, and returns the point after it.
    pub(super) fn put(&self, after: Point, into: &mut Vec<u8>) -> Point {
        let head = Head {
            kind: self.kind,
            codec: self.codec,
            stored: self.stored.len() as u32,
            bytes: self.bytes,
            sequence: after.sequence + 1,
        };
        let chain = head.chain(after.chain, self.hash);
        let from = into.len();
        into.extend_from_slice(&head.fields()[..4]);
        into.extend_from_slice(&[0; 4]);
        into.extend_from_slice(&head.fields()[4..]);
        into.extend_from_slice(&chain.to_le_bytes());
        let check = check(&into[from..]);
        into[from + 4..from + 8].copy_from_slice(&check.to_le_bytes());
        into.extend_from_slice(&self.stored);
        into.resize(from + (into.len() - from).next_multiple_of(ALIGN_BYTES), 0);
        Point { sequence: head.sequence, chain }
    }
}

fn check(head: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&head[..4]), &head[8..HEAD_BYTES])
}

/// The head of a record.
#[derive(Copy, Clone, Debug)]
pub(super) struct Head {
    kind: Kind,
    codec: Codec,
    stored: u32,
    bytes: u32,
    pub(super) sequence: u64,
}

impl Head {
    fn fields(&self) -> [u8; 20] {
        let mut fields = [0; 20];
        fields[..4].copy_from_slice(&self.stored.to_le_bytes());
        fields[4] = self.kind.0;
        fields[5] = self.codec.number();
        fields[8..12].copy_from_slice(&self.bytes.to_le_bytes());
        fields[12..].copy_from_slice(&self.sequence.to_le_bytes());
        fields
    }

    fn chain(&self, before: u128, payload: u128) -> u128 {
        let mut all = [0; 52];
        all[..16].copy_from_slice(&before.to_le_bytes());
        all[16..36].copy_from_slice(&self.fields());
        all[36..].copy_from_slice(&payload.to_le_bytes());
        xxh3_128(&all)
    }

    /// Decodes a head. Returns it and the chain that it claims.
    pub(super) fn decode(bytes: &[u8; HEAD_BYTES]) -> Result<(Head, u128), &'static str> {
        let mut numbers = Numbers(bytes);
        let (stored, crc) = (numbers.u32(), numbers.u32());
        let [kind, codec, zero, zero_too] = numbers.bytes();
        let (bytes_when_read, sequence, chain) = (numbers.u32(), numbers.u64(), numbers.u128());
        if crc != check(bytes) {
            return Err("the checksum of its head does not fit");
        }
        let codec = Codec::parse(codec).filter(|_| zero == 0 && zero_too == 0).ok_or("its codec is unknown")?;
        if stored as usize > PAYLOAD_BYTES_MAX || bytes_when_read as usize > PAYLOAD_BYTES_MAX {
            return Err("it is longer than a record can be");
        }
        Ok((Head { kind: Kind(kind), codec, stored, bytes: bytes_when_read, sequence }, chain))
    }

    /// Returns how many bytes follow the head: payload and zeros.
    pub(super) fn rest_bytes(&self) -> usize {
        (self.stored as usize).next_multiple_of(ALIGN_BYTES)
    }

    /// Checks that a record follows a point and has the chain that it claims. Returns the record and the point after
    /// it.
    pub(super) fn finish(
        &self,
        after: Point,
        claimed: u128,
        rest: &[u8],
        checked: bool,
    ) -> Result<(Record, Point), String> {
        let (stored, zeros) = rest.split_at(self.stored as usize);
        if self.sequence != after.sequence + 1 {
            return Err(format!("has number {}, after {}", self.sequence, after.sequence));
        }
        if checked && self.chain(after.chain, xxh3_128(stored)) != claimed {
            return Err("the hash over it and all before does not fit".to_owned());
        }
        if zeros.iter().any(|byte| *byte != 0) {
            return Err("is not filled up with zeros".to_owned());
        }
        let payload = self.codec.decode(stored.to_vec(), self.bytes as usize)?;
        let record = Record { kind: self.kind, sequence: self.sequence, payload };
        Ok((record, Point { sequence: self.sequence, chain: claimed }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compressor_that_is_kept_gives_the_bytes_of_a_new_one() {
        let words: Vec<String> = (0..9_000u32).map(|word| format!("{:x}", word.wrapping_mul(0x9e37_79b9))).collect();
        let text = words.join(" ");
        for bytes in [300, 20_000, 257, KEPT_BYTES_MAX, 1_000, KEPT_BYTES_MAX + 1, 300] {
            let part = &text.as_bytes()[..bytes];
            assert_eq!(compress(part).unwrap(), zstd::bulk::compress(part, LEVEL).unwrap(), "{bytes}");
        }
    }
}
