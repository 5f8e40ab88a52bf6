//! BM25 over global, exact statistics (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009).
//!
//! score(d) = sum over the question's terms of count * idf * tf (k1 + 1) / (tf + k1 (1 - b + b * length / mean)),
//! summed in the order of the terms' ids, all at the document's home shard: no shard sends a partial sum.
//!
//! Lists are read in the order of the most that each can add to a score. Once the remaining lists cannot lift an unseen
//! document into the answer, they are read only for documents that can still be in it (Turtle and Flood, "Query
//! Evaluation: Strategies and Optimizations", 1995). A large shard is read in windows of places, one after the other, each
//! with what is known from those before. Bounds leave room for rounding, and the documents found are scored
//! again in the canonical order, so the answer is the exhaustive one to the last bit. If only some documents are
//! allowed, the others are skipped and raise no threshold; if very few are allowed, only those are scored.

use crate::Result;
use crate::commons::Commons;
use crate::documents::{BLOCK, Documents, Posting, PostingBlock, Postings};
use crate::metadata::{Among, Every, Places};
use crate::query::allowed::Allowed;
use crate::query::threshold::{Kept, ROUNDING, Risen, cut, shut_out};
use crate::query::view::{Local, Spot, View};
use crate::text::QueryWord;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How fast repeated terms saturate.
pub const K1: f64 = 1.5;
/// How much a document's length counts.
pub const B: f64 = 0.75;

// How many numbers the processor handles at once, or so.
const LANES: usize = 8;

// A binary search costs as much as reading some fifty postings.
const SEARCH_POSTINGS: usize = 48;

/// A document that was found.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Its BM25 score, or how similar it is.
    pub score: f64,
    /// Its id, by which ties are ordered.
    #[serde(with = "crate::ids::sixteen")]
    pub id: u128,
    /// The seat of its home shard.
    pub seat: usize,
    /// Its place there.
    pub place: u32,
}

impl Found {
    /// Returns where it is.
    pub fn spot(&self) -> Spot {
        (self.seat, self.place)
    }
}

// Places are looked at so many at a time. Their scores stay in a near cache, and what the ones before have found shuts
// out most of the rest; but each window begins with what a list alone can tell, so that it pays for large shards only.
const WINDOW: u32 = 1 << 16;

/// Buffers that queries use one after another.
#[derive(Debug, Default)]
pub struct Scratch {
    // By place in a window; all 0 between two windows.
    scores: Vec<f32>,
    // Room for the places in a window whose scores are not 0, and for one more, as the next entry is written before it
    // is known to be one.
    touched: Vec<u32>,
    // Whether a search has begun and not come to its end, as one that was cancelled.
    is_left: bool,
    risen: Risen,
    kept: Vec<Kept>,
    block: PostingBlock,
}

impl Scratch {
    fn begin(&mut self, size: usize) {
        if std::mem::replace(&mut self.is_left, true) {
            self.scores.fill(0.0);
        }
        if self.scores.len() < size {
            self.scores.resize(size, 0.0);
            self.touched.resize(size + 1, 0);
        }
        self.kept.clear();
    }
}

/// A term of a question and its weight: count * idf * (k1 + 1), or a share of it.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightedTerm {
    /// The id of its node, which orders sums.
    #[serde(with = "crate::ids::sixteen")]
    pub id: u128,
    /// Its term index.
    pub term: u32,
    /// Its weight.
    pub weight: f64,
}

/// Returns the terms of a question that some document has, in the order of their ids.
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

/// Returns the `k` best allowed documents, best first; equal scores are in the order of document ids.
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

/// Returns the `k` best allowed documents of one shard that score at least `floor`, best first.
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

// A term's postings on one shard, and the most that they can add to a document's score.
struct List<'a> {
    term: u32,
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
    // How many places are looked at together.
    window: u32,
}

impl<'a> Search<'a> {
    fn new(local: Local<'a>, terms: &[WeightedTerm]) -> Self {
        let documents = local.documents();
        let per_word = per_word(local.commons);
        let list = |term: &WeightedTerm| {
            let postings = documents.postings(term.term)?;
            let most = gain(term.weight, postings.most(), postings.shortest(), per_word);
            Some(List { term: term.term, postings, weight: term.weight, bound: most as f32 * ROUNDING })
        };
        Search { local, documents, per_word, lists: terms.iter().filter_map(list).collect(), window: WINDOW }
    }

    fn gain(&self, list: &List<'_>, (place, count): Posting) -> f64 {
        gain(list.weight, count, self.documents.lengths()[place as usize], self.per_word)
    }

    fn rough_gain(&self, list: &List<'_>, (place, count): Posting) -> f32 {
        let tf = count as f32;
        let length = self.documents.lengths()[place as usize] as f32;
        list.weight as f32 * (tf / (tf + ((K1 * (1.0 - B)) as f32 + self.per_word as f32 * length)))
    }

