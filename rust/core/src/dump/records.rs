//! The records of a shard. Each begins with its kind, so that no record of one kind is one of another.

use super::order::Order;
use super::writer::Writer;
use crate::agents::Digester;
use crate::commons::Commons;
use crate::documents::Document;
use crate::reinforcement::Waiting;
use crate::shard::Shard;

/// Writes a document as its caller gave it, with its terms and its vector.
pub(super) fn document(document: &Document, vector: Option<&[i8]>, order: &Order, out: &mut Writer) {
    out.text("document");
    out.id(document.id.0);
    let body = &document.body;
    let (has_key, mut more) = (body.key.is_some(), body.more());
    more.extend(vector.map(|values| (32, values.iter().map(|value| value.to_le_bytes()[0]).collect())));
    // Flags: whether there is a key, and each of the fields that then follow the text.
    out.number(u64::from(has_key) + more.iter().map(|(bit, _)| bit).sum::<u64>());
    out.text(body.key.as_deref().unwrap_or(""));
    out.text(&body.title);
    out.text(&body.text);
    more.iter().for_each(|(_, bytes)| out.block(bytes));
    out.number(document.terms.len() as u64);
    for (id, count) in order.sorted(document.terms.iter()) {
        out.id(id);
        out.number(count.into());
    }
}

/// Writes what became of a document, after the document.
pub(super) fn progress(document: &Document, order: &Order, out: &mut Writer) {
    out.number(document.arrival.into());
    // No tick is 0.
    out.number(document.digested.map_or(0, u64::from));
    ids(&document.concepts, order, out);
}

/// Writes a term with its word forms.
pub(super) fn term(term: u32, commons: &Commons, out: &mut Writer) {
    out.text("term");
    out.id(commons.id(term));
    out.text(&commons.lexicon().stem(term));
    out.number(commons.df(term).into());
    let forms = commons.vocabulary().forms(term);
    out.number(forms.len() as u64);
    for (form, count) in forms {
        out.text(&form);
        out.number(count);
    }
}

/// Writes the concept of a term with its synapses, after the term. Returns the number of synapses, or none if it is
/// no concept.
pub(super) fn concept(term: u32, home: &Shard, commons: &Commons, order: &Order, out: &mut Writer) -> Option<u64> {
    // 0 for a term that is no concept.
    out.number(home.wirings(term, commons).into());
    if !home.is_concept(term, commons) {
        return None;
    }
    out.number(home.uses_of(term, commons));
    let row = order.sorted(home.row(term, commons).map(|synapse| (synapse.target, synapse)));
    let synapses = row.len() as u64;
    out.number(synapses);
    for (target, synapse) in row {
        out.id(target);
        for field in [synapse.weight, synapse.last, synapse.created, synapse.co_activations] {
            out.bytes(&field.to_le_bytes());
        }
    }
    Some(synapses)
}

/// Writes a deleted document that the next tick unwires. Its id is not kept, so that two such records may be equal; nor
/// does it matter at which shard one waits.
pub(super) fn unwiring(digested: u32, concepts: &[u32], order: &Order, out: &mut Writer) {
    out.text("unwiring");
    out.number(digested.into());
    ids(concepts, order, out);
}

/// Writes the reinforcements of a document since the last tick.
pub(super) fn reinforcements(document: u128, waiting: &Waiting, out: &mut Writer) {
    out.text("reinforcements");
    out.id(document);
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

/// Writes a living digester.
pub(super) fn digester(digester: &Digester, out: &mut Writer) {
    out.text("digester");
    out.number(digester.id.birth);
    out.id(digester.id.parent);
    out.number(digester.id.ordinal.into());
    out.number(digester.taken);
    out.number(digester.idle.into());
}

fn ids(terms: &[u32], order: &Order, out: &mut Writer) {
    out.number(terms.len() as u64);
    order.sorted(terms.iter().map(|&term| (term, ()))).for_each(|(id, ())| out.id(id));
}
