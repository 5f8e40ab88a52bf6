//! Every constant of an answer, in one place.

use crate::settings;
use serde::{Deserialize, Serialize};

settings! {
    /// How documents are ranked: score = lexical + concepts + bridge.
    ///
    /// Chosen on two public collections of 1,400 and 994 documents, and held against larger ones and against spoiled
    /// ones (no titles, cut questions, one-line documents): a value had to win or be neutral on all of them.
    #[derive(Serialize, Deserialize)]
    pub struct Ranking {
        /// Power of the covered share of a question in its lexical score: documents that have more of its words win
        /// over those that repeat one.
        coverage_power: f64 = 0.1, 0.0..=8.0;
        /// Share of the best passage in the lexical score of a document that has several; the rest is that of the
        /// whole.
        passage_share: f64 = 0.5, 0.0..=1.0;
        /// What words of a question in a document's title are worth, in units of the best lexical score.
        title_weight: f64 = 0.4, 0.0..=100.0;
        /// What a document is worth whose whole title the question mentions, in the same units.
        named_weight: f64 = 0.6, 0.0..=100.0;
        /// A title names a thing fully when its idf mass is this many times ln N.
        name_mass: f64 = 1.4, 0.01..=100.0;
        /// How sharply lighter titles fall off: common words that happen to be titles must not count.
        name_power: f64 = 2.0, 0.0..=16.0;
        /// A title counts fully for a question when this many of it have the question's idf mass.
        name_share: f64 = 2.0, 0.0..=100.0;
        /// A title that more documents than this bear names none of them.
        bearers_max: u32 = 32, 1..=10_000;
        /// Documents that may seed concepts.
        seeds_max: u32 = 20, 1..=1000;
        /// Power of a seed's standing in its weight: a clear winner seeds alone.
        seed_power: f64 = 8.0, 0.0..=64.0;
        /// Seeds with less than this share of the best one's weight are left out.
        seed_floor: f64 = 0.01, 0.0..=1.0;
        /// A seed with more indexed words than this speaks by its best stretch of as many.
        stretch_words_max: u32 = 150, 1..=1 << 24;
        /// Concepts that seeds light up.
        concepts_max: u32 = 30, 1..=10_000;
        /// What the question's own words keep among them: the lexical score has counted them already.
        own_share: f64 = 0.2, 0.0..=100.0;
        /// What the question's words give straight to the concepts they are wired to, in units of all that the seeds
        /// give: 0 leaves the graph, and with it ticks and learned use, out of the ranking.
        hop_share: f64 = 0.0, 0.0..=10.0;
        /// What concepts are worth at most, in units of the best lexical score.
        concepts_weight: f64 = 1.8, 0.0..=100.0;
        /// Power of the concept score between 0 and 1.
        concepts_power: f64 = 0.7, 0.01..=16.0;
        /// Concepts have their weight times n / (n + this + the question's terms), n being the new terms that the seeds
        /// bring: short documents tell little, and long questions need little.
        concepts_evidence: f64 = 5.0, 0.0..=10_000.0;
        /// What a mention in a seed is worth at most.
        bridge_weight: f64 = 0.9, 0.0..=100.0;
        /// Among no more documents than this, all that have anything of the question are scored in full, and the next three
        /// bounds are none.
        exhaustive_max: u32 = 500, 0..=1 << 24;
        /// The best documents by BM25 that are scored in full before any others; twice as many with a filter. What else is
        /// asked for follows in blocks, each ordered by score in itself.
        lexical_candidates: u32 = 100, 1..=1 << 24, at_least seeds_max;
        /// The best documents by concepts that are scored in full.
        concept_candidates: u32 = 80, 1..=1 << 24;
        /// Postings read to find those, at most: concepts that do not fit are left out of the search, not of the
        /// score. With a filter up to 16 times as many.
        postings_max: u64 = 8000, 1..=1 << 40;
    }
}

impl Ranking {
    /// The same without the concept part.
    pub fn without_concepts(mut self) -> Self {
        self.concepts_weight = 0.0;
        self
    }

    /// The same without the bridge part.
    pub fn without_bridges(mut self) -> Self {
        self.bridge_weight = 0.0;
        self
    }

    /// The same without anything that titles give to the lexical part.
    pub fn without_titles_in_question(mut self) -> Self {
        self.title_weight = 0.0;
        self.named_weight = 0.0;
        self
    }

    /// The same for a choice among so many documents: without bounds where they are few.
    pub fn among(mut self, documents: u64) -> Self {
        if documents <= u64::from(self.exhaustive_max) {
            (self.lexical_candidates, self.concept_candidates, self.postings_max) = (u32::MAX, u32::MAX, u64::MAX);
        }
        self
    }
}
