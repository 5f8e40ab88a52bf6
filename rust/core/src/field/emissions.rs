//! What is emitted in one tick.

use super::kind::Type;
use super::law::{ONE, to_fixed};
use crate::Result;
use crate::ids::NodeId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sums of what was emitted, by type and concept. What shards gather is merged in any order. It is as large as what is
/// emitted; the bounds of the field hold for the whole colony, and so cannot be kept by one shard.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Unchecked")]
pub struct Emissions {
    pub(super) by_type: BTreeMap<Type, BTreeMap<NodeId, u64>>,
}

impl Emissions {
    /// Adds an amount of a type on a concept.
    ///
    /// # Errors
    /// [`crate::Error::Config`] for an amount that is not above 0, or above 65,536.
    pub fn emit(&mut self, of: &Type, concept: NodeId, amount: f64) -> Result<()> {
        let amount = to_fixed(amount)?;
        self.add(of, concept, amount);
        Ok(())
    }

    /// Adds the trace that a digester leaves on a concept of a document.
    pub(crate) fn leave(&mut self, concept: NodeId) {
        self.add(&Type::digested(), concept, ONE);
    }

    /// Adds what another shard gathered.
    pub fn merge(&mut self, other: &Emissions) {
        for (of, amounts) in &other.by_type {
            amounts.iter().for_each(|(&concept, &amount)| self.add(of, concept, amount));
        }
    }

    /// Returns how many concepts it emits on, counted for each type.
    pub fn len(&self) -> usize {
        self.by_type.values().map(BTreeMap::len).sum()
    }

    /// Returns whether nothing was emitted.
    pub fn is_empty(&self) -> bool {
        self.by_type.is_empty()
    }

    fn add(&mut self, of: &Type, concept: NodeId, amount: u64) {
        if !self.by_type.contains_key(of) {
            self.by_type.insert(of.clone(), BTreeMap::new());
        }
        let amounts = self.by_type.get_mut(of).expect("it was inserted");
        let sum = amounts.entry(concept).or_default();
        // The field clips at a lower bound, so that clipping here does not depend on how it was gathered.
        *sum = sum.saturating_add(amount);
    }
}

#[derive(Deserialize)]
struct Unchecked {
    by_type: BTreeMap<Type, BTreeMap<NodeId, u64>>,
}

impl TryFrom<Unchecked> for Emissions {
    type Error = &'static str;

    fn try_from(Unchecked { by_type }: Unchecked) -> Result<Emissions, &'static str> {
        // A mark of nothing would stand for a tick.
        let is_something = |amounts: &BTreeMap<NodeId, u64>| !amounts.is_empty() && amounts.values().all(|&by| by > 0);
        if by_type.values().all(is_something) { Ok(Emissions { by_type }) } else { Err("an emission of nothing") }
    }
}
