//! How much of a question is covered, as a factor of a BM25 score.

use crate::query::question::Question;
use crate::query::ranking::Ranking;

/// Returns the covered share of the question to the power `coverage_power`: the masses of its terms that are found sum to
/// `found`.
pub fn coverage(found: f64, question: &Question, ranking: &Ranking) -> f64 {
    libm::pow(found / question.mass, ranking.coverage_power)
}

/// Coverages of a question that were computed: a few words cover few different shares of it, in hundreds of passages.
#[derive(Debug, Default)]
pub struct Coverages(Vec<(f64, f64)>);

const COVERAGES_MAX: usize = 16;

impl Coverages {
    /// Forgets those of another question.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Does what [`coverage`] does.
    pub fn of(&mut self, found: f64, question: &Question, ranking: &Ranking) -> f64 {
        if let Some(known) = self.0.iter().find(|known| known.0 == found) {
            return known.1;
        }
        let coverage = coverage(found, question, ranking);
        if self.0.len() < COVERAGES_MAX {
            self.0.push((found, coverage));
        }
        coverage
    }
}
