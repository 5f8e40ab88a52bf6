//! What is told of a tick and of a survey, and to whoever asks.

use super::ring::{Agent, AgentKind, Event, Told, What};
use crate::lock::lock;
use crate::world::World;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::ids::{AgentId, NodeId, Tick};
use phago_core::life::{Cells, Life};
use phago_core::plan::Plan;
use phago_core::sentinel::Anomaly;
use phago_core::survey::Insights;
use phago_core::survey::identity::Origin;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is counted in a tick.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Counts {
    /// The living synapses before and after it.
    pub(crate) synapses: (u64, u64),
    /// Concepts that were chosen because they are known.
    pub(crate) transferred: u64,
}

impl World {
    /// Tells of a tick that was committed. `acts` are what [`acts_of`] returned before, `living` the digesters that live
    /// after it.
    pub(crate) fn tell_of_tick(&self, plan: &Plan, acts: Vec<What>, living: &[AgentId], counts: Counts) {
        let (before, after) = counts.synapses;
        // Most ticks are idle, and have nothing to tell.
        if plan.digesters.is_empty() && acts.is_empty() && before == after {
            return;
        }
        let tick = plan.tick;
        let agent = |id: AgentId| Agent { kind: AgentKind::Digester, id };
        let mut events = lock(&self.events);
        plan.births.iter().for_each(|id| events.push(tick, What::Spawned(agent(*id))));
        let mut documents = plan.documents_in_order();
        for &id in &plan.digesters {
            let taker = agent(id);
            for document in documents.by_ref().take(plan.claimed(id) as usize) {
                events.push(tick, What::Engulfed(taker.clone(), document));
                events.push(tick, What::Presented(taker.clone(), document));
            }
        }
        acts.into_iter().for_each(|what| events.push(tick, what));
        if counts.transferred > 0 {
            events.push(tick, What::Transferred(counts.transferred));
        }
        match after.checked_sub(before) {
            Some(0) => {}
            Some(more) => events.push(tick, What::Wired(more)),
            None => events.push(tick, What::Faded(before - after)),
        }
        let ended = plan.digesters.iter().filter(|id| living.binary_search(id).is_err());
        ended.for_each(|id| events.push(tick, What::Died(agent(*id))));
    }

    /// Tells of a survey.
    pub(crate) fn tell_of_survey(&self, insights: &Insights, label: impl Fn(NodeId) -> String) {
        let mut events = lock(&self.events);
        let mut say = |what: String| events.push(insights.tick, What::Insight(what.into()));
        for cluster in &insights.clusters {
            let (identity, strongest) = (&cluster.identity, cluster.strongest.first());
            let name = strongest.map_or_else(String::new, |(concept, _)| label(*concept));
            let id = identity.id.0;
            match identity.origin {
                Origin::New => say(format!("cluster {id}, {name}: new, {} concepts", cluster.concepts)),
                Origin::Split(from) => say(format!("cluster {id}, {name}: split from cluster {}", from.0)),
                Origin::Known if identity.joined + identity.left > 0 => {
                    say(format!("cluster {id}, {name}: {} concepts joined, {} left", identity.joined, identity.left));
                }
                Origin::Known => {}
            }
            identity
                .merged
                .iter()
                .for_each(|other| say(format!("cluster {id}, {name}: took over cluster {}", other.0)));
        }
        for gone in insights.gone.iter().filter(|gone| gone.into.is_none()) {
            say(format!("cluster {}: gone", gone.id.0));
        }
    }

    /// Tells of departures from normal that were found by a tick, and of which nobody was told in this process.
    pub(crate) fn tell_of_anomalies(&self, tick: Tick, found: &[Anomaly], label: impl Fn(NodeId) -> String) {
        let mut events = lock(&self.events);
        let before = events.watch(tick);
        for anomaly in found.iter().filter(|anomaly| anomaly.tick > before) {
            let mut concepts: Vec<String> = Vec::new();
            for concept in anomaly.alarms.iter().flat_map(|alarm| alarm.kind.concepts()) {
                let named = label(concept);
                if !concepts.contains(&named) {
                    concepts.push(named);
                }
            }
            let what = if concepts.is_empty() { "new words".to_owned() } else { concepts.join(", ") };
            let text = format!("{what}: since tick {}, in {} documents", anomaly.since, anomaly.documents);
            events.push(anomaly.tick, What::Anomaly(text.into()));
        }
    }

