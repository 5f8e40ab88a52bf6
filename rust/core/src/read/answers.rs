//! Answers with passages and paths, and explanations.

use crate::metadata::Filter;
use crate::query::explain::{BridgeShare, WordShare};
use crate::query::{
    Buffers, ConceptShare, Explanation, Hit, Inquiry, Lighting, Part, Parts, Ranking, Spot, View, answer,
};
use crate::read::documents::FoundDocument;
use crate::text::Session;
use crate::{Error, Result};

/// The longest question, in bytes of UTF-8.
pub const QUESTION_BYTES_MAX: usize = 64 * 1024;

// Concepts that a hit's path tells of.
const PATH_CONCEPTS: usize = 3;

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
    pub bridges: Vec<BridgeShare>,
}

/// One question to one committed state.
#[derive(Debug)]
pub struct Asking<'a> {
    /// The state.
    pub view: View<'a>,
    /// The question.
    pub text: &'a str,
    /// The constants it is answered with.
    pub ranking: &'a Ranking,
    /// The analyser.
    pub session: &'a mut Session,
    /// Buffers that another question may have used.
    pub buffers: &'a mut Buffers,
}

/// Refuse a question that cannot be asked, before anything is read for it.
///
/// # Errors
/// [`Error::Limit`] for a question beyond [`QUESTION_BYTES_MAX`], [`Error::Config`] for a ranking outside of what is
/// accepted.
pub fn check(text: &str, ranking: &Ranking) -> Result<()> {
    if text.len() > QUESTION_BYTES_MAX {
        let (limit, value) = (QUESTION_BYTES_MAX as u64, text.len() as u64);
        return Err(Error::Limit { what: "the bytes of a question".into(), limit, value });
    }
    ranking.validate()
}

impl Asking<'_> {
    /// The `k` best documents by words, concepts and titles among those that match, best first; with `paths` also the
    /// best passage of each and how the question got there.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once the flag of the view is set, here and below.
    pub fn answer(self, k: usize, filter: &Filter, paths: bool) -> Result<Vec<AnsweredDocument>> {
        let Asking { view, text, ranking, session, buffers } = self;
        let found = answer::answer(view, text, k, ranking, filter, session, buffers)?;
        let mut lighting = Lighting::new(&found.inquiry, view);
        found.hits.iter().map(|hit| tell(hit, &found.inquiry, view, &mut lighting, paths, buffers)).collect()
    }

    /// The score of any document, taken apart; `None` where the colony has none of this name.
    pub fn explain(self, name: &str) -> Result<Option<Explanation>> {
        let Asking { view, text, ranking, session, buffers } = self;
        let Some(document) = view.find(name) else { return Ok(None) };
        Inquiry::new(view, text, ranking, session, buffers)?.explain(view, document.id, buffers)
    }

    /// What there is to say of a question and no document.
    pub fn explain_question(self) -> Result<Explanation> {
        let Asking { view, text, ranking, session, buffers } = self;
        Ok(Inquiry::new(view, text, ranking, session, buffers)?.explain_question(view))
    }
}

fn tell(
    hit: &Hit,
    inquiry: &Inquiry,
    view: View<'_>,
    lighting: &mut Lighting<'_>,
    paths: bool,
    buffers: &mut Buffers,
) -> Result<AnsweredDocument> {
    view.poll()?;
    let spot: Spot = hit.found.spot();
    let document = view.at(spot);
    let mut told = AnsweredDocument {
        document: FoundDocument::new(document, hit.found.score),
        parts: hit.parts,
        span: (0, 0),
        words: Vec::new(),
        concepts: Vec::new(),
        bridges: Vec::new(),
    };
    if paths {
        let (first, last) = inquiry.best_passage(document, buffers);
        let start = document.body.text[..first].chars().count();
        told.span = (start, start + document.body.text[first..last].chars().count());
        told.words = inquiry.words_in(view, spot, buffers)?;
        told.concepts = lighting.shares(spot, hit.parts[Part::Concepts], PATH_CONCEPTS, buffers)?;
        told.bridges = inquiry.bridge_shares(view, spot);
    }
    Ok(told)
}
