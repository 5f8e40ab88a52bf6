//! BM25 over global, exact statistics (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009).
//!
//! score(d) = sum over the question's terms of count * idf * tf (k1 + 1) / (tf + k1 (1 - b + b * length / mean)),
//! summed in the order of the terms' ids, all at the document's home: no partial sum ever crosses a shard.
//!
//! Lists are read from the one that can give most to the one that can give least. Once what is left cannot lift
//! an unseen document into the answer, the rest is read only for documents that still can win (Turtle and Flood,
//! "Query Evaluation: Strategies and Optimizations", 1995). Bounds leave room for rounding and the winners
//! are scored anew in the canonical order, so the answer is the exhaustive one to the last bit. Where only some documents
//! are allowed, the others are passed by and lift no threshold; where these are very few, they alone are looked at.

use crate::Result;
use crate::commons::Commons;
use crate::documents::{Documents, Posting, Postings};
use crate::metadata::{Among, Every, Places};
use crate::query::allowed::Allowed;
use crate::query::view::{Local, Spot, View};
use crate::text::QueryWord;
use serde::{Deserialize, Serialize};

/// How fast repeated terms saturate.
pub const K1: f64 = 1.5;
/// How much a document's length counts.
pub const B: f64 = 0.75;

// The search adds in single precision and in an order of its own, which is quicker. A question has at most some
// 30,000 words, and each addition is off by 2^-24 of its sum at most: all together by less than this share. What the
// search finds is scored anew in the canonical way.
const ROUNDING: f32 = 1.0 + 4e-3;

// A binary search costs as much as walking some fifty postings.
const SEARCH_POSTINGS: usize = 48;

/// A document found.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Its BM25 score.
    pub score: f64,
    /// Its id, which ends ties.
    pub id: u128,
    /// The seat of its home.
    pub seat: usize,
    /// Its place there.
    pub place: u32,
}

impl Found {
    /// Where it is.
    pub fn spot(&self) -> Spot {
        (self.seat, self.place)
    }
}

/// Buffers that one query after another may use; they grow to the largest shard's number of documents.
#[derive(Debug, Default)]
pub struct Scratch {
    scores: Vec<f32>,
    touched: Vec<u32>,
    ranked: Vec<f32>,
}

impl Scratch {
    // What a search left that was ended before its end.
    fn clear(&mut self) {
        for place in self.touched.drain(..) {
            self.scores[place as usize] = 0.0;
        }
        self.ranked.clear();
    }
}

/// A term of a question and what it weighs: count * idf * (k1 + 1), or a share of it.
#[derive(Copy, Clone, Debug)]
pub struct WeightedTerm {
    /// The id of its node, which orders sums.
    pub id: u128,
    /// Its term index.
    pub term: u32,
    /// Its weight.
    pub weight: f64,
}

/// The terms of a question that stand in some document, in the order of their ids.
pub fn weighted(commons: &Commons, words: &[QueryWord]) -> Vec<WeightedTerm> {
    let known = words.iter().filter_map(|word| Some((word, word.term?)));
    let known = known.filter(|&(_, term)| commons.df(term) > 0);
    let mut terms: Vec<WeightedTerm> = known
        .map(|(word, term)| {
            let weight = f64::from(word.count) * (commons.idf(term) * word.share()) * (K1 + 1.0);
            WeightedTerm { id: commons.id(term), term, weight }
        })
        .collect();
    terms.sort_unstable_by_key(|term| term.id);
    terms
}

/// The `k` best documents among those allowed, best first; equal scores in order of document ids.
pub fn search(
    view: View<'_>,
    terms: &[WeightedTerm],
    k: usize,
    allowed: Option<&Allowed>,
    scratch: &mut Scratch,
) -> Result<Vec<Found>> {
    let mut best = Best::new(k, 0.0);
    for local in view.locals() {
        let places = allowed.map(|allowed| allowed.at(local.seat));
        best.gather(find(local, terms, k, best.threshold, places, scratch)?);
    }
    Ok(best.finish())
}

/// The `k` best documents of one shard among those allowed that score no less than `floor`, best first.
pub fn find(
    local: Local<'_>,
    terms: &[WeightedTerm],
    k: usize,
    floor: f64,
    allowed: Option<&Places>,
    scratch: &mut Scratch,
) -> Result<Vec<Found>> {
    let mut best = Best::new(k, floor);
    if terms.is_empty() || k == 0 {
        return Ok(Vec::new());
    }
    let search = Search::new(local, terms);
    match allowed {
        None => search.run(&Every, &mut best, scratch)?,
        Some(places) if search.is_quicker_one_by_one(places) => search.one_by_one(places, &mut best)?,
        Some(places) => search.run(places, &mut best, scratch)?,
    }
    Ok(best.finish())
}

// A term's postings on one shard, and the most they can give to a document.
struct List<'a> {
    postings: &'a Postings,
    weight: f64,
    bound: f32,
}

