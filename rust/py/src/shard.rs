//! One shard of a world: what it owns, its part of a tick made by hand, and its ghosts.

use crate::batch::Batch;
use crate::config::read;
use crate::coordinator::parse_phase;
use crate::document::document;
use crate::error::Result;
use crate::ring::{Ring, parse_id};
use crate::rows::graph::NodeRow;
use crate::rows::rows;
use crate::rows::shards::{GhostRow, HealthRow, LocalAnswerRow};
use crate::rows::ticks::PhaseRow;
use crate::runtime::{brief, call};
use crate::world::{Numbers, Step, World};
use ecow::EcoString;
use phago_core::ids::{DocumentId, NodeId, ShardId};
use phago_core::read::{SeatCounts, Whole};
use phago_engine::host::assemble::Handle;
use phago_engine::host::batch::PortableBatch;
use phago_engine::intake::reinforce::Helped;
use phago_engine::world;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::BTreeMap;

/// One shard of the world that shards given the same ring share.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct ShardHandle {
    handle: Handle,
    ring: Py<Ring>,
}

impl ShardHandle {
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    // Works on the shard's world, for long.
    fn call<T: Send + 'static>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&world::World, ShardId) -> phago_core::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (colony, shard) = (self.handle.colony()?, self.handle.id());
        call(py, move |_| work(&colony.world, shard))
    }

    // Works on the shard's world, for a moment.
    fn brief<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&world::World, ShardId) -> phago_core::Result<T> + Send,
    ) -> Result<T> {
        let (colony, shard) = (self.handle.colony()?, self.handle.id());
        brief(py, || work(&colony.world, shard))
    }

    // Reads the colony at one committed tick; `read` is also given the shard's seat.
    fn read<T: Send + 'static>(
        &self,
        py: Python<'_>,
        read: impl Fn(&dyn Whole, usize) -> phago_core::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (colony, id) = (self.handle.colony()?, self.handle.id());
        call(py, move |cancel| colony.world.whole(cancel, |whole| read(whole, whole.commons().seat(id))))
    }
}

#[pymethods]
impl ShardHandle {
    #[new]
    fn new(py: Python<'_>, shard: u32, config: &Bound<'_, PyDict>, ring: &Bound<'_, Ring>) -> Result<Self> {
        let config = read(Some(config), "config")?;
        let shared = &ring.get().0;
        let handle = brief(py, || Handle::join(shared, ShardId(shard), config))?;
        Ok(ShardHandle { handle, ring: ring.clone().unbind() })
    }

    #[getter]
    fn shard(&self) -> u32 {
        self.handle.id().0
    }

    #[getter]
    fn get_ring(&self, py: Python<'_>) -> Py<Ring> {
        self.ring.clone_ref(py)
    }

    #[getter]
    fn world(&self) -> Result<World> {
        Ok(World::over(self.handle.colony()?))
    }

    #[getter]
    fn current_tick(&self) -> Result<u64> {
        Ok(self.handle.colony()?.world.tick())
    }

    #[getter]
    fn driven(&self) -> Result<bool> {
        Ok(self.handle.colony()?.world.is_driven())
    }

    #[getter]
    fn ghosts_max(&self) -> Result<u32> {
        Ok(self.handle.colony()?.world.config().ghosts_max)
    }

    fn owns_document(&self, key: &str) -> Result<bool> {
        Ok(self.handle.colony()?.world.ring().shard_of(DocumentId::from_key(key).0) == self.handle.id())
    }

    fn ingest_document(&self, py: Python<'_>, document: &Bound<'_, PyAny>) -> Result<String> {
        let document = self::document(document)?.map_err(|fault| fault.at(0))?;
        Ok(self.call(py, |world, shard| world.ingest_into(shard, document))?.to_string())
    }

    fn delete_document(&self, py: Python<'_>, key: String) -> Result<bool> {
        self.call(py, move |world, shard| world.delete_from(shard, &key))
    }

    fn reinforce(&self, py: Python<'_>, key: String, title: String, text: String, path: Vec<Step>) -> Result<bool> {
        let helped = Helped { name: key, title, text, path };
        self.brief(py, |world, shard| world.reinforce_in(shard, &helped))
    }

