//! Answers and explanations as tuples of primitives.

use crate::world::{Found, found};
use phago_core::query::explain::{BridgeShare, WordShare};
use phago_core::query::{ConceptShare, Explanation, Nothing, Parts};
use phago_core::read::AnsweredDocument;
use pyo3::prelude::*;

// Seeds that a concept of a path tells of.
const PATH_SEEDS: usize = 3;

/// (word, points)
pub(crate) type Word = (String, f64);
/// (label, points, words, (id of a seed, points))
pub(crate) type ConceptTuple = (String, f64, Vec<Word>, Vec<(String, f64)>);
/// (id of the seed, its title, its weight, points)
pub(crate) type BridgeTuple = (String, String, f64, f64);
/// (lexical, concepts, bridge)
pub(crate) type PartsTuple = (f64, f64, f64);
/// found, parts, (start, end) of the passage in characters, how the question got there
pub(crate) type Answered = (Found, PartsTuple, (usize, usize), PathRows);
/// (id, score, parts), words, unknown words, (title, named), concepts, bridges, weight as a seed, why nothing is found
pub(crate) type ExplainedTuple = (
    (String, f64, PartsTuple),
    Vec<Word>,
    Vec<String>,
    (f64, f64),
    Vec<ConceptTuple>,
    Vec<BridgeTuple>,
    Option<f64>,
    Option<&'static str>,
);

fn words(all: &[WordShare]) -> Vec<Word> {
    all.iter().map(|share| (share.word.clone(), share.points)).collect()
}

fn concepts(all: &[ConceptShare], seeds_max: usize) -> Vec<ConceptTuple> {
    let concept = |share: &ConceptShare| {
        let part = |(name, part): &(String, f64)| (name.clone(), share.points * part);
        let (words, seeds) = (share.light.words.iter(), share.light.seeds.iter().take(seeds_max));
        (share.light.label.to_string(), share.points, words.map(part).collect(), seeds.map(part).collect())
    };
    all.iter().map(concept).collect()
}

fn bridges(all: &[BridgeShare]) -> Vec<BridgeTuple> {
    all.iter().map(|share| (share.name.clone(), share.title.clone(), share.weight, share.points)).collect()
}

/// How a question reached a document; turned into Python's objects when it is read, which most paths never are.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct PathRows {
    words: Vec<WordShare>,
    concepts: Vec<ConceptShare>,
    bridges: Vec<BridgeShare>,
}

#[pymethods]
impl PathRows {
    fn read(&self) -> (Vec<ConceptTuple>, Vec<BridgeTuple>, Vec<Word>) {
        (concepts(&self.concepts, PATH_SEEDS), bridges(&self.bridges), words(&self.words))
    }
}

fn parts(parts: Parts) -> PartsTuple {
    parts.0.into()
}

pub(crate) fn answered(hit: AnsweredDocument) -> Answered {
    let path = PathRows { words: hit.words, concepts: hit.concepts, bridges: hit.bridges };
    (found(hit.document), parts(hit.parts), hit.span, path)
}

pub(crate) fn explained(told: Explanation) -> ExplainedTuple {
    let nothing = told.nothing.map(|nothing| match nothing {
        Nothing::NoDocuments => "the colony has no documents",
        Nothing::NoWords => "the question has no words, or function words only",
        Nothing::UnknownWords => "no document has any of the question's words",
    });
    (
        (told.name, told.score, parts(told.parts)),
        words(&told.words),
        told.unknown,
        (told.title, told.named),
        concepts(&told.concepts, usize::MAX),
        bridges(&told.bridges),
        told.seed,
        nothing,
    )
}
