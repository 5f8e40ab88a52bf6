//! One colony: what is taken in, what is read.

use crate::config::{number, read};
use crate::convert::document;
use crate::error::Result;
use crate::filter::filter;
use crate::free::FreedElsewhere;
use crate::process::{Home, lock};
use crate::rows::answers::{AnsweredRow, ExplainedRow};
use crate::rows::documents::{FoundRow, IngestedRow, StoredRow};
use crate::rows::graph::{AssociatedRow, NeighborRow, NodeRow, RankedRow};
use crate::runtime::{Work, brief, call, start_call};
use crate::tables::{EdgeTable, NodeTable};
use phago_core::cancel::Cancel;
use phago_core::config::{DistributedConfig, SHARDS_MAX};
use phago_core::documents::Body;
use phago_core::input::Updated;
use phago_core::read::NearConcept;
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

/// (label of a concept, the question's words that led to it)
pub(crate) type Step = (String, Vec<String>);

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
    ) -> Result<IngestedRow> {
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
    fn search(
        &self,
        py: Python<'_>,
        text: String,
        k: usize,
        r#where: Option<&Bound<'_, PyAny>>,
    ) -> Result<Vec<FoundRow>> {
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
    ) -> Result<Vec<AnsweredRow>> {
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
    ) -> Result<Option<ExplainedRow>> {
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

    fn concepts_with_neighbors(&self, py: Python<'_>, text: String, k: usize) -> Result<Vec<AssociatedRow>> {
        call(py, self.associating(text, k)?)
    }

    fn concepts_with_neighbors_async<'py>(&self, py: Python<'py>, text: String, k: usize) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.associating(text, k)?)
    }

    fn concepts(&self, py: Python<'_>, text: String, k: usize) -> Result<Vec<RankedRow>> {
        let world = self.world()?.clone();
        call(py, move |_| concepts(&world, &text, k))
    }

    fn get(&self, py: Python<'_>, key: &str) -> Result<Option<StoredRow>> {
        self.read(py, |state| stored(state, key))
    }

    fn get_async<'py>(&self, py: Python<'py>, key: String) -> Result<Bound<'py, PyAny>> {
        self.read_async(py, move |state| stored(state, &key))
    }

    #[pyo3(signature = (r#where=None, after=None))]
    fn names(
        &self,
        py: Python<'_>,
        r#where: Option<&Bound<'_, PyAny>>,
        after: Option<String>,
    ) -> Result<Vec<String>> {
        call(py, self.naming(r#where, after)?)
    }

    #[pyo3(signature = (r#where=None, after=None))]
    fn names_async<'py>(
        &self,
        py: Python<'py>,
        r#where: Option<&Bound<'py, PyAny>>,
        after: Option<String>,
    ) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.naming(r#where, after)?)
    }

    fn stored(&self, py: Python<'_>, keys: Vec<String>) -> Result<Vec<StoredRow>> {
        let world = self.world()?.clone();
        call(py, move |_| world.read(|state| keys.iter().filter_map(|key| stored(state, key)).collect()))
    }

    fn stored_async<'py>(&self, py: Python<'py>, keys: Vec<String>) -> Result<Bound<'py, PyAny>> {
        self.read_async(py, move |state| keys.iter().filter_map(|key| stored(state, key)).collect::<Vec<_>>())
    }

    #[pyo3(signature = (r#where=None))]
    fn count(&self, py: Python<'_>, r#where: Option<&Bound<'_, PyAny>>) -> Result<u64> {
        let filter = filter(r#where)?;
        self.read(py, move |state| state.view().count(&filter))
    }

    #[pyo3(signature = (r#where=None))]
    fn count_async<'py>(&self, py: Python<'py>, r#where: Option<&Bound<'py, PyAny>>) -> Result<Bound<'py, PyAny>> {
        let filter = filter(r#where)?;
        self.read_async(py, move |state| state.view().count(&filter))
    }

    fn delete_all(&self, py: Python<'_>, keys: Vec<String>) -> Result<u64> {
        call(py, self.deleting(keys)?)
    }

    fn delete_all_async<'py>(&self, py: Python<'py>, keys: Vec<String>) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.deleting(keys)?)
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
        call(py, move |_| world.digest())
    }

    fn digest_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let world = self.world()?.clone();
        start_call(py, move |_| world.digest())
    }

    fn evidence_digest(&self, py: Python<'_>) -> Result<String> {
        let world = self.world()?.clone();
        call(py, move |_| world.evidence_digest())
    }

    fn evidence_digest_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let world = self.world()?.clone();
        start_call(py, move |_| world.evidence_digest())
    }

    fn stats<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let world = self.world()?.clone();
        Ok(call(py, move |_| stats(&world))?.into_pyobject(py)?)
    }

    fn stats_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let world = self.world()?.clone();
        start_call(py, move |_| stats(&world))
    }

    fn node(&self, py: Python<'_>, label: &str) -> Result<Option<NodeRow>> {
        let words = self.world()?.words(label);
        self.read(py, |state| node(state, &words, label))
    }

    fn node_async<'py>(&self, py: Python<'py>, label: String) -> Result<Bound<'py, PyAny>> {
        let words = self.world()?.words(&label);
        self.read_async(py, move |state| node(state, &words, &label))
    }

    fn neighbors(&self, py: Python<'_>, label: &str) -> Result<Option<Vec<NeighborRow>>> {
        let words = self.world()?.words(label);
        self.read(py, |state| neighbors(state, &words, label))
    }

    fn neighbors_async<'py>(&self, py: Python<'py>, label: String) -> Result<Bound<'py, PyAny>> {
        let words = self.world()?.words(&label);
        self.read_async(py, move |state| neighbors(state, &words, &label))
    }

    fn nodes(&self, py: Python<'_>) -> Result<NodeTable> {
        let world = self.world()?.clone();
        call(py, move |_| world.read(|state| NodeTable::new(state.view().nodes())))
    }

    fn nodes_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        self.read_async(py, |state| NodeTable::new(state.view().nodes()))
    }

    fn edges(&self, py: Python<'_>) -> Result<EdgeTable> {
        let world = self.world()?.clone();
        call(py, move |_| world.read(|state| EdgeTable::new(state.view().edges())))
    }

    fn edges_async<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        self.read_async(py, |state| EdgeTable::new(state.view().edges()))
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
    ) -> Result<impl Work<IngestedRow>> {
        let (colony, on_error) = (self.colony()?.clone(), on_error(skip));
        let documents = read_documents(documents, first_index)?;
        Ok(move |_: &Cancel| Ok(colony.ingest(documents, first_index, on_error)?.into()))
    }

    fn updating(&self, document: &Bound<'_, PyAny>) -> Result<impl Work<&'static str>> {
        let (world, document) = (self.world()?.clone(), one(document)?);
        Ok(move |_: &Cancel| Ok(updated(world.update(document)?)))
    }

    fn reinforcing(&self, key: &str, title: &str, text: &str, path: Vec<Step>) -> Result<impl Work<bool>> {
        let (world, helped) = (self.world()?.clone(), helped(key, title, text, path));
        Ok(move |_: &Cancel| world.reinforce(&helped))
    }

    fn naming(&self, r#where: Option<&Bound<'_, PyAny>>, after: Option<String>) -> Result<impl Work<Vec<String>>> {
        let (world, filter) = (self.world()?.clone(), filter(r#where)?);
        Ok(move |_: &Cancel| world.read(|state| state.view().names(after.as_deref(), &filter)))
    }

    // One by one, so that whoever cancels or interrupts it leaves whole documents, and others have their turn between.
    fn deleting(&self, keys: Vec<String>) -> Result<impl Work<u64>> {
        let world = self.world()?.clone();
        Ok(move |cancel: &Cancel| {
            let mut deleted = 0;
            for key in keys {
                cancel.poll()?;
                deleted += u64::from(world.delete(&key)?);
            }
            Ok(deleted)
        })
    }

    fn searching(
        &self,
        text: String,
        k: usize,
        r#where: Option<&Bound<'_, PyAny>>,
    ) -> Result<impl Work<Vec<FoundRow>>> {
        let (world, filter) = (self.world()?.clone(), filter(r#where)?);
        Ok(move |_: &Cancel| Ok(world.search(&text, k, &filter)?.into_iter().map(FoundRow::from).collect()))
    }

    fn answering(
        &self,
        text: String,
        k: usize,
        ranking: Option<&Bound<'_, PyDict>>,
        r#where: Option<&Bound<'_, PyAny>>,
        paths: bool,
    ) -> Result<impl Work<Vec<AnsweredRow>>> {
        let (world, ranking, filter) = (self.world()?.clone(), read(ranking, "ranking")?, filter(r#where)?);
        Ok(move |_: &Cancel| {
            Ok(world.answer(&text, k, &ranking, &filter, paths)?.into_iter().map(AnsweredRow::from).collect())
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
    ) -> Result<impl Work<Option<ExplainedRow>>> {
        let (world, ranking) = (self.world()?.clone(), read(ranking, "ranking")?);
        Ok(move |_: &Cancel| {
            let told = match key {
                None => Some(world.explain_question(&text, &ranking)?),
                Some(key) => world.explain(&text, &key, &ranking)?,
            };
            Ok(told.map(ExplainedRow::from))
        })
    }

    fn associating(&self, text: String, k: usize) -> Result<impl Work<Vec<AssociatedRow>>> {
        let world = self.world()?.clone();
        Ok(move |_: &Cancel| {
            let words = world.words(&text);
            world.read(|state| {
                let view = state.view();
                let told = |concept: NearConcept| {
                    let neighbors = view.neighbors(concept.term);
                    AssociatedRow::new(concept, neighbors)
                };
                view.near(&words, k).into_iter().map(told).collect()
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

/// Concepts over all shards of a world.
fn concepts(world: &world::World, text: &str, k: usize) -> phago_core::Result<Vec<RankedRow>> {
    let words = world.words(text);
    world.read(|state| state.view().near(&words, k).into_iter().map(RankedRow::from).collect())
}

fn stored(state: &Replica, key: &str) -> Option<StoredRow> {
    state.view().find(key).map(StoredRow::from)
}

fn node(state: &Replica, words: &[QueryWord], label: &str) -> Option<NodeRow> {
    let view = state.view();
    view.concept(words, label).and_then(|term| view.node(term)).map(NodeRow::from)
}

fn neighbors(state: &Replica, words: &[QueryWord], label: &str) -> Option<Vec<NeighborRow>> {
    let view = state.view();
    let term = view.concept(words, label)?;
    Some(view.neighbors(term).into_iter().map(NeighborRow::from).collect())
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

fn stats(world: &world::World) -> phago_core::Result<Numbers> {
    let pending = world.pending()?;
    let mut ghosts = 0;
    for &shard in world.ring().shards() {
        ghosts += world.ghost_count(shard)? as u64;
    }
    world.read(|state| Numbers(numbers(state, pending, ghosts)))
}

fn numbers(state: &Replica, pending: u64, ghosts: u64) -> [(&'static str, u64); 15] {
    let (commons, counts) = (state.commons(), state.view().counts());
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
