//! The witness: a file beside the log that says up to where the log is acknowledged. If the log lacks a record before
//! that point, it is damaged; what it holds beyond was never acknowledged.
//!
//! Two slots, 4 KiB apart, each in one sector: prefix, uuid (16), slot (4), zeros (4), count of writes (8), generation
//! (8), sequence (8), offset (8), chain (16), hash of all before (16). Of the intact slots, the one with the greater
//! count is valid. Until a slot is synced, no write goes to the other one, so that a torn write leaves the last synced
//! slot intact.

use super::files::{File, Files, Open, Refused};
use super::format::{FORMAT, Magic, Numbers, PAGE_BYTES, Prefix, Uuid, WITNESS, corruption, later};
use super::header::Point;
use crate::sync::now;
use phago_core::Result;
use std::time::Instant;
use xxhash_rust::xxh3::xxh3_128;

pub(super) const SLOTS: u32 = 2;
// The count of a witness's first testimony.
const FIRST: u64 = 1;
const BODY_BYTES: usize = 16 + 16 + 4 + 4 + 8 + 8 + 8 + 8 + 16;
const SLOT_BYTES: usize = BODY_BYTES + 16;

/// What a slot says.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Testimony {
    pub(super) uuid: Uuid,
    pub(super) count: u64,
    pub(super) generation: u64,
    pub(super) point: Point,
    /// The offset in the log at which the next record begins.
    pub(super) offset: u64,
}

impl Testimony {
    fn encode(&self, slot: u32) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SLOT_BYTES);
        Magic::Witness.put(&mut bytes, FORMAT);
        bytes.extend_from_slice(&self.uuid.to_le_bytes());
        bytes.extend_from_slice(&slot.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.extend_from_slice(&self.generation.to_le_bytes());
        bytes.extend_from_slice(&self.point.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.offset.to_le_bytes());
        bytes.extend_from_slice(&self.point.chain.to_le_bytes());
        let check = xxh3_128(&bytes);
        bytes.extend_from_slice(&check.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8], slot: u32) -> Result<Testimony, Prefix> {
        Magic::Witness.check(bytes)?;
        let body = bytes.get(..BODY_BYTES).ok_or(Prefix::Broken)?;
        let check = bytes.get(BODY_BYTES..SLOT_BYTES).ok_or(Prefix::Broken)?;
        if Numbers(check).u128() != xxh3_128(body) {
            return Err(Prefix::Broken);
        }
        let mut numbers = Numbers(&body[16..]);
        let (uuid, found, _) = (numbers.u128(), numbers.u32(), numbers.u32());
        let (count, generation, sequence) = (numbers.u64(), numbers.u64(), numbers.u64());
        let (offset, chain) = (numbers.u64(), numbers.u128());
        // A page that was moved to the other slot's offset.
        if found != slot {
            return Err(Prefix::Broken);
        }
        Ok(Testimony { uuid, count, generation, point: Point { sequence, chain }, offset })
    }
}

/// Returns what one slot of a file holds, or `None` if it is not intact.
pub(super) fn slot(files: &dyn Files, file: &dyn File, slot: u32) -> Result<Option<Testimony>> {
    let mut bytes = [0; SLOT_BYTES];
    let from = u64::from(slot) * PAGE_BYTES as u64;
    let read = file.read_full(from, &mut bytes).refused(files, WITNESS, "read")?;
    match Testimony::decode(&bytes[..read], slot) {
        Ok(found) => Ok(Some(found)),
        Err(Prefix::Broken) => Ok(None),
        Err(Prefix::Later(found)) => Err(later(files, WITNESS, found)),
    }
}

/// Returns whether the bytes between a slot and the next one are zeros, as they were written.
pub(super) fn is_blank_behind(files: &dyn Files, file: &dyn File, slot: u32) -> Result<bool> {
    let mut bytes = [0; PAGE_BYTES - SLOT_BYTES];
    let from = u64::from(slot) * PAGE_BYTES as u64 + SLOT_BYTES as u64;
    let read = file.read_full(from, &mut bytes).refused(files, WITNESS, "read")?;
    Ok(read == bytes.len() && bytes.iter().all(|byte| *byte == 0))
}

