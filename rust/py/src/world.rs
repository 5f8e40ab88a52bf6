//! One colony: inputs and reads.

use crate::config::{number, read, settings_of};
use crate::convert::document;
use crate::error::Result;
use crate::filter::filter;
use crate::free::{FreedElsewhere, give_back};
use crate::process::{Home, lock};
use crate::rows::answers::{AnsweredRow, ExplainedRow};
use crate::rows::documents::{FoundRow, IngestedRow, StoredRow, UpdatedRow};
use crate::rows::graph::{AssociatedRow, NeighborRow, NodeRow, RankedRow};
use crate::runtime::{Work, brief, call, start_call};
use crate::tables::{EdgeTable, NodeTable};
use crate::told::{Step, concepts, helped, near, neighbors, node, stats, stored, updated};
use phago_core::cancel::Cancel;
use phago_core::config::{DistributedConfig, SHARDS_MAX};
use phago_core::documents::Body;
use phago_core::replica::Replica;
use phago_core::settings::within;
use phago_engine::intake::ingest::{Ingested, OnError};
use phago_engine::tick::runner::Runner;
use phago_engine::world;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySequence};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, Weak};

/// What the handles of one colony share: its world, and the threads that help to ingest documents.
pub(crate) struct Colony {
    pub(crate) world: FreedElsewhere<Arc<world::World>>,
    /// How many documents it had when a shard of it was last dropped, for handles that outlive it.
    pub(crate) left: Arc<AtomicU64>,
    // A runner whose threads help to ingest documents, so that a colony keeps to its parallelism.
    helper: Mutex<Weak<Runner>>,
}

impl Colony {
    pub(crate) fn new(world: Arc<world::World>) -> Arc<Self> {
        Arc::new(Colony { world: FreedElsewhere::new(world), left: Arc::default(), helper: Mutex::default() })
    }

    /// Lets the threads of this runner help while it is alive.
    pub(crate) fn help(&self, runner: &Arc<Runner>) {
        *lock(&self.helper) = Arc::downgrade(runner);
    }

    fn ingest(
        &self,
        documents: Vec<phago_core::Result<Body>>,
        first_index: usize,
        on_error: OnError,
    ) -> phago_core::Result<Ingested> {
        let (helper, before) = (lock(&self.helper).upgrade(), self.world.lexicon()?);
        let pool = helper.as_ref().map(|runner| runner.pool());
        let ingested = self.world.ingest(documents, first_index, on_error, pool);
        // The words of refused large documents are forgotten; their memory should be freed too.
        if !Arc::ptr_eq(&before, &self.world.lexicon()?) {
            drop(before);
            give_back();
        }
        ingested
    }
}

// Documents of so many bytes are analysed in about a millisecond.
const SHORT_BYTES: usize = 1 << 16;

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

    /// Returns the settings with which it was made.
    #[getter]
    fn config<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        Ok(settings_of(py, self.world()?.config())?)
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
        let documents = read_documents(documents, first_index)?;
        let bytes: usize = documents.iter().flatten().map(|body| body.text.len() + body.title.len()).sum();
        let is_short = documents.len() <= 16 && bytes <= SHORT_BYTES && self.is_small(py)?;
        ask(py, is_short, self.ingesting(documents, first_index, skip)?)
    }

    fn ingest_async<'py>(
        &self,
        py: Python<'py>,
        documents: &Bound<'py, PySequence>,
        first_index: usize,
        skip: bool,
    ) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.ingesting(read_documents(documents, first_index)?, first_index, skip)?)
    }

    fn delete(&self, py: Python<'_>, key: String) -> Result<bool> {
        let (world, is_small) = (self.world()?.clone(), self.is_small(py)?);
        ask(py, is_small, move |_| delete(&world, &key))
    }

    fn delete_async<'py>(&self, py: Python<'py>, key: String) -> Result<Bound<'py, PyAny>> {
        let world = self.world()?.clone();
        start_call(py, move |_| delete(&world, &key))
    }

    fn update(&self, py: Python<'_>, document: &Bound<'_, PyAny>) -> Result<&'static str> {
        let document = one(document)?;
        let is_short = document.text.len() + document.title.len() <= SHORT_BYTES && self.is_small(py)?;
        ask(py, is_short, self.updating(document)?)
    }

    fn update_async<'py>(&self, py: Python<'py>, document: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.updating(one(document)?)?)
    }

    fn update_all(
        &self,
        py: Python<'_>,
        documents: &Bound<'_, PySequence>,
        first_index: usize,
        skip: bool,
    ) -> Result<UpdatedRow> {
        call(py, self.updating_all(read_documents(documents, first_index)?, first_index, skip)?)
    }

    fn update_all_async<'py>(
        &self,
        py: Python<'py>,
        documents: &Bound<'py, PySequence>,
        first_index: usize,
        skip: bool,
    ) -> Result<Bound<'py, PyAny>> {
        start_call(py, self.updating_all(read_documents(documents, first_index)?, first_index, skip)?)
    }

    fn tell_time(&self, py: Python<'_>, now: i64) -> Result<bool> {
        let world = self.world()?.clone();
        call(py, move |_| world.tell_time(now))
    }

    fn tell_time_async<'py>(&self, py: Python<'py>, now: i64) -> Result<Bound<'py, PyAny>> {
        let world = self.world()?.clone();
        start_call(py, move |_| world.tell_time(now))
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
        let is_short = self.is_short(py, &text, k)?;
        ask(py, is_short, self.searching(text, k, r#where)?)
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
        let is_short = self.is_short(py, &text, k)?;
        ask(py, is_short, self.answering(text, k, ranking, r#where, paths)?)
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
        call(py, move |cancel| concepts(&world, &text, k, cancel))
    }

    fn get(&self, py: Python<'_>, key: &str) -> Result<Option<StoredRow>> {
        self.read(py, |state| stored(state, key))
    }

    fn get_async<'py>(&self, py: Python<'py>, key: String) -> Result<Bound<'py, PyAny>> {
        self.read_async(py, move |state| stored(state, &key))
    }

    #[pyo3(signature = (r#where=None, after=None))]
    fn names(&self, py: Python<'_>, r#where: Option<&Bound<'_, PyAny>>, after: Option<String>) -> Result<Vec<String>> {
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
        // As in a dictionary, a value that cannot be a key is not present.
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
        self.read(py, |state| node(state, label))
    }

    fn node_async<'py>(&self, py: Python<'py>, label: String) -> Result<Bound<'py, PyAny>> {
        self.read_async(py, move |state| node(state, &label))
    }

    fn neighbors(&self, py: Python<'_>, label: &str) -> Result<Option<Vec<NeighborRow>>> {
        self.read(py, |state| neighbors(state, label))
    }

    fn neighbors_async<'py>(&self, py: Python<'py>, label: String) -> Result<Bound<'py, PyAny>> {
        self.read_async(py, move |state| neighbors(state, &label))
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

