//! Answers with passages and paths, and explanations.

use crate::metadata::Filter;
use crate::query::clause::Only;
use crate::query::explain::{BridgeShare, ContextShare, WordShare, context_shares};
use crate::query::reading;
use crate::query::{
    ConceptShare, Explanation, FoundDocument, Homes, Inquiry, Lighting, Parts, Query, Ranking, Spot, answer, diverse,
};
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
    /// The neighbours in its thread that carry it, in their order.
    pub context: Vec<ContextShare>,
    /// The points as the question names who says it.
    pub speaker: f64,
}

/// One question to one committed state.
#[derive(Debug)]
pub struct Asking<'a, H, T = &'a str> {
    /// The homes of its documents and concepts.
    pub homes: &'a mut H,
    /// The question, or its text.
    pub text: T,
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

impl<'a, H: Homes, T: Into<Query<'a>>> Asking<'a, H, T> {
    // Refuses a vector that cannot be compared with those of the colony.
    fn checked(self) -> Result<(Asking<'a, H, ()>, Query<'a>)> {
        let Asking { homes, text, ranking, session } = self;
        let asked = text.into();
        crate::settings::within("diverse", asked.diverse, 0.0, 1.0)?;
        if let Some(vector) = asked.vector {
            homes.commons().life().space().compare(vector.dimension())?;
        }
        Ok((Asking { homes, text: (), ranking, session }, asked))
    }

    /// Returns the `k` best documents by words, concepts, titles, vectors and times among those that match, best first. With `paths`,
    /// each has its best passage and how the question got there.
    ///
    /// # Errors
    /// Those of the homes, and [`Error::Config`] for a vector of another number of numbers than the colony's have,
    /// here and below.
    pub fn answer(self, k: usize, filter: &Filter, paths: bool) -> Result<Vec<AnsweredDocument>> {
        let (Asking { homes, ranking, session, .. }, asked) = self.checked()?;
        let clauses = reading::clauses(homes, asked.operators, session)?;
        let only = Only { filter: filter.clone(), clauses };
        let pool = if asked.diverse > 0.0 { diverse::pool(k) } else { k };
        let mut found = answer::answer(homes, asked, pool, ranking, &only, session)?;
        if asked.diverse > 0.0 {
            found.hits = diverse::choose(homes, &found.hits, k, asked.diverse)?;
        }
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
        let answered = documents.zip(hits).enumerate().map(|(rank, (document, hit))| AnsweredDocument {
            span: document.span,
            words: inquiry.word_shares(&document),
            concepts: lighting.shares(&document.concepts),
            bridges: inquiry.bridge_shares(hit.found.spot(), &told),
            context: context_shares(&told, rank),
            speaker: told.carried[rank].speaker,
            ..bare(document.document, hit.parts)
        });
        Ok(answered.collect())
    }

    /// Returns the score of any document with all its parts, or `None` if the colony has no document of this name.
    pub fn explain(self, name: &str) -> Result<Option<Explanation>> {
        let (Asking { homes, ranking, session, .. }, asked) = self.checked()?;
        let Some((spot, id)) = find(homes, name)? else { return Ok(None) };
        let clauses = reading::clauses(homes, asked.operators, session)?;
        let mut explanation = Inquiry::new(homes, asked, &clauses, ranking, session)?.explain_at(homes, spot, id)?;
        if !clauses.is_empty() {
            let met = homes.meets(spot, &clauses)?;
            let unmet = clauses.into_iter().zip(met).filter(|(_, is_met)| !is_met);
            explanation.unmet = unmet.map(|(clause, _)| clause.written).collect();
        }
        Ok(Some(explanation))
    }

    /// Returns the part of an explanation that concerns the question alone, without a document.
    pub fn explain_question(self) -> Result<Explanation> {
        let (Asking { homes, ranking, session, .. }, asked) = self.checked()?;
        let clauses = reading::clauses(homes, asked.operators, session)?;
        Ok(Inquiry::new(homes, asked, &clauses, ranking, session)?.explain_question(homes.commons()))
    }
}

// A document without the reasons.
pub(crate) fn bare(document: FoundDocument, parts: Parts) -> AnsweredDocument {
    let (words, concepts, bridges, context) = Default::default();
    AnsweredDocument { document, parts, span: (0, 0), words, concepts, bridges, context, speaker: 0.0 }
}