struct Search<'a> {
    local: Local<'a>,
    documents: &'a Documents,
    per_word: f64,
    // In the order of the terms' ids.
    lists: Vec<List<'a>>,
}

impl<'a> Search<'a> {
    fn new(local: Local<'a>, terms: &[WeightedTerm]) -> Self {
        let documents = local.documents();
        let per_word = per_word(local.commons);
        let list = |term: &WeightedTerm| {
            let postings = documents.postings(term.term)?;
            let most = gain(term.weight, postings.most(), postings.shortest(), per_word);
            Some(List { postings, weight: term.weight, bound: most as f32 * ROUNDING })
        };
        Search { local, documents, per_word, lists: terms.iter().filter_map(list).collect() }
    }

    fn gain(&self, list: &List<'_>, (place, count): Posting) -> f64 {
        gain(list.weight, count, self.documents.lengths()[place as usize], self.per_word)
    }

    fn rough_gain(&self, list: &List<'_>, (place, count): Posting) -> f32 {
        let tf = count as f32;
        let length = self.documents.lengths()[place as usize] as f32;
        list.weight as f32 * (tf / (tf + ((K1 * (1.0 - B)) as f32 + self.per_word as f32 * length)))
    }

    fn is_quicker_one_by_one(&self, places: &Places) -> bool {
        let postings: usize = self.lists.iter().map(|list| list.postings.cost()).sum();
        places.count() * self.lists.len() * SEARCH_POSTINGS < postings
    }

    fn found(&self, place: u32) -> Found {
        let ((seat, place), id) = self.local.spot(place);
        Found { score: self.exact(place), id, seat, place }
    }

    fn one_by_one(&self, places: &Places, best: &mut Best) -> Result<()> {
        for place in places.iter() {
            self.local.poll()?;
            let found = self.found(place);
            if found.score > 0.0 {
                best.push(found);
            }
        }
        Ok(())
    }

    fn run(&self, among: &impl Among, best: &mut Best, scratch: &mut Scratch) -> Result<()> {
        scratch.clear();
        let Scratch { scores, touched, ranked } = scratch;
        if scores.len() < self.documents.room() {
            scores.resize(self.documents.room(), 0.0);
        }
        let mut order: Vec<&List<'_>> = self.lists.iter().collect();
        order.sort_by(|a, b| b.bound.total_cmp(&a.bound));
        // What the lists from each one on can give together.
        let mut rest = vec![0.0f32; order.len() + 1];
        for place in (0..order.len()).rev() {
            rest[place] = rest[place + 1] + order[place].bound;
        }
        let mut threshold = best.threshold as f32 / ROUNDING;
        let mut read = 0;
        while read < order.len() && rest[read] >= threshold {
            self.local.poll()?;
            order[read].postings.visit(self.documents.taken(), |posting| {
                if !among.has(posting.0) {
                    return;
                }
                let score = &mut scores[posting.0 as usize];
                if *score == 0.0 {
                    touched.push(posting.0);
                }
                *score += self.rough_gain(order[read], posting);
                if *score > threshold {
                    ranked.push(*score);
                }
            });
            read += 1;
            threshold = threshold.max(kth(best.k, ranked));
        }
        let mut next = read;
        loop {
            self.local.poll()?;
            touched.retain(|place| {
                let score = &mut scores[*place as usize];
                let can_win = (*score + rest[next]) * ROUNDING >= threshold;
                if !can_win {
                    *score = 0.0;
                }
                can_win
            });
            // What remains is scored exactly. A list more would shut out few of so few.
            if next == order.len() || touched.len() <= best.k.saturating_add(best.k / 4) {
                break;
            }
            self.complete(order[next], touched, scores, |score| {
                if score > threshold {
                    ranked.push(score);
                }
            });
            next += 1;
            threshold = threshold.max(kth(best.k, ranked));
        }
        while let Some(&place) = touched.last() {
            self.local.poll()?;
            touched.pop();
            scores[place as usize] = 0.0;
            best.push(self.found(place));
        }
        Ok(())
    }

    // Add a list's share to the documents that still can win, by whichever is shorter to walk.
    fn complete(&self, list: &List<'_>, candidates: &[u32], scores: &mut [f32], mut risen: impl FnMut(f32)) {
        let postings = list.postings;
        let mut add = |posting: Posting| {
            let score = &mut scores[posting.0 as usize];
            // Not among the candidates (as whoever is not allowed), or no candidate any more.
            if *score != 0.0 {
                *score += self.rough_gain(list, posting);
                risen(*score);
            }
        };
        if candidates.len() * SEARCH_POSTINGS > postings.cost() {
            postings.visit(self.documents.taken(), add);
        } else {
            candidates.iter().filter_map(|&place| posting_of(postings, place)).for_each(&mut add);
        }
    }

    fn exact(&self, place: u32) -> f64 {
        let gains = self.lists.iter().filter_map(|list| {
            let posting = posting_of(list.postings, place)?;
            Some(self.gain(list, posting))
        });
        gains.sum()
    }
}

