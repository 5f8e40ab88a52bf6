//! Follows a colony that another process writes, as far as that has acknowledged its changes.

use super::open::Reading;
use super::settings::Layout;
use crate::store::{Files, Reader, Refreshed};
use crate::world::World;
use phago_core::Result;
use std::fmt;
use std::sync::Arc;

/// A colony, opened to read beside its writer.
pub struct Follower {
    files: Arc<dyn Files>,
    layout: Option<Layout>,
    reader: Reader,
    reading: Reading,
    world: Arc<World>,
}

impl Follower {
    /// Opens a colony to read. It does not change until [`Follower::refresh`].
    ///
    /// # Errors
    /// [`phago_core::Error::NoColony`], [`phago_core::Error::Corruption`], [`phago_core::Error::Version`],
    /// [`phago_core::Error::Storage`].
    pub fn open(files: Arc<dyn Files>, layout: Option<Layout>) -> Result<Follower> {
        let mut reader = Reader::open(Arc::clone(&files))?;
        let mut reading = Reading::begin(&*files, reader.settings(), reader.checkpoint(), layout, None)?;
        read_on(&mut reader, &mut reading)?;
        let world = World::of(reading.visible()?, None, Some(files.path()), None);
        Ok(Follower { files, layout, reader, reading, world })
    }

    /// Returns the colony as of the last refresh.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Moves on to what is acknowledged now. Returns whether there was anything new; then [`Follower::world`] returns
    /// another world, and the one before does not change any more.
    ///
    /// # Errors
    /// As [`Follower::open`]; then it stays where it was.
    pub fn refresh(&mut self) -> Result<bool> {
        match self.reader.refresh()? {
            Refreshed::Anew => {
                *self = Follower::open(Arc::clone(&self.files), self.layout)?;
                Ok(true)
            }
            Refreshed::Further => {
                let more = read_on(&mut self.reader, &mut self.reading)?;
                if more > 0 {
                    self.world = World::of(self.reading.visible()?, None, Some(self.files.path()), None);
                }
                Ok(more > 0)
            }
        }
    }
}

fn read_on(reader: &mut Reader, reading: &mut Reading) -> Result<u64> {
    let mut count = 0;
    while let Some(record) = reader.next()? {
        reading.take(record)?;
        count += 1;
    }
    Ok(count)
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("path", &self.files.path()).field("world", &self.world).finish_non_exhaustive()
    }
}
