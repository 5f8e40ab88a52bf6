//! What a colony must be: the sequential driver on one shard, fed with the same inputs and ticks, and never disturbed.

use phago_core::colony::{Colony, Step};
use phago_core::config::ColonyConfig;
use phago_core::documents::Body;
use phago_core::input::{Input, Outcome};
use phago_core::life::Acted;
use phago_core::replica::Replica;
use phago_core::ring::Ring;
use phago_core::{Error, Result};

/// Digests of a state: of the whole, and of what documents alone decide.
pub type Digests = (String, String);

/// The states that a colony may have, in the order of its log.
pub struct Model {
    states: Vec<(Replica, Digests)>,
    /// The last state that must not be lost.
    acknowledged: usize,
    now: Colony,
    /// The state that the running tick sees, where it stands in `states`, and the inputs since.
    ticking: Option<(Replica, usize, Vec<Input>)>,
    /// What agents do in it.
    acted: Option<Acted>,
    /// Inputs that were never answered.
    pub unanswered: Vec<Input>,
}

/// Whether an outcome changes a colony, and so leaves a record.
pub fn changes(outcome: Outcome) -> bool {
    use phago_core::input::Updated;
    !matches!(
        outcome,
        Outcome::Ingested { accepted: 0, .. }
            | Outcome::Updated(Updated::Unchanged)
            | Outcome::Deleted(false)
            | Outcome::Reinforced(false)
            | Outcome::Told(false)
    )
}

impl Model {
    pub fn new(config: ColonyConfig) -> Model {
        let now = Colony::new(config, Ring::new(1, 20)).expect("a config");
        let mut model =
            Model { states: Vec::new(), acknowledged: 0, now, ticking: None, acted: None, unanswered: Vec::new() };
        model.push();
        model
    }

    fn push(&mut self) {
        let digests = (self.now.digest(), self.now.evidence_digest());
        self.states.push((self.now.state().clone(), digests));
    }

    pub fn state(&self) -> &Replica {
        self.now.state()
    }

    pub fn digests(&self) -> &Digests {
        &self.states.last().expect("one at least").1
    }

    /// Returns the digests of a state of the log, counted from its end.
    pub fn before(&self, back: usize) -> Option<&Digests> {
        self.states.len().checked_sub(back + 1).map(|at| &self.states[at].1)
    }

    /// Returns the digests of what the running tick does not change, with the inputs that came since.
    pub fn since_cut(&self) -> impl Iterator<Item = &Digests> {
        let from = self.ticking.as_ref().map_or(self.states.len() - 1, |(_, at, _)| *at);
        self.states[from..].iter().map(|(_, digests)| digests)
    }

    /// Attempts an input. Says what comes of it, and whether it leaves a record.
    pub fn attempt(&mut self, input: &Input) -> (Result<Outcome>, bool) {
        // What is there already is no part of what the log keeps. A running tick may take it away by its lifetime, and
        // it does not come back then.
        let accepted = match input {
            Input::Ingest(bodies) => {
                let new = |body: &&Body| self.now.state().document(body.id()).is_none();
                Input::Ingest(bodies.iter().filter(new).cloned().collect())
            }
            other => other.clone(),
        };
        let outcome = self.now.apply(input.clone());
        let changed = outcome.as_ref().is_ok_and(|outcome| changes(*outcome));
        if changed {
            if let Some((_, _, inputs)) = &mut self.ticking {
                inputs.push(accepted);
            }
            self.push();
        }
        (outcome, changed)
    }

    /// Takes back the last attempt: it was refused before it reached the log.
    pub fn take_back(&mut self) {
        self.states.pop();
        let state = self.states.last().expect("one at least").0.clone();
        self.now = Colony::of(state);
        if let Some((_, _, inputs)) = &mut self.ticking {
            inputs.pop();
        }
    }

    pub fn begin_tick(&mut self, acted: Option<Acted>) {
        self.acted = acted;
        self.ticking = Some((self.now.state().clone(), self.states.len() - 1, Vec::new()));
    }

    /// Returns whether the running tick has nothing to do, and nothing came since it began.
    pub fn is_idle(&self) -> bool {
        self.ticking
            .as_ref()
            .is_some_and(|(state, _, inputs)| state.is_idle_until(state.tick() + 1) && inputs.is_empty())
            && self.acted.is_none()
    }

    /// Attempts to end the running tick: what it saw moves on, then the inputs that came since.
    ///
    /// Returns how many documents left by themselves.
    pub fn attempt_tick(&mut self) -> u64 {
        let (state, _, inputs) = self.ticking.take().expect("a tick");
        let before = state.commons().documents();
        let mut colony = Colony::of(state);
        let plainly = |_, steps: Vec<Step<'_>>| steps.into_iter().try_for_each(Step::take);
        colony.tick_as(self.acted.take(), plainly).expect("a tick");
        let expired = before - colony.state().commons().documents();
        for input in inputs {
            colony.apply(input).expect("it was accepted before");
        }
        self.now = colony;
        self.push();
        expired
    }

    /// Gives the running tick up.
    pub fn give_up(&mut self) {
        self.ticking = None;
    }

    /// Everything so far must be found again.
    pub fn acknowledge(&mut self) {
        self.acknowledged = self.states.len() - 1;
        self.unanswered.clear();
    }

    /// Judges what a reader finds beside the writer.
    pub fn judge(&self, found: &Digests) -> std::result::Result<usize, String> {
        let at = self.states.iter().rposition(|(_, digests)| digests == found);
        let at = at.ok_or_else(|| "a state that never was".to_owned())?;
        if at < self.acknowledged {
            return Err(format!("acknowledged up to state {}, and state {at} is there", self.acknowledged));
        }
        Ok(at)
    }

    /// Judges what is found after the end of a life, and goes on from there. Returns how far it is beyond what was
    /// acknowledged.
    pub fn go_on(&mut self, found: &Digests) -> std::result::Result<u64, String> {
        let at = self.judge(found)?;
        let beyond = (at - self.acknowledged) as u64;
        let state = self.states.swap_remove(at);
        self.now = Colony::of(state.0.clone());
        self.states = vec![state];
        self.acknowledged = 0;
        self.ticking = None;
        Ok(beyond)
    }
}

/// Whether an error says that the disk failed, and no other.
pub fn is_clean(error: &Error) -> bool {
    matches!(error, Error::Storage { .. } | Error::Poisoned { .. })
}
