//! What a question means to one committed state: everything needed to score any document.
//!
//! 1. *lexical* ([`crate::query::lexical`]): BM25 with coverage and titles. Every shard finds documents by the
//!    question's words; the home shards of the best weigh them; the few best of these are seeds.
//! 2. *concepts* ([`crate::query::concepts`]): the home shards of the seeds report what they speak of; that lights up
//!    concepts, and those light up documents.
//! 3. *bridge* ([`crate::query::bridge`]): a mention of a document's title in a seed leads to that document.
//! 4. *context* ([`crate::query::context`]): the home shards of a document's neighbours in its thread report what these
//!    have of the question's words.
//! 5. *similar* ([`crate::query::similar`]): with a vector of the question, all documents that have one are compared with
//!    it; the best are weighed like those that words find. *newer* ([`crate::query::newer`]) reads times.
//!
//! Each step is a round over all homes ([`crate::query::homes`]). One gather sums the replies in an order that does not
//! depend on shards: of term ids, or of seeds by rank. Ties are ordered by document id.

use crate::Result;
use crate::commons::Commons;
use crate::ids::DocumentId;
use crate::query::clause::Clause;
use crate::query::concepts;
use crate::query::context::Context;
use crate::query::homes::{Homes, Meaning, Reached, Reaching, Surrounding, Wanted};
use crate::query::lexical::{Candidate, Scale};
use crate::query::newer::Newer;
use crate::query::parts::{Parts, Scorers, Weighed};
use crate::query::question::{Query, Question};
use crate::query::ranking::Ranking;
use crate::query::reading;
use crate::query::seeds::{self, Seed, Voice};
use crate::query::similar::Similar;
use crate::query::view::Spot;
use crate::text::Session;

/// Why an answer is empty.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Nothing {
    /// The colony has no documents.
    NoDocuments,
    /// The question has no words, or only function words that no document has.
    NoWords,
    /// No document has any of its words, function words aside.
    UnknownWords,
}

/// What a question means to one committed state: everything needed to score any document.
#[derive(Clone, Debug)]
pub struct Inquiry {
    /// The question.
    pub question: Question,
    /// The constants of the ranking.
    pub ranking: Ranking,
    /// The best documents by the lexical part, best first.
    pub candidates: Vec<Candidate>,
    /// The documents that lit up concepts, best first.
    pub seeds: Vec<Seed>,
    /// What each seed says.
    pub voices: Vec<Voice>,
    /// What makes the parts of a score.
    pub scorers: Scorers,
}

impl Inquiry {
    /// Analyses a question, of whose operators `clauses` are, finds its seeds and lights up its concepts.
    ///
    /// # Errors
    /// Those of the homes, here and below.
    pub fn new<'a, H: Homes>(
        homes: &mut H,
        asked: impl Into<Query<'a>>,
        clauses: &[Clause],
        ranking: &Ranking,
        session: &mut Session,
    ) -> Result<Self> {
        let (mut inquiry, _) = Inquiry::begin(homes, asked.into(), clauses, ranking, None, session)?;
        inquiry.reach(homes, None)?;
        Ok(inquiry)
    }

    /// Runs the first two rounds. Returns what is known after them, and how many documents are allowed, if not all are.
    pub(crate) fn begin<H: Homes>(
        homes: &mut H,
        asked: Query<'_>,
        clauses: &[Clause],
        ranking: &Ranking,
        allowed: Option<&H::Allowed>,
        session: &mut Session,
    ) -> Result<(Self, Option<u64>)> {
        let question = reading::question(homes, asked, clauses, ranking, session)?;
        let ranking = ranking.clone().among(homes.commons().documents());
        let mut heard = homes.hear(&question, &ranking, allowed)?;
        let wired = std::mem::take(&mut heard.unweighed.wired);
        let similar = Similar::new(heard.unweighed.levels);
        let newer = Newer { since: question.as_of.or(heard.unweighed.newest) };
        let (lexical, candidates) = Scale::new(heard.unweighed, heard.evidence, &similar, &ranking);
        let seeds = seeds::choose(&candidates, &ranking);
        let voices = if seeds.is_empty() { Vec::new() } else { homes.speak(&question, &ranking, &seeds)? };
        let concepts = concepts::light(homes.commons(), &question, &seeds, &voices, wired, &ranking);
        let scorers = Scorers { lexical, concepts, similar, newer, ..Scorers::default() };
        Ok((Inquiry { question, ranking, candidates, seeds, voices, scorers }, heard.allowed))
    }

    /// Runs the third round, if there is any seed. Takes what every part of a score needs from what it finds, and
    /// returns the documents.
    pub(crate) fn reach<H: Homes>(&mut self, homes: &mut H, wanted: Option<Wanted<'_, H::Allowed>>) -> Result<Reached> {
        if self.seeds.is_empty() {
            return Ok(Reached::default());
        }
        let asked = Reaching { meaning: self.meaning(), seeds: &self.seeds, voices: &self.voices, wanted };
        let mut reached = homes.reach(&asked)?;
        self.scorers.bridge = std::mem::take(&mut reached.bridge);
        self.scorers.concepts.full = reached.full;
        Ok(reached)
    }

    /// Runs the fourth round, if any document stands in a thread: takes what the context part of documents needs.
    /// Returns, of `others`, those that may answer.
    pub(crate) fn surround<H: Homes>(
        &mut self,
        homes: &mut H,
        of: &[DocumentId],
        others: &[DocumentId],
        allowed: Option<&H::Allowed>,
    ) -> Result<Vec<(Spot, u128, Weighed)>> {
        if !Context::is_asked(homes.commons().threads(), &self.ranking) {
            return Ok(Vec::new());
        }
        let of = [of, others].concat();
        let turns = self.scorers.context.missing(&of, homes.commons().threads(), &self.ranking);
        let found = homes.surround(&Surrounding { meaning: self.meaning(), turns: &turns, others, allowed })?;
        self.scorers.context.learn(&of, (turns, found.turns), &self.question, homes.commons(), &self.ranking);
        let others = others.iter().zip(found.others);
        Ok(others.filter_map(|(id, other)| other.map(|(spot, weighed)| (spot, id.0, weighed))).collect())
    }

    /// Returns why nothing was found.
    pub fn nothing(&self, commons: &Commons) -> Option<Nothing> {
        match () {
            () if !self.seeds.is_empty() => None,
            () if commons.documents() == 0 => Some(Nothing::NoDocuments),
            () if !self.question.has_content => Some(Nothing::NoWords),
            () => Some(Nothing::UnknownWords),
        }
    }

    /// Returns what a home needs to know of the question to weigh a document.
    pub fn meaning(&self) -> Meaning<'_> {
        Meaning { question: &self.question, ranking: &self.ranking, lit: &self.scorers.concepts.lit }
    }

    /// Returns the parts of a document's score.
    pub fn parts(&self, (spot, id): (Spot, u128), weighed: &Weighed) -> Parts {
        self.scorers.parts((spot, id), weighed, &self.ranking)
    }
}
