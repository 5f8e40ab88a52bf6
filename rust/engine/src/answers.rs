//! Answers and explanations, each read from one committed tick.

use crate::lock::lock;
use crate::world::World;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::metadata::Filter;
use phago_core::query::{Explanation, Ranking};
use phago_core::read::FoundDocument;
use phago_core::read::answers::{AnsweredDocument, Asking, check};

impl World {
    /// The `k` documents with the highest BM25 scores among those that match, best first; ties by id.
    ///
    /// # Errors
    /// As [`World::view`].
    pub fn search(&self, text: &str, k: usize, filter: &Filter, cancel: &Cancel) -> Result<Vec<FoundDocument>> {
        let words = self.words(text);
        let mut scratch = lock(&self.scratches).pop().unwrap_or_default();
        let found = self.view(cancel, |view| view.search(&words, k, filter, &mut scratch));
        let mut scratches = lock(&self.scratches);
        if scratches.len() < crate::world::SCRATCHES_MAX {
            scratches.push(scratch);
        }
        found
    }

    /// The `k` best documents by words, concepts and titles among those that match, best first, all read from one
    /// committed tick.
    ///
    /// # Errors
    /// As [`check`] and [`World::view`].
    pub fn answer(
        &self,
        text: &str,
        k: usize,
        ranking: &Ranking,
        filter: &Filter,
        paths: bool,
        cancel: &Cancel,
    ) -> Result<Vec<AnsweredDocument>> {
        self.ask(text, ranking, cancel, |asking| asking.answer(k, filter, paths))
    }

    /// The score of any document, taken apart; `None` where the colony has none of this name.
    ///
    /// # Errors
    /// As [`World::answer`].
    pub fn explain(&self, text: &str, name: &str, ranking: &Ranking, cancel: &Cancel) -> Result<Option<Explanation>> {
        self.ask(text, ranking, cancel, |asking| asking.explain(name))
    }

    /// What there is to say of a question and no document.
    ///
    /// # Errors
    /// As [`World::answer`].
    pub fn explain_question(&self, text: &str, ranking: &Ranking, cancel: &Cancel) -> Result<Explanation> {
        self.ask(text, ranking, cancel, |asking| asking.explain_question())
    }

    // Ask the committed state with a session and buffers of the pool.
    fn ask<T>(
        &self,
        text: &str,
        ranking: &Ranking,
        cancel: &Cancel,
        ask: impl FnOnce(Asking<'_>) -> Result<T>,
    ) -> Result<T> {
        check(text, ranking)?;
        let mut session = self.sessions.take();
        let mut buffers = lock(&self.buffers).pop().unwrap_or_default();
        let (lent, used) = (&mut session, &mut buffers);
        let answer = self.view(cancel, |view| ask(Asking { view, text, ranking, session: lent, buffers: used }));
        self.sessions.give(session);
        let mut idle = lock(&self.buffers);
        if idle.len() < crate::world::SCRATCHES_MAX {
            idle.push(buffers);
        }
        answer
    }
}
