//! The newer part of a score: documents of later moments first, if one asks for it.
//!
//! *newer* = newer_weight * 2^(-age / half_life_days), with the age of a document before the moment as of which one
//! asks, or before the latest document's. One that is later is as new as can be, and one without a time gets nothing.

use crate::query::ranking::Ranking;

const DAY: f64 = 86_400e6;

/// Turns times into the newer part of a score.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Newer {
    /// The moment from which ages are counted, in microseconds since 1970; `None` if no document has a time.
    pub since: Option<i64>,
}

impl Newer {
    /// Returns the newer part of a document's score.
    pub fn points(&self, time: Option<i64>, ranking: &Ranking) -> f64 {
        match (self.since, time) {
            (Some(since), Some(time)) if ranking.newer_weight > 0.0 => {
                let age = (i128::from(since) - i128::from(time)).max(0) as f64;
                let halved = age / (ranking.half_life_days * DAY);
                ranking.newer_weight * libm::exp(-std::f64::consts::LN_2 * halved)
            }
            _ => 0.0,
        }
    }
}
