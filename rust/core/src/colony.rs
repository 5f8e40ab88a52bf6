//! The sequential driver: one loop, no thread, the reference for every other driver.

use crate::Result;
use crate::cancel::Cancel;
use crate::commons::Commons;
use crate::config::ColonyConfig;
use crate::documents::{Analysed, Body};
use crate::dump;
use crate::ids::DocumentId;
use crate::input::{Input, Outcome};
use crate::life::Acted;
use crate::metadata::{Filter, Metadata};
use crate::phase::Phase;
use crate::plan::Plan;
use crate::query::{Found, Scratch};
use crate::reinforcement::Reinforcement;
use crate::replica::{Committed, Outgoing, Placed, Placement, Raw, Replica};
use crate::ring::Ring;
use crate::shard::{Delta, Seat, Shard, exchange};
use crate::text::Session;
use std::sync::Arc;

/// A colony driven on the calling thread.
#[derive(Debug)]
pub struct Colony {
    state: Replica,
    session: Session,
    scratch: Scratch,
}

impl Colony {
    /// Returns an empty colony over the shards of a ring.
    ///
    /// # Errors
    /// [`crate::Error::Config`].
    pub fn new(config: ColonyConfig, ring: Ring) -> Result<Colony> {
        Ok(Colony::of(Replica::new(config, ring)?))
    }

    /// Returns a colony with this state.
    pub fn of(state: Replica) -> Colony {
        let session = Session::new(state.commons().lexicon().clone());
        Colony { state, session, scratch: Scratch::default() }
    }

    /// Consumes the colony and returns its state.
    pub fn into_state(self) -> Replica {
        self.state
    }

