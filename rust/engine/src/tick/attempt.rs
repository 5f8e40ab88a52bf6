//! One attempt at a tick: a state machine that the worker threads step.
//!
//! The last shard to finish a phase begins the next one on its own thread, and after Advance that thread commits, so a
//! tick wakes its waiter once. An attempt owns everything it stages: a worker that finishes after the attempt was given
//! up writes into something nobody reads any more. So one attempt cannot reach into the next.
//!
//! One value, the [`Fate`], says whether an attempt goes on. It changes under one lock. Once it is `Committing`,
//! nothing stops the attempt. Before that a deadline, a panic or a cancel sets it to `Over`, and dropping what was
//! staged undoes the tick.
//!
//! A tick with next to nothing to do is stepped by its caller's thread instead, as `here` says.
//!
//! If a shard died or hung, another attempt follows, with the same plan and cut and a number of its own. The inputs
//! that wait keep waiting, so the tick is the one that would have been made without the fault.

mod here;

use crate::config::{REDOS_MAX, Recover};
use crate::coordination::{Driving, metrics};
use crate::lock::lock;
use crate::sync::{Arc, Mutex, Weak, now, sleep, thread};
use crate::tick::commit::End;
use crate::tick::deadline::{Keeper, Timed};
use crate::tick::fault::{Entered, Faults};
use crate::tick::making::{GivenUp, Making, Redo};
use crate::tick::report::{PhaseReport, TickReport};
use crate::tick::slot::{Failure, Slot};
use crate::tick::snapshot::Snapshot;
use crate::tick::turn::Turn;
use crate::work::job::message;
use crate::work::pool::{PhaseHandle, Pool};
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::coordinator::ShardMetrics;
use phago_core::ids::{ShardId, Tick};
use phago_core::phase::Phase;
use phago_core::replica::Replica;
use phago_core::shard::{Seat, exchange};
use phago_core::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

// How long an attempt waits after a panic: the other shards of the phase may still finish, or panic and be named too.
const DYING: Duration = Duration::from_millis(50);
// How long the end of an attempt waits for its workers to notice it; those that do not are replaced.
const UNWINDING: Duration = Duration::from_millis(25);

/// What a runner shares with each of its attempts.
pub(crate) struct Means {
    pub(crate) world: Arc<World>,
    pub(crate) pool: Pool,
    pub(crate) faults: Faults,
    pub(crate) driving: Option<Driving>,
    pub(crate) timeout: Duration,
    pub(crate) recover: Recover,
    pub(crate) resolve_ghosts: bool,
    pub(crate) keeper: Arc<Keeper<Attempt>>,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Fate {
    Running,
    Committing,
    Over,
}

struct Stage {
    fate: Fate,
    phase: Phase,
    started: Instant,
    // When the first panic of this phase happened.
    dying: Option<Instant>,
    job: Option<PhaseHandle>,
    // The number that the world gave the attempt; `None` before it began.
    number: Option<u64>,
    // The turn in the queue of ticks. Dropping it lets the next tick begin.
    turn: Option<Turn>,
}

pub(crate) struct Attempt {
    means: Arc<Means>,
    me: Weak<Attempt>,
    tick: Tick,
    cancel: Cancel,
    entered: Entered,
    stage: Mutex<Stage>,
    snapshot: Mutex<Option<Snapshot>>,
    // By seat.
    slots: Vec<Slot>,
    making: Arc<Making<Attempt>>,
    // Why the attempts before this one were given up.
    recovered: Vec<Error>,
}

impl Attempt {
    /// Begins the next tick on the workers. `with_edges` is whether its report has the new synapses between shards.
    pub(crate) fn start(means: &Arc<Means>, turn: Turn, with_edges: bool) -> Result<Arc<Making<Attempt>>> {
        means.pool.replace_stuck()?;
        let making = Arc::new(Making::new(with_edges));
        let attempt = Attempt::new(means, &making, turn, None, Vec::new());
        making.begin(&attempt);
        // Watched first: once it is with the workers, it may be over, and the next attempt the one to watch.
        means.keeper.watch(&attempt);
        if !attempt.make_here() {
            attempt.plan()?;
        }
        Ok(making)
    }

