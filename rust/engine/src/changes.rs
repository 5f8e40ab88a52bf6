//! What is being forgotten, and what changed: read from what stands.

use crate::world::World;
use ecow::EcoString;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::graph::Synapse;
use phago_core::ids::{DocumentId, Tick};
use phago_core::read::Whole;
use std::cmp::Reverse;

/// The most documents or concepts that a difference names.
pub const NAMED_MAX: usize = 1_000;

/// A synapse, and when it will be gone.
#[derive(Clone, Debug, PartialEq)]
pub struct FadingSynapse {
    /// The label of its source.
    pub source: String,
    /// The label of its target.
    pub target: String,
    /// Its weight now.
    pub weight: f64,
    /// The first tick without it, if nothing repeats it.
    pub gone: Tick,
}

/// What changed after one tick, up to and including another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// The first tick.
    pub since: Tick,
    /// The last tick.
    pub until: Tick,
    /// The names of documents that were digested and stand, in the order of their ticks and ids.
    pub documents: Vec<String>,
    /// How many there are.
    pub digested: u64,
    /// The labels of concepts that no document had before, those of most documents first.
    pub concepts: Vec<String>,
    /// How many there are.
    pub new_concepts: u64,
    /// Synapses that were made and stand.
    pub made: u64,
    /// Synapses that stood before and were activated last within.
    pub repeated: u64,
    /// Synapses that stood before and were activated neither within nor later.
    pub rested: u64,
}

impl World {
    /// Returns the synapses that will be gone soonest if nothing repeats them: the soonest first, of equal ones the
    /// lightest, then by ids.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn fading(&self, top: usize, cancel: &Cancel) -> Result<Vec<FadingSynapse>> {
        let read = |whole: &dyn Whole| {
            let pairs = whole.pairs(cancel)?;
            let commons = whole.commons();
            let (decays, now) = (commons.decays(), commons.tick() as u32);
            let sources: Vec<u32> = pairs.concepts.iter().map(|concept| concept.term).collect();
            let mut ending: Vec<(u32, u32, Synapse)> = Vec::new();
            for (source, row) in sources.iter().copied().zip(whole.rows(&sources)?) {
                cancel.poll()?;
                let decay = decays.of(source);
                ending.extend(row.into_iter().filter_map(|synapse| Some((decay.gone_at(&synapse)?, source, synapse))));
            }
            let weight = |source: u32, synapse: &Synapse| decays.of(source).weight(synapse, now);
            ending.sort_unstable_by(|(gone, source, one), (later, other_source, other)| {
                let ids = |source: u32, synapse: &Synapse| (commons.id(source), commons.id(synapse.target));
                let ids = ids(*source, one).cmp(&ids(*other_source, other));
                gone.cmp(later).then(weight(*source, one).total_cmp(&weight(*other_source, other))).then(ids)
            });
            ending.truncate(top);
            let ends: Vec<u32> = ending.iter().flat_map(|(_, source, synapse)| [*source, synapse.target]).collect();
            let labels = whole.labels_of(&ends)?;
            let told = |((gone, source, synapse), labels): (&(u32, u32, Synapse), &[EcoString])| FadingSynapse {
                source: labels[0].to_string(),
                target: labels[1].to_string(),
                weight: weight(*source, synapse),
                gone: Tick::from(*gone),
            };
            Ok(ending.iter().zip(labels.chunks(2)).map(told).collect())
        };
        self.whole(cancel, read)
    }

    /// Returns what changed after a tick, up to and including another, as far as what stands shows it.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn difference(&self, since: Tick, until: Tick, cancel: &Cancel) -> Result<Difference> {
        let is_within = |tick: Tick| since < tick && tick <= until;
        let read = |whole: &dyn Whole| {
            let pairs = whole.pairs(cancel)?;
            let lists = whole.lists(&pairs, cancel)?;
            let mut found = Difference { since, until, ..Difference::default() };
            // By concept: the tick of the first document that had it, and how many had it within.
            let mut first = vec![Tick::MAX; pairs.concepts.len()];
            let mut within = vec![0u64; pairs.concepts.len()];
            let mut digested: Vec<(Tick, DocumentId)> = Vec::new();
            for document in 0..lists.len() {
                cancel.poll()?;
                let tick = lists.tick(document);
                if is_within(tick) {
                    digested.push((tick, lists.documents()[document]));
                }
                for entry in lists.list(document) {
                    let place = entry.place as usize;
                    first[place] = first[place].min(tick);
                    within[place] += u64::from(is_within(tick));
                }
            }
            digested.sort_unstable();
            let mut new: Vec<u32> = (0..first.len() as u32).filter(|place| is_within(first[*place as usize])).collect();
            new.sort_by_key(|place| Reverse(within[*place as usize]));
            (found.digested, found.new_concepts) = (digested.len() as u64, new.len() as u64);
            new.truncate(NAMED_MAX);
            digested.truncate(NAMED_MAX);
            let terms: Vec<u32> = new.iter().map(|place| pairs.concepts[*place as usize].term).collect();
            found.concepts = whole.labels_of(&terms)?.iter().map(|label| label.to_string()).collect();
            for edge in whole.edges()?.rows {
                let (created, last) = (Tick::from(edge.created), Tick::from(edge.last));
                match (created <= until, is_within(created), is_within(last)) {
                    (false, ..) => {}
                    (_, true, _) => found.made += 1,
                    (_, _, true) => found.repeated += 1,
                    // What was activated later may have been so within too.
                    _ if last > until => {}
                    _ => found.rested += 1,
                }
            }
            Ok((found, digested))
        };
        let (mut found, digested) = self.whole(cancel, read)?;
        let ids: Vec<DocumentId> = digested.into_iter().map(|(_, id)| id).collect();
        let names = self.names_of(ids.clone(), cancel)?;
        let name = |id: &DocumentId| names.get(&id.0).cloned().unwrap_or_else(|| id.to_string());
        found.documents = ids.iter().map(name).collect();
        Ok(found)
    }
}
