//! Rows of answers and their paths.

use crate::metadata::Told;
use phago_core::query::explain::{BridgeShare, WordShare};
use phago_core::query::parts::PARTS;
use phago_core::query::{ConceptShare, Explanation, Nothing};
use phago_core::read::AnsweredDocument;
use pyo3::prelude::*;
use std::sync::Arc;

// How many seeds a concept of a path lists.
const PATH_SEEDS: usize = 3;

/// What a word of the question adds to a score.
#[pyclass(frozen, get_all, module = "phago._phago")]
#[derive(Clone)]
pub(crate) struct WordRow {
    word: String,
    points: f64,
}

impl From<&WordShare> for WordRow {
    fn from(share: &WordShare) -> Self {
        WordRow { word: share.word.clone(), points: share.points }
    }
}

/// What a concept adds to a score, from the question's words and from the seeds that lit it.
#[pyclass(frozen, get_all, module = "phago._phago")]
#[derive(Clone)]
pub(crate) struct ConceptShareRow {
    label: String,
    points: f64,
    words: Vec<WordRow>,
    /// The id of each seed, with its points.
    seeds: Vec<(String, f64)>,
}

impl ConceptShareRow {
    fn new(share: &ConceptShare, seeds_max: usize) -> Self {
        let (words, seeds) = (share.light.words.iter(), share.light.seeds.iter().take(seeds_max));
        ConceptShareRow {
            label: share.light.label.to_string(),
            points: share.points,
            words: words.map(|(word, part)| WordRow { word: word.clone(), points: share.points * part }).collect(),
            seeds: seeds.map(|(name, part)| (name.clone(), share.points * part)).collect(),
        }
    }
}

/// What a mention of the document's title adds to a score.
#[pyclass(frozen, get_all, module = "phago._phago")]
#[derive(Clone)]
pub(crate) struct BridgeRow {
    /// The id of the seed that mentions it.
    seed: String,
    /// The title of that seed.
    title: String,
    weight: f64,
    points: f64,
}

impl From<&BridgeShare> for BridgeRow {
    fn from(share: &BridgeShare) -> Self {
        let (seed, title) = (share.name.clone(), share.title.clone());
        BridgeRow { seed, title, weight: share.weight, points: share.points }
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
}

#[pymethods]
impl PathRow {
    #[getter]
    fn words(&self) -> Vec<WordRow> {
        self.0.words.iter().map(WordRow::from).collect()
    }

    #[getter]
    fn concepts(&self) -> Vec<ConceptShareRow> {
        self.0.concepts.iter().map(|share| ConceptShareRow::new(share, PATH_SEEDS)).collect()
    }

    #[getter]
    fn bridges(&self) -> Vec<BridgeRow> {
        self.0.bridges.iter().map(BridgeRow::from).collect()
    }
}

/// A document in an answer, with all parts of its score.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct AnsweredRow {
    score: f64,
    id: String,
    title: String,
    text: String,
    digested: Option<u64>,
    metadata: Told,
    /// In the order of the parts of a score.
    parts: [f64; PARTS],
    /// Where the best passage starts and ends, in characters.
    span: (usize, usize),
    path: PathRow,
}

impl From<AnsweredDocument> for AnsweredRow {
    fn from(hit: AnsweredDocument) -> Self {
        let (found, words) = (hit.document, hit.words);
        AnsweredRow {
            score: found.score,
            id: found.name,
            title: found.title,
            text: found.text,
            digested: found.digested,
            metadata: Told(found.metadata),
            parts: hit.parts.0,
            span: hit.span,
            path: PathRow(Arc::new(Path { words, concepts: hit.concepts, bridges: hit.bridges })),
        }
    }
}

/// A document's score for a question, with all its parts.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct ExplainedRow {
    id: String,
    score: f64,
    parts: [f64; PARTS],
    words: Vec<WordRow>,
    /// The question's words that no document has.
    unknown: Vec<String>,
    /// The question's function words.
    function_words: Vec<String>,
    title: f64,
    named: f64,
    concepts: Vec<ConceptShareRow>,
    bridges: Vec<BridgeRow>,
    seed: Option<f64>,
    nothing: Option<&'static str>,
}

impl From<Explanation> for ExplainedRow {
    fn from(told: Explanation) -> Self {
        let nothing = told.nothing.map(|nothing| match nothing {
            Nothing::NoDocuments => "the colony has no documents",
            Nothing::NoWords => "the question has no words, or function words only",
            Nothing::UnknownWords => "no document has any of the question's words",
        });
        ExplainedRow {
            id: told.name,
            score: told.score,
            parts: told.parts.0,
            words: told.words.iter().map(WordRow::from).collect(),
            unknown: told.unknown,
            function_words: told.function_words,
            title: told.title,
            named: told.named,
            concepts: told.concepts.iter().map(|share| ConceptShareRow::new(share, usize::MAX)).collect(),
            bridges: told.bridges.iter().map(BridgeRow::from).collect(),
            seed: told.seed,
            nothing,
        }
    }
}
