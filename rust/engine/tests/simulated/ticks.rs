//! Ticks: by hand, in any order of shards and with inputs, stops and late messages in between; and by a runner whose
//! shards panic and hang.

use super::model::is_clean;
use super::{Life, Schedule, Told};
use phago_core::Error;
use phago_core::ids::ShardId;
use phago_core::message::Batch;
use phago_core::phase::Phase;
use phago_engine::{Action, Fault, Runner, RunnerConfig, World};
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build().expect("a runtime")
});

/// A runner without deadlines: nothing depends on how fast the machine is.
pub(super) fn runner(world: &Arc<World>, max_parallelism: u32) -> Runner {
    let config =
        RunnerConfig { max_parallelism, phase_timeout_ms: crate::common::FOREVER_MS, ..RunnerConfig::default() };
    Runner::new(Arc::clone(world), config, RUNTIME.handle().clone()).expect("a runner")
}

/// How a tick that was begun ended.
enum End {
    Made(std::result::Result<(), Error>),
    GivenUp,
}

impl Schedule {
    pub(super) fn tick(&mut self, life: &mut Life) -> Told<bool> {
        if life.runner.is_some() { self.tick_with_faults(life) } else { self.tick_by_hand(life, false) }
    }

    /// A tick that nothing disturbs.
    pub(super) fn tick_plainly(&mut self, life: &mut Life) -> Told<bool> {
        self.tick_by_hand(life, true)
    }

