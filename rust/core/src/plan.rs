//! The plan of a tick, fixed before Sense: its cut, the documents it grants, the digesters that take them.

use crate::Result;
use crate::commons::{Commons, GrantKey, Waiting};
use crate::ids::{AgentId, DocumentId, Tick};
use crate::life::Acted;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is fixed before a tick begins. Of it, only the seats of the grants depend on the number of shards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The tick to be made.
    pub tick: Tick,
    /// The granted documents of each seat, in the order of the grants. A node finds those of its own seats by the cut.
    #[serde(skip)]
    pub grants: Vec<Vec<DocumentId>>,
    /// The documents of each seat whose lifetimes end with this tick: they are deleted when it has been made.
    pub(crate) leaving: Vec<Vec<DocumentId>>,
    /// How many documents it grants.
    documents: usize,
    /// The keys of all granted documents in the backlog, in order. They stay with who keeps the backlog.
    #[serde(skip)]
    pub(crate) granted: Vec<GrantKey>,
    /// The digesters born in this tick.
    pub births: Vec<AgentId>,
    /// All living digesters, those born in this tick included, in order.
    pub digesters: Vec<AgentId>,
    per_digester: u32,
    // Whether all documents that wait up to the last granted one are granted.
    #[serde(skip)]
    pub(crate) is_by_arrival: bool,
    /// The pinned concepts, by term index, sorted.
    pub(crate) pinned: Vec<u32>,
    /// The concepts that agents left to all, by term index, sorted, with the uses that each gains.
    pub(crate) uses: Vec<(u32, u64)>,
    /// What agents of users' own chose for it. It stays with who makes the tick.
    #[serde(skip)]
    pub(crate) acted: Option<Arc<Acted>>,
}

impl Plan {
    /// Returns the plan of the next tick: documents in the order (cut of arrival, document id), up to the limits of the
    /// config, or in `order` instead, and as many digesters as they need. The choice does not depend on shards, cores or threads.
    pub(crate) fn of(commons: &Commons, order: Option<Vec<GrantKey>>, acted: Option<Arc<Acted>>) -> Result<Plan> {
        if let Some(acted) = &acted {
            commons.life().check_acted(commons.tick(), acted)?;
        }
        let tick = commons.next_tick()?;
        let config = commons.config();
        let mut grants = vec![Vec::new(); commons.seat_count()];
        let mut granted = Vec::new();
        let mut bytes = 0;
        let all = commons.backlog().waiting();
        let in_order: Box<dyn Iterator<Item = (&GrantKey, &Waiting)>> = match &order {
            None => Box::new(all.iter()),
            Some(order) => Box::new(order.iter().map(|key| (key, all.get(key).expect("what is ranked waits")))),
        };
        for (key, waiting) in in_order.take_while(|_| config.digestion) {
            bytes += waiting.bytes;
            let full = granted.len() >= config.documents_per_tick as usize || bytes > config.bytes_per_tick;
            if full && !granted.is_empty() {
                break;
            }
            grants[commons.seat(waiting.shard)].push(DocumentId(key.1));
            granted.push(*key);
        }
        let living = commons.roster().digesters();
        let needed = granted.len().div_ceil(config.documents_per_digester as usize);
        let missing = needed.saturating_sub(living.len());
        let births: Vec<AgentId> =
            (0..missing as u32).map(|ordinal| AgentId { birth: tick, parent: 0, ordinal }).collect();
        // Births carry the newest tick, so the list stays in order.
        let digesters = living.iter().chain(&births).copied().collect();
        let mut leaving = vec![Vec::new(); commons.seat_count()];
        for id in commons.lifetimes().ending(tick) {
            leaving[commons.seat(commons.ring().shard_of(id.0))].push(id);
        }
        let pinned = commons.pinned(commons.life().pins().wanted());
        let uses = acted.as_ref().map_or_else(Vec::new, |acted| commons.uses_of(acted));
        let (per_digester, documents) = (config.documents_per_digester, granted.len());
        let is_by_arrival = order.is_none();
        Ok(Plan {
            tick,
            grants,
            leaving,
            documents,
            granted,
            births,
            digesters,
            per_digester,
            is_by_arrival,
            pinned,
            uses,
            acted,
        })
    }

    /// Returns what the node that has these seats needs of the plan.
    pub(crate) fn part(&self, own: &[usize]) -> Plan {
        let mut leaving = vec![Vec::new(); self.leaving.len()];
        for &seat in own {
            leaving[seat].clone_from(&self.leaving[seat]);
        }
        Plan {
            grants: Vec::new(),
            leaving,
            granted: Vec::new(),
            births: self.births.clone(),
            digesters: self.digesters.clone(),
            pinned: self.pinned.clone(),
            uses: self.uses.clone(),
            acted: None,
            ..*self
        }
    }

    /// Returns how many documents the tick grants.
    pub fn documents(&self) -> usize {
        self.documents
    }

    /// Returns the granted documents in order, which their digesters take in that order.
    pub fn documents_in_order(&self) -> impl Iterator<Item = DocumentId> + '_ {
        self.granted.iter().map(|key| DocumentId(key.1))
    }

    /// Returns how many of the granted documents a digester takes.
    pub fn claimed(&self, digester: AgentId) -> u32 {
        self.claims(digester)
    }

    /// Returns what agents of users' own chose for it.
    pub fn acted(&self) -> Option<&Acted> {
        self.acted.as_deref()
    }

    /// Returns the documents of a seat that leave by themselves.
    pub(crate) fn leaving_of(&self, seat: usize) -> &[DocumentId] {
        &self.leaving[seat]
    }

    /// Returns how many documents leave by themselves when the tick has been made.
    pub fn leaving(&self) -> usize {
        self.leaving.iter().map(Vec::len).sum()
    }

    /// Returns how many of the granted documents a digester takes. The first digester takes the first documents, the
    /// next one those that follow, and so on.
    pub(crate) fn claims(&self, digester: AgentId) -> u32 {
        let place = self.digesters.binary_search(&digester).expect("the plan has every living digester");
        let each = self.per_digester as usize;
        self.documents.saturating_sub(place * each).min(each) as u32
    }

    // Returns the tick as synapses store it.
    pub(crate) fn stamp(&self) -> u32 {
        self.tick as u32
    }
}
