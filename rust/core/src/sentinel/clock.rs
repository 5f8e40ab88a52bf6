//! What all parts agree on: the beat, and the sums of all activations.

use super::alarm::{Alarm, Kind};
use super::report::{Floors, Report};
use super::rule::{Counts, LEARNING, Rule, SILENCE_MAX, WINDOW};
use super::sums::Sums;
use super::totals::{Past, Totals};
use crate::ids::{TICK_MAX, Tick};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
struct Beat {
    tick: Tick,
    totals: Totals,
    // Of concepts, before the window that ends with this beat.
    past: Past,
}

/// The time of the sentinel, in beats, with the sums of all activations. It is a part of the commons: equal on every
/// shard, and small.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Unchecked")]
pub struct Clock {
    rule: Rule,
    beat: u32,
    // Before the window.
    concepts: Past,
    pairs: Past,
    // The latest beats, oldest first: as many as a silence can last.
    recent: VecDeque<Beat>,
    // New concepts, as an entity.
    vocabulary: Sums,
    is_crowded: bool,
}

impl Clock {
    /// Returns the clock of a colony that has digested nothing.
    ///
    /// # Errors
    /// [`Error::Config`] for a rule outside of its bounds.
    pub fn new(rule: Rule) -> Result<Clock> {
        rule.validate()?;
        let (concepts, pairs) = (Past::default(), Past::default());
        let (recent, vocabulary) = (VecDeque::new(), Sums::default());
        Ok(Clock { rule, beat: 0, concepts, pairs, recent, vocabulary, is_crowded: false })
    }

    /// Returns the clock of the beat that `tick` makes. A tick that digests nothing makes no beat: it has no clock.
    ///
    /// # Errors
    /// [`Error::BarrierFailed`] if nothing was digested, or for a tick that is not after the last one, or that no colony
    /// reaches.
    pub fn next(&self, tick: Tick, totals: Totals) -> Result<Clock> {
        if totals.concepts == 0 {
            return Err(odd(format!("nothing was digested in tick {tick}, so it makes no beat")));
        }
        let last = self.tick();
        if tick <= last || tick > TICK_MAX {
            return Err(odd(format!("tick {tick} was observed after tick {last}")));
        }
        let mut next = self.clone();
        next.beat += 1;
        let halvings = self.rule.halvings(next.beat) - self.rule.halvings(self.beat);
        let leaving = self.ago(WINDOW - 1).map(|beat| beat.totals);
        for (past, left) in [
            (&mut next.concepts, leaving.map(|totals| totals.concepts)),
            (&mut next.pairs, leaving.map(|totals| totals.pairs)),
        ] {
            past.halve(halvings);
            if let Some(left) = left {
                past.add(left);
            }
        }
        if next.recent.len() > SILENCE_MAX as usize {
            next.recent.pop_front();
        }
        next.recent.push_back(Beat { tick, totals, past: next.concepts });
        next.vocabulary = self.vocabulary.at(next.beat, &self.rule);
        Ok(next)
    }

    /// Returns the clock when the beat ends, what the parts are to forget, and whether more concepts were new than
    /// normal. `report` is that of all parts.
    pub fn close(mut self, report: &Report) -> (Clock, Floors, Option<Alarm>) {
        let floors = report.floors(&self.rule);
        // Who is to leave is chosen with the next beat, in which the parts report ranks.
        self.is_crowded = floors == Floors::default() && report.is_crowded(&self.rule);
        let alarm = if report.new > 0 { self.judge_vocabulary(report.new) } else { None };
        (self, floors, alarm)
    }

    fn judge_vocabulary(&mut self, new: u64) -> Option<Alarm> {
        self.vocabulary.add(new);
        let counts = self.counts_of_concept(&self.vocabulary)?;
        if !self.vocabulary.turns(&counts, self.rule.threshold, &self.rule) {
            return None;
        }
        let since = self.tick_of(self.vocabulary.since());
        Some(Alarm { tick: self.tick(), kind: Kind::Vocabulary, since, counts })
    }

    /// Returns the rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Returns the number of the beat, from 1; 0 before the first one.
    pub fn beat(&self) -> u32 {
        self.beat
    }

    /// Returns how often the past was halved.
    pub(super) fn halvings(&self) -> u32 {
        self.rule.halvings(self.beat)
    }

    /// Returns the tick of the beat; 0 before the first one.
    pub fn tick(&self) -> Tick {
        self.recent.back().map_or(0, |beat| beat.tick)
    }

    /// Returns the totals of the beat.
    pub(super) fn totals(&self) -> Totals {
        self.recent.back().map_or(Totals::default(), |beat| beat.totals)
    }

