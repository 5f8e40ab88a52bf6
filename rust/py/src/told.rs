//! What goes in and out of a colony as Python has it: primitives and rows.

use crate::metadata::Told;
use crate::rows::graph::NodeRow;
use crate::tables::node_row;
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::input::Updated;
use phago_core::query::View;
use phago_core::read::{self, Counts, FoundDocument, NearConcept};
use phago_core::replica::Replica;
use phago_core::text::QueryWord;
use phago_engine::intake::ingest::Ingested;
use phago_engine::intake::reinforce::Helped;
use phago_engine::world;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};

/// (index in the caller's sequence, id, field, reason)
pub(crate) type Rejected = (usize, Option<String>, String, String);
/// (score, id, title, text, tick that digested it, metadata)
pub(crate) type Found = (f64, String, String, String, Option<u64>, Told);
/// (title, text, tick of arrival, tick that digested it, metadata)
pub(crate) type Stored = (String, String, u32, Option<u32>, Told);
/// (label of a concept, the question's words that led to it)
pub(crate) type Step = (String, Vec<String>);
/// (id, label, score, shard)
pub(crate) type Ranked = (String, String, f64, u32);
/// (label, weight, co_activations, created, last, id)
pub(crate) type Neighbor = (String, f64, u32, u32, u32, String);

pub(crate) fn helped(key: &str, title: &str, text: &str, path: Vec<Step>) -> Helped {
    Helped { name: key.into(), title: title.into(), text: text.into(), path }
}

pub(crate) fn updated(updated: Updated) -> &'static str {
    match updated {
        Updated::New => "new",
        Updated::Changed => "changed",
        Updated::Unchanged => "unchanged",
    }
}

pub(crate) fn report(ingested: Ingested) -> (u64, u64, Vec<Rejected>) {
    let row = |error: Error| match error {
        Error::InvalidDocument { index, id, field, reason } => (index, id, field, reason),
        Error::DocumentExists { index, id } => {
            let reason =
                "is taken by a document with other content; accepted is an id that is free, or the same content";
            (index, Some(id), "id".into(), reason.into())
        }
        // The engine rejects for no other reason; were there one, its words would still be told.
        other => (0, None, "document".into(), other.to_string()),
    };
    (ingested.accepted, ingested.unchanged, ingested.rejected.into_iter().map(row).collect())
}

pub(crate) fn found(hit: FoundDocument) -> Found {
    (hit.score, hit.name, hit.title, hit.text, hit.digested, Told(hit.metadata))
}

/// Concepts over all shards of a world: id, label, score, shard.
pub(crate) fn concepts(world: &world::World, text: &str, k: usize, cancel: &Cancel) -> phago_core::Result<Vec<Ranked>> {
    world.view(cancel, |view| Ok(view.near(&view.words(text), k)?.into_iter().map(ranked).collect()))
}

/// Concepts with their neighbours.
pub(crate) fn near(view: View<'_>, words: &[QueryWord], k: usize) -> phago_core::Result<Vec<(Ranked, Vec<Neighbor>)>> {
    let told = |concept: NearConcept| {
        let near = view.neighbors(concept.term).into_iter().map(neighbor).collect();
        (ranked(concept), near)
    };
    Ok(view.near(words, k)?.into_iter().map(told).collect())
}

fn ranked(concept: NearConcept) -> Ranked {
    (concept.id.to_string(), concept.label.to_string(), concept.score, concept.shard.0)
}

pub(crate) fn stored(state: &Replica, key: &str) -> Option<Stored> {
    let found = state.view().find(key)?;
    let metadata = Told(found.body.metadata.clone());
    Some((found.body.title.to_string(), found.body.text.to_string(), found.arrival, found.digested, metadata))
}

pub(crate) fn node(state: &Replica, label: &str) -> Option<NodeRow> {
    let view = state.view();
    view.concept(&view.words(label), label).and_then(|term| view.node(term)).map(|node| node_row(&node))
}

pub(crate) fn neighbors(state: &Replica, label: &str) -> Option<Vec<Neighbor>> {
    let view = state.view();
    let term = view.concept(&view.words(label), label)?;
    Some(view.neighbors(term).into_iter().map(neighbor).collect())
}

fn neighbor(near: read::Neighbor) -> Neighbor {
    let read::Neighbor { id, label, weight, synapse } = near;
    (label.to_string(), weight, synapse.co_activations, synapse.created, synapse.last, id.to_string())
}

// In the order in which they are listed, which a dictionary of Python keeps.
pub(crate) struct Numbers([(&'static str, u64); 15]);

impl<'py> IntoPyObject<'py> for Numbers {
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        self.0.into_py_dict(py)
    }
}

pub(crate) fn stats(world: &world::World, cancel: &Cancel) -> phago_core::Result<Numbers> {
    let pending = world.pending()?;
    let mut ghosts = 0;
    for &shard in world.ring().shards() {
        ghosts += world.ghost_count(shard)? as u64;
    }
    world.read(|state| {
        let counts = state.view().until(cancel).counts()?;
        Ok(Numbers(numbers(state, &counts, pending, ghosts)))
    })?
}

fn numbers(state: &Replica, counts: &Counts, pending: u64, ghosts: u64) -> [(&'static str, u64); 15] {
    let commons = state.commons();
    [
        ("documents", commons.documents()),
        ("pending", pending),
        ("digested", commons.digested()),
        ("terms", counts.terms),
        ("nodes", counts.nodes),
        ("edges", counts.edges),
        ("edge_slots", counts.edge_slots),
        ("cross_shard_edges", counts.cross_shard_edges),
        ("digesters", counts.digesters),
        ("tick", state.tick()),
        ("shards", state.shards().len() as u64),
        ("bytes_exchanged", state.exchanged()),
        ("row_bytes", counts.row_bytes),
        ("ghosts", ghosts),
        ("touched", counts.touched),
    ]
}
