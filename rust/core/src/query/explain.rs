//! Why a document has its rank, in points of its score.

use crate::Result;
use crate::commons::Commons;
use crate::ids::DocumentId;
use crate::query::bm25::Found;
use crate::query::context::Carried;
use crate::query::hit::{Hit, Told, ToldHit};
use crate::query::homes::{Homes, Telling};
use crate::query::inquiry::{Inquiry, Nothing};
use crate::query::lighting::{ConceptShare, Lighting};
use crate::query::parts::Parts;
use crate::query::seeds::Seed;
use crate::query::view::Spot;

/// What a word of the question adds to a score.
#[derive(Clone, Debug, PartialEq)]
pub struct WordShare {
    /// The word as it was asked, in lower case.
    pub word: String,
    /// The known word that it was read as, if that gives the points and not the word itself.
    pub read_as: Option<String>,
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

/// What a neighbour in its thread adds to a document's score.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextShare {
    /// The neighbour.
    pub id: DocumentId,
    /// Its name.
    pub name: String,
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
    /// What words of the question were read as, with the words, in the order of the question: words that no document has,
    /// synonyms, and what begins so.
    pub read_as: Vec<(String, String)>,
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
    /// The points of the context part by neighbours, in the order of the thread.
    pub context: Vec<ContextShare>,
    /// The points of the context part as the question names who says the document.
    pub speaker: f64,
    /// The document's weight among the seeds, if it is one.
    pub seed: Option<f64>,
    /// Operators of the question that the document does not meet, as they were written: it cannot be a hit.
    pub unmet: Vec<String>,
    /// Why the question finds nothing at all.
    pub nothing: Option<Nothing>,
}

impl Inquiry {
    /// Returns the part of an explanation that concerns the question alone: the words that no document has, those that
    /// weigh little, and why nothing is found.
    pub fn explain_question(&self, commons: &Commons) -> Explanation {
        let spelled = |places: &[u32]| -> Vec<String> {
            places.iter().map(|&word| self.question.words[word as usize].clone()).collect()
        };
        Explanation {
            name: String::new(),
            score: 0.0,
            parts: Parts::default(),
            words: Vec::new(),
            unknown: spelled(&self.question.unknown),
            read_as: self.question.read_as(),
            function_words: spelled(&self.question.function),
            title: 0.0,
            named: 0.0,
            concepts: Vec::new(),
            bridges: Vec::new(),
            context: Vec::new(),
            speaker: 0.0,
            seed: None,
            unmet: Vec::new(),
            nothing: self.nothing(commons),
        }
    }

    /// Returns the score of any document with all its parts, or `None` if the colony has no document of this id. It is
    /// the score that a query gives it, to the last bit.
    ///
    /// # Errors
    /// Those of the homes.
    pub fn explain<H: Homes>(&self, homes: &mut H, id: DocumentId) -> Result<Option<Explanation>> {
        match homes.find(&[id])?[0] {
            Some((spot, _)) => self.explain_at(homes, spot, id).map(Some),
            None => Ok(None),
        }
    }

    /// Returns the score of the document at a spot with all its parts.
    ///
    /// # Errors
    /// Those of the homes.
    pub fn explain_at<H: Homes>(&self, homes: &mut H, spot: Spot, id: DocumentId) -> Result<Explanation> {
        let mut explanation = self.explain_question(homes.commons());
        explanation.seed = self.seeds.iter().find(|seed| seed.spot == spot).map(|seed| seed.weight);
        if explanation.nothing.is_some() {
            explanation.name = homes.documents(&[(spot, 0.0)])?.remove(0).name;
            return Ok(explanation);
        }
        let weighed = homes.weigh(self.meaning(), &[spot])?[0];
        // It may be none of the documents whose neighbours are known.
        let mut asked = self.clone();
        asked.surround(homes, &[id], &[], None)?;
        let parts = asked.parts((spot, id.0), &weighed);
        let found = Found { score: parts.score(), id: id.0, seat: spot.0, place: spot.1 };
        let mut told = asked.tell(homes, &[Hit { found, parts }], usize::MAX)?;
        let hit = told.hits.remove(0);
        let (_, titles) = self.scorers.lexical.units();
        explanation.title = self.ranking.title_weight * weighed.evidence.title * titles;
        explanation.named = self.ranking.named_weight * self.scorers.lexical.named(spot) * titles;
        explanation.score = parts.score();
        explanation.parts = parts;
        explanation.words = self.word_shares(&hit);
        explanation.concepts = Lighting::new(self, &told).shares(&hit.concepts);
        explanation.bridges = self.bridge_shares(spot, &told);
        explanation.context = context_shares(&told, 0);
        explanation.speaker = told.carried[0].speaker;
        explanation.name = hit.document.name;
        Ok(explanation)
    }

    /// Asks the homes of hits for them, each with at most `concepts_max` concepts.
    ///
    /// # Errors
    /// Those of the homes.
    pub fn tell<H: Homes>(&self, homes: &mut H, hits: &[Hit], concepts_max: usize) -> Result<Told> {
        let (unit, _) = self.scorers.lexical.units();
        let Inquiry { question, ranking, scorers, .. } = self;
        let carry =
            |hit: &Hit| scorers.context.carried(DocumentId(hit.found.id), unit, question, homes.commons(), ranking);
        let carried: Vec<Carried> = hits.iter().map(carry).collect();
        let mut neighbors: Vec<DocumentId> =
            carried.iter().flat_map(|carried| carried.neighbors.iter().map(|neighbor| neighbor.0)).collect();
        neighbors.sort_unstable();
        neighbors.dedup();
        let (meaning, seeds, neighbors) = (self.meaning(), &self.seeds, &neighbors);
        let told = homes.tell(&Telling { meaning, unit, seeds, hits, neighbors, concepts_max })?;
        Ok(Told { carried, ..told })
    }

    /// Returns the seeds that mention a document's title, by rank.
    pub fn bridge_shares(&self, spot: Spot, told: &Told) -> Vec<BridgeShare> {
        let share = |(rank, points): (u32, f64)| {
            let Seed { id, weight, .. } = self.seeds[rank as usize];
            let seed = &told.seeds[rank as usize];
            BridgeShare { seed: DocumentId(id), name: seed.name.clone(), title: seed.title.clone(), weight, points }
        };
        self.scorers.bridge.of(spot).map(share).collect()
    }

    /// Returns the question's words that a hit has, with their points of its lexical part, in the order of the
    /// question.
    pub fn word_shares(&self, hit: &ToldHit) -> Vec<WordShare> {
        let share = |&(place, points): &(u32, f64)| {
            let term = &self.question.terms[place as usize];
            let read_as = term.reading.map(|reading| self.question.readings[reading as usize].text.clone());
            WordShare { word: self.question.words[term.word as usize].clone(), read_as, points }
        };
        hit.words.iter().map(share).collect()
    }
}

/// Returns the neighbours that carry a hit, by its index, in the order of their thread.
pub fn context_shares(told: &Told, hit: usize) -> Vec<ContextShare> {
    let name = |id: &DocumentId| told.neighbors[id].clone();
    let share = |&(id, points): &(DocumentId, f64)| ContextShare { id, name: name(&id), points };
    told.carried[hit].neighbors.iter().map(share).collect()
}