    /// Gives the tick up because no caller wants it any more. Returns `None` if it is over or being committed.
    pub(crate) fn cancel(means: &Arc<Means>, making: &Arc<Making<Attempt>>) -> Option<Unwinding> {
        match making.give_up()? {
            GivenUp::Attempt(attempt) => {
                let mut stage = lock(&attempt.stage);
                (stage.fate == Fate::Running).then(|| attempt.give_up(&mut stage, Error::Cancelled))
            }
            GivenUp::Redo(redo) => Some(Unwinding::of(means, making, redo, Error::Cancelled)),
        }
    }

    // Begins another attempt at the same tick, unless the tick was given up meanwhile.
    fn again(means: &Arc<Means>, making: &Arc<Making<Attempt>>) {
        if means.pool.replace_stuck().is_err() {
            // Too many workers hang for good, so the error that led here is the tick's.
            if let Some(GivenUp::Redo(mut redo)) = making.give_up()
                && let Some(error) = redo.recovered.pop()
            {
                Unwinding::of(means, making, redo, error).undo();
            }
            return;
        }
        let next = making.resume(|redo| {
            let Redo { snapshot, turn, recovered } = redo;
            Attempt::new(means, making, turn, Some(snapshot), recovered)
        });
        if let Some(attempt) = next {
            means.keeper.watch(&attempt);
            attempt.enter(Phase::Sense);
        }
    }

    fn new(
        means: &Arc<Means>,
        making: &Arc<Making<Attempt>>,
        turn: Turn,
        snapshot: Option<Snapshot>,
        recovered: Vec<Error>,
    ) -> Arc<Attempt> {
        let shards = means.world.ring().shards();
        let ids = shards.last().map_or(0, |last| last.index() + 1);
        let stage = Stage {
            fate: Fate::Running,
            phase: Phase::Sense,
            started: now(),
            dying: None,
            job: None,
            number: snapshot.as_ref().map(|snapshot| snapshot.attempt),
            turn: Some(turn),
        };
        Arc::new_cyclic(|me| Attempt {
            means: means.clone(),
            me: me.clone(),
            // Ticks queue, so no other can be committed between this point and the beginning.
            tick: means.world.tick() + 1,
            cancel: Cancel::new(),
            entered: Entered::new(ids),
            stage: Mutex::new(stage),
            snapshot: Mutex::new(snapshot),
            slots: shards.iter().map(|_| Slot::default()).collect(),
            making: making.clone(),
            recovered,
        })
    }

    // Plans the tick on a worker. That is work too: it reads up to one tick's grants from the backlog.
    fn plan(self: &Arc<Self>) -> Result<()> {
        let (begin, then) = (self.clone(), self.clone());
        let job = self.means.pool.run_phase(
            1,
            move |_| begin.begin(),
            move || then.guarded(|attempt| attempt.enter(Phase::Sense)),
        );
        match job {
            Ok(job) => {
                let mut stage = lock(&self.stage);
                // The workers may have advanced already.
                if stage.job.is_none() && stage.fate == Fate::Running {
                    stage.job = Some(job);
                }
                Ok(())
            }
            Err(error) => {
                lock(&self.stage).fate = Fate::Over;
                Err(error)
            }
        }
    }

    fn deadline_of(&self, stage: &Stage) -> Instant {
        let deadline = stage.started + self.means.timeout;
        stage.dying.map_or(deadline, |since| deadline.min(since + DYING))
    }

    // Gives the attempt up if its deadline has passed.
    fn late(&self) -> Option<Unwinding> {
        let mut stage = lock(&self.stage);
        if stage.fate != Fate::Running || now() < self.deadline_of(&stage) {
            return None;
        }
        let phase = stage.phase;
        let error = match self.died(phase) {
            Some(error) => error,
            None => {
                let begun = |shard: ShardId| self.entered.has(shard, phase);
                let late: Vec<ShardId> = self.silent(phase).collect();
                let mut shards: Vec<ShardId> = late.iter().copied().filter(|shard| begun(*shard)).collect();
                if shards.is_empty() {
                    shards = late;
                }
                let waited_ms = (now() - stage.started).as_millis() as u64;
                Error::PhaseTimeout { shards, phase, tick: self.tick, waited_ms }
            }
        };
        Some(self.give_up(&mut stage, error))
    }

    fn give_up(&self, stage: &mut Stage, error: Error) -> Unwinding {
        stage.fate = Fate::Over;
        self.cancel.cancel();
        let job = stage.job.take();
        if let Some(job) = &job {
            job.abandon();
        }
        Unwinding {
            means: self.means.clone(),
            making: self.making.clone(),
            attempt: self.me.upgrade(),
            job,
            snapshot: lock(&self.snapshot).take(),
            number: stage.number.take(),
            turn: stage.turn.take(),
            error: Some(error),
        }
    }

