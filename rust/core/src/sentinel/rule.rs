//! When a count departs from what was normal.

use super::past::Past;
use crate::{Error, Result};

/// Beats in the window that is judged.
pub const WINDOW: u32 = 10;
/// Beats before the first judgement.
pub const LEARNING: u32 = 40;
/// The fewest activations in the window that make an alarm.
pub const COUNT_MIN: u64 = 5;
/// The first beat of a silence in which a concept may fade.
pub const SILENCE_MIN: u32 = 12;
/// The last beat of a silence in which a concept may fade.
pub const SILENCE_MAX: u32 = 48;
/// Beats between one look at a silent concept and the next.
pub const SILENCE_STEP: u32 = 4;

/// How sure an alarm is, and how long the past is remembered.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// The least strength of an alarm of a concept or of new words.
    pub threshold: u32,
    /// The least strength of an alarm of a pair: there are more of them.
    pub pair_threshold: u32,
    /// How many times its normal share an entity must have.
    pub ratio: u32,
    /// Beats after which the past is halved.
    pub halving: u32,
}

impl Rule {
    /// For streams whose frequencies stay as they are.
    pub const STEADY: Rule = Rule { threshold: 30, pair_threshold: 40, ratio: 2, halving: 256 };
    /// For streams whose frequencies drift. Of pairs, whose ends both do, 40 tells of up to two too many in 1,000 ticks, and
    /// 50 misses one planted change in twenty.
    pub const DRIFTING: Rule = Rule { threshold: 40, pair_threshold: 45, ratio: 3, halving: 128 };

    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Config`] for the first one outside of what is accepted.
    pub fn validate(&self) -> Result<()> {
        let fields = [
            ("threshold", self.threshold, 1, 1 << 20),
            ("pair_threshold", self.pair_threshold, 1, 1 << 20),
            ("ratio", self.ratio, 1, 1 << 20),
            // With more, the sums of an entity would not fit into their 32 bits.
            ("halving", self.halving, 1, 1 << 12),
        ];
        match fields.into_iter().find(|&(_, value, low, high)| value < low || value > high) {
            None => Ok(()),
            Some((field, value, low, high)) => {
                let (field, accepted) = (field.to_owned(), format!("{low} to {high}"));
                Err(Error::Config { field, value: value.to_string(), accepted })
            }
        }
    }

    /// Returns how often the past was halved before `beat`, and in it.
    pub(super) fn halvings(&self, beat: u32) -> u32 {
        beat / self.halving
    }
}

/// The integers of one judgement: an entity's activations in a window and before it, of all activations.
///
/// The strength is G2 / phi. G2 is the log-likelihood ratio of [[k, n - k], [c, N - c]]. phi is how much more unevenly the
/// entity comes than by chance, and so how much less a departure says: (q - p^2 N2) / (p N) with p = (c + 1/2) / N, or
/// the same of the window if that is more, at least 1. Without the window, a rare concept that comes in a few copies of
/// one document departs from its past as much as one that comes again and again: on the tests' clumped stream there are
/// 58 alarms in 1,000 ticks instead of none. (With one phi for both together there are 2.)
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub struct Counts {
    /// k: its activations in the window.
    pub count: u64,
    /// The squares of its activations in each beat of the window, summed.
    pub count_squares: u64,
    /// n: all activations in the window.
    pub of: u64,
    /// The squares of all activations in each beat of the window, summed.
    pub of_squares: u128,
    /// c: its activations before the window.
    pub before: u64,
    /// q: the squares of its activations in each beat before the window, summed.
    pub squares: u64,
    /// N and N2: all activations before the window.
    pub past: Past,
}

impl Counts {
    /// Returns p, its normal share of all activations. Before the window there must have been any.
    pub fn share(&self) -> f64 {
        (self.before as f64 + 0.5) / self.past.sum as f64
    }

    /// Returns how many activations of it would be normal in the window.
    pub fn expected(&self) -> f64 {
        self.share() * self.of as f64
    }

    /// Returns how many times the normal count it has.
    pub fn ratio(&self) -> f64 {
        self.count as f64 / self.expected()
    }

    /// Returns phi: how unevenly it comes, at least 1.
    pub fn unevenness(&self) -> f64 {
        let before = uneven(self.squares, self.share(), self.past.sum, self.past.squares);
        if self.count == 0 {
            return before.max(1.0);
        }
        let share = self.count as f64 / self.of as f64;
        before.max(uneven(self.count_squares, share, self.of, self.of_squares)).max(1.0)
    }

    /// Returns G2 / phi: how strongly it departs from what was normal, in either direction.
    pub fn strength(&self) -> f64 {
        self.likelihood() / self.unevenness()
    }

    /// Returns the strength if it is seen more often than normal, else 0.
    pub(super) fn rise(&self) -> f64 {
        // The products are exact up to 2^53, and the same on every machine beyond.
        let more = self.count as f64 * self.past.sum as f64 > self.before as f64 * self.of as f64;
        if more { self.strength() } else { 0.0 }
    }

    /// Returns whether it is seen so much more often than normal that it is told.
    pub(super) fn rises(&self, threshold: u32, rule: &Rule) -> bool {
        self.count >= COUNT_MIN
            && self.count as f64 > f64::from(rule.ratio) * self.expected()
            && self.rise() > f64::from(threshold)
    }

    // Returns G2, the log-likelihood ratio of the table of counts.
    fn likelihood(&self) -> f64 {
        let (k, n, c, sum) = (self.count as f64, self.of as f64, self.before as f64, self.past.sum as f64);
        let share = (k + c) / (n + sum);
        let cell = |count: f64, expected: f64| if count > 0.0 { count * libm::log(count / expected) } else { 0.0 };
        let of_it = cell(k, n * share) + cell(c, sum * share);
        let of_others = cell(n - k, n * (1.0 - share)) + cell(sum - c, sum * (1.0 - share));
        2.0 * (of_it + of_others)
    }
}

// Returns how many times its variance by chance an entity has, whose squares and share of all are given.
fn uneven(squares: u64, share: f64, all: u64, all_squares: u128) -> f64 {
    (squares as f64 - share * share * all_squares as f64) / (share * all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(count: u64, of: u64, before: u64, squares: u64, sum: u64, square_sum: u128) -> Counts {
        let past = Past { beats: 100, sum, squares: square_sum };
        // All activations in the window come one in a beat, of an infinity of beats.
        Counts { count, count_squares: count, of, of_squares: 0, before, squares, past }
    }

    // By hand: 2 (12 ln(12 / 5.6364) + 988 ln(988 / 994.3636) + 50 ln(50 / 56.3636) + 9950 ln(9950 / 9943.6364)).
    #[test]
    fn the_strength_is_the_log_likelihood_ratio_over_the_unevenness() {
        let table = counts(12, 1000, 50, 50, 10_000, 1_000_000);
        assert!((table.strength() - 6.200_785).abs() < 1e-6, "{}", table.strength());
        assert_eq!(table.unevenness(), 1.0);
        assert_eq!(table.share(), 50.5 / 10_000.0);
        let before = Counts { squares: 500, ..table };
        let phi = (500.0 - 50.5 * 50.5 / 100.0) / 50.5;
        assert!((before.unevenness() - phi).abs() < 1e-12);
        assert!((before.strength() * phi - table.strength()).abs() < 1e-9);
        // Twelve in one of ten beats.
        let now = Counts { count_squares: 144, of_squares: 100_000, ..before };
        assert!((now.unevenness() - (144.0 - 14.4) / 12.0).abs() < 1e-12);
        assert!((table.expected() - 5.05).abs() < 1e-12);
        assert!((table.ratio() - 12.0 / 5.05).abs() < 1e-12);
    }

    #[test]
    fn an_equal_share_has_no_strength_and_fewer_do_not_rise() {
        assert!(counts(5, 1000, 50, 50, 10_000, 1_000_000).strength().abs() < 1e-9);
        let fewer = counts(0, 10_000, 50, 50, 10_000, 1_000_000);
        assert!(fewer.strength() > 30.0);
        assert_eq!(fewer.rise(), 0.0);
    }

    #[test]
    fn a_rule_outside_of_its_bounds_is_refused() {
        assert_eq!(Rule::STEADY.validate(), Ok(()));
        assert_eq!(Rule::DRIFTING.validate(), Ok(()));
        let error = Rule { halving: 0, ..Rule::STEADY }.validate().unwrap_err();
        assert_eq!(error.to_string(), "`halving` is 0; accepted is 1 to 4096");
        assert!(Rule { ratio: 0, ..Rule::STEADY }.validate().is_err());
    }

    #[test]
    fn an_alarm_needs_a_count_a_ratio_and_a_strength() {
        let rule = Rule::STEADY;
        assert!(counts(5, 100, 0, 0, 10_000, 1_000_000).rises(30, &rule));
        assert!(!counts(4, 10, 0, 0, 10_000, 1_000_000).rises(30, &rule));
        // Strong, and hardly more than normal.
        assert!(!counts(1900, 10_000, 1000, 10_000, 10_000, 1_000_000).rises(30, &rule));
        assert!(!counts(12, 1000, 50, 50, 10_000, 1_000_000).rises(30, &rule));
        // All activations, before and now.
        assert_eq!(counts(10, 10, 10_000, 1_000_000, 10_000, 1_000_000).rise(), 0.0);
    }
}
