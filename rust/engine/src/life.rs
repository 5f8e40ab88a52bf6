//! What a colony has beside its documents, as its users change and read it: signals and traces, and agents of their own.

use crate::lock::lock;
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::error::short;
use phago_core::field::{self, Class, Emissions};
use phago_core::ids::NodeId;
use phago_core::life::Deed;
use phago_core::read::Whole;
use phago_core::{Error, Result};
use std::cmp::Reverse;

impl World {
    /// Adds to a signal or trace on the concept of a word. Takes effect when [`World::delete`] would.
    ///
    /// # Errors
    /// [`Error::Config`] for a word that no document has, and for an amount or a name that no field takes; as
    /// [`World::live`].
    pub fn emit(&self, class: Class, name: &str, label: &str, amount: f64) -> Result<()> {
        let of = field::Type::new(class, name)?;
        let concept = self.known_concept(label)?.ok_or_else(|| unknown(label))?;
        let mut emissions = Emissions::default();
        emissions.emit(&of, concept, amount)?;
        self.live(Deed::Emit(emissions))
    }

    /// Returns the concept of a word that documents have.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn known_concept(&self, label: &str) -> Result<Option<NodeId>> {
        Ok(self.known_stem(label)?.map(|stem| NodeId::concept(&stem)))
    }

    // Returns the stem of a word that documents have.
    fn known_stem(&self, label: &str) -> Result<Option<String>> {
        let mut session = self.sessions.take(&self.lexicon()?);
        let stem = session.concept(label);
        self.sessions.give(session);
        let Some(stem) = stem else { return Ok(None) };
        self.read(|state| {
            let commons = state.commons();
            let term = commons.lexicon().term(&stem).filter(|term| (*term as usize) < commons.terms());
            term.filter(|&term| commons.df(term) > 0).map(|_| stem)
        })
    }

    /// Pins the concept of a word, or does so no more. From the next tick on its own synapses do not decay. Takes effect
    /// when [`World::delete`] would.
    ///
    /// # Errors
    /// [`Error::Config`] for a word that no document has, unless it is pinned and is to be no more;
    /// [`Error::Limit`] beyond [`phago_core::life::PINS_MAX`]; as [`World::live`].
    pub fn pin(&self, label: &str, is_pinned: bool) -> Result<()> {
        let stem = match self.known_stem(label)? {
            Some(stem) => stem,
            None => {
                let pins = self.read(|state| state.commons().life().pins().wanted().map(str::to_owned).collect());
                let pins: Vec<String> = pins?;
                let mut session = self.sessions.take(&self.lexicon()?);
                let stem = session.concept(label);
                self.sessions.give(session);
                stem.filter(|stem| !is_pinned && pins.contains(stem)).ok_or_else(|| unknown(label))?
            }
        };
        self.live(Deed::Pin(stem.into(), is_pinned))
    }

    /// Returns the pinned concepts by label, in the order of their stems. One that no document has any more is named by
    /// its stem.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn pins(&self, cancel: &Cancel) -> Result<Vec<String>> {
        self.whole(cancel, |whole| {
            let commons = whole.commons();
            let term = |stem: &str| {
                let term = commons.lexicon().term(stem).filter(|term| (*term as usize) < commons.terms());
                term.filter(|&term| commons.df(term) > 0)
            };
            let pins: Vec<(&str, Option<u32>)> =
                commons.life().pins().wanted().map(|stem| (stem, term(stem))).collect();
            let known: Vec<u32> = pins.iter().filter_map(|pin| pin.1).collect();
            let mut labels = whole.labels_of(&known)?.into_iter();
            let name = |(stem, term): (&str, Option<u32>)| match term {
                Some(_) => labels.next().expect("every term has a label").to_string(),
                None => stem.to_owned(),
            };
            Ok(pins.into_iter().map(name).collect())
        })
    }

    /// Returns the types of marks that stand, in order, each with how many concepts have one.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn marks(&self) -> Result<Vec<(Class, String, u64)>> {
        self.read(|state| {
            let (commons, tick) = (state.commons(), state.tick());
            let types = commons.life().field().types(tick).into_iter();
            types.map(|(of, count)| (of.class(), of.name().to_owned(), count)).collect()
        })
    }

    /// Returns the concepts that have a signal or trace, by label, with how much of it: most first, equal ones by id. A
    /// concept that no document has any more is named by its id.
    ///
    /// # Errors
    /// As [`World::whole`]; [`Error::Config`] for a name that no field takes.
    pub fn field(&self, class: Class, name: &str, cancel: &Cancel) -> Result<Vec<(String, f64)>> {
        let of = field::Type::new(class, name)?;
        self.whole(cancel, |whole| {
            let (commons, tick) = (whole.commons(), whole.commons().tick());
            let mut levels = commons.life().field().levels(&of, tick);
            levels.sort_unstable_by_key(|&(concept, level)| (Reverse(level), concept));
            let concepts: Vec<NodeId> = levels.iter().map(|level| level.0).collect();
            let labels = self.labels_of(whole, &concepts)?;
            Ok(labels.into_iter().zip(levels).map(|(label, (_, level))| (label, field::from_fixed(level))).collect())
        })
    }
}

impl World {
    /// Returns the labels of concepts, in their order. One that no document has any more is named by its id.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub(crate) fn labels_of(&self, whole: &dyn Whole, concepts: &[NodeId]) -> Result<Vec<String>> {
        let commons = whole.commons();
        let terms: Vec<Option<u32>> = {
            let mut known = lock(&self.concepts);
            let term = |id: &NodeId| known.term(commons, *id).filter(|&term| commons.df(term) > 0);
            concepts.iter().map(term).collect()
        };
        let known: Vec<u32> = terms.iter().flatten().copied().collect();
        let mut labels = whole.labels_of(&known)?.into_iter();
        let name = |(term, id): (Option<u32>, &NodeId)| match term {
            Some(_) => labels.next().expect("every term has a label").to_string(),
            None => id.to_string(),
        };
        Ok(terms.into_iter().zip(concepts).map(name).collect())
    }
}

fn unknown(label: &str) -> Error {
    let accepted = "a word that documents of the colony have".into();
    Error::Config { field: "concept".into(), value: format!("`{}`", short(label)), accepted }
}
