//! The canonical dump of a colony, and its digest.
//!
//! Entities are in the order of their 128-bit ids, numbers are little-endian, strings follow their length. Nothing in
//! the dump depends on how many shards, threads or processes there are, or on what was swept.

use crate::Result;
use crate::cancel::Cancel;
use crate::documents::Document;
use crate::ids::DocumentId;
use crate::replica::Replica;
use crate::text::ANALYSER;
use sha2::{Digest, Sha256};

const FORMAT: &str = "phago dump 1";

struct Writer<'a> {
    cancel: &'a Cancel,
    hash: Sha256,
    buffer: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn new(format: &str, cancel: &'a Cancel) -> Self {
        let mut out = Writer { cancel, hash: Sha256::new(), buffer: Vec::new() };
        out.text(format);
        out.text(ANALYSER);
        out
    }

    fn finish(mut self) -> String {
        self.hash.update(&self.buffer);
        self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() > 1 << 16 {
            self.hash.update(&self.buffer);
            self.buffer.clear();
        }
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    fn real(&mut self, real: f64) {
        self.number(real.to_bits());
    }

    fn id(&mut self, id: u128) {
        self.bytes(&id.to_le_bytes());
    }
}

/// Returns the SHA-256 of the canonical dump, as 64 hexadecimal digits.
///
/// # Errors
/// [`crate::Error::Cancelled`] once the flag is set, here and below.
pub fn digest(replica: &Replica, cancel: &Cancel) -> Result<String> {
    let mut out = Writer::new(FORMAT, cancel);
    config(replica, &mut out);
    evidence_of(replica, &mut out)?;
    history(replica, &mut out)?;
    graph(replica, &mut out)?;
    digesters(replica, &mut out);
    // A colony that was never told the time has the dump of one that knows none.
    if let Some(now) = replica.commons().now() {
        out.text("now");
        out.bytes(&now.to_le_bytes());
    }
    Ok(out.finish())
}

/// Returns the SHA-256 of the part of the dump that documents alone decide: texts, postings, N, lengths, df, word
/// forms. It equals that of a colony that never had the documents deleted from this one.
pub fn evidence(replica: &Replica, cancel: &Cancel) -> Result<String> {
    let mut out = Writer::new(FORMAT, cancel);
    evidence_of(replica, &mut out)?;
    Ok(out.finish())
}

fn evidence_of(replica: &Replica, out: &mut Writer<'_>) -> Result<()> {
    documents(replica, out)?;
    terms(replica, out)
}

// Writes every setting that can change a state; settings that change only cost are left out.
fn config(replica: &Replica, out: &mut Writer<'_>) {
    let config = replica.commons().config();
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
}

fn sorted_documents(replica: &Replica) -> Vec<&Document> {
    // With the ids beside them, because documents lie far apart in memory.
    let all = replica.shards().iter().flat_map(|shard| shard.documents().all());
    let mut all: Vec<(DocumentId, &Document)> = all.map(|document| (document.id, document)).collect();
    all.sort_unstable_by_key(|document| document.0);
    all.into_iter().map(|(_, document)| document).collect()
}

fn documents(replica: &Replica, out: &mut Writer<'_>) -> Result<()> {
    let commons = replica.commons();
    out.number(commons.documents());
    out.number(commons.statistics().length());
    for document in sorted_documents(replica) {
        out.cancel.poll()?;
        out.id(document.id.0);
        let body = &document.body;
        let (has_key, more) = (body.key.is_some(), body.more());
        // Flags: whether there is a key, and each of the fields that then follow the text.
        out.number(u64::from(has_key) + more.iter().map(|(bit, _)| bit).sum::<u64>());
        out.text(body.key.as_deref().unwrap_or(""));
        out.text(&body.title);
        out.text(&body.text);
        for (_, bytes) in more {
            out.bytes(&bytes);
        }
        let mut terms: Vec<_> = document.terms.iter().map(|&(term, count)| (commons.id(term), count)).collect();
        terms.sort_unstable();
        out.number(terms.len() as u64);
        for (id, count) in terms {
            out.id(id);
            out.number(count.into());
        }
    }
    Ok(())
}

