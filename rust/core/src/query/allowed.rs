//! The documents that an answer may come from.

use crate::metadata::{Among, Filter, Places};
use crate::query::view::Spot;
use crate::shard::Shard;
use std::sync::Arc;

/// The documents that match a filter. What a question means is read from the whole colony all the same; only who may
/// answer it is restricted.
#[derive(Clone, Debug)]
pub struct Allowed(Vec<Places>);

impl Allowed {
    /// The documents of all shards that match; `None` for a filter that every document matches.
    pub fn new(shards: &[Arc<Shard>], filter: &Filter) -> Option<Allowed> {
        let places = || shards.iter().map(|shard| shard.documents().matching(filter)).collect();
        (!filter.is_empty()).then(|| Allowed(places()))
    }

    /// Those of the shard at a seat.
    pub fn at(&self, seat: usize) -> &Places {
        &self.0[seat]
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.iter().map(Places::count).sum()
    }

    /// All of them.
    pub fn spots(&self) -> impl Iterator<Item = Spot> + '_ {
        self.0.iter().enumerate().flat_map(|(seat, places)| places.iter().map(move |place| (seat, place)))
    }

    /// Whether a document is one of them.
    pub fn has(&self, spot: Spot) -> bool {
        self.0[spot.0].has(spot.1)
    }
}
