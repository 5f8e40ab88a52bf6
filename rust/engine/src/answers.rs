//! Answers and explanations, each read from one committed tick.

use crate::lock::lock;
use crate::world::{FoundDocument, World};
use phago_core::documents::Document;
use phago_core::ids::{DocumentId, Tick};
use phago_core::metadata::Filter;
use phago_core::query::explain::WordShare;
use phago_core::query::{Buffers, ConceptShare, Explanation, Inquiry, Lighting, Nothing, Part, Parts, Ranking};
use phago_core::state::State;
use phago_core::text::Session;
use phago_core::{Error, Result};

/// The longest question, in bytes of UTF-8.
pub const QUESTION_BYTES_MAX: usize = 64 * 1024;

// Concepts that a hit's path tells of.
const PATH_CONCEPTS: usize = 3;

/// A seed that mentions a document's title.
#[derive(Clone, Debug, PartialEq)]
pub struct Bridge {
    /// The seed, named as the caller names it.
    pub seed: String,
    /// The seed's title.
    pub title: String,
    /// The seed's weight among the seeds.
    pub weight: f64,
    /// The points the mention gives.
    pub points: f64,
}

/// A document that answers, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct AnsweredDocument {
    /// The document and its score.
    pub document: FoundDocument,
    /// The parts of the score, which sum to it.
    pub parts: Parts,
    /// Where the best passage starts and ends in the text, in characters (Unicode scalar values).
    pub span: (usize, usize),
    /// The question's words that it has, in the order of the question.
    pub words: Vec<WordShare>,
    /// The concepts that give most, most first.
    pub concepts: Vec<ConceptShare>,
    /// The seeds that mention its title, by rank.
    pub bridges: Vec<Bridge>,
}

/// A document's score taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// The document, named as the caller names it.
    pub name: String,
    /// The score.
    pub score: f64,
    /// Its parts, which sum to it.
    pub parts: Parts,
    /// Points of the lexical part by the question's words, in the order of the question.
    pub words: Vec<WordShare>,
    /// The question's words that no document has.
    pub unknown: Vec<String>,
    /// Points of the lexical part for words of the question in the title.
    pub title: f64,
    /// Points of the lexical part as the question mentions the whole title.
    pub named: f64,
    /// All concepts that give something, most first.
    pub concepts: Vec<ConceptShare>,
    /// The seeds that mention its title, by rank.
    pub bridges: Vec<Bridge>,
    /// Its weight among the seeds, where it is one.
    pub seed: Option<f64>,
    /// Why the question finds nothing at all.
    pub nothing: Option<Nothing>,
}

impl World {
    /// The `k` best documents by words, concepts and titles among those that match, best first, all read from one
    /// committed tick.
    ///
    /// # Errors
    /// [`Error::Limit`] for a question beyond [`QUESTION_BYTES_MAX`], [`Error::Config`] for a ranking outside of what
    /// is accepted, and as [`World::read`].
    pub fn answer(
        &self,
        text: &str,
        k: usize,
        ranking: &Ranking,
        filter: &Filter,
        paths: bool,
    ) -> Result<Vec<AnsweredDocument>> {
        check(text, ranking)?;
        self.ask(|state, session, buffers| {
            let answer = state.answer(text, k, ranking, filter, session, buffers);
            let inquiry = &answer.inquiry;
            let mut lighting = Lighting::new(inquiry, state.view());
            let tell = |hit: &phago_core::query::Hit| {
                let document = state.found(&hit.found);
                let spot = (hit.found.seat, hit.found.place);
                if !paths {
                    return AnsweredDocument {
                        document: found(document, hit.found.score),
                        parts: hit.parts,
                        span: (0, 0),
                        words: Vec::new(),
                        concepts: Vec::new(),
                        bridges: Vec::new(),
                    };
                }
                let (first, last) = inquiry.best_passage(document, buffers);
                let start = document.text[..first].chars().count();
                AnsweredDocument {
                    document: found(document, hit.found.score),
                    parts: hit.parts,
                    span: (start, start + document.text[first..last].chars().count()),
                    words: inquiry.words_in(state.view(), spot, buffers),
                    concepts: lighting.shares(spot, hit.parts[Part::Concepts], PATH_CONCEPTS, buffers),
                    bridges: bridges(state, inquiry, spot),
                }
            };
            answer.hits.iter().map(tell).collect()
        })
    }

    /// The score of any document, taken apart; `None` where `find` finds none.
    ///
    /// # Errors
    /// As [`World::answer`].
    pub fn explain(
        &self,
        text: &str,
        find: impl FnOnce(&State) -> Option<DocumentId>,
        ranking: &Ranking,
    ) -> Result<Option<Explained>> {
        check(text, ranking)?;
        self.ask(|state, session, buffers| {
            let id = find(state)?;
            let name = name(state, id);
            let inquiry = state.inquire(text, ranking, session, buffers);
            Some(explained(state, name, inquiry.explain(state.view(), id, buffers)?))
        })
    }

    /// What there is to say of a question and no document.
    ///
    /// # Errors
    /// As [`World::answer`].
    pub fn explain_question(&self, text: &str, ranking: &Ranking) -> Result<Explained> {
        check(text, ranking)?;
        self.ask(|state, session, buffers| {
            let inquiry = state.inquire(text, ranking, session, buffers);
            explained(state, String::new(), inquiry.explain_question(state.view()))
        })
    }

    // Read the state with a session and buffers of the pool.
    fn ask<T>(&self, ask: impl FnOnce(&State, &mut Session, &mut Buffers) -> T) -> Result<T> {
        let mut session = self.sessions.take();
        let mut buffers = lock(&self.buffers).pop().unwrap_or_default();
        let answer = self.read(|state| ask(state, &mut session, &mut buffers));
        self.sessions.give(session);
        let mut idle = lock(&self.buffers);
        if idle.len() < crate::world::SCRATCHES_MAX {
            idle.push(buffers);
        }
        answer
    }
}

fn explained(state: &State, name: String, told: Explanation) -> Explained {
    Explained {
        name,
        score: told.score,
        parts: told.parts,
        words: told.words,
        unknown: told.unknown,
        title: told.title,
        named: told.named,
        concepts: told.concepts,
        bridges: told.bridges.iter().map(|share| bridge(state, share)).collect(),
        seed: told.seed,
        nothing: told.nothing,
    }
}

fn check(text: &str, ranking: &Ranking) -> Result<()> {
    if text.len() > QUESTION_BYTES_MAX {
        let (limit, value) = (QUESTION_BYTES_MAX as u64, text.len() as u64);
        return Err(Error::Limit { what: "the bytes of a question".into(), limit, value });
    }
    ranking.validate()
}

pub(crate) fn found(document: &Document, score: f64) -> FoundDocument {
    FoundDocument {
        score,
        id: document.id,
        name: document.name(),
        title: document.title.to_string(),
        text: document.text.to_string(),
        metadata: document.metadata.clone(),
        digested: document.digested.map(Tick::from),
    }
}

fn name(state: &State, id: DocumentId) -> String {
    state.document(id).map_or_else(|| id.to_string(), Document::name)
}

fn bridge(state: &State, share: &phago_core::query::explain::BridgeShare) -> Bridge {
    let title = state.document(share.seed).map_or_else(String::new, |document| document.title.to_string());
    Bridge { seed: name(state, share.seed), title, weight: share.weight, points: share.points }
}

fn bridges(state: &State, inquiry: &Inquiry, spot: (usize, u32)) -> Vec<Bridge> {
    inquiry.bridge_shares(spot).iter().map(|share| bridge(state, share)).collect()
}
