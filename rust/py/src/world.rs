//! One colony: what is taken in, what is read.

use crate::answers::{self, Answered, ExplainedTuple};
use crate::config::{colony, number};
use crate::convert::document;
use crate::error::Result;
use crate::metadata::{self, Told};
use crate::process::{Home, lock};
use crate::runtime::{brief, long, start};
use crate::tables::{EdgeTable, NodeTable, NodeTuple, node_tuple};
use phago_core::Error;
use phago_core::config::{DistributedConfig, SHARDS_MAX, within};
use phago_core::ids::{DocumentId, NodeId, ShardId};
use phago_core::metadata::Filter;
use phago_core::query::RankedConcept;
use phago_core::state::State;
use phago_core::text::QueryWord;
use phago_engine::changes::Updated;
use phago_engine::ingest::{Ingested, NewDocument, OnError};
use phago_engine::runner::Runner;
use phago_engine::uses::Helped;
use phago_engine::world::{self, FoundDocument};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySequence};
use std::collections::BTreeSet;
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
    pub(crate) world: Arc<world::World>,
    // Places that were taken, given back or not.
    claimed: Mutex<BTreeSet<ShardId>>,
    // Its threads help to take documents in, so that a colony keeps to the parallelism it was given.
    helper: Mutex<Weak<Runner>>,
}

impl Colony {
    pub(crate) fn new(world: Arc<world::World>) -> Arc<Self> {
        Arc::new(Colony { world, claimed: Mutex::default(), helper: Mutex::default() })
    }

    /// Take a shard's place; `false` when it was taken before.
    pub(crate) fn claim(&self, shard: ShardId) -> phago_core::Result<bool> {
        let mut claimed = lock(&self.claimed);
        if claimed.contains(&shard) || !self.world.join(shard)? {
            return Ok(false);
        }
        Ok(claimed.insert(shard))
    }

    /// Let the threads of this runner help for as long as it lives.
    pub(crate) fn help(&self, runner: &Arc<Runner>) {
        *lock(&self.helper) = Arc::downgrade(runner);
    }

