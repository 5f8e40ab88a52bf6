//! Why a document has its rank, in points of its score.

use crate::Result;
use crate::ids::DocumentId;
use crate::query::bm25::per_word;
use crate::query::buffers::Buffers;
use crate::query::evidence::{Covered, Evidence, blend, word_gain};
use crate::query::inquiry::{Inquiry, Nothing};
use crate::query::lighting::{ConceptShare, Lighting};
use crate::query::parts::{Part, Parts};
use crate::query::seeds::{self, Seed};
use crate::query::view::{Spot, View};

/// What a word of the question adds to a score.
#[derive(Clone, Debug, PartialEq)]
pub struct WordShare {
    /// The word as it was asked, in lower case.
    pub word: String,
    /// Its points.
    pub points: f64,
}

/// What a mention of the document's title adds to a score.
#[derive(Clone, Debug, PartialEq)]
pub struct BridgeShare {
    /// The seed that mentions the title.
    pub seed: DocumentId,
    /// The seed's name.
    pub name: String,
    /// The seed's title.
    pub title: String,
    /// Its weight among the seeds.
    pub weight: f64,
    /// Its points.
    pub points: f64,
}

/// A document's score with all its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The document's name; empty if only the question is explained.
    pub name: String,
    /// The score.
    pub score: f64,
    /// Its parts, which sum to it.
    pub parts: Parts,
    /// The points of the lexical part, by the question's words, in the order of the question.
    pub words: Vec<WordShare>,
    /// The question's words that no document has, function words aside.
    pub unknown: Vec<String>,
    /// The question's function words, which weigh little and light up no concept.
    pub function_words: Vec<String>,
    /// The points of the lexical part for words of the question in the title.
    pub title: f64,
    /// The points of the lexical part if the question mentions the whole title.
    pub named: f64,
    /// The points of the concept part, strongest first; they sum to the part, except for rounding.
    pub concepts: Vec<ConceptShare>,
    /// The points of the bridge part, by rank of the seed.
    pub bridges: Vec<BridgeShare>,
    /// The document's weight among the seeds, if it is one.
    pub seed: Option<f64>,
    /// Why the question finds nothing at all.
    pub nothing: Option<Nothing>,
}

impl Inquiry {
    /// Returns the part of an explanation that concerns the question alone: the words that no document has, those that
    /// weigh little, and why nothing is found.
    pub fn explain_question(&self, view: View<'_>) -> Explanation {
        let spelled = |places: &[u32]| -> Vec<String> {
            places.iter().map(|&word| self.question.words[word as usize].clone()).collect()
        };
        Explanation {
            name: String::new(),
            score: 0.0,
            parts: Parts::default(),
            words: Vec::new(),
            unknown: spelled(&self.question.unknown),
            function_words: spelled(&self.question.function),
            title: 0.0,
            named: 0.0,
            concepts: Vec::new(),
            bridges: Vec::new(),
            seed: None,
            nothing: self.nothing(view.commons),
        }
    }

    /// Returns the score of any document with all its parts, or `None` if the colony has no document of this id. It is
    /// the score that a query gives it, to the last bit.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] once the flag of the view is set.
    pub fn explain(&self, view: View<'_>, id: DocumentId, buffers: &mut Buffers) -> Result<Option<Explanation>> {
        let Some(spot) = view.spot_of(id) else { return Ok(None) };
        self.mark(view.commons, buffers);
        let mut explanation = self.explain_question(view);
        explanation.name = view.at(spot).name();
        explanation.seed = self.seeds.iter().find(|seed| seed.spot == spot).map(|seed| seed.weight);
        if explanation.nothing.is_some() {
            return Ok(Some(explanation));
        }
        let weighed = self.weigh(view, spot, buffers)?;
        let parts = self.parts(spot, &weighed);
        let (unit, titles) = self.scorers.lexical.units();
        explanation.words = self.words_with(view, spot, &weighed.evidence, unit, buffers);
        explanation.title = self.ranking.title_weight * weighed.evidence.title * titles;
        explanation.named = self.ranking.named_weight * self.scorers.lexical.named(spot) * titles;
        explanation.score = parts.score();
        explanation.parts = parts;
        explanation.concepts = Lighting::new(self, view).shares(spot, parts[Part::Concepts], usize::MAX, buffers)?;
        explanation.bridges = self.bridge_shares(view, spot);
        Ok(Some(explanation))
    }

    /// Returns the seeds that mention a document's title, by rank.
    pub fn bridge_shares(&self, view: View<'_>, spot: Spot) -> Vec<BridgeShare> {
        let share = |(rank, points): (u32, f64)| {
            let Seed { spot, id, weight } = self.seeds[rank as usize];
            let seed = view.at(spot);
            BridgeShare { seed: DocumentId(id), name: seed.name(), title: seed.body.title.to_string(), weight, points }
        };
        self.scorers.bridge.of(spot).map(share).collect()
    }

    /// Returns the question's words that a document has, with their points of its lexical part, in the order of the
    /// question. Words must be marked.
    pub fn words_in(&self, view: View<'_>, spot: Spot, buffers: &mut Buffers) -> Result<Vec<WordShare>> {
        let evidence = self.evidence(view, spot, buffers)?;
        Ok(self.words_with(view, spot, &evidence, self.scorers.lexical.units().0, buffers))
    }

    // `unit` is what a unit of covered BM25 score is worth in the lexical part.
    fn words_with(
        &self,
        view: View<'_>,
        spot: Spot,
        evidence: &Evidence,
        unit: f64,
        buffers: &mut Buffers,
    ) -> Vec<WordShare> {
        let of = |covered: &Covered| if covered.bm25 > 0.0 { covered.covered / covered.bm25 * unit } else { 0.0 };
        let mut points = seeds::gains(view.local(spot.0), &self.question, spot.1, buffers);
        for (_, gain) in &mut points {
            *gain *= of(&evidence.whole);
        }
        if let Some((best, covered)) = evidence.passage {
            let document = view.at(spot);
            let Buffers { found, tally, .. } = buffers;
            let per_word = per_word(view.commons);
            points.iter_mut().for_each(|points| points.1 = blend(points.1, 0.0, &self.ranking));
            tally.visit(&self.question, found, document, |number, met, length| {
                for &(at, count) in met.iter().filter(|_| number == best) {
                    let gain = word_gain(&self.question, found[at as usize].0, count, length, per_word);
                    points[at as usize].1 += blend(0.0, gain * of(&covered), &self.ranking);
                }
            });
        }
        points.sort_unstable_by_key(|word| word.0);
        let share = |(word, points)| WordShare { word: self.question.words[word as usize].clone(), points };
        points.into_iter().map(share).collect()
    }
}
