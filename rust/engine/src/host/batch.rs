//! Messages from one shard to another that may leave their world, and their process.

use super::process::Home;
use phago_core::Result;
use phago_core::message::{Batch, Header};
use phago_core::text::Lexicon;
use std::sync::Arc;

/// Messages from one shard to another in one tick, in a form that any world takes.
#[derive(Debug)]
pub struct PortableBatch {
    header: Header,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// As the sender's world made it, with the term indices of its dictionary.
    Live(Home<(Batch, Arc<Lexicon>)>),
    /// As bytes with their own dictionary; they become term indices where they are delivered.
    Bytes(Vec<u8>),
}

impl PortableBatch {
    /// Returns a batch of a world with this dictionary.
    pub fn new(batch: Batch, lexicon: Arc<Lexicon>) -> Self {
        let header = Header { tick: batch.tick, from: batch.from, to: batch.to, nbytes: batch.nbytes() };
        PortableBatch { header, form: Form::Live(Home::new((batch, lexicon))) }
    }

    /// Returns a batch that was bytes. They are decoded where they are delivered.
    ///
    /// # Errors
    /// [`phago_core::Error::Wire`] for bytes that do not begin as a batch does.
    pub fn from_bytes(data: &[u8]) -> Result<Self> {
        Ok(PortableBatch { header: Header::read(data)?, form: Form::Bytes(data.to_vec()) })
    }

    /// Returns what it says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the batch with the term indices of this dictionary.
    ///
    /// # Errors
    /// [`phago_core::Error::Wire`] for bytes that are no batch; [`phago_core::Error::CoordinatorUnavailable`] in
    /// another process than that of its world.
    pub fn in_terms_of(&self, lexicon: &Arc<Lexicon>) -> Result<Batch> {
        match &self.form {
            Form::Bytes(bytes) => Batch::decode(bytes, lexicon),
            Form::Live(live) => {
                let (batch, own) = live.get()?;
                // Term indices of another world's dictionary mean nothing here; words do.
                if Arc::ptr_eq(own, lexicon) { Ok(batch.clone()) } else { Batch::decode(&batch.encode(own), lexicon) }
            }
        }
    }

    /// Returns it as bytes.
    ///
    /// # Errors
    /// [`phago_core::Error::CoordinatorUnavailable`] in another process than that of its world.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        match &self.form {
            Form::Bytes(bytes) => Ok(bytes.clone()),
            Form::Live(live) => live.get().map(|(batch, lexicon)| batch.encode(lexicon)),
        }
    }
}