// Writes which ticks digested the documents, and what the next tick will unwire or strengthen.
fn history(replica: &Replica, out: &mut Writer<'_>) -> Result<()> {
    let commons = replica.commons();
    out.number(commons.tick());
    out.number(commons.digested());
    out.number(commons.backlog().failed());
    for document in sorted_documents(replica) {
        out.cancel.poll()?;
        out.number(document.arrival.into());
        out.number(document.digested.map_or(0, u64::from));
        concepts(replica, &document.concepts, out);
    }
    let mut unwiring: Vec<_> = replica.shards().iter().flat_map(|shard| shard.unwiring()).collect();
    let key = |list: &[u32]| -> Vec<u128> { sorted_ids(replica, list) };
    unwiring.sort_by_cached_key(|(digested, list)| (*digested, key(list)));
    out.number(unwiring.len() as u64);
    for (digested, list) in unwiring {
        out.number((*digested).into());
        concepts(replica, list, out);
    }
    reinforcements(replica, out);
    Ok(())
}

fn reinforcements(replica: &Replica, out: &mut Writer<'_>) {
    let mut all: Vec<_> = replica.shards().iter().flat_map(|shard| shard.reinforcing()).collect();
    all.sort_unstable_by_key(|waiting| waiting.0);
    out.number(all.len() as u64);
    for (document, waiting) in all {
        out.id(*document);
        out.number(waiting.len() as u64);
        for (reinforcement, &times) in waiting {
            out.number(times);
            out.number(reinforcement.stems().len() as u64);
            reinforcement.stems().iter().for_each(|stem| out.text(stem));
            out.number(reinforcement.pairs().len() as u64);
            for &(one, other) in reinforcement.pairs() {
                out.number(one.into());
                out.number(other.into());
            }
        }
    }
}

fn sorted_ids(replica: &Replica, terms: &[u32]) -> Vec<u128> {
    let mut ids: Vec<u128> = terms.iter().map(|&term| replica.commons().id(term)).collect();
    ids.sort_unstable();
    ids
}

fn concepts(replica: &Replica, terms: &[u32], out: &mut Writer<'_>) {
    out.number(terms.len() as u64);
    sorted_ids(replica, terms).into_iter().for_each(|id| out.id(id));
}

fn terms(replica: &Replica, out: &mut Writer<'_>) -> Result<()> {
    let commons = replica.commons();
    // A refused document may have left words in the dictionary; no document has them.
    let mut all: Vec<u32> = (0..commons.terms() as u32).filter(|&term| commons.df(term) > 0).collect();
    all.sort_unstable_by_key(|term| commons.id(*term));
    out.number(all.len() as u64);
    for term in all {
        out.cancel.poll()?;
        out.id(commons.id(term));
        out.text(&commons.lexicon().stem(term));
        out.number(commons.df(term).into());
        for (form, count) in commons.vocabulary().forms(term) {
            out.text(&form);
            out.number(count);
        }
    }
    Ok(())
}

fn graph(replica: &Replica, out: &mut Writer<'_>) -> Result<()> {
    let commons = replica.commons();
    let nodes = replica.nodes();
    out.number(nodes.len() as u64);
    out.number(replica.edge_count());
    for term in nodes {
        out.cancel.poll()?;
        out.id(commons.id(term));
        out.number(replica.home(term).wirings(term, commons).into());
        out.number(replica.home(term).uses_of(term, commons));
        let row = replica.row(term);
        out.number(row.len() as u64);
        for synapse in row {
            out.id(commons.id(synapse.target));
            for field in [synapse.weight, synapse.last, synapse.created, synapse.co_activations] {
                out.bytes(&field.to_le_bytes());
            }
        }
    }
    Ok(())
}

fn digesters(replica: &Replica, out: &mut Writer<'_>) {
    let mut living: Vec<_> = replica.shards().iter().flat_map(|shard| shard.digesters()).collect();
    living.sort_unstable_by_key(|digester| digester.id);
    for digester in living {
        out.number(digester.id.birth);
        out.id(digester.id.parent);
        out.number(digester.id.ordinal.into());
        out.number(digester.taken);
        out.number(digester.idle.into());
    }
}
