//! The plan of a tick, fixed before Sense: its cut, the documents it grants, the digesters that take them.

use crate::Result;
use crate::commons::{Commons, GrantKey};
use crate::config::DocumentsFirst;
use crate::documents::Document;
use crate::field::{self, Class};
use crate::ids::{AgentId, DocumentId, Tick};
use crate::life::Acted;
use crate::maps::Map;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
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
        let in_order: Box<dyn Iterator<Item = &GrantKey>> = match &order {
            None => Box::new(all.keys()),
            Some(order) => Box::new(order.iter()),
        };
        for key in in_order.take_while(|_| config.digestion) {
            let waiting = &all[key];
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
        Ok(Plan { tick, grants, leaving, documents, granted, births, digesters, per_digester, pinned, uses, acted })
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

/// Returns the waiting documents in the order in which the field wants them digested; `None` if the order is that of
/// their arrival. A document's signals are those of its terms, summed; its traces are the mean of those of its terms.
pub(crate) fn preferred<'a>(
    commons: &Commons,
    document: impl Fn(DocumentId) -> Option<&'a Document>,
) -> Option<Vec<GrantKey>> {
    let (first, tick) = (commons.config().documents_first, commons.tick());
    let field = commons.life().field();
    if first == DocumentsFirst::Arrival || field.is_empty(tick) {
        return None;
    }
    let (mut signals, mut traces) = (Map::default(), Map::default());
    for (of, _) in field.types(tick) {
        let sums = match of.class() {
            Class::Signal if first.senses() => &mut signals,
            Class::Trace if first.traces() && *of == field::Type::digested() => &mut traces,
            _ => continue,
        };
        field.levels(of, tick).into_iter().for_each(|(concept, level)| *sums.entry(concept.0).or_default() += level);
    }
    let sum = |levels: &Map<u128, u64>, terms: &[(u32, u32)]| -> u64 {
        if levels.is_empty() {
            return 0;
        }
        terms.iter().filter_map(|&(term, _)| levels.get(&commons.id(term))).sum()
    };
    let mut order: Vec<(Reverse<u64>, u64, GrantKey)> = Vec::with_capacity(commons.backlog().waiting().len());
    for &key in commons.backlog().waiting().keys() {
        let terms = document(DocumentId(key.1)).map_or(&[][..], |document| &document.terms[..]);
        let mean = sum(&traces, terms) / (terms.len() as u64).max(1);
        order.push((Reverse(sum(&signals, terms)), mean, key));
    }
    order.sort_unstable();
    Some(order.into_iter().map(|(_, _, key)| key).collect())
}
