//! What is asked of a node, and what it replies.
//!
//! An ask carries everything that it is about, so a node keeps nothing between two of them. It names the state that it
//! reads, and a node of another state refuses it. Terms, places and seats are the same numbers on all nodes.
//!
//! As bytes a message is a version, then the message in postcard encoding, of at most [`MESSAGE_BYTES_MAX`]. Lists that
//! grow with the colony, and texts, come in pages: a node replies with as many items as fit into [`PAGE_BYTES`], at
//! least one, and is asked again for the rest.

use crate::commons::{Commons, Near};
use crate::graph::Synapse;
use crate::ids::{DocumentId, NodeId};
use crate::metadata::Filter;
use crate::query::bm25::{Found, WeightedTerm};
use crate::query::clause::{Clause, Only};
use crate::query::context::Turn;
use crate::query::evidence::Evidence;
use crate::query::hit::{FoundDocument, Hit, Introduced, ToldHit};
use crate::query::homes::Meaning;
use crate::query::lexical::FoundByWords;
use crate::query::lit::{Lit, LitDocument};
use crate::query::names::Named;
use crate::query::near::Contribution;
use crate::query::outline::Outline;
use crate::query::parts::Weighed;
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::seeds::Voice;
use crate::query::view::Spot;
use crate::read::{Counts, LocalConcepts, SeatCounts, StoredDocument};
use crate::shard::NodeData;
use crate::survey::{ListsPart, Part};
use crate::{Error, Result};
use ecow::EcoString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the encoding. Driver and nodes must have the same one.
pub const ASK_VERSION: u8 = 1;

/// The largest message, in bytes. What the largest document says fits into it.
pub const MESSAGE_BYTES_MAX: usize = 128 << 20;

/// How many bytes of items a node puts into one reply, about. The last item may be larger.
pub const PAGE_BYTES: usize = 4 << 20;

/// The most items that one ask is about, or that one page of found documents has.
pub const ITEMS_MAX: usize = 1 << 14;

/// A committed state, by what all nodes know of it.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Stamp {
    /// The tick.
    pub tick: u64,
    /// The number of documents.
    pub documents: u64,
    /// The indexed words of all documents together.
    pub length: u64,
    /// The number of terms that the colony has learned.
    pub terms: u64,
}

impl Stamp {
    /// Returns the stamp of a state.
    pub fn of(commons: &Commons) -> Stamp {
        let statistics = commons.statistics();
        Stamp {
            tick: commons.tick(),
            documents: statistics.documents(),
            length: statistics.length(),
            terms: commons.terms() as u64,
        }
    }
}

/// What is asked of a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ask {
    /// The state that is to be read.
    pub stamp: Stamp,
    /// What to read of it.
    pub what: What,
}

