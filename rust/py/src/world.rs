//! One colony: inputs and reads.

use crate::call::Call;
use crate::config::{layout, read, settings_of};
use crate::document::{StoredRow, document};
use crate::error::Result;
use crate::filter::filter;
use crate::life::Living;
use crate::rows::answers::{AnsweredRow, ExplainedRow};
use crate::rows::documents::{FoundRow, IngestedRow, UpdatedRow};
use crate::rows::graph::{AssociatedRow, NeighborRow, NodeRow, RankedRow};
use crate::rows::rows;
use crate::rows::surveys::{ShortestPathRow, SignificantRow, StructureRow};
use crate::runtime::brief;
use crate::tables::{EdgeTable, NodeTable};
use crate::vector;
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::documents::{Body, Vector};
use phago_core::metadata::{self, Filter};
use phago_core::query::{Query, Wording};
use phago_core::read::Whole;
use phago_core::replica::Replica;
use phago_core::ring::Ring;
use phago_engine::host::colony::Colony;
use phago_engine::host::process::Home;
use phago_engine::intake::embeddable::Embeddable;
use phago_engine::intake::ingest::OnError;
use phago_engine::intake::reinforce::Helped;
use phago_engine::lock::lock;
use phago_engine::world;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PySequence};
use std::sync::{Arc, Mutex};

// Documents of so many bytes are analysed in about a millisecond.
const SHORT_BYTES: usize = 1 << 16;
// In a colony of so many documents, nothing that a short call may wait for takes long.
const SMALL_DOCUMENTS: u64 = 100_000;

/// (label of a concept, the question's words that led to it)
pub(crate) type Step = (String, Vec<String>);

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
        Ok(&self.colony()?.world)
    }

    // A call that may take long.
    fn call<T>(
        &self,
        work: impl FnOnce(&world::World, &Cancel) -> phago_core::Result<T> + Send + 'static,
    ) -> Result<Call>
    where
        T: for<'py> IntoPyObject<'py> + Send + 'static,
    {
        let world = self.world()?.clone();
        Ok(Call::new(move |cancel| work(&world, cancel)))
    }

    // A call that may take long in a large colony, or if `is_short` is false.
    fn call_short<T>(
        &self,
        is_short: bool,
        work: impl FnOnce(&world::World, &Cancel) -> phago_core::Result<T> + Send + 'static,
    ) -> Result<Call>
    where
        T: for<'py> IntoPyObject<'py> + Send + 'static,
    {
        let (world, asked) = (self.world()?.clone(), self.world()?.clone());
        Ok(Call::brief_if(move || Ok(is_short && is_small(&asked)?), move |cancel| work(&world, cancel)))
    }

    // A read of the committed state that takes little time in any colony whose shards are here.
    fn read<T>(&self, read: impl Fn(&dyn Whole) -> phago_core::Result<T> + Send + 'static) -> Result<Call>
    where
        T: for<'py> IntoPyObject<'py> + Send + 'static,
    {
        let (world, asked) = (self.world()?.clone(), self.world()?.clone());
        Ok(Call::brief_if(move || Ok(!asked.is_far()), move |cancel| world.whole(cancel, read)))
    }

    fn read_now<T: Send>(&self, py: Python<'_>, read: impl FnOnce(&Replica) -> T + Send) -> Result<T> {
        let world = self.world()?;
        brief(py, || world.read(read))
    }
}

