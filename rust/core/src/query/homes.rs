//! The rounds of an answer: what is asked of the homes of documents and concepts.
//!
//! In a round every home is asked on its own and replies with plain data of bounded size, for all documents or terms at
//! once. [`Homes`] has a method for each round; what it returns is gathered, and does not depend on where the homes
//! are. The rounds are over the shards of one process ([`crate::query::here`]), or over the nodes of a cluster.

use crate::Result;
use crate::commons::{Commons, Near};
use crate::ids::DocumentId;
use crate::query::bm25::{Found, WeightedTerm};
use crate::query::bridge::Bridges;
use crate::query::clause::{Clause, Only};
use crate::query::context::Turn;
use crate::query::evidence::Evidence;
use crate::query::hit::{FoundDocument, Hit, Told};
use crate::query::lexical::{Candidate, Unweighed};
use crate::query::lit::{Lit, LitDocument};
use crate::query::near::Contribution;
use crate::query::outline::Outline;
use crate::query::parts::Weighed;
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::seeds::{Seed, Voice};
use crate::query::view::Spot;
use ecow::EcoString;

/// The homes of documents and concepts.
pub trait Homes {
    /// The documents from which an answer may come.
    type Allowed;

    /// Returns what is known of all homes without asking.
    fn commons(&self) -> &Commons;

    /// Returns `Err(Error::Cancelled)` once whoever asks wants no answer any more.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`], as every round.
    fn poll(&self) -> Result<()>;

    /// Returns the documents that can answer, or `None` if all can.
    fn allow(&self, only: &Only) -> Result<Option<Self::Allowed>>;

    /// A round before the others, for words of which the beginning is known: the terms with a form that begins so, up to
    /// `most`, those that most documents have first, then in the order of their forms.
    fn beginning(&mut self, begun: &str, most: usize) -> Result<Vec<Near>>;

    /// Returns whether a document meets each of some clauses.
    fn meets(&mut self, spot: Spot, clauses: &[Clause]) -> Result<Vec<bool>>;

    /// A round before the first one, for words that no document has: the terms near each, up to `most`, by
    /// [`Commons::near`], with the most edits of each word.
    fn nearest(&mut self, words: &[(String, u32)], most: usize) -> Result<Vec<Vec<Near>>>;

    /// The first round: which documents have the words of a question, what these are worth in them, and how many
    /// documents are allowed.
    fn hear(&mut self, question: &Question, ranking: &Ranking, allowed: Option<&Self::Allowed>) -> Result<Heard>;

    /// The second round: what the seeds speak of, by rank.
    fn speak(&mut self, question: &Question, ranking: &Ranking, seeds: &[Seed]) -> Result<Vec<Voice>>;