/// Returns whether a slot was never written: its bytes are zeros, and the other slot holds the first testimony of all.
/// The making of the witness was then cut off between its two writes, which say the same.
pub(super) fn is_unwritten(files: &dyn Files, file: &dyn File, slot: u32, other: Option<Testimony>) -> Result<bool> {
    let mut bytes = [0; SLOT_BYTES];
    let from = u64::from(slot) * PAGE_BYTES as u64;
    let read = file.read_full(from, &mut bytes).refused(files, WITNESS, "read")?;
    let is_blank = read == bytes.len() && bytes.iter().all(|byte| *byte == 0);
    Ok(is_blank && other.is_some_and(|other| other.count == FIRST))
}

/// Returns what the witness says, the slot that says it, and whether that is the last that was written: both slots are
/// intact, or one was never written. A slot may be torn, or a writer may be writing it. A writer reads the log to its
/// end in any case, and a reader reads again.
pub(super) fn read(files: &dyn Files, file: &dyn File) -> Result<(Testimony, u32, bool)> {
    let (first, second) = (slot(files, file, 0)?, slot(files, file, 1)?);
    let is_last = match (first, second) {
        (Some(_), Some(_)) => true,
        (None, other) => is_unwritten(files, file, 0, other)?,
        (other, None) => is_unwritten(files, file, 1, other)?,
    };
    let whole = [(first, 0), (second, 1)].into_iter().filter_map(|(found, slot)| Some((found?, slot)));
    let last = whole.max_by_key(|(found, _)| found.count).map(|(found, slot)| (found, slot, is_last));
    last.ok_or_else(|| corruption(files, WITNESS, "both slots", "neither is what was written"))
}

/// The witness, open for writing.
#[derive(Debug)]
pub(super) struct Witness {
    file: Box<dyn File>,
    last: Testimony,
    slot: u32,
    synced: bool,
    /// When it was last synced.
    pub(super) synced_at: Instant,
}

impl Witness {
    /// Writes a new witness.
    pub(super) fn create(files: &dyn Files, first: Testimony) -> Result<Witness> {
        let file = files.open(WITNESS, Open::Create).refused(files, WITNESS, "make")?;
        file.set_len(u64::from(SLOTS) * PAGE_BYTES as u64).refused(files, WITNESS, "make")?;
        let mut witness = Witness::resume(file, Testimony { count: FIRST - 1, ..first }, 0);
        witness.advance(files, first.generation, first.point, first.offset)?;
        Ok(witness)
    }

    /// Continues a witness whose last testimony is in this slot.
    pub(super) fn resume(file: Box<dyn File>, last: Testimony, slot: u32) -> Witness {
        Witness { file, last, slot, synced: true, synced_at: now() }
    }

    /// Gives the file its length again, if it was cut or grew.
    pub(super) fn mend(&self, files: &dyn Files) -> Result<()> {
        let length = u64::from(SLOTS) * PAGE_BYTES as u64;
        if self.file.length().refused(files, WITNESS, "read")? != length {
            self.file.set_len(length).refused(files, WITNESS, "mend")?;
        }
        Ok(())
    }

    /// Writes up to where the log is acknowledged. This survives the end of the process at once, and a loss of power
    /// after [`Witness::sync`].
    pub(super) fn write(&mut self, files: &dyn Files, generation: u64, point: Point, offset: u64) -> Result<()> {
        if self.synced {
            self.slot = (self.slot + 1) % SLOTS;
        }
        self.synced = false;
        self.last = Testimony { count: self.last.count + 1, generation, point, offset, ..self.last };
        let bytes = self.last.encode(self.slot);
        let from = u64::from(self.slot) * PAGE_BYTES as u64;
        self.file.write_full(from, &bytes).refused(files, WITNESS, "write")
    }

    /// Makes both slots say the same, durably.
    pub(super) fn settle(&mut self, files: &dyn Files) -> Result<()> {
        let Testimony { generation, point, offset, .. } = self.last;
        self.advance(files, generation, point, offset)
    }

    /// Makes the last write durable.
    pub(super) fn sync(&mut self, files: &dyn Files) -> Result<()> {
        if !self.synced {
            self.file.sync().refused(files, WITNESS, "sync")?;
            self.synced = true;
            self.synced_at = now();
        }
        Ok(())
    }

    /// Writes both slots and syncs each: after that, neither says anything older.
    pub(super) fn advance(&mut self, files: &dyn Files, generation: u64, point: Point, offset: u64) -> Result<()> {
        for _ in 0..SLOTS {
            self.write(files, generation, point, offset)?;
            self.sync(files)?;
        }
        Ok(())
    }
}
