//! Answers and explanations as tuples of primitives.

use crate::config::number;
use crate::error::Result;
use crate::world::{Found, found};
use phago_core::Error;
use phago_core::query::explain::WordShare;
use phago_core::query::{Nothing, Parts, Ranking};
use phago_engine::answers::{AnsweredDocument, Bridge, Concept, Explained};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// (word, points)
pub(crate) type Word = (String, f64);
/// (label, points, words, (id of a seed, points))
pub(crate) type ConceptTuple = (String, f64, Vec<Word>, Vec<(String, f64)>);
/// (id of the seed, its title, its weight, points)
pub(crate) type BridgeTuple = (String, String, f64, f64);
/// (lexical, concepts, bridge)
pub(crate) type PartsTuple = (f64, f64, f64);
/// found, parts, passage, (start, end) in characters, concepts, bridges
pub(crate) type Answered = (Found, PartsTuple, String, (usize, usize), Vec<ConceptTuple>, Vec<BridgeTuple>);
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

macro_rules! fields {
    ($($name:ident),* $(,)?) => {
        /// A checked ranking of a dictionary; absent fields have their defaults.
        pub(crate) fn ranking(values: Option<&Bound<'_, PyDict>>) -> Result<Ranking> {
            let mut ranking = Ranking::default();
            for (name, value) in values.into_iter().flatten() {
                let name = name.to_string();
                match name.as_str() {
                    $(stringify!($name) => ranking.$name = number(&name, &value)?,)*
                    _ => {
                        let accepted = [$(stringify!($name)),*].join(", ");
                        return Err(Error::Config { field: name, value: "no field of a ranking".into(), accepted }.into());
                    }
                }
            }
            ranking.validate()?;
            Ok(ranking)
        }

        /// The default ranking as a dictionary.
        pub(crate) fn default_ranking(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
            let ranking = Ranking::default();
            let dictionary = PyDict::new(py);
            $(dictionary.set_item(stringify!($name), ranking.$name)?;)*
            Ok(dictionary)
        }
    };
}

fields!(
    coverage_power,
    passage_share,
    title_weight,
    named_weight,
    name_mass,
    name_power,
    name_share,
    bearers_max,
    seeds_max,
    seed_power,
    seed_floor,
    seed_words_max,
    stretch_words_max,
    concepts_max,
    own_share,
    hop_share,
    concepts_weight,
    concepts_power,
    concepts_evidence,
    bridge_weight,
    exhaustive_max,
    lexical_candidates,
    concept_candidates,
    postings_max,
);

fn words(all: Vec<WordShare>) -> Vec<Word> {
    all.into_iter().map(|share| (share.word, share.points)).collect()
}

fn concepts(all: Vec<Concept>) -> Vec<ConceptTuple> {
    all.into_iter().map(|share| (share.label, share.points, words(share.words), share.seeds)).collect()
}

fn bridges(all: Vec<Bridge>) -> Vec<BridgeTuple> {
    all.into_iter().map(|share| (share.seed, share.title, share.weight, share.points)).collect()
}

fn parts(parts: Parts) -> PartsTuple {
    (parts.lexical, parts.concepts, parts.bridge)
}

pub(crate) fn answered(hit: AnsweredDocument) -> Answered {
    let passage = hit.document.text[hit.bytes.0..hit.bytes.1].to_owned();
    (found(hit.document), parts(hit.parts), passage, hit.chars, concepts(hit.concepts), bridges(hit.bridges))
}

pub(crate) fn explained(told: Explained) -> ExplainedTuple {
    let nothing = told.nothing.map(|nothing| match nothing {
        Nothing::NoDocuments => "the colony has no documents",
        Nothing::NoWords => "the question has no words, or stop words only",
        Nothing::UnknownWords => "no document has any of the question's words",
    });
    (
        (told.name, told.score, parts(told.parts)),
        words(told.words),
        told.unknown,
        (told.title, told.named),
        concepts(told.concepts),
        bridges(told.bridges),
        told.seed,
        nothing,
    )
}
