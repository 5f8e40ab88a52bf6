//! Types of signals and traces.

use crate::error::short;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The largest name of a type, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 64;

/// The name of the traces that digesters leave.
const DIGESTED: &str = "digested";

/// What a mark is for. Each class has its rate of decay and its threshold.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Deserialize, Serialize)]
pub enum Class {
    /// It says what is wanted.
    Signal,
    /// It says what was done.
    Trace,
}

/// A class with a name. Types are in the order of class and name.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Deserialize, Serialize)]
#[serde(try_from = "(Class, Box<str>)")]
pub struct Type {
    class: Class,
    name: Box<str>,
}

impl Type {
    /// Returns the type of a class with a name.
    ///
    /// # Errors
    /// [`Error::Config`] for a name without any bytes, or with more than [`NAME_BYTES_MAX`].
    pub fn new(class: Class, name: &str) -> Result<Type> {
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            let field = match class {
                Class::Signal => "signal",
                Class::Trace => "trace",
            };
            let accepted = format!("a name of 1 to {NAME_BYTES_MAX} bytes");
            return Err(Error::Config { field: field.into(), value: format!("`{}`", short(name)), accepted });
        }
        Ok(Type { class, name: name.into() })
    }

    /// Returns the type of the traces that digesters leave.
    pub fn digested() -> Type {
        Type { class: Class::Trace, name: DIGESTED.into() }
    }

    /// Returns its class.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl TryFrom<(Class, Box<str>)> for Type {
    type Error = String;

    fn try_from((class, name): (Class, Box<str>)) -> Result<Type, String> {
        Type::new(class, &name).map_err(|error| error.to_string())
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} `{}`", self.class, self.name)
    }
}
