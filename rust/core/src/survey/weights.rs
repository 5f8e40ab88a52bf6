//! How much a pair says: its weight for clustering, and its significance.

use super::pace::Pace;
use super::pairs::{Pair, Pairs};
use crate::Result;
use crate::cancel::Cancel;

/// A weight of 1 in fixed point (2^-16).
pub const ONE: u32 = 1 << 16;

/// Returns the weight of every pair, npmi * co / (co + 1) in units of 2^-16, rounded half up; 0 for a pair that comes
/// together no more often than chance has it.
///
/// npmi is the normalised pointwise mutual information of Bouma 2009, ln(co N / (df df')) / ln(N / co), here between 0
/// and 1. The factor makes pairs of few documents, which are often accidents, weigh less: half for one document.
pub fn weights(pairs: &Pairs, cancel: &Cancel) -> Result<Vec<u32>> {
    let (logs, mut pace) = (Logs::new(), Pace::new(cancel));
    let all = logs.ln(pairs.documents);
    let mut ln_df = Vec::with_capacity(pairs.concepts.len());
    for concept in &pairs.concepts {
        pace.steps(1)?;
        ln_df.push(logs.ln(concept.df.into()));
    }
    let weight = |pair: &Pair| {
        pace.steps(1)?;
        let co = together(pairs, pair);
        let (ln_co, expected) = (logs.ln(co.into()), ln_df[pair.one as usize] + ln_df[pair.other as usize] - all);
        // Both in every document: they say everything of each other.
        let npmi = if ln_co >= all { 1.0 } else { (ln_co - expected) / (all - ln_co) };
        let co = f64::from(co);
        Ok((npmi.clamp(0.0, 1.0) * (co / (co + 1.0)) * f64::from(ONE) + 0.5) as u32)
    };
    pairs.pairs.iter().map(weight).collect()
}

/// The log-likelihood ratio G^2 of each pair of a graph over its documents.
pub struct Significance<'a> {
    pairs: &'a Pairs,
    logs: Logs,
    // By concept: what its df adds.
    margins: Vec<f64>,
}

impl<'a> Significance<'a> {
    /// Prepares the pairs of a graph.
    pub fn new(pairs: &'a Pairs, cancel: &Cancel) -> Result<Significance<'a>> {
        let (logs, mut pace) = (Logs::new(), Pace::new(cancel));
        let margin = |df: u64| logs.terms(df) + logs.terms(pairs.documents.saturating_sub(df));
        let margins = pairs.concepts.iter().map(|concept| pace.steps(2).map(|()| margin(concept.df.into())));
        let margins = margins.collect::<Result<_>>()?;
        Ok(Significance { pairs, logs, margins })
    }

    /// Returns the G^2 of a pair, as [`excess`].
    pub fn of(&self, pair: &Pair) -> f64 {
        let joint = u64::from(together(self.pairs, pair));
        let [one, other] = [pair.one, pair.other].map(|place| u64::from(self.pairs.df(place)));
        let all = self.pairs.documents;
        if u128::from(joint) * u128::from(all) <= u128::from(one) * u128::from(other) {
            return 0.0;
        }
        let terms = |count: u64| self.logs.terms(count);
        let cells = terms(joint) + terms(one - joint) + terms(other - joint) + terms(all + joint - one - other);
        let margins = self.margins[pair.one as usize] + self.margins[pair.other as usize];
        (2.0 * (cells + terms(all) - margins)).max(0.0)
    }
}

/// Returns the log-likelihood ratio G^2 of `joint` things that are in both of two sets of sizes `one` and `other` out
/// of `all`, against independence (Dunning 1993); 0 if they are no more than expected. Counts may be fractions.
pub fn excess(joint: f64, one: f64, other: f64, all: f64) -> f64 {
    if joint * all <= one * other {
        return 0.0;
    }
    let cells = terms(joint) + terms(one - joint) + terms(other - joint) + terms(all - one - other + joint);
    let margins = terms(one) + terms(all - one) + terms(other) + terms(all - other);
    (2.0 * (cells + terms(all) - margins)).max(0.0)
}

// The counts of a pair and of its ends may be of different documents while some wait to be unwired.
fn together(pairs: &Pairs, pair: &Pair) -> u32 {
    pair.co.min(pairs.df(pair.one)).min(pairs.df(pair.other))
}

fn terms(count: f64) -> f64 {
    if count > 0.0 { count * libm::log(count) } else { 0.0 }
}

/// Logarithms of counts. Most counts are small, and looking them up is several times as fast.
struct Logs(Vec<f64>);

impl Logs {
    fn new() -> Logs {
        Logs((0..4096).map(|count| libm::log(f64::from(count.max(1)))).collect())
    }

