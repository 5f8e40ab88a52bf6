//! One colony: what is taken in, what is read.

use crate::answers::{self, Answered, ExplainedTuple};
use crate::config::{number, read};
use crate::convert::document;
use crate::error::Result;
use crate::filter::filter;
use crate::free::FreedElsewhere;
use crate::metadata::Told;
use crate::process::{Home, lock};
use crate::rows::graph::NodeRow;
use crate::runtime::{Work, brief, call, start_call};
use crate::tables::{EdgeTable, NodeTable, node_row};
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::config::{DistributedConfig, SHARDS_MAX};
use phago_core::documents::Body;
use phago_core::input::Updated;
use phago_core::read::{self, Counts, FoundDocument, NearConcept};
use phago_core::replica::Replica;
use phago_core::settings::within;
use phago_core::text::QueryWord;
use phago_engine::intake::ingest::{Ingested, OnError};
use phago_engine::intake::reinforce::Helped;
use phago_engine::tick::runner::Runner;
use phago_engine::world;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PySequence};
use std::sync::{Arc, Mutex, Weak};

/// (index in the caller's sequence, id, field, reason)
type Rejected = (usize, Option<String>, String, String);
/// (score, id, title, text, tick that digested it, metadata)
pub(crate) type Found = (f64, String, String, String, Option<u64>, Told);
/// (title, text, tick of arrival, tick that digested it, metadata)
type Stored = (String, String, u32, Option<u32>, Told);
/// (label of a concept, the question's words that led to it)
pub(crate) type Step = (String, Vec<String>);
/// (id, label, score, shard)
type Ranked = (String, String, f64, u32);
/// (label, weight, co_activations, created, last, id)
type Neighbor = (String, f64, u32, u32, u32, String);

/// What the handles of one colony share: its world, and the threads that help to take documents in.
pub(crate) struct Colony {
    pub(crate) world: FreedElsewhere<Arc<world::World>>,
    // Its threads help to take documents in, so that a colony keeps to the parallelism it was given.
    helper: Mutex<Weak<Runner>>,
}

impl Colony {
    pub(crate) fn new(world: Arc<world::World>) -> Arc<Self> {
        Arc::new(Colony { world: FreedElsewhere::new(world), helper: Mutex::default() })
    }

    /// Let the threads of this runner help for as long as it lives.
    pub(crate) fn help(&self, runner: &Arc<Runner>) {
        *lock(&self.helper) = Arc::downgrade(runner);
    }

    fn ingest(
        &self,
        documents: Vec<phago_core::Result<Body>>,
        first_index: usize,
        on_error: OnError,
    ) -> phago_core::Result<Ingested> {
        let helper = lock(&self.helper).upgrade();
        self.world.ingest(documents, first_index, on_error, helper.as_ref().map(|runner| runner.pool()))
    }
}

/// One colony: its committed state and what was ingested since.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct World(Home<Arc<Colony>>);

impl World {
    pub(crate) fn over(colony: Arc<Colony>) -> Self {
        World(Home::new(colony))
    }

    pub(crate) fn colony(&self) -> phago_core::Result<&Arc<Colony>> {
        self.0.get()
    }

    fn world(&self) -> phago_core::Result<&Arc<world::World>> {
        Ok(&self.0.get()?.world)
    }

    fn read<T: Send>(&self, py: Python<'_>, read: impl FnOnce(&Replica) -> T + Send) -> Result<T> {
        let world = self.world()?;
        brief(py, || world.read(read))
    }
}