// A method that returns a `Call` reads all its arguments from Python before that begins.
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
        let (config, layout) = (read(Some(config), "config")?, layout("shards", shards, virtual_nodes_per_shard)?);
        brief(py, || {
            let ring = Ring::new(layout.num_shards, layout.virtual_nodes_per_shard);
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
    fn quiet(&self, py: Python<'_>) -> Result<bool> {
        let world = self.world()?;
        brief(py, || world.is_quiet())
    }

    #[getter]
    fn pending(&self, py: Python<'_>) -> Result<u64> {
        let world = self.world()?;
        brief(py, || world.pending())
    }

    fn __contains__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> Result<bool> {
        // As in a dictionary, a value that cannot be a key is not present.
        let Ok(key) = key.extract::<String>() else { return Ok(false) };
        let world = self.world()?;
        brief(py, || world.whole(&Cancel::new(), |state| Ok(state.stored(std::slice::from_ref(&key))?[0].is_some())))
    }

    fn __len__(&self, py: Python<'_>) -> Result<usize> {
        Ok(self.read_now(py, |state| state.commons().documents())? as usize)
    }

    #[getter]
    fn is_far(&self) -> Result<bool> {
        Ok(self.world()?.is_far())
    }

    /// Returns, of each document, what its vector is to be made of: its text; or the vector that it has in the colony, if
    /// it stands there with no other difference; or None if it comes with one or is not valid.
    fn embeddable(&self, documents: &Bound<'_, PySequence>, first_index: usize) -> Result<Call> {
        let documents = read_documents(documents, first_index)?;
        self.call(move |world, cancel| {
            let found = world.embeddable(&documents, cancel)?;
            Ok(found.into_iter().map(Made).collect::<Vec<_>>())
        })
    }

    /// Returns how many numbers vectors have, if there ever was one, and the name of the model, if it was told.
    #[getter]
    fn space(&self, py: Python<'_>) -> Result<(Option<u32>, Option<String>)> {
        self.read_now(py, |state| {
            let space = state.commons().life().space();
            (space.dimension(), space.model().map(str::to_owned))
        })
    }

    fn tell_model(&self, model: String) -> Result<Call> {
        self.call(move |world, _| world.tell_model(&model))
    }

    #[pyo3(signature = (documents, first_index, skip, vectors=None, idles=false))]
    fn ingest(
        &self,
        py: Python<'_>,
        documents: &Bound<'_, PySequence>,
        first_index: usize,
        skip: bool,
        vectors: Option<&Bound<'_, PySequence>>,
        idles: bool,
    ) -> Result<Call> {
        let documents = with_vectors(read_documents(documents, first_index)?, first_index, vectors)?;
        let bytes: usize = documents.iter().flatten().map(bytes).sum();
        let is_short = documents.len() <= 16 && bytes <= SHORT_BYTES;
        let (colony, on_error) = (self.colony()?.clone(), on_error(skip));
        let chunk = py.detach(|| {
            let mut chunk = colony.world.chunk(documents, first_index);
            colony.begin(&mut chunk, idles);
            chunk
        });
        let chunk = Arc::new(Mutex::new(Some(chunk)));
        let (ahead, coming) = (colony.clone(), chunk.clone());
        let call = self.call_short(is_short, move |_, _| {
            let chunk = lock(&chunk).take().expect("a call begins once");
            Ok(IngestedRow::from(colony.ingest(chunk, on_error)?))
        });
        let ahead = move |cancel: &Cancel| {
            // It is locked by nobody else before the call has begun.
            if let Some(chunk) = &mut *lock(&coming) {
                ahead.read_ahead(chunk, cancel);
            }
            Ok(())
        };
        Ok(call?.ahead(ahead))
    }

    #[pyo3(signature = (document, vector=None))]
    fn update(&self, document: &Bound<'_, PyAny>, vector: Option<&Bound<'_, PyAny>>) -> Result<Call> {
        let document = with_vector(self::document(document)?.map_err(|fault| fault.at(0)), 0, vector)??;
        self.call_short(bytes(&document) <= SHORT_BYTES, move |world, _| Ok(world.update(document)?.name()))
    }

    fn delete(&self, key: String) -> Result<Call> {
        let colony = self.colony()?.clone();
        self.call_short(true, move |_, _| colony.delete(&key))
    }

    #[pyo3(signature = (documents, first_index, skip, vectors=None))]
    fn update_all(
        &self,
        documents: &Bound<'_, PySequence>,
        first_index: usize,
        skip: bool,
        vectors: Option<&Bound<'_, PySequence>>,
    ) -> Result<Call> {
        let documents = with_vectors(read_documents(documents, first_index)?, first_index, vectors)?;
        let colony = self.colony()?.clone();
        let on_error = on_error(skip);
        self.call(move |_, cancel| Ok(UpdatedRow::from(colony.update_all(documents, first_index, on_error, cancel)?)))
    }

    fn delete_all(&self, keys: Vec<String>) -> Result<Call> {
        let colony = self.colony()?.clone();
        self.call(move |_, cancel| colony.delete_all(&keys, cancel))
    }

    fn tell_time(&self, now: i64) -> Result<Call> {
        self.call(move |world, _| world.tell_time(now))
    }

    fn reinforce(&self, key: String, title: String, text: String, path: Vec<Step>) -> Result<Call> {
        let helped = Helped { name: key, title, text, path };
        self.call(move |world, _| world.reinforce(&helped))
    }

    // Each answer comes with the number of pending documents, counted here and not on an event loop's thread, which
    // would wait for a commit.
    #[pyo3(signature = (text, k, r#where=None, span=Span::default(), extras=None))]
    fn search(
        &self,
        text: String,
        k: usize,
        r#where: Option<&Bound<'_, PyAny>>,
        span: Span,
        extras: Option<Extras>,
    ) -> Result<Call> {
        let (filter, wording) = (within(filter(r#where)?, span)?, wording(&text, extras)?);
        self.call_short(is_short(&wording, k), move |world, cancel| {
            let found = world.search(&wording, k, &filter, cancel)?;
            Ok((rows::<FoundRow, _>(found), world.pending()?))
        })
    }

    /// `span` is that of times, `vector` the question's.
    #[pyo3(signature = (text, k, ranking=None, r#where=None, paths=true, vector=None, span=Span::default(), diverse=0.0,
        extras=None))]
    #[allow(clippy::too_many_arguments)] // As Python names them.
    fn answer(
        &self,
        text: String,
        k: usize,
        ranking: Option<&Bound<'_, PyDict>>,
        r#where: Option<&Bound<'_, PyAny>>,
        paths: bool,
        vector: Option<&Bound<'_, PyAny>>,
        span: Span,
        diverse: f64,
        extras: Option<Extras>,
    ) -> Result<Call> {
        let (ranking, filter) = (read(ranking, "ranking")?, within(filter(r#where)?, span)?);
        let (vector, wording) = (question_vector(vector)?, wording(&text, extras)?);
        let is_short = is_short(&wording, k) && vector.is_none() && diverse == 0.0;
        self.call_short(is_short, move |world, cancel| {
            let asked = Query { vector: vector.as_ref(), as_of: span.0, diverse, ..Query::from(&wording) };
            let found = world.answer(asked, k, &ranking, &filter, paths, cancel)?;
            Ok((rows::<AnsweredRow, _>(found), world.pending()?))
        })
    }

    #[pyo3(signature = (text, key=None, ranking=None, vector=None, as_of=None, extras=None))]
    fn explain(
        &self,
        text: String,
        key: Option<String>,
        ranking: Option<&Bound<'_, PyDict>>,
        vector: Option<&Bound<'_, PyAny>>,
        as_of: Option<i64>,
        extras: Option<Extras>,
    ) -> Result<Call> {
        let (ranking, vector) = (read(ranking, "ranking")?, question_vector(vector)?);
        let wording = wording(&text, extras)?;
        self.call(move |world, cancel| {
            let asked = Query { vector: vector.as_ref(), as_of, ..Query::from(&wording) };
            let told = match key {
                None => Some(world.explain_question(asked, &ranking, cancel)?),
                Some(key) => world.explain(asked, &key, &ranking, cancel)?,
            };
            Ok(told.map(ExplainedRow::from))
        })
    }

    #[pyo3(signature = (key, k, ranking=None, r#where=None))]
    fn similar(
        &self,
        key: String,
        k: usize,
        ranking: Option<&Bound<'_, PyDict>>,
        r#where: Option<&Bound<'_, PyAny>>,
    ) -> Result<Call> {
        let (ranking, filter) = (read(ranking, "ranking")?, filter(r#where)?);
        self.call(move |world, cancel| {
            let found = world.similar(&key, k, &ranking, &filter, cancel)?;
            let pending = world.pending()?;
            Ok(found.map(|found| (rows::<AnsweredRow, _>(found), pending)))
        })
    }

    fn suggest(&self, begun: String, k: usize) -> Result<Call> {
        self.call_short(is_short(&begun.as_str().into(), k), move |world, cancel| world.suggest(&begun, k, cancel))
    }

    fn concepts(&self, text: String, k: usize) -> Result<Call> {
        self.call(move |world, cancel| Ok(rows::<RankedRow, _>(world.near(&text, k, cancel)?)))
    }

    fn concepts_with_neighbors(&self, text: String, k: usize) -> Result<Call> {
        self.call(move |world, cancel| {
            let (near, neighbors) = world.associated(&text, k, cancel)?;
            Ok(rows::<AssociatedRow, _>(near.into_iter().zip(neighbors)))
        })
    }

    fn get(&self, key: String) -> Result<Call> {
        self.read(move |state| Ok(state.stored(std::slice::from_ref(&key))?.pop().flatten().map(StoredRow::from)))
    }

    fn stored(&self, keys: Vec<String>) -> Result<Call> {
        self.call(move |world, cancel| {
            Ok(rows::<StoredRow, _>(world.whole(cancel, |state| state.stored(&keys))?.into_iter().flatten()))
        })
    }

    #[pyo3(signature = (r#where=None, after=None))]
    fn names(&self, r#where: Option<&Bound<'_, PyAny>>, after: Option<String>) -> Result<Call> {
        let filter = filter(r#where)?;
        self.call(move |world, cancel| world.whole(cancel, |state| state.names(after.as_deref(), &filter)))
    }

    #[pyo3(signature = (r#where=None))]
    fn count(&self, r#where: Option<&Bound<'_, PyAny>>) -> Result<Call> {
        let filter = filter(r#where)?;
        self.read(move |state| state.count(&filter))
    }

    fn digest(&self) -> Result<Call> {
        self.call(|world, cancel| world.digest_until(cancel))
    }

    fn evidence_digest(&self) -> Result<Call> {
        self.call(|world, cancel| world.evidence_digest_until(cancel))
    }

    fn stats(&self) -> Result<Call> {
        self.call(|world, cancel| Ok(Numbers(world.stats(cancel)?.to_vec())))
    }

    fn node(&self, label: String) -> Result<Call> {
        self.read(move |state| match state.concept(&label)? {
            Some(term) => Ok(state.node(term)?.map(NodeRow::from)),
            None => Ok(None),
        })
    }

    fn neighbors(&self, label: String) -> Result<Call> {
        self.read(move |state| match state.concept(&label)? {
            Some(term) => Ok(state.neighbors(&[term])?.pop().map(rows::<NeighborRow, _>)),
            None => Ok(None),
        })
    }

    fn nodes(&self) -> Result<Call> {
        self.call(|world, cancel| Ok(NodeTable::new(world.whole(cancel, |state| state.nodes())?)))
    }

    fn structure(&self) -> Result<Call> {
        self.call(|world, cancel| {
            let graph = world.surveyed(cancel)?;
            let structure = graph.structure(cancel)?;
            Ok(StructureRow::from((graph, structure)))
        })
    }

    fn shortest_path(&self, source: String, target: String) -> Result<Call> {
        self.call(move |world, cancel| Ok(world.path(&source, &target, cancel)?.map(ShortestPathRow::from)))
    }

    fn betweenness(&self, samples: usize, seed: u64) -> Result<Call> {
        self.call(move |world, cancel| {
            let graph = world.surveyed(cancel)?;
            let values = graph.betweenness(samples, seed, cancel)?;
            Ok((graph.labels(0..values.len() as u32), values))
        })
    }

    fn communities(&self) -> Result<Call> {
        self.call(|world, cancel| {
            let graph = world.surveyed(cancel)?;
            let communities = graph.groups(&graph.communities(cancel)?).into_iter();
            Ok(communities.map(|group| graph.labels(group)).collect::<Vec<_>>())
        })
    }

    fn significant(&self, top: usize) -> Result<Call> {
        self.call(move |world, cancel| {
            let graph = world.surveyed(cancel)?;
            let found = graph.significant(top, cancel)?;
            Ok(rows::<SignificantRow, _>(found.into_iter().map(|found| (&graph, found))))
        })
    }

    /// Returns what it has beside its documents.
    #[getter]
    fn living(&self) -> Result<Living> {
        Ok(Living::over(self.colony()?.clone()))
    }

    fn edges(&self) -> Result<Call> {
        self.call(|world, cancel| Ok(EdgeTable::new(world.whole(cancel, |state| state.edges())?)))
    }
}

/// Numbers with their names: a dictionary in this order.
pub(crate) struct Numbers(pub(crate) Vec<(&'static str, u64)>);

impl<'py> IntoPyObject<'py> for Numbers {
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        self.0.into_py_dict(py)
    }
}

fn is_small(world: &world::World) -> phago_core::Result<bool> {
    Ok(!world.is_far() && world.read(|state| state.commons().documents())? <= SMALL_DOCUMENTS)
}

// Operators read texts again.
fn is_short(wording: &Wording, k: usize) -> bool {
    wording.text.len() <= 1024 && k <= 1000 && wording.operators.is_empty()
}

// Whether a question has operators; what is required, excluded, and synonyms.
type Extras = (Option<bool>, Vec<String>, Vec<String>, Vec<(String, String)>);

fn wording(text: &str, extras: Option<Extras>) -> Result<Wording> {
    let (operators, required, excluded, synonyms) = extras.unwrap_or_default();
    let mut wording = Wording::read(text, operators)?;
    wording.demand(&required, false)?;
    wording.demand(&excluded, true)?;
    wording.synonyms = synonyms;
    Ok(wording)
}

fn bytes(document: &Body) -> usize {
    document.text.len() + document.title.len()
}

fn read_documents(documents: &Bound<'_, PySequence>, first_index: usize) -> PyResult<Vec<phago_core::Result<Body>>> {
    let mut read = Vec::with_capacity(documents.len()?);
    for (index, value) in (first_index..).zip(documents.try_iter()?) {
        read.push(document(&value?)?.map_err(|fault| fault.at(index)));
    }
    Ok(read)
}

// Gives documents the vectors that were made for them.
fn with_vectors(
    documents: Vec<phago_core::Result<Body>>,
    first_index: usize,
    vectors: Option<&Bound<'_, PySequence>>,
) -> PyResult<Vec<phago_core::Result<Body>>> {
    let Some(vectors) = vectors else { return Ok(documents) };
    let with = |((index, document), vector): ((usize, phago_core::Result<Body>), PyResult<Bound<'_, PyAny>>)| {
        with_vector(document, index, Some(&vector?))
    };
    (first_index..).zip(documents).zip(vectors.try_iter()?).map(with).collect()
}

fn with_vector(
    document: phago_core::Result<Body>,
    index: usize,
    vector: Option<&Bound<'_, PyAny>>,
) -> PyResult<phago_core::Result<Body>> {
    let Some(vector) = vector.filter(|vector| !vector.is_none()) else { return Ok(document) };
    let Ok(document) = document else { return Ok(document) };
    Ok(match vector::read(vector)? {
        Ok(vector) => Ok(Body { vector: Some(vector), ..document }),
        Err(reason) => {
            let id = document.key.as_deref().map(str::to_owned);
            Err(Error::InvalidDocument { index, id, field: "vector".into(), reason })
        }
    })
}

fn question_vector(vector: Option<&Bound<'_, PyAny>>) -> Result<Option<Vector>> {
    let Some(vector) = vector else { return Ok(None) };
    match vector::read(vector)? {
        Ok(vector) => Ok(Some(vector)),
        // Each reason says what was given, and then what is accepted.
        Err(reason) => {
            let (value, accepted) = reason.split_once("; accepted ").unwrap_or((&reason, "is a vector"));
            let accepted = accepted.trim_start_matches("are ").trim_start_matches("is ");
            let (field, value) = ("vector".into(), format!("one that {value}"));
            Err(Error::Config { field, value, accepted: accepted.into() }.into())
        }
    }
}

/// The times that are asked for, in microseconds since 1970: as of which moment, since when, and until when.
type Span = (Option<i64>, Option<i64>, Option<i64>);

// Documents without a time are as old as can be where one asks as of a moment, and in no span.
fn within(filter: Filter, (as_of, since, until): Span) -> Result<Filter> {
    let mut all = vec![filter];
    if as_of.is_some() {
        all.push(Filter::within(metadata::Span { since: None, until: as_of, with_undated: true }));
    }
    if since.is_some() || until.is_some() {
        all.push(Filter::within(metadata::Span { since, until, with_undated: false }));
    }
    match all.len() {
        1 => Ok(all.remove(0)),
        _ => Ok(Filter::all(all.into_iter().filter(|filter| !filter.is_empty()).collect())?),
    }
}

/// What the vector of a document is made of, on its way to Python.
struct Made(Option<Embeddable>);

impl<'py> IntoPyObject<'py> for Made {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        match self.0 {
            None => Ok(py.None().into_bound(py)),
            Some(Embeddable::Text(text)) => text.into_bound_py_any(py),
            Some(Embeddable::Kept(vector)) => vector.values().to_vec().into_bound_py_any(py),
        }
    }
}

fn on_error(skip: bool) -> OnError {
    if skip { OnError::Skip } else { OnError::Raise }
}
