//! Decay in closed form: what a synapse weighs at any tick, and the first tick at which it is gone.
//!
//! For a synapse last activated at `last` and created at `created`, read at `t`, with s = t - last, m = max(last,
//! created + maturation) and f = staleness / (1 + co_activations / 2), the weight is w0 * exp(-H), where H = rate * (s
//! + f * (s^2 - (m - last)^2) / 200) once t > m, and rate * s before. That is the integral of rate * (1 + f * (t -
//!   last) / 100): a mature synapse decays faster the longer it has not been used.

use super::synapse::{Synapse, from_fixed};
use crate::config::ColonyConfig;

// Far more than what rounding does to a weight, as a share of it.
const ROUNDING: f64 = 1.0 / (1 << 20) as f64;

// The last tick.
const LAST: u64 = u32::MAX as u64;

/// The law by which synapses decay and end.
#[derive(Clone, Debug)]
pub struct Decay {
    rate: f64,
    staleness: f64,
    maturation: u64,
    threshold: f64,
}

impl Decay {
    /// Returns the law of a config.
    pub fn new(config: &ColonyConfig) -> Self {
        Decay {
            rate: config.edge_decay_rate,
            staleness: config.staleness_factor,
            maturation: u64::from(config.maturation_ticks),
            threshold: config.edge_prune_threshold,
        }
    }

    /// Returns the law of what does not decay: a synapse weighs what it weighed when it was last activated, and never
    /// ends.
    pub fn still() -> Self {
        Decay { rate: 0.0, staleness: 0.0, maturation: 0, threshold: 0.0 }
    }

    /// Returns the weight at tick `now`, which must not be before the last activation.
    pub fn weight(&self, synapse: &Synapse, now: u32) -> f64 {
        self.weight_at(synapse, u64::from(now))
    }

    /// Returns whether the synapse is alive at tick `now`.
    pub fn is_alive(&self, synapse: &Synapse, now: u32) -> bool {
        u64::from(now) < self.mature_at(synapse) || self.weight(synapse, now) >= self.threshold
    }

    /// Does what [`Decay::is_alive`] does, for a caller that already has the weight at `now`.
    pub fn stands(&self, synapse: &Synapse, weight: f64, now: u32) -> bool {
        weight >= self.threshold || u64::from(now) < self.mature_at(synapse)
    }

    /// Returns the first tick at which the synapse is gone if nothing activates it again, or `None` if that is never,
    /// or after the last tick.
    ///
    /// It is the least t >= created + maturation, not before `last`, at which the weight is under the threshold, by the
    /// same function that reads weights. The root of the closed form gives an estimate. If its rounding error reaches
    /// another tick, reading the weight decides.
    pub fn gone_at(&self, synapse: &Synapse) -> Option<u32> {
        let earliest = self.mature_at(synapse).max(u64::from(synapse.last));
        if self.under(synapse, earliest) {
            return u32::try_from(earliest).ok();
        }
        if self.rate == 0.0 || self.threshold == 0.0 || earliest >= LAST {
            return None;
        }
        let last = u64::from(synapse.last);
        let (s, error) = self.root(synapse, (earliest - last) as f64);
        // Both are numbers from 0, or infinite, or NaN if the closed form overflows.
        let (low, high) = (libm::floor(s - error), libm::floor(s + error));
        if low == high && high < LAST as f64 && last + low as u64 >= earliest {
            return u32::try_from(last + low as u64 + 1).ok();
        }
        self.first_under(synapse, earliest, last.saturating_add(low.max(0.0) as u64))
    }

