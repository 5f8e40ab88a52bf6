//! The latest events, in a ring that is bounded.

use phago_core::ids::{AgentId, DocumentId, NodeId, Tick};
use std::collections::VecDeque;
use std::sync::Arc;

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
    /// An agent of users' own absorbed another one.
    Absorbed(Agent),
    /// An agent of users' own dissolved: so many concepts gained a use.
    Dissolved(Agent, u64),
    /// So many concepts were chosen in a tick because they are known.
    Transferred(u64),
    /// An agent ended.
    Died(Agent),
    /// A survey found a cluster that is new, or how one changed.
    Insight(Box<str>),
    /// A survey found a departure from normal.
    Anomaly(Box<str>),
}

/// A kind of agents, as events name it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AgentKind {
    /// The colony's own, of which most events are.
    Digester,
    /// One of users' own.
    Own(Arc<str>),
}

impl AgentKind {
    /// Returns its name.
    pub fn name(&self) -> &str {
        match self {
            AgentKind::Digester => "digester",
            AgentKind::Own(name) => name,
        }
    }
}

/// An agent, as events name it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Agent {
    /// Its kind.
    pub kind: AgentKind,
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

/// The latest events, in order. They share what is small (the names of kinds, one for a tick at most): thousands of
/// allocations that live so long would keep the pages around them from being given back.
#[derive(Debug)]
pub(crate) struct Events {
    next: u64,
    most: usize,
    ring: VecDeque<(u32, What)>,
    // The tick up to which anomalies were told.
    watched: Tick,
}

impl Events {
    /// Returns a ring for so many.
    pub(crate) fn new(most: u32) -> Events {
        Events { next: 0, most: most as usize, ring: VecDeque::new(), watched: 0 }
    }

    /// Returns how many are kept.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Takes over that anomalies up to a tick are told. Returns the one up to which they were.
    pub(super) fn watch(&mut self, until: Tick) -> Tick {
        std::mem::replace(&mut self.watched, until)
    }

    pub(super) fn push(&mut self, tick: Tick, what: What) {
        if self.ring.len() == self.most {
            self.ring.pop_front();
        }
        self.ring.push_back((tick as u32, what));
        self.next += 1;
    }
}

impl Events {
    /// Returns those from this number on, in order.
    pub(super) fn since(&self, number: u64) -> Vec<Event> {
        let first = self.next - self.ring.len() as u64;
        let from = number.saturating_sub(first).min(self.ring.len() as u64);
        let numbered = self.ring.range(from as usize..).zip(first + from..);
        numbered.map(|((tick, what), number)| Event { number, tick: Tick::from(*tick), what: what.clone() }).collect()
    }

    /// Returns the number that the next one gets.
    pub(super) fn end(&self) -> u64 {
        self.next
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
            What::Absorbed(_) => "absorbed",
            What::Dissolved(..) => "dissolved",
            What::Transferred(_) => "transferred",
            What::Died(_) => "died",
            What::Insight(_) => "insight",
            What::Anomaly(_) => "anomaly",
        }
    }

    /// Returns the agent that it is about.
    pub fn agent(&self) -> Option<&Agent> {
        match self {
            What::Spawned(agent)
            | What::Moved(agent, _)
            | What::Engulfed(agent, _)
            | What::Presented(agent, _)
            | What::Absorbed(agent)
            | What::Dissolved(agent, _)
            | What::Died(agent) => Some(agent),
            What::Wired(_) | What::Faded(_) | What::Transferred(_) | What::Insight(_) | What::Anomaly(_) => None,
        }
    }

    pub(super) fn document(&self) -> Option<DocumentId> {
        match self {
            What::Engulfed(_, document) | What::Presented(_, document) => Some(*document),
            _ => None,
        }
    }

    pub(super) fn concept(&self) -> Option<NodeId> {
        if let What::Moved(_, concept) = self { Some(*concept) } else { None }
    }
}
