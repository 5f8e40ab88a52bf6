//! What a colony has beside its documents and their graph: the clusters that it found last, signals and traces,
//! agents of its users' own; and what all vectors of its documents have in common.
//!
//! Whoever makes the ticks has it, whole; no shard does. It changes by [`Deed`]s, which are inputs, and by what agents
//! [`Acted`] in a tick.

mod cells;
mod pins;
mod population;
mod space;

pub use cells::{Cells, Type};
pub use pins::{PINS_MAX, Pins};
pub use population::{
    AGENTS_MAX, Acted, COLUMNS_MAX, DISSOLVED_MAX, Kind, KindActed, NAME_BYTES_MAX, Population, Spawn,
};
pub use space::{MODEL_BYTES_MAX, Space};

use crate::config::ColonyConfig;
use crate::field::{self, Emissions, Field, Laws, MARKS_MAX};
use crate::ids::Tick;
use crate::membership::Membership;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A change of it, as data.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub enum Deed {
    /// Takes over what a survey leaves for the next one, made when so many documents were digested.
    Survey(Membership, u64),
    /// Adds to signals and traces.
    Emit(Emissions),
    /// Adds agents.
    Spawn(Spawn),
    /// Ends all agents of a kind, which is then unknown.
    Dismiss(Box<str>),
    /// Pins the concept of a stem from the next tick on, or does so no more.
    Pin(Box<str>, bool),
    /// Tells the name of the model that makes the vectors of documents.
    Model(Box<str>),
}

impl Deed {
    /// Returns how much it is, in members, marks and agents.
    pub fn steps(&self) -> u64 {
        match self {
            Deed::Survey(membership, _) => membership.members().len() as u64,
            Deed::Emit(emissions) => emissions.len() as u64,
            Deed::Spawn(spawn) => u64::from(spawn.count) * (1 + spawn.cells.len() as u64),
            Deed::Dismiss(_) | Deed::Pin(..) | Deed::Model(_) => 1,
        }
    }
}

/// What a colony has beside its documents and their graph.
#[derive(Clone, Debug)]
pub struct Life {
    membership: Membership,
    // The documents that were digested at the last survey.
    surveyed: u64,
    field: Field,
    population: Population,
    pins: Pins,
    space: Space,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    membership: Membership,
    surveyed: u64,
    marks: Vec<field::Record>,
    population: Population,
    pins: Pins,
    space: Space,
}

impl Life {
    pub(crate) fn new(config: &ColonyConfig) -> Life {
        let field = Field::new(Laws::new(config), MARKS_MAX).expect("the greatest number is in bounds");
        let (membership, population, pins, space) = Default::default();
        Life { membership, surveyed: 0, field, population, pins, space }
    }

    /// Returns which concepts belonged together at the last survey.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// Returns how many documents were digested at the last survey; 0 if there was none.
    pub fn surveyed(&self) -> u64 {
        self.surveyed
    }

    /// Returns the signals and traces.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// Returns what all vectors of documents have in common.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Takes over how many numbers all vectors have.
    pub(crate) fn meet(&mut self, dimension: u32) {
        self.space.dimension = Some(dimension);
    }

    /// Returns the agents of users' own.
    pub fn population(&self) -> &Population {
        &self.population
    }

    /// Returns the concepts that are not to fade.
    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// Takes over that a tick was made with what is pinned.
    pub(crate) fn hold(&mut self) {
        self.pins.hold();
    }

