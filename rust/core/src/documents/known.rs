//! A document that stands, or is about to, as its caller gave it.

use super::{Body, Vector};
use std::ops::Deref;

/// A body with its vector, wherever that is kept.
#[derive(Copy, Clone, Debug)]
pub struct Known<'a> {
    /// The body; of one that stands in a shard without its vector.
    pub body: &'a Body,
    vector: Option<&'a [i8]>,
}

impl<'a> Known<'a> {
    /// Returns a body whose vector is kept beside it.
    pub(super) fn new(body: &'a Body, vector: Option<&'a [i8]>) -> Known<'a> {
        Known { body, vector }
    }

    /// Returns its vector.
    pub fn vector(&self) -> Option<Vector> {
        self.vector.map(|values| Vector::of_kept(values).expect("it was a vector when it came"))
    }

    /// Returns a copy of the whole body.
    pub fn whole(&self) -> Body {
        Body { vector: self.vector(), ..self.body.clone() }
    }

    /// Returns whether another body has the same fields. With the same id it is the same document.
    pub fn says_the_same(&self, other: &Body) -> bool {
        self.body.expires == other.expires && self.differs_in_lifetime_at_most(other)
    }

    /// Returns whether another body has the same fields, but for the lifetime.
    pub fn differs_in_lifetime_at_most(&self, other: &Body) -> bool {
        self.vector == other.vector.as_ref().map(Vector::values) && self.differs_in_lifetime_and_vector_at_most(other)
    }

    /// Returns whether another body has the same fields, but for lifetime and vector.
    pub fn differs_in_lifetime_and_vector_at_most(&self, other: &Body) -> bool {
        !self.body.differs_beside_lifetime_and_vector(other)
    }
}

impl<'a> From<&'a Body> for Known<'a> {
    fn from(body: &'a Body) -> Known<'a> {
        Known { body, vector: body.vector.as_ref().map(Vector::values) }
    }
}

impl Deref for Known<'_> {
    type Target = Body;

    fn deref(&self) -> &Body {
        self.body
    }
}
