//! Vectors of callers' own, as a colony keeps them: whole numbers, of which only the direction counts.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most numbers of a vector: a dot product of two vectors fits into 32 bits.
pub const DIMENSION_MAX: usize = 1 << 16;

/// The largest number of a vector as it is kept.
const VALUE_MAX: i8 = 127;

/// A vector in fixed point: the number farthest from 0 is 127 or -127, the others are in proportion to it. So a vector
/// of the same direction is the same vector, and what is kept is kept again as it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Vector(Box<[i8]>);

impl Vector {
    /// Returns a vector of numbers of any scale, rounded.
    ///
    /// # Errors
    /// The reason, worded to follow the name of the field: there is no number or more than [`DIMENSION_MAX`], one is
    /// not finite, or all are 0.
    pub fn new(values: &[f64]) -> Result<Vector, String> {
        if values.is_empty() || values.len() > DIMENSION_MAX {
            return Err(format!("has {} numbers; accepted are 1 to {DIMENSION_MAX}", values.len()));
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(format!("has {} at index {place}; accepted are finite numbers", values[place]));
        }
        let largest = values.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
        if largest == 0.0 {
            return Err("has no number but 0; accepted is a vector with a direction".into());
        }
        // A share of the largest number first, so that no scale overflows or vanishes.
        Ok(Vector(values.iter().map(|value| (value / largest * f64::from(VALUE_MAX)).round() as i8).collect()))
    }

    /// Returns a vector that was kept.
    ///
    /// # Errors
    /// As [`Vector::new`], for numbers that no vector has.
    pub fn of_kept(values: &[i8]) -> Result<Vector, String> {
        match values.iter().all(|value| *value >= -VALUE_MAX) {
            true if values.len() <= DIMENSION_MAX && values.iter().any(|value| *value != 0) => {
                Ok(Vector(values.into()))
            }
            _ => Err("is no vector that was kept".into()),
        }
    }

    /// Returns its numbers.
    pub fn values(&self) -> &[i8] {
        &self.0
    }

    /// Returns how many numbers it has.
    pub fn dimension(&self) -> u32 {
        self.0.len() as u32
    }

    /// Returns the bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    /// Returns the canonical bytes, for digests.
    pub fn encode(&self) -> Vec<u8> {
        self.0.iter().map(|value| value.to_le_bytes()[0]).collect()
    }
}

/// Returns the sum of the squares of a vector's numbers.
pub fn square(values: &[i8]) -> u32 {
    values.iter().map(|value| u32::from(value.unsigned_abs()).pow(2)).sum()
}

impl Serialize for Vector {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.encode())
    }
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let bytes: Vec<u8> = crate::bytes::deserialize(from)?;
        let values: Vec<i8> = bytes.into_iter().map(|byte| i8::from_le_bytes([byte])).collect();
        Vector::of_kept(&values).map_err(|reason| D::Error::custom(format!("a vector {reason}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_direction_counts_and_what_is_kept_is_kept_again_as_it_is() {
        let small = Vector::new(&[0.5e-300, -1e-300, 0.3e-300]).unwrap();
        assert_eq!(small.values(), [64, -127, 38]);
        for scale in [1.0, 7.3, 1e300] {
            let values: Vec<f64> = small.values().iter().map(|value| f64::from(*value) * scale).collect();
            assert_eq!(Vector::new(&values).unwrap(), small, "{scale}");
        }
        let crossed: Vector = postcard::from_bytes(&postcard::to_allocvec(&small).unwrap()).unwrap();
        assert_eq!(crossed, small);
    }

    #[test]
    fn what_has_no_direction_is_refused() {
        for (values, reason) in [
            (vec![], "has 0 numbers"),
            (vec![0.0; DIMENSION_MAX + 1], "has 65537 numbers"),
            (vec![0.0, -0.0], "no number but 0"),
            (vec![1.0, f64::NAN], "has NaN at index 1"),
            (vec![f64::INFINITY], "has inf at index 0"),
        ] {
            assert!(Vector::new(&values).unwrap_err().contains(reason), "{reason}");
        }
        for bytes in [vec![2u8, 0, 0], vec![1, 0x80], vec![0]] {
            assert!(postcard::from_bytes::<Vector>(&bytes).is_err(), "{bytes:?}");
        }
    }
}
