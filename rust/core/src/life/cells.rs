//! Columns of what agents keep.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// What a column holds.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub enum Type {
    /// Integers of 64 bits.
    Int,
    /// Finite numbers of 64 bits.
    Real,
    /// Yes or no.
    Flag,
    /// Concepts, by id; 0 for none.
    Concept,
}

/// A column: a value for each agent of a kind.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub enum Cells {
    /// Of [`Type::Int`].
    Int(Vec<i64>),
    /// Of [`Type::Real`].
    Real(Vec<f64>),
    /// Of [`Type::Flag`].
    Flag(Vec<bool>),
    /// Of [`Type::Concept`].
    Concept(Vec<u128>),
}

// Does the same with the values of whichever type.
macro_rules! with {
    ($cells:expr, $values:ident => $do:expr) => {
        match $cells {
            Cells::Int($values) => $do,
            Cells::Real($values) => $do,
            Cells::Flag($values) => $do,
            Cells::Concept($values) => $do,
        }
    };
    ($cells:expr, $other:expr, $values:ident, $more:ident => $do:expr) => {
        match ($cells, $other) {
            (Cells::Int($values), Cells::Int($more)) => $do,
            (Cells::Real($values), Cells::Real($more)) => $do,
            (Cells::Flag($values), Cells::Flag($more)) => $do,
            (Cells::Concept($values), Cells::Concept($more)) => $do,
            _ => panic!("columns of two types"),
        }
    };
}

impl Cells {
    /// Returns a column without values.
    pub fn new(of: Type) -> Cells {
        match of {
            Type::Int => Cells::Int(Vec::new()),
            Type::Real => Cells::Real(Vec::new()),
            Type::Flag => Cells::Flag(Vec::new()),
            Type::Concept => Cells::Concept(Vec::new()),
        }
    }

    /// Returns what it holds.
    pub fn of(&self) -> Type {
        match self {
            Cells::Int(_) => Type::Int,
            Cells::Real(_) => Type::Real,
            Cells::Flag(_) => Type::Flag,
            Cells::Concept(_) => Type::Concept,
        }
    }

    /// Returns how many values it has.
    pub fn len(&self) -> usize {
        with!(self, values => values.len())
    }

    /// Returns whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Refuses a column of another type or length, or with a number that is not finite.
    ///
    /// # Errors
    /// [`Error::Config`] naming the column.
    pub(super) fn check(&self, name: &str, of: Type, len: usize) -> Result<()> {
        let refuse = |value: String, accepted: String| Err(Error::Config { field: name.into(), value, accepted });
        if self.of() != of {
            return refuse(format!("{:?}", self.of()), format!("{of:?}"));
        }
        if self.len() != len {
            return refuse(format!("{} values", self.len()), format!("{len}, one for each agent"));
        }
        let Cells::Real(values) = self else { return Ok(()) };
        match values.iter().find(|value| !value.is_finite()) {
            None => Ok(()),
            Some(value) => refuse(value.to_string(), "a finite number".into()),
        }
    }

    /// Adds the values of another column of the same type.
    pub(super) fn append(&mut self, more: &Cells) {
        with!(self, more, values, more => values.extend_from_slice(more));
    }

    /// Sets the values of these rows.
    pub(super) fn set(&mut self, rows: &[u32], to: &Cells) {
        with!(self, to, values, to => rows.iter().zip(to).for_each(|(&row, to)| values[row as usize] = *to));
    }

    /// Takes the values of these rows, in this order.
    pub(super) fn pick(&mut self, rows: &[u32]) {
        with!(self, values => *values = rows.iter().map(|&row| values[row as usize]).collect());
    }
}