/// What a node is to read. Spots are those of its own seats.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum What {
    /// The first round: what the words of a question find.
    Hear {
        /// The question.
        question: Question,
        /// The constants of the ranking.
        ranking: Ranking,
        /// Which documents to count.
        filter: Only,
        /// How many documents to find, at most as many as the ranking has candidates.
        most: usize,
    },
    /// The second round: what seeds speak of, by their order.
    Speak {
        /// The question.
        question: Question,
        /// The constants of the ranking.
        ranking: Ranking,
        /// The seeds.
        spots: Vec<Spot>,
    },
    /// The third round: what seeds lead to.
    Reach(Box<Reach>),
    /// What documents are worth, by their order.
    Weigh {
        /// What the question means.
        meant: Meant,
        /// The documents.
        spots: Vec<Spot>,
    },
    /// The fourth round: what documents are to their neighbours, and what others are worth, each by their order.
    Surround {
        /// What the question means.
        meant: Meant,
        /// The neighbours.
        turns: Vec<DocumentId>,
        /// The documents to weigh.
        others: Vec<DocumentId>,
        /// Which of these are allowed.
        filter: Only,
    },
    /// A page of the best documents by BM25.
    Best {
        /// The question's terms.
        terms: Vec<WeightedTerm>,
        /// How many documents are among the best.
        most: usize,
        /// The least score.
        floor: f64,
        /// Which documents are allowed.
        filter: Only,
        /// The score and the id of the last document that is known.
        after: Option<(f64, u128)>,
    },
    /// A page of the documents that concepts light up most.
    MostLit {
        /// The concepts.
        lit: Vec<Lit>,
        /// How many documents are among the most lit.
        most: usize,
        /// Which documents are allowed.
        filter: Only,
        /// The strength and the id of the last document that is known.
        after: Option<(f64, u128)>,
    },
    /// A page of the documents that are most similar.
    MostSimilar {
        /// The question.
        question: Question,
        /// How many documents are among the most similar.
        most: usize,
        /// Which documents are allowed.
        filter: Only,
        /// The cosine and the id of the last document that is known.
        after: Option<(f64, u128)>,
    },
    /// What of documents is compared with others, by their order.
    Outline(Vec<Spot>),
    /// The last round: hits, labels of concepts and names of seeds, each by their order.
    Tell {
        /// What the question means.
        meant: Meant,
        /// What a unit of covered BM25 score is worth in a lexical part.
        unit: f64,
        /// How many concepts to tell of each hit.
        concepts_max: usize,
        /// The terms whose labels are asked for.
        terms: Vec<u32>,
        /// The seeds.
        seeds: Vec<Spot>,
        /// The hits.
        hits: Vec<Hit>,
        /// The neighbours whose names are asked for.
        neighbors: Vec<DocumentId>,
    },
    /// Documents with the scores they are given, by their order.
    Documents(Vec<(Spot, f64)>),
    /// Where documents are.
    Find(Vec<DocumentId>),
    /// What terms add to the scores of concepts near them.
    Near(Vec<u32>),
    /// The labels of terms, by their order.
    Labels(Vec<u32>),
    /// How many documents match.
    Count(Filter),
    /// A page of the names of those that match, in order.
    Names {
        /// Which documents match.
        filter: Filter,
        /// The last name that is known.
        after: Option<String>,
    },
    /// Documents as they are stored, by their order.
    Stored(Vec<Spot>),
    /// What the node's shards hold together.
    Counts,
    /// What each of them holds.
    Shards,
    /// What the home of each concept reports of it, by their order.
    Describe(Vec<u32>),
    /// The rows of concepts, by their order.
    Rows(Vec<u32>),
    /// The concept with an id.
    Node(NodeId),
    /// A page of all concepts, in the order of their ids.
    Nodes {
        /// The last id that is known.
        after: Option<u128>,
    },
    /// A page of all rows, in the order of their concepts' ids.
    Edges {
        /// The last id that is known.
        after: Option<u128>,
    },
    /// A page of the terms of a shard's documents, by number.
    Terms {
        /// The shard's seat.
        seat: usize,
        /// The last term that is known.
        after: Option<u32>,
    },
    /// What a shard by itself finds for stems.
    Local {
        /// The shard's seat.
        seat: usize,
        /// The stems.
        stems: Vec<String>,
        /// Statistics that override the committed ones.
        df: BTreeMap<String, u32>,
        /// How many concepts to find.
        most: usize,
    },
    /// What shards contribute to the graph of a survey, by their seats.
    Pairs(Vec<usize>),
    /// What shards contribute to the concepts of documents, by their seats.
    Lists(Vec<usize>),
    /// The terms near words that no document has.
    Nearest {
        /// The words, and the most edits of each.
        words: Vec<(String, u32)>,
        /// How many terms to find for each.
        most: usize,
    },
    /// The terms with a form that begins in some way.
    Beginning {
        /// The beginning.
        begun: String,
        /// How many terms to find.
        most: usize,
    },
    /// Whether a document meets clauses.
    Meets {
        /// The document.
        spot: Spot,
        /// The clauses.
        clauses: Vec<Clause>,
    },
}

/// What a question means.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Meant {
    /// The question.
    pub question: Question,
    /// The constants of the ranking.
    pub ranking: Ranking,
    /// The concepts that the seeds light up, in the order of their ids.
    pub lit: Vec<Lit>,
}

