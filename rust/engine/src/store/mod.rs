//! A colony's files: a log of all that changes it, checkpoints so that the log stays short, and a witness of what was acknowledged.
//!
//! The store knows no colony. It keeps *records*, bytes of a [`Kind`] with a number, in one order; and *sections*, bytes of a
//! checkpoint. A colony uses it so:
//!
//! 1. **Open.** [`Recovery::open`] gives the settings that the colony was made with, the [`Checkpoint`] to load, if there is one,
//!    and with [`Recovery::next`] the records after it, to be applied in order. [`Recovery::finish`] gives the [`Store`].
//! 2. **Change.** Outside of any lock, [`Prepared::new`] compresses and hashes an input's bytes. Under the lock that orders
//!    inputs, the input is checked, [`Store::append`] gives it its number, and it is queued to be applied. Then
//!    [`Store::commit`] waits for the disk, together with others; after that the input is applied in the order of numbers and
//!    acknowledged.
//! 3. **Tick.** When all answers of a tick are there, its record (tick, attempt, cut, count) is appended and committed, then the new state is
//!    swapped in; [`Store::seal`] makes the witness durable. A replay applies inputs beyond the cut of the next tick after it. An idle
//!    tick is [`Store::idle_tick`]: it costs a number, until something else is appended.
//! 4. **Checkpoint.** Between ticks [`Store::mark`] is taken together with a reference to the state that has applied all up
//!    to it. [`Store::begin_generation`] writes the sections beside the work and lets a new log begin at the mark;
//!    [`Store::snapshot`] writes them into another directory.
//! 5. **Read.** [`Reader`] is the same without a lock, up to what the witness says; [`Reader::refresh`] moves on.
//!
//! An acknowledged record survives the end of the process and a loss of power; any change of the files by others is noticed, or
//! harmless ([`verify`] tells where). After a failed write or sync everything is [`phago_core::Error::Poisoned`] until the files are
//! opened again.
//!
//! * [`Files`] is what is asked of a disk: [`Directory`] a real one, [`Memory`] and [`Faulty`] for tests.
//! * `format`, `header`, `record`, [`checkpoint`](Checkpoint) and `witness` say what bytes there are; `log` reads records, and
//!   `testified` holds them against the witness; `layout` is what is done with the directory as a whole.
//! * `writer` grows a log, and `generation` begins a new one; `recovery` opens one to write, `reader` to read; `verify` reads all.

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

pub use checkpoint::{Checkpoint, SectionId, Sections};
pub use directory::Directory;
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
