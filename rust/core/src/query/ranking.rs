//! All constants of an answer.

use crate::settings;
use serde::{Deserialize, Serialize};

settings! {
    /// How documents are ranked: score = lexical + concepts + bridge + context + similar + newer.
    ///
    /// The values were chosen on two public collections of 1,400 and 994 documents, and checked against larger and
    /// spoiled ones (no titles, cut questions, one-line documents): each had to win or be neutral on all of them.
    #[derive(Serialize, Deserialize)]
    pub struct Ranking {
        /// What a known word near one that no document has is worth, as a share of its idf for each letter that differs;
        /// 0 leaves such words unknown.
        near_share: f64 = 0.95, 0.0..=1.0;
        /// What a synonym of the caller's list is worth, as a share of its idf, and at most of that of the word.
        synonym_share: f64 = 0.5, 0.0..=1.0;
        /// Power of the covered share of a question in its lexical score: documents with more of its words outrank
        /// those that repeat one.
        coverage_power: f64 = 0.1, 0.0..=8.0;
        /// Share of the best passage in the lexical score of a document that has several; the rest is that of the
        /// whole.
        passage_share: f64 = 0.5, 0.0..=1.0;
        /// What the question's words in a document's title are worth, in units of the best lexical score.
        title_weight: f64 = 0.4, 0.0..=100.0;
        /// What a document is worth if the question mentions its whole title, in the same units.
        named_weight: f64 = 0.7, 0.0..=100.0;
        /// A title names a thing fully when its idf mass is this many times ln N.
        name_mass: f64 = 1.4, 0.01..=100.0;
        /// How sharply lighter titles fall off: common words that happen to be titles must not count.
        name_power: f64 = 2.0, 0.0..=16.0;
        /// A title counts fully for a question if its idf mass times this reaches that of the question.
        name_share: f64 = 2.0, 0.0..=100.0;
        /// A title that more documents have names none of them.
        bearers_max: u32 = 32, 1..=10_000;
        /// The most documents that may be seeds.
        seeds_max: u32 = 20, 1..=1000;
        /// Power of a seed's lexical score in its weight: a clear winner is the only seed that matters.
        seed_power: f64 = 8.0, 0.0..=64.0;
        /// Seeds with less than this share of the best one's weight are left out.
        seed_floor: f64 = 0.01, 0.0..=1.0;
        /// Of a seed with more indexed words, only its best stretch of as many speaks.
        stretch_words_max: u32 = 150, 1..=1 << 24;
        /// The most concepts that seeds light up.
        concepts_max: u32 = 30, 1..=10_000;
        /// The factor of the question's own words among them, which the lexical score has counted already.
        own_share: f64 = 0.2, 0.0..=100.0;
        /// What the question's words give directly to the concepts they have synapses to, in units of everything that
        /// the seeds give. 0 leaves the graph, and with it ticks and learned use, out of the ranking.
        hop_share: f64 = 0.0, 0.0..=10.0;
        /// The most that concepts are worth, in units of the best lexical score.
        concepts_weight: f64 = 1.8, 0.0..=100.0;
        /// Power of the concept score between 0 and 1.
        concepts_power: f64 = 0.7, 0.01..=16.0;
        /// Concepts have their weight times n / (n + this + the question's terms), with n the new terms that the seeds
        /// have: short documents have little evidence, and long questions need little.
        concepts_evidence: f64 = 5.0, 0.0..=10_000.0;
        /// The most that a mention in a seed is worth.
        bridge_weight: f64 = 0.9, 0.0..=100.0;
        /// Among at most so many documents, all that have anything of the question are scored in full, and the next
        /// three bounds and `context_candidates` do not apply.
        exhaustive_max: u32 = 500, 0..=1 << 24;
        /// How many of the best documents by BM25 are scored in full before any others; twice as many with a filter.
        /// Further hits follow in blocks, each ordered by score on its own.
        lexical_candidates: u32 = 100, 1..=1 << 24, at_least seeds_max;
        /// How many of the best documents by concepts are scored in full.
        concept_candidates: u32 = 80, 1..=1 << 24;
        /// The most postings read to find those: concepts that do not fit are left out of the search, not of the score.
        /// With a filter up to 16 times as many.
        postings_max: u64 = 8000, 1..=1 << 40;
        /// Of a question with more terms, these count more beside `concepts_evidence`, in proportion: a paragraph says by itself what it is
        /// about, and concepts must not move its first place.
        concepts_question: f64 = 20.0, 1.0..=100_000.0;
        /// What a document's neighbours in its thread are worth: of what the window around it scores beyond the document
        /// itself, in units of the best lexical score.
        context_weight: f64 = 0.8, 0.0..=100.0;
        /// How many neighbours on each side are in the window; their words weigh less with each step.
        context_reach: u32 = 3, 0..=64;
        /// What is added to the window's score, as a share of it, if the question names who says the document.
        speaker_weight: f64 = 1.0, 0.0..=100.0;
        /// The neighbours of how many of the best documents by words are scored in full: one may answer that has none of
        /// the words.
        context_candidates: u32 = 20, 0..=1 << 24;
        /// The most that a vector is worth, if the question and the document have one: that of the most similar document.
        similar_weight: f64 = 0.45, 0.0..=100.0;
        /// How much the most similar document counts where seeds are chosen, in units of the best lexical score.
        similar_seed: f64 = 0.2, 0.0..=100.0;
        /// What a document of the latest moment is worth, in units of the best lexical score. 0 leaves time out.
        newer_weight: f64 = 0.0, 0.0..=100.0;
        /// The days in which that halves.
        half_life_days: f64 = 180.0, 1e-6..=1e9;
        /// How many of the most similar documents are scored in full, if the question has a vector; twice as many with a
        /// filter.
        similar_candidates: u32 = 50, 1..=1 << 24;
    }
}

impl Ranking {
    /// Returns this ranking without the concept part.
    pub fn without_concepts(mut self) -> Self {
        self.concepts_weight = 0.0;
        self
    }

    /// Returns this ranking without the bridge part.
    pub fn without_bridges(mut self) -> Self {
        self.bridge_weight = 0.0;
        self
    }

    /// Returns this ranking without the context part.
    pub fn without_context(mut self) -> Self {
        self.context_weight = 0.0;
        self
    }

    /// Returns this ranking without what titles add to the lexical part.
    pub fn without_titles_in_question(mut self) -> Self {
        self.title_weight = 0.0;
        self.named_weight = 0.0;
        self
    }

    /// Returns this ranking without the similar part.
    pub fn without_vectors(mut self) -> Self {
        (self.similar_weight, self.similar_seed) = (0.0, 0.0);
        self
    }

    /// Returns this ranking for a choice among `documents` documents: without bounds if they are few.
    pub fn among(mut self, documents: u64) -> Self {
        if documents <= u64::from(self.exhaustive_max) {
            (self.lexical_candidates, self.concept_candidates, self.postings_max) = (u32::MAX, u32::MAX, u64::MAX);
            self.context_candidates = u32::MAX;
            self.similar_candidates = u32::MAX;
        }
        self
    }
}