    // Returns how long after the last activation the weight reaches the threshold, and a bound of the error.
    fn root(&self, synapse: &Synapse, gap: f64) -> (f64, f64) {
        // a s^2 + s = q; this form of the positive root stays exact when a is tiny or 0.
        let a = self.staleness_of(synapse) / 200.0;
        let q = libm::log(from_fixed(synapse.weight) / self.threshold) / self.rate + a * gap * gap;
        let s = 2.0 * q / (1.0 + (1.0 + 4.0 * a * q).sqrt());
        // A weight is exact to about 2^-52 of itself. How many ticks that is depends on how fast it falls there. If the
        // threshold is so small that weights have fewer digits, the error is unknown.
        let slope = self.rate * (1.0 + 2.0 * a * s);
        let read = if self.threshold < 1e-290 { f64::INFINITY } else { 1e-15 / slope };
        (s, 1e-6 + s * 1e-11 + read)
    }

    // Returns the first tick after `alive` at which the synapse is not alive, searched from a guess on. The synapse is
    // alive at `alive`.
    fn first_under(&self, synapse: &Synapse, mut alive: u64, guess: u64) -> Option<u32> {
        let mut step = 1;
        let mut next = guess.clamp(alive + 1, LAST);
        // Weights fall, so growing steps end beyond the tick, and halving the interval finds it.
        while !self.under(synapse, next) {
            if next == LAST {
                return None;
            }
            alive = next;
            next = (alive + step).min(LAST);
            step *= 2;
        }
        while next - alive > 1 {
            let middle = alive + (next - alive) / 2;
            *(if self.under(synapse, middle) { &mut next } else { &mut alive }) = middle;
        }
        u32::try_from(next).ok()
    }

    fn under(&self, synapse: &Synapse, tick: u64) -> bool {
        // exp(-H) is at least 1 - H, which most often tells already without the exponential.
        let least = from_fixed(synapse.weight) * (1.0 - ROUNDING - self.exponent(synapse, tick));
        least < self.threshold && self.weight_at(synapse, tick) < self.threshold
    }

    // Ticks have 64 bits here: the tick of maturity may lie beyond the last one.
    fn weight_at(&self, synapse: &Synapse, now: u64) -> f64 {
        let start = from_fixed(synapse.weight);
        if now == u64::from(synapse.last) {
            return start;
        }
        start * libm::exp(-self.exponent(synapse, now))
    }

    fn mature_at(&self, synapse: &Synapse) -> u64 {
        u64::from(synapse.created) + self.maturation
    }

    fn staleness_of(&self, synapse: &Synapse) -> f64 {
        self.staleness / (1.0 + 0.5 * f64::from(synapse.co_activations))
    }

