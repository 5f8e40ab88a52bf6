//! What is learned of one entity.

use super::rule::{COUNT_MIN, Counts, Rule, WINDOW};
use serde::{Deserialize, Serialize};

/// The most activations of one entity in one beat that count.
pub const SEEN_MAX: u16 = u16::MAX;

/// Whether something was told of an entity, which is then not told again.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub enum State {
    /// Nothing, or it is normal again.
    #[default]
    Quiet,
    /// That it is seen more often than normal.
    Raised,
    /// That it is not seen any more.
    Faded,
}

/// How often an entity was activated, as it stands at the beat of its last activation. Later values are computed when
/// they are read.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Sums {
    /// The beat of the last activation.
    pub last: u32,
    /// c: activations before the window that ends with that beat, halved every so many beats.
    pub before: u32,
    /// q: the squares of the activations of each of those beats, halved too.
    pub squares: u64,
    /// Activations in the window, by beat modulo [`WINDOW`].
    pub seen: [u16; WINDOW as usize],
    /// What was told of it.
    pub state: State,
}

impl Sums {
    /// Returns what is known of an entity at `beat`, if nothing was before.
    pub(super) fn new(beat: u32) -> Sums {
        Sums { last: beat, ..Sums::default() }
    }

    /// Returns it as it stands at a later beat, in which it was not activated yet: what leaves the window joins the
    /// past, and the past is halved at the beginning of some.
    pub(super) fn at(&self, beat: u32, rule: &Rule) -> Sums {
        let mut sums = *self;
        // After these beats the window is empty, and only the halvings are left.
        let leaving = beat.min(self.last.saturating_add(WINDOW));
        for next in self.last + 1..=leaving {
            sums.halve(rule.halvings(next) - rule.halvings(next - 1));
            let gone = std::mem::take(&mut sums.seen[place(next)]);
            // They reach no bound in a colony; sums that were read from somewhere might.
            sums.before = sums.before.saturating_add(gone.into());
            sums.squares = sums.squares.saturating_add(u64::from(gone) * u64::from(gone));
        }
        sums.halve(rule.halvings(beat) - rule.halvings(leaving));
        sums.last = beat;
        sums
    }

    /// Adds activations in its last beat; what a beat has beyond [`SEEN_MAX`] does not count.
    pub(super) fn add(&mut self, activations: u64) {
        // What was not seen for a whole window was normal meanwhile, and what has faded is back.
        if self.count() == 0 || self.state == State::Faded {
            self.state = State::Quiet;
        }
        let seen = &mut self.seen[place(self.last)];
        *seen = u64::from(*seen).saturating_add(activations).min(SEEN_MAX.into()) as u16;
    }

    /// Returns whether [`Sums::turns`] may change it or tell of it. Of most entities it does not.
    pub(super) fn may_turn(&self) -> bool {
        self.state == State::Raised || self.count() >= COUNT_MIN
    }

    /// Judges whether it rises. Returns whether that is to be told: when it begins, and again only after it fell below
    /// half.
    pub(super) fn turns(&mut self, counts: &Counts, threshold: u32, rule: &Rule) -> bool {
        if self.state == State::Raised {
            if counts.rise() < f64::from(threshold) / 2.0 {
                self.state = State::Quiet;
            }
            return false;
        }
        let rises = counts.rises(threshold, rule);
        if rises {
            self.state = State::Raised;
        }
        rises
    }

    /// Returns k, the activations in the window.
    pub fn count(&self) -> u64 {
        self.seen.iter().map(|&seen| u64::from(seen)).sum()
    }

    /// Returns the squares of the activations of each beat in the window, summed.
    pub(super) fn count_squares(&self) -> u64 {
        self.seen.iter().map(|&seen| u64::from(seen) * u64::from(seen)).sum()
    }

    /// Returns the activations in its last beat, which are never none.
    pub(super) fn seen_last(&self) -> u16 {
        self.seen[place(self.last)]
    }

