//! The graph as tables: snapshots of one committed tick whose columns are built when they are read.

use crate::column::{Cells, Column};
use crate::error::Result;
use crate::rows::graph::{EdgeRow, NodeRow};
use crate::runtime::brief;
use phago_core::ids::NodeId;
use phago_core::read::{self, Edges, Nodes};
use pyo3::exceptions::{PyIndexError, PyKeyError};
use pyo3::prelude::*;
use std::sync::OnceLock;

// The columns by name, each with the function that builds it.
type Columns<S> = &'static [(&'static str, fn(&S) -> Cells)];

const NODE_COLUMNS: Columns<Nodes> = &[
    ("id", |nodes| Cells::texts(nodes.rows.iter().map(|node| node.id.to_string()))),
    ("label", |nodes| Cells::texts(nodes.rows.iter().map(|node| &*node.data.label))),
    ("stem", |nodes| Cells::texts(nodes.rows.iter().map(|node| &*node.stem))),
    ("mentions", |nodes| node_integers(nodes, |node| node.data.mentions as i64)),
    ("uses", |nodes| node_integers(nodes, |node| node.data.uses as i64)),
    ("degree", |nodes| node_integers(nodes, |node| node.data.degree.into())),
    ("shard", |nodes| node_integers(nodes, |node| node.data.shard.0.into())),
];

const EDGE_COLUMNS: Columns<Edges> = &[
    ("source", |edges| Cells::texts(edges.rows.iter().map(|edge| &*edges.source(edge).1))),
    ("target", |edges| Cells::texts(edges.rows.iter().map(|edge| &*edges.target(edge).1))),
    ("weight", |edges| Cells::numbers(edges.rows.iter().map(|edge| edge.weight).collect())),
    ("co_activations", |edges| edge_integers(edges, |edge| edge.co_activations)),
    ("created", |edges| edge_integers(edges, |edge| edge.created)),
    ("last", |edges| edge_integers(edges, |edge| edge.last)),
    ("source_id", |edges| edge_ids(edges, |edge| edge.source)),
    ("target_id", |edges| edge_ids(edges, |edge| edge.target)),
];

fn node_integers(nodes: &Nodes, cell: fn(&read::NodeRow) -> i64) -> Cells {
    Cells::integers(nodes.rows.iter().map(cell).collect())
}

fn edge_integers(edges: &Edges, cell: fn(&read::EdgeRow) -> u32) -> Cells {
    Cells::integers(edges.rows.iter().map(|edge| cell(edge).into()).collect())
}

fn edge_ids(edges: &Edges, end: fn(&read::EdgeRow) -> u32) -> Cells {
    // Each id is formatted once, not once per edge.
    let ids: Vec<String> = edges.ends.iter().map(|(id, _): &(NodeId, _)| id.to_string()).collect();
    Cells::texts(edges.rows.iter().map(|edge| &*ids[end(edge) as usize]))
}

/// Declares the class of a table over a snapshot: its columns, and how a row is made.
macro_rules! table {
    ($(#[$about:meta])* $name:ident over $snapshot:ty, $columns:ident, $row:ty: $make:expr) => {
        $(#[$about])*
        #[pyclass(frozen, module = "phago._phago")]
        pub(crate) struct $name {
            snapshot: $snapshot,
            built: [OnceLock<Cells>; $columns.len()],
        }

        impl $name {
            pub(crate) fn new(snapshot: $snapshot) -> Self {
                $name { snapshot, built: Default::default() }
            }
        }

        #[pymethods]
        impl $name {
            #[getter]
            fn tick(&self) -> u64 {
                self.snapshot.tick
            }

            #[getter]
            fn names(&self) -> Vec<&'static str> {
                $columns.iter().map(|(name, _)| *name).collect()
            }

            fn __len__(&self) -> usize {
                self.snapshot.rows.len()
            }

            fn get(&self, index: usize) -> PyResult<$row> {
                let row = self.snapshot.rows.get(index);
                let row = row.ok_or_else(|| out_of_range(index, self.snapshot.rows.len()))?;
                let make: fn(&$snapshot, &_) -> $row = $make;
                Ok(make(&self.snapshot, row))
            }

            fn column(&self, py: Python<'_>, name: &str) -> Result<Column> {
                let found = $columns.iter().zip(&self.built).find(|((known, _), _)| *known == name);
                let ((_, build), cells) = found.ok_or_else(|| {
                    let message = format!("no column `{name}`; columns are {}", self.names().join(", "));
                    PyKeyError::new_err(message)
                })?;
                Ok(Column::new(brief(py, || Ok(cells.get_or_init(|| build(&self.snapshot)).clone()))?))
            }
        }
    };
}

table! {
    /// The nodes of one committed tick, ordered by id.
    NodeTable over Nodes, NODE_COLUMNS, NodeRow: |_, node: &read::NodeRow| node.clone().into()
}

table! {
    /// The living synapses of one committed tick, ordered by the ids of source and target.
    EdgeTable over Edges, EDGE_COLUMNS, EdgeRow: |edges, edge| (edges, edge).into()
}

pub(crate) fn out_of_range(index: usize, count: usize) -> PyErr {
    PyIndexError::new_err(format!("index {index} is out of range for a table of {count}"))
}
