//! Replays a history to nodes.

use super::reach::Reach;
use super::remote::Remote;
use phago_core::cancel::Cancel;
use phago_core::cluster::Driver;
use phago_core::cluster::message::{Fate, Step};
use phago_core::documents::Body;
use phago_core::input::{Change, Input, Outcome, Prepared};
use phago_core::life::Acted;
use phago_core::maps::Set;
use phago_core::replay::Driven;
use phago_core::replica::Replica;
use phago_core::{Error, Result};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

// How many steps of a history are replayed together.
const STEPS_TOGETHER: usize = 1024;

/// Nodes to which a history is replayed.
pub(crate) struct Loading<'a> {
    remote: &'a Remote,
    epoch: u64,
    // The nodes that were lost meanwhile.
    pub(super) lost: Rc<RefCell<BTreeSet<usize>>>,
    pub(super) driver: Driver,
    pub(super) replica: Replica,
    // Steps that are to be applied together, and the documents that they concern.
    steps: Vec<Step>,
    concerned: Set<u128>,
}

impl<'a> Loading<'a> {
    /// Begins with nodes that are as this replica, which has no seats.
    pub(super) fn new(remote: &'a Remote, epoch: u64, replica: Replica) -> Loading<'a> {
        let driver = Driver::new(remote.layout.clone());
        Loading { remote, epoch, lost: Rc::default(), driver, replica, steps: Vec::new(), concerned: Set::default() }
    }

    // Calls `act` with the way to the nodes. Nodes that are lost meanwhile are noted.
    fn reach<T>(&mut self, act: impl FnOnce(&mut Driver, &mut Replica, &Reach<'_>) -> Result<T>) -> Result<T> {
        let cancel = Cancel::new();
        let reach = Reach::new(self.remote, self.epoch, self.replica.tick() + 1, self.remote.wait, &cancel);
        let done = act(&mut self.driver, &mut self.replica, &reach);
        self.lost.borrow_mut().extend(reach.lost());
        done
    }

    // Keeps a step for later, unless it concerns a document, or the name of one, that another step does.
    fn step(&mut self, step: Step) -> Result<()> {
        let body = match &step {
            Step::Ingest(_, body) | Step::Update(body) => Some(&**body),
            _ => None,
        };
        let id = step.id();
        let named = body.and_then(|body: &Body| body.namesake(id));
        let is_concerned = |id: u128| self.concerned.contains(&id);
        if is_concerned(id.0) || named.is_some_and(|named| is_concerned(named.0)) || self.steps.len() >= STEPS_TOGETHER
        {
            self.settle()?;
        }
        self.concerned.insert(id.0);
        self.concerned.extend(named.map(|named| named.0));
        self.steps.push(step);
        Ok(())
    }
}

impl Driven for Loading<'_> {
    fn replica(&self) -> &Replica {
        &self.replica
    }

    fn apply(&mut self, input: Input) -> Result<()> {
        match input {
            Input::Ingest(bodies) => {
                bodies.into_iter().zip(0..).try_for_each(|(body, at)| self.step(Step::Ingest(at, Arc::new(body))))
            }
            Input::Update(body) => self.step(Step::Update(Arc::new(body))),
            Input::Delete(id) => self.step(Step::Delete(id)),
            Input::Reinforce { id, path, times } => self.step(Step::Reinforce(id, path, times)),
            Input::Now(now) => {
                self.settle()?;
                self.replica.apply(Prepared { change: Change::Now(now), outcome: Outcome::Told(true) });
                Ok(())
            }
            Input::Life(deed) => {
                self.settle()?;
                self.replica.commons().life().check(&deed, [])?;
                self.replica.apply(Prepared { change: Change::Life(deed), outcome: Outcome::Done });
                Ok(())
            }
            other => Err(Input::refused(format!("{other:?}"))),
        }
    }

    fn tick(&mut self, acted: Option<Acted>) -> Result<()> {
        self.settle()?;
        self.reach(|driver, replica, reach| {
            let plan = driver.plan(replica, reach, acted.map(Arc::new))?;
            let made = driver.make(reach, plan)?;
            driver.commit(replica, reach, made).map(drop)
        })
    }

    fn pass(&mut self, ticks: u64) -> Result<()> {
        let tick = self.replica.tick() + ticks;
        self.reach(|driver, replica, reach| driver.pass(replica, reach, tick).map(drop))
    }

    fn settle(&mut self) -> Result<()> {
        self.concerned.clear();
        let steps = std::mem::take(&mut self.steps);
        if steps.is_empty() {
            return Ok(());
        }
        self.reach(|driver, replica, reach| {
            let settled = driver.prepare(replica, reach, &steps, None)?;
            if let Some(at) = settled.fates.iter().position(|fate| matches!(fate, Fate::Taken | Fate::TooManyWords)) {
                let reason = format!("document {} was accepted, and now is not", steps[at].id());
                return Err(Error::Wire { what: "history", reason });
            }
            driver.apply(replica, reach, settled)
        })
    }
}
