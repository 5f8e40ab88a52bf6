//! Answers: score(d) = lexical + concepts + bridge.
//!
//! The number of candidates (by words, by concepts, by mentions) is bounded. Each is scored in full, so that a score
//! never depends on how its document was found. With a filter, candidates are the best of those that match, and more of
//! them; seeds, concepts and the scale are those of the whole colony, so that no score depends on the filter either.

use crate::Result;
use crate::maps::Set;
use crate::metadata::{Every, Filter};
use crate::query::allowed::Allowed;
use crate::query::bm25::{self, Found};
use crate::query::buffers::Buffers;
use crate::query::inquiry::Inquiry;
use crate::query::lit::{self, Lit, LitDocument};
use crate::query::parts::{Parts, Weighed};
use crate::query::ranking::Ranking;
use crate::query::view::{Spot, View};
use crate::text::Session;

// With a filter, more candidates by words are taken and more postings read, by as much as is skipped, up to a bound.
// Without these, overlap of the top 10 with the exhaustive answer was .989 for one in seven of 64,512 documents.
const FILTERED_FACTOR: usize = 2;
const FILTERED_POSTINGS_FACTOR_MAX: u64 = 16;

/// A document in an answer.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Hit {
    /// The document and its score.
    pub found: Found,
    /// The parts of that score; they sum to it.
    pub parts: Parts,
}

/// An answer and how it was found.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The hits, best first.
    pub hits: Vec<Hit>,
    /// What scores any document.
    pub inquiry: Inquiry,
}

/// Returns the `k` best documents for a question among those that match.
pub fn answer(
    view: View<'_>,
    text: &str,
    k: usize,
    ranking: &Ranking,
    filter: &Filter,
    session: &mut Session,
    buffers: &mut Buffers,
) -> Result<Answer> {
    let inquiry = Inquiry::new(view, text, ranking, session, buffers)?;
    let allowed = Allowed::new(view.shards, filter);
    let hits = Search { inquiry: &inquiry, view, allowed: allowed.as_ref(), buffers }.hits(k)?;
    Ok(Answer { hits, inquiry })
}

struct Search<'a> {
    inquiry: &'a Inquiry,
    view: View<'a>,
    allowed: Option<&'a Allowed>,
    buffers: &'a mut Buffers,
}

