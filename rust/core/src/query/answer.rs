//! Answers: score(d) = lexical + concepts + bridge.
//!
//! 1. *lexical*: BM25 with coverage and titles ([`crate::query::seeds`]).
//! 2. The few best documents by it are seeds; they light up concepts, and those light up documents: *concepts*
//!    ([`crate::query::spread`]).
//! 3. Documents whose title stands in a seed are reached over it: *bridge* = bridge_weight * sum over those seeds of
//!    weight * strength of the title as a name.
//!
//! Candidates (by words, by concepts, by mentions) are bounded in number and scored in full, so that a score never
//! depends on how its document was found. With a filter, candidates are the best of those that match; seeds, concepts
//! and the scale are those of the whole colony, so that no score depends on the filter either.
//!
//! Every step is a scatter over shards that return plain data and one gather that sums in an order that no shard has a
//! say in: of term ids, of seeds by rank. Ties end at document ids.

use crate::commons::Commons;
use crate::ids::DocumentId;
use crate::maps::{Map, Set};
use crate::metadata::Filter;
use crate::query::allowed::Allowed;
use crate::query::evidence::{Evidence, Marks, Tally, name_strength};
use crate::query::lexical::{self, Found, Scratch};
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::seeds::{self, Candidate, Scale, Seed, Spot};
use crate::query::spread::{self, Spread, Sums};
use crate::shard::Shard;
use crate::text::{Role, Session};
use std::sync::Arc;

/// The additive parts of a score.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Parts {
    /// From the question's own words, in the text and in the title.
    pub lexical: f64,
    /// From concepts that the best documents share.
    pub concepts: f64,
    /// From mentions of the document's title in the best documents.
    pub bridge: f64,
}

impl Parts {
    /// Their sum, in this order.
    pub fn score(&self) -> f64 {
        self.lexical + self.concepts + self.bridge
    }
}

/// A document in an answer.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Hit {
    /// The document and its score.
    pub found: Found,
    /// The parts of that score; they sum to it.
    pub parts: Parts,
}

/// Why an answer is empty.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Nothing {
    /// The colony has no documents.
    NoDocuments,
    /// The question has no words, or function words only that no document has.
    NoWords,
    /// No document has any of its words.
    UnknownWords,
}

/// Buffers that one question after another may use; they grow to the largest shard and to the vocabulary.
#[derive(Debug, Default)]
pub struct Buffers {
    pub(crate) lexical: Scratch,
    pub(crate) words: Marks,
    pub(crate) concepts: Marks,
    pub(crate) found: Vec<(u32, u32)>,
    pub(crate) tally: Tally,
    sums: Sums,
}

/// All that a question means to one committed state, and all it takes to score any document.
#[derive(Clone, Debug)]
pub struct Inquiry {
    /// The question.
    pub question: Question,
    /// The constants it is answered with.
    pub ranking: Ranking,
    /// The documents that lit up concepts, best first.
    pub seeds: Vec<Seed>,
    /// The concepts they lit up.
    pub spread: Spread,
    pub(crate) scale: Scale,
    candidates: Vec<Candidate>,
    // For each document that seeds mention: which, by rank, and how strong a name its title is.
    pub(crate) bridges: Map<Spot, Vec<(u32, f64)>>,
}

/// An answer and what it rests on.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The hits, best first.
    pub hits: Vec<Hit>,
    /// What any document is scored by.
    pub inquiry: Inquiry,
}

/// One committed state, as a question reads it.
#[derive(Copy, Clone, Debug)]
pub struct View<'a> {
    /// The shards, by seat.
    pub shards: &'a [Arc<Shard>],
    /// What all of them share.
    pub commons: &'a Commons,
}

impl Inquiry {
    /// Read a question, find its seeds and light up its concepts.
    pub fn new(view: View<'_>, text: &str, ranking: &Ranking, session: &mut Session, buffers: &mut Buffers) -> Self {
        let View { shards, commons } = view;
        let question = Question::new(commons, session, text);
        let ranking = &ranking.clone().among(commons.documents());
        let (candidates, scale) = seeds::candidates(shards, commons, &question, ranking, buffers);
        let mut seeds = seeds::seeds(&candidates, ranking);
        let words = seeds::speak(shards, &question, &mut seeds, ranking, &buffers.words);
        let spread = spread::light(shards, commons, &question, &seeds, ranking, &mut buffers.concepts);
        let bridges = bridges(view, &seeds, &words, ranking);
        Inquiry { question, ranking: ranking.clone(), seeds, spread, scale, candidates, bridges }
    }

    /// Why nothing was found.
    pub fn nothing(&self, commons: &Commons) -> Option<Nothing> {
        match () {
            () if !self.seeds.is_empty() => None,
            () if commons.documents() == 0 => Some(Nothing::NoDocuments),
            () if self.question.words.iter().all(|word| word.role == Role::Function) => Some(Nothing::NoWords),
            () => Some(Nothing::UnknownWords),
        }
    }

    /// Mark the question's words and concepts in buffers that another inquiry may have used.
    pub(crate) fn mark(&self, commons: &Commons, buffers: &mut Buffers) {
        buffers.words.set(self.question.terms.iter().map(|term| term.term), commons.terms());
        buffers.concepts.set(self.spread.lit.iter().map(|lit| lit.term), commons.terms());
    }

    /// The parts of a document's score; words and concepts must be marked.
    pub(crate) fn parts(&self, view: View<'_>, spot: Spot, lexical: f64, buffers: &mut Buffers) -> Parts {
        let activation = self.spread.activation(view.shards, spot, &buffers.concepts, &mut buffers.found);
        let mentions = self.bridges.get(&spot).into_iter().flatten();
        let bridge: f64 = mentions.map(|&(seed, strength)| self.bridge(seed, strength)).sum();
        // An empty sum of floats is -0.
        Parts { lexical, concepts: self.spread.part(activation, &self.ranking), bridge: bridge + 0.0 }
    }