    /// Ticks of a colony that has nothing to do.
    pub(super) fn idle(&mut self, life: &mut Life) -> Told<bool> {
        for _ in 0..6 {
            if self.model.state().is_quiet() {
                break;
            }
            if !self.tick(life)? {
                return Ok(false);
            }
        }
        for _ in 0..1 + self.chance.below(4) {
            if !self.tick(life)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    // Agents choose before a tick begins.
    fn begin_tick(&mut self, life: &Life) -> Told {
        let acted = self.some_acted();
        self.counts.lived += u64::from(acted.is_some());
        life.world.choose(acted.clone()).map_err(|error| format!("agents that chose: {error}"))?;
        self.model.begin_tick(acted);
        Ok(())
    }

    // --- by hand ---

    fn tick_by_hand(&mut self, life: &mut Life, plainly: bool) -> Told<bool> {
        self.disk.phase("tick");
        self.begin_tick(life)?;
        let mut sound = true;
        let end = self.phases(life, plainly, &mut sound)?;
        let idle = self.model.is_idle();
        match end {
            End::Made(Ok(())) => {
                self.counts.expired += self.model.attempt_tick();
                self.counts.ticks += 1;
                self.counts.idle_ticks += u64::from(idle);
                // Idle ticks are durable with what comes after them.
                if !idle {
                    self.model.acknowledge();
                }
                self.same(life, "a tick")?;
                Ok(sound)
            }
            End::GivenUp => {
                self.counts.given_up += 1;
                self.unchanged(life, "a tick that was given up")?;
                self.model.give_up();
                Ok(sound)
            }
            End::Made(Err(error)) if is_clean(&error) && self.disk.struck() => {
                self.disk.note(&format!("{error}"));
                life.is_frozen = true;
                self.unchanged(life, "a tick that was refused")?;
                if matches!(error, Error::Poisoned { .. }) {
                    self.model.give_up();
                } else {
                    self.counts.expired += self.model.attempt_tick();
                }
                Ok(false)
            }
            End::Made(Err(error)) => Err(format!("a tick: {error}")),
        }
    }

    // After a tick that was not made, there is what it saw, and what was accepted since.
    fn unchanged(&mut self, life: &Life, what: &str) -> Told {
        let found = self.digests_of(&life.world)?;
        let known = self.model.since_cut().any(|digests| *digests == found);
        if known { Ok(()) } else { Err(format!("{what} has changed the colony")) }
    }

    fn phases(&mut self, life: &mut Life, plainly: bool, sound: &mut bool) -> Told<End> {
        for phase in [Phase::Sense, Phase::Act] {
            for shard in self.shuffled(life.joined.clone()) {
                if let Err(error) = life.world.phase_by_hand(shard, phase) {
                    return Ok(End::Made(Err(error)));
                }
                if !plainly && self.between(life, sound)? {
                    return Ok(End::GivenUp);
                }
            }
        }
        if let Some(wrong) = self.carry(life, plainly)? {
            return Ok(End::Made(Err(wrong)));
        }
        for phase in [Phase::Decay, Phase::Advance] {
            for (at, shard) in self.shuffled(life.joined.clone()).into_iter().enumerate() {
                self.disk.phase("tick");
                if let Err(error) = life.world.phase_by_hand(shard, phase) {
                    return Ok(End::Made(Err(error)));
                }
                let last = phase == Phase::Advance && at + 1 == life.joined.len();
                if !plainly && !last && self.between(life, sound)? {
                    return Ok(End::GivenUp);
                }
            }
        }
        Ok(End::Made(Ok(())))
    }

    // Inputs, readers, and shards that do nothing more, so that the tick is given up. Returns whether it was.
    fn between(&mut self, life: &mut Life, sound: &mut bool) -> Told<bool> {
        match self.chance.below(24) {
            0..=2 => {
                let input = self.some_input();
                self.counts.inputs_within_ticks += 1;
                *sound &= self.input(life, &input)?;
                // Nobody sees half of a tick, nor what waits for its end.
                let found = self.digests_of(&life.world)?;
                match self.model.since_cut().next() {
                    Some(cut) if *cut == found => {}
                    _ => return Err("a tick is seen before its end".into()),
                }
            }
            3 => self.read_beside(life)?,
            4 => {
                for shard in life.joined.clone() {
                    let sent = life.world.take_outbox(shard).map_err(|error| error.to_string())?;
                    self.late.extend(sent.into_iter().map(|(_, batch)| batch));
                }
                life.world.abandon_by_hand().map_err(|error| error.to_string())?;
                return Ok(true);
            }
            _ => {}
        }
        self.disk.phase("tick");
        Ok(false)
    }

    // Carries the batches: in any order, some twice, and some of a tick that was given up.
    fn carry(&mut self, life: &Life, plainly: bool) -> Told<Option<Error>> {
        let mut all: Vec<(ShardId, Batch)> = Vec::new();
        for shard in &life.joined {
            all.extend(life.world.take_outbox(*shard).map_err(|error| error.to_string())?);
        }
        let missing = all.iter().find(|(to, _)| life.joined.contains(to)).cloned();
        if let (false, Some((to, _))) = (plainly, &missing) {
            match life.world.phase_by_hand(*to, Phase::Decay) {
                Err(Error::BarrierFailed { .. }) => {}
                other => return Err(format!("Decay before the batches came: {other:?}")),
            }
        }
        let sent: Vec<Batch> = all.iter().map(|(_, batch)| batch.clone()).collect();
        let mut order: Vec<(ShardId, Batch)> = self.shuffled(all);
        if !plainly && self.chance.below(3) == 0 {
            order.extend(order.first().cloned());
            for batch in std::mem::take(&mut self.late) {
                self.counts.late_batches += 1;
                order.insert(self.chance.below(order.len() as u64 + 1) as usize, (batch.to, batch));
            }
        }
        let own = |batch: &Batch| life.joined.contains(&batch.from);
        for (to, batch) in order {
            match life.world.deliver(to, &batch) {
                Ok(()) if sent.iter().any(|sent| sent.says_the_same(&batch)) => {}
                Ok(()) => return Err("a batch of another attempt was taken".into()),
                // A late one that says something else than what was sent in this attempt.
                Err(Error::BarrierFailed { .. }) if !plainly && own(&batch) => self.disk.note("a late batch"),
                Err(error) => return Ok(Some(error)),
            }
        }
        Ok(None)
    }

    fn shuffled<T>(&mut self, mut items: Vec<T>) -> Vec<T> {
        for at in (1..items.len()).rev() {
            items.swap(at, self.chance.below(at as u64 + 1) as usize);
        }
        items
    }

    // --- by a runner ---

    fn tick_with_faults(&mut self, life: &mut Life) -> Told<bool> {
        self.disk.phase("tick of a runner");
        let runner = life.runner.as_ref().expect("a runner");
        let shards = life.world.ring().shards().to_vec();
        let tick = Some(life.world.tick() + 1);
        let action = match self.chance.below(12) {
            0..=2 => Some(Action::Panic),
            3 if self.chance.below(4) == 0 => Some(Action::Hang),
            _ => None,
        };
        if let Some(action) = &action {
            let phase = Phase::ALL[self.chance.below(4) as usize];
            let several = if *action == Action::Panic { 1 + self.chance.below(2) } else { 1 };
            for shard in self.shuffled(shards).into_iter().take(several as usize) {
                runner.inject(Fault { action: action.clone(), shard, phase, tick }).expect("a fault");
            }
        }
        self.begin_tick(life)?;
        let idle = self.model.is_idle();
        let hangs = action == Some(Action::Hang);
        // A caller that gives up once its shard hangs.
        let made = runner.tick_blocking(|| hangs && runner.faults().count() == 0);
        runner.faults().clear();
        self.counts.panics += u64::from(action == Some(Action::Panic));
        self.counts.hangs += u64::from(hangs);
        self.disk.note(&format!("{:?}", made.as_ref().map(|_| ()).map_err(ToString::to_string).is_ok()));
        match made {
            Ok(_) => {
                self.counts.expired += self.model.attempt_tick();
                self.counts.ticks += 1;
                self.counts.idle_ticks += u64::from(idle);
                if !idle {
                    self.model.acknowledge();
                }
                self.same(life, "a tick of a runner")?;
                Ok(true)
            }
            Err(Error::ShardDied { .. } | Error::Cancelled) if action.is_some() => {
                self.unchanged(life, "a tick with a fault")?;
                self.model.give_up();
                Ok(true)
            }
            Err(error) if is_clean(&error) && self.disk.struck() => {
                life.is_frozen = true;
                self.unchanged(life, "a tick of a runner that was refused")?;
                if matches!(error, Error::Poisoned { .. }) {
                    self.model.give_up();
                } else {
                    self.counts.expired += self.model.attempt_tick();
                }
                Ok(false)
            }
            Err(error) => Err(format!("a tick of a runner: {error}")),
        }
    }
}
