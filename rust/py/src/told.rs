//! What a colony takes and returns, as Python has it: primitives and rows.

use crate::rows::documents::StoredRow;
use crate::rows::graph::{AssociatedRow, NeighborRow, NodeRow, RankedRow};
use phago_core::cancel::Cancel;
use phago_core::input::Updated;
use phago_core::query::View;
use phago_core::read::{Counts, NearConcept};
use phago_core::replica::Replica;
use phago_core::text::QueryWord;
use phago_engine::intake::reinforce::Helped;
use phago_engine::world;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};

/// (label of a concept, the question's words that led to it)
pub(crate) type Step = (String, Vec<String>);

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

/// Returns concepts over all shards of a world.
pub(crate) fn concepts(
    world: &world::World,
    text: &str,
    k: usize,
    cancel: &Cancel,
) -> phago_core::Result<Vec<RankedRow>> {
    world.view(cancel, |view| Ok(view.near(&view.words(text), k)?.into_iter().map(RankedRow::from).collect()))
}

/// Returns concepts with their neighbours.
pub(crate) fn near(view: View<'_>, words: &[QueryWord], k: usize) -> phago_core::Result<Vec<AssociatedRow>> {
    let told = |concept: NearConcept| {
        let neighbors = view.neighbors(concept.term);
        AssociatedRow::new(concept, neighbors)
    };
    Ok(view.near(words, k)?.into_iter().map(told).collect())
}

pub(crate) fn stored(state: &Replica, key: &str) -> Option<StoredRow> {
    state.view().find(key).map(StoredRow::from)
}

pub(crate) fn node(state: &Replica, label: &str) -> Option<NodeRow> {
    let view = state.view();
    view.concept(view.label(label).as_ref(), label).and_then(|term| view.node(term)).map(NodeRow::from)
}

pub(crate) fn neighbors(state: &Replica, label: &str) -> Option<Vec<NeighborRow>> {
    let view = state.view();
    let term = view.concept(view.label(label).as_ref(), label)?;
    Some(view.neighbors(term).into_iter().map(NeighborRow::from).collect())
}

// In the order in which they are listed, which a Python dictionary keeps.
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
