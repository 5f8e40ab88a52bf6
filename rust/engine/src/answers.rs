//! Answers, explanations and counts, each read from one committed tick.

use crate::lock::lock;
use crate::world::World;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::metadata::Filter;
use phago_core::query::{Explanation, Ranking};
use phago_core::read::FoundDocument;
use phago_core::read::answers::{AnsweredDocument, Asking, check};

impl World {
    /// Returns the `k` documents with the highest BM25 scores among those that match, best first, ties ordered by id.
    ///
    /// # Errors
    /// As [`World::view`].
    pub fn search(&self, text: &str, k: usize, filter: &Filter, cancel: &Cancel) -> Result<Vec<FoundDocument>> {
        let mut scratch = lock(&self.scratches).pop().unwrap_or_default();
        let found = self.view(cancel, |view| view.search(&view.words(text), k, filter, &mut scratch));
        let mut scratches = lock(&self.scratches);
        if scratches.len() < crate::world::SCRATCHES_MAX {
            scratches.push(scratch);
        }
        found
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

    /// Returns the colony in numbers, each with its name.
    ///
    /// # Errors
    /// As [`World::view`].
    pub fn stats(&self, cancel: &Cancel) -> Result<[(&'static str, u64); 15]> {
        let pending = self.pending()?;
        let mut ghosts = 0;
        for &shard in self.ring().shards() {
            ghosts += self.ghost_count(shard)? as u64;
        }
        self.read(|state| {
            let (commons, counts) = (state.commons(), state.view().until(cancel).counts()?);
            Ok([
                ("documents", commons.documents()),
                ("pending", pending),
                ("digested", commons.digested()),
                ("terms", counts.terms),
                ("nodes", counts.nodes),
                ("edges", counts.edges),
                ("edge_slots", counts.edge_slots),
                ("cross_shard_edges", counts.cross_shard_edges),
                ("digesters", counts.digesters),
                ("tick", state.tick()),
                ("shards", state.shards().len() as u64),
                ("bytes_exchanged", state.exchanged()),
                ("row_bytes", counts.row_bytes),
                ("ghosts", ghosts),
                ("touched", counts.touched),
            ])
        })?
    }

    // Asks the committed state, with a session and buffers of the pool.
    fn ask<T>(
        &self,
        text: &str,
        ranking: &Ranking,
        cancel: &Cancel,
        ask: impl FnOnce(Asking<'_>) -> Result<T>,
    ) -> Result<T> {
        check(text, ranking)?;
        let mut buffers = lock(&self.buffers).pop().unwrap_or_default();
        let used = &mut buffers;
        let answer = self.view(cancel, |view| {
            let mut session = self.sessions.take(view.commons.lexicon());
            let lent = &mut session;
            let answer = ask(Asking { view, text, ranking, session: lent, buffers: used });
            self.sessions.give(session);
            answer
        });
        let mut idle = lock(&self.buffers);
        if idle.len() < crate::world::SCRATCHES_MAX {
            idle.push(buffers);
        }
        answer
    }
}
