//! What is learned at one home.

use super::alarm::{Alarm, Kind};
use super::clock::Clock;
use super::ledger::{Change, Ledger};
use super::report::{Floors, Report};
use super::seen::{Pair, Seen};
use super::silence::{Silence, is_often};
use super::sums::{State, Sums};
use crate::cancel::Cancel;
use crate::ids::NodeId;
use crate::{Error, Result};

// A few milliseconds of work.
const POLL: usize = 1 << 13;

/// The concepts of one home and the pairs whose source is there.
#[derive(Clone, Debug, Default)]
pub struct Part {
    pub(super) concepts: Ledger<NodeId>,
    pub(super) pairs: Ledger<Pair>,
    pub(super) silence: Silence,
}

/// What a part judged of a beat, before it is taken over.
#[derive(Clone, Debug, Default)]
pub struct Staged {
    concepts: Vec<Change<NodeId>>,
    pairs: Vec<Change<Pair>>,
    often: Vec<NodeId>,
    alarms: Vec<Alarm>,
    report: Report,
}

impl Staged {
    /// Returns what departs from normal, in order.
    pub fn alarms(&self) -> &[Alarm] {
        &self.alarms
    }

    /// Returns what the clock is to know.
    pub fn report(&self) -> &Report {
        &self.report
    }
}

impl Part {
    /// Judges what a beat brings. `now` is the clock of the beat, from [`Clock::next`]. Nothing changes until
    /// [`Part::commit`].
    ///
    /// # Errors
    /// [`Error::BarrierFailed`] if more was activated here than over all shards; [`Error::Cancelled`].
    pub fn judge(&self, now: &Clock, seen: &Seen, cancel: &Cancel) -> Result<Staged> {
        let (here, all) = (seen.totals(), now.totals());
        if here.0 > all.concepts || here.1 > all.pairs {
            let reason = format!("{here:?} activations of concepts and pairs came, of {all:?} over all shards");
            return Err(Error::BarrierFailed { reason });
        }
        let mut staged = Staged::default();
        self.concepts(now, seen, cancel, &mut staged)?;
        self.pairs(now, seen, cancel, &mut staged)?;
        cancel.poll()?;
        self.fading(now, seen, &mut staged);
        staged.alarms.sort_unstable();
        staged.report.new = seen.new.len() as u64;
        staged.report.concepts = self.concepts.len_after(&staged.concepts, now);
        staged.report.pairs = self.pairs.len_after(&staged.pairs, now);
        if now.is_crowded() {
            let concepts = self.concepts.census_after(&staged.concepts, now);
            staged.report.census = Some((concepts, self.pairs.census_after(&staged.pairs, now)));
        }
        Ok(staged)
    }

    /// Takes over what was judged, with what [`Clock::close`] says is to be forgotten. `now` is the closed clock.
    pub fn commit(&mut self, staged: Staged, floors: &Floors, now: &Clock) {
        self.concepts.take(staged.concepts, floors.concepts, now);
        self.pairs.take(staged.pairs, floors.pairs, now);
        self.silence.note(staged.often, now);
    }

    /// Returns how many concepts and pairs are remembered.
    pub fn len(&self, clock: &Clock) -> (u64, u64) {
        (self.concepts.len(clock), self.pairs.len(clock))
    }

    fn concepts(&self, now: &Clock, seen: &Seen, cancel: &Cancel, staged: &mut Staged) -> Result<()> {
        let rule = now.rule();
        forget(&seen.gone, &seen.concepts, &mut staged.concepts);
        for (number, &(concept, activations)) in seen.concepts.iter().enumerate() {
            if number % POLL == 0 {
                cancel.poll()?;
            }
            let known = self.concepts.get(concept, now).filter(|_| seen.gone.binary_search(&concept).is_err());
            let mut sums = activated(known, activations, now);
            if sums.may_turn()
                && let Some(counts) = now.counts_of_concept(&sums)
                && sums.turns(&counts, rule.threshold, rule)
            {
                let kind = if sums.before == 0 { Kind::New(concept) } else { Kind::Rising(concept) };
                staged.alarms.push(Alarm { tick: now.tick(), kind, since: now.tick_of(sums.since()), counts });
            }
            if is_often(&sums, now) {
                staged.often.push(concept);
            }
            staged.concepts.push((concept, Some(sums)));
        }
        Ok(())
    }

    fn pairs(&self, now: &Clock, seen: &Seen, cancel: &Cancel, staged: &mut Staged) -> Result<()> {
        let rule = now.rule();
        forget(&seen.gone_pairs, &seen.pairs, &mut staged.pairs);
        for (number, &(pair, activations)) in seen.pairs.iter().enumerate() {
            if number % POLL == 0 {
                cancel.poll()?;
            }
            let known = self.pairs.get(pair, now).filter(|_| seen.gone_pairs.binary_search(&pair).is_err());
            let mut sums = activated(known, activations, now);
            if sums.may_turn()
                && let Some(counts) = now.counts_of_pair(&sums)
                && sums.turns(&counts, rule.pair_threshold, rule)
            {
                let (kind, since) = (Kind::Pair(pair), now.tick_of(sums.since()));
                staged.alarms.push(Alarm { tick: now.tick(), kind, since, counts });
            }
            staged.pairs.push((pair, Some(sums)));
        }
        Ok(())
    }

    fn fading(&self, now: &Clock, seen: &Seen, staged: &mut Staged) {
        for (concept, silent) in self.silence.due(now) {
            let last = now.beat() - silent;
            let Some(sums) = self.concepts.get(concept, now) else { continue };
            let is_back = seen.concepts.binary_search_by_key(&concept, |entry| entry.0).is_ok();
            let is_gone = seen.gone.binary_search(&concept).is_ok();
            if sums.last != last || sums.state == State::Faded || is_back || is_gone {
                continue;
            }
            let Some(counts) = now.counts_of_silence(sums, silent) else { continue };
            if counts.strength() > f64::from(now.rule().threshold) {
                staged.concepts.push((concept, Some(Sums { state: State::Faded, ..*sums })));
                let (kind, since) = (Kind::Fading(concept), now.tick_of(last));
                staged.alarms.push(Alarm { tick: now.tick(), kind, since, counts });
            }
        }
    }
}

// Returns what is known of an entity after its activations in this beat.
fn activated(known: Option<&Sums>, activations: u64, now: &Clock) -> Sums {
    let mut sums = known.map_or(Sums::new(now.beat()), |sums| sums.at(now.beat(), now.rule()));
    sums.add(activations);
    sums
}

// Stages that entities are forgotten, except those that are activated and so begin anew.
fn forget<K: Copy + Ord>(gone: &[K], seen: &[(K, u64)], staged: &mut Vec<Change<K>>) {
    let is_seen = |key: &K| seen.binary_search_by_key(key, |entry| entry.0).is_ok();
    staged.extend(gone.iter().filter(|key| !is_seen(key)).map(|&key| (key, None)));
}
