//! Answers, explanations and counts, each read from one committed tick.

use crate::cluster::Asked;
use crate::lock::lock;
use crate::world::World;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::cluster::Far;
use phago_core::metadata::Filter;
use phago_core::query::{Buffers, Explanation, Here, Homes, Query, Ranking, View};
use phago_core::read::answers::{AnsweredDocument, Asking, check};
use phago_core::read::documents;
use phago_core::read::{FoundDocument, NearConcept, Neighbor, Whole, graph, similar};
use phago_core::text::Session;

// What both kinds of homes are, beside their rounds.
trait AsWhole {
    fn whole(&self) -> &dyn Whole;
}

impl AsWhole for Here<'_> {
    fn whole(&self) -> &dyn Whole {
        &self.view
    }
}

impl AsWhole for Far<'_, Asked<'_>> {
    fn whole(&self) -> &dyn Whole {
        self
    }
}

// Evaluates an expression over the homes of a colony's documents and concepts, wherever they are.
macro_rules! over {
    ($world:expr, $cancel:expr, |$homes:ident| $read:expr) => {
        match &$world.remote {
            None => $world.buffered($cancel, |view, buffers| {
                let $homes = Here::new(view, buffers);
                $read
            }),
            Some(remote) => remote.asking($world, $cancel, |far| {
                let $homes = far;
                $read
            }),
        }
    };
}

// The same for a question, with a session of the pool.
macro_rules! asked {
    ($world:expr, $text:expr, $ranking:expr, $cancel:expr, |$asking:ident| $ask:expr) => {{
        let asked: Query<'_> = $text.into();
        check(asked.text, $ranking)?;
        over!($world, $cancel, |homes| {
            let mut session = $world.sessions.take(Homes::commons(&homes).lexicon());
            let mut homes = homes;
            let $asking = Asking { homes: &mut homes, text: asked, ranking: $ranking, session: &mut session };
            let answer = $ask;
            $world.sessions.give(session);
            answer
        })
    }};
}

impl World {
    /// Returns the `k` documents with the highest BM25 scores among those that match, best first, ties ordered by id.
    ///
    /// # Errors
    /// As [`World::view`].
    pub fn search<'a>(
        &self,
        asked: impl Into<Query<'a>>,
        k: usize,
        filter: &Filter,
        cancel: &Cancel,
    ) -> Result<Vec<FoundDocument>> {
        let asked = asked.into();
        check(asked.text, &Ranking::default())?;
        over!(self, cancel, |homes| {
            let mut homes = homes;
            let mut session = Session::new(Homes::commons(&homes).lexicon().clone());
            documents::search_with(&mut homes, asked, k, filter, &mut session)
        })
    }

    /// Returns the `k` best documents by words, concepts and titles among those that match, best first. All is read
    /// from one committed tick.
    ///
    /// # Errors
    /// As [`check`] and [`World::view`].
    pub fn answer<'a>(
        &self,
        asked: impl Into<Query<'a>>,
        k: usize,
        ranking: &Ranking,
        filter: &Filter,
        paths: bool,
        cancel: &Cancel,
    ) -> Result<Vec<AnsweredDocument>> {
        asked!(self, asked, ranking, cancel, |asking| asking.answer(k, filter, paths))
    }

    /// Returns the score of any document with all its parts, or `None` if the colony has no document of this name.
    ///
    /// # Errors
    /// As [`World::answer`].
    pub fn explain<'a>(
        &self,
        asked: impl Into<Query<'a>>,
        name: &str,
        ranking: &Ranking,
        cancel: &Cancel,
    ) -> Result<Option<Explanation>> {
        asked!(self, asked, ranking, cancel, |asking| asking.explain(name))
    }

    /// Returns the `k` documents that are most like the one of this name among those that match, best first, or `None` if
    /// the colony has no document of this name.
    ///
    /// # Errors
    /// As [`World::answer`].
    pub fn similar(
        &self,
        name: &str,
        k: usize,
        ranking: &Ranking,
        filter: &Filter,
        cancel: &Cancel,
    ) -> Result<Option<Vec<AnsweredDocument>>> {
        ranking.validate()?;
        over!(self, cancel, |homes| {
            let mut session = self.sessions.take(Homes::commons(&homes).lexicon());
            let mut homes = homes;
            let found = similar(&mut homes, name, k, ranking, filter, &mut session);
            self.sessions.give(session);
            found
        })
    }

    /// Returns the part of an explanation that concerns the question alone, without a document.
    ///
    /// # Errors
    /// As [`World::answer`].
    pub fn explain_question<'a>(
        &self,
        asked: impl Into<Query<'a>>,
        ranking: &Ranking,
        cancel: &Cancel,
    ) -> Result<Explanation> {
        asked!(self, asked, ranking, cancel, |asking| asking.explain_question())
    }

    /// Returns the `k` words that begin in some way and that most documents have, each with the number of these.
    ///
    /// # Errors
    /// As [`check`] and [`World::view`].
    pub fn suggest(&self, begun: &str, k: usize, cancel: &Cancel) -> Result<Vec<(String, u32)>> {
        check(begun, &Ranking::default())?;
        over!(self, cancel, |homes| {
            let mut homes = homes;
            let words = homes.beginning(begun, k)?;
            let df = |term: u32| Homes::commons(&homes).df(term);
            Ok(words.into_iter().map(|word| (word.form.to_string(), df(word.term))).collect())
        })
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
        let exchanged = self.read(|state| state.exchanged())?;
        let shards = self.ring().shard_count() as u64;
        self.whole(cancel, |state| {
            let (commons, counts) = (state.commons(), state.counts()?);
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
                ("tick", commons.tick()),
                ("shards", shards),
                ("bytes_exchanged", exchanged),
                ("row_bytes", counts.row_bytes),
                ("ghosts", ghosts),
                ("touched", counts.touched),
            ])
        })
    }

    /// Returns the `k` concepts nearest to a question, best first.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn near(&self, text: &str, k: usize, cancel: &Cancel) -> Result<Vec<NearConcept>> {
        over!(self, cancel, |homes| {
            let mut homes = homes;
            let words = Session::new(Homes::commons(&homes).lexicon().clone()).query(text);
            graph::near(&mut homes, &words, k)
        })
    }

    /// Returns the `k` concepts nearest to a question, best first, and the synapses of each, the heaviest first.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn associated(&self, text: &str, k: usize, cancel: &Cancel) -> Result<(Vec<NearConcept>, Vec<Vec<Neighbor>>)> {
        over!(self, cancel, |homes| {
            let mut homes = homes;
            let words = Session::new(Homes::commons(&homes).lexicon().clone()).query(text);
            let near = graph::near(&mut homes, &words, k)?;
            let terms: Vec<u32> = near.iter().map(|concept| concept.term).collect();
            let neighbors = homes.whole().neighbors(&terms)?;
            Ok((near, neighbors))
        })
    }

    /// Reads a whole committed state, wherever its shards are. `read` may be called again if nodes are lost meanwhile.
    ///
    /// # Errors
    /// Those of `read`; as [`World::view`]; [`phago_core::Error::CoordinatorUnavailable`] if nodes are lost again and
    /// again.
    pub fn whole<T>(&self, cancel: &Cancel, mut read: impl FnMut(&dyn Whole) -> Result<T>) -> Result<T> {
        match &self.remote {
            None => self.view(cancel, |view| read(&view)),
            Some(remote) => remote.asking(self, cancel, |far| read(&far)),
        }
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
