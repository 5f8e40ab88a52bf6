//! Which concepts may be fading: those that were seen often, by the beat that saw them last.
//!
//! A concept that is seen `r` times a beat and then not at all has a strength of 30 after about 15 / r beats. So one that
//! is seen less often than [`OFTEN`] times a beat would be told of too late to matter, and is not looked at. The others
//! are looked at a few times after their last beat, and never again: nothing is swept.

use super::clock::Clock;
use super::ledger::Ledger;
use super::rule::{SILENCE_MAX, SILENCE_MIN, SILENCE_STEP};
use super::sums::Sums;
use crate::ids::NodeId;
use std::collections::BTreeMap;

// .4 activations in each remembered beat, as a fraction.
const OFTEN: (u64, u64) = (2, 5);

/// The concepts that were seen often, by the beat of an activation.
#[derive(Clone, Debug, Default)]
pub(super) struct Silence(BTreeMap<u32, Vec<NodeId>>);

impl Silence {
    /// Returns what a part has to look for, from what it knows.
    pub(super) fn of(ledger: &Ledger<NodeId>, clock: &Clock) -> Silence {
        let mut silence = Silence::default();
        for (concept, sums) in ledger.sorted(clock) {
            if is_often(&sums, clock) {
                silence.0.entry(sums.last).or_default().push(concept);
            }
        }
        silence
    }

    /// Notes the concepts that are seen often in this beat, and drops those whose silence is over.
    pub(super) fn note(&mut self, often: Vec<NodeId>, clock: &Clock) {
        self.0 = self.0.split_off(&clock.beat().saturating_sub(SILENCE_MAX));
        if !often.is_empty() {
            self.0.insert(clock.beat(), often);
        }
    }

    /// Returns the concepts to look at in this beat, with the beats since each was noted. Some were seen again.
    pub(super) fn due(&self, clock: &Clock) -> impl Iterator<Item = (NodeId, u32)> {
        let steps = (SILENCE_MIN..=SILENCE_MAX).step_by(SILENCE_STEP as usize);
        let noted = steps.filter_map(|silent| Some((self.0.get(&clock.beat().checked_sub(silent)?)?, silent)));
        noted.flat_map(|(concepts, silent)| concepts.iter().map(move |&concept| (concept, silent)))
    }
}

/// Returns whether a concept was seen often when it was last activated.
pub(super) fn is_often(sums: &Sums, clock: &Clock) -> bool {
    let seen = u64::from(sums.before) + sums.count();
    clock.beats_at(sums.last).is_some_and(|beats| seen * OFTEN.1 >= u64::from(beats) * OFTEN.0)
}
