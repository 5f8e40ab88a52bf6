//! Answers: score(d) = lexical + concepts + bridge + context + similar + newer.
//!
//! The number of candidates (by words, concepts, mentions, neighbours, vectors) is bounded. Each is scored in full, so that a score
//! never depends on how its document was found. With a filter, candidates are the best of those that match, and more of
//! them; seeds, concepts and the scale are those of the whole colony, so that no score depends on the filter either.

use crate::Result;
use crate::ids::DocumentId;
use crate::maps::Set;
use crate::query::bm25::Found;
use crate::query::clause::Only;
use crate::query::context::{Context, neighbors};
use crate::query::hit::Hit;
use crate::query::homes::{Homes, Reached, Wanted};
use crate::query::inquiry::Inquiry;
use crate::query::lexical::Candidate;
use crate::query::lit;
use crate::query::parts::Weighed;
use crate::query::question::Query;
use crate::query::ranking::Ranking;
use crate::query::view::Spot;
use crate::text::Session;

// With a filter, more candidates by words are taken and more postings read, by as much as is skipped, up to a bound.
// Without these, overlap of the top 10 with the exhaustive answer was .989 for one in seven of 64,512 documents.
const FILTERED_FACTOR: usize = 2;
const FILTERED_POSTINGS_FACTOR_MAX: u64 = 16;

/// An answer and how it was found.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The hits, best first.
    pub hits: Vec<Hit>,
    /// What scores any document.
    pub inquiry: Inquiry,
}

/// Returns the `k` best documents for a question among those that can answer.
pub fn answer<'a, H: Homes>(
    homes: &mut H,
    asked: impl Into<Query<'a>>,
    k: usize,
    ranking: &Ranking,
    only: &Only,
    session: &mut Session,
) -> Result<Answer> {
    let allowed = homes.allow(only)?;
    let allowed = allowed.as_ref();
    let (mut inquiry, count) = Inquiry::begin(homes, asked.into(), &only.clauses, ranking, allowed, session)?;
    if k == 0 || inquiry.seeds.is_empty() {
        inquiry.reach(homes, None)?;
        return Ok(Answer { hits: Vec::new(), inquiry });
    }
    // Beside the inquiry while the third round changes it.
    let candidates = std::mem::take(&mut inquiry.candidates);
    let bounds = Bounds::new(&inquiry.ranking, count, homes.commons().documents());
    let few = allowed.filter(|_| count.is_some_and(|count| count <= u64::from(inquiry.ranking.exhaustive_max)));
    let hits = match few {
        Some(few) => {
            let reached = inquiry.reach(homes, Some(Wanted::All(few)))?;
            let ids: Vec<DocumentId> = reached.others.iter().map(|other| DocumentId(other.1)).collect();
            inquiry.surround(homes, &ids, &[], allowed)?;
            let mut hits: Vec<Hit> = Vec::with_capacity(reached.others.len());
            hits.extend(reached.others.iter().map(|(spot, id, weighed)| inquiry.hit(*spot, *id, weighed)));
            rank(&mut hits, k);
            hits
        }
        None => {
            let affordable = inquiry.scorers.concepts.affordable(bounds.postings_max);
            // The best of all by words may have displaced the best allowed documents.
            let is_cut = allowed.is_some() && candidates.len() >= inquiry.ranking.lexical_candidates as usize;
            let wanted = Wanted::Best {
                candidates: &candidates,
                allowed,
                by_words: is_cut.then_some(bounds.words_max),
                by_similarity: allowed.and(inquiry.question.vector.as_ref()).map(|_| bounds.similar_max),
                affordable: &affordable,
                by_concepts: bounds.concepts_max,
            };
            let Reached { activations, mut others, .. } = inquiry.reach(homes, Some(wanted))?;
            others.extend(around(&mut inquiry, homes, &candidates, &activations, &others, allowed)?);
            let mut known: Set<Spot> = Set::with_capacity_and_hasher(2 * candidates.len(), Default::default());
            let mut hits: Vec<Hit> = Vec::with_capacity(candidates.len() + others.len());
            for (candidate, activation) in candidates.iter().zip(activations) {
                let Some(activation) = activation else { continue };
                known.insert(candidate.spot);
                let weighed = Weighed { evidence: candidate.evidence, activation };
                hits.push(inquiry.hit(candidate.spot, candidate.id, &weighed));
            }
            for (spot, id, weighed) in &others {
                known.insert(*spot);
                hits.push(inquiry.hit(*spot, *id, weighed));
            }
            rank(&mut hits, k);
            if hits.len() < k {
                Tail { inquiry: &mut inquiry, homes, allowed, bounds }.add(k, known, &mut hits)?;
            }
            hits
        }
    };
    inquiry.candidates = candidates;
    Ok(Answer { hits, inquiry })
}

