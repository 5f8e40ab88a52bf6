//! The header: the first 4 KiB of a log and of a checkpoint. It says which colony and generation the file belongs to,
//! and where it begins.
//!
//! Prefix, uuid (16), generation (8), sequence (8), chain (16), checkpoint's bytes (8) and hash (16), length of the
//! settings (4), settings, zeros, and in the last 16 bytes the hash of all before.

use super::files::{File, Files, Refused};
use super::format::{FORMAT, Magic, Numbers, PAGE_BYTES, PREFIX_BYTES, Prefix, Uuid, corruption, later};
use phago_core::{Error, Result};
use xxhash_rust::xxh3::xxh3_128;

const FIXED_BYTES: usize = PREFIX_BYTES + 16 + 8 + 8 + 16 + 8 + 16 + 4;
const CHECK_BYTES: usize = 16;
/// The largest size of the settings in a header, in bytes.
pub const SETTINGS_BYTES_MAX: usize = PAGE_BYTES - FIXED_BYTES - CHECK_BYTES;

/// A point in the history of a colony.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Point {
    /// The number of the last record.
    pub(super) sequence: u64,
    /// The hash of all records up to there.
    pub(super) chain: u128,
}

/// The checkpoint that a log continues, as its header names it.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Named {
    pub(super) bytes: u64,
    pub(super) hash: u128,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Header {
    pub(super) uuid: Uuid,
    pub(super) generation: u64,
    /// The point before the first record of a log, or the point of a checkpoint.
    pub(super) base: Point,
    /// The checkpoint that the log continues; `None` for a log from the beginning, and in a checkpoint.
    pub(super) checkpoint: Option<Named>,
    /// The settings with which the colony was made. The store does not interpret them.
    pub(super) settings: Vec<u8>,
}

impl Header {
    pub(super) fn encode(&self, magic: Magic) -> Result<Vec<u8>> {
        if self.settings.len() > SETTINGS_BYTES_MAX {
            let (limit, value) = (SETTINGS_BYTES_MAX as u64, self.settings.len() as u64);
            return Err(Error::Limit { what: "bytes of settings".to_owned(), limit, value });
        }
        let named = self.checkpoint.unwrap_or(Named { bytes: 0, hash: 0 });
        let mut page = Vec::with_capacity(PAGE_BYTES);
        magic.put(&mut page, FORMAT);
        page.extend_from_slice(&self.uuid.to_le_bytes());
        page.extend_from_slice(&self.generation.to_le_bytes());
        page.extend_from_slice(&self.base.sequence.to_le_bytes());
        page.extend_from_slice(&self.base.chain.to_le_bytes());
        page.extend_from_slice(&named.bytes.to_le_bytes());
        page.extend_from_slice(&named.hash.to_le_bytes());
        page.extend_from_slice(&(self.settings.len() as u32).to_le_bytes());
        page.extend_from_slice(&self.settings);
        page.resize(PAGE_BYTES - CHECK_BYTES, 0);
        let check = xxh3_128(&page);
        page.extend_from_slice(&check.to_le_bytes());
        Ok(page)
    }

    fn decode(page: &[u8], magic: Magic) -> Result<Header, Prefix> {
        magic.check(page)?;
        let body = page.get(..PAGE_BYTES - CHECK_BYTES).ok_or(Prefix::Broken)?;
        let check = page.get(PAGE_BYTES - CHECK_BYTES..PAGE_BYTES).ok_or(Prefix::Broken)?;
        if Numbers(check).u128() != xxh3_128(body) {
            return Err(Prefix::Broken);
        }
        let mut numbers = Numbers(&body[PREFIX_BYTES..]);
        let (uuid, generation) = (numbers.u128(), numbers.u64());
        let base = Point { sequence: numbers.u64(), chain: numbers.u128() };
        let named = Named { bytes: numbers.u64(), hash: numbers.u128() };
        let settings = numbers.u32() as usize;
        let settings = numbers.0.get(..settings).ok_or(Prefix::Broken)?.to_vec();
        let checkpoint = (named.bytes != 0).then_some(named);
        Ok(Header { uuid, generation, base, checkpoint, settings })
    }

    /// Reads and checks the header of a file. A file of another colony, or of another generation, is damage.
    pub(super) fn read(
        files: &dyn Files,
        name: &str,
        file: &dyn File,
        magic: Magic,
        uuid: Uuid,
        generation: u64,
    ) -> Result<Header> {
        let mut page = vec![0; PAGE_BYTES];
        let read = file.read_full(0, &mut page).refused(files, name, "read")?;
        let header = Header::decode(&page[..read], magic).map_err(|prefix| match prefix {
            Prefix::Broken => corruption(files, name, "its header", "is not what was written"),
            Prefix::Later(found) => later(files, name, found),
        })?;
        if header.uuid != uuid {
            let reason = format!("belongs to colony {:032x}, and the witness to {uuid:032x}", header.uuid);
            return Err(corruption(files, name, "its header", reason));
        }
        if header.generation != generation {
            let reason = format!("is of generation {}, not {generation}", header.generation);
            return Err(corruption(files, name, "its header", reason));
        }
        Ok(header)
    }

    /// Returns the header of a log whose witness was never written, if it is intact.
    pub(super) fn read_unwitnessed(files: &dyn Files, name: &str, file: &dyn File) -> Result<Option<Header>> {
        let mut page = vec![0; PAGE_BYTES];
        let read = file.read_full(0, &mut page).refused(files, name, "read")?;
        match Header::decode(&page[..read], Magic::Log) {
            Ok(header) => Ok(Some(header)),
            Err(Prefix::Broken) => Ok(None),
            Err(Prefix::Later(found)) => Err(later(files, name, found)),
        }
    }
}
