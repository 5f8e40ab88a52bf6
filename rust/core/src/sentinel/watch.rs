//! Who looks at a history, and tells what departs from normal in it.

use super::alarm::{Alarm, Kind};
use super::all::All;
use super::pair::Pair;
use super::rule::{COUNT_MIN, Rule, SILENCE_MAX, SILENCE_MIN, SILENCE_STEP};
use super::sums::{Sums, course};
use crate::Result;
use crate::ids::{NodeId, Tick};

// .4 activations in each remembered beat, as a fraction. A concept that is seen `r` times a beat and then not at all has
// a strength of 30 after about 15 / r beats: one that is seen less often would be told of too late to matter.
const OFTEN: (u64, u64) = (2, 5);

/// The beats of a history. It is told of all of them first; then each entity is judged by itself.
#[derive(Clone, Debug)]
pub struct Sentinel {
    rule: Rule,
    ticks: Vec<Tick>,
    concepts: All,
    pairs: All,
}

/// What is told of an entity.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Told {
    /// What departs from normal, in order.
    pub alarms: Vec<Alarm>,
    /// The ticks that activated it while it was more often than normal, told before or just then.
    pub raised: Vec<Tick>,
}

impl Sentinel {
    /// Returns a sentinel that knows of no beat.
    ///
    /// # Errors
    /// [`crate::Error::Config`] for a rule outside of its bounds.
    pub fn new(rule: Rule) -> Result<Sentinel> {
        rule.validate()?;
        Ok(Sentinel { rule, ticks: Vec::new(), concepts: All::default(), pairs: All::default() })
    }

    /// Adds the next beat, of a later tick, with the number of concepts of each document that it digested. Returns the
    /// number of the beat, from 1.
    pub fn beat(&mut self, tick: Tick, lengths: impl IntoIterator<Item = usize>) -> u32 {
        let (mut concepts, mut pairs) = (0, 0);
        for length in lengths {
            let length = length as u64;
            concepts += length;
            pairs += length * length.saturating_sub(1) / 2;
        }
        self.ticks.push(tick);
        self.concepts.add(concepts, &self.rule);
        self.pairs.add(pairs, &self.rule);
        self.beats()
    }

    /// Returns the number of beats.
    pub fn beats(&self) -> u32 {
        self.ticks.len() as u32
    }

    /// Judges a concept. `beats` are those that activated it, once for each document, in order: so below too.
    pub fn concept(&self, concept: NodeId, beats: &[u32]) -> Told {
        let kind = |sums: &Sums| if sums.before == 0 { Kind::New(concept) } else { Kind::Rising(concept) };
        let mut told = self.rises(beats, &self.concepts, self.rule.threshold, kind);
        told.alarms.extend(self.fades(concept, beats));
        told.alarms.sort_unstable();
        told
    }

    /// Judges two concepts that are in the same documents.
    pub fn pair(&self, pair: Pair, beats: &[u32]) -> Told {
        self.rises(beats, &self.pairs, self.rule.pair_threshold, |_| Kind::Pair(pair))
    }

    /// Judges how many concepts no document had wired before, each of which activates it once.
    pub fn vocabulary(&self, beats: &[u32]) -> Told {
        self.rises(beats, &self.concepts, self.rule.threshold, |_| Kind::Vocabulary)
    }

    // Tells when an entity begins to be more often than normal, and again only after it fell below half.
    fn rises(&self, beats: &[u32], all: &All, threshold: u32, kind: impl Fn(&Sums) -> Kind) -> Told {
        let (mut told, mut is_raised) = (Told::default(), false);
        for sums in course(beats, &self.rule) {
            // What was not seen for a whole window was normal meanwhile.
            is_raised &= sums.since() < sums.last;
            if !is_raised && sums.count() < COUNT_MIN {
                continue;
            }
            let Some(counts) = all.counts(&sums) else { continue };
            let tick = self.tick(sums.last);
            if is_raised {
                is_raised = counts.rise() >= f64::from(threshold) / 2.0;
            } else if counts.rises(threshold, &self.rule) {
                is_raised = true;
                told.alarms.push(Alarm { tick, kind: kind(&sums), since: self.tick(sums.since()), counts });
            }
            if is_raised {
                told.raised.push(tick);
            }
        }
        told
    }

    // Tells when a concept that was seen often is not seen any more, once for each silence. It is looked at a few times
    // after its last beat, and never again.
    fn fades(&self, concept: NodeId, beats: &[u32]) -> Vec<Alarm> {
        let (mut alarms, mut course) = (Vec::new(), course(beats, &self.rule).peekable());
        while let Some(sums) = course.next() {
            let end = course.peek().map_or(self.beats() + 1, |next| next.last);
            let seen = u64::from(sums.before) + sums.count();
            if seen * OFTEN.1 < u64::from(self.concepts.beats(sums.last)) * OFTEN.0 {
                continue;
            }
            let looks = (SILENCE_MIN..=SILENCE_MAX).step_by(SILENCE_STEP as usize);
            alarms.extend(looks.take_while(|silent| sums.last + silent < end).find_map(|silent| {
                let counts = self.concepts.counts_of_silence(&sums, silent, &self.rule)?;
                let (tick, since) = (self.tick(sums.last + silent), self.tick(sums.last));
                let fades = counts.strength() > f64::from(self.rule.threshold);
                fades.then_some(Alarm { tick, kind: Kind::Fading(concept), since, counts })
            }));
        }
        alarms
    }

    fn tick(&self, beat: u32) -> Tick {
        self.ticks[beat as usize - 1]
    }
}