    // Does what `rough_gain` does, for postings of one list together: what is in front of the division is waited for at
    // once, and the processor divides several numbers in the time of one.
    #[inline]
    fn rough_gains(&self, list: &List<'_>, places: &[u32], counts: &[u32; BLOCK], gains: &mut [f32; BLOCK]) {
        let all = self.documents.lengths();
        let mut lengths = [0; BLOCK];
        for (length, &place) in lengths.iter_mut().zip(places) {
            *length = all[place as usize];
        }
        let (weight, base, per_word) = (list.weight as f32, (K1 * (1.0 - B)) as f32, self.per_word as f32);
        // A document has far fewer words than 31 bits count, and signed numbers are turned into floats at once.
        let single = |number: u32| number as i32 as f32;
        let (gains, _) = gains.as_chunks_mut::<LANES>();
        let (lengths, counts) = (lengths.as_chunks::<LANES>().0, counts.as_chunks::<LANES>().0);
        for ((gains, lengths), counts) in gains.iter_mut().zip(lengths).zip(counts).take(places.len().div_ceil(LANES)) {
            for at in 0..LANES {
                let tf = single(counts[at]);
                gains[at] = weight * (tf / (tf + (base + per_word * single(lengths[at]))));
            }
        }
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
        let size = self.documents.room().min(self.window as usize);
        scratch.begin(size);
        let mut order: Vec<Reader<'_>> = self.lists.iter().map(|list| Reader { list, next: 0 }).collect();
        order.sort_by(|a, b| b.list.bound.total_cmp(&a.list.bound));
        // The most that the lists from each index on can add together.
        let mut rest = vec![0.0f32; order.len() + 1];
        for place in (0..order.len()).rev() {
            rest[place] = rest[place + 1] + order[place].list.bound;
        }
        let mut threshold = best.threshold as f32 / ROUNDING;
        // As many as make a selection worth it.
        let mut room = best.k.saturating_mul(2);
        loop {
            // A document that none of these has cannot win.
            let needed = order.iter().zip(&rest).take_while(|(_, rest)| **rest >= threshold);
            let Some(start) = needed.filter_map(|(reader, _)| reader.place()).min() else { break };
            let window = start..start.saturating_add(size as u32);
            threshold = self.look_at(window, &mut order, &rest, threshold, among, best.k, scratch)?;
            if scratch.kept.len() >= room {
                threshold = cut(best.k, threshold, &mut scratch.kept);
                room = room.max(scratch.kept.len().saturating_mul(2));
            }
        }
        cut(best.k, threshold, &mut scratch.kept);
        scratch.is_left = false;
        self.documents.warm(scratch.kept.iter().map(|kept| kept.place));
        for kept in &scratch.kept {
            self.local.poll()?;
            best.push(self.found(kept.place));
        }
        Ok(())
    }