impl Meant {
    /// Returns a copy of what a question means.
    pub fn of(meaning: Meaning<'_>) -> Meant {
        let Meaning { question, ranking, lit } = meaning;
        Meant { question: question.clone(), ranking: ranking.clone(), lit: lit.to_vec() }
    }

    /// Returns it as homes take it.
    pub fn meaning(&self) -> Meaning<'_> {
        Meaning { question: &self.question, ranking: &self.ranking, lit: &self.lit }
    }
}

/// What the third round asks of a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reach {
    /// What the question means.
    pub meant: Meant,
    /// What each seed says, by rank, if mentions count.
    pub sequences: Vec<Vec<u32>>,
    /// The best seed, if its home is here.
    pub best: Option<Spot>,
    /// Which documents to find, if hits are asked for.
    pub wanted: Option<Search>,
}

/// Which documents the third round finds on a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Search {
    /// All that are allowed.
    All(Only),
    /// The best.
    Best {
        /// Those of the first round whose home is here.
        candidates: Vec<Spot>,
        /// Which documents are allowed.
        filter: Only,
        /// How many allowed documents to find by words, if any.
        by_words: Option<usize>,
        /// How many allowed documents to find by vectors, if any.
        by_similarity: Option<usize>,
        /// The indices of the lit concepts whose postings are read.
        affordable: Vec<u32>,
        /// How many documents to find by concepts.
        by_concepts: usize,
    },
}

/// What a node replies, in the order of [`What`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// What the words of a question find.
    Heard(Heard),
    /// What seeds speak of: a page.
    Voices(Vec<Voice>),
    /// What seeds lead to.
    Reached(Box<Reached>),
    /// What documents are worth: a page.
    Weighed(Vec<Weighed>),
    /// What documents are to their neighbours, and what others are worth: a page, in this order.
    Surrounded(Vec<Turn>, Vec<Option<(Spot, Weighed)>>),
    /// The best documents by BM25: a page.
    Best(Vec<Found>),
    /// The documents that concepts light up most: a page, the most lit first.
    MostLit(Vec<LitDocument>),
    /// The documents that are most similar: a page.
    MostSimilar(Vec<Found>),
    /// What of documents is compared with others: a page.
    Outlined(Vec<Outline>),
    /// Labels, seeds, neighbours and hits: a page, in this order.
    Told(Told),
    /// Documents: a page.
    Documents(Vec<FoundDocument>),
    /// Where documents are, and whether each has a key.
    Spots(Vec<Option<(Spot, bool)>>),
    /// What terms add to the scores of concepts near them, in no order.
    Near(Vec<Contribution>),
    /// Labels: a page.
    Labels(Vec<EcoString>),
    /// How many documents match.
    Count(u64),
    /// Names, and whether there are more.
    Names(Vec<String>, bool),
    /// Documents as they are stored: a page.
    Stored(Vec<StoredDocument>),
    /// What the node's shards hold together.
    Counts(Counts),
    /// What each of them holds, by seat.
    Shards(Vec<SeatCounts>),
    /// What homes report of concepts: a page; `None` for terms that are none.
    Described(Vec<Option<NodeData>>),
    /// Rows of concepts, each in the order of its targets' ids: a page.
    Rows(Vec<Vec<Synapse>>),
    /// A concept's term, if it is here.
    Node(Option<u32>),
    /// Concepts by term, and whether there are more.
    Nodes(Vec<(u32, NodeData)>, bool),
    /// Labels and rows of concepts by term, and whether there are more.
    Edges(Vec<(u32, EcoString, Vec<Synapse>)>, bool),
    /// Terms, in how many of a shard's documents each is, and whether there are more.
    Terms(Vec<(u32, u32)>, bool),
    /// What a shard by itself finds.
    Local(LocalConcepts),
    /// What shards contribute to the graph of a survey: a page.
    Pairs(Vec<Part>),
    /// What shards contribute to the concepts of documents: a page.
    Lists(Vec<ListsPart>),
    /// The terms near words, by the order of the words: of those whose home is here.
    Nearest(Vec<Vec<Near>>),
    /// The terms that begin so: of those whose home is here.
    Beginning(Vec<Near>),
    /// Whether the document meets each clause.
    Met(Vec<bool>),
}