// What the blocking and the awaited form of a call share: everything is read from Python before it begins.
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
        documents: Vec<phago_core::Result<Body>>,
        first_index: usize,
        skip: bool,
    ) -> Result<impl Work<IngestedRow> + use<>> {
        let (colony, on_error) = (self.colony()?.clone(), on_error(skip));
        Ok(move |_: &Cancel| Ok(colony.ingest(documents, first_index, on_error)?.into()))
    }

    fn updating(&self, document: Body) -> Result<impl Work<&'static str> + use<>> {
        let world = self.world()?.clone();
        Ok(move |_: &Cancel| Ok(updated(world.update(document)?)))
    }

    fn reinforcing(&self, key: &str, title: &str, text: &str, path: Vec<Step>) -> Result<impl Work<bool>> {
        let (world, helped) = (self.world()?.clone(), helped(key, title, text, path));
        Ok(move |_: &Cancel| world.reinforce(&helped))
    }

    fn naming(&self, r#where: Option<&Bound<'_, PyAny>>, after: Option<String>) -> Result<impl Work<Vec<String>>> {
        let (world, filter) = (self.world()?.clone(), filter(r#where)?);
        Ok(move |cancel: &Cancel| world.view(cancel, |view| view.names(after.as_deref(), &filter)))
    }

    fn updating_all(
        &self,
        documents: Vec<phago_core::Result<Body>>,
        first_index: usize,
        skip: bool,
    ) -> Result<impl Work<UpdatedRow> + use<>> {
        let (colony, on_error) = (self.colony()?.clone(), on_error(skip));
        Ok(move |cancel: &Cancel| {
            let helper = lock(&colony.helper).upgrade();
            let pool = helper.as_ref().map(|runner| runner.pool());
            Ok(colony.world.update_all(documents, first_index, on_error, pool, cancel)?.into())
        })
    }

    fn deleting(&self, keys: Vec<String>) -> Result<impl Work<u64>> {
        let world = self.world()?.clone();
        Ok(move |cancel: &Cancel| {
            let deleted = world.delete_all(&keys, cancel)?;
            free_if_empty(&world, deleted > 0)?;
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
        Ok(move |cancel: &Cancel| {
            Ok(world.search(&text, k, &filter, cancel)?.into_iter().map(FoundRow::from).collect())
        })
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
        Ok(move |cancel: &Cancel| {
            Ok(world.answer(&text, k, &ranking, &filter, paths, cancel)?.into_iter().map(AnsweredRow::from).collect())
        })
    }

    // What is short is worked off on the calling thread. Handing it to a thread that Ctrl-C can abandon, and back, would take
    // longer than the work. In a small colony nothing that it may wait for takes long either.
    fn is_small(&self, py: Python<'_>) -> Result<bool> {
        Ok(self.read(py, |state| state.commons().documents())? <= 100_000)
    }

    fn is_short(&self, py: Python<'_>, text: &str, k: usize) -> Result<bool> {
        Ok(text.len() <= 1024 && k <= 1000 && self.is_small(py)?)
    }

    // Counted here and not on the event loop's thread, which would wait for a commit.
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
        Ok(move |cancel: &Cancel| {
            let told = match key {
                None => Some(world.explain_question(&text, &ranking, cancel)?),
                Some(key) => world.explain(&text, &key, &ranking, cancel)?,
            };
            Ok(told.map(ExplainedRow::from))
        })
    }

    fn associating(&self, text: String, k: usize) -> Result<impl Work<Vec<AssociatedRow>>> {
        let world = self.world()?.clone();
        Ok(move |cancel: &Cancel| world.view(cancel, |view| near(view, &view.words(&text), k)))
    }
}

fn ask<T: Send + 'static>(py: Python<'_>, is_short: bool, work: impl Work<T>) -> Result<T> {
    if is_short { brief(py, || work(&Cancel::new())) } else { call(py, work) }
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

fn delete(world: &world::World, key: &str) -> phago_core::Result<bool> {
    let deleted = world.delete(key)?;
    free_if_empty(world, deleted)?;
    Ok(deleted)
}

// A caller that deletes everything no longer needs the memory.
fn free_if_empty(world: &world::World, is_changed: bool) -> phago_core::Result<()> {
    if is_changed && world.read(|state| state.commons().documents())? == 0 {
        give_back();
    }
    Ok(())
}
