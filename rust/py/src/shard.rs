//! One shard of a world: what it owns, its part of a tick by hand, and its ghosts.

use crate::batch::Batch;
use crate::config::read;
use crate::convert;
use crate::coordinator::parse_phase;
use crate::edges::CrossEdges;
use crate::error::Result;
use crate::process::{Home, lock};
use crate::ring::{Ring, parse_id};
use crate::runtime::{brief, call};
use crate::tables::{NodeTuple, node_tuple};
use crate::world::{Colony, Step, World, crossing, helped};
use phago_core::ghost::Ghost;
use phago_core::ids::{DocumentId, NodeId, ShardId};
use phago_core::query::near::{contributions, rank};
use phago_core::shard::Shard;
use phago_core::state::State;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// (node_id, shard, label, mentions, is_resolved)
type GhostTuple = (String, u32, Option<String>, Option<u64>, bool);
/// ([(node_id, label, score)], documents here by stem)
type Answer = (Vec<(String, String, f64)>, BTreeMap<String, usize>);

/// One shard of a world that is made of the shards given the same ring.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct ShardHandle {
    shard: ShardId,
    ring: Py<Ring>,
    // A runner over shards that began in different worlds moves them into one; see `Runner.of_shards`.
    seat: Home<Mutex<Arc<Colony>>>,
}

impl Drop for ShardHandle {
    fn drop(&mut self) {
        // Without an owner the world drives the shard along; its documents stay, so its place is not given again.
        if let Ok(colony) = self.colony() {
            // Fails only where this was the last shard a tick waited for and the tick cannot be made; nobody is here to be told.
            let _ = colony.world.leave(self.shard);
        }
    }
}

impl ShardHandle {
    pub(crate) fn id(&self) -> ShardId {
        self.shard
    }

    pub(crate) fn ring(&self) -> &Py<Ring> {
        &self.ring
    }

    pub(crate) fn colony(&self) -> phago_core::Result<Arc<Colony>> {
        Ok(lock(self.seat.get()?).clone())
    }

    /// Go on in another world.
    pub(crate) fn move_to(&self, colony: Arc<Colony>) -> phago_core::Result<()> {
        let left = std::mem::replace(&mut *lock(self.seat.get()?), colony);
        left.world.leave(self.shard)
    }

    fn read<T: Send + 'static>(
        &self,
        py: Python<'_>,
        read: impl FnOnce(&State, &Shard) -> T + Send + 'static,
    ) -> Result<T> {
        let (colony, id) = (self.colony()?, self.shard);
        call(py, move |_| colony.world.read(|state| Ok(read(state, &state.shards()[state.check_shard(id)?])))?)
    }
}

#[pymethods]
impl ShardHandle {
    #[new]
    fn new(py: Python<'_>, shard: u32, config: &Bound<'_, PyDict>, ring: &Bound<'_, Ring>) -> Result<Self> {
        let (shard, config) = (ShardId(shard), read(Some(config), "config")?);
        let places = ring.get();
        let colony = brief(py, || places.join(shard, config))?;
        Ok(ShardHandle { shard, ring: ring.clone().unbind(), seat: Home::new(Mutex::new(colony)) })
    }

    #[getter]
    fn shard(&self) -> u32 {
        self.shard.0
    }

    #[getter]
    fn get_ring(&self, py: Python<'_>) -> Py<Ring> {
        self.ring.clone_ref(py)
    }

    #[getter]
    fn world(&self) -> Result<World> {
        Ok(World::over(self.colony()?))
    }

    #[getter]
    fn current_tick(&self) -> Result<u64> {
        Ok(self.colony()?.world.tick())
    }

    #[getter]
    fn driven(&self) -> Result<bool> {
        Ok(self.colony()?.world.is_driven())
    }

    #[getter]
    fn ghosts_max(&self) -> Result<u32> {
        Ok(self.colony()?.world.config().ghosts_max)
    }