    /// The third round: which documents the seeds lead to, and how strongly concepts light up those that words found.
    fn reach(&mut self, asked: &Reaching<'_, Self::Allowed>) -> Result<Reached>;

    /// A round of a long answer: what documents are worth.
    fn weigh(&mut self, meaning: Meaning<'_>, spots: &[Spot]) -> Result<Vec<Weighed>>;

    /// The fourth round, if any document stands in a thread: what documents are to their neighbours, and what others
    /// are worth that no word or concept found.
    fn surround(&mut self, asked: &Surrounding<'_, Self::Allowed>) -> Result<Surroundings>;

    /// A round of its own: the `most` best allowed documents by BM25, best first.
    fn best(&mut self, terms: &[WeightedTerm], most: usize, allowed: Option<&Self::Allowed>) -> Result<Vec<Found>>;

    /// A round of a long answer: the `most` allowed documents that concepts light up most, in no order.
    fn most_lit(&mut self, lit: &[Lit], most: usize, allowed: Option<&Self::Allowed>) -> Result<Vec<LitDocument>>;

    /// A round of a long answer or of its own: the `most` allowed documents that are most similar to the question, by the
    /// cosine of their vectors, best first; none if the question has no vector.
    fn most_similar(&mut self, question: &Question, most: usize, allowed: Option<&Self::Allowed>)
    -> Result<Vec<Found>>;

    /// A round of its own: what of documents is compared with others, by their order.
    fn outline(&mut self, spots: &[Spot]) -> Result<Vec<Outline>>;

    /// The last round: hits with their passages and reasons.
    fn tell(&mut self, asked: &Telling<'_>) -> Result<Told>;

    /// The last round of an answer without reasons: documents with the scores they are given.
    fn documents(&mut self, found: &[(Spot, f64)]) -> Result<Vec<FoundDocument>>;

    /// Returns where documents are, and whether each has a key; `None` for one that the colony does not have.
    fn find(&mut self, ids: &[DocumentId]) -> Result<Vec<Option<(Spot, bool)>>>;

    /// Returns what terms add to the scores of concepts near them, in no order.
    fn near(&mut self, terms: &[u32]) -> Result<Vec<Contribution>>;

    /// Returns the labels of terms.
    fn labels(&mut self, terms: &[u32]) -> Result<Vec<EcoString>>;
}

/// What a home needs to know of a question to weigh a document.
#[derive(Copy, Clone, Debug)]
pub struct Meaning<'a> {
    /// The question.
    pub question: &'a Question,
    /// The constants of the ranking.
    pub ranking: &'a Ranking,
    /// The concepts that the seeds light up, in the order of their ids.
    pub lit: &'a [Lit],
}

/// What the first round finds.
#[derive(Debug)]
pub struct Heard {
    /// The documents to weigh, and the rows of the question's terms.
    pub unweighed: Unweighed,
    /// The evidence of each, in the same order.
    pub evidence: Vec<Evidence>,
    /// How many documents are allowed, if not all are.
    pub allowed: Option<u64>,
}

/// What the third round asks.
#[derive(Debug)]
pub struct Reaching<'a, A> {
    /// What the question means.
    pub meaning: Meaning<'a>,
    /// The seeds by rank; at least one.
    pub seeds: &'a [Seed],
    /// What each of them says.
    pub voices: &'a [Voice],
    /// Which documents to find, if hits are asked for.
    pub wanted: Option<Wanted<'a, A>>,
}

/// Which documents the third round finds.
#[derive(Debug)]
pub enum Wanted<'a, A> {
    /// All that are allowed, because they are few.
    All(&'a A),
    /// The best.
    Best {
        /// What the first round found, best first.
        candidates: &'a [Candidate],
        /// The documents from which an answer may come, if not all may.
        allowed: Option<&'a A>,
        /// How many allowed documents to find by words, if those of the first round may not be the best of them.
        by_words: Option<usize>,
        /// How many allowed documents to find by vectors, if not all are allowed.
        by_similarity: Option<usize>,
        /// The concepts whose postings are read, in the order of their ids.
        affordable: &'a [Lit],
        /// How many documents to find by concepts.
        by_concepts: usize,
    },
}

/// What the third round finds.
#[derive(Debug, Default)]
pub struct Reached {
    /// The documents that seeds mention.
    pub bridge: Bridges,
    /// How strongly the concepts light up the best seed.
    pub full: f64,
    /// How strongly they light up each candidate; `None` for one that is not allowed.
    pub activations: Vec<Option<f64>>,
    /// The allowed documents found besides the candidates, with their ids, each once, in no order.
    pub others: Vec<(Spot, u128, Weighed)>,
}

/// What the fourth round asks.
#[derive(Debug)]
pub struct Surrounding<'a, A> {
    /// What the question means.
    pub meaning: Meaning<'a>,
    /// The documents that are neighbours.
    pub turns: &'a [DocumentId],
    /// The documents to weigh.
    pub others: &'a [DocumentId],
    /// Which of these may answer, if not all may.
    pub allowed: Option<&'a A>,
}

/// What the round of neighbours finds, in the order in which it was asked.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// What documents are to their neighbours.
    pub turns: Vec<Turn>,
    /// What the others are worth; `None` for one that is not allowed.
    pub others: Vec<Option<(Spot, Weighed)>>,
}

/// What the last round asks.
#[derive(Debug)]
pub struct Telling<'a> {
    /// What the question means.
    pub meaning: Meaning<'a>,
    /// What a unit of covered BM25 score is worth in a lexical part.
    pub unit: f64,
    /// The seeds, by rank.
    pub seeds: &'a [Seed],
    /// The hits.
    pub hits: &'a [Hit],
    /// The neighbours that carry hits.
    pub neighbors: &'a [DocumentId],
    /// How many concepts to tell of each.
    pub concepts_max: usize,
}