    pub(crate) fn bridge(&self, seed: u32, strength: f64) -> f64 {
        self.ranking.bridge_weight * self.seeds[seed as usize].weight * strength
    }

    pub(crate) fn evidence(&self, view: View<'_>, spot: Spot, buffers: &mut Buffers) -> Evidence {
        seeds::evidence(view.shards, view.commons, &self.question, spot, &self.ranking, buffers)
    }

    fn hit(&self, view: View<'_>, spot: Spot, id: u128, lexical: Option<f64>, buffers: &mut Buffers) -> Hit {
        let lexical = lexical.unwrap_or_else(|| {
            let evidence = self.evidence(view, spot, buffers);
            self.scale.lexical(&evidence, spot, &self.ranking)
        });
        let parts = self.parts(view, spot, lexical, buffers);
        Hit { found: Found { score: parts.score(), id, seat: spot.0, place: spot.1 }, parts }
    }

    /// The `k` best hits among those allowed. The first are those of any smaller `k`.
    fn hits(&self, view: View<'_>, k: usize, allowed: Option<&Allowed>, buffers: &mut Buffers) -> Vec<Hit> {
        if self.seeds.is_empty() || k == 0 {
            return Vec::new();
        }
        if let Some(few) = allowed.filter(|allowed| allowed.count() <= self.ranking.exhaustive_max as usize) {
            let mut hits = few.spots().map(|spot| self.hit(view, spot, id_at(view, spot), None, buffers)).collect();
            rank(&mut hits, k);
            return hits;
        }
        let may = |spot: Spot| allowed.is_none_or(|allowed| allowed.has(spot));
        let most = self.ranking.lexical_candidates as usize;
        let room = 2 * self.candidates.len();
        let mut known: Set<Spot> = Set::with_capacity_and_hasher(room, Default::default());
        let mut hits: Vec<Hit> = Vec::with_capacity(room);
        for candidate in self.candidates.iter().filter(|candidate| may(candidate.spot)) {
            known.insert(candidate.spot);
            hits.push(self.hit(view, candidate.spot, candidate.id, Some(candidate.lexical), buffers));
        }
        let mut others: Vec<(u128, Spot)> = Vec::new();
        if allowed.is_some() && self.candidates.len() >= most {
            // The best by words of all took places that the best of those allowed must have.
            let terms = self.question.weighted();
            let found = lexical::search(view.shards, view.commons, &terms, most, allowed, &mut buffers.lexical);
            others.extend(found.into_iter().map(|found| (found.id, (found.seat, found.place))));
        }
        others.extend(spread::most_lit(view.shards, &self.spread, &self.ranking, allowed, &mut buffers.sums));
        let mentioned = self.bridges.keys().filter(|&&spot| may(spot));
        others.extend(mentioned.map(|&spot| (id_at(view, spot), spot)));
        for (id, spot) in others {
            if known.insert(spot) {
                hits.push(self.hit(view, spot, id, None, buffers));
            }
        }
        rank(&mut hits, k);
        if hits.len() < k && known.len() >= most {
            // More was asked for than is scored for any k. The rest follows, so that what stands before it is the
            // same for every k.
            let terms = self.question.weighted();
            let found = lexical::search(view.shards, view.commons, &terms, k, allowed, &mut buffers.lexical);
            let mut rest = Vec::new();
            for found in found {
                let spot = (found.seat, found.place);
                if known.insert(spot) {
                    rest.push(self.hit(view, spot, found.id, None, buffers));
                }
            }
            let left = k - hits.len();
            rank(&mut rest, left);
            hits.extend(rest);
        }
        hits
    }
}

fn id_at(view: View<'_>, spot: Spot) -> u128 {
    view.shards[spot.0].documents().all()[spot.1 as usize].id.0
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

// Which documents the seeds mention by title, other than themselves and their namesakes.
fn bridges(view: View<'_>, seeds: &[Seed], words: &[Vec<u32>], ranking: &Ranking) -> Map<Spot, Vec<(u32, f64)>> {
    let mut bridges: Map<Spot, Vec<(u32, f64)>> = Map::default();
    if ranking.bridge_weight == 0.0 {
        return bridges;
    }
    let sequences: Vec<&[u32]> = words.iter().map(|words| &**words).collect();
    let mentioned = seeds::mentioned(view.shards, &sequences, ranking);
    for (rank, (seed, titles)) in seeds.iter().zip(mentioned).enumerate() {
        let own = &view.shards[seed.spot.0].documents().all()[seed.spot.1 as usize].title_terms;
        for (title, spots) in titles.into_iter().filter(|(title, _)| title != own) {
            let strength = name_strength(&title, view.commons, ranking);
            for spot in spots {
                bridges.entry(spot).or_default().push((rank as u32, strength));
            }
        }
    }
    bridges
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
) -> Answer {
    let inquiry = Inquiry::new(view, text, ranking, session, buffers);
    let allowed = Allowed::new(view.shards, filter);
    let hits = inquiry.hits(view, k, allowed.as_ref(), buffers);
    Answer { hits, inquiry }
}

/// The place of a document, if the colony has it.
pub fn spot_of(view: View<'_>, id: DocumentId) -> Option<Spot> {
    let seat = view.commons.seat(view.commons.ring().shard_of(id.0));
    view.shards[seat].documents().place(id).map(|place| (seat, place))
}