// Runs the fourth round for what the third one found. Returns the neighbours of the best candidates that nothing else
// found. These are neighbours of all documents that words find, whether allowed or not.
fn around<H: Homes>(
    inquiry: &mut Inquiry,
    homes: &mut H,
    candidates: &[Candidate],
    activations: &[Option<f64>],
    others: &[(Spot, u128, Weighed)],
    allowed: Option<&H::Allowed>,
) -> Result<Vec<(Spot, u128, Weighed)>> {
    if !Context::is_asked(homes.commons().threads(), &inquiry.ranking) {
        return Ok(Vec::new());
    }
    let may = candidates.iter().zip(activations).filter(|(_, activation)| activation.is_some());
    let mut found: Vec<DocumentId> = may.map(|(candidate, _)| DocumentId(candidate.id)).collect();
    found.extend(others.iter().map(|other| DocumentId(other.1)));
    let mut known: Set<u128> = found.iter().map(|id| id.0).collect();
    known.extend(candidates.iter().map(|candidate| candidate.id));
    let best = candidates.iter().take(inquiry.ranking.context_candidates as usize);
    let best = best.map(|candidate| DocumentId(candidate.id));
    let new = neighbors(best, &mut known, homes.commons().threads(), &inquiry.ranking);
    inquiry.surround(homes, &found, &new, allowed)
}

impl Inquiry {
    fn hit(&self, spot: Spot, id: u128, weighed: &Weighed) -> Hit {
        let parts = self.parts((spot, id), weighed);
        Hit { found: Found { score: parts.score(), id, seat: spot.0, place: spot.1 }, parts }
    }
}

// How many documents are taken, and how much is read for them.
struct Bounds {
    words_max: usize,
    concepts_max: usize,
    similar_max: usize,
    postings_max: u64,
}

impl Bounds {
    // `allowed` is how many of `documents` documents are allowed, if not all are.
    fn new(ranking: &Ranking, allowed: Option<u64>, documents: u64) -> Bounds {
        let (words, postings) = (ranking.lexical_candidates as usize, ranking.postings_max);
        let (concepts_max, similar) = (ranking.concept_candidates as usize, ranking.similar_candidates as usize);
        let Some(allowed) = allowed else {
            return Bounds { words_max: words, concepts_max, similar_max: similar, postings_max: postings };
        };
        // The best documents may rank lower by BM25, where BM25 decides less of the score. A posting of a document that
        // is not allowed costs little and finds nothing.
        let passed_by = documents / allowed.max(1);
        Bounds {
            words_max: words.saturating_mul(FILTERED_FACTOR),
            concepts_max,
            similar_max: similar.saturating_mul(FILTERED_FACTOR),
            postings_max: postings.saturating_mul(passed_by.clamp(1, FILTERED_POSTINGS_FACTOR_MAX)),
        }
    }
}

// What a longer answer has behind the head: the other documents by BM25, behind them those that only concepts light up,
// those that are only similar, and those that only neighbours carry. They come in blocks, each twice the one before, and each block is ranked on its own. Where a block ends does not
// depend on `k`, so the beginning of an answer is the same however much more is asked for.
struct Tail<'a, H: Homes> {
    inquiry: &'a mut Inquiry,
    homes: &'a mut H,
    allowed: Option<&'a H::Allowed>,
    bounds: Bounds,
}

