//! Surveys of a committed state: read at one tick, worked out while the colony goes on.

use crate::world::World;
use ecow::EcoString;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::ids::{DocumentId, NodeId};
use phago_core::life::{Deed, Life};
use phago_core::read::Whole;
use phago_core::sentinel::{Anomaly, Rule};
use phago_core::survey::adjacency::Adjacency;
use phago_core::survey::anomalies::anomalies;
use phago_core::survey::paths::{Path, shortest_path};
use phago_core::survey::significant::{Significant, significant};
use phago_core::survey::structure::{Structure, structure};
use phago_core::survey::weights::weights;
use phago_core::survey::{Insights, Lists, Pairs, betweenness, louvain};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The graph of one committed tick, with the labels of its concepts, by place.
#[derive(Debug)]
pub struct Surveyed {
    /// The graph.
    pub pairs: Pairs,
    labels: Vec<EcoString>,
}

/// What a survey found out, with the names of what it speaks of.
#[derive(Debug)]
pub struct Found<T> {
    /// What it found out.
    pub what: T,
    graph: Surveyed,
    names: BTreeMap<u128, String>,
}

impl Surveyed {
    fn read(whole: &dyn Whole, cancel: &Cancel) -> Result<Surveyed> {
        let pairs = whole.pairs(cancel)?;
        let terms: Vec<u32> = pairs.concepts.iter().map(|concept| concept.term).collect();
        let labels = whole.labels_of(&terms)?;
        Ok(Surveyed { pairs, labels })
    }

    /// Returns the label of the concept at a place.
    pub fn label(&self, place: u32) -> &str {
        &self.labels[place as usize]
    }

    /// Returns the labels of the concepts at places.
    pub fn labels(&self, places: impl IntoIterator<Item = u32>) -> Vec<String> {
        places.into_iter().map(|place| self.label(place).to_owned()).collect()
    }

    /// Returns the concepts that have one number, by that number, those of most concepts first, equal ones by their
    /// first concepts.
    pub fn groups(&self, numbers: &[u32]) -> Vec<Vec<u32>> {
        let mut groups: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (place, number) in (0..).zip(numbers) {
            groups.entry(*number).or_default().push(place);
        }
        let mut groups: Vec<Vec<u32>> = groups.into_values().collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.len()), group[0]));
        groups
    }

    /// Returns what hangs together, and by what alone.
    ///
    /// # Errors
    /// [`phago_core::Error::Cancelled`], here and below.
    pub fn structure(&self, cancel: &Cancel) -> Result<Structure> {
        structure(&Adjacency::of(&self.pairs, cancel)?, cancel)
    }

    /// Returns for each concept between how many pairs of others it lies, from so many samples.
    ///
    /// # Errors
    /// As [`Surveyed::structure`].
    pub fn betweenness(&self, samples: usize, seed: u64, cancel: &Cancel) -> Result<Vec<f64>> {
        let adjacency = Adjacency::of(&self.pairs, cancel)?;
        betweenness::betweenness(&self.pairs, &adjacency, samples, seed, cancel)
    }

    /// Returns the community of each concept, by place.
    ///
    /// # Errors
    /// As [`Surveyed::structure`].
    pub fn communities(&self, cancel: &Cancel) -> Result<Vec<u32>> {
        louvain::louvain(&self.pairs, &weights(&self.pairs, cancel)?, None, cancel)
    }

    /// Returns the pairs that say most.
    ///
    /// # Errors
    /// As [`Surveyed::structure`].
    pub fn significant(&self, top: usize, cancel: &Cancel) -> Result<Vec<Significant>> {
        significant(&self.pairs, top, cancel)
    }
}

impl<T> Found<T> {
    /// Returns the label of a concept.
    pub fn label(&self, concept: NodeId) -> String {
        let place = self.graph.pairs.place(concept).expect("insights speak of concepts of their graph");
        self.graph.label(place).to_owned()
    }

    /// Returns the name of a document that is an example: its key, or else its id.
    pub fn name(&self, document: DocumentId) -> String {
        self.names.get(&document.0).cloned().unwrap_or_else(|| document.to_string())
    }
}

