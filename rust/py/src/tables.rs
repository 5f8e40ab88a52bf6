//! The graph as tables: snapshots of one committed tick whose columns are built when they are read.

use crate::column::{Cells, Column};
use crate::error::Result;
use crate::rows::graph::{EdgeRow, NodeRow};
use crate::runtime::brief;
use phago_core::ids::NodeId;
use phago_core::read::{self, Edges, Nodes};
use pyo3::exceptions::{PyIndexError, PyKeyError};
use pyo3::prelude::*;
use std::sync::{Arc, OnceLock};

/// The nodes of one committed tick, ordered by id.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct NodeTable {
    nodes: Nodes,
    columns: [OnceLock<Cells>; NODE_COLUMNS.len()],
}

const NODE_COLUMNS: [&str; 7] = ["id", "label", "stem", "mentions", "uses", "degree", "shard"];

impl NodeTable {
    pub(crate) fn new(nodes: Nodes) -> Self {
        NodeTable { nodes, columns: Default::default() }
    }

    fn build(&self, column: usize) -> Cells {
        let integers = |cell: fn(&read::NodeRow) -> i64| Cells::integers(self.nodes.rows.iter().map(cell).collect());
        match column {
            0 => Cells::texts(self.nodes.rows.iter().map(|node| node.id.to_string())),
            1 => Cells::texts(self.nodes.rows.iter().map(|node| &*node.data.label)),
            2 => Cells::texts(self.nodes.rows.iter().map(|node| &*node.stem)),
            3 => integers(|node| node.data.mentions as i64),
            4 => integers(|node| node.data.uses as i64),
            5 => integers(|node| node.data.degree.into()),
            _ => integers(|node| node.data.shard.0.into()),
        }
    }
}

#[pymethods]
impl NodeTable {
    #[getter]
    fn tick(&self) -> u64 {
        self.nodes.tick
    }

    #[getter]
    fn names(&self) -> [&'static str; NODE_COLUMNS.len()] {
        NODE_COLUMNS
    }

    fn __len__(&self) -> usize {
        self.nodes.rows.len()
    }

    fn get(&self, index: usize) -> PyResult<NodeRow> {
        let node = self.nodes.rows.get(index).ok_or_else(|| out_of_range(index, self.nodes.rows.len()))?;
        Ok(node.clone().into())
    }

    fn column(&self, py: Python<'_>, name: &str) -> Result<Column> {
        let place = place(&NODE_COLUMNS, name)?;
        Ok(Column::new(brief(py, || Ok(self.columns[place].get_or_init(|| self.build(place)).clone()))?))
    }
}

/// The living synapses of one committed tick, ordered by the ids of source and target.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct EdgeTable {
    edges: Edges,
    columns: [OnceLock<Cells>; EDGE_COLUMNS.len()],
}

const EDGE_COLUMNS: [&str; 8] =
    ["source", "target", "weight", "co_activations", "created", "last", "source_id", "target_id"];

impl EdgeTable {
    pub(crate) fn new(edges: Edges) -> Self {
        EdgeTable { edges, columns: Default::default() }
    }

    fn end(&self, place: u32) -> &(NodeId, Arc<str>) {
        &self.edges.ends[place as usize]
    }

    fn build(&self, column: usize) -> Cells {
        let edges = self.edges.rows.iter();
        match column {
            0 => Cells::texts(edges.map(|edge| &*self.end(edge.source).1)),
            1 => Cells::texts(edges.map(|edge| &*self.end(edge.target).1)),
            2 => Cells::numbers(edges.map(|edge| edge.weight).collect()),
            3 => Cells::integers(edges.map(|edge| edge.co_activations.into()).collect()),
            4 => Cells::integers(edges.map(|edge| edge.created.into()).collect()),
            5 => Cells::integers(edges.map(|edge| edge.last.into()).collect()),
            _ => {
                // Each id is formatted once, not once per edge.
                let ids: Vec<String> = self.edges.ends.iter().map(|end| end.0.to_string()).collect();
                let place = |edge: &read::EdgeRow| if column == 6 { edge.source } else { edge.target };
                Cells::texts(edges.map(|edge| &*ids[place(edge) as usize]))
            }
        }
    }
}

#[pymethods]
impl EdgeTable {
    #[getter]
    fn tick(&self) -> u64 {
        self.edges.tick
    }

    #[getter]
    fn names(&self) -> [&'static str; EDGE_COLUMNS.len()] {
        EDGE_COLUMNS
    }

    fn __len__(&self) -> usize {
        self.edges.rows.len()
    }

    fn get(&self, index: usize) -> PyResult<EdgeRow> {
        let edge = self.edges.rows.get(index).ok_or_else(|| out_of_range(index, self.edges.rows.len()))?;
        let (source, target) = (self.end(edge.source), self.end(edge.target));
        Ok(EdgeRow {
            source: source.1.to_string(),
            target: target.1.to_string(),
            weight: edge.weight,
            co_activations: edge.co_activations,
            created: edge.created,
            last: edge.last,
            source_id: source.0.to_string(),
            target_id: target.0.to_string(),
        })
    }

    fn column(&self, py: Python<'_>, name: &str) -> Result<Column> {
        let place = place(&EDGE_COLUMNS, name)?;
        Ok(Column::new(brief(py, || Ok(self.columns[place].get_or_init(|| self.build(place)).clone()))?))
    }
}

fn place(names: &[&str], name: &str) -> PyResult<usize> {
    let found = names.iter().position(|other| *other == name);
    found.ok_or_else(|| PyKeyError::new_err(format!("no column `{name}`; columns are {}", names.join(", "))))
}

pub(crate) fn out_of_range(index: usize, count: usize) -> PyErr {
    PyIndexError::new_err(format!("index {index} is out of range for a table of {count}"))
}