impl Search<'_> {
    // Returns the `k` best hits among the allowed documents. An answer for a smaller `k` is their beginning.
    fn hits(&mut self, k: usize) -> Result<Vec<Hit>> {
        let inquiry = self.inquiry;
        if inquiry.seeds.is_empty() || k == 0 {
            return Ok(Vec::new());
        }
        if let Some(few) = self.allowed.filter(|few| few.count() <= inquiry.ranking.exhaustive_max as usize) {
            let all = few.spots().map(|spot| self.hit(spot, self.view.at(spot).id.0));
            let mut hits = all.collect::<Result<_>>()?;
            rank(&mut hits, k);
            return Ok(hits);
        }
        let room = 2 * inquiry.candidates.len();
        let mut known: Set<Spot> = Set::with_capacity_and_hasher(room, Default::default());
        let mut hits: Vec<Hit> = Vec::with_capacity(room);
        for candidate in &inquiry.candidates {
            if !self.may(candidate.spot) {
                continue;
            }
            known.insert(candidate.spot);
            let activation = inquiry.activation(self.view, candidate.spot, self.buffers)?;
            let weighed = Weighed { evidence: candidate.evidence, activation };
            hits.push(self.scored(candidate.spot, candidate.id, &weighed));
        }
        let mut others: Vec<(Spot, u128)> = Vec::new();
        if self.allowed.is_some() && inquiry.candidates.len() >= inquiry.ranking.lexical_candidates as usize {
            // The best of all by words may have displaced the best allowed documents.
            others.extend(self.by_words(self.words_max())?.into_iter().map(|found| (found.spot(), found.id)));
        }
        let affordable = inquiry.scorers.concepts.affordable(self.postings_max());
        let most_lit = self.most_lit(&affordable, inquiry.ranking.concept_candidates as usize)?;
        others.extend(most_lit.into_iter().map(|lit| (lit.spot, lit.id)));
        others.extend(inquiry.scorers.bridge.spots().filter(|&(spot, _)| self.may(spot)));
        for (spot, id) in others {
            if known.insert(spot) {
                hits.push(self.hit(spot, id)?);
            }
        }
        rank(&mut hits, k);
        if hits.len() < k {
            self.tail(k, known, &mut hits)?;
        }
        Ok(hits)
    }

    // Adds what a longer answer has behind the head: the other documents by BM25, and behind them those that only
    // concepts light up. They come in blocks, each twice the one before, and each block is ranked on its own. Where a
    // block ends does not depend on `k`, so the beginning of an answer is the same however much more is asked for.
    fn tail(&mut self, k: usize, mut known: Set<Spot>, hits: &mut Vec<Hit>) -> Result<()> {
        let ranking = &self.inquiry.ranking;
        let (by_words, by_concepts) = (self.words_max(), ranking.concept_candidates as usize);
        if known.len() >= by_words {
            let found = self.by_words(room(by_words, k.saturating_add(known.len())))?;
            let spots: Vec<(Spot, u128)> = found.iter().map(|found| (found.spot(), found.id)).collect();
            self.blocks(&spots, by_words, k, &mut known, hits)?;
        }
        let concepts = &self.inquiry.scorers.concepts;
        let is_bounded = (by_concepts as u64) < self.view.commons.documents();
        if hits.len() < k && is_bounded && concepts.worth > 0.0 {
            let mut lit = self.most_lit(&concepts.lit, room(by_concepts, k.saturating_add(known.len())))?;
            lit.sort_unstable_by(lit::order);
            let spots: Vec<(Spot, u128)> = lit.iter().map(|lit| (lit.spot, lit.id)).collect();
            self.blocks(&spots, by_concepts, k, &mut known, hits)?;
        }
        Ok(())
    }

    // Adds those of `all` that are not in `known`, one block at a time, until there are `k` hits. Each block is ordered
    // on its own.
    fn blocks(
        &mut self,
        all: &[(Spot, u128)],
        first: usize,
        k: usize,
        known: &mut Set<Spot>,
        hits: &mut Vec<Hit>,
    ) -> Result<()> {
        let mut from = 0;
        let mut to = first;
        while from < all.len() && hits.len() < k {
            let mut block = Vec::new();
            for &(spot, id) in &all[from..to.min(all.len())] {
                if known.insert(spot) {
                    block.push(self.hit(spot, id)?);
                }
            }
            rank(&mut block, k - hits.len());
            hits.extend(block);
            (from, to) = (to, to.saturating_mul(2));
        }
        Ok(())
    }

    // Returns how many candidates to take by words. With a filter, the best documents may rank lower by BM25, where
    // BM25 decides less of the score.
    fn words_max(&self) -> usize {
        let most = self.inquiry.ranking.lexical_candidates as usize;
        if self.allowed.is_some() { most.saturating_mul(FILTERED_FACTOR) } else { most }
    }

    // Returns how many postings to read for candidates by concepts. A posting of a document that is not allowed costs
    // little and finds nothing.
    fn postings_max(&self) -> u64 {
        let most = self.inquiry.ranking.postings_max;
        let Some(allowed) = self.allowed else { return most };
        let passed_by = self.view.commons.documents() / allowed.count().max(1) as u64;
        most.saturating_mul(passed_by.clamp(1, FILTERED_POSTINGS_FACTOR_MAX))
    }

    fn may(&self, spot: Spot) -> bool {
        self.allowed.is_none_or(|allowed| allowed.has(spot))
    }

    fn hit(&mut self, spot: Spot, id: u128) -> Result<Hit> {
        let weighed = self.inquiry.weigh(self.view, spot, self.buffers)?;
        Ok(self.scored(spot, id, &weighed))
    }

    fn scored(&self, spot: Spot, id: u128, weighed: &Weighed) -> Hit {
        let parts = self.inquiry.parts(spot, weighed);
        Hit { found: Found { score: parts.score(), id, seat: spot.0, place: spot.1 }, parts }
    }

    // Returns the `most` best allowed documents by BM25.
    fn by_words(&mut self, most: usize) -> Result<Vec<Found>> {
        let terms = self.inquiry.question.weighted();
        bm25::search(self.view, &terms, most, self.allowed, &mut self.buffers.bm25)
    }

    // Returns the `most` allowed documents that concepts light up most, in no order.
    fn most_lit(&mut self, concepts: &[Lit], most: usize) -> Result<Vec<LitDocument>> {
        let sums = &mut self.buffers.sums;
        let mut all = Vec::new();
        for local in self.view.locals() {
            all.extend(match self.allowed {
                None => lit::find(local, concepts, most, &Every, sums)?,
                Some(allowed) => lit::find(local, concepts, most, allowed.at(local.seat), sums)?,
            });
        }
        Ok(lit::keep_best(all, most))
    }
}

// Returns the first of `first`, 2 * `first`, 4 * `first` and so on that is at least `many`.
fn room(first: usize, many: usize) -> usize {
    let mut room = first.max(1);
    while room < many {
        room = room.saturating_mul(2);
    }
    room
}

fn rank(hits: &mut Vec<Hit>, k: usize) {
    // A document with nothing of the question is no hit.
    hits.retain(|hit| hit.found.score > 0.0);
    let order = |a: &Hit, b: &Hit| b.found.score.total_cmp(&a.found.score).then(a.found.id.cmp(&b.found.id));
    if hits.len() > k {
        hits.select_nth_unstable_by(k, order);
        hits.truncate(k);
    }
    hits.sort_unstable_by(order);
}