/// What the words of a question find on a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// Documents, titles and rows.
    pub found: FoundByWords,
    /// What documents have of the question: those found by words, then the bearers of titles, then similar ones.
    pub evidence: Vec<(Spot, Evidence)>,
    /// How many documents match the filter.
    pub allowed: u64,
}

/// What seeds lead to on a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// The titles that each sequence mentions.
    pub mentioned: Vec<Vec<Named>>,
    /// How strongly concepts light up the best seed, if its home is here.
    pub full: Option<f64>,
    /// How strongly they light up each candidate; `None` for one that is not allowed.
    pub activations: Vec<Option<f64>>,
    /// Allowed documents by words, best first.
    pub by_words: Vec<Found>,
    /// Allowed documents by vectors, best first.
    pub by_similarity: Vec<Found>,
    /// Allowed documents by concepts.
    pub by_concepts: Vec<LitDocument>,
    /// The allowed documents among all of these besides the candidates, or simply all allowed ones, each once, with
    /// their ids.
    pub others: Vec<(Spot, DocumentId, Weighed)>,
}

/// Labels, seeds, neighbours and hits, in the order in which they were asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The labels of terms.
    pub labels: Vec<EcoString>,
    /// The names and titles of seeds.
    pub seeds: Vec<Introduced>,
    /// The names of neighbours.
    pub neighbors: Vec<String>,
    /// The hits.
    pub hits: Vec<ToldHit>,
}

impl Ask {
    /// Returns the ask as bytes.
    ///
    /// # Errors
    /// [`Error::Limit`] for more than [`MESSAGE_BYTES_MAX`].
    pub fn encode(&self) -> Result<Vec<u8>> {
        encode("ask", self)
    }

    /// Decodes what [`Ask::encode`] returned. Whether it fits the state is judged when it is answered.
    ///
    /// # Errors
    /// [`Error::Wire`] for anything else, and for more than [`MESSAGE_BYTES_MAX`].
    pub fn decode(bytes: &[u8]) -> Result<Ask> {
        decode("ask", bytes)
    }
}

impl Reply {
    /// Returns the reply as bytes.
    ///
    /// # Errors
    /// [`Error::Limit`] for more than [`MESSAGE_BYTES_MAX`].
    pub fn encode(&self) -> Result<Vec<u8>> {
        encode("reply", self)
    }

    /// Decodes what [`Reply::encode`] returned. Whether it fits the ask is judged by whoever asked.
    ///
    /// # Errors
    /// [`Error::Wire`] for anything else, and for more than [`MESSAGE_BYTES_MAX`].
    pub fn decode(bytes: &[u8]) -> Result<Reply> {
        decode("reply", bytes)
    }
}

fn encode(what: &'static str, message: &impl Serialize) -> Result<Vec<u8>> {
    let bytes = postcard::to_extend(message, vec![ASK_VERSION]).expect("plain data always encodes");
    if bytes.len() > MESSAGE_BYTES_MAX {
        let (limit, value) = (MESSAGE_BYTES_MAX as u64, bytes.len() as u64);
        return Err(Error::Limit { what: format!("the bytes of one {what}"), limit, value });
    }
    Ok(bytes)
}

fn decode<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T> {
    let refused = |reason: String| Error::Wire { what, reason };
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(refused(format!("{} bytes are more than {MESSAGE_BYTES_MAX}", bytes.len())));
    }
    let Some((&version, rest)) = bytes.split_first() else { return Err(refused("there are none".into())) };
    if version != ASK_VERSION {
        return Err(refused(format!("version {version} is not {ASK_VERSION}")));
    }
    let (message, left) = postcard::take_from_bytes(rest).map_err(|cause| refused(cause.to_string()))?;
    if !left.is_empty() {
        return Err(refused(format!("{} bytes are left over", left.len())));
    }
    Ok(message)
}
