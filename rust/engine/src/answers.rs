//! Answers and explanations, each read from one committed tick.

use crate::lock::lock;
use crate::world::World;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::metadata::Filter;
use phago_core::query::{Buffers, Explanation, Here, Ranking, View};
use phago_core::read::FoundDocument;
use phago_core::read::answers::{AnsweredDocument, Asking, check};
use phago_core::read::documents;

impl World {
    /// Returns the `k` documents with the highest BM25 scores among those that match, best first, ties ordered by id.
    ///
    /// # Errors
    /// As [`World::view`].
    pub fn search(&self, text: &str, k: usize, filter: &Filter, cancel: &Cancel) -> Result<Vec<FoundDocument>> {
        self.buffered(cancel, |view, buffers| {
            documents::search(&mut Here::new(view, buffers), &view.words(text), k, filter)
        })
    }

    /// Returns the `k` best documents by words, concepts and titles among those that match, best first. All is read
    /// from one committed tick.
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

    /// Returns the score of any document with all its parts, or `None` if the colony has no document of this name.
    ///
    /// # Errors
    /// As [`World::answer`].
    pub fn explain(&self, text: &str, name: &str, ranking: &Ranking, cancel: &Cancel) -> Result<Option<Explanation>> {
        self.ask(text, ranking, cancel, |asking| asking.explain(name))
    }

    /// Returns the part of an explanation that concerns the question alone, without a document.
    ///
    /// # Errors
    /// As [`World::answer`].
    pub fn explain_question(&self, text: &str, ranking: &Ranking, cancel: &Cancel) -> Result<Explanation> {
        self.ask(text, ranking, cancel, |asking| asking.explain_question())
    }

    // Asks the committed state, with a session and buffers of the pool.
    fn ask<T>(
        &self,
        text: &str,
        ranking: &Ranking,
        cancel: &Cancel,
        ask: impl FnOnce(Asking<'_, Here<'_>>) -> Result<T>,
    ) -> Result<T> {
        check(text, ranking)?;
        self.buffered(cancel, |view, buffers| {
            let mut session = self.sessions.take(view.commons.lexicon());
            let lent = &mut session;
            let answer = ask(Asking { homes: &mut Here::new(view, buffers), text, ranking, session: lent });
            self.sessions.give(session);
            answer
        })
    }

    // Reads the committed state with buffers of the pool.
    fn buffered<T>(&self, cancel: &Cancel, read: impl FnOnce(View<'_>, &mut Buffers) -> Result<T>) -> Result<T> {
        let mut buffers = lock(&self.buffers).pop().unwrap_or_default();
        let used = &mut buffers;
        let answer = self.view(cancel, |view| read(view, used));
        let mut idle = lock(&self.buffers);
        if idle.len() < crate::world::BUFFERS_MAX {
            idle.push(buffers);
        }
        answer
    }
}
