//! A colony's files: a log of everything that changes it, checkpoints that keep the log short, and a witness that says
//! up to where the log is acknowledged.
//!
//! The store knows nothing of colonies. It keeps *records*, bytes of a [`Kind`] with a number, in one order; and
//! *sections*, bytes of a checkpoint. A colony uses it so:
//!
//! 1. **Open.** [`Recovery::open`] returns the settings with which the colony was made and the [`Checkpoint`] to load,
//!    if there is one. [`Recovery::next`] returns the records after it, to be applied in order. [`Recovery::finish`]
//!    returns the [`Store`].
//! 2. **Change.** Outside of any lock, [`Prepared::new`] compresses and hashes an input's bytes. Under the lock that
//!    orders inputs, the input is checked, [`Store::append`] gives it its number, and it is queued to be applied. Then
//!    [`Store::commit`] waits for the disk, together with others; after that the input is applied in the order of
//!    numbers and acknowledged.
//! 3. **Tick.** When every shard has finished a tick, its record (tick, attempt, cut, count) is appended and committed,
//!    then the new state is swapped in; [`Store::seal`] syncs the witness. A replay applies inputs beyond the cut of
//!    the next tick after that tick. An idle tick is [`Store::idle_tick`]: it raises the number in a record
//!    that is written again and again and not synced, until something else is appended.
//! 4. **Checkpoint.** Between ticks, the colony takes [`Store::mark`] together with a reference to the state that has
//!    applied everything up to it. [`Store::begin_generation`] writes the sections while other calls go on, and begins
//!    a new log at the mark; [`Store::snapshot`] writes them into another directory.
//! 5. **Read.** [`Reader`] does the same without a lock, up to what the witness says; [`Reader::refresh`] moves on.
//!
//! An acknowledged record survives the end of the process and a loss of power. If another program changes the files,
//! that is noticed or harmless ([`verify`] says where). After a failed write or sync, every call returns
//! [`phago_core::Error::Poisoned`] until the files are opened again.
//!
//! * [`Files`] is what the store needs from a disk: [`Directory`] is a real one, [`Memory`] and [`Faulty`] are for
//!   tests.
//! * `format`, `header`, `record`, [`checkpoint`](Checkpoint) and `witness` define the bytes; `log` reads records, and
//!   `testified` checks them against the witness; `layout` works on the directory as a whole.
//! * `writer` appends to a log, by `appender`, and `generation` begins a new one; `recovery` opens a colony to write,
//!   `reader` to read; `verify` reads every byte.

mod appender;
mod checkpoint;
mod directory;
mod faulty;
mod files;
mod format;
mod generation;
mod header;
mod layout;
mod log;
mod memory;
mod options;
mod reader;
mod record;
mod recovery;
mod testified;
mod verify;
mod witness;
mod writer;

pub use checkpoint::{Checkpoint, SectionId, Sections, packed};
pub use directory::{Directory, network_file_system};
pub use faulty::{Failure, Faulty, SECTOR_BYTES, Syncs};
pub use files::{File, Files, Lock, Open};
pub use format::{FORMAT, Uuid};
pub use generation::Mark;
pub use header::SETTINGS_BYTES_MAX;
pub use memory::Memory;
#[doc(hidden)]
pub use options::Mutant;
pub use options::{Options, WitnessSync};
pub use reader::{Reader, Refreshed};
pub use record::{Kind, PAYLOAD_BYTES_MAX, Prepared, Record};
pub use recovery::Recovery;
pub use verify::{Verified, verify};
pub use writer::Store;
