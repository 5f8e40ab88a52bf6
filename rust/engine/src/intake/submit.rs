//! Accepts inputs as data, and those that concern no document.

use super::ingest::{Ingested, OnError};
use crate::lock::lock;
use crate::sync::Arc;
use crate::work::pool::Pool;
use crate::world::World;
use phago_core::ids::{AgentId, ShardId};
use phago_core::input::{Change, Input, Outcome, Prepared};
use phago_core::life::{Acted, Deed, Life, Spawn};
use phago_core::{Error, Result};

impl World {
    /// Accepts an input as data: one that was stored, or that another colony accepted. Analysis runs on the calling
    /// thread and the workers of `pool`.
    ///
    /// Without a running tick, it is applied when this returns; else when the tick ends, committed or not.
    ///
    /// # Errors
    /// Those of [`World::ingest`], [`World::update`], [`World::delete`], [`World::reinforce`] and [`World::tell_time`];
    /// [`Error::Config`] for an unknown kind of input. Then nothing changes.
    pub fn submit(&self, input: Input, pool: Option<&Pool>) -> Result<Outcome> {
        match input {
            Input::Ingest(bodies) => {
                let Ingested { accepted, unchanged, .. } =
                    self.ingest(bodies.into_iter().map(Ok).collect(), 0, OnError::Raise, pool)?;
                Ok(Outcome::Ingested { accepted, unchanged })
            }
            Input::Update(body) => self.update(body).map(Outcome::Updated),
            Input::Delete(id) => self.delete_by_id(id),
            Input::Reinforce { id, path, times } => self.reinforce_by_id(id, path, times),
            Input::Now(now) => self.tell_time(now).map(Outcome::Told),
            Input::Life(deed) => self.live(deed).map(|()| Outcome::Done),
            other => Err(Input::refused(format!("{other:?}"))),
        }
    }

    /// Tells the colony the time, in microseconds since 1970 in UTC. The next tick takes away the documents that expire
    /// by then. Returns `false` and changes nothing unless it is later than all times before. Takes effect when
    /// [`World::delete`] would.
    ///
    /// # Errors
    /// [`phago_core::Error::ReadOnly`], and those of the store. Then nothing changes.
    pub fn tell_time(&self, now: i64) -> Result<bool> {
        if let Some(remote) = &self.remote {
            return remote.tell_time(self, now);
        }
        let inputs = lock(&self.inputs);
        let before = self.state()?.commons().now().max(inputs.pending.now());
        if before >= Some(now) {
            self.check_writable()?;
            return Ok(false);
        }
        let prepared = Prepared { change: Change::Now(now), outcome: Outcome::Told(true) };
        self.enter(inputs, prepared, None, None)?;
        Ok(true)
    }

    /// Changes what the colony has beside its documents: signals and traces, clusters, agents. Takes effect when
    /// [`World::delete`] would.
    ///
    /// # Errors
    /// [`phago_core::Error::Config`] and [`phago_core::Error::Limit`] for what cannot be done,
    /// [`phago_core::Error::ReadOnly`], and those of the store. Then nothing changes.
    pub fn live(&self, deed: Deed) -> Result<()> {
        if let Some(remote) = &self.remote {
            return remote.live(self, deed);
        }
        let inputs = lock(&self.inputs);
        self.state()?.commons().life().check(&deed, inputs.pending.deeds())?;
        let prepared = Prepared { change: Change::Life(deed), outcome: Outcome::Done };
        self.enter(inputs, prepared, None, None).map(drop)
    }

    /// Adds agents of a kind. Returns their ids, in order; none while a tick runs, which they wait for.
    ///
    /// # Errors
    /// As [`World::live`].
    pub fn spawn(&self, spawn: Spawn) -> Result<Vec<AgentId>> {
        let kind = spawn.kind.clone();
        let before = self.agents_of(&kind)?;
        self.live(Deed::Spawn(spawn))?;
        let mut spawned = self.agents_of(&kind)?;
        spawned.retain(|id| before.binary_search(id).is_err());
        self.tell_of_spawned(&kind, &spawned);
        Ok(spawned)
    }

    /// Ends all agents of a kind; those of a tick that runs when it is over.
    ///
    /// # Errors
    /// As [`World::live`].
    pub fn dismiss(&self, kind: Box<str>) -> Result<()> {
        let mut ended = self.agents_of(&kind)?;
        self.live(Deed::Dismiss(kind.clone()))?;
        let left = self.agents_of(&kind)?;
        ended.retain(|id| left.binary_search(id).is_err());
        self.tell_of_dismissed(&kind, &ended);
        Ok(())
    }

    fn agents_of(&self, kind: &str) -> Result<Vec<AgentId>> {
        self.read(|state| {
            let kind = state.commons().life().population().kind(kind);
            kind.map(|kind| kind.ids().to_vec()).unwrap_or_default()
        })
    }

    /// Has the next tick do what agents of users' own chose, instead of anything chosen before; nothing with `None`.
    ///
    /// # Errors
    /// [`Error::BarrierFailed`] if they read another tick than the committed one; [`Error::Config`] and
    /// [`Error::Limit`] for what cannot be done; [`Error::ReadOnly`]. Then nothing changes.
    pub fn choose(&self, acted: Option<Acted>) -> Result<()> {
        self.choose_seeing(acted, None)
    }

    /// As [`World::choose`], for agents that saw a life of this tick that may have changed: rows are those of its agents.
    ///
    /// # Errors
    /// As [`World::choose`].
    pub fn choose_seeing(&self, acted: Option<Acted>, seen: Option<&Life>) -> Result<()> {
        self.check_writable()?;
        let mut inputs = lock(&self.inputs);
        let Some(mut acted) = acted else {
            inputs.acted = None;
            return Ok(());
        };
        let state = self.state()?;
        let life = state.commons().life();
        if let Some(seen) = seen {
            acted = acted.translated(seen.population(), life.population());
        }
        life.check_acted(state.tick(), &acted)?;
        inputs.acted = Some(Arc::new(acted));
        Ok(())
    }

    /// Returns the inputs that made what one shard holds, for a colony at tick 0.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`]; [`Error::Busy`] while inputs wait for the end of a tick, because no shard shows them
    /// yet.
    pub fn inputs_of(&self, shard: ShardId) -> Result<Vec<Input>> {
        let seat = self.seat(shard)?;
        if self.has_waiting() {
            let what = format!("inputs of {shard} wait for the end of a tick made by hand; finish it first");
            return Err(Error::Busy { what });
        }
        self.read(|state| state.inputs_of(seat))
    }
}
