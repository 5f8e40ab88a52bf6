//! What a question reads: one committed state, and the part of it that one shard holds.

use crate::Result;
use crate::cancel::Cancel;
use crate::commons::Commons;
use crate::documents::{Document, Documents};
use crate::ids::DocumentId;
use crate::shard::Shard;
use std::sync::Arc;

/// A document: the seat of its home shard and its place there.
pub type Spot = (usize, u32);

/// One committed state, as a question reads it.
#[derive(Copy, Clone, Debug)]
pub struct View<'a> {
    /// The shards, by seat.
    pub shards: &'a [Arc<Shard>],
    /// What all of them share.
    pub commons: &'a Commons,
    cancel: Option<&'a Cancel>,
}

/// What one shard can read of a committed state: its own part, and what all shards share.
#[derive(Copy, Clone, Debug)]
pub struct Local<'a> {
    /// The shard's seat.
    pub seat: usize,
    /// The shard.
    pub shard: &'a Shard,
    /// What all shards share.
    pub commons: &'a Commons,
    cancel: Option<&'a Cancel>,
}

impl<'a> View<'a> {
    /// Returns a view without a flag to stop reading.
    pub fn new(shards: &'a [Arc<Shard>], commons: &'a Commons) -> View<'a> {
        View { shards, commons, cancel: None }
    }

    /// Returns the same view, read until a flag is set.
    pub fn until(self, cancel: &'a Cancel) -> View<'a> {
        View { cancel: Some(cancel), ..self }
    }

    /// Returns `Err(Error::Cancelled)` once the flag is set. Readers call it at least every 10 ms of work.
    pub fn poll(&self) -> Result<()> {
        self.cancel.map_or(Ok(()), Cancel::poll)
    }

    /// Returns the part of the shard at a seat.
    pub fn local(&self, seat: usize) -> Local<'a> {
        Local { seat, shard: &self.shards[seat], commons: self.commons, cancel: self.cancel }
    }

    /// Returns the parts of all shards, by seat.
    pub fn locals(&self) -> impl Iterator<Item = Local<'a>> + use<'a> {
        let view = *self;
        (0..view.shards.len()).map(move |seat| view.local(seat))
    }

    /// Returns the document at a spot.
    pub fn at(&self, spot: Spot) -> &'a Document {
        self.local(spot.0).at(spot.1)
    }

    /// Returns the spot of a document, if the colony has it.
    pub fn spot_of(&self, id: DocumentId) -> Option<Spot> {
        let seat = self.commons.seat(self.commons.ring().shard_of(id.0));
        self.shards[seat].documents().place(id).map(|place| (seat, place))
    }
}

impl<'a> Local<'a> {
    /// Does what [`View::poll`] does.
    pub fn poll(&self) -> Result<()> {
        self.cancel.map_or(Ok(()), Cancel::poll)
    }

    /// Returns the shard's documents.
    pub fn documents(&self) -> &'a Documents {
        self.shard.documents()
    }

    /// Returns the document at a place.
    pub fn at(&self, place: u32) -> &'a Document {
        self.shard.documents().at(place)
    }

    /// Returns the spot and the id of the document at a place.
    pub fn spot(&self, place: u32) -> (Spot, u128) {
        ((self.seat, place), self.at(place).id.0)
    }
}
