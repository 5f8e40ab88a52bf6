//! What was before a window.

/// All activations of the beats before a window, halved every so many beats.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Ord, PartialOrd)]
pub struct Past {
    /// How many beats, halved too.
    pub beats: u32,
    /// N: their activations.
    pub sum: u64,
    /// N2: the squares of the activations of each, summed.
    pub squares: u128,
}

impl Past {
    pub(super) fn add(&mut self, activations: u64) {
        self.beats += 1;
        self.sum += activations;
        self.squares += square(activations);
    }

    pub(super) fn halve(&mut self, times: u32) {
        self.beats = self.beats.checked_shr(times).unwrap_or(0);
        self.sum = self.sum.checked_shr(times).unwrap_or(0);
        self.squares = self.squares.checked_shr(times).unwrap_or(0);
    }
}

pub(super) fn square(activations: u64) -> u128 {
    u128::from(activations) * u128::from(activations)
}