    /// Returns the first beat of the window in which it was activated.
    pub(super) fn since(&self) -> u32 {
        let first = self.last.saturating_sub(WINDOW - 1);
        (first..self.last).find(|&beat| self.seen[place(beat)] > 0).unwrap_or(self.last)
    }

    /// Returns how often the past must be halved until nothing is left of it, or more: never so few that it may still be
    /// in a window.
    pub(super) fn gone(&self, rule: &Rule) -> u32 {
        // All of it joins the past by then, and halving a number as often as it has bits leaves nothing.
        let squares = self.squares.saturating_add(self.count_squares());
        rule.halvings(self.last.saturating_add(WINDOW)) + (u64::BITS - squares.leading_zeros()).max(1)
    }

    fn halve(&mut self, times: u32) {
        self.before = self.before.checked_shr(times).unwrap_or(0);
        self.squares = self.squares.checked_shr(times).unwrap_or(0);
    }
}

fn place(beat: u32) -> usize {
    (beat % WINDOW) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // The definition: beat by beat, every beat looked at.
    fn naive(seen: &[(u32, u16)], at: u32, rule: &Rule) -> (u32, u64, u64) {
        let of = |beat: u32| seen.iter().filter(|entry| entry.0 == beat).map(|entry| entry.1).sum::<u16>();
        let (mut before, mut squares) = (0, 0);
        for beat in 1..=at {
            if beat % rule.halving == 0 {
                before /= 2;
                squares /= 2;
            }
            let gone = if beat > WINDOW { of(beat - WINDOW) } else { 0 };
            before += u32::from(gone);
            squares += u64::from(gone) * u64::from(gone);
        }
        let window = (1.max(at.saturating_sub(WINDOW - 1))..=at).map(|beat| u64::from(of(beat))).sum();
        (before, squares, window)
    }

    proptest! {
        #[test]
        fn what_is_computed_when_read_is_what_every_beat_would_have_made(
            steps in prop::collection::vec((1u32..40, 1u16..9), 1..30), ahead in 0u32..200, halving in 1u32..60,
        ) {
            let rule = Rule { halving, ..Rule::STEADY };
            let (mut seen, mut sums, mut beat) = (Vec::new(), None::<Sums>, 0);
            for (gap, activations) in steps {
                beat += gap;
                let mut now = sums.map_or(Sums::new(beat), |sums| sums.at(beat, &rule));
                now.add(activations.into());
                seen.push((beat, activations));
                sums = Some(now);
                prop_assert_eq!((now.before, now.squares, now.count()), naive(&seen, beat, &rule));
                let first = seen.iter().find(|entry| entry.0 + WINDOW > beat).unwrap().0;
                prop_assert_eq!(now.since(), first);
            }
            let now = sums.unwrap();
            let later = now.at(beat + ahead, &rule);
            prop_assert_eq!((later.before, later.squares, later.count()), naive(&seen, beat + ahead, &rule));
            let gone = now.gone(&rule) * halving;
            prop_assert!(gone > beat + WINDOW - 1);
            prop_assert_eq!(naive(&seen, gone, &rule), (0, 0, 0));
        }
    }

    #[test]
    fn more_than_the_most_in_a_beat_does_not_count() {
        let mut sums = Sums::new(7);
        sums.add(SEEN_MAX.into());
        sums.add(u64::MAX);
        assert_eq!(sums.count(), u64::from(SEEN_MAX));
    }

    #[test]
    fn a_past_of_any_age_is_halved_to_nothing() {
        let mut sums = Sums { before: u32::MAX, squares: u64::MAX, ..Sums::new(1) };
        sums.add(1);
        let late = sums.at(u32::MAX, &Rule { halving: 1, ..Rule::STEADY });
        assert_eq!((late.before, late.squares, late.count()), (0, 0, 0));
    }
}