    // Begins the tick: fixes the cut.
    fn begin(&self) {
        self.begun(self.means.world.begin("the runner"));
    }

    fn begun(&self, begun: Result<Snapshot>) {
        let mut stage = lock(&self.stage);
        match begun {
            Ok(snapshot) if stage.fate == Fate::Running => {
                stage.number = Some(snapshot.attempt);
                // Set under the stage's lock: giving up clears it later, never earlier.
                *lock(&self.snapshot) = Some(snapshot);
            }
            // Given up meanwhile, before there was anything to undo.
            Ok(snapshot) => {
                drop(stage);
                self.means.world.abort(snapshot.attempt, Some(&self.means.pool));
            }
            Err(error) => {
                drop(stage);
                self.fail(error);
            }
        }
    }

    // Submits a phase. The last shard to finish the phase before calls this.
    fn enter(&self, phase: Phase) {
        let mut stage = lock(&self.stage);
        let Some(me) = self.me.upgrade().filter(|_| stage.fate == Fate::Running) else { return };
        stage.phase = phase;
        stage.started = now();
        let then = me.clone();
        let job = self.means.pool.run_phase(
            self.slots.len(),
            move |seat| me.work(phase, seat),
            move || then.guarded(|attempt| attempt.finish(phase)),
        );
        match job {
            Ok(job) => stage.job = Some(job),
            Err(error) => {
                drop(stage);
                self.fail(error);
            }
        }
    }

    // Does one shard's share of a phase.
    fn work(&self, phase: Phase, seat: usize) {
        let Some(share) = lock(&self.snapshot).as_ref().map(|snapshot| snapshot.share(seat)) else { return };
        let shard = share.shard.id();
        self.entered.enter(shard, phase);
        let done = catch_unwind(AssertUnwindSafe(|| {
            self.cancel.poll()?;
            self.means.faults.strike(shard, phase, self.tick, &self.entered, &self.cancel)?;
            self.slots[seat].step(&share, phase, &self.cancel, &self.means.pool)?;
            self.report(shard, phase)
        }));
        // The commit must hold the only reference, or it would copy the shard.
        drop(share);
        let failure = match done {
            Ok(Ok(())) => {
                self.slots[seat].answer(phase);
                return;
            }
            Ok(Err(error)) => Failure::Refused(error),
            Err(panic) => Failure::Died(message(panic)),
        };
        let died = matches!(failure, Failure::Died(_));
        self.slots[seat].fail(failure);
        if died {
            lock(&self.stage).dying.get_or_insert_with(now);
            self.means.keeper.hurry();
        }
    }

    // Tells the coordinator, if there is one, that a shard finished a phase. Called under the stage's lock, so that it
    // hears nothing after the attempt was given up.
    fn report(&self, shard: ShardId, phase: Phase) -> Result<()> {
        let Some(driving) = &self.means.driving else { return self.cancel.poll() };
        let stage = lock(&self.stage);
        if stage.fate == Fate::Running { driving.answered(shard, phase, self.tick) } else { Err(Error::Cancelled) }
    }

    // Ends a phase that every shard has finished.
    fn finish(&self, phase: Phase) {
        if !self.has_passed(phase) {
            return;
        }
        match phase {
            Phase::Sense => self.enter(Phase::Act),
            Phase::Act => self.enter(Phase::Decay),
            Phase::Decay => self.enter(Phase::Advance),
            Phase::Advance => self.commit(),
        }
    }

    // Passes the barrier behind a phase that every shard has finished. Returns `false` if one failed in it: then the
    // attempt is over.
    fn has_passed(&self, phase: Phase) -> bool {
        if let Some(error) = self.died(phase).or_else(|| self.refused()) {
            self.fail(error);
            return false;
        }
        if phase == Phase::Act {
            self.exchange();
        }
        true
    }

    // Delivers what the seats sent to their addressees. Does nothing if the attempt was given up.
    fn exchange(&self) {
        let commons = lock(&self.snapshot).as_ref().map(|snapshot| snapshot.commons.clone());
        let (Some(commons), Some(mut seats)) = (commons, self.seats()) else { return };
        exchange(&mut seats, &commons);
        self.slots.iter().zip(seats).for_each(|(slot, seat)| slot.put(seat));
    }

