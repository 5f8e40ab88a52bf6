//! Answers with passages and paths, and explanations.

use crate::metadata::Filter;
use crate::query::clause::Only;
use crate::query::explain::{BridgeShare, WordShare};
use crate::query::reading;
use crate::query::wording::Wording;
use crate::query::{ConceptShare, Explanation, FoundDocument, Homes, Inquiry, Lighting, Parts, Ranking, Spot, answer};
use crate::read::documents::find;
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
pub struct Asking<'a, H> {
    /// The homes of its documents and concepts.
    pub homes: &'a mut H,
    /// The question.
    pub text: &'a str,
    /// The constants of the ranking.
    pub ranking: &'a Ranking,
    /// The analyser.
    pub session: &'a mut Session,
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

impl<H: Homes> Asking<'_, H> {
    /// Returns the `k` best documents by words, concepts and titles among those that match, best first. With `paths`,
    /// each has its best passage and how the question got there.
    ///
    /// # Errors
    /// Those of the homes, here and below.
    pub fn answer(self, k: usize, filter: &Filter, paths: bool) -> Result<Vec<AnsweredDocument>> {
        let wording = self.text.into();
        self.answer_with(&wording, k, filter, paths)
    }

    /// The same for a question with operators and synonyms, whose text is `wording.text`.
    pub fn answer_with(
        self,
        wording: &Wording,
        k: usize,
        filter: &Filter,
        paths: bool,
    ) -> Result<Vec<AnsweredDocument>> {
        let Asking { homes, ranking, session, .. } = self;
        let clauses = reading::clauses(homes, &wording.operators, session)?;
        let only = Only { filter: filter.clone(), clauses };
        let found = answer::answer(homes, wording, k, ranking, &only, session)?;
        let (hits, inquiry) = (&found.hits, &found.inquiry);
        if hits.is_empty() {
            return Ok(Vec::new());
        }
        if !paths {
            let found: Vec<(Spot, f64)> = hits.iter().map(|hit| (hit.found.spot(), hit.found.score)).collect();
            let documents = homes.documents(&found)?.into_iter();
            return Ok(documents.zip(hits).map(|(document, hit)| bare(document, hit.parts)).collect());
        }
        let mut told = inquiry.tell(homes, hits, PATH_CONCEPTS)?;
        let documents = std::mem::take(&mut told.hits).into_iter();
        let mut lighting = Lighting::new(inquiry, &told);
        let answered = documents.zip(hits).map(|(document, hit)| AnsweredDocument {
            span: document.span,
            words: inquiry.word_shares(&document),
            concepts: lighting.shares(&document.concepts),
            bridges: inquiry.bridge_shares(hit.found.spot(), &told),
            ..bare(document.document, hit.parts)
        });
        Ok(answered.collect())
    }

    /// Returns the score of any document with all its parts, or `None` if the colony has no document of this name.
    pub fn explain(self, name: &str) -> Result<Option<Explanation>> {
        let wording = self.text.into();
        self.explain_with(&wording, name)
    }

    /// The same for a question with operators and synonyms, whose text is `wording.text`. It also tells which of them the document does not meet.
    pub fn explain_with(self, wording: &Wording, name: &str) -> Result<Option<Explanation>> {
        let Asking { homes, ranking, session, .. } = self;
        let Some((spot, id)) = find(homes, name)? else { return Ok(None) };
        let clauses = reading::clauses(homes, &wording.operators, session)?;
        let mut explanation = Inquiry::with(homes, wording, &clauses, ranking, session)?.explain_at(homes, spot, id)?;
        if !clauses.is_empty() {
            let met = homes.meets(spot, &clauses)?;
            let unmet = clauses.into_iter().zip(met).filter(|(_, is_met)| !is_met);
            explanation.unmet = unmet.map(|(clause, _)| clause.written).collect();
        }
        Ok(Some(explanation))
    }

    /// Returns the part of an explanation that concerns the question alone, without a document.
    pub fn explain_question(self) -> Result<Explanation> {
        let wording = self.text.into();
        self.explain_question_with(&wording)
    }

    /// The same for a question with operators and synonyms, whose text is `wording.text`.
    pub fn explain_question_with(self, wording: &Wording) -> Result<Explanation> {
        let Asking { homes, ranking, session, .. } = self;
        let clauses = reading::clauses(homes, &wording.operators, session)?;
        Ok(Inquiry::with(homes, wording, &clauses, ranking, session)?.explain_question(homes.commons()))
    }
}

// A document without the reasons.
fn bare(document: FoundDocument, parts: Parts) -> AnsweredDocument {
    let (words, concepts, bridges) = Default::default();
    AnsweredDocument { document, parts, span: (0, 0), words, concepts, bridges }
}