#[pymethods]
impl World {
    #[staticmethod]
    #[pyo3(signature = (config, shards, virtual_nodes_per_shard=None))]
    fn create(
        py: Python<'_>,
        config: &Bound<'_, PyDict>,
        shards: &Bound<'_, PyAny>,
        virtual_nodes_per_shard: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self> {
        let config = read(Some(config), "config")?;
        let shards = number("shards", shards)?;
        within("shards", shards, 1, SHARDS_MAX)?;
        let mut layout = DistributedConfig { num_shards: shards, ..DistributedConfig::default() };
        if let Some(value) = virtual_nodes_per_shard {
            layout.virtual_nodes_per_shard = number("virtual_nodes_per_shard", value)?;
        }
        layout.validate()?;
        brief(py, || {
            let ring = phago_core::ring::Ring::new(layout.num_shards, layout.virtual_nodes_per_shard);
            Ok(World::over(Colony::new(world::World::new(config, ring)?)))
        })
    }

    #[getter]
    fn tick(&self) -> Result<u64> {
        Ok(self.world()?.tick())
    }

    #[getter]
    fn shard_count(&self) -> Result<usize> {
        Ok(self.world()?.ring().shard_count())
    }

    fn same_as(&self, other: &Bound<'_, World>) -> Result<bool> {
        Ok(Arc::ptr_eq(self.colony()?, other.get().colony()?))
    }

    #[getter]
    fn pending(&self, py: Python<'_>) -> Result<u64> {
        let world = self.world()?;
        brief(py, || world.pending())
    }

    #[getter]
    fn quiet(&self, py: Python<'_>) -> Result<bool> {
        let world = self.world()?;
        brief(py, || world.is_quiet())
    }

    fn ingest(
        &self,
        py: Python<'_>,
        documents: &Bound<'_, PySequence>,
        first_index: usize,
        skip: bool,
    ) -> Result<(u64, u64, Vec<Rejected>)> {
        call(py, self.ingesting(documents, first_index, skip)?)
    }

    fn ingest_async<'py>(
        &self,
        py: Python<'py>,
        documents: &Bound<'py, PySequence>,
        first_index: usize,
        skip: bool,
    ) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.ingesting(documents, first_index, skip)?)
    }

    fn delete(&self, py: Python<'_>, key: String) -> Result<bool> {
        let world = self.world()?.clone();
        call(py, move |_| world.delete(&key))
    }

    fn delete_async<'py>(&self, py: Python<'py>, key: String) -> Result<Bound<'py, PyAny>> {
        let world = self.world()?.clone();
        start_call(py, move |_| world.delete(&key))
    }

    fn update(&self, py: Python<'_>, document: &Bound<'_, PyAny>) -> Result<&'static str> {
        call(py, self.updating(document)?)
    }

    fn update_async<'py>(&self, py: Python<'py>, document: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.updating(document)?)
    }

    fn reinforce(&self, py: Python<'_>, key: &str, title: &str, text: &str, path: Vec<Step>) -> Result<bool> {
        call(py, self.reinforcing(key, title, text, path)?)
    }

    fn reinforce_async<'py>(
        &self,
        py: Python<'py>,
        key: &str,
        title: &str,
        text: &str,
        path: Vec<Step>,
    ) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.reinforcing(key, title, text, path)?)
    }

    #[pyo3(signature = (text, k, r#where=None))]
    fn search(&self, py: Python<'_>, text: String, k: usize, r#where: Option<&Bound<'_, PyAny>>) -> Result<Vec<Found>> {
        call(py, self.searching(text, k, r#where)?)
    }

    #[pyo3(signature = (text, k, r#where=None))]
    fn search_async<'py>(
        &self,
        py: Python<'py>,
        text: String,
        k: usize,
        r#where: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.with_pending(self.searching(text, k, r#where)?)?)
    }

    #[pyo3(signature = (text, k, ranking=None, r#where=None, paths=true))]
    fn answer(
        &self,
        py: Python<'_>,
        text: String,
        k: usize,
        ranking: Option<&Bound<'_, PyDict>>,
        r#where: Option<&Bound<'_, PyAny>>,
        paths: bool,
    ) -> Result<Vec<Answered>> {
        call(py, self.answering(text, k, ranking, r#where, paths)?)
    }

    #[pyo3(signature = (text, k, ranking=None, r#where=None, paths=true))]
    fn answer_async<'py>(
        &self,
        py: Python<'py>,
        text: String,
        k: usize,
        ranking: Option<&Bound<'py, PyDict>>,
        r#where: Option<&Bound<'py, PyAny>>,
        paths: bool,
    ) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.with_pending(self.answering(text, k, ranking, r#where, paths)?)?)
    }

    #[pyo3(signature = (text, key=None, ranking=None))]
    fn explain(
        &self,
        py: Python<'_>,
        text: String,
        key: Option<String>,
        ranking: Option<&Bound<'_, PyDict>>,
    ) -> Result<Option<ExplainedTuple>> {
        call(py, self.explaining(text, key, ranking)?)
    }

    #[pyo3(signature = (text, key=None, ranking=None))]
    fn explain_async<'py>(
        &self,
        py: Python<'py>,
        text: String,
        key: Option<String>,
        ranking: Option<&Bound<'py, PyDict>>,
    ) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.explaining(text, key, ranking)?)
    }

    fn concepts_with_neighbors(&self, py: Python<'_>, text: String, k: usize) -> Result<Vec<(Ranked, Vec<Neighbor>)>> {
        call(py, self.associating(text, k)?)
    }

    fn concepts_with_neighbors_async<'py>(&self, py: Python<'py>, text: String, k: usize) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.associating(text, k)?)
    }

    fn concepts(&self, py: Python<'_>, text: String, k: usize) -> Result<Vec<Ranked>> {
        let world = self.world()?.clone();
        call(py, move |cancel| concepts(&world, &text, k, cancel))
    }

    fn get(&self, py: Python<'_>, key: &str) -> Result<Option<Stored>> {
        self.read(py, |state| stored(state, key))
    }

    fn get_async<'py>(&self, py: Python<'py>, key: String) -> Result<Bound<'py, PyAny>> {
        self.read_async(py, move |state| stored(state, &key))
    }

    fn __contains__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> Result<bool> {
        // As in a dictionary, what can be no key is simply not there.
        let Ok(key) = key.extract::<String>() else { return Ok(false) };
        self.read(py, |state| state.view().find(&key).is_some())
    }

    fn __len__(&self, py: Python<'_>) -> Result<usize> {
        Ok(self.read(py, |state| state.commons().documents())? as usize)
    }

    fn digest(&self, py: Python<'_>) -> Result<String> {
        let world = self.world()?.clone();
        call(py, move |cancel| world.digest_until(cancel))
    }

    fn digest_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let world = self.world()?.clone();
        start_call(py, move |cancel| world.digest_until(cancel))
    }

    fn evidence_digest(&self, py: Python<'_>) -> Result<String> {
        let world = self.world()?.clone();
        call(py, move |cancel| world.evidence_digest_until(cancel))
    }

    fn evidence_digest_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let world = self.world()?.clone();
        start_call(py, move |cancel| world.evidence_digest_until(cancel))
    }

    fn stats<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let world = self.world()?.clone();
        Ok(call(py, move |cancel| stats(&world, cancel))?.into_pyobject(py)?)
    }

    fn stats_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let world = self.world()?.clone();
        start_call(py, move |cancel| stats(&world, cancel))
    }

    fn node(&self, py: Python<'_>, label: &str) -> Result<Option<NodeRow>> {
        let words = self.world()?.words(label);
        self.read(py, |state| node(state, &words, label))
    }

    fn node_async<'py>(&self, py: Python<'py>, label: String) -> Result<Bound<'py, PyAny>> {
        let words = self.world()?.words(&label);
        self.read_async(py, move |state| node(state, &words, &label))
    }

    fn neighbors(&self, py: Python<'_>, label: &str) -> Result<Option<Vec<Neighbor>>> {
        let words = self.world()?.words(label);
        self.read(py, |state| neighbors(state, &words, label))
    }

    fn neighbors_async<'py>(&self, py: Python<'py>, label: String) -> Result<Bound<'py, PyAny>> {
        let words = self.world()?.words(&label);
        self.read_async(py, move |state| neighbors(state, &words, &label))
    }

    fn nodes(&self, py: Python<'_>) -> Result<NodeTable> {
        let world = self.world()?.clone();
        call(py, move |cancel| world.view(cancel, |view| Ok(NodeTable::new(view.nodes()?))))
    }

    fn nodes_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let world = self.world()?.clone();
        start_call(py, move |cancel| world.view(cancel, |view| Ok(NodeTable::new(view.nodes()?))))
    }

    fn edges(&self, py: Python<'_>) -> Result<EdgeTable> {
        let world = self.world()?.clone();
        call(py, move |cancel| world.view(cancel, |view| Ok(EdgeTable::new(view.edges()?))))
    }

    fn edges_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let world = self.world()?.clone();
        start_call(py, move |cancel| world.view(cancel, |view| Ok(EdgeTable::new(view.edges()?))))
    }
}