    // Takes every seat out of its slot, or returns `None` if the attempt was given up meanwhile.
    fn seats(&self) -> Option<Vec<Seat>> {
        self.slots.iter().map(Slot::take).collect()
    }

    fn commit(&self) {
        {
            let mut stage = lock(&self.stage);
            if stage.fate != Fate::Running {
                return;
            }
            // From here on the tick cannot be undone.
            stage.fate = Fate::Committing;
            stage.job = None;
        }
        let snapshot = lock(&self.snapshot).take().expect("an attempt that runs has its snapshot");
        let seats = self.seats().expect("a tick that is being committed cannot be given up");
        let (world, pool) = (&self.means.world, &self.means.pool);
        let (phases, made) = PhaseReport::of_tick(&snapshot, &seats, self.making.with_edges);
        let deltas = seats.into_iter().map(Seat::into_delta).collect();
        let end = match world.commit(snapshot, deltas, Some(pool)) {
            Ok(end) => end,
            Err(error) => {
                self.abort();
                return self.tell(Err(error));
            }
        };
        let End { committed, is_quiet } = end;
        world.expect_ghosts(&made, self.means.resolve_ghosts);
        if let Some(driving) = &self.means.driving {
            // A barrier that all shards have passed does not refuse. The tick is committed whatever it returns.
            let _ = driving.committed(&self.sizes());
        }
        let (digested, failed) = (committed.digested, committed.failed);
        let recovered = self.recovered.clone();
        self.tell(Ok(TickReport { tick: self.tick, phases, digested, failed, is_quiet, recovered }));
        // The replaced rows: no caller waits until their memory is freed.
        drop(committed);
    }

    fn sizes(&self) -> Vec<(ShardId, ShardMetrics)> {
        let sizes = |state: &Replica| state.shards().iter().map(|shard| (shard.id(), metrics(shard))).collect();
        self.means.world.read(sizes).unwrap_or_default()
    }

    fn may_be_redone(&self, error: &Error) -> bool {
        let is_fault = matches!(error, Error::ShardDied { .. } | Error::PhaseTimeout { .. });
        is_fault && self.means.recover == Recover::Auto && self.recovered.len() < REDOS_MAX as usize
    }

    // Returns the shards that neither finished a phase nor failed in it.
    fn silent(&self, phase: Phase) -> impl Iterator<Item = ShardId> + '_ {
        let shards = self.means.world.ring().shards().iter().zip(&self.slots);
        shards.filter(move |(_, slot)| slot.is_silent(phase)).map(|(shard, _)| *shard)
    }

    fn died(&self, phase: Phase) -> Option<Error> {
        let (mut shards, mut first) = (Vec::new(), None);
        for (shard, slot) in self.means.world.ring().shards().iter().zip(&self.slots) {
            if let Some(Failure::Died(message)) = slot.failure() {
                shards.push(*shard);
                first.get_or_insert(message);
            }
        }
        first.map(|cause| Error::ShardDied { shards, phase, tick: self.tick, cause })
    }

    fn refused(&self) -> Option<Error> {
        self.slots.iter().find_map(|slot| match slot.failure() {
            Some(Failure::Refused(error)) => Some(self.means.world.as_damage(error)),
            _ => None,
        })
    }

    // Ends the attempt with an error, on a worker thread, when no other worker is inside any more.
    fn fail(&self, error: Error) {
        let unwinding = {
            let mut stage = lock(&self.stage);
            if stage.fate != Fate::Running {
                return;
            }
            self.give_up(&mut stage, error)
        };
        // This thread is inside the job itself, so it must not wait for the job to be quiet.
        unwinding.undo();
    }

    // Runs a step of a continuation and turns its panic into the attempt's error: a continuation has no caller to
    // unwind to.
    fn guarded(&self, step: impl FnOnce(&Attempt)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| step(self))) {
            let reason = format!("the step between two phases failed: {}", message(panic));
            let error = Error::CoordinatorUnavailable { reason };
            let mut stage = lock(&self.stage);
            if stage.fate == Fate::Running {
                let unwinding = self.give_up(&mut stage, error);
                drop(stage);
                unwinding.undo();
            } else {
                drop(stage);
                self.abort();
                self.tell(Err(error));
            }
        }
    }

    // Frees the world for the next attempt. After a commit there is nothing to free.
    fn abort(&self) {
        let number = lock(&self.stage).number.take();
        if let Some(number) = number {
            self.means.world.abort(number, Some(&self.means.pool));
        }
    }

    // The turn is dropped first, so that the next tick need not wait for whoever reads this outcome.
    fn tell(&self, outcome: Result<TickReport>) {
        let turn = {
            let mut stage = lock(&self.stage);
            stage.fate = Fate::Over;
            stage.turn.take()
        };
        drop(turn);
        self.making.outcome.tell(outcome);
    }
}

