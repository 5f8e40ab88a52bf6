//! One shard in one attempt at a tick: what its phases have staged, and which phase is next.
//!
//! Every driver takes the same steps: Sense, Act, exchange, Decay, and then the delta. A step that fails changes
//! nothing, so a driver may repeat it. Dropping a seat undoes the shard's part of the tick.

use super::Shard;
use super::deliver::Delivered;
use super::delta::{CrossEdge, Delta, Leaving};
use super::gathered::Gathered;
use super::sense::Sensed;
use crate::cancel::Cancel;
use crate::commons::Commons;
use crate::field::Emissions;
use crate::message::Batch;
use crate::phase::Phase;
use crate::plan::Plan;
use crate::{Error, Result};
use std::sync::Arc;

type Lysed = Vec<(u32, Box<[u32]>)>;

/// What one shard has staged in one attempt at a tick.
#[derive(Debug)]
pub struct Seat {
    next: Phase,
    sensed: Sensed,
    lysed: Lysed,
    leaving: Leaving,
    traces: Emissions,
    transferred: u64,
    // From Act until it is taken.
    outbox: Option<Vec<Batch>>,
    // From the exchange until Decay.
    inbox: Option<Arc<Vec<Batch>>>,
    // On the heap: a driver moves seats between two phases.
    delta: Option<Box<Delta>>,
}

impl Default for Seat {
    fn default() -> Self {
        let (sensed, lysed, leaving, traces, transferred) = Default::default();
        Seat { next: Phase::Sense, sensed, lysed, leaving, traces, transferred, outbox: None, inbox: None, delta: None }
    }
}

impl Seat {
    /// Returns a seat before Sense.
    pub fn new() -> Seat {
        Seat::default()
    }

    /// Returns the next phase: Advance once the delta is staged.
    pub fn next(&self) -> Phase {
        self.next
    }

    /// Does one phase of `shard`. Advance stages nothing: only the commit of all shards at once is left.
    ///
    /// # Errors
    /// [`Error::PhaseOrder`] for a phase out of order; [`Error::BarrierFailed`] for Decay before the exchange, or with
    /// a batch of another tick or for another shard; [`Error::Cancelled`]. The seat then stays as it was.
    pub fn step(&mut self, phase: Phase, shard: &Shard, plan: &Plan, commons: &Commons, cancel: &Cancel) -> Result<()> {
        self.expect(phase, shard, plan)?;
        match phase {
            Phase::Sense => {
                self.sensed = shard.sense(plan, commons, cancel)?;
                self.next = Phase::Act;
            }
            Phase::Act => {
                let acted = shard.act(plan, commons, &self.sensed, cancel)?;
                (self.lysed, self.leaving, self.outbox) = (acted.lysed, acted.leaving, Some(acted.outbox));
                (self.traces, self.transferred) = (acted.traces, acted.transferred);
                self.next = Phase::Decay;
            }
            Phase::Decay => {
                let gathered = self.gather(shard, plan, commons, cancel)?;
                let mut pieces = 0..gathered.pieces();
                let delivered = gathered.deliver(shard, commons, cancel, || pieces.next())?;
                self.stage(shard, commons, &gathered, [delivered]);
            }
            Phase::Advance => {}
        }
        Ok(())
    }

    /// Begins Decay: gathers what the shard delivers. A driver whose threads share the work has them deliver the pieces,
    /// and then calls [`Seat::stage`]; [`Seat::step`] does all of it.
    ///
    /// # Errors
    /// As [`Seat::step`].
    pub fn gather(&self, shard: &Shard, plan: &Plan, commons: &Commons, cancel: &Cancel) -> Result<Gathered> {
        self.expect(Phase::Decay, shard, plan)?;
        let Some(inbox) = &self.inbox else {
            let reason = format!("{} cannot Decay in tick {} before the exchange", shard.id(), plan.tick);
            return Err(Error::BarrierFailed { reason });
        };
        shard.gather(plan, commons, inbox, cancel)
    }

    /// Ends Decay with what all threads delivered.
    ///
    /// # Panics
    /// Unless each piece was delivered once, or if the seat is not in Decay.
    pub fn stage(
        &mut self,
        shard: &Shard,
        commons: &Commons,
        gathered: &Gathered,
        delivered: impl IntoIterator<Item = Delivered>,
    ) {
        assert_eq!(self.next, Phase::Decay, "what was delivered is staged in Decay");
        let mut delta = shard.staged(commons, gathered, delivered);
        delta.lysed = std::mem::take(&mut self.lysed);
        delta.leaving = std::mem::take(&mut self.leaving);
        delta.traces = std::mem::take(&mut self.traces);
        delta.transferred = self.transferred;
        delta.digesters = std::mem::take(&mut self.sensed).after();
        (self.inbox, self.delta) = (None, Some(Box::new(delta)));
        self.next = Phase::Advance;
    }

    fn expect(&self, phase: Phase, shard: &Shard, plan: &Plan) -> Result<()> {
        if phase == self.next {
            return Ok(());
        }
        let (shard, expected, found, tick) = (shard.id(), self.next, phase, plan.tick);
        Err(Error::PhaseOrder { shard, expected, found, tick })
    }

    /// Takes what Act sent, including the shard's batch to itself, ordered by addressee.
    ///
    /// # Panics
    /// Before Act and at the second call: the driver would lose messages.
    pub fn take_outbox(&mut self) -> Vec<Batch> {
        self.outbox.take().expect("an outbox is taken once, after Act")
    }

    /// Takes all batches addressed to the shard. A second call before Decay replaces those of the first.
    ///
    /// # Panics
    /// Before Act or after Decay.
    pub fn receive(&mut self, inbox: Vec<Batch>) {
        assert_eq!(self.next, Phase::Decay, "batches are delivered between Act and Decay");
        self.inbox = Some(Arc::new(inbox));
    }

    /// Returns what Decay staged.
    pub fn delta(&self) -> Option<&Delta> {
        self.delta.as_deref()
    }

    /// Returns what [`Delta::cross_edges`] returns.
    ///
    /// # Panics
    /// Before Decay.
    pub fn cross_edges<'a>(&'a self, commons: &'a Commons) -> impl Iterator<Item = CrossEdge> + 'a {
        self.delta().expect("cross-shard edges are made by Decay").cross_edges(commons)
    }

    /// Returns the shard's part of the commit.
    ///
    /// # Panics
    /// Before Decay: a tick without a shard's delta must never be committed.
    pub fn into_delta(self) -> Delta {
        *self.delta.expect("a seat that is committed has done Decay")
    }
}

/// Delivers what every seat sent in Act to its addressees. The seats are in the order of the shards.
///
/// # Panics
/// If a seat has not done Act, or was exchanged before.
pub fn exchange(seats: &mut [Seat], commons: &Commons) {
    let mut inboxes: Vec<Vec<Batch>> = seats.iter().map(|_| Vec::new()).collect();
    for batch in seats.iter_mut().flat_map(Seat::take_outbox) {
        inboxes[commons.seat(batch.to)].push(batch);
    }
    for (seat, inbox) in seats.iter_mut().zip(inboxes) {
        seat.receive(inbox);
    }
}
