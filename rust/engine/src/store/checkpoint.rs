//! A checkpoint: the state of a colony at one point of its history, as sections of bytes that the store does not
//! interpret.
//!
//! A header, sections one after the other, each filled up with zeros to a multiple of 8, and a footer: for each section
//! number (4), codec (4), offset (8), stored bytes (8), bytes when read (8), hash of what is stored (16); then the
//! count of sections (8) and the hash of header and footer (16). The log names that last hash, so no other checkpoint
//! can be taken for this one.

use super::files::{File, Files, Open, Refused};
use super::format::{ALIGN_BYTES, Magic, Numbers, PAGE_BYTES, aligned, checkpoint_name, corruption};
use super::header::{Header, Named};
use super::record::Codec;
use phago_core::{Error, Result};
use std::sync::Arc;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

const ENTRY_BYTES: usize = 4 + 4 + 8 + 8 + 8 + 16;
const END_BYTES: usize = 8 + 16;

/// The number of a section.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct SectionId(pub u32);

#[derive(Copy, Clone, Debug)]
struct Entry {
    id: SectionId,
    codec: Codec,
    offset: u64,
    stored: u64,
    bytes: u64,
    hash: u128,
}

/// A checkpoint that is being written. Each section is compressed and written when it is added.
#[derive(Debug)]
pub struct Sections<'a> {
    files: &'a dyn Files,
    name: String,
    file: Box<dyn File>,
    header: Vec<u8>,
    entries: Vec<Entry>,
    offset: u64,
}

impl<'a> Sections<'a> {
    pub(super) fn create(files: &'a dyn Files, header: &Header) -> Result<Self> {
        let name = checkpoint_name(header.generation);
        let page = header.encode(Magic::Checkpoint)?;
        let file = files.open(&name, Open::Create).refused(files, &name, "make")?;
        file.write_full(0, &page).refused(files, &name, "write")?;
        Ok(Sections { files, name, file, header: page, entries: Vec::new(), offset: PAGE_BYTES as u64 })
    }

    /// Writes a section. Its number must be new.
    pub fn add(&mut self, id: SectionId, bytes: &[u8]) -> Result<()> {
        let (codec, short) = Codec::choose(bytes);
        self.put(id, codec, short.as_deref().unwrap_or(bytes), bytes.len() as u64)
    }

    /// Writes a section of so many bytes that is in parts which [`packed`] returned, one behind the other.
    pub fn add_packed(&mut self, id: SectionId, parts: &[u8], bytes: u64) -> Result<()> {
        self.put(id, Codec::Zstd, parts, bytes)
    }

    fn put(&mut self, id: SectionId, codec: Codec, stored: &[u8], bytes: u64) -> Result<()> {
        assert!(self.entries.iter().all(|entry| entry.id != id), "{id:?} is written twice");
        self.file.write_full(self.offset, stored).refused(self.files, &self.name, "write")?;
        let hash = xxh3_128(stored);
        let (offset, stored) = (self.offset, stored.len() as u64);
        self.entries.push(Entry { id, codec, offset, stored, bytes, hash });
        self.offset = aligned(offset + stored);
        Ok(())
    }

    /// Writes the footer and syncs the file.
    pub(super) fn finish(self) -> Result<Named> {
        let mut footer = Vec::with_capacity(self.entries.len() * ENTRY_BYTES + END_BYTES);
        for entry in &self.entries {
            footer.extend_from_slice(&entry.id.0.to_le_bytes());
            footer.extend_from_slice(&u32::from(entry.codec.number()).to_le_bytes());
            footer.extend_from_slice(&entry.offset.to_le_bytes());
            footer.extend_from_slice(&entry.stored.to_le_bytes());
            footer.extend_from_slice(&entry.bytes.to_le_bytes());
            footer.extend_from_slice(&entry.hash.to_le_bytes());
        }
        footer.extend_from_slice(&(self.entries.len() as u64).to_le_bytes());
        let hash = hash_of(&self.header, &footer);
        footer.extend_from_slice(&hash.to_le_bytes());
        self.file.write_full(self.offset, &footer).refused(self.files, &self.name, "write")?;
        self.file.sync().refused(self.files, &self.name, "sync")?;
        Ok(Named { bytes: self.offset + footer.len() as u64, hash })
    }
}

/// Returns part of a section as it is stored.
///
/// # Errors
/// [`Error::Storage`] if there is no memory for it.
pub fn packed(bytes: &[u8]) -> Result<Vec<u8>> {
    let (path, attempted) = ("a section".to_owned(), "compress".to_owned());
    Codec::zstd(bytes).map_err(|cause| Error::Storage { path, attempted, cause: cause.to_string() })
}

fn hash_of(header: &[u8], footer: &[u8]) -> u128 {
    let mut hash = Xxh3Default::new();
    hash.update(header);
    hash.update(footer);
    hash.digest128()
}

/// A checkpoint that can be read. Header and footer are checked when it is opened, each section when it is read.
#[derive(Debug)]
pub struct Checkpoint {
    files: Arc<dyn Files>,
    name: String,
    file: Box<dyn File>,
    entries: Vec<Entry>,
}

