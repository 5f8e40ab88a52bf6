//! All marks, and what happens when there are too many.

use super::emissions::Emissions;
use super::kind::{Class, Type};
use super::law::{Law, Laws};
use super::layer::{Layer, Mark};
use crate::ids::{NodeId, TICK_MAX, Tick};
use crate::{Error, Result};
use std::collections::BTreeMap;

/// The most marks that a field may have, over all types. When a tick emits more than a field's bound, the weakest leave
/// until there are seven eighths of it: those with the lowest level, then those emitted longest ago, then by type and id.
pub const MARKS_MAX: usize = 1 << 18;
/// The most types of a field that have marks. The emissions of a tick bring new types in their order until there are so
/// many; those of further new types are lost.
pub const TYPES_MAX: usize = 64;

/// Signals and traces on concepts, as one committed tick left them.
#[derive(Clone, Debug)]
pub struct Field {
    laws: Laws,
    // The tick of the last change.
    pub(super) tick: Tick,
    pub(super) layers: BTreeMap<Type, Layer>,
    marks_max: usize,
}

/// What became of a tick's emissions.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Added {
    /// Marks that left because there were too many.
    pub evicted: u64,
    /// Emissions that were lost because there were too many types.
    pub lost: u64,
}

impl Field {
    /// Returns a field without marks, which is to have at most `marks_max` of them.
    ///
    /// # Errors
    /// [`Error::Config`] unless that is from 1 to [`MARKS_MAX`].
    pub fn new(laws: Laws, marks_max: usize) -> Result<Field> {
        if !(1..=MARKS_MAX).contains(&marks_max) {
            let (field, accepted) = ("marks_max".to_owned(), format!("1 to {MARKS_MAX}"));
            return Err(Error::Config { field, value: marks_max.to_string(), accepted });
        }
        Ok(Field { laws, tick: 0, layers: BTreeMap::new(), marks_max })
    }

    /// Adds what all shards emitted in a tick.
    ///
    /// # Errors
    /// [`Error::BarrierFailed`] for a tick before that of the last change, or beyond the last one. Then nothing changes.
    pub fn add(&mut self, tick: Tick, emissions: &Emissions) -> Result<Added> {
        self.begin(tick)?;
        let mut added = Added::default();
        for (of, amounts) in &emissions.by_type {
            if !self.layers.contains_key(of) {
                if self.layers.len() >= TYPES_MAX {
                    added.lost += amounts.len() as u64;
                    continue;
                }
                self.layers.insert(of.clone(), Layer::default());
            }
            let (layer, law) = (self.layers.get_mut(of).expect("it was inserted"), self.laws.of(of.class()));
            amounts.iter().for_each(|(&concept, &amount)| layer.emit(concept, amount, tick, law));
        }
        added.evicted = self.evict(tick);
        Ok(added)
    }

    /// Removes the marks of concepts that left with their last document.
    ///
    /// # Errors
    /// Those of [`Field::add`].
    pub fn forget(&mut self, tick: Tick, concepts: &[NodeId]) -> Result<()> {
        self.begin(tick)?;
        let layers = self.layers.values_mut();
        layers.for_each(|layer| concepts.iter().for_each(|&concept| layer.remove(concept, tick)));
        Ok(())
    }

    /// Returns how much of a type is on a concept at a tick, in fixed point.
    pub fn level(&self, of: &Type, concept: NodeId, tick: Tick) -> u64 {
        let mark = self.layers.get(of).and_then(|layer| layer.get(concept, tick));
        mark.map_or(0, |mark| mark.level(tick, self.law(of.class())))
    }

    /// Returns the concepts that have a mark of a type at a tick, in order, with their levels in fixed point.
    pub fn levels(&self, of: &Type, tick: Tick) -> Vec<(NodeId, u64)> {
        let marks = self.layers.get(of).into_iter().flat_map(|layer| layer.marks(tick));
        let mut levels: Vec<_> =
            marks.map(|(concept, mark)| (concept, mark.level(tick, self.law(of.class())))).collect();
        levels.sort_unstable();
        levels
    }

    /// Returns the types that have marks at a tick, in order, with how many. The tick is not before that of the last
    /// change.
    pub fn types(&self, tick: Tick) -> Vec<(&Type, u64)> {
        let all = self.layers.iter().map(|(of, layer)| (of, layer.len(tick)));
        all.filter(|&(_, count)| count > 0).collect()
    }

    /// Returns how many marks there are at a tick that is not before that of the last change.
    pub fn len(&self, tick: Tick) -> u64 {
        self.layers.values().map(|layer| layer.len(tick)).sum()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self, tick: Tick) -> bool {
        self.len(tick) == 0
    }

    /// Returns the law of a class.
    pub(super) fn law(&self, class: Class) -> &Law {
        self.laws.of(class)
    }

    // Begins the changes of a tick: types without marks leave.
    fn begin(&mut self, tick: Tick) -> Result<()> {
        if tick < self.tick || tick > TICK_MAX {
            let reason = format!("the field stands at tick {} and cannot change at tick {tick}", self.tick);
            return Err(Error::BarrierFailed { reason });
        }
        self.tick = tick;
        self.layers.retain(|_, layer| {
            layer.settle(tick);
            layer.len(tick) > 0
        });
        Ok(())
    }

    // Removes the weakest marks if there are too many. That looks at all of them, and then there is room for a while.
    fn evict(&mut self, tick: Tick) -> u64 {
        let (count, most) = (self.len(tick) as usize, self.marks_max);
        if count <= most {
            return 0;
        }
        let weight = |of: &Type, mark: &Mark| (mark.level(tick, self.law(of.class())), mark.last);
        let types: Vec<&Type> = self.layers.keys().collect();
        let mut all = Vec::with_capacity(count);
        for (number, (of, layer)) in self.layers.iter().enumerate() {
            all.extend(layer.marks(tick).map(|(concept, mark)| (weight(of, mark), number, concept)));
        }
        let leaving = count - (most - most / 8);
        all.select_nth_unstable(leaving - 1);
        all.truncate(leaving);
        let leave: Vec<(Type, NodeId)> =
            all.into_iter().map(|(_, number, concept)| (types[number].clone(), concept)).collect();
        for (of, concept) in &leave {
            self.layers.get_mut(of).expect("its marks were counted").remove(*concept, tick);
        }
        leaving as u64
    }
}
