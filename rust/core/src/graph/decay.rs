//! Decay in closed form: what a synapse weighs at any tick, and the first tick at which it is gone.
//!
//! For a synapse last activated at `last` and created at `created`, read at `t`, with s = t - last,
//! m = max(last, created + maturation) and f = staleness / (1 + co_activations / 2), the weight is
//! w0 * exp(-H), where H = rate * (s + f * (s^2 - (m - last)^2) / 200) once t > m, and rate * s before.
//! That is the integral of rate * (1 + f * (t - last) / 100): a mature synapse fades the faster the longer
//! it has not been used.

use super::synapse::{Synapse, from_fixed};
use crate::config::ColonyConfig;

// The first tick that cannot be counted.
const TICKS_END: u64 = 1 << 32;

/// The law by which synapses fade and end.
#[derive(Clone, Debug)]
pub struct Decay {
    rate: f64,
    staleness: f64,
    maturation: u64,
    threshold: f64,
}

impl Decay {
    /// The law a config states.
    pub fn new(config: &ColonyConfig) -> Self {
        Decay {
            rate: config.edge_decay_rate,
            staleness: config.staleness_factor,
            maturation: u64::from(config.maturation_ticks),
            threshold: config.edge_prune_threshold,
        }
    }

    /// The weight at tick `now`, which is not before the last activation.
    pub fn weight(&self, synapse: &Synapse, now: u32) -> f64 {
        self.weight_at(synapse, u64::from(now))
    }

    /// Whether the synapse still stands at tick `now`.
    pub fn is_alive(&self, synapse: &Synapse, now: u32) -> bool {
        u64::from(now) < self.mature_at(synapse) || self.weight(synapse, now) >= self.threshold
    }

    /// [`Decay::is_alive`] for a caller that has read the weight at `now` already.
    pub fn stands(&self, synapse: &Synapse, weight: f64, now: u32) -> bool {
        weight >= self.threshold || u64::from(now) < self.mature_at(synapse)
    }

    /// The first tick at which the synapse is gone if nothing activates it again; `None` is never, or later
    /// than ticks can be counted.
    ///
    /// It is the least t >= created + maturation, not before `last`, at which the weight is under the threshold, by the same
    /// function that reads weights. The root of the closed form says where to look. A root whose rounding error leaves more than
    /// one tick to choose from is settled by bisection over readings: [`libm::exp`] and every operation of the exponent are
    /// monotone where neighbouring ticks are that close.
    pub fn gone_at(&self, synapse: &Synapse) -> Option<u32> {
        let last = u64::from(synapse.last);
        let earliest = self.mature_at(synapse).max(last);
        let start = from_fixed(synapse.weight);
        if self.under(synapse, earliest) {
            return u32::try_from(earliest).ok();
        }
        if self.rate == 0.0 || self.threshold == 0.0 || earliest >= TICKS_END {
            return None;
        }
        // a s^2 + s = q, whose positive root is taken in the form that stays exact when a is tiny or 0.
        let a = self.staleness_of(synapse) / 200.0;
        let gap = (earliest - last) as f64;
        let q = libm::log(start / self.threshold) / self.rate + a * gap * gap;
        let s = 2.0 * q / (1.0 + (1.0 + 4.0 * a * q).sqrt());
        // The exponent at which the reading falls under the threshold is off by some rounding errors of exp and ln, which a
        // slow decay makes into many ticks; the rest is relative.
        let error = 1e-6 + s * 1e-11 + 1e-15 / self.rate;
        if !s.is_finite() || !error.is_finite() {
            return self.first_under(synapse, earliest, TICKS_END);
        }
        let near = s - libm::floor(s);
        if near > error && near < 1.0 - error {
            let tick = last + libm::floor(s) as u64 + 1;
            return u32::try_from(tick).ok();
        }
        // Ticks that the error leaves, with one to spare on either side. Casts saturate.
        let (low, high) = (libm::floor(s - error) as u64, libm::ceil(s + error) as u64);
        let low = last.saturating_add(low).saturating_sub(1).clamp(earliest, TICKS_END);
        let high = last.saturating_add(high).saturating_add(1).clamp(earliest, TICKS_END);
        let low = if self.under(synapse, low) { earliest } else { low };
        let high = if self.under(synapse, high) { high } else { TICKS_END };
        self.first_under(synapse, low, high)
    }

    // The first tick after `alive` and up to `gone` at which the weight is under the threshold. At `alive` it is not.
    fn first_under(&self, synapse: &Synapse, mut alive: u64, mut gone: u64) -> Option<u32> {
        if !self.under(synapse, gone) {
            return None;
        }
        while gone - alive > 1 {
            let middle = alive + (gone - alive) / 2;
            if self.under(synapse, middle) {
                gone = middle;
            } else {
                alive = middle;
            }
        }
        u32::try_from(gone).ok()
    }

    fn under(&self, synapse: &Synapse, tick: u64) -> bool {
        self.weight_at(synapse, tick) < self.threshold
    }

    // Ticks in 64 bits: the tick of maturity may lie beyond the last that can be counted.
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

    // The least, the most and values between over all magnitudes.
    fn over(low: f64, high: f64) -> impl Strategy<Value = f64> {
        let exponent = (low.max(1e-300).ln()..high.ln()).prop_map(f64::exp);
        prop_oneof![Just(0.0), Just(low), Just(high), exponent]
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
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

        // Reading every tick would take for ever: the ticks around the solved one, and some anywhere.
        #[test]
        fn the_solved_tick_parts_the_living_from_the_gone_for_every_config(
            weight in prop_oneof![Just(ONE), Just(GAIN), Just(1), 1..=ONE],
            created in prop_oneof![Just(0u32), any::<u32>()], age in prop_oneof![0u32..300, any::<u32>()],
            co in prop_oneof![1u32..50, any::<u32>()],
            rate in over(1e-300, 1.0), staleness in over(1e-300, 1000.0),
            threshold in prop_oneof![over(1e-300, 1.0), (1..=ONE).prop_map(from_fixed)],
            maturation in prop_oneof![Just(0u32), Just(1 << 30), 0u32..=1 << 30],
            elsewhere in prop::collection::vec(any::<u32>(), 8),
        ) {
            let config = ColonyConfig {
                edge_decay_rate: rate, staleness_factor: staleness, edge_prune_threshold: threshold,
                maturation_ticks: maturation, ..ColonyConfig::default()
            };
            config.validate().unwrap();
            let decay = Decay::new(&config);
            let last = created.saturating_add(age);
            let synapse = Synapse { target: 0, weight, last, created, co_activations: co };
            let gone = decay.gone_at(&synapse);
            let around = gone.into_iter().flat_map(|gone| (0..4).flat_map(move |off| [gone.saturating_sub(off), gone.saturating_add(off)]));
            for tick in around.chain(elsewhere).chain([last, u32::MAX]).filter(|tick| *tick >= last) {
                let alive = gone.is_none_or(|gone| tick < gone);
                prop_assert_eq!(decay.is_alive(&synapse, tick), alive, "at {} of {:?}", tick, gone);
            }
        }
    }
}
