//! What a question means to one committed state: everything needed to score any document.
//!
//! 1. *lexical* ([`crate::query::lexical`]): BM25 with coverage and titles. Every shard finds documents by the
//!    question's words; the home shards of the best weigh them; the few best of these are seeds.
//! 2. *concepts* ([`crate::query::concepts`]): the home shards of the seeds report what they speak of; that lights up
//!    concepts, and those light up documents.
//! 3. *bridge* ([`crate::query::bridge`]): a mention of a document's title in a seed leads to that document.
//!
//! Each step is a round over all homes ([`crate::query::homes`]). One gather sums the replies in an order that does not
//! depend on shards: of term ids, or of seeds by rank. Ties are ordered by document id.

use crate::Result;
use crate::commons::Commons;
use crate::query::clause::Clause;
use crate::query::concepts;
use crate::query::homes::{Homes, Meaning, Reached, Reaching, Wanted};
use crate::query::lexical::{Candidate, Scale};
use crate::query::parts::{Parts, Scorers, Weighed};
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::reading;
use crate::query::seeds::{self, Seed, Voice};
use crate::query::view::Spot;
use crate::query::wording::Wording;
use crate::text::Session;

/// Why an answer is empty.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Nothing {
    /// The colony has no documents.
    NoDocuments,
    /// The question has no words, or only function words that no document has.
    NoWords,
    /// No document has any of its words.
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
    /// Analyses a question, finds its seeds and lights up its concepts.
    ///
    /// # Errors
    /// Those of the homes, here and below.
    pub fn new<H: Homes>(homes: &mut H, text: &str, ranking: &Ranking, session: &mut Session) -> Result<Self> {
        Inquiry::with(homes, &text.into(), &[], ranking, session)
    }

    /// The same for a question with operators.
    ///
    /// # Errors
    /// Those of the homes.
    pub fn with<H: Homes>(
        homes: &mut H,
        wording: &Wording,
        clauses: &[Clause],
        ranking: &Ranking,
        session: &mut Session,
    ) -> Result<Self> {
        let (mut inquiry, _) = Inquiry::begin(homes, wording, clauses, ranking, None, session)?;
        inquiry.reach(homes, None)?;
        Ok(inquiry)
    }

    /// Runs the first two rounds. Returns what is known after them, and how many documents are allowed, if not all are.
    pub(crate) fn begin<H: Homes>(
        homes: &mut H,
        wording: &Wording,
        clauses: &[Clause],
        ranking: &Ranking,
        allowed: Option<&H::Allowed>,
        session: &mut Session,
    ) -> Result<(Self, Option<u64>)> {
        let question = reading::question(homes, wording, clauses, ranking, session)?;
        let ranking = ranking.clone().among(homes.commons().documents());
        let mut heard = homes.hear(&question, &ranking, allowed)?;
        let wired = std::mem::take(&mut heard.unweighed.wired);
        let (lexical, candidates) = Scale::new(heard.unweighed, heard.evidence, &ranking);
        let seeds = seeds::choose(&candidates, &ranking);
        let voices = if seeds.is_empty() { Vec::new() } else { homes.speak(&question, &ranking, &seeds)? };
        let concepts = concepts::light(homes.commons(), &question, &seeds, &voices, wired, &ranking);
        let scorers = Scorers { lexical, concepts, bridge: Default::default() };
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
    pub fn parts(&self, spot: Spot, weighed: &Weighed) -> Parts {
        self.scorers.parts(spot, weighed, &self.ranking)
    }
}
