//! Every constant of an answer, in one place.

use crate::Result;
use crate::config::within;

/// How documents are ranked: score = lexical + concepts + bridge.
///
/// Chosen on two public collections of 1,400 and 994 documents, and held against larger ones and against spoiled
/// ones (no titles, cut questions, one-line documents): a value had to win or be neutral on all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Power of the covered share of a question in its lexical score: documents that have more of its words win
    /// over those that repeat one. Default 0.1.
    pub coverage_power: f64,
    /// Share of the best passage in the lexical score of a document that has several; the rest is that of the whole.
    /// Default 0.5.
    pub passage_share: f64,
    /// What words of a question in a document's title are worth, in units of the best lexical score. Default 0.4.
    pub title_weight: f64,
    /// What a document is worth whose whole title the question mentions, in the same units. Default 0.6.
    pub named_weight: f64,
    /// A title names a thing fully when its idf mass is this many times ln N. Default 1.4.
    pub name_mass: f64,
    /// How sharply lighter titles fall off: common words that happen to be titles must not count. Default 2.
    pub name_power: f64,
    /// A title counts fully for a question when this many of it have the question's idf mass. Default 2.
    pub name_share: f64,
    /// A title that more documents than this bear names none of them. Default 32.
    pub bearers_max: u32,
    /// Documents that may seed concepts. Default 20.
    pub seeds_max: u32,
    /// Power of a seed's standing in its weight: a clear winner seeds alone. Default 8.
    pub seed_power: f64,
    /// Seeds with less than this share of the best one's weight are left out. Default 0.01.
    pub seed_floor: f64,
    /// A seed with more indexed words than this speaks by its best stretch of as many. Default 150.
    pub stretch_words_max: u32,
    /// Concepts that seeds light up. Default 30.
    pub concepts_max: u32,
    /// What the question's own words keep among them: the lexical score has counted them already. Default 0.2.
    pub own_share: f64,
    /// What the question's words give straight to the concepts they are wired to, in units of all that the seeds
    /// give: 0 leaves the graph, and with it ticks and learned use, out of the ranking. Default 0.
    pub hop_share: f64,
    /// What concepts are worth at most, in units of the best lexical score. Default 1.8.
    pub concepts_weight: f64,
    /// Power of the concept score between 0 and 1. Default 0.7.
    pub concepts_power: f64,
    /// Concepts have their weight times n / (n + this + the question's terms), n being the new terms that the seeds
    /// bring: short documents tell little, and long questions need little. Default 5.
    pub concepts_evidence: f64,
    /// What a mention in a seed is worth at most. Default 0.9.
    pub bridge_weight: f64,
    /// Among no more documents than this, all that have anything of the question are scored in full, and the next three
    /// bounds are none. Default 500.
    pub exhaustive_max: u32,
    /// The best documents by BM25 that are scored in full. Default 100.
    pub lexical_candidates: u32,
    /// The best documents by concepts that are scored in full. Default 80.
    pub concept_candidates: u32,
    /// Postings read to find those, at most: concepts that do not fit are left out of the search, not of the
    /// score. Default 8,000.
    pub postings_max: u64,
}

impl Default for Ranking {
    fn default() -> Self {
        Ranking {
            coverage_power: 0.1,
            passage_share: 0.5,
            title_weight: 0.4,
            named_weight: 0.6,
            name_mass: 1.4,
            name_power: 2.0,
            name_share: 2.0,
            bearers_max: 32,
            seeds_max: 20,
            seed_power: 8.0,
            seed_floor: 0.01,
            stretch_words_max: 150,
            concepts_max: 30,
            own_share: 0.2,
            hop_share: 0.0,
            concepts_weight: 1.8,
            concepts_power: 0.7,
            concepts_evidence: 5.0,
            bridge_weight: 0.9,
            exhaustive_max: 500,
            lexical_candidates: 100,
            concept_candidates: 80,
            postings_max: 8000,
        }
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

    /// Check every field.
    ///
    /// # Errors
    /// [`crate::Error::Config`] for the first field outside of what is accepted.
    pub fn validate(&self) -> Result<()> {
        for (field, value, low, high) in [
            ("coverage_power", self.coverage_power, 0.0, 8.0),
            ("passage_share", self.passage_share, 0.0, 1.0),
            ("title_weight", self.title_weight, 0.0, 100.0),
            ("named_weight", self.named_weight, 0.0, 100.0),
            ("name_mass", self.name_mass, 0.01, 100.0),
            ("name_power", self.name_power, 0.0, 16.0),
            ("name_share", self.name_share, 0.0, 100.0),
            ("seed_power", self.seed_power, 0.0, 64.0),
            ("seed_floor", self.seed_floor, 0.0, 1.0),
            ("own_share", self.own_share, 0.0, 100.0),
            ("hop_share", self.hop_share, 0.0, 10.0),
            ("concepts_weight", self.concepts_weight, 0.0, 100.0),
            ("concepts_power", self.concepts_power, 0.01, 16.0),
            ("concepts_evidence", self.concepts_evidence, 0.0, 10_000.0),
            ("bridge_weight", self.bridge_weight, 0.0, 100.0),
        ] {
            within(field, value, low, high)?;
        }
        within("bearers_max", self.bearers_max, 1, 10_000)?;
        within("seeds_max", self.seeds_max, 1, 1000)?;
        within("stretch_words_max", self.stretch_words_max, 1, 1 << 24)?;
        within("concepts_max", self.concepts_max, 1, 10_000)?;
        within("exhaustive_max", self.exhaustive_max, 0, 1 << 24)?;
        within("lexical_candidates", self.lexical_candidates, self.seeds_max, 1 << 24)?;
        within("concept_candidates", self.concept_candidates, 1, 1 << 24)?;
        within("postings_max", self.postings_max, 1, 1 << 40)
    }
}