    fn owns_document(&self, key: &str) -> Result<bool> {
        Ok(self.colony()?.world.ring().shard_of(DocumentId::from_key(key).0) == self.shard)
    }

    fn ingest_document(&self, py: Python<'_>, document: &Bound<'_, PyAny>) -> Result<String> {
        let (colony, shard) = (self.colony()?, self.shard);
        let document = convert::document(document)?.map_err(|fault| fault.at(0))?;
        Ok(call(py, move |_| colony.world.ingest_into(shard, document))?.to_string())
    }

    fn delete_document(&self, py: Python<'_>, key: &str) -> Result<bool> {
        let (colony, shard, key) = (self.colony()?, self.shard, key.to_owned());
        call(py, move |_| colony.world.delete_from(shard, &key))
    }

    fn reinforce(&self, py: Python<'_>, key: &str, title: &str, text: &str, path: Vec<Step>) -> Result<bool> {
        let (colony, shard, helped) = (self.colony()?, self.shard, helped(key, title, text, path));
        brief(py, || colony.world.reinforce_in(shard, &helped))
    }

    fn phase(&self, py: Python<'_>, name: &str) -> Result<(u64, u64, CrossEdges)> {
        let (colony, shard, phase) = (self.colony()?, self.shard, parse_phase(name)?);
        let report = call(py, move |_| colony.world.phase_by_hand(shard, phase))?;
        Ok((report.node_count, report.edge_count, CrossEdges::new(report.cross_edges)))
    }

    fn take_outbox(&self, py: Python<'_>) -> Result<Vec<(u32, Batch)>> {
        let (colony, shard) = (self.colony()?, self.shard);
        let sent = brief(py, || colony.world.take_outbox(shard))?;
        let lexicon = colony.world.lexicon();
        Ok(sent.into_iter().map(|(to, batch)| (to.0, Batch::new(batch, lexicon.clone()))).collect())
    }

    fn deliver(&self, py: Python<'_>, batch: &Bound<'_, Batch>) -> Result<()> {
        let (colony, shard, batch) = (self.colony()?, self.shard, batch.get());
        brief(py, || {
            let batch = batch.in_terms_of(colony.world.lexicon())?;
            colony.world.deliver(shard, &batch)
        })
    }

    fn node(&self, py: Python<'_>, id: &str) -> Result<Option<NodeTuple>> {
        let id = parse_id(id)?;
        self.read(py, move |state, shard| {
            // Nodes are kept by term and not by id; what is asked for one at a time is looked for.
            let term = shard.concepts().find(|term| state.commons().id(*term) == id)?;
            node_tuple(state, term)
        })
    }