    fn ingest(
        &self,
        documents: Vec<phago_core::Result<NewDocument>>,
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

    fn read<T: Send>(&self, py: Python<'_>, read: impl FnOnce(&State) -> T + Send) -> Result<T> {
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
        let config = self::colony(config)?;
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
        let (colony, on_error) = (self.colony()?.clone(), on_error(skip));
        let documents = read_documents(documents, first_index)?;
        Ok(report(long(py, move || colony.ingest(documents, first_index, on_error))?))
    }

    fn ingest_async<'py>(
        &self,
        py: Python<'py>,
        documents: &Bound<'py, PySequence>,
        first_index: usize,
        skip: bool,
    ) -> Result<Bound<'py, PyAny>> {
        let (colony, on_error) = (self.colony()?.clone(), on_error(skip));
        let documents = read_documents(documents, first_index)?;
        start(py, blocking(move || Ok(report(colony.ingest(documents, first_index, on_error)?))))
    }

    fn delete(&self, py: Python<'_>, key: &str) -> Result<bool> {
        let (world, key) = (self.world()?.clone(), key.to_owned());
        long(py, move || world.delete(&key))
    }

    fn update(&self, py: Python<'_>, document: &Bound<'_, PyAny>) -> Result<&'static str> {
        let (world, document) = (self.world()?.clone(), one(document)?);
        Ok(updated(long(py, move || world.update(document))?))
    }

    fn update_async<'py>(&self, py: Python<'py>, document: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        let (world, document) = (self.world()?.clone(), one(document)?);
        start(py, blocking(move || Ok(updated(world.update(document)?))))
    }

    fn reinforce(&self, py: Python<'_>, key: &str, title: &str, text: &str, path: Vec<Step>) -> Result<bool> {
        let (world, helped) = (self.world()?, helped(key, title, text, path));
        brief(py, || world.reinforce(&helped))
    }

    #[pyo3(signature = (text, k, r#where=None))]
    fn search(&self, py: Python<'_>, text: &str, k: usize, r#where: Option<&Bound<'_, PyAny>>) -> Result<Vec<Found>> {
        let (world, filter) = (self.world()?, metadata::filter(r#where)?);
        brief(py, || search(world, text, k, &filter))
    }

    #[pyo3(signature = (text, k, r#where=None))]
    fn search_async<'py>(
        &self,
        py: Python<'py>,
        text: String,
        k: usize,
        r#where: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>> {
        let (world, filter) = (self.world()?.clone(), metadata::filter(r#where)?);
        start(py, blocking(move || search(&world, &text, k, &filter)))
    }

    #[pyo3(signature = (text, k, ranking=None, r#where=None, paths=true))]
    fn answer(
        &self,
        py: Python<'_>,
        text: &str,
        k: usize,
        ranking: Option<&Bound<'_, PyDict>>,
        r#where: Option<&Bound<'_, PyAny>>,
        paths: bool,
    ) -> Result<Vec<Answered>> {
        let (world, ranking, filter) = (self.world()?, answers::ranking(ranking)?, metadata::filter(r#where)?);
        brief(py, || Ok(world.answer(text, k, &ranking, &filter, paths)?.into_iter().map(answers::answered).collect()))
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
        let (world, ranking, filter) = (self.world()?.clone(), answers::ranking(ranking)?, metadata::filter(r#where)?);
        let answer = move || {
            let hits = world.answer(&text, k, &ranking, &filter, paths)?;
            Ok(hits.into_iter().map(answers::answered).collect::<Vec<_>>())
        };
        start(py, blocking(answer))
    }

    #[pyo3(signature = (text, key=None, ranking=None))]
    fn explain(
        &self,
        py: Python<'_>,
        text: &str,
        key: Option<&str>,
        ranking: Option<&Bound<'_, PyDict>>,
    ) -> Result<Option<ExplainedTuple>> {
        let (world, ranking) = (self.world()?, answers::ranking(ranking)?);
        brief(py, || {
            let told = match key {
                None => Some(world.explain_question(text, &ranking)?),
                Some(key) => world.explain(text, |state| find(state, key).map(|document| document.id), &ranking)?,
            };
            Ok(told.map(answers::explained))
        })
    }

    fn concepts_with_neighbors(&self, py: Python<'_>, text: &str, k: usize) -> Result<Vec<(Ranked, Vec<Neighbor>)>> {
        let world = self.world()?;
        brief(py, || {
            let words = world.words(text);
            world.read(|state| {
                let told = |concept: &RankedConcept| (ranked(state, concept), neighbors(state, concept.term));
                state.concepts(&words, k).iter().map(told).collect()
            })
        })
    }

    fn concepts(&self, py: Python<'_>, text: &str, k: usize) -> Result<Vec<Ranked>> {
        let world = self.world()?;
        brief(py, || concepts(world, text, k))
    }

    fn get(&self, py: Python<'_>, key: &str) -> Result<Option<Stored>> {
        self.read(py, |state| {
            let found = find(state, key)?;
            let metadata = Told(found.metadata.clone());
            Some((found.title.to_string(), found.text.to_string(), found.arrival, found.digested, metadata))
        })
    }

    fn __contains__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> Result<bool> {
        // As in a dictionary, what can be no key is simply not there.
        let Ok(key) = key.extract::<String>() else { return Ok(false) };
        self.read(py, |state| find(state, &key).is_some())
    }

    fn __len__(&self, py: Python<'_>) -> Result<usize> {
        Ok(self.read(py, |state| state.commons().documents())? as usize)
    }

    fn digest(&self, py: Python<'_>) -> Result<String> {
        let world = self.world()?.clone();
        long(py, move || world.digest())
    }

    fn evidence_digest(&self, py: Python<'_>) -> Result<String> {
        let world = self.world()?.clone();
        long(py, move || world.evidence_digest())
    }

    fn stats<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let world = self.world()?.clone();
        let pairs = long(py, move || {
            let pending = world.pending()?;
            let mut ghosts = 0;
            for &shard in world.ring().shards() {
                ghosts += world.ghost_count(shard)? as u64;
            }
            world.read(|state| stats(state, pending, ghosts))
        })?;
        let dictionary = PyDict::new(py);
        for (name, value) in pairs {
            dictionary.set_item(name, value)?;
        }
        Ok(dictionary)
    }

    fn node(&self, py: Python<'_>, label: &str) -> Result<Option<NodeTuple>> {
        let word = self.world()?.label(label);
        self.read(py, |state| concept(state, word.as_ref(), label).and_then(|term| node_tuple(state, term)))
    }

    fn neighbors(&self, py: Python<'_>, label: &str) -> Result<Option<Vec<Neighbor>>> {
        let word = self.world()?.label(label);
        self.read(py, |state| Some(neighbors(state, concept(state, word.as_ref(), label)?)))
    }

    fn nodes(&self, py: Python<'_>) -> Result<NodeTable> {
        let world = self.world()?.clone();
        long(py, move || world.read(NodeTable::of))
    }

    fn edges(&self, py: Python<'_>) -> Result<EdgeTable> {
        let world = self.world()?.clone();
        long(py, move || world.read(EdgeTable::of))
    }
}

/// Work that blocks its thread, as a future.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> phago_core::Result<T> + Send + 'static,
) -> phago_core::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        // A panic goes on to the door, which knows what to make of it.
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::Cancelled),
    }
}

fn on_error(skip: bool) -> OnError {
    if skip { OnError::Skip } else { OnError::Raise }
}

fn read_documents(
    documents: &Bound<'_, PySequence>,
    first_index: usize,
) -> PyResult<Vec<phago_core::Result<NewDocument>>> {
    let mut read = Vec::with_capacity(documents.len()?);
    for (index, value) in (first_index..).zip(documents.try_iter()?) {
        read.push(document(&value?)?.map_err(|fault| fault.at(index)));
    }
    Ok(read)
}

fn one(document: &Bound<'_, PyAny>) -> Result<NewDocument> {
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

fn search(world: &world::World, text: &str, k: usize, filter: &Filter) -> phago_core::Result<Vec<Found>> {
    Ok(world.search(text, k, filter)?.into_iter().map(found).collect())
}

pub(crate) fn found(hit: FoundDocument) -> Found {
    (hit.score, hit.name, hit.title, hit.text, hit.digested, Told(hit.metadata))
}

/// Concepts over all shards of a world: id, label, score, shard.
fn concepts(world: &world::World, text: &str, k: usize) -> phago_core::Result<Vec<Ranked>> {
    let words = world.words(text);
    world.read(|state| state.concepts(&words, k).iter().map(|concept| ranked(state, concept)).collect())
}

fn ranked(state: &State, concept: &RankedConcept) -> Ranked {
    let commons = state.commons();
    let id = NodeId(commons.id(concept.term)).to_string();
    (id, commons.label(concept.term).to_string(), concept.score, concept.shard.0)
}

fn find<'a>(state: &'a State, key: &str) -> Option<&'a phago_core::documents::Document> {
    // A document without a key goes by its id; one with a key that looks like an id is found by that key first.
    let unnamed = || {
        let found = state.document(DocumentId::parse(key)?)?;
        found.key.is_none().then_some(found)
    };
    state.document(DocumentId::from_key(key)).or_else(unnamed)
}