    // Keeps what can win of the places in a window, if what does not reach `threshold` cannot. Returns the threshold
    // after it.
    #[expect(clippy::too_many_arguments)]
    fn look_at(
        &self,
        window: Range<u32>,
        order: &mut [Reader<'_>],
        rest: &[f32],
        mut threshold: f32,
        among: &impl Among,
        k: usize,
        scratch: &mut Scratch,
    ) -> Result<f32> {
        let Scratch { scores, touched, risen, kept, block, .. } = scratch;
        let (scores, touched) = (scores.as_mut_slice(), touched.as_mut_slice());
        let mut gains = [0.0; BLOCK];
        let (mut met, mut read) = (0, 0);
        while read < order.len() && rest[read] >= threshold {
            self.local.poll()?;
            let Reader { list, next } = &mut order[read];
            read += 1;
            // What no list before has cannot win with less: those behind do not add enough.
            let least = threshold / ROUNDING - rest[read];
            risen.begin(k, threshold);
            let taken = self.documents.taken();
            *next = list.postings.visit_blocks(taken, among, *next, window.clone(), block, |places, counts| {
                self.rough_gains(list, places, counts, &mut gains);
                // No place occurs twice, so that scores are read together, then changed, then written.
                let mut sums = [0.0; BLOCK];
                for (sum, &place) in sums.iter_mut().zip(places) {
                    *sum = scores[(place - window.start) as usize];
                }
                let mut are_new = [false; BLOCK];
                let (mut some_new, mut some_rise) = (false, false);
                for at in 0..BLOCK {
                    // Whether a document is met for the first time cannot be foreseen, so nothing branches on it.
                    let is_new = sums[at] == 0.0;
                    let counts = !is_new | (gains[at] >= least);
                    are_new[at] = is_new & counts;
                    some_new |= are_new[at];
                    sums[at] += if counts { gains[at] } else { 0.0 };
                    some_rise |= sums[at] > risen.threshold();
                }
                for (&place, &sum) in places.iter().zip(&sums) {
                    scores[(place - window.start) as usize] = sum;
                }
                if some_new {
                    let mut last = met;
                    for (&place, &is_new) in places.iter().zip(&are_new) {
                        touched[last] = place - window.start;
                        last += usize::from(is_new);
                    }
                    met = last;
                }
                if some_rise {
                    sums[..places.len()].iter().for_each(|&sum| risen.add(sum));
                }
            });
            threshold = risen.end();
        }
        let mut next = read;
        loop {
            self.local.poll()?;
            met = shut_out(&mut touched[..met], scores, |score| (score + rest[next]) * ROUNDING >= threshold);
            // What remains is scored exactly. A list more would shut out few of so few.
            let few = k.saturating_add(k / 4).saturating_sub(kept.len());
            if next == order.len() || met <= few {
                break;
            }
            risen.begin(k, threshold);
            self.complete(&mut order[next], &window, &touched[..met], scores, |score| risen.add(score));
            next += 1;
            threshold = risen.end();
        }
        for &place in &touched[..met] {
            let least = std::mem::take(&mut scores[place as usize]);
            kept.push(Kept { least, most: least + rest[next], place: window.start + place });
        }
        Ok(threshold)
    }

    // Adds a list's share to the documents of a window that can still be in the answer. It reads the shorter of the list
    // and the candidates.
    fn complete(
        &self,
        reader: &mut Reader<'_>,
        window: &Range<u32>,
        candidates: &[u32],
        scores: &mut [f32],
        mut risen: impl FnMut(f32),
    ) {
        let Reader { list, next } = reader;
        let postings = list.postings;
        let in_window = postings.cost() as u64 * u64::from(window.end - window.start) / self.documents.room() as u64;
        if (candidates.len() * SEARCH_POSTINGS) as u64 > in_window {
            // What has no score is no candidate, or no candidate any more. Few are.
            let (mut met, mut many) = (PostingBlock::default(), 0);
            *next = postings.visit_in(self.documents.taken(), *next, window.clone(), |(place, count)| {
                (met.places[many], met.counts[many]) = (place, count);
                many += usize::from(scores[(place - window.start) as usize] != 0.0);
                if many == BLOCK {
                    self.add(list, &met, BLOCK, window.start, scores, &mut risen);
                    many = 0;
                }
            });
            self.add(list, &met, many, window.start, scores, &mut risen);
        } else {
            for &candidate in candidates {
                if let Some(posting) = posting_of(postings, window.start + candidate) {
                    let score = &mut scores[candidate as usize];
                    *score += self.rough_gain(list, posting);
                    risen(*score);
                }
            }
        }
    }

    // Adds a list's share to candidates: the first `many` of those that were met.
    fn add(
        &self,
        list: &List<'_>,
        met: &PostingBlock,
        many: usize,
        start: u32,
        scores: &mut [f32],
        risen: &mut impl FnMut(f32),
    ) {
        let mut gains = [0.0; BLOCK];
        self.rough_gains(list, &met.places[..many], &met.counts, &mut gains);
        for (&place, gain) in met.places[..many].iter().zip(&gains) {
            let score = &mut scores[(place - start) as usize];
            *score += gain;
            risen(*score);
        }
    }

    // Reads the document and not the lists: it is weighed next.
    fn exact(&self, place: u32) -> f64 {
        let terms = &self.documents.at(place).terms;
        let gains = self.lists.iter().filter_map(|list| {
            let (_, count) = terms.find(list.term)?;
            Some(self.gain(list, (place, count)))
        });
        gains.sum()
    }
}

/// Returns k1 * b / mean: what each word of a document adds to the denominator; 0 if documents have only function
/// words.
pub(crate) fn per_word(commons: &Commons) -> f64 {
    let mean = commons.mean_length();
    if mean > 0.0 { K1 * B / mean } else { 0.0 }
}

/// Returns what a term adds to a document's score: weight * tf / (tf + k1 (1 - b + b * length / mean)), with `per_word`
/// = k1 * b / mean.
pub(crate) fn gain(weight: f64, count: u32, length: u32, per_word: f64) -> f64 {
    gain_of(weight, f64::from(count), f64::from(length), per_word)
}

/// Does what [`gain`] does, for counts and lengths that are means.
pub(crate) fn gain_of(weight: f64, tf: f64, length: f64, per_word: f64) -> f64 {
    weight * (tf / (tf + (K1 * (1.0 - B) + per_word * length)))
}

// A list, and the index of its next posting.
struct Reader<'a> {
    list: &'a List<'a>,
    next: usize,
}