    fn term_frequencies<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let counts: BTreeMap<Arc<str>, usize> = self.read(py, |state, shard| {
            let lexicon = state.commons().lexicon();
            shard.documents().terms().map(|(term, count)| (lexicon.stem(term), count)).collect()
        })?;
        let dictionary = PyDict::new(py);
        for (stem, count) in counts {
            dictionary.set_item(&*stem, count)?;
        }
        Ok(dictionary)
    }

    fn ghosts(&self, py: Python<'_>) -> Result<Vec<GhostTuple>> {
        let (colony, shard) = (self.colony()?, self.shard);
        let ghosts = brief(py, || colony.world.ghosts(shard))?;
        Ok(ghosts.iter().map(ghost_tuple).collect())
    }

    fn ghost(&self, py: Python<'_>, id: &str) -> Result<GhostTuple> {
        let (colony, shard, node) = (self.colony()?, self.shard, NodeId(parse_id(id)?));
        Ok(ghost_tuple(&brief(py, || colony.world.ghost(shard, node))?))
    }

    fn cross_shard_edges(&self, py: Python<'_>) -> Result<BTreeMap<u32, u64>> {
        let ends = self.read(py, |state, shard| {
            let counts = crossing(state, state.commons().seat(shard.id()));
            state.shards().iter().map(|far| far.id().0).zip(counts).filter(|(_, count)| *count > 0).collect()
        })?;
        Ok(ends)
    }

    fn connected_shards(&self, py: Python<'_>) -> Result<Vec<u32>> {
        Ok(self.cross_shard_edges(py)?.into_keys().collect())
    }

    fn handle_shard_offline(&self, py: Python<'_>, shard: u32) -> Result<usize> {
        let (colony, own) = (self.colony()?, self.shard);
        brief(py, || colony.world.forget_ghosts(own, ShardId(shard)))
    }

    fn health(&self, py: Python<'_>) -> Result<(bool, f64, f64, u64)> {
        let size = self.read(py, |_, shard| Size::of(shard))?;
        let load = if size.documents == 0 { 0.0 } else { size.pending as f64 / size.documents as f64 };
        // A shard whose work died or hung was rebuilt before the call that told of it returned.
        Ok((true, load, size.bytes as f64 / f64::from(1 << 20), size.pending))
    }

    fn stats<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let ghosts = self.colony()?.world.ghost_count(self.shard)?;
        let (size, crossing) = self.read(py, |state, shard| {
            let crossing: u64 = crossing(state, state.commons().seat(shard.id())).iter().sum();
            (Size::of(shard), crossing)
        })?;
        let dictionary = PyDict::new(py);
        dictionary.set_item("nodes", size.nodes)?;
        dictionary.set_item("edges", size.edges)?;
        dictionary.set_item("documents", size.documents)?;
        dictionary.set_item("pending", size.pending)?;
        dictionary.set_item("memory_bytes", size.bytes)?;
        dictionary.set_item("ghosts", ghosts)?;
        dictionary.set_item("cross_shard_edges", crossing)?;
        Ok(dictionary)
    }

    #[pyo3(signature = (terms, max_results, global_df=None))]
    fn query(
        &self,
        py: Python<'_>,
        terms: Vec<String>,
        max_results: usize,
        global_df: Option<BTreeMap<String, u32>>,
    ) -> Result<Answer> {
        let colony = self.colony()?;
        let lexicon = colony.world.lexicon();
        // Stems as `analyse` gives them; whatever else is asked for is unknown, which is an answer.
        let asked: Vec<(u32, String)> =
            terms.into_iter().filter_map(|stem| Some((lexicon.term(&stem)?, stem))).collect();
        let df: BTreeMap<u32, u32> =
            global_df.into_iter().flatten().filter_map(|(stem, count)| Some((lexicon.term(&stem)?, count))).collect();
        self.read(py, move |state, shard| {
            let commons = state.commons();
            let known: Vec<u32> = asked.iter().map(|(term, _)| *term).filter(|term| state.knows(*term)).collect();
            let ranked =
                rank(contributions(shard, commons, &known, |term| df.get(&term).copied()), commons, max_results);
            let found = ranked.into_iter().map(|concept| {
                let id = NodeId(commons.id(concept.term)).to_string();
                (id, commons.label(concept.term).to_string(), concept.score)
            });
            let count = |term: u32| shard.documents().postings(term).map_or(0, |postings| postings.list.len());
            let here = asked.iter().map(|(term, stem)| (stem.clone(), count(*term)));
            (found.collect(), here.filter(|(_, count)| *count > 0).collect())
        })
    }
}

fn ghost_tuple(ghost: &Ghost) -> GhostTuple {
    let label = ghost.label.as_deref().map(str::to_owned);
    (ghost.node.to_string(), ghost.shard.0, label, ghost.data.map(|data| data.mentions), ghost.is_resolved)
}

struct Size {
    nodes: u64,
    edges: u64,
    documents: u64,
    pending: u64,
    bytes: u64,
}

impl Size {
    fn of(shard: &Shard) -> Self {
        let documents = shard.documents();
        Size {
            nodes: shard.node_count(),
            edges: shard.edge_count(),
            documents: documents.len() as u64,
            pending: documents.all().iter().filter(|document| document.digested.is_none()).count() as u64,
            bytes: shard.graph_bytes() as u64 + documents.bytes(),
        }
    }
}
