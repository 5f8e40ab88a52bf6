//! What is learned of one entity.

use super::rule::{Rule, WINDOW};

// The most activations of one entity in one beat that count.
const SEEN_MAX: u16 = u16::MAX;

/// How often an entity was activated, as it stands at one beat.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Sums {
    /// The beat.
    pub(super) last: u32,
    /// c: activations before the window that ends with that beat, halved every so many beats.
    pub(super) before: u32,
    /// q: the squares of the activations of each of those beats, halved too.
    pub(super) squares: u64,
    // Activations in the window, by beat modulo its length.
    seen: [u16; WINDOW as usize],
}

/// Returns what is known of an entity at each beat that activated it. `beats` has them in order, once an activation.
pub(super) fn course(beats: &[u32], rule: &Rule) -> impl Iterator<Item = Sums> {
    let mut sums = Sums::default();
    beats.chunk_by(|one, next| one == next).map(move |same| {
        sums = sums.at(same[0], rule);
        sums.seen[place(sums.last)] = u16::try_from(same.len()).unwrap_or(SEEN_MAX);
        sums
    })
}

impl Sums {
    /// Returns it as it stands at a later beat, in which it was not activated: what leaves the window joins the past, and
    /// the past is halved at the beginning of some.
    pub(super) fn at(&self, beat: u32, rule: &Rule) -> Sums {
        let mut sums = *self;
        // After these beats the window is empty, and only the halvings are left.
        let leaving = beat.min(self.last + WINDOW);
        for next in self.last + 1..=leaving {
            sums.halve(rule.halvings(next) - rule.halvings(next - 1));
            let gone = std::mem::take(&mut sums.seen[place(next)]);
            sums.before += u32::from(gone);
            sums.squares += square(gone);
        }
        sums.halve(rule.halvings(beat) - rule.halvings(leaving));
        sums.last = beat;
        sums
    }

    /// Returns k, the activations in the window.
    pub(super) fn count(&self) -> u64 {
        self.seen.iter().map(|&seen| u64::from(seen)).sum()
    }

    /// Returns the squares of the activations of each beat in the window, summed.
    pub(super) fn count_squares(&self) -> u64 {
        self.seen.iter().map(|&seen| square(seen)).sum()
    }

    /// Returns the first beat of the window in which it was activated; its last beat if in no other.
    pub(super) fn since(&self) -> u32 {
        let first = self.last.saturating_sub(WINDOW - 1);
        (first..self.last).find(|&beat| self.seen[place(beat)] > 0).unwrap_or(self.last)
    }

    fn halve(&mut self, times: u32) {
        self.before = self.before.checked_shr(times).unwrap_or(0);
        self.squares = self.squares.checked_shr(times).unwrap_or(0);
    }
}

fn square(seen: u16) -> u64 {
    u64::from(seen) * u64::from(seen)
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
            let (mut seen, mut beats, mut beat) = (Vec::new(), Vec::new(), 0);
            for (gap, activations) in steps {
                beat += gap;
                seen.push((beat, activations));
                beats.extend(std::iter::repeat_n(beat, activations.into()));
            }
            let course: Vec<Sums> = course(&beats, &rule).collect();
            prop_assert_eq!(course.len(), seen.len());
            for (number, now) in course.iter().enumerate() {
                let (until, beat) = (&seen[..=number], seen[number].0);
                prop_assert_eq!(now.last, beat);
                prop_assert_eq!((now.before, now.squares, now.count()), naive(until, beat, &rule));
                let squares = until.iter().filter(|entry| entry.0 + WINDOW > beat).map(|entry| square(entry.1));
                prop_assert_eq!(now.count_squares(), squares.sum::<u64>());
                prop_assert_eq!(now.since(), until.iter().find(|entry| entry.0 + WINDOW > beat).unwrap().0);
            }
            let later = course[course.len() - 1].at(beat + ahead, &rule);
            prop_assert_eq!((later.before, later.squares, later.count()), naive(&seen, beat + ahead, &rule));
        }
    }

    #[test]
    fn more_than_the_most_in_a_beat_does_not_count() {
        let beats = [7; SEEN_MAX as usize + 2];
        let counts: Vec<u64> = course(&beats, &Rule::STEADY).map(|sums| sums.count()).collect();
        assert_eq!(counts, [u64::from(SEEN_MAX)]);
    }

    #[test]
    fn a_past_of_any_age_is_halved_to_nothing() {
        let sums = Sums { last: 1, before: u32::MAX >> 1, squares: u64::MAX >> 1, ..Sums::default() };
        let late = sums.at(u32::MAX, &Rule { halving: 1, ..Rule::STEADY });
        assert_eq!((late.before, late.squares, late.count()), (0, 0, 0));
    }
}