    fn phase(&self, py: Python<'_>, name: &str) -> Result<PhaseRow> {
        let phase = parse_phase(name)?;
        self.call(py, move |world, shard| Ok(PhaseRow::from(&world.phase_by_hand(shard, phase)?)))
    }

    fn take_outbox(&self, py: Python<'_>) -> Result<Vec<(u32, Batch)>> {
        let (sent, lexicon) = self.brief(py, |world, shard| Ok((world.take_outbox(shard)?, world.lexicon()?)))?;
        Ok(sent.into_iter().map(|(to, batch)| (to.0, Batch(PortableBatch::new(batch, lexicon.clone())))).collect())
    }

    fn abandon(&self, py: Python<'_>) -> Result<bool> {
        self.brief(py, |world, _| world.abandon_by_hand())
    }

    fn deliver(&self, py: Python<'_>, batch: &Bound<'_, Batch>) -> Result<()> {
        let batch = &batch.get().0;
        self.brief(py, |world, shard| world.deliver(shard, &batch.in_terms_of(&world.lexicon()?)?))
    }

    fn node(&self, py: Python<'_>, id: &str) -> Result<Option<NodeRow>> {
        let id = parse_id(id)?;
        self.read(py, move |whole, seat| Ok(whole.node_in(seat, NodeId(id))?.map(NodeRow::from)))
    }

    fn term_frequencies<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let counts: BTreeMap<EcoString, u32> = self.read(py, |whole, seat| {
            let lexicon = whole.commons().lexicon();
            Ok(whole.terms_in(seat)?.into_iter().map(|(term, count)| (lexicon.stem(term), count)).collect())
        })?;
        let dictionary = PyDict::new(py);
        for (stem, count) in counts {
            dictionary.set_item(&*stem, count)?;
        }
        Ok(dictionary)
    }

    fn ghost_count(&self, py: Python<'_>) -> Result<usize> {
        self.brief(py, world::World::ghost_count)
    }

    fn has_ghost(&self, py: Python<'_>, id: &str) -> Result<bool> {
        let node = parse_id(id).ok().map(NodeId);
        self.brief(py, |world, shard| node.map_or(Ok(false), |node| world.has_ghost(shard, node)))
    }

    fn ghosts(&self, py: Python<'_>) -> Result<Vec<GhostRow>> {
        self.brief(py, |world, shard| Ok(rows(&world.ghosts(shard)?)))
    }

    fn ghost(&self, py: Python<'_>, id: &str) -> Result<GhostRow> {
        let node = NodeId(parse_id(id)?);
        self.brief(py, |world, shard| Ok(GhostRow::from(&world.ghost(shard, node)?)))
    }

    fn cross_shard_edges(&self, py: Python<'_>) -> Result<BTreeMap<u32, u64>> {
        self.read(py, |whole, seat| {
            let shards = whole.commons().ring().shards().iter().map(|shard| shard.0);
            Ok(shards.zip(whole.shard(seat)?.crossing).filter(|(_, count)| *count > 0).collect())
        })
    }

    fn connected_shards(&self, py: Python<'_>) -> Result<Vec<u32>> {
        Ok(self.cross_shard_edges(py)?.into_keys().collect())
    }

    fn handle_shard_offline(&self, py: Python<'_>, shard: u32) -> Result<usize> {
        self.brief(py, |world, own| world.forget_ghosts(own, ShardId(shard)))
    }

    fn health(&self, py: Python<'_>) -> Result<HealthRow> {
        self.read(py, |whole, seat| Ok(HealthRow::from(whole.shard(seat)?.counts)))
    }

    fn stats(&self, py: Python<'_>) -> Result<Numbers> {
        let ghosts = self.ghost_count(py)? as u64;
        let SeatCounts { counts: size, crossing, .. } = self.read(py, |whole, seat| whole.shard(seat))?;
        Ok(Numbers(vec![
            ("nodes", size.nodes),
            ("edges", size.edges),
            ("documents", size.documents),
            ("pending", size.pending),
            ("memory_bytes", size.bytes),
            ("ghosts", ghosts),
            ("cross_shard_edges", crossing.iter().sum()),
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
        self.read(py, move |whole, seat| Ok(whole.find_in(seat, &terms, &df, max_results)?.into()))
    }
}