impl<H: Homes> Tail<'_, H> {
    // Adds documents that are not in `known`, until there are `k` hits.
    fn add(&mut self, k: usize, mut known: Set<Spot>, hits: &mut Vec<Hit>) -> Result<()> {
        let Bounds { words_max, concepts_max, similar_max, .. } = self.bounds;
        if known.len() >= words_max {
            let terms = self.inquiry.question.weighted();
            let found = self.homes.best(&terms, room(words_max, k.saturating_add(known.len())), self.allowed)?;
            let spots: Vec<(Spot, u128)> = found.iter().map(|found| (found.spot(), found.id)).collect();
            self.blocks(&spots, words_max, k, &mut known, hits)?;
        }
        let concepts = &self.inquiry.scorers.concepts;
        let is_bounded = (concepts_max as u64) < self.homes.commons().documents();
        if hits.len() < k && is_bounded && concepts.worth > 0.0 {
            let most = room(concepts_max, k.saturating_add(known.len()));
            let mut lit = self.homes.most_lit(&concepts.lit, most, self.allowed)?;
            lit.sort_unstable_by(lit::order);
            let spots: Vec<(Spot, u128)> = lit.iter().map(|lit| (lit.spot, lit.id)).collect();
            self.blocks(&spots, concepts_max, k, &mut known, hits)?;
        }
        let is_bounded = (similar_max as u64) < self.homes.commons().documents();
        if hits.len() < k && is_bounded && self.inquiry.question.vector.is_some() {
            let most = room(similar_max, k.saturating_add(known.len()));
            let found = self.homes.most_similar(&self.inquiry.question, most, self.allowed)?;
            let spots: Vec<(Spot, u128)> = found.iter().map(|found| (found.spot(), found.id)).collect();
            self.blocks(&spots, similar_max, k, &mut known, hits)?;
        }
        if hits.len() < k && Context::is_asked(self.homes.commons().threads(), &self.inquiry.ranking) {
            self.carried(k, known, hits)?;
        }
        Ok(())
    }

    // Adds the neighbours of all documents that have words of the question, allowed or not.
    fn carried(&mut self, k: usize, mut known: Set<Spot>, hits: &mut Vec<Hit>) -> Result<()> {
        let (terms, all) = (self.inquiry.question.weighted(), self.homes.commons().documents() as usize);
        let found = self.homes.best(&terms, all, None)?;
        let mut seen = Set::default();
        let found = found.iter().map(|found| DocumentId(found.id));
        let new = neighbors(found, &mut seen, self.homes.commons().threads(), &self.inquiry.ranking);
        let (mut from, mut to) = (0, self.bounds.concepts_max);
        while from < new.len() && hits.len() < k {
            let mut others = self.inquiry.surround(self.homes, &[], &new[from..to.min(new.len())], self.allowed)?;
            others.retain(|(spot, _, _)| known.insert(*spot));
            let mut block: Vec<Hit> =
                others.iter().map(|(spot, id, weighed)| self.inquiry.hit(*spot, *id, weighed)).collect();
            rank(&mut block, k - hits.len());
            hits.extend(block);
            (from, to) = (to, to.saturating_mul(2));
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
            let block = &all[from..to.min(all.len())];
            let new: Vec<(Spot, u128)> = block.iter().filter(|(spot, _)| known.insert(*spot)).copied().collect();
            let spots: Vec<Spot> = new.iter().map(|(spot, _)| *spot).collect();
            let weighed = self.homes.weigh(self.inquiry.meaning(), &spots)?;
            let ids: Vec<DocumentId> = new.iter().map(|(_, id)| DocumentId(*id)).collect();
            self.inquiry.surround(self.homes, &ids, &[], self.allowed)?;
            let hit = |(&(spot, id), weighed): (&(Spot, u128), &Weighed)| self.inquiry.hit(spot, id, weighed);
            let mut block: Vec<Hit> = new.iter().zip(&weighed).map(hit).collect();
            rank(&mut block, k - hits.len());
            hits.extend(block);
            (from, to) = (to, to.saturating_mul(2));
        }
        Ok(())
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
    hits.retain(|hit| hit.parts.answers());
    let order = |a: &Hit, b: &Hit| b.found.score.total_cmp(&a.found.score).then(a.found.id.cmp(&b.found.id));
    if hits.len() > k {
        hits.select_nth_unstable_by(k, order);
        hits.truncate(k);
    }
    hits.sort_unstable_by(order);
}
