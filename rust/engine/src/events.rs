//! What happened in a colony, as somebody who watches is told: the latest events, in a ring that is bounded.
//!
//! Events are made of what a tick was committed with, after it is. They are no part of the state: whether anybody reads
//! them changes nothing, and a colony that is opened again begins without any.

use crate::lock::lock;
use crate::world::World;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::ids::{AgentId, DocumentId, NodeId, Tick};
use phago_core::life::{Cells, Life};
use phago_core::plan::Plan;
use phago_core::survey::Insights;
use phago_core::survey::identity::Origin;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The most events that are kept. Then the oldest leave.
pub const EVENTS_MAX: usize = 1 << 16;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// An agent began.
    Spawned(Agent),
    /// An agent of users' own went to a concept.
    Moved(Agent, NodeId),
    /// A digester took a document.
    Engulfed(Agent, DocumentId),
    /// A digester presented the concepts of a document.
    Presented(Agent, DocumentId),
    /// A tick that digested something left so many synapses more.
    Wired(u64),
    /// A tick left so many synapses fewer.
    Faded(u64),
    /// An agent ended.
    Died(Agent),
    /// A survey found a cluster that is new, or how one changed.
    Insight(String),
}

/// An agent, as events name it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Agent {
    /// Its kind.
    pub kind: Arc<str>,
    /// Its id.
    pub id: AgentId,
}

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number, from 0, in the life of this process's colony.
    pub number: u64,
    /// The tick after which it was told.
    pub tick: Tick,
    /// What happened.
    pub what: What,
}

/// An event with the names of what it speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The event.
    pub event: Event,
    /// The name of its document.
    pub document: Option<String>,
    /// The label of its concept.
    pub concept: Option<String>,
}

/// The latest events, in order.
#[derive(Debug, Default)]
pub(crate) struct Events {
    next: u64,
    ring: VecDeque<Event>,
}

impl Events {
    fn push(&mut self, tick: Tick, what: What) {
        if self.ring.len() == EVENTS_MAX {
            self.ring.pop_front();
        }
        self.ring.push_back(Event { number: self.next, tick, what });
        self.next += 1;
    }
}

impl What {
    /// Returns its name.
    pub fn name(&self) -> &'static str {
        match self {
            What::Spawned(_) => "spawned",
            What::Moved(..) => "moved",
            What::Engulfed(..) => "engulfed",
            What::Presented(..) => "presented",
            What::Wired(_) => "wired",
            What::Faded(_) => "faded",
            What::Died(_) => "died",
            What::Insight(_) => "insight",
        }
    }

    /// Returns the agent that it is about.
    pub fn agent(&self) -> Option<&Agent> {
        match self {
            What::Spawned(agent)
            | What::Moved(agent, _)
            | What::Engulfed(agent, _)
            | What::Presented(agent, _)
            | What::Died(agent) => Some(agent),
            What::Wired(_) | What::Faded(_) | What::Insight(_) => None,
        }
    }

    fn document(&self) -> Option<DocumentId> {
        match self {
            What::Engulfed(_, document) | What::Presented(_, document) => Some(*document),
            _ => None,
        }
    }

    fn concept(&self) -> Option<NodeId> {
        if let What::Moved(_, concept) = self { Some(*concept) } else { None }
    }
}

/// The living synapses before and after a tick.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Synapses {
    pub(crate) before: u64,
    pub(crate) after: u64,
}

impl World {
    /// Tells of a tick that was committed. `acts` are what [`acts_of`] returned before, `living` the digesters that live
    /// after it.
    pub(crate) fn tell_of_tick(&self, plan: &Plan, acts: Vec<What>, living: &[AgentId], synapses: Synapses) {
        let (tick, digester) = (plan.tick, Arc::<str>::from("digester"));
        let agent = |id: AgentId| Agent { kind: digester.clone(), id };
        let mut events = lock(&self.events);
        plan.births.iter().for_each(|id| events.push(tick, What::Spawned(agent(*id))));
        let mut documents = plan.documents_in_order();
        for &id in &plan.digesters {
            for document in documents.by_ref().take(plan.claimed(id) as usize) {
                events.push(tick, What::Engulfed(agent(id), document));
                events.push(tick, What::Presented(agent(id), document));
            }
        }
        acts.into_iter().for_each(|what| events.push(tick, what));
        match synapses.after.checked_sub(synapses.before) {
            Some(0) => {}
            Some(more) => events.push(tick, What::Wired(more)),
            None => events.push(tick, What::Faded(synapses.before - synapses.after)),
        }
        let ended = plan.digesters.iter().filter(|id| living.binary_search(id).is_err());
        ended.for_each(|id| events.push(tick, What::Died(agent(*id))));
    }

    /// Tells of a survey.
    pub(crate) fn tell_of_survey(&self, insights: &Insights, label: impl Fn(NodeId) -> String) {
        let mut events = lock(&self.events);
        let mut say = |what: String| events.push(insights.tick, What::Insight(what));
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

    /// Tells of agents that were spawned.
    pub(crate) fn tell_of_spawned(&self, tick: Tick, kind: &str, ids: &[AgentId]) {
        let kind = Arc::<str>::from(kind);
        let mut events = lock(&self.events);
        ids.iter().for_each(|&id| events.push(tick, What::Spawned(Agent { kind: kind.clone(), id })));
    }

    /// Returns the events from this number on that are kept, in order, with the names of what they speak of.
    ///
    /// # Errors
    /// As [`World::whole`].
    pub fn events(&self, since: u64, cancel: &Cancel) -> Result<Vec<Told>> {
        let events: Vec<Event> = {
            let kept = lock(&self.events);
            let from = kept.ring.partition_point(|event| event.number < since);
            kept.ring.range(from..).cloned().collect()
        };
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
        lock(&self.events).next
    }
}

/// Returns what agents of users' own do in a tick, whose `life` is that before it. Of a kind whose agents are somewhere,
/// a column that is named so says where.
pub(crate) fn acts_of(plan: &Plan, life: &Life) -> Vec<What> {
    let mut acts = Vec::new();
    for (name, choices) in plan.acted().into_iter().flat_map(|acted| &acted.kinds) {
        let Some(kind) = life.population().kind(name) else { continue };
        let of = Arc::<str>::from(&**name);
        let agent = |row: &u32| Agent { kind: of.clone(), id: kind.ids()[*row as usize] };
        for (column, rows, to) in &choices.changes {
            let is_home = kind.columns().get(*column as usize).is_some_and(|(name, _)| &**name == HOME);
            if let (true, Some(Cells::Concept(to))) = (is_home, to) {
                // Where more move than are kept, the last ones are told.
                let from = rows.len().saturating_sub(EVENTS_MAX);
                acts.extend(rows[from..].iter().zip(&to[from..]).map(|(row, to)| What::Moved(agent(row), NodeId(*to))));
            }
        }
        acts.extend(choices.parents.iter().map(|row| What::Spawned(agent(row))));
        acts.extend(choices.deaths.iter().map(|row| What::Died(agent(row))));
    }
    acts
}

/// The column of concepts that says where an agent is.
pub const HOME: &str = "home";