    /// Does what [`Replica::pass`] does.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn pass(&mut self, ticks: u64) -> Result<()> {
        self.state.pass(ticks)
    }

    /// Returns the committed state.
    pub fn state(&self) -> &Replica {
        &self.state
    }

    /// Applies an input.
    ///
    /// # Errors
    /// As [`Replica::prepare`]; then nothing changes.
    pub fn apply(&mut self, input: Input) -> Result<Outcome> {
        let prepared = self.state.prepare(input, &mut self.session);
        let outcome = prepared.map(|prepared| self.state.apply(prepared));
        self.forget_words();
        outcome
    }

    /// Applies an ingest, but leaves the analysis and the placing of documents to others, which may do it in parallel.
    /// `analyse` must do what [`Raw::analyse`] does to each and keep their order; `place` is as for
    /// [`Replica::apply_with`].
    ///
    /// # Errors
    /// As [`Colony::apply`].
    pub fn ingest_with_help(
        &mut self,
        bodies: Vec<Body>,
        analyse: impl FnOnce(Vec<Raw>) -> Vec<Result<Analysed>>,
        place: impl FnOnce(Vec<Placement>) -> Vec<Placed>,
    ) -> Result<Outcome> {
        let prepared = self.state.prepare_ingest(bodies, analyse);
        let outcome = prepared.map(|prepared| self.state.apply_with(prepared, place));
        self.forget_words();
        outcome
    }

    /// Adds a document. Returns `false` if the colony has it already.
    ///
    /// # Errors
    /// As [`Colony::apply`].
    pub fn ingest(&mut self, key: Option<&str>, title: &str, text: &str) -> Result<bool> {
        self.ingest_with(key, title, text, Metadata::default())
    }

    /// Does what [`Colony::ingest`] does, for a document with metadata.
    ///
    /// # Errors
    /// As [`Colony::apply`].
    pub fn ingest_with(&mut self, key: Option<&str>, title: &str, text: &str, metadata: Metadata) -> Result<bool> {
        let (key, title, text) = (key.map(Into::into), title.into(), text.into());
        let body = Body { key, title, text, metadata, ..Body::default() };
        let outcome = self.apply(Input::Ingest(vec![body]))?;
        Ok(outcome == Outcome::Ingested { accepted: 1, unchanged: 0 })
    }

    /// Deletes a document. Returns `false` if there is none of this id.
    ///
    /// # Errors
    /// As [`Colony::apply`].
    pub fn delete(&mut self, id: DocumentId) -> Result<bool> {
        Ok(self.apply(Input::Delete(id))? == Outcome::Deleted(true))
    }

    /// Learns from a document that helped. `path` holds concepts with the words that led to each, strongest first. It
    /// takes effect in the next tick. Returns `false` if there is no such document or the path holds no word.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] if too much waits for the next tick.
    pub fn reinforce(&mut self, id: DocumentId, path: &[(String, Vec<String>)]) -> Result<bool> {
        let stem_of = |word: &str| self.session.concept(word);
        let path = path.iter().map(|(label, words)| (&**label, &**words));
        let Some(path) = Reinforcement::new(path, stem_of) else { return Ok(false) };
        Ok(self.apply(Input::Reinforce { id, path, times: 1 })? == Outcome::Reinforced(true))
    }

    /// Makes one whole tick, or returns an error and changes nothing.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] after the last tick that can be counted; [`crate::Error::Wire`] if what was read from
    /// columns does not fit together.
    pub fn tick(&mut self) -> Result<Committed> {
        self.tick_with(|_, steps| steps.into_iter().try_for_each(Step::take))
    }

    /// Does what [`Colony::tick`] does, but leaves the steps of each phase to `run`, as [`stage_with`] does; `run` is
    /// told how many documents the tick digests.
    ///
    /// # Errors
    /// As [`Colony::tick`].
    pub fn tick_with(&mut self, run: impl FnMut(usize, Vec<Step<'_>>) -> Result<()>) -> Result<Committed> {
        self.tick_as(None, run)
    }

    /// Does what [`Colony::tick_with`] does, and agents of users' own do what they chose.
    ///
    /// # Errors
    /// As [`Replica::plan_with`] and [`Colony::tick`].
    pub fn tick_as(
        &mut self,
        acted: Option<Acted>,
        mut run: impl FnMut(usize, Vec<Step<'_>>) -> Result<()>,
    ) -> Result<Committed> {
        let plan = self.state.plan_with(acted.map(Arc::new))?;
        let deltas = stage_with(&self.state, &plan, &Cancel::new(), |steps| run(plan.documents(), steps))?;
        self.state.check_leaving(&deltas, &mut Outgoing::default(), |_| false)?;
        let committed = self.state.commit(&plan, deltas);
        self.forget_words();
        Ok(committed)
    }

    fn forget_words(&mut self) {
        if self.state.forget_words() {
            self.session = Session::new(self.state.commons().lexicon().clone());
        }
    }

    /// Returns the SHA-256 of the canonical dump of the state.
    pub fn digest(&self) -> String {
        dump::digest(&self.state, &Cancel::new()).expect("nobody can set the flag")
    }

    /// Returns the SHA-256 of the part of the dump that documents alone decide.
    pub fn evidence_digest(&self) -> String {
        dump::evidence(&self.state, &Cancel::new()).expect("nobody can set the flag")
    }

    /// Returns the `k` best documents for a question.
    ///
    /// # Errors
    /// None: it cannot be cancelled.
    pub fn search(&mut self, question: &str, k: usize) -> Result<Vec<Found>> {
        let words = self.session.query(question);
        self.state.search(&words, k, &Filter::default(), &mut self.scratch)
    }
}

/// Does Sense, Act, exchange and Decay of every shard, one after the other. Returns what a commit needs, by seat.
///
/// # Errors
/// [`crate::Error::Cancelled`] once the flag is set.
pub fn stage(state: &Replica, plan: &Plan, cancel: &Cancel) -> Result<Vec<Delta>> {
    stage_with(state, plan, cancel, |steps| steps.into_iter().try_for_each(Step::take))
}

/// Does what [`stage`] does, but leaves the steps of each phase to `run`, which may take them in parallel: it must call
/// [`Step::take`] on each, or return an error of one.
///
/// # Errors
/// Those of `run`.
pub fn stage_with(
    state: &Replica,
    plan: &Plan,
    cancel: &Cancel,
    mut run: impl FnMut(Vec<Step<'_>>) -> Result<()>,
) -> Result<Vec<Delta>> {
    let (shards, commons) = (state.shards(), state.commons());
    let mut seats: Vec<Seat> = shards.iter().map(|_| Seat::new()).collect();
    for phase in [Phase::Sense, Phase::Act, Phase::Decay] {
        if phase == Phase::Decay {
            exchange(&mut seats, commons);
        }
        let steps = seats.iter_mut().zip(shards);
        run(steps.map(|(seat, shard)| Step { seat, shard, phase, plan, commons, cancel }).collect())?;
    }
    Ok(seats.into_iter().map(Seat::into_delta).collect())
}

/// One shard's part of a phase.
#[derive(Debug)]
pub struct Step<'a> {
    seat: &'a mut Seat,
    shard: &'a Shard,
    phase: Phase,
    plan: &'a Plan,
    commons: &'a Commons,
    cancel: &'a Cancel,
}

impl Step<'_> {
    /// Takes it.
    ///
    /// # Errors
    /// As [`Seat::step`].
    pub fn take(self) -> Result<()> {
        self.seat.step(self.phase, self.shard, self.plan, self.commons, self.cancel)
    }
}
