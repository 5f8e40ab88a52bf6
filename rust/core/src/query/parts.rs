//! The additive parts of a score: their names, and where each is computed.
//!
//! A new part is a file of its own, a name here, and a field of [`Scorers`] which a round of
//! [`crate::query::inquiry`] makes, with its line in [`Scorers::parts`].

use crate::query::bridge::Bridges;
use crate::query::concepts::Spread;
use crate::query::context::Context;
use crate::query::evidence::Evidence;
use crate::query::lexical::Scale;
use crate::query::newer::Newer;
use crate::query::ranking::Ranking;
use crate::query::similar::Similar;
use crate::query::view::Spot;
use serde::{Deserialize, Serialize};
use std::ops::Index;

/// A part of a score.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Part {
    /// From the question's own words, in the text and in the title.
    Lexical,
    /// From concepts that the best documents share.
    Concepts,
    /// From mentions of the document's title in the best documents.
    Bridge,
    /// From the document's neighbours in its thread.
    Context,
    /// From the vectors of the question and of the document.
    Similar,
    /// From the document's time.
    Newer,
}

/// How many parts a score has.
pub const PARTS: usize = Part::NAMES.len();

impl Part {
    /// Their names, in the order in which they are summed.
    pub const NAMES: [&str; 6] = ["lexical", "concepts", "bridge", "context", "similar", "newer"];
}

/// The parts of one score, in the order of [`Part`].
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Parts(pub [f64; PARTS]);

impl Parts {
    /// Returns their sum, in their order.
    pub fn score(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Returns whether the document has anything of the question, and is not only new.
    pub fn answers(&self) -> bool {
        self.0[..Part::Newer as usize].iter().any(|part| *part > 0.0)
    }
}

impl Index<Part> for Parts {
    type Output = f64;

    fn index(&self, part: Part) -> &f64 {
        &self.0[part as usize]
    }
}

/// What a document's home shard reports of it, for all parts.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Weighed {
    /// Its evidence for the question's words.
    pub evidence: Evidence,
    /// How strongly the concepts light it up.
    pub activation: f64,
}

/// What each part knows of a question: enough to score any document.
#[derive(Clone, Debug, Default)]
pub struct Scorers {
    /// The lexical part.
    pub lexical: Scale,
    /// The concept part.
    pub concepts: Spread,
    /// The bridge part.
    pub bridge: Bridges,
    /// The context part.
    pub context: Context,
    /// The similar part.
    pub similar: Similar,
    /// The newer part.
    pub newer: Newer,
}

impl Scorers {
    /// Returns the parts of a document's score.
    pub fn parts(&self, (spot, id): (Spot, u128), weighed: &Weighed, ranking: &Ranking) -> Parts {
        let mut parts = Parts([
            self.lexical.points(spot, &weighed.evidence, ranking),
            self.concepts.points(weighed.activation, ranking),
            self.bridge.points(spot),
            self.context.points(id, self.lexical.units().0, ranking),
            self.similar.points(weighed.evidence.cosine, ranking),
            0.0,
        ]);
        // Nothing is an answer for being new alone.
        if parts.score() > 0.0 {
            parts.0[Part::Newer as usize] = self.newer.points(weighed.evidence.time, ranking);
        }
        parts
    }
}