    /// Returns whether the parts hold more than the bounds, so that they are to report ranks.
    pub fn is_crowded(&self) -> bool {
        self.is_crowded
    }

    /// Returns the tick of one of the latest beats.
    pub(super) fn tick_of(&self, beat: u32) -> Tick {
        self.ago(self.beat - beat).map_or(0, |beat| beat.tick)
    }

    /// Returns the counts of a concept as it stands at this beat, or `None` while the sentinel only learns.
    pub(super) fn counts_of_concept(&self, sums: &Sums) -> Option<Counts> {
        self.counts(sums, self.latest(WINDOW, |totals| totals.concepts), self.concepts)
    }

    /// Returns the counts of a pair as it stands at this beat, or `None` while the sentinel only learns.
    pub(super) fn counts_of_pair(&self, sums: &Sums) -> Option<Counts> {
        self.counts(sums, self.latest(WINDOW, |totals| totals.pairs), self.pairs)
    }

    /// Returns the counts of a concept that was last activated so many beats ago, more than a window: all that was
    /// activated since, and all before. `None` if the sentinel only learned then.
    pub(super) fn counts_of_silence(&self, sums: &Sums, silent: u32) -> Option<Counts> {
        if sums.last <= LEARNING {
            return None;
        }
        // A window after the last activation, what was activated until then is the past.
        let mut past = self.ago(silent - WINDOW)?.past;
        past.halve(self.halvings() - self.rule.halvings(self.beat - (silent - WINDOW)));
        let sums = sums.at(self.beat, &self.rule);
        self.counts(&sums, self.latest(silent, |totals| totals.concepts), past)
    }

    fn counts(&self, sums: &Sums, (of, of_squares): (u64, u128), past: Past) -> Option<Counts> {
        let (count, count_squares) = (sums.count().min(of), sums.count_squares());
        let (before, squares) = (u64::from(sums.before).min(past.sum), sums.squares);
        let counts = Counts { count, count_squares, of, of_squares, before, squares, past };
        (self.beat > LEARNING && past.sum > 0).then_some(counts)
    }

    /// Returns how many beats are remembered at one of the latest beats, that one included.
    pub(super) fn beats_at(&self, beat: u32) -> Option<u32> {
        let at = self.ago(self.beat.checked_sub(beat)?)?;
        Some(at.past.beats + beat.min(WINDOW))
    }

    // Returns all activations of the latest beats, and their squares.
    fn latest(&self, beats: u32, of: impl Fn(&Totals) -> u64) -> (u64, u128) {
        let mut sums = Past::default();
        self.recent.iter().rev().take(beats as usize).for_each(|beat| sums.add(of(&beat.totals)));
        (sums.sum, sums.squares)
    }

    fn ago(&self, beats: u32) -> Option<&Beat> {
        self.recent.len().checked_sub(1 + beats as usize).map(|place| &self.recent[place])
    }
}

#[derive(Deserialize)]
struct Unchecked {
    rule: Rule,
    beat: u32,
    concepts: Past,
    pairs: Past,
    recent: VecDeque<Beat>,
    vocabulary: Sums,
    is_crowded: bool,
}

impl TryFrom<Unchecked> for Clock {
    type Error = String;

    fn try_from(read: Unchecked) -> Result<Clock, String> {
        let Unchecked { rule, beat, concepts, pairs, recent, vocabulary, is_crowded } = read;
        rule.validate().map_err(|error| error.to_string())?;
        let ordered = recent.iter().zip(recent.iter().skip(1)).all(|(one, next)| one.tick < next.tick);
        let beats = (beat as usize).min(SILENCE_MAX as usize + 1);
        // All that was activated fits, so that no sum of it overflows.
        let most = 1 << 56;
        let fits = |totals: &Totals| (1..=most).contains(&totals.concepts) && totals.pairs <= most;
        if recent.len() != beats || !ordered || !recent.iter().all(|beat| fits(&beat.totals)) {
            return Err("the latest beats are too few, too many, empty or out of order".into());
        }
        let last = recent.back().map_or(0, |last| last.tick);
        if last > TICK_MAX || last < beat.into() {
            return Err("there were more beats than ticks".into());
        }
        let kept = recent.iter().map(|beat| &beat.past).chain([&concepts, &pairs]).all(|past| past.beats <= beat);
        if !kept || vocabulary.last != beat || recent.back().is_some_and(|last| last.past != concepts) {
            return Err("the sums of a clock are of other beats".into());
        }
        Ok(Clock { rule, beat, concepts, pairs, recent, vocabulary, is_crowded })
    }
}

fn odd(reason: String) -> Error {
    Error::BarrierFailed { reason }
}
