//! What agents of users' own read: the committed graph and field of one tick, as arrays.

use crate::lock::lock;
use crate::topology::Topology;
use crate::world::World;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::field::{self, Type};
use phago_core::graph::Decays;
use phago_core::ids::{AgentId, NodeId, Tick};
use phago_core::life::{Cells, Life};
use phago_core::read::{Neighbor, Whole};
use std::sync::{Arc, OnceLock};
use xxhash_rust::xxh3::xxh3_64;

/// The committed graph and field of one tick.
#[derive(Debug)]
pub struct GraphView {
    seed: u64,
    tick: Tick,
    // By the places of concepts.
    decays: Decays<'static>,
    topology: Arc<Topology>,
    weights: OnceLock<Vec<f64>>,
    life: Arc<Life>,
}

impl GraphView {
    fn new(whole: &dyn Whole, topology: Arc<Topology>) -> GraphView {
        let commons = whole.commons();
        let (seed, tick, life) = (commons.config().seed, commons.tick(), commons.life().clone());
        let place = |term: &u32| topology.places.get(&commons.id(*term)).copied();
        let mut pinned: Vec<u32> = commons.decays().pinned().iter().filter_map(place).collect();
        pinned.sort_unstable();
        let decays = Decays::new(commons.config(), pinned);
        GraphView { seed, tick, decays, topology, weights: OnceLock::new(), life }
    }

    /// Returns the tick.
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// Returns the number of concepts.
    pub fn len(&self) -> usize {
        self.topology.ids.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.topology.ids.is_empty()
    }

    /// Returns the id of a concept.
    pub fn id(&self, place: usize) -> Option<NodeId> {
        self.topology.ids.get(place).copied()
    }

    /// Returns where the synapses of each concept begin, and where those of the last end.
    pub fn starts(&self) -> &[usize] {
        &self.topology.starts
    }

    /// Returns the targets of all synapses.
    pub fn targets(&self) -> &[u32] {
        &self.topology.targets
    }

    /// Returns the weights of all synapses.
    pub fn weights(&self) -> &[f64] {
        let (topology, now) = (&self.topology, self.tick as u32);
        let weights = || {
            let mut weights = Vec::with_capacity(topology.synapses.len());
            for (place, ends) in (0..).zip(topology.starts.windows(2)) {
                let decay = self.decays.of(place);
                weights.extend(topology.synapses[ends[0]..ends[1]].iter().map(|synapse| decay.weight(synapse, now)));
            }
            weights
        };
        self.weights.get_or_init(weights)
    }

    /// Returns how much of a mark is on each concept.
    pub fn levels(&self, of: &Type) -> Vec<f64> {
        let mut levels = vec![0.0; self.len()];
        for (concept, level) in self.life.field().levels(of, self.tick) {
            if let Some(&place) = self.topology.places.get(&concept.0) {
                levels[place as usize] = field::from_fixed(level);
            }
        }
        levels
    }

    /// Returns what lives beside the graph.
    pub fn life(&self) -> &Arc<Life> {
        &self.life
    }

    /// Returns a column of a kind of agents.
    pub fn column(&self, kind: &str, column: usize) -> Option<Cells> {
        self.life.population().kind(kind)?.cells().get(column).cloned()
    }

    /// Returns the places of concepts; -1 for none, and for one that is not wired.
    pub fn places(&self, concepts: &[u128]) -> Vec<i64> {
        concepts.iter().map(|id| self.topology.places.get(id).map_or(-1, |place| i64::from(*place))).collect()
    }

    /// Returns the concepts of places, or `None` if there is no such place; -1 stands for none.
    pub fn concepts(&self, places: &[i64]) -> Option<Vec<u128>> {
        let concept = |place: &i64| match usize::try_from(*place) {
            Ok(place) => self.topology.ids.get(place).map(|id| id.0),
            Err(_) => (*place == -1).then_some(0),
        };
        places.iter().map(concept).collect()
    }