// What the twins of a call have in common: everything is read from Python before it begins.
impl World {
    fn read_async<'py, T>(
        &self,
        py: Python<'py>,
        read: impl FnOnce(&Replica) -> T + Send + 'static,
    ) -> Result<Bound<'py, PyAny>>
    where
        T: for<'any> IntoPyObject<'any> + Send + 'static,
    {
        let world = self.world()?.clone();
        start_call(py, move |_| world.read(read))
    }

    fn ingesting(
        &self,
        documents: &Bound<'_, PySequence>,
        first_index: usize,
        skip: bool,
    ) -> Result<impl Work<(u64, u64, Vec<Rejected>)>> {
        let (colony, on_error) = (self.colony()?.clone(), on_error(skip));
        let documents = read_documents(documents, first_index)?;
        Ok(move |_: &Cancel| Ok(report(colony.ingest(documents, first_index, on_error)?)))
    }

    fn updating(&self, document: &Bound<'_, PyAny>) -> Result<impl Work<&'static str>> {
        let (world, document) = (self.world()?.clone(), one(document)?);
        Ok(move |_: &Cancel| Ok(updated(world.update(document)?)))
    }

    fn reinforcing(&self, key: &str, title: &str, text: &str, path: Vec<Step>) -> Result<impl Work<bool>> {
        let (world, helped) = (self.world()?.clone(), helped(key, title, text, path));
        Ok(move |_: &Cancel| world.reinforce(&helped))
    }

    fn searching(&self, text: String, k: usize, r#where: Option<&Bound<'_, PyAny>>) -> Result<impl Work<Vec<Found>>> {
        let (world, filter) = (self.world()?.clone(), filter(r#where)?);
        Ok(move |cancel: &Cancel| Ok(world.search(&text, k, &filter, cancel)?.into_iter().map(found).collect()))
    }

    fn answering(
        &self,
        text: String,
        k: usize,
        ranking: Option<&Bound<'_, PyDict>>,
        r#where: Option<&Bound<'_, PyAny>>,
        paths: bool,
    ) -> Result<impl Work<Vec<Answered>>> {
        let (world, ranking, filter) = (self.world()?.clone(), read(ranking, "ranking")?, filter(r#where)?);
        Ok(move |cancel: &Cancel| {
            Ok(world.answer(&text, k, &ranking, &filter, paths, cancel)?.into_iter().map(answers::answered).collect())
        })
    }

    // Counted here and not by the event loop's thread, which would wait for a commit.
    fn with_pending<T>(&self, work: impl Work<T>) -> Result<impl Work<(T, u64)>> {
        let world = self.world()?.clone();
        Ok(move |cancel: &Cancel| Ok((work(cancel)?, world.pending()?)))
    }

    fn explaining(
        &self,
        text: String,
        key: Option<String>,
        ranking: Option<&Bound<'_, PyDict>>,
    ) -> Result<impl Work<Option<ExplainedTuple>>> {
        let (world, ranking) = (self.world()?.clone(), read(ranking, "ranking")?);
        Ok(move |cancel: &Cancel| {
            let told = match key {
                None => Some(world.explain_question(&text, &ranking, cancel)?),
                Some(key) => world.explain(&text, &key, &ranking, cancel)?,
            };
            Ok(told.map(answers::explained))
        })
    }

    fn associating(&self, text: String, k: usize) -> Result<impl Work<Vec<(Ranked, Vec<Neighbor>)>>> {
        let world = self.world()?.clone();
        Ok(move |cancel: &Cancel| {
            let words = world.words(&text);
            world.view(cancel, |view| {
                let told = |concept: NearConcept| {
                    let near = view.neighbors(concept.term).into_iter().map(neighbor).collect();
                    (ranked(concept), near)
                };
                Ok(view.near(&words, k)?.into_iter().map(told).collect())
            })
        })
    }
}

fn on_error(skip: bool) -> OnError {
    if skip { OnError::Skip } else { OnError::Raise }
}

fn read_documents(documents: &Bound<'_, PySequence>, first_index: usize) -> PyResult<Vec<phago_core::Result<Body>>> {
    let mut read = Vec::with_capacity(documents.len()?);
    for (index, value) in (first_index..).zip(documents.try_iter()?) {
        read.push(document(&value?)?.map_err(|fault| fault.at(index)));
    }
    Ok(read)
}

fn one(document: &Bound<'_, PyAny>) -> Result<Body> {
    Ok(self::document(document)?.map_err(|fault| fault.at(0))?)
}

pub(crate) fn helped(key: &str, title: &str, text: &str, path: Vec<Step>) -> Helped {
    Helped { name: key.into(), title: title.into(), text: text.into(), path }
}

fn updated(updated: Updated) -> &'static str {
    match updated {
        Updated::New => "new",
        Updated::Changed => "changed",
        Updated::Unchanged => "unchanged",
    }
}

fn report(ingested: Ingested) -> (u64, u64, Vec<Rejected>) {
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
fn concepts(world: &world::World, text: &str, k: usize, cancel: &Cancel) -> phago_core::Result<Vec<Ranked>> {
    let words = world.words(text);
    world.view(cancel, |view| Ok(view.near(&words, k)?.into_iter().map(ranked).collect()))
}

fn ranked(concept: NearConcept) -> Ranked {
    (concept.id.to_string(), concept.label.to_string(), concept.score, concept.shard.0)
}

fn stored(state: &Replica, key: &str) -> Option<Stored> {
    let found = state.view().find(key)?;
    let metadata = Told(found.body.metadata.clone());
    Some((found.body.title.to_string(), found.body.text.to_string(), found.arrival, found.digested, metadata))
}

fn node(state: &Replica, words: &[QueryWord], label: &str) -> Option<NodeRow> {
    let view = state.view();
    view.concept(words, label).and_then(|term| view.node(term)).map(|node| node_row(&node))
}

fn neighbors(state: &Replica, words: &[QueryWord], label: &str) -> Option<Vec<Neighbor>> {
    let view = state.view();
    let term = view.concept(words, label)?;
    Some(view.neighbors(term).into_iter().map(neighbor).collect())
}

fn neighbor(near: read::Neighbor) -> Neighbor {
    let read::Neighbor { id, label, weight, synapse } = near;
    (label.to_string(), weight, synapse.co_activations, synapse.created, synapse.last, id.to_string())
}

// In the order in which they are listed, which a dictionary of Python keeps.
struct Numbers([(&'static str, u64); 15]);

impl<'py> IntoPyObject<'py> for Numbers {
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        self.0.into_py_dict(py)
    }
}

fn stats(world: &world::World, cancel: &Cancel) -> phago_core::Result<Numbers> {
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