impl Timed for Attempt {
    fn expire(&self) {
        if let Some(unwinding) = self.late() {
            unwinding.elsewhere();
        }
    }

    // Returns when the attempt must be given up, or `None` once only the commit is left.
    fn deadline(&self) -> Option<Instant> {
        let stage = lock(&self.stage);
        (stage.fate == Fate::Running).then(|| self.deadline_of(&stage))
    }
}

/// The end of an attempt that was given up. Dropping it does the rest on the dropping thread. That applies the inputs
/// that waited, which is work, so it must not run on a thread that keeps timers.
#[must_use]
pub(crate) struct Unwinding {
    means: Arc<Means>,
    making: Arc<Making<Attempt>>,
    // `None` if the tick was given up between two attempts.
    attempt: Option<Arc<Attempt>>,
    job: Option<PhaseHandle>,
    snapshot: Option<Snapshot>,
    number: Option<u64>,
    turn: Option<Turn>,
    error: Option<Error>,
}

impl Unwinding {
    // Returns the end of a tick that was given up between two attempts.
    fn of(means: &Arc<Means>, making: &Arc<Making<Attempt>>, redo: Redo, error: Error) -> Unwinding {
        Unwinding {
            means: means.clone(),
            making: making.clone(),
            attempt: None,
            job: None,
            number: Some(redo.snapshot.attempt),
            snapshot: Some(redo.snapshot),
            turn: Some(redo.turn),
            error: Some(error),
        }
    }

    /// Undoes the attempt, then waits up to 25 ms for its workers to notice before the next one or the next tick may
    /// begin: a worker that polls returns in time and need not be replaced.
    pub(crate) fn finish(mut self) {
        let again = self.end();
        let since = now();
        while self.job.as_ref().is_some_and(|job| !job.is_quiet()) && now() - since < UNWINDING {
            sleep(Duration::from_millis(1));
        }
        if again {
            Attempt::again(&self.means, &self.making);
        }
    }

    /// Does what [`Unwinding::finish`] does on a new thread, for callers that must not wait.
    pub(crate) fn elsewhere(self) {
        // If no thread can be started, the closure is dropped with the unwinding in it, which undoes the attempt too.
        let _ = thread::Builder::new().name("phago-unwind".into()).spawn(move || self.finish());
    }

    // Undoes the attempt without a wait.
    fn undo(self) {
        drop(self);
    }

    // Drops what was staged, then keeps the tick for another attempt, and returns true, or undoes it and tells its
    // error.
    fn end(&mut self) -> bool {
        let Some(error) = self.error.take() else { return false };
        let (means, making) = (&self.means, &self.making);
        if let Some(driving) = &means.driving {
            driving.aborted();
        }
        if let Some(attempt) = &self.attempt {
            // A worker that never returns keeps the attempt alive; it should keep no more than its own share.
            attempt.slots.iter().for_each(Slot::give_up);
            if attempt.may_be_redone(&error)
                && let (Some(snapshot), Some(turn)) = (self.snapshot.take(), self.turn.take())
                && let Ok(snapshot) = means.world.redo(snapshot)
            {
                self.number = Some(snapshot.attempt);
                let recovered = attempt.recovered.iter().cloned().chain([error.clone()]).collect();
                match making.pause(Redo { snapshot, turn, recovered }) {
                    None => return true,
                    // No caller wants it any more.
                    Some(redo) => (self.snapshot, self.turn) = (Some(redo.snapshot), Some(redo.turn)),
                }
            }
        }
        // Before the inputs that waited are applied: a shard that nobody else reads is then changed in place.
        self.snapshot = None;
        if let Some(number) = self.number {
            means.world.abort(number, Some(&means.pool));
        }
        making.outcome.tell(Err(error));
        false
    }
}

impl Drop for Unwinding {
    fn drop(&mut self) {
        if self.end() {
            Attempt::again(&self.means, &self.making);
        }
        self.turn = None;
    }
}
