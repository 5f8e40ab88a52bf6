//! All activations of one kind: of concepts, or of pairs.

use super::past::{Past, square};
use super::rule::{Counts, LEARNING, Rule, WINDOW};
use super::sums::Sums;

/// All activations, beat by beat. The first beat is 1.
#[derive(Clone, Debug, Default)]
pub(super) struct All {
    seen: Vec<u64>,
    // Before the window that ends with the beat.
    past: Vec<Past>,
}

impl All {
    /// Adds the next beat.
    pub(super) fn add(&mut self, activations: u64, rule: &Rule) {
        let beat = self.seen.len() as u32 + 1;
        let mut past = self.past.last().copied().unwrap_or_default();
        past.halve(rule.halvings(beat) - rule.halvings(beat - 1));
        if beat > WINDOW {
            past.add(self.seen[(beat - WINDOW) as usize - 1]);
        }
        self.seen.push(activations);
        self.past.push(past);
    }

    /// Returns how many beats are remembered at one of them, that one included.
    pub(super) fn beats(&self, beat: u32) -> u32 {
        self.past(beat).beats + beat.min(WINDOW)
    }

    /// Returns the counts of an entity at the beat of its last activation, or `None` while the sentinel only learns.
    pub(super) fn counts(&self, sums: &Sums) -> Option<Counts> {
        self.table(sums, WINDOW, self.past(sums.last))
    }

    /// Returns the counts of an entity that was last activated so many beats ago, more than a window: all that was
    /// activated since, and all before. `None` if the sentinel only learned then.
    pub(super) fn counts_of_silence(&self, sums: &Sums, silent: u32, rule: &Rule) -> Option<Counts> {
        if sums.last <= LEARNING {
            return None;
        }
        // A window after the last activation, what was activated until then is the past.
        let (over, now) = (sums.last + WINDOW, sums.last + silent);
        let mut past = self.past(over);
        past.halve(rule.halvings(now) - rule.halvings(over));
        self.table(&sums.at(now, rule), silent, past)
    }

    fn table(&self, sums: &Sums, window: u32, past: Past) -> Option<Counts> {
        if sums.last <= LEARNING || past.sum == 0 {
            return None;
        }
        let latest = &self.seen[sums.last.saturating_sub(window) as usize..sums.last as usize];
        Some(Counts {
            count: sums.count(),
            count_squares: sums.count_squares(),
            of: latest.iter().sum(),
            of_squares: latest.iter().map(|&seen| square(seen)).sum(),
            before: sums.before.into(),
            squares: sums.squares,
            past,
        })
    }

    fn past(&self, beat: u32) -> Past {
        self.past[beat as usize - 1]
    }
}