impl World {
    /// Returns the graph of the committed state.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn surveyed(&self, cancel: &Cancel) -> Result<Surveyed> {
        self.whole(cancel, |whole| Surveyed::read(whole, cancel))
    }

    /// Returns the shortest path between two concepts, by their labels, with the graph that it is of. `None` if there
    /// is no such concept, or no path.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn path(&self, source: &str, target: &str, cancel: &Cancel) -> Result<Option<(Surveyed, Path)>> {
        let read = |whole: &dyn Whole| {
            let graph = Surveyed::read(whole, cancel)?;
            let (source, target) = (whole.concept(source)?, whole.concept(target)?);
            Ok((graph, source, target))
        };
        let (graph, source, target) = self.whole(cancel, read)?;
        let place = |term: Option<u32>| {
            let found = graph.pairs.concepts.iter().position(|concept| Some(concept.term) == term)?;
            Some(found as u32)
        };
        let (Some(source), Some(target)) = (place(source), place(target)) else { return Ok(None) };
        let adjacency = Adjacency::of(&graph.pairs, cancel)?;
        let path = shortest_path(&graph.pairs, &adjacency, source, target, cancel)?;
        Ok(path.map(|path| (graph, path)))
    }

    /// Returns the clusters and bridges of the committed state, with their evidence, and how they changed since the last
    /// survey.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn insights(&self, cancel: &Cancel) -> Result<Found<Insights>> {
        let read = |whole: &dyn Whole| -> Result<(Surveyed, Lists, Arc<Life>)> {
            let graph = Surveyed::read(whole, cancel)?;
            let lists = whole.lists(&graph.pairs, cancel)?;
            Ok((graph, lists, whole.commons().life().clone()))
        };
        let (graph, lists, life) = self.whole(cancel, read)?;
        let insights = Insights::of(&graph.pairs, &lists, life.membership(), cancel)?;
        let of_clusters = insights.clusters.iter().flat_map(|cluster| cluster.examples.iter().map(|(id, _)| *id));
        let of_bridges = insights.bridges.iter().flat_map(|bridge| &bridge.sides).flat_map(|side| &side.examples);
        let names = self.names_of(of_clusters.chain(of_bridges.copied()).collect(), cancel)?;
        Ok(Found { what: insights, graph, names })
    }

    /// Makes a survey: what it finds is what later ones begin with, and tell changes from.
    ///
    /// # Errors
    /// As [`World::insights`] and [`World::live`].
    pub fn survey(&self, cancel: &Cancel) -> Result<Found<Insights>> {
        self.check_writable()?;
        let found = self.insights(cancel)?;
        let digested = self.read(|state| state.commons().digested())?;
        self.live(Deed::Survey(found.what.membership.clone(), digested))?;
        self.tell_of_survey(&found.what, |concept| found.label(concept));
        let odd = self.anomalies(Rule::STEADY, cancel)?;
        self.tell_of_anomalies(found.what.tick, &odd.what, |concept| odd.label(concept));
        Ok(found)
    }

    /// Returns what departed from normal as documents came.
    ///
    /// # Errors
    /// As [`World::whole`]; [`phago_core::Error::Config`] for a rule outside of its bounds.
    pub fn anomalies(&self, rule: Rule, cancel: &Cancel) -> Result<Found<Vec<Anomaly>>> {
        rule.validate()?;
        let read = |whole: &dyn Whole| -> Result<(Surveyed, Lists)> {
            let graph = Surveyed::read(whole, cancel)?;
            let lists = whole.lists(&graph.pairs, cancel)?;
            Ok((graph, lists))
        };
        let (graph, lists) = self.whole(cancel, read)?;
        let found = anomalies(&lists, &graph.pairs, rule, cancel)?;
        let names =
            self.names_of(found.iter().flat_map(|anomaly| anomaly.evidence.iter().copied()).collect(), cancel)?;
        Ok(Found { what: found, graph, names })
    }

    /// Returns the names of documents, by identity. One that has left meanwhile is named by its id.
    pub(crate) fn names_of(&self, mut documents: Vec<DocumentId>, cancel: &Cancel) -> Result<BTreeMap<u128, String>> {
        documents.sort_unstable();
        documents.dedup();
        if documents.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.whole(cancel, |whole| {
            let spots = whole.spots(&documents)?;
            let there: Vec<_> = documents.iter().zip(spots).filter_map(|(id, spot)| Some((id.0, spot?.0))).collect();
            let spots: Vec<_> = there.iter().map(|(_, spot)| *spot).collect();
            let stored = whole.stored_at(&spots)?;
            Ok(there.into_iter().zip(stored).map(|((id, _), stored)| (id, stored.name())).collect())
        })
    }
}
