//! What all vectors of a colony have in common.

use crate::documents::Body;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The largest name of a model, in bytes of UTF-8.
pub const MODEL_BYTES_MAX: usize = 512;

/// How many numbers each vector has, as the first one fixed it, and the model that makes them, if the colony was told
/// its name. Vectors of others cannot be compared with these, so both stay as they are once they are known.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Space {
    pub(super) dimension: Option<u32>,
    pub(super) model: Option<Box<str>>,
}

impl Space {
    /// Returns how many numbers each vector has, if there ever was one.
    pub fn dimension(&self) -> Option<u32> {
        self.dimension
    }

    /// Returns the name of the model, if it was told.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Takes over the vector of a document that comes.
    pub fn meet(&mut self, body: &Body) {
        self.dimension = self.dimension.or(body.vector.as_ref().map(|vector| vector.dimension()));
    }

    /// Refuses a document whose vector has another number of numbers.
    ///
    /// # Errors
    /// [`Error::InvalidDocument`] with this index.
    pub fn admit(&self, body: &Body, index: usize) -> Result<()> {
        match (self.dimension, body.vector.as_ref().map(|vector| vector.dimension())) {
            (Some(known), Some(given)) if known != given => {
                let reason = format!("has {given} numbers; accepted are {known}, as the colony's vectors have");
                let id = body.key.as_deref().map(str::to_owned);
                Err(Error::InvalidDocument { index, id, field: "vector".into(), reason })
            }
            _ => Ok(()),
        }
    }

    /// Refuses a question's vector that cannot be compared with those of the colony.
    ///
    /// # Errors
    /// [`Error::Config`] naming `vector`.
    pub fn compare(&self, dimension: u32) -> Result<()> {
        match self.dimension {
            Some(known) if known != dimension => Err(Error::Config {
                field: "vector".into(),
                value: format!("one of {dimension} numbers"),
                accepted: format!("{known}, as the colony's vectors have"),
            }),
            _ => Ok(()),
        }
    }

    /// Refuses the name of another model.
    ///
    /// # Errors
    /// [`Error::Config`] naming `model`.
    pub fn check_model(&self, model: &str) -> Result<()> {
        let refused = |value: String, accepted: String| Err(Error::Config { field: "model".into(), value, accepted });
        if model.is_empty() || model.len() > MODEL_BYTES_MAX {
            return refused(format!("a name of {} bytes", model.len()), format!("1 to {MODEL_BYTES_MAX}"));
        }
        match self.model() {
            Some(known) if known != model => {
                refused(format!("`{model}`"), format!("`{known}`, which made the colony's vectors"))
            }
            _ => Ok(()),
        }
    }
}
