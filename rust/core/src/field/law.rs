//! Decay of a mark in closed form: a share `rate` of it is lost in a tick, so that a mark of `a` is a * (1 - rate)^s
//! after s ticks, computed as a * exp(s ln(1 - rate)). It is gone from the first tick after its last emission at which
//! that is below the threshold of its class.

use super::kind::Class;
use crate::config::ColonyConfig;
use crate::ids::TICK_MAX;
use crate::{Error, Result};

/// An amount of 1 in fixed point (2^-24).
pub const ONE: u64 = 1 << 24;
/// The largest amount of a mark, 65,536, in fixed point. What is emitted beyond does not count.
pub const AMOUNT_MAX: u64 = ONE << 16;

// The last tick at which a mark may be gone.
const LAST: u64 = TICK_MAX + 1;

/// Returns an amount in fixed point, rounded half up, and at least one unit.
///
/// # Errors
/// [`Error::Config`] for an amount that is not above 0, or above 65,536.
pub fn to_fixed(amount: f64) -> Result<u64> {
    let fixed = (amount * ONE as f64 + 0.5) as u64;
    if amount > 0.0 && fixed <= AMOUNT_MAX {
        return Ok(fixed.max(1));
    }
    let accepted = format!("above 0, and at most {}", AMOUNT_MAX / ONE);
    Err(Error::Config { field: "amount".into(), value: amount.to_string(), accepted })
}

/// Returns a fixed-point amount as a number.
pub fn from_fixed(amount: u64) -> f64 {
    amount as f64 / ONE as f64
}

/// The laws by which signals and traces fade.
#[derive(Clone, Debug, PartialEq)]
pub struct Laws {
    signal: Law,
    trace: Law,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Law {
    // The logarithm of what is left after a tick: 0 for no decay, negative infinity if nothing is left.
    left: f64,
    threshold: f64,
}

impl Laws {
    /// Returns the laws of a config.
    pub fn new(config: &ColonyConfig) -> Laws {
        let law = |rate: f64, threshold| Law { left: libm::log1p(-rate), threshold };
        Laws {
            signal: law(config.signal_decay_rate, config.signal_removal_threshold),
            trace: law(config.trace_decay_rate, config.trace_removal_threshold),
        }
    }

    pub(super) fn of(&self, class: Class) -> &Law {
        match class {
            Class::Signal => &self.signal,
            Class::Trace => &self.trace,
        }
    }
}

impl Law {
    /// Returns what is left of an amount after so many ticks, in fixed point, rounded down.
    pub(super) fn level(&self, amount: u64, ticks: u64) -> u64 {
        // Without decay, 0 ticks and nothing left would be 0 times infinity.
        if ticks == 0 { amount } else { (amount as f64 * libm::exp(self.left * ticks as f64)) as u64 }
    }

    /// Returns the first tick at which an amount emitted at `last` is gone, or `None` if that is never, or after the
    /// last tick.
    ///
    /// The logarithm gives an estimate; where its rounding reaches another tick, reading decides.
    pub(super) fn gone_at(&self, amount: u64, last: u64) -> Option<u64> {
        let latest = LAST.checked_sub(last).filter(|&ticks| ticks > 0 && self.is_gone(amount, ticks))?;
        // Below one unit nothing is left, however low the threshold.
        let floor = self.threshold.max(1.0 / ONE as f64);
        let estimate = libm::ceil(libm::log(floor / from_fixed(amount)) / self.left);
        let guess = if estimate.is_finite() { (estimate.max(1.0) as u64).min(latest) } else { 1 };
        let first = [guess, guess + 1, guess.saturating_sub(1).max(1)]
            .into_iter()
            .find(|&ticks| self.is_gone(amount, ticks) && (ticks == 1 || !self.is_gone(amount, ticks - 1)));
        Some(last + first.unwrap_or_else(|| self.first_gone(amount, latest)))
    }

    // Returns the same by halving the interval; at `gone` it is gone.
    fn first_gone(&self, amount: u64, mut gone: u64) -> u64 {
        let mut stands = 0;
        while gone - stands > 1 {
            let middle = stands + (gone - stands) / 2;
            *(if self.is_gone(amount, middle) { &mut gone } else { &mut stands }) = middle;
        }
        gone
    }

    fn is_gone(&self, amount: u64, ticks: u64) -> bool {
        let level = self.level(amount, ticks);
        level == 0 || from_fixed(level) < self.threshold
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn law(rate: f64, threshold: f64) -> Law {
        let config =
            ColonyConfig { signal_decay_rate: rate, signal_removal_threshold: threshold, ..ColonyConfig::default() };
        config.validate().unwrap();
        Laws::new(&config).of(Class::Signal).clone()
    }

    // 0.95^89 = .0104 and 0.95^90 = .0099; 0.98^227 = .0102 and 0.98^228 = .00999.
    #[test]
    fn an_amount_of_one_is_gone_at_the_ticks_of_the_defaults() {
        let laws = Laws::new(&ColonyConfig::default());
        assert_eq!(laws.of(Class::Signal).gone_at(ONE, 10), Some(100));
        assert_eq!(laws.of(Class::Trace).gone_at(ONE, 10), Some(238));
        let half = from_fixed(laws.of(Class::Signal).level(ONE, 10));
        assert!((half - 0.95f64.powi(10)).abs() < 1e-7);
    }

    #[test]
    fn at_the_bounds_of_the_config_a_mark_lasts_for_ever_or_a_tick() {
        assert_eq!(law(0.0, 0.01).gone_at(ONE, 3), None);
        assert_eq!(law(0.0, 0.01).gone_at(ONE / 1000, 3), Some(4));
        assert_eq!(law(1.0, 0.01).gone_at(ONE, 3), Some(4));
        assert_eq!(law(0.5, 0.0).gone_at(ONE, 3), Some(3 + 25));
        assert_eq!(law(0.05, 1.0).gone_at(ONE, 3), Some(4));
        assert_eq!(law(1e-300, 0.01).gone_at(ONE, 3), None);
        assert_eq!(law(1e-6, 0.01).gone_at(ONE, TICK_MAX), None);
    }

    #[test]
    fn amounts_that_mean_nothing_are_refused() {
        assert_eq!(to_fixed(0.1), Ok(1_677_722));
        assert_eq!((to_fixed(65_536.0), to_fixed(1e-300)), (Ok(AMOUNT_MAX), Ok(1)));
        for amount in [0.0, -1.0, f64::NAN, f64::INFINITY, 65_537.0] {
            let error = to_fixed(amount).unwrap_err();
            assert_eq!(error.to_string(), format!("`amount` is {amount}; accepted is above 0, and at most 65536"));
        }
    }

    proptest! {
        #[test]
        fn the_solved_tick_is_the_first_at_which_reading_finds_it_gone(
            amount in prop_oneof![1..=ONE, 1..=AMOUNT_MAX], last in 0u64..1000,
            rate in prop_oneof![Just(0.05), Just(0.02), Just(1.0), 0.001..1.0f64],
            threshold in prop_oneof![Just(0.01), Just(0.0), Just(1.0), 0.0..1.0f64],
        ) {
            let law = law(rate, threshold);
            let read = (1..).find(|&ticks| law.is_gone(amount, ticks)).unwrap();
            prop_assert_eq!(law.gone_at(amount, last), Some(last + read));
        }
    }
}
