//! What one replica contributes to a digest.

use super::order::Order;
use super::records;
use super::sum::Sum;
use super::writer::Writer;
use crate::cancel::Cancel;
use crate::commons::Commons;
use crate::config::ColonyConfig;
use crate::replica::Replica;
use crate::shard::Shard;
use crate::text::ANALYSER;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

const FORMAT: &str = "phago dump 2";

/// What a digest is of.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub enum Scope {
    /// The whole state.
    Whole,
    /// What documents alone decide.
    Evidence,
}

/// The records of some seats, counted and summed. Parts of all seats make the digest, merged in any order.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Part {
    scope: Scope,
    documents: u64,
    terms: u64,
    concepts: u64,
    synapses: u64,
    unwiring: u64,
    reinforced: u64,
    digesters: u64,
    sum: Sum,
}

impl Part {
    /// Returns the part of the seats that a replica has.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once the flag is set.
    pub fn of(replica: &Replica, scope: Scope, cancel: &Cancel) -> Result<Part> {
        let commons = replica.commons();
        let mut summing = Summing { part: Part::nothing(scope), commons, order: Order::new(commons), cancel };
        let mut out = Writer::default();
        let mut is_own = vec![false; replica.shards().len()];
        for &seat in replica.own() {
            is_own[seat] = true;
            summing.shard(&replica.shards()[seat], &mut out)?;
        }
        for term in 0..commons.terms() as u32 {
            let seat = commons.seat(commons.home(term).shard);
            if is_own[seat] {
                summing.term(term, &replica.shards()[seat], &mut out)?;
            }
        }
        Ok(summing.part)
    }

    /// Returns the part of no seat.
    fn nothing(scope: Scope) -> Part {
        let [documents, terms, concepts, synapses, unwiring, reinforced, digesters] = [0; 7];
        Part { scope, documents, terms, concepts, synapses, unwiring, reinforced, digesters, sum: Sum::new() }
    }

    /// Takes over the part of other seats.
    ///
    /// # Errors
    /// [`Error::Wire`] for a part of another digest. Then nothing changes.
    pub fn merge(&mut self, other: &Part) -> Result<()> {
        if self.scope != other.scope {
            return Err(odd(format!("a part of {:?} and one of {:?} make no digest", self.scope, other.scope)));
        }
        self.documents += other.documents;
        self.terms += other.terms;
        self.concepts += other.concepts;
        self.synapses += other.synapses;
        self.unwiring += other.unwiring;
        self.reinforced += other.reinforced;
        self.digesters += other.digesters;
        self.sum.merge(&other.sum);
        Ok(())
    }

