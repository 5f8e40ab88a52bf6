//! Answers: score(d) = lexical + concepts + bridge.
//!
//! Candidates (by words, by concepts, by mentions) are bounded in number and scored in full, so that a score never
//! depends on how its document was found. With a filter, candidates are the best of those that match; seeds, concepts
//! and the scale are those of the whole colony, so that no score depends on the filter either.

use crate::Result;
use crate::maps::Set;
use crate::metadata::{Every, Filter};
use crate::query::allowed::Allowed;
use crate::query::bm25::{self, Found};
use crate::query::buffers::Buffers;
use crate::query::inquiry::Inquiry;
use crate::query::lit::{self, LitDocument};
use crate::query::parts::{Parts, Weighed};
use crate::query::ranking::Ranking;
use crate::query::view::{Spot, View};
use crate::text::Session;

/// A document in an answer.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Hit {
    /// The document and its score.
    pub found: Found,
    /// The parts of that score; they sum to it.
    pub parts: Parts,
}

/// An answer and what it rests on.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The hits, best first.
    pub hits: Vec<Hit>,
    /// What any document is scored by.
    pub inquiry: Inquiry,
}

/// The `k` best documents for a question among those that match.
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
    // The `k` best hits among those allowed. The first are those of any smaller `k`.
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
        let most = inquiry.ranking.lexical_candidates as usize;
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
        if self.allowed.is_some() && inquiry.candidates.len() >= most {
            // The best by words of all took places that the best of those allowed must have.
            others.extend(self.by_words(most)?.into_iter().map(|found| (found.spot(), found.id)));
        }
        others.extend(self.most_lit()?.into_iter().map(|lit| (lit.spot, lit.id)));
        others.extend(inquiry.scorers.bridge.spots().filter(|&(spot, _)| self.may(spot)));
        for (spot, id) in others {
            if known.insert(spot) {
                hits.push(self.hit(spot, id)?);
            }
        }
        rank(&mut hits, k);
        if hits.len() < k && known.len() >= most {
            // More was asked for than is scored for any k. The rest follows, so that what stands before it is the
            // same for every k.
            let mut rest = Vec::new();
            for found in self.by_words(k)? {
                if known.insert(found.spot()) {
                    rest.push(self.hit(found.spot(), found.id)?);
                }
            }
            let left = k - hits.len();
            rank(&mut rest, left);
            hits.extend(rest);
        }
        Ok(hits)
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

    // The `most` best by BM25 among those allowed.
    fn by_words(&mut self, most: usize) -> Result<Vec<Found>> {
        let terms = self.inquiry.question.weighted();
        bm25::search(self.view, &terms, most, self.allowed, &mut self.buffers.bm25)
    }

    // The documents that concepts light up most among those allowed, in no order.
    fn most_lit(&mut self) -> Result<Vec<LitDocument>> {
        let ranking = &self.inquiry.ranking;
        let concepts = self.inquiry.scorers.concepts.affordable(ranking);
        let (most, sums) = (ranking.concept_candidates as usize, &mut self.buffers.sums);
        let mut all = Vec::new();
        for local in self.view.locals() {
            all.extend(match self.allowed {
                None => lit::find(local, &concepts, most, &Every, sums)?,
                Some(allowed) => lit::find(local, &concepts, most, allowed.at(local.seat), sums)?,
            });
        }
        Ok(lit::keep_best(all, most))
    }
}

fn rank(hits: &mut Vec<Hit>, k: usize) {
    // What has nothing of the question answers nothing of it.
    hits.retain(|hit| hit.found.score > 0.0);
    let order = |a: &Hit, b: &Hit| b.found.score.total_cmp(&a.found.score).then(a.found.id.cmp(&b.found.id));
    if hits.len() > k {
        hits.select_nth_unstable_by(k, order);
        hits.truncate(k);
    }
    hits.sort_unstable_by(order);
}