    /// Tells of agents of a kind that were spawned between two ticks.
    pub(crate) fn tell_of_spawned(&self, kind: &str, ids: &[AgentId]) {
        self.tell_of(kind, ids, What::Spawned);
    }

    /// Tells of agents of a kind that were dismissed between two ticks.
    pub(crate) fn tell_of_dismissed(&self, kind: &str, ids: &[AgentId]) {
        self.tell_of(kind, ids, What::Died);
    }

    fn tell_of(&self, kind: &str, ids: &[AgentId], what: impl Fn(Agent) -> What) {
        let (tick, kind) = (self.tick(), AgentKind::Own(kind.into()));
        let mut events = lock(&self.events);
        ids.iter().for_each(|&id| events.push(tick, what(Agent { kind: kind.clone(), id })));
    }

    /// Returns the events from this number on that are kept, in order, with the names of what they speak of.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn events(&self, since: u64, cancel: &Cancel) -> Result<Vec<Told>> {
        let events: Vec<Event> = lock(&self.events).since(since);
        let documents = self.names_of(events.iter().filter_map(|event| event.what.document()).collect(), cancel)?;
        let mut concepts: Vec<NodeId> = events.iter().filter_map(|event| event.what.concept()).collect();
        concepts.sort_unstable();
        concepts.dedup();
        let labels: BTreeMap<NodeId, String> = match concepts.is_empty() {
            true => BTreeMap::new(),
            false => {
                let labels = self.whole(cancel, |whole| self.labels_of(whole, &concepts))?;
                concepts.into_iter().zip(labels).collect()
            }
        };
        let told = |event: Event| {
            let document = event.what.document();
            let document = document.map(|id| documents.get(&id.0).cloned().unwrap_or_else(|| id.to_string()));
            let concept = event.what.concept().map(|id| labels[&id].clone());
            Told { event, document, concept }
        };
        Ok(events.into_iter().map(told).collect())
    }

    /// Returns the number that the next event gets.
    pub fn events_end(&self) -> u64 {
        lock(&self.events).end()
    }
}

/// Returns what agents of users' own do in a tick, whose `life` is that before it. Of a kind whose agents are somewhere,
/// a column that is named so says where.
pub(crate) fn acts_of(plan: &Plan, life: &Life, most: usize) -> Vec<What> {
    let mut acts = Vec::new();
    for (name, choices) in plan.acted().into_iter().flat_map(|acted| &acted.kinds) {
        let Some(kind) = life.population().kind(name) else { continue };
        let of = AgentKind::Own(Arc::from(&**name));
        let agent = |row: &u32| Agent { kind: of.clone(), id: kind.ids()[*row as usize] };
        for (column, rows, to) in &choices.changes {
            let is_named = |wanted| kind.columns().get(*column as usize).is_some_and(|(name, _)| &**name == wanted);
            if is_named(ABSORBED) {
                acts.extend(rows.iter().map(|row| What::Absorbed(agent(row))));
            }
            if let (true, Some(Cells::Concept(to))) = (is_named(HOME), to) {
                // Where more move than are kept, the last ones are told.
                let from = rows.len().saturating_sub(most);
                acts.extend(rows[from..].iter().zip(&to[from..]).map(|(row, to)| What::Moved(agent(row), NodeId(*to))));
            }
        }
        let born = kind.offspring(plan.tick, &choices.parents);
        acts.extend(born.into_iter().map(|id| What::Spawned(Agent { kind: of.clone(), id })));
        acts.extend(choices.dissolved.iter().map(|(row, left)| What::Dissolved(agent(row), left.len() as u64)));
        acts.extend(choices.deaths.iter().map(|row| What::Died(agent(row))));
    }
    acts
}

/// The column of concepts that says where an agent is.
pub const HOME: &str = "home";
/// The column that says whether an agent has absorbed another one.
pub const ABSORBED: &str = "_absorbed";