    /// Returns the digest, as 64 hexadecimal digits, of a colony with this commons, whose parts are all in this one.
    ///
    /// # Errors
    /// [`Error::Wire`] if the commons count other records than were summed, as when the part of a node is missing.
    pub fn digest(&self, commons: &Commons) -> Result<String> {
        self.check(commons)?;
        let mut out = Writer::default();
        out.text(FORMAT);
        out.text(ANALYSER);
        out.text(match self.scope {
            Scope::Whole => "whole",
            Scope::Evidence => "evidence",
        });
        out.number(commons.documents());
        out.number(commons.statistics().length());
        out.number(self.terms);
        if self.scope == Scope::Whole {
            config(commons.config(), &mut out);
            out.number(commons.tick());
            out.number(commons.digested());
            out.number(commons.backlog().failed());
            for count in [self.concepts, self.synapses, self.unwiring, self.reinforced, self.digesters] {
                out.number(count);
            }
            // A colony that was never told the time has the digest of one that knows none.
            out.number(commons.now().is_some().into());
            out.bytes(&commons.now().unwrap_or_default().to_le_bytes());
            // So does one that has nothing beside its documents.
            if let Some(life) = commons.life().encode(commons.tick()) {
                out.text("life");
                out.block(&life);
            }
        }
        out.bytes(&self.sum.bytes());
        Ok(out.take().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn check(&self, commons: &Commons) -> Result<()> {
        let known = (0..commons.terms() as u32).filter(|term| commons.df(*term) > 0).count() as u64;
        let (summed, counted) = ([self.documents, self.terms], [commons.documents(), known]);
        if summed != counted {
            return Err(odd(format!("{summed:?} documents and terms were summed of {counted:?}")));
        }
        let digesters = commons.roster().digesters().len() as u64;
        let (summed, counted) = ([self.unwiring, self.digesters], [commons.unwiring(), digesters]);
        if self.scope == Scope::Whole && summed != counted {
            return Err(odd(format!("{summed:?} documents to unwire and digesters were summed of {counted:?}")));
        }
        Ok(())
    }
}

/// A part while records are added to it.
struct Summing<'a> {
    part: Part,
    commons: &'a Commons,
    order: Order,
    cancel: &'a Cancel,
}

impl Summing<'_> {
    fn shard(&mut self, shard: &Shard, out: &mut Writer) -> Result<()> {
        let (part, order) = (&mut self.part, &self.order);
        for (place, document) in shard.documents().placed() {
            self.cancel.poll()?;
            records::document(document, shard.documents().vectors().at(place), order, out);
            if part.scope == Scope::Whole {
                records::progress(document, order, out);
            }
            part.sum.add(out.take());
            part.documents += 1;
        }
        if part.scope == Scope::Evidence {
            return Ok(());
        }
        for (digested, concepts) in shard.unwiring() {
            self.cancel.poll()?;
            records::unwiring(*digested, concepts, order, out);
            part.sum.add(out.take());
            part.unwiring += 1;
        }
        for (document, waiting) in shard.reinforcing() {
            self.cancel.poll()?;
            records::reinforcements(*document, waiting, out);
            part.sum.add(out.take());
            part.reinforced += 1;
        }
        for digester in shard.digesters() {
            self.cancel.poll()?;
            records::digester(digester, out);
            part.sum.add(out.take());
            part.digesters += 1;
        }
        Ok(())
    }

    fn term(&mut self, term: u32, home: &Shard, out: &mut Writer) -> Result<()> {
        let (part, commons) = (&mut self.part, self.commons);
        // A refused document may have left words in the dictionary. A deleted one may have left a concept.
        let is_concept = part.scope == Scope::Whole && home.is_concept(term, commons);
        let is_known = commons.df(term) > 0;
        if !is_known && !is_concept {
            return Ok(());
        }
        self.cancel.poll()?;
        records::term(term, commons, out);
        part.terms += u64::from(is_known);
        if part.scope == Scope::Whole {
            let synapses = records::concept(term, home, commons, &self.order, out);
            part.concepts += u64::from(synapses.is_some());
            part.synapses += synapses.unwrap_or(0);
        }
        part.sum.add(out.take());
        Ok(())
    }
}

fn odd(reason: String) -> Error {
    Error::Wire { what: "digest", reason }
}

// Writes every setting that can change a state; settings that change only cost are left out.
fn config(config: &ColonyConfig, out: &mut Writer) {
    out.number(config.seed);
    out.real(config.signal_decay_rate);
    out.real(config.signal_removal_threshold);
    out.real(config.trace_decay_rate);
    out.real(config.trace_removal_threshold);
    out.real(config.edge_decay_rate);
    out.real(config.edge_prune_threshold);
    out.real(config.staleness_factor);
    out.number(config.maturation_ticks.into());
    out.real(config.reinforcement_gain);
    out.number(config.max_edge_degree.into());
    out.number(config.concepts_per_document.into());
    out.number(config.documents_per_tick.into());
    out.number(config.bytes_per_tick);
    out.number(config.documents_per_digester.into());
    // These came later. A colony that leaves them as they are has the digest of before.
    let usual = ColonyConfig::default();
    if config.documents_first != usual.documents_first {
        out.text(config.documents_first.name());
    }
    if config.known_word_boost != usual.known_word_boost {
        out.text("known_word_boost");
        out.real(config.known_word_boost);
    }
    if config.survey_quorum != usual.survey_quorum {
        out.text("survey_quorum");
        out.number(config.survey_quorum);
    }
    for (name, is_on) in [("digestion", config.digestion), ("wiring", config.wiring)] {
        if !is_on {
            out.text(name);
        }
    }
    if config.digester_patience != usual.digester_patience {
        out.text("digester_patience");
        out.number(config.digester_patience.into());
    }
}