/// k1 * b / mean: what each word of a document adds below the line. 0 where documents have function words alone.
pub(crate) fn per_word(commons: &Commons) -> f64 {
    let mean = commons.mean_length();
    if mean > 0.0 { K1 * B / mean } else { 0.0 }
}

/// What a term gives to a document: weight * tf / (tf + k1 (1 - b + b * length / mean)), with
/// `per_word` = k1 * b / mean.
pub(crate) fn gain(weight: f64, count: u32, length: u32, per_word: f64) -> f64 {
    let tf = f64::from(count);
    weight * (tf / (tf + (K1 * (1.0 - B) + per_word * f64::from(length))))
}

fn posting_of(postings: &Postings, place: u32) -> Option<Posting> {
    postings.count(place).map(|count| (place, count))
}

// The k-th best of the scores that a list lifted above the threshold: no document below it can be among the k best.
// 0 while there are fewer. Leaves `risen` empty.
fn kth(k: usize, risen: &mut Vec<f32>) -> f32 {
    let threshold =
        if risen.len() < k { 0.0 } else { *risen.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a)).1 / ROUNDING };
    risen.clear();
    threshold
}

/// The k best of what is found, over any number of shards. Keeps a few times k and cuts them back now and then:
/// cheaper than a heap, and as exact.
#[derive(Debug)]
pub struct Best {
    k: usize,
    /// What an answer scores at least, as far as is known.
    pub threshold: f64,
    found: Vec<Found>,
}

fn rank(a: &Found, b: &Found) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(a.id.cmp(&b.id))
}

impl Best {
    /// Nothing yet, where `k` others are known to score `threshold` or more.
    pub fn new(k: usize, threshold: f64) -> Best {
        Best { k, threshold, found: Vec::new() }
    }

    /// Take what one more shard found.
    pub fn gather(&mut self, mut found: Vec<Found>) {
        if self.found.is_empty() {
            std::mem::swap(&mut self.found, &mut found);
        }
        self.found.append(&mut found);
        self.cut();
    }

    fn push(&mut self, found: Found) {
        self.found.push(found);
        if self.found.len() >= self.k.saturating_mul(3).saturating_add(64) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.k > 0 && self.found.len() >= self.k {
            let (_, last, _) = self.found.select_nth_unstable_by(self.k - 1, rank);
            self.threshold = self.threshold.max(last.score);
            self.found.truncate(self.k);
        }
    }

    /// The best, best first.
    pub fn finish(mut self) -> Vec<Found> {
        self.cut();
        self.found.sort_unstable_by(rank);
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colony::Colony;
    use crate::config::ColonyConfig;
    use crate::metadata::{Comparison, Filter, Metadata, Value, Values};
    use crate::ring::Ring;
    use crate::text::Session;
    use proptest::prelude::*;

    // Every document scored, none left out but those that are not allowed.
    fn exhaustive(colony: &Colony, terms: &[WeightedTerm], k: usize, filter: &Filter) -> Vec<Found> {
        let (state, mut all) = (colony.state(), Vec::new());
        for (seat, shard) in state.shards().iter().enumerate() {
            let search = Search::new(state.view().local(seat), terms);
            for (place, document) in shard.documents().placed() {
                let score = search.exact(place);
                if score > 0.0 && filter.accepts(&document.body.metadata) {
                    all.push(Found { score, id: document.id.0, seat, place });
                }
            }
        }
        all.sort_unstable_by(rank);
        all.truncate(k);
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn pruning_never_shows(
            texts in prop::collection::vec(prop::collection::vec(prop_oneof![0u32..4, 0u32..30], 1..30), 1..80),
            question in prop::collection::vec(0u32..30, 1..6), shards in 1u32..5, k in 1usize..12, apart in 1i64..30,
        ) {
            let words = |numbers: &[u32]| numbers.iter().map(|n| format!("w{n}x")).collect::<Vec<_>>().join(" ");
            let mut colony = Colony::new(ColonyConfig::default(), Ring::new(shards, 50)).unwrap();
            for (number, text) in texts.iter().enumerate() {
                // From every document to so few that each is looked at alone.
                let group = Values::One(Value::Int(number as i64 % apart));
                let metadata = Metadata::new(vec![("group".into(), group)]).unwrap();
                colony.ingest_with(Some(&number.to_string()), "", &words(text), metadata).unwrap();
            }
            let mut session = Session::new(colony.state().commons().lexicon().clone());
            let terms = weighted(colony.state().commons(), &session.query(&words(&question)));
            let mut scratch = Scratch::default();
            let only = vec![("group".into(), vec![Comparison::In(vec![Value::Int(0)])])];
            for filter in [Filter::default(), Filter::new(only).unwrap(), Filter::default()] {
                let view = colony.state().view();
                let allowed = Allowed::new(view.shards, &filter);
                let found = search(view, &terms, k, allowed.as_ref(), &mut scratch).unwrap();
                prop_assert_eq!(found, exhaustive(&colony, &terms, k, &filter));
            }
        }
    }
}