impl Reader<'_> {
    fn place(&self) -> Option<u32> {
        let postings = self.list.postings;
        (self.next < postings.cost()).then(|| postings.place_at(self.next))
    }
}

fn posting_of(postings: &Postings, place: u32) -> Option<Posting> {
    postings.count(place).map(|count| (place, count))
}

/// The k best of what is found, over any number of shards. It keeps a few times k and cuts them back from time to time,
/// which is cheaper than a heap and as exact.
#[derive(Debug)]
pub struct Best {
    k: usize,
    /// The lowest score in the answer, as far as is known.
    pub threshold: f64,
    found: Vec<Found>,
}

fn rank(a: &Found, b: &Found) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(a.id.cmp(&b.id))
}

impl Best {
    /// Returns an empty result, when `k` others are known to score `threshold` or more.
    pub fn new(k: usize, threshold: f64) -> Best {
        Best { k, threshold, found: Vec::new() }
    }

    /// Adds what one more shard found.
    pub fn gather(&mut self, mut found: Vec<Found>) {
        if self.found.is_empty() {
            std::mem::swap(&mut self.found, &mut found);
        }
        self.found.append(&mut found);
        self.cut();
    }

    /// Adds one.
    pub(crate) fn push(&mut self, found: Found) {
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

    /// Returns the best, best first.
    pub fn finish(mut self) -> Vec<Found> {
        self.cut();
        self.found.sort_unstable_by(rank);
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::Cancel;
    use crate::colony::Colony;
    use crate::config::ColonyConfig;
    use crate::ids::DocumentId;
    use crate::metadata::{Comparison, Filter, Metadata, Value, Values};
    use crate::ring::Ring;
    use crate::text::Session;
    use proptest::prelude::*;

    // Scores every allowed document.
    fn exhaustive(colony: &Colony, terms: &[WeightedTerm], k: usize, filter: &Filter) -> Vec<Found> {
        let (state, mut all) = (colony.state(), Vec::new());
        for (seat, shard) in state.shards().iter().enumerate() {
            let search = Search::new(state.view().local(seat), terms);
            for (place, document) in shard.documents().placed() {
                let score = search.exact(place);
                if score > 0.0 && filter.accepts_at(&document.body.metadata, document.body.time) {
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
            gone in 0usize..40, stop in 1u64..20,
        ) {
            let words = |numbers: &[u32]| numbers.iter().map(|n| format!("w{n}x")).collect::<Vec<_>>().join(" ");
            let mut colony = Colony::new(ColonyConfig::default(), Ring::new(shards, 50)).unwrap();
            for (number, text) in texts.iter().enumerate() {
                // From all documents in one group to groups so small that each document is scored alone.
                let group = Values::One(Value::Int(number as i64 % apart));
                let metadata = Metadata::new(vec![("group".into(), group)]).unwrap();
                colony.ingest_with(Some(&number.to_string()), "", &words(text), metadata).unwrap();
            }
            for number in 0..gone.min(texts.len() / 2) {
                colony.delete(DocumentId::from_key(&number.to_string())).unwrap();
            }
            let mut session = Session::new(colony.state().commons().lexicon().clone());
            let terms = weighted(colony.state().commons(), &session.query(&words(&question)));
            let mut scratch = Scratch::default();
            let only = vec![("group".into(), vec![Comparison::In(vec![Value::Int(0)])])];
            for filter in [Filter::default(), Filter::new(only).unwrap(), Filter::default()] {
                let view = colony.state().view();
                let allowed = Allowed::new(view.shards, &filter);
                let expected = exhaustive(&colony, &terms, k, &filter);
                let stopped = Cancel::at_poll(stop);
                drop(search(view.until(&stopped), &terms, k, allowed.as_ref(), &mut scratch));
                prop_assert_eq!(&search(view, &terms, k, allowed.as_ref(), &mut scratch).unwrap(), &expected);
                // With what the last one left behind, and windows of another size.
                for window in [1, 7] {
                    let mut best = Best::new(k, 0.0);
                    let stopped = Cancel::at_poll(stop);
                    let search = Search { window, ..Search::new(view.until(&stopped).local(0), &terms) };
                    drop(search.run(&Every, &mut Best::new(k, 0.0), &mut scratch));
                    for local in view.locals() {
                        let search = Search { window, ..Search::new(local, &terms) };
                        match &allowed {
                            Some(allowed) => search.run(allowed.at(local.seat), &mut best, &mut scratch).unwrap(),
                            None => search.run(&Every, &mut best, &mut scratch).unwrap(),
                        }
                        best.cut();
                    }
                    prop_assert_eq!(&best.finish(), &expected);
                }
            }
        }
    }
}
