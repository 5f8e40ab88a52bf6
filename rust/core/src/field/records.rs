//! The field as plain records, in one order: what a digest hashes and a checkpoint keeps.

use super::kind::Type;
use super::law::{AMOUNT_MAX, Laws};
use super::layer::{Layer, Mark};
use super::marks::{Field, TYPES_MAX};
use crate::ids::{NodeId, Tick};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// A mark.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Record {
    /// Its type.
    pub of: Type,
    /// The concept that it is on.
    pub concept: NodeId,
    /// The amount at `last`, in units of 2^-24.
    pub amount: u64,
    /// The tick of the last emission.
    pub last: Tick,
}

impl Field {
    /// Returns the marks that stand at a tick, by type and id. They are a function of what was emitted, whatever is still
    /// in memory.
    pub fn records(&self, tick: Tick) -> Vec<Record> {
        let mut records: Vec<Record> = Vec::new();
        for (of, layer) in &self.layers {
            let first = records.len();
            let record = |(concept, mark): (NodeId, &Mark)| Record {
                of: of.clone(),
                concept,
                amount: mark.amount,
                last: mark.last,
            };
            records.extend(layer.marks(tick).map(record));
            records[first..].sort_unstable_by_key(|record| record.concept);
        }
        records
    }

    /// Makes a field, which is to have at most `marks_max` marks, of the records of a tick.
    ///
    /// # Errors
    /// [`Error::Wire`] for records that are out of order, or that no field has at this tick; those of [`Field::new`].
    pub fn read(laws: Laws, marks_max: usize, tick: Tick, records: &[Record]) -> Result<Field> {
        let odd = |reason: &str| Err(Error::Wire { what: "field", reason: reason.into() });
        if !records.is_sorted_by(|one, next| (&one.of, one.concept) < (&next.of, next.concept)) {
            return odd("its marks are out of order");
        }
        let mut field = Field::new(laws, marks_max)?;
        for of_type in records.chunk_by(|one, next| one.of == next.of) {
            let (of, mut layer) = (&of_type[0].of, Layer::default());
            for record in of_type {
                if record.last > tick || !(1..=AMOUNT_MAX).contains(&record.amount) {
                    return odd("a mark has an amount or a tick that no emission gives it");
                }
                let mark = Mark::new(record.amount, record.last, field.law(of.class()));
                layer.put(record.concept, mark, record.last);
                if layer.get(record.concept, tick).is_none() {
                    return odd("a mark is gone");
                }
            }
            field.layers.insert(of.clone(), layer);
        }
        if field.layers.len() > TYPES_MAX || records.len() > marks_max {
            return odd("it has too many types or marks");
        }
        field.tick = tick;
        Ok(field)
    }
}