    /// Refuses a deed that cannot be done once those before it, which wait, are.
    ///
    /// # Errors
    /// [`Error::Config`], [`Error::Limit`].
    pub fn check<'a>(&self, deed: &Deed, before: impl IntoIterator<Item = &'a Deed>) -> Result<()> {
        if let Deed::Model(model) = deed {
            let mut space = self.space.clone();
            for deed in before {
                if let Deed::Model(model) = deed {
                    space.model = Some(model.clone());
                }
            }
            return space.check_model(model);
        }
        if !matches!(deed, Deed::Spawn(_) | Deed::Pin(_, true)) {
            return Ok(());
        }
        let (mut population, mut pins) = (Cow::Borrowed(&self.population), Cow::Borrowed(&self.pins));
        for deed in before {
            match deed {
                Deed::Survey(..) | Deed::Emit(_) | Deed::Model(_) => {}
                Deed::Spawn(spawn) => population.to_mut().spawn(0, spawn),
                Deed::Dismiss(kind) => population.to_mut().dismiss(kind),
                Deed::Pin(stem, is_pinned) => pins.to_mut().set(stem, *is_pinned),
            }
        }
        match deed {
            Deed::Spawn(spawn) => population.check_spawn(spawn),
            Deed::Pin(stem, _) => pins.check(stem),
            _ => Ok(()),
        }
    }

    /// Does a deed that was checked, at the committed tick.
    pub(crate) fn apply(&mut self, tick: Tick, deed: Deed) {
        match deed {
            Deed::Survey(membership, surveyed) => (self.membership, self.surveyed) = (membership, surveyed),
            Deed::Emit(emissions) => self.emit(tick, &emissions),
            Deed::Spawn(spawn) => self.population.spawn(tick, &spawn),
            Deed::Dismiss(kind) => self.population.dismiss(&kind),
            Deed::Pin(stem, is_pinned) => self.pins.set(&stem, is_pinned),
            Deed::Model(model) => self.space.model = Some(model),
        }
    }

    /// Refuses what agents chose, if they read another state or it cannot be done.
    ///
    /// # Errors
    /// [`Error::BarrierFailed`] for another tick; [`Error::Config`], [`Error::Limit`].
    pub fn check_acted(&self, tick: Tick, acted: &Acted) -> Result<()> {
        if acted.sensed != tick {
            let reason = format!("agents read tick {} and the colony is at tick {tick}", acted.sensed);
            return Err(Error::BarrierFailed { reason });
        }
        self.population.check(acted)
    }

    /// Takes over what agents chose for a tick, which was checked, and the traces of digesters.
    pub(crate) fn take(&mut self, tick: Tick, acted: Option<&Acted>, traces: &Emissions) {
        let mut emissions = traces.clone();
        if let Some(acted) = acted {
            self.population.take(tick, acted);
            emissions.merge(&acted.emissions);
        }
        if !emissions.is_empty() {
            self.emit(tick, &emissions);
        }
    }

    fn emit(&mut self, tick: Tick, emissions: &Emissions) {
        self.field.add(tick, emissions).expect("ticks of a colony only grow");
    }

    /// Returns its one form as bytes at a tick, which a digest hashes and a checkpoint keeps; `None` if it has nothing.
    pub(crate) fn encode(&self, tick: Tick) -> Option<Vec<u8>> {
        let marks = self.field.records(tick);
        let is_empty = self.membership.is_empty() && self.surveyed == 0 && marks.is_empty();
        if is_empty && self.population.is_empty() && self.pins.is_empty() && self.space == Space::default() {
            return None;
        }
        let (membership, population) = (self.membership.clone(), self.population.clone());
        let (pins, space) = (self.pins.clone(), self.space.clone());
        let stored = Stored { membership, surveyed: self.surveyed, marks, population, pins, space };
        Some(postcard::to_allocvec(&stored).expect("plain data always encodes"))
    }

    /// Makes it of such bytes.
    ///
    /// # Errors
    /// [`Error::Wire`] for bytes that no colony wrote.
    pub(crate) fn decode(bytes: &[u8], tick: Tick, config: &ColonyConfig) -> Result<Life> {
        let odd = |reason: String| Error::Wire { what: "life", reason };
        let (stored, left): (Stored, _) = postcard::take_from_bytes(bytes).map_err(|cause| odd(cause.to_string()))?;
        if !left.is_empty() {
            return Err(odd(format!("{} bytes are left over", left.len())));
        }
        if !stored.pins.fits() {
            return Err(odd("a pinned concept that cannot be one".into()));
        }
        let Stored { membership, surveyed, marks, population, pins, space } = stored;
        let is_later = population.kinds().flat_map(|(_, kind)| kind.ids()).any(|id| id.birth > tick);
        if is_later || membership.clusters().iter().any(|(_, since)| *since > tick) {
            return Err(odd("an agent or a cluster of a tick to come".into()));
        }
        let field = Field::read(Laws::new(config), MARKS_MAX, tick, &marks)?;
        Ok(Life { membership, surveyed, field, population, pins, space })
    }
}
