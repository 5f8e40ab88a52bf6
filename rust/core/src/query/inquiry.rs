//! What a question means to one committed state: everything needed to score any document.
//!
//! 1. *lexical* ([`crate::query::lexical`]): BM25 with coverage and titles. Every shard finds documents by the
//!    question's words; the home shards of the best weigh them; the few best of these are seeds.
//! 2. *concepts* ([`crate::query::concepts`]): the home shards of the seeds report what they speak of; that lights up
//!    concepts, and those light up documents.
//! 3. *bridge* ([`crate::query::bridge`]): a mention of a document's title in a seed leads to that document.
//!
//! Every step is a round: each shard is asked on its own and replies with plain data of bounded size. One gather sums
//! the replies in an order that does not depend on shards: of term ids, or of seeds by rank. Ties are ordered by
//! document id. Here the rounds run over the shards of one process, one shard after the other.

use crate::Result;
use crate::commons::Commons;
use crate::query::buffers::Buffers;
use crate::query::evidence::Evidence;
use crate::query::lexical::{self, ByWords, Candidate, Scale};
use crate::query::parts::{Heard, Parts, Scorers, Weighed};
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::seeds::{self, Seed, Voice};
use crate::query::view::{Spot, View};
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
    /// [`crate::Error::Cancelled`] once the flag of the view is set, here and below.
    pub fn new(
        view: View<'_>,
        text: &str,
        ranking: &Ranking,
        session: &mut Session,
        buffers: &mut Buffers,
    ) -> Result<Self> {
        let commons = view.commons;
        let question = Question::new(commons, session, text);
        let ranking = ranking.clone().among(commons.documents());
        let mut by_words = ByWords::new(&ranking);
        for local in view.locals() {
            by_words.gather(lexical::find(local, &question, &ranking, by_words.floor(), buffers)?);
        }
        let mut unweighed = by_words.finish(&question, commons, &ranking);
        let wired = std::mem::take(&mut unweighed.wired);
        buffers.mark_words(&question, commons);
        let weigh = |&((seat, place), _): &(Spot, u128)| {
            lexical::evidence(view.local(seat), &question, place, &ranking, buffers)
        };
        let evidence = unweighed.spots.iter().map(weigh).collect::<Result<_>>()?;
        let (lexical, candidates) = Scale::new(unweighed, evidence, &ranking);

        let seeds = seeds::choose(&candidates, &ranking);
        let speak = |seed: &Seed| seeds::speak(view.local(seed.spot.0), &question, seed.spot.1, &ranking, buffers);
        let voices: Vec<Voice> = seeds.iter().map(speak).collect::<Result<_>>()?;
        let heard =
            Heard { view, question: &question, ranking: &ranking, seeds: &seeds, voices: &voices, wired: &wired };
        let scorers = Scorers::new(lexical, heard)?;
        let mut inquiry = Inquiry { question, ranking, candidates, seeds, voices, scorers };
        buffers.mark_concepts(&inquiry.scorers.concepts.lit, commons);
        if let Some(best) = inquiry.seeds.first() {
            inquiry.scorers.concepts.full = inquiry.activation(view, best.spot, buffers)?;
        }
        Ok(inquiry)
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

    /// Marks the question's words and concepts in buffers that another inquiry may have used.
    pub fn mark(&self, commons: &Commons, buffers: &mut Buffers) {
        buffers.mark_words(&self.question, commons);
        buffers.mark_concepts(&self.scorers.concepts.lit, commons);
    }

    /// Returns a document's evidence for the question's words, from its home shard. Words must be marked.
    pub fn evidence(&self, view: View<'_>, (seat, place): Spot, buffers: &mut Buffers) -> Result<Evidence> {
        lexical::evidence(view.local(seat), &self.question, place, &self.ranking, buffers)
    }

    /// Returns how strongly the concepts light up a document, from its home shard. Concepts must be marked.
    pub fn activation(&self, view: View<'_>, (seat, place): Spot, buffers: &mut Buffers) -> Result<f64> {
        self.scorers.concepts.activation(view.local(seat), place, buffers)
    }

    /// Returns everything that a document's home shard reports of it. Words and concepts must be marked.
    pub fn weigh(&self, view: View<'_>, spot: Spot, buffers: &mut Buffers) -> Result<Weighed> {
        let evidence = self.evidence(view, spot, buffers)?;
        Ok(Weighed { evidence, activation: self.activation(view, spot, buffers)? })
    }

    /// Returns the parts of a document's score.
    pub fn parts(&self, spot: Spot, weighed: &Weighed) -> Parts {
        self.scorers.parts(spot, weighed, &self.ranking)
    }
}