    fn exponent(&self, synapse: &Synapse, now: u64) -> f64 {
        let last = u64::from(synapse.last);
        let s = (now - last) as f64;
        let mature = self.mature_at(synapse).max(last);
        if now <= mature {
            return self.rate * s;
        }
        let gap = (mature - last) as f64;
        self.rate * (s + self.staleness_of(synapse) * (s * s - gap * gap) / 200.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::synapse::{GAIN, ONE};
    use proptest::prelude::*;

    fn synapse(co: u32) -> Synapse {
        Synapse { target: 0, weight: GAIN * co.min(10), last: 0, created: 0, co_activations: co }
    }

    #[test]
    fn a_synapse_never_repeated_is_gone_at_the_ticks_of_the_design() {
        let decay = Decay::new(&ColonyConfig::default());
        let gone: Vec<_> = [1, 2, 3, 5, 10].map(|co| decay.gone_at(&Synapse::new(0, co, 0))).into();
        assert_eq!(gone, [101, 174, 221, 289, 402].map(Some));
    }

    #[test]
    fn without_decay_or_threshold_nothing_ever_goes() {
        let still = ColonyConfig { edge_decay_rate: 0.0, ..ColonyConfig::default() };
        assert_eq!(Decay::new(&still).gone_at(&synapse(1)), None);
        assert_eq!(Decay::new(&still).weight(&synapse(1), u32::MAX), from_fixed(GAIN));
        let kept = ColonyConfig { edge_prune_threshold: 0.0, ..ColonyConfig::default() };
        assert_eq!(Decay::new(&kept).gone_at(&synapse(1)), None);
    }

    #[test]
    fn a_threshold_above_the_weight_ends_it_at_maturity() {
        let strict = ColonyConfig { edge_prune_threshold: 0.5, ..ColonyConfig::default() };
        assert_eq!(Decay::new(&strict).gone_at(&synapse(1)), Some(50));
    }

    proptest! {
        #[test]
        fn the_solved_tick_is_the_first_at_which_reading_finds_it_gone(
            weight in 1..=ONE, created in 0u32..1000, age in 0u32..300, co in 1u32..50,
            rate in prop_oneof![Just(0.005), 0.0001..0.2], staleness in prop_oneof![Just(0.0), Just(1.5), 0.0..20.0],
            threshold in prop_oneof![Just(0.05), 0.001..0.9], maturation in 0u32..120,
        ) {
            let config = ColonyConfig {
                edge_decay_rate: rate, staleness_factor: staleness, edge_prune_threshold: threshold,
                maturation_ticks: maturation, ..ColonyConfig::default()
            };
            let decay = Decay::new(&config);
            let synapse = Synapse { target: 0, weight, last: created + age, created, co_activations: co };
            let mut read = synapse.last;
            while decay.is_alive(&synapse, read) {
                read += 1;
            }
            prop_assert_eq!(decay.gone_at(&synapse), Some(read));
        }

        // Every accepted config, and every synapse that such a config can make.
        #[test]
        fn at_the_bounds_of_the_config_the_tick_is_exact_too(
            weight in prop_oneof![Just(1), Just(ONE), 1..=ONE], created in ticks(), age in ticks(),
            co in prop_oneof![1u32..5, Just(u32::MAX), any::<u32>()],
            rate in reals(1.0), staleness in reals(1000.0), threshold in reals(1.0),
            maturation in prop_oneof![Just(0), Just(1 << 30), 0u32..=1 << 30, 0u32..100],
            meets in any::<bool>(), ahead in prop::collection::vec(any::<u32>(), 8),
        ) {
            // If a weight is at the threshold from the start, rounding decides.
            let threshold = if meets { from_fixed(weight) } else { threshold };
            let config = ColonyConfig {
                edge_decay_rate: rate, staleness_factor: staleness, edge_prune_threshold: threshold,
                maturation_ticks: maturation, ..ColonyConfig::default()
            };
            config.validate().unwrap();
            let decay = Decay::new(&config);
            let last = created.saturating_add(age);
            let synapse = Synapse { target: 0, weight, last, created, co_activations: co };
            match decay.gone_at(&synapse) {
                None => prop_assert!(decay.is_alive(&synapse, u32::MAX)),
                Some(gone) => {
                    prop_assert!(!decay.is_alive(&synapse, gone));
                    prop_assert!(gone == last || decay.is_alive(&synapse, gone - 1));
                    for ahead in ahead {
                        let tick = last.saturating_add(ahead % (gone - last).saturating_mul(2).max(1));
                        prop_assert_eq!(decay.is_alive(&synapse, tick), tick < gone, "at {}", tick);
                    }
                }
            }
        }
    }

    fn ticks() -> impl Strategy<Value = u32> {
        prop_oneof![Just(0), 0u32..1000, any::<u32>(), Just(u32::MAX - 1)]
    }

    // From 0 to `most`, of every magnitude.
    fn reals(most: f64) -> impl Strategy<Value = f64> {
        let magnitude =
            (-1074i32..=0, 0.5..=1.0f64).prop_map(move |(power, part)| most * part * libm::ldexp(1.0, power));
        let near = (-60i32..=0, 0.5..=1.0f64).prop_map(move |(power, part)| most * part * libm::ldexp(1.0, power));
        prop_oneof![Just(0.0), Just(most), Just(5e-324), 0.0..=most, magnitude, near]
    }
}
