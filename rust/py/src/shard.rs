//! One shard of a world: what it owns, its part of a tick made by hand, and its ghosts.

use crate::batch::Batch;
use crate::config::read;
use crate::convert;
use crate::coordinator::parse_phase;
use crate::error::Result;
use crate::process::{Home, lock};
use crate::ring::{Ring, parse_id};
use crate::rows::graph::NodeRow;
use crate::rows::rows;
use crate::rows::shards::{GhostRow, HealthRow, LocalAnswerRow};
use crate::rows::ticks::PhaseRow;
use crate::runtime::{brief, call};
use crate::world::{Colony, Numbers, Step, World};
use phago_core::ids::{DocumentId, NodeId, ShardId};
use phago_core::query::Local;
use phago_core::replica::Replica;
use phago_core::shard::Shard;
use phago_engine::intake::reinforce::Helped;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// One shard of the world that shards given the same ring share.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct ShardHandle {
    shard: ShardId,
    ring: Py<Ring>,
    // A runner over shards that began in different worlds moves them into one; see `Runner.of_shards`.
    seat: Home<Mutex<Arc<Colony>>>,
}

impl Drop for ShardHandle {
    fn drop(&mut self) {
        // The world drives a shard without an owner. Its documents stay, for whoever joins it next.
        if let Ok(colony) = self.colony() {
            // Fails only if the tick waited only for this shard and cannot be made; no caller is left to learn of it.
            let _ = colony.world.leave(self.shard);
            let documents = colony.world.read(|state| state.commons().documents());
            colony.left.store(documents.unwrap_or_default(), Ordering::Relaxed);
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

    /// Continues in another world.
    pub(crate) fn move_to(&self, colony: Arc<Colony>) -> phago_core::Result<()> {
        let left = std::mem::replace(&mut *lock(self.seat.get()?), colony);
        left.world.leave(self.shard)
    }

    fn read<T: Send + 'static>(
        &self,
        py: Python<'_>,
        read: impl FnOnce(&Replica, &Shard, Local<'_>) -> phago_core::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (colony, id) = (self.colony()?, self.shard);
        call(py, move |cancel| {
            let shard = |state: &Replica| {
                let seat = state.check_shard(id)?;
                read(state, &state.shards()[seat], state.view().until(cancel).local(seat))
            };
            colony.world.read(shard)?
        })
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

    fn reinforce(&self, py: Python<'_>, key: String, title: String, text: String, path: Vec<Step>) -> Result<bool> {
        let (colony, shard, helped) = (self.colony()?, self.shard, Helped { name: key, title, text, path });
        brief(py, || colony.world.reinforce_in(shard, &helped))
    }

    fn phase(&self, py: Python<'_>, name: &str) -> Result<PhaseRow> {
        let (colony, shard, phase) = (self.colony()?, self.shard, parse_phase(name)?);
        let report = call(py, move |_| colony.world.phase_by_hand(shard, phase))?;
        Ok(PhaseRow::from(&report))
    }

    fn take_outbox(&self, py: Python<'_>) -> Result<Vec<(u32, Batch)>> {
        let (colony, shard) = (self.colony()?, self.shard);
        let sent = brief(py, || colony.world.take_outbox(shard))?;
        let lexicon = colony.world.lexicon()?;
        Ok(sent.into_iter().map(|(to, batch)| (to.0, Batch::new(batch, lexicon.clone()))).collect())
    }

    fn abandon(&self, py: Python<'_>) -> Result<bool> {
        let colony = self.colony()?;
        brief(py, || colony.world.abandon_by_hand())
    }

    fn deliver(&self, py: Python<'_>, batch: &Bound<'_, Batch>) -> Result<()> {
        let (colony, shard, batch) = (self.colony()?, self.shard, batch.get());
        brief(py, || {
            let batch = batch.in_terms_of(&colony.world.lexicon()?)?;
            colony.world.deliver(shard, &batch)
        })
    }

    fn node(&self, py: Python<'_>, id: &str) -> Result<Option<NodeRow>> {
        let id = parse_id(id)?;
        self.read(py, move |_, _, local| Ok(local.node(NodeId(id)).map(NodeRow::from)))
    }

    fn term_frequencies<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let counts: BTreeMap<Arc<str>, usize> = self.read(py, |state, shard, _| {
            let lexicon = state.commons().lexicon();
            Ok(shard.documents().terms().map(|(term, count)| (lexicon.stem(term), count)).collect())
        })?;
        let dictionary = PyDict::new(py);
        for (stem, count) in counts {
            dictionary.set_item(&*stem, count)?;
        }
        Ok(dictionary)
    }

    fn ghost_count(&self, py: Python<'_>) -> Result<usize> {
        let (colony, shard) = (self.colony()?, self.shard);
        brief(py, || colony.world.ghost_count(shard))
    }

    fn has_ghost(&self, py: Python<'_>, id: &str) -> Result<bool> {
        let (colony, shard, node) = (self.colony()?, self.shard, parse_id(id).ok().map(NodeId));
        brief(py, || node.map_or(Ok(false), |node| colony.world.has_ghost(shard, node)))
    }

    fn ghosts(&self, py: Python<'_>) -> Result<Vec<GhostRow>> {
        let (colony, shard) = (self.colony()?, self.shard);
        let ghosts = brief(py, || colony.world.ghosts(shard))?;
        Ok(rows(&ghosts))
    }

    fn ghost(&self, py: Python<'_>, id: &str) -> Result<GhostRow> {
        let (colony, shard, node) = (self.colony()?, self.shard, NodeId(parse_id(id)?));
        Ok(GhostRow::from(&brief(py, || colony.world.ghost(shard, node))?))
    }

    fn cross_shard_edges(&self, py: Python<'_>) -> Result<BTreeMap<u32, u64>> {
        self.read(py, |state, _, local| {
            let counts = local.crossing()?;
            let ends = state.shards().iter().map(|far| far.id().0).zip(counts).filter(|(_, count)| *count > 0);
            Ok(ends.collect())
        })
    }

    fn connected_shards(&self, py: Python<'_>) -> Result<Vec<u32>> {
        Ok(self.cross_shard_edges(py)?.into_keys().collect())
    }

    fn handle_shard_offline(&self, py: Python<'_>, shard: u32) -> Result<usize> {
        let (colony, own) = (self.colony()?, self.shard);
        brief(py, || colony.world.forget_ghosts(own, ShardId(shard)))
    }

    fn health(&self, py: Python<'_>) -> Result<HealthRow> {
        self.read(py, |_, _, local| Ok(HealthRow::from(local.counts())))
    }

    fn stats(&self, py: Python<'_>) -> Result<Numbers> {
        let ghosts = self.ghost_count(py)? as u64;
        let (size, crossing) =
            self.read(py, |_, _, local| Ok((local.counts(), local.crossing()?.iter().sum::<u64>())))?;
        Ok(Numbers(vec![
            ("nodes", size.nodes),
            ("edges", size.edges),
            ("documents", size.documents),
            ("pending", size.pending),
            ("memory_bytes", size.bytes),
            ("ghosts", ghosts),
            ("cross_shard_edges", crossing),
        ]))
    }

    #[pyo3(signature = (terms, max_results, global_df=None))]
    fn query(
        &self,
        py: Python<'_>,
        terms: Vec<String>,
        max_results: usize,
        global_df: Option<BTreeMap<String, u32>>,
    ) -> Result<LocalAnswerRow> {
        let df = global_df.unwrap_or_default();
        self.read(py, move |_, _, local| Ok(local.find(terms, &df, max_results)?.into()))
    }
}