impl Checkpoint {
    /// Opens the checkpoint that a log's header names.
    pub(super) fn open(files: Arc<dyn Files>, log: &Header, named: Named) -> Result<Checkpoint> {
        let name = checkpoint_name(log.generation);
        let bad = |place: &str, reason: &str| corruption(&*files, &name, place, reason);
        let file = match files.open(&name, Open::Read) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(bad("its name", "the log names it, and it is missing"));
            }
            opened => opened.refused(&*files, &name, "open")?,
        };
        let header = Header::read(&*files, &name, &*file, Magic::Checkpoint, log.uuid, log.generation)?;
        if header.base != log.base || header.settings != log.settings {
            return Err(bad("its header", "does not fit the log"));
        }
        let length = file.length().refused(&*files, &name, "read")?;
        if length != named.bytes || length < (PAGE_BYTES + END_BYTES) as u64 {
            return Err(bad("its end", &format!("has {length} bytes, not {}", named.bytes)));
        }
        let mut end = [0; END_BYTES];
        let read = file.read_full(length - END_BYTES as u64, &mut end).refused(&*files, &name, "read")?;
        let mut numbers = Numbers(&end);
        let (count, hash) = (numbers.u64(), numbers.u128());
        let table_bytes = count.checked_mul(ENTRY_BYTES as u64).filter(|bytes| {
            read == END_BYTES && hash == named.hash && *bytes <= length - (PAGE_BYTES + END_BYTES) as u64
        });
        let table_bytes = table_bytes.ok_or_else(|| bad("its footer", "is not what was written"))?;
        let table_from = length - END_BYTES as u64 - table_bytes;
        let mut footer = vec![0; table_bytes as usize + 8];
        file.read_full(table_from, &mut footer).refused(&*files, &name, "read")?;
        if hash_of(&header.encode(Magic::Checkpoint)?, &footer) != hash {
            return Err(bad("its footer", "is not what was written"));
        }
        let mut numbers = Numbers(&footer);
        let mut entries = Vec::new();
        for _ in 0..count {
            let (id, codec) = (SectionId(numbers.u32()), numbers.u32());
            let codec = u8::try_from(codec).ok().and_then(Codec::parse);
            let codec = codec.ok_or_else(|| bad("its footer", "names a codec that is unknown"))?;
            let (offset, stored, bytes) = (numbers.u64(), numbers.u64(), numbers.u64());
            let end = stored.checked_next_multiple_of(ALIGN_BYTES as u64).and_then(|room| room.checked_add(offset));
            if end.is_none_or(|end| end > table_from) {
                return Err(bad("its footer", "names a section that lies beyond the file"));
            }
            entries.push(Entry { id, codec, offset, stored, bytes, hash: numbers.u128() });
        }
        Ok(Checkpoint { files, name, file, entries })
    }

    /// Returns the numbers of the sections, in the order in which they were written.
    pub fn sections(&self) -> impl Iterator<Item = SectionId> {
        self.entries.iter().map(|entry| entry.id)
    }

    /// Reads a section. If it is missing, that is damage.
    pub fn section(&self, id: SectionId) -> Result<Vec<u8>> {
        let place = format!("section {}", id.0);
        let bad = |reason: &str| corruption(&*self.files, &self.name, &*place, reason);
        let entry = self.entries.iter().find(|entry| entry.id == id).ok_or_else(|| bad("there is none"))?;
        // Reads the zeros behind it too, so that every byte is checked.
        let mut stored = vec![0; aligned(entry.stored) as usize];
        let read = self.file.read_full(entry.offset, &mut stored).refused(&*self.files, &self.name, "read")?;
        let zeros = stored.split_off(entry.stored as usize);
        if read < aligned(entry.stored) as usize || xxh3_128(&stored) != entry.hash {
            return Err(bad("is not what was written"));
        }
        if zeros.iter().any(|byte| *byte != 0) {
            return Err(bad("is not filled up with zeros"));
        }
        entry.codec.decode(stored, entry.bytes as usize).map_err(|reason| bad(&reason))
    }

    /// Returns the size of all sections before compression, in bytes.
    pub fn bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Memory;
    use super::super::header::Point;
    use super::*;

    // Reads a section whose entry was changed before it was hashed.
    fn forged(forge: impl FnOnce(&mut Entry)) -> Result<Vec<u8>> {
        let (files, base) = (Memory::new(), Point { sequence: 3, chain: 5 });
        let header = Header { uuid: 7, generation: 2, base, checkpoint: None, settings: vec![1, 2] };
        let mut sections = Sections::create(&files, &header).unwrap();
        sections.add(SectionId(1), &[9; 5_000]).unwrap();
        sections.add(SectionId(2), &[8; 5]).unwrap();
        forge(&mut sections.entries[0]);
        let named = sections.finish().unwrap();
        Checkpoint::open(Arc::new(files), &header, named)?.section(SectionId(1))
    }

    #[test]
    fn a_section_that_cannot_be_there_is_damage() {
        assert_eq!(forged(|_| ()).unwrap(), [9; 5_000]);
        for far in [1 << 20, 1 << 50, 1 << 63, u64::MAX - 9, u64::MAX] {
            let cases: [&dyn Fn(&mut Entry); 3] =
                [&|entry| entry.stored = far, &|entry| entry.offset = far, &|entry| entry.bytes = far];
            for forge in cases {
                match forged(forge) {
                    Err(Error::Corruption { .. }) => {}
                    other => panic!("{far}: {other:?}"),
                }
            }
        }
    }
}