// The concept of a word, or else of a stem: the stem of a stem may be another one.
fn concept(state: &State, word: Option<&QueryWord>, label: &str) -> Option<u32> {
    let by_stem = || {
        let commons = state.commons();
        let term = commons.lexicon().term(label).filter(|term| state.knows(*term))?;
        state.home(term).is_concept(term, commons).then_some(term)
    };
    word.and_then(|word| state.concept(word)).or_else(by_stem)
}

fn neighbors(state: &State, term: u32) -> Vec<Neighbor> {
    let commons = state.commons();
    let mut row: Vec<_> = state.row(term).into_iter().map(|synapse| (state.weight(&synapse), synapse)).collect();
    // The row comes in the order of ids, which a stable sort keeps among equal weights.
    row.sort_by(|a, b| b.0.total_cmp(&a.0));
    row.into_iter()
        .map(|(weight, synapse)| {
            let (label, id) =
                (commons.label(synapse.target).to_string(), NodeId(commons.id(synapse.target)).to_string());
            (label, weight, synapse.co_activations, synapse.created, synapse.last, id)
        })
        .collect()
}

/// How many living synapses of a shard end on each other shard, by seat.
pub(crate) fn crossing(state: &State, seat: usize) -> Vec<u64> {
    let (commons, shard) = (state.commons(), &state.shards()[seat]);
    let mut counts = vec![0; state.shards().len()];
    for term in shard.concepts() {
        for synapse in shard.row(term, commons) {
            counts[commons.seat(commons.home(synapse.target).shard)] += 1;
        }
    }
    counts[seat] = 0;
    counts
}

fn stats(state: &State, pending: u64, ghosts: u64) -> [(&'static str, u64); 15] {
    let commons = state.commons();
    let sum = |part: fn(&phago_core::shard::Shard) -> u64| state.shards().iter().map(|shard| part(shard)).sum();
    let crossing = (0..state.shards().len()).flat_map(|seat| crossing(state, seat)).sum();
    let terms = (0..commons.terms() as u32).filter(|term| commons.df(*term) > 0).count() as u64;
    [
        ("documents", commons.documents()),
        ("pending", pending),
        ("digested", commons.digested()),
        ("terms", terms),
        ("nodes", state.node_count()),
        ("edges", state.edge_count()),
        ("edge_slots", sum(|shard| shard.stored())),
        ("cross_shard_edges", crossing),
        ("digesters", sum(|shard| shard.digesters().count() as u64)),
        ("tick", state.tick()),
        ("shards", state.shards().len() as u64),
        ("bytes_exchanged", state.exchanged()),
        ("row_bytes", sum(|shard| shard.graph_bytes() as u64)),
        ("ghosts", ghosts),
        ("touched", sum(|shard| shard.touched())),
    ]
}
