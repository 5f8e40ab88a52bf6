//! The sequential driver: one loop, no thread, the reference for every other driver.

use crate::cancel::Cancel;
use crate::config::ColonyConfig;
use crate::documents::{AnalysedDocument, Content};
use crate::ids::DocumentId;
use crate::message::Batch;
use crate::metadata::{Filter, Metadata};
use crate::plan::Plan;
use crate::query::{Found, Scratch};
use crate::reinforcement::Reinforcement;
use crate::ring::Ring;
use crate::shard::Delta;
use crate::state::{Admission, Committed, State};
use crate::text::{DOCUMENT_WORDS_MAX, Session};
use crate::{Error, Result};

/// A colony driven in the calling thread.
#[derive(Debug)]
pub struct Colony {
    state: State,
    session: Session,
    scratch: Scratch,
}

impl Colony {
    /// An empty colony over the shards of a ring.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub fn new(config: ColonyConfig, ring: Ring) -> Result<Colony> {
        let state = State::new(config, ring)?;
        let session = Session::new(state.commons().lexicon().clone());
        Ok(Colony { state, session, scratch: Scratch::default() })
    }

    /// The committed state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Take a document; `false` when the colony has it already.
    ///
    /// # Errors
    /// [`Error::DocumentExists`] when the id stands with other content, [`Error::Limit`] when the colony is full or the
    /// document has more than [`DOCUMENT_WORDS_MAX`] different words.
    pub fn ingest(&mut self, key: Option<&str>, title: &str, text: &str) -> Result<bool> {
        self.ingest_with(key, title, text, Metadata::default())
    }

    /// [`Colony::ingest`] for a document with metadata.
    ///
    /// # Errors
    /// As [`Colony::ingest`].
    pub fn ingest_with(&mut self, key: Option<&str>, title: &str, text: &str, metadata: Metadata) -> Result<bool> {
        let content = Content { title, text, metadata: &metadata };
        let id = content.id(key);
        match self.state.admission(id, content) {
            Admission::Unchanged => return Ok(false),
            Admission::Taken => {
                return Err(Error::DocumentExists { index: 0, id: key.unwrap_or_default().to_owned() });
            }
            Admission::New => self.state.check_room(1)?,
        }
        let analysis = self.session.analyse(title, text);
        if analysis.forms.len() > DOCUMENT_WORDS_MAX {
            let value = analysis.forms.len() as u64;
            let limit = DOCUMENT_WORDS_MAX as u64;
            return Err(Error::Limit { what: "the number of different words of a document".into(), limit, value });
        }
        let (key, title, text) = (key.map(Into::into), title.into(), text.into());
        let document = AnalysedDocument { id, key, title, text, metadata, analysis };
        self.state.apply(vec![document]);
        Ok(true)
    }

    /// Let a document go; `false` when there is none of this id.
    pub fn delete(&mut self, id: DocumentId) -> bool {
        let Some(document) = self.state.document(id) else { return false };
        let forms = self.session.analyse(&document.title, &document.text).forms;
        self.state.remove(id, &forms)
    }

    /// Learn from a document that helped: its path as concepts with the words that led to each, most first. It takes
    /// effect in the next tick. `false` when there is no such document or the path holds no word.
    ///
    /// # Errors
    /// [`Error::Limit`] when too much waits for the next tick.
    pub fn reinforce(&mut self, id: DocumentId, path: &[(String, Vec<String>)]) -> Result<bool> {
        let stem_of = |word: &str| self.session.concept(word);
        let path = path.iter().map(|(label, words)| (&**label, &**words));
        let Some(reinforcement) = Reinforcement::new(path, stem_of) else { return Ok(false) };
        if self.state.document(id).is_none() {
            return Ok(false);
        }
        self.state.check_reinforcement(id, &reinforcement, 0)?;
        Ok(self.state.reinforce(id, reinforcement, 1))
    }

    /// One whole tick, or an error and nothing changed.
    ///
    /// # Errors
    /// [`Error::Limit`] when ticks can be counted no further.
    pub fn tick(&mut self) -> Result<Committed> {
        let plan = self.state.plan()?;
        let deltas = stage(&self.state, &plan, &Cancel::new())?;
        Ok(self.state.commit(&plan, deltas))
    }

    /// The `k` best documents for a question.
    pub fn search(&mut self, question: &str, k: usize) -> Vec<Found> {
        let words = self.session.query(question);
        self.state.search(&words, k, &Filter::default(), &mut self.scratch)
    }
}

/// Sense, Act, exchange and Decay of every shard, one after the other: what a commit needs, by seat.
///
/// # Errors
/// [`Error::Cancelled`] once the flag is set.
pub fn stage(state: &State, plan: &Plan, cancel: &Cancel) -> Result<Vec<Delta>> {
    let (shards, commons) = (state.shards(), state.commons());
    let sensed = shards.iter().map(|shard| shard.sense(plan, commons, cancel)).collect::<Result<Vec<_>>>()?;
    let acted = shards.iter().zip(&sensed).map(|(shard, sensed)| shard.act(plan, commons, sensed, cancel));
    let mut acted = acted.collect::<Result<Vec<_>>>()?;
    let inboxes = exchange(acted.iter_mut().flat_map(|acted| std::mem::take(&mut acted.outbox)), state);
    let staged = shards.iter().zip(sensed).zip(acted).zip(inboxes);
    staged.map(|(((shard, sensed), acted), inbox)| shard.decay(plan, commons, sensed, acted, &inbox, cancel)).collect()
}

/// Batches sorted into inboxes, by seat.
pub fn exchange(outbox: impl Iterator<Item = Batch>, state: &State) -> Vec<Vec<Batch>> {
    let mut inboxes: Vec<Vec<Batch>> = state.shards().iter().map(|_| Vec::new()).collect();
    for batch in outbox {
        inboxes[state.commons().seat(batch.to)].push(batch);
    }
    inboxes
}
