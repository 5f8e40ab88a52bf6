//! The documents from which an answer may come.

use crate::Result;
use crate::metadata::{Among, Filter, Places};
use crate::query::clause::Only;
use crate::query::view::{Spot, View};
use crate::shard::Shard;
use crate::text::Session;
use std::sync::Arc;

/// The documents that match a filter. A filter restricts only which documents can answer: what a question means is
/// still read from the whole colony.
#[derive(Clone, Debug)]
pub struct Allowed(Vec<Places>);

impl Allowed {
    /// Returns the documents of all shards that match, or `None` for a filter that every document matches.
    pub fn new(shards: &[Arc<Shard>], filter: &Filter) -> Option<Allowed> {
        let places = || shards.iter().map(|shard| shard.documents().matching(filter)).collect();
        (!filter.is_empty()).then(|| Allowed(places()))
    }

    /// Returns the documents that can answer, or `None` if all can.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] once the flag of the view is set.
    pub fn only(view: View<'_>, only: &Only) -> Result<Option<Allowed>> {
        if only.clauses.is_empty() {
            return Ok(Allowed::new(view.shards, &only.filter));
        }
        let mut session = Session::new(view.commons.lexicon().clone());
        let places: Result<Vec<Places>> = view.locals().map(|local| only.places(local, &mut session)).collect();
        Ok(Some(Allowed(places?)))
    }

    /// Returns those of the shard at a seat.
    pub fn at(&self, seat: usize) -> &Places {
        &self.0[seat]
    }

    /// Returns how many there are.
    pub fn count(&self) -> usize {
        self.0.iter().map(Places::count).sum()
    }

    /// Returns all of them.
    pub fn spots(&self) -> impl Iterator<Item = Spot> + '_ {
        self.0.iter().enumerate().flat_map(|(seat, places)| places.iter().map(move |place| (seat, place)))
    }

    /// Returns whether a document is one of them.
    pub fn has(&self, spot: Spot) -> bool {
        self.0[spot.0].has(spot.1)
    }
}
