//! The witness: how far the log is acknowledged, kept beside it. What the log lacks up to there is damage; what it holds beyond was
//! never acknowledged.
//!
//! Two slots, 4 KiB apart, each in one sector: prefix, uuid (16), slot (4), zeros (4), count of writes (8), generation (8), sequence (8),
//! offset (8), chain (16), hash of all before (16). The whole slot with the greater count holds. Until a slot is
//! synced it is the only one that is written, so that a torn write leaves the last synced one whole.

use super::files::{File, Files, Open, Refused};
use super::format::{FORMAT, Magic, Numbers, PAGE_BYTES, Prefix, Uuid, WITNESS, corruption, later};
use super::header::Point;
use phago_core::Result;
use std::time::Instant;
use xxhash_rust::xxh3::xxh3_128;

pub(super) const SLOTS: u32 = 2;
const BODY_BYTES: usize = 16 + 16 + 4 + 4 + 8 + 8 + 8 + 8 + 16;
const SLOT_BYTES: usize = BODY_BYTES + 16;

/// What a slot says.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Testimony {
    pub(super) uuid: Uuid,
    pub(super) count: u64,
    pub(super) generation: u64,
    pub(super) point: Point,
    /// Where in the log the record after that point begins.
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
        // A page that was moved to the place of the other.
        if found != slot {
            return Err(Prefix::Broken);
        }
        Ok(Testimony { uuid, count, generation, point: Point { sequence, chain }, offset })
    }
}

/// What one slot of a file holds; `None` where it is no whole slot.
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

/// Whether what lies between a slot and the next one is zeros, as it was made.
pub(super) fn is_blank_behind(files: &dyn Files, file: &dyn File, slot: u32) -> Result<bool> {
    let mut bytes = [0; PAGE_BYTES - SLOT_BYTES];
    let from = u64::from(slot) * PAGE_BYTES as u64 + SLOT_BYTES as u64;
    let read = file.read_full(from, &mut bytes).refused(files, WITNESS, "read")?;
    Ok(read == bytes.len() && bytes.iter().all(|byte| *byte == 0))
}

/// What the witness says, and the slot that says it. Whether both slots are whole is told too: one may be being written, or
/// may be torn; a writer reads the log to its end anyway, and a reader looks again.
pub(super) fn read(files: &dyn Files, file: &dyn File) -> Result<(Testimony, u32, bool)> {
    let slots = [(slot(files, file, 0)?, 0), (slot(files, file, 1)?, 1)];
    let both = slots.iter().all(|(found, _)| found.is_some());
    let whole = slots.into_iter().filter_map(|(found, slot)| Some((found?, slot)));
    let last = whole.max_by_key(|(found, _)| found.count).map(|(found, slot)| (found, slot, both));
    last.ok_or_else(|| corruption(files, WITNESS, "both slots", "neither is what was written"))
}

/// The witness as the one who writes it has it.
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
    /// Write a witness where there is none.
    pub(super) fn create(files: &dyn Files, first: Testimony) -> Result<Witness> {
        let file = files.open(WITNESS, Open::Create).refused(files, WITNESS, "make")?;
        file.set_len(u64::from(SLOTS) * PAGE_BYTES as u64).refused(files, WITNESS, "make")?;
        let mut witness = Witness::resume(file, first, 0);
        witness.advance(files, first.generation, first.point, first.offset)?;
        Ok(witness)
    }

    /// Go on from a witness that says this in this slot.
    pub(super) fn resume(file: Box<dyn File>, last: Testimony, slot: u32) -> Witness {
        Witness { file, last, slot, synced: true, synced_at: Instant::now() }
    }

    /// Write down how far the log is acknowledged. It stands against the end of the process at once, against a loss of
    /// power after [`Witness::sync`].
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

    /// Let both slots say the same, durably.
    pub(super) fn settle(&mut self, files: &dyn Files) -> Result<()> {
        let Testimony { generation, point, offset, .. } = self.last;
        self.advance(files, generation, point, offset)
    }

    /// Make durable what was written.
    pub(super) fn sync(&mut self, files: &dyn Files) -> Result<()> {
        if !self.synced {
            self.file.sync().refused(files, WITNESS, "sync")?;
            self.synced = true;
            self.synced_at = Instant::now();
        }
        Ok(())
    }

    /// Write both slots and sync each: from then on none of them says anything older.
    pub(super) fn advance(&mut self, files: &dyn Files, generation: u64, point: Point, offset: u64) -> Result<()> {
        for _ in 0..SLOTS {
            self.write(files, generation, point, offset)?;
            self.sync(files)?;
        }
        Ok(())
    }
}
