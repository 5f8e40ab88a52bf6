//! The sentinel of a colony that is all in one place.

use super::alarm::Alarm;
use super::clock::Clock;
use super::part::Part;
use super::records::Records;
use super::rule::Rule;
use super::seen::Seen;
use super::sums::State;
use super::totals::Totals;
use crate::Result;
use crate::cancel::Cancel;
use crate::ids::{NodeId, Tick};
use serde::{Deserialize, Serialize};

/// A clock and its only part: the steps of a beat, one after the other.
#[derive(Clone, Debug)]
pub struct Sentinel {
    clock: Clock,
    part: Part,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    clock: Clock,
    records: Records,
}

impl Sentinel {
    /// Returns a sentinel that has seen nothing.
    ///
    /// # Errors
    /// [`crate::Error::Config`] for a rule outside of its bounds.
    pub fn new(rule: Rule) -> Result<Sentinel> {
        Ok(Sentinel { clock: Clock::new(rule)?, part: Part::default() })
    }

    /// Observes what a tick brings. Returns what departs from normal, in order. A tick in which nothing was activated
    /// changes nothing.
    ///
    /// # Errors
    /// [`crate::Error::BarrierFailed`] for a tick that is not after the last one; [`crate::Error::Cancelled`]. Then
    /// nothing changes.
    pub fn observe(&mut self, tick: Tick, seen: &Seen, cancel: &Cancel) -> Result<Vec<Alarm>> {
        let (concepts, pairs) = seen.totals();
        self.observe_of(tick, Totals { concepts, pairs }, seen, cancel)
    }

    /// Does what [`Sentinel::observe`] does, where more was activated than is to be judged.
    ///
    /// # Errors
    /// As there; [`crate::Error::BarrierFailed`] if less was.
    pub fn observe_of(&mut self, tick: Tick, totals: Totals, seen: &Seen, cancel: &Cancel) -> Result<Vec<Alarm>> {
        if totals.concepts == 0 {
            return Ok(Vec::new());
        }
        let now = self.clock.next(tick, totals)?;
        let staged = self.part.judge(&now, seen, cancel)?;
        let (clock, floors, vocabulary) = now.close(staged.report());
        let mut alarms: Vec<Alarm> = staged.alarms().iter().copied().chain(vocabulary).collect();
        alarms.sort_unstable();
        self.part.commit(staged, &floors, &clock);
        self.clock = clock;
        Ok(alarms)
    }

    /// Returns whether a concept is seen more often than normal at the last beat, told already or just now.
    pub fn is_raised(&self, concept: NodeId) -> bool {
        self.part.concepts.get(concept, &self.clock).is_some_and(|sums| sums.state == State::Raised)
    }

    /// Returns its clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns its part.
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// Returns its state as bytes: the clock, then all records in order.
    pub fn encode(&self) -> Vec<u8> {
        let stored = Stored { clock: self.clock.clone(), records: self.part.records(&self.clock) };
        postcard::to_allocvec(&stored).expect("plain data always encodes")
    }

    /// Makes a sentinel of bytes.
    ///
    /// # Errors
    /// [`crate::Error::Wire`] for bytes that no sentinel wrote.
    pub fn decode(bytes: &[u8]) -> Result<Sentinel> {
        let odd = |reason: String| crate::Error::Wire { what: "sentinel", reason };
        let (stored, rest) = postcard::take_from_bytes::<Stored>(bytes).map_err(|error| odd(error.to_string()))?;
        if !rest.is_empty() {
            return Err(odd(format!("{} bytes are left over", rest.len())));
        }
        let part = Part::read(&stored.records, &stored.clock)?;
        Ok(Sentinel { clock: stored.clock, part })
    }
}
