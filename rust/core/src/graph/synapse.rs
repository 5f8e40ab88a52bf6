//! A directed synapse and its fixed-point weight.

use serde::{Deserialize, Serialize};

/// A weight of 1 in fixed point (2^-24).
pub const ONE: u32 = 1 << 24;

/// What one co-occurrence adds: 0.1 in fixed point.
pub const GAIN: u32 = 1_677_722;

/// A directed synapse as its last activation left it; later values are computed when they are read.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Synapse {
    /// The term index of the node it leads to.
    pub target: u32,
    /// The weight at `last`, in units of 2^-24, at most [`ONE`].
    pub weight: u32,
    /// The tick of the last activation.
    pub last: u32,
    /// The tick that made it.
    pub created: u32,
    /// Documents that activated it since it was made.
    pub co_activations: u32,
}

impl Synapse {
    /// Returns the synapse that `documents` co-occurrences make in tick `now`.
    pub fn new(target: u32, documents: u32, now: u32) -> Self {
        Synapse { target, weight: strengthened(0, documents), last: now, created: now, co_activations: documents }
    }
}

/// Returns a weight after `documents` gains, clipped at [`ONE`] after all of them.
pub fn strengthened(weight: u32, documents: u32) -> u32 {
    (u64::from(weight) + u64::from(documents) * u64::from(GAIN)).min(u64::from(ONE)) as u32
}

/// Returns a weight after `times` reinforcements of `gain` each, clipped at [`ONE`] after all of them.
pub fn reinforced(weight: u32, times: u64, gain: u32) -> u32 {
    u64::from(weight).saturating_add(times.saturating_mul(gain.into())).min(u64::from(ONE)) as u32
}

/// Returns a weight between 0 and 1 in fixed point, rounded half up.
pub fn to_fixed(weight: f64) -> u32 {
    (weight * f64::from(ONE) + 0.5) as u32
}

/// Returns a fixed-point weight as a number between 0 and 1.
pub fn from_fixed(weight: u32) -> f64 {
    f64::from(weight) / f64::from(ONE)
}