    // 0 for 0.
    fn ln(&self, count: u64) -> f64 {
        self.0.get(count as usize).copied().unwrap_or_else(|| libm::log(count as f64))
    }

    fn terms(&self, count: u64) -> f64 {
        count as f64 * self.ln(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;
    use crate::survey::pairs::Concept;

    fn one_pair(documents: u64, df: [u32; 2], co: u32) -> Pairs {
        let concepts = (0..).zip(df).map(|(term, df)| Concept { id: NodeId(term.into()), term, df }).collect();
        Pairs { tick: 0, documents, concepts, pairs: vec![Pair { one: 0, other: 1, co, weight: 1 }] }
    }

    fn weight(documents: u64, df: [u32; 2], co: u32) -> u32 {
        weights(&one_pair(documents, df, co), &Cancel::new()).unwrap()[0]
    }

    fn significance(pairs: &Pairs) -> f64 {
        Significance::new(pairs, &Cancel::new()).unwrap().of(&pairs.pairs[0])
    }

    #[test]
    fn weights_are_those_of_the_formula() {
        // ln(8 * 1000 / (20 * 10)) / ln(1000 / 8) * 8 / 9.
        let expected = (40f64.ln() / 125f64.ln() * 8.0 / 9.0 * 65536.0).round() as u32;
        assert_eq!(weight(1000, [20, 10], 8), expected);
        assert_eq!(weight(1000, [5, 5], 5), 54613, "always together: 5 / 6");
        assert_eq!(weight(1000, [1, 1], 1), ONE / 2);
    }

    #[test]
    fn chance_and_edges_of_the_range_weigh_what_they_must() {
        assert_eq!(weight(1000, [100, 100], 10), 0, "as often as chance has it");
        assert_eq!(weight(1000, [500, 500], 10), 0, "less often");
        assert_eq!(weight(4, [4, 4], 4), 52429, "in every document: 4 / 5");
        assert_eq!(weight(1, [1, 1], 1), ONE / 2);
        assert_eq!(weight(10, [2, 3], 9), weight(10, [2, 3], 2), "no more together than apart");
    }

    #[test]
    fn significance_is_the_ratio_of_likelihoods() {
        // Dunning's 2 * sum of k * ln(k / expected), cell by cell.
        let [k, one, other, all] = [8.0, 20.0, 10.0, 1000.0];
        let cell = |count: f64, row: f64, column: f64| count * (count * all / (row * column)).ln();
        let expected = 2.0
            * (cell(k, one, other)
                + cell(one - k, one, all - other)
                + cell(other - k, all - one, other)
                + cell(all - one - other + k, all - one, all - other));
        let pairs = one_pair(1000, [20, 10], 8);
        let found = significance(&pairs);
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        assert!((excess(k, one, other, all) - expected).abs() < 1e-9);
        assert!(found > 36.0);
    }

    #[test]
    fn what_is_apart_is_not_significant() {
        for (df, co) in [([500u32, 500u32], 10u32), ([100, 100], 10), ([900, 900], 100)] {
            let pairs = one_pair(1000, df, co);
            assert_eq!((significance(&pairs), excess(co.into(), df[0].into(), df[1].into(), 1000.0)), (0.0, 0.0));
        }
        assert_eq!(excess(0.0, 0.0, 0.0, 0.0), 0.0);
    }
}
