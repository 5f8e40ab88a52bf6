//! Rows of answers and their paths.

use super::{row, rows};
use crate::rows::documents::FoundRow;
use phago_core::query::explain::{BridgeShare, ContextShare, WordShare};
use phago_core::query::parts::PARTS;
use phago_core::query::{ConceptShare, Explanation, Nothing};
use phago_core::read::AnsweredDocument;
use pyo3::prelude::*;
use std::sync::Arc;

// How many seeds a concept of a path lists.
const PATH_SEEDS: usize = 3;

row! {
    /// What a word of the question adds to a score.
    #[derive(Clone)]
    WordRow from share, &WordShare {
        word: String = share.word.clone(),
        points: f64 = share.points,
        /// What it was read as.
        read_as: Option<String> = share.read_as.clone(),
    }
}

row! {
    /// What a concept adds to a score, from the question's words and from the seeds that lit it.
    #[derive(Clone)]
    ConceptShareRow from (share, seeds_max), (&ConceptShare, usize) {
        label: String = share.light.label.to_string(),
        points: f64 = share.points,
        words: Vec<WordRow> = {
            let words = share.light.words.iter();
            words.map(|(word, part)| WordRow { word: word.clone(), points: share.points * part, read_as: None }).collect()
        },
        /// The id of each seed, with its points.
        seeds: Vec<(String, f64)> = {
            let seeds = share.light.seeds.iter().take(seeds_max);
            seeds.map(|(name, part)| (name.clone(), share.points * part)).collect()
        },
    }
}

row! {
    /// What a mention of the document's title adds to a score.
    #[derive(Clone)]
    BridgeRow from share, &BridgeShare {
        /// The id of the seed that mentions it.
        seed: String = share.name.clone(),
        /// The title of that seed.
        title: String = share.title.clone(),
        weight: f64 = share.weight,
        points: f64 = share.points,
    }
}

row! {
    /// What a neighbour in its thread adds to a document's score.
    #[derive(Clone)]
    ContextRow from share, &ContextShare {
        /// The id of the neighbour.
        id: String = share.name.clone(),
        points: f64 = share.points,
    }
}

/// How a question reached a document. It is turned into Python objects when it is read, which most paths never are.
#[pyclass(frozen, module = "phago._phago")]
#[derive(Clone)]
pub(crate) struct PathRow(Arc<Path>);

struct Path {
    words: Vec<WordShare>,
    concepts: Vec<ConceptShare>,
    bridges: Vec<BridgeShare>,
    context: Vec<ContextShare>,
}

#[pymethods]
impl PathRow {
    #[getter]
    fn words(&self) -> Vec<WordRow> {
        rows(&self.0.words)
    }

    #[getter]
    fn concepts(&self) -> Vec<ConceptShareRow> {
        rows(self.0.concepts.iter().map(|share| (share, PATH_SEEDS)))
    }

    #[getter]
    fn bridges(&self) -> Vec<BridgeRow> {
        rows(&self.0.bridges)
    }

    #[getter]
    fn context(&self) -> Vec<ContextRow> {
        rows(&self.0.context)
    }
}

/// A document in an answer: what a search finds, the parts of its score in their order, where the best passage starts and
/// ends, in characters, and the path.
#[derive(IntoPyObject)]
pub(crate) struct AnsweredRow(FoundRow, [f64; PARTS], (usize, usize), PathRow);

impl From<AnsweredDocument> for AnsweredRow {
    fn from(hit: AnsweredDocument) -> Self {
        let AnsweredDocument { document, parts, span, words, concepts, bridges, context, .. } = hit;
        let path = PathRow(Arc::new(Path { words, concepts, bridges, context }));
        AnsweredRow(document.into(), parts.0, span, path)
    }
}

row! {
    /// A document's score for a question, with all its parts.
    ExplainedRow from told, Explanation {
        id: String = told.name,
        score: f64 = told.score,
        parts: [f64; PARTS] = told.parts.0,
        words: Vec<WordRow> = rows(&told.words),
        /// The question's words that no document has.
        unknown: Vec<String> = told.unknown,
        /// What words were read as.
        read_as: Vec<(String, String)> = told.read_as,
        /// The operators that the document does not meet.
        unmet: Vec<String> = told.unmet,
        /// The question's function words.
        function_words: Vec<String> = told.function_words,
        title: f64 = told.title,
        named: f64 = told.named,
        concepts: Vec<ConceptShareRow> = rows(told.concepts.iter().map(|share| (share, usize::MAX))),
        bridges: Vec<BridgeRow> = rows(&told.bridges),
        context: Vec<ContextRow> = rows(&told.context),
        /// Points of the context part as the question names who says it.
        speaker: f64 = told.speaker,
        seed: Option<f64> = told.seed,
        nothing: Option<&'static str> = told.nothing.map(|nothing| match nothing {
            Nothing::NoDocuments => "the colony has no documents",
            Nothing::NoWords => "the question has no words, or function words only",
            Nothing::UnknownWords => "no document has any of the question's words, function words aside",
        }),
    }
}
