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

// How many concepts a hit's path lists.
const PATH_CONCEPTS: usize = 3;

/// A document in an answer, and why it is there.
#[derive(Clone, Debug, PartialEq)]
pub struct AnsweredDocument {
    /// The document and its score.
    pub document: FoundDocument,
    /// The parts of the score, which sum to it.
    pub parts: Parts,
    /// Where the best passage starts and ends in the text, in characters (Unicode scalar values).
    pub span: (usize, usize),
    /// The words of the question that the document has, in the order of the question.
    pub words: Vec<WordShare>,
    /// The concepts that add most to the score, strongest first.
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
    /// The constants of the ranking.
    pub ranking: &'a Ranking,
    /// The analyser.
    pub session: &'a mut Session,
    /// Buffers, which another question may have used.
    pub buffers: &'a mut Buffers,
}

/// Refuses a question that cannot be asked, before any work is done.
///
/// # Errors
/// [`Error::Limit`] for a question longer than [`QUESTION_BYTES_MAX`], [`Error::Config`] for a ranking outside of what
/// is accepted.
pub fn check(text: &str, ranking: &Ranking) -> Result<()> {
    if text.len() > QUESTION_BYTES_MAX {
        let (limit, value) = (QUESTION_BYTES_MAX as u64, text.len() as u64);
        return Err(Error::Limit { what: "the bytes of a question".into(), limit, value });
    }
    ranking.validate()
}

impl Asking<'_> {
    /// Returns the `k` best documents by words, concepts and titles among those that match, best first. With `paths`,
    /// each has its best passage and how the question got there.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once the flag of the view is set, here and below.
    pub fn answer(self, k: usize, filter: &Filter, paths: bool) -> Result<Vec<AnsweredDocument>> {
        let Asking { view, text, ranking, session, buffers } = self;
        let found = answer::answer(view, text, k, ranking, filter, session, buffers)?;
        let mut lighting = Lighting::new(&found.inquiry, view);
        found.hits.iter().map(|hit| tell(hit, &found.inquiry, view, &mut lighting, paths, buffers)).collect()
    }

    /// Returns the score of any document with all its parts, or `None` if the colony has no document of this name.
    pub fn explain(self, name: &str) -> Result<Option<Explanation>> {
        let Asking { view, text, ranking, session, buffers } = self;
        let Some(document) = view.find(name) else { return Ok(None) };
        Inquiry::new(view, text, ranking, session, buffers)?.explain(view, document.id, buffers)
    }

    /// Returns the part of an explanation that concerns the question alone, without a document.
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