    /// Returns chance from 0 to 1 for each agent of a kind, in order, for this tick and number.
    pub fn chance(&self, kind: &str, number: u64) -> Vec<f64> {
        let kind = self.life.population().kind(kind);
        let ids = kind.into_iter().flat_map(|kind| kind.ids());
        ids.map(|id| chance(self.seed, id.key(), self.tick, number)).collect()
    }

    /// Returns where the walkers of a kind go from these places: to the neighbour with most of a signal, of equal ones
    /// that over the heaviest synapse, then the first; with a chance of `explore` to any neighbour. One that is nowhere,
    /// or has no neighbour, stays.
    pub fn walk(&self, kind: &str, homes: &[i64], of: &Type, explore: f64) -> Vec<i64> {
        let (levels, weights) = (self.levels(of), self.weights());
        let Topology { starts, targets, .. } = &*self.topology;
        let kind = self.life.population().kind(kind);
        let ids = kind.map_or(&[][..], |kind| kind.ids());
        let step = |(home, id): (&i64, &AgentId)| {
            let Some(place) = usize::try_from(*home).ok().filter(|place| *place < self.len()) else { return *home };
            let near = starts[place]..starts[place + 1];
            if near.is_empty() {
                return *home;
            }
            let drawn = chance(self.seed, id.key(), self.tick, 0);
            if drawn < explore {
                let at = (drawn / explore * near.len() as f64) as usize;
                return i64::from(targets[near.start + at.min(near.len() - 1)]);
            }
            let better = |one: usize, other: usize| {
                let (level, best) = (levels[targets[one] as usize], levels[targets[other] as usize]);
                level > best || (level == best && weights[one] > weights[other])
            };
            let best = near.clone().reduce(|best, at| if better(at, best) { at } else { best });
            best.map_or(*home, |at| i64::from(targets[at]))
        };
        homes.iter().zip(ids).map(step).collect()
    }
}

/// Returns chance from 0 to 1, without 1, that seed, agent, tick and number alone decide.
pub fn chance(seed: u64, agent: u128, tick: Tick, number: u64) -> f64 {
    let mut key = [0u8; 40];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..24].copy_from_slice(&agent.to_le_bytes());
    key[24..32].copy_from_slice(&tick.to_le_bytes());
    key[32..].copy_from_slice(&number.to_le_bytes());
    (xxh3_64(&key) >> 11) as f64 / (1u64 << 53) as f64
}

impl World {
    /// Returns the committed graph and field as arrays.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn graph_view(&self, cancel: &Cancel) -> Result<GraphView> {
        // Nodes would have to be asked how many synapses there are.
        if self.is_far() {
            return self.whole(cancel, |whole| Ok(GraphView::new(whole, Arc::new(Topology::new(whole, cancel)?))));
        }
        self.read(|state| {
            let edges = state.shards().iter().map(|shard| shard.edge_count()).sum();
            let (now, view) = ((state.commons().wirings(), edges), state.view().until(cancel));
            let known = lock(&self.topology).0.clone();
            let topology = match known {
                Some((wirings, edges, topology)) if (wirings, edges) == now => topology,
                _ => Arc::new(Topology::new(&view, cancel)?),
            };
            lock(&self.topology).0 = Some((now.0, now.1, topology.clone()));
            Ok(GraphView::new(&view, topology))
        })?
    }

    /// Returns the labels of concepts at places of a view.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn labels_at(&self, view: &GraphView, places: &[usize], cancel: &Cancel) -> Result<Vec<String>> {
        let ids: Vec<NodeId> = places.iter().filter_map(|place| view.id(*place)).collect();
        self.whole(cancel, |whole| self.labels_of(whole, &ids))
    }

    /// Returns the synapses of a concept by its id, the heaviest first; none if it is not wired.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn neighbors_of(&self, id: NodeId, cancel: &Cancel) -> Result<Vec<Neighbor>> {
        self.whole(cancel, |whole| {
            let term = lock(&self.concepts).term(whole.commons(), id).filter(|&term| whole.commons().df(term) > 0);
            match term {
                Some(term) => Ok(whole.neighbors(&[term])?.pop().unwrap_or_default()),
                None => Ok(Vec::new()),
            }
        })
    }
}
