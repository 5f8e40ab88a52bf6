//! What a tick will do, fixed before Sense: its cut, the documents it grants, the digesters that take them.

use crate::Result;
use crate::commons::{Commons, GrantKey};
use crate::ids::{AgentId, DocumentId, Tick};

/// The fixed part of a tick. Equal for any number of shards but for the seats of the grants.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The tick to be made.
    pub tick: Tick,
    /// By seat, the documents granted, in the order of the grants.
    pub grants: Vec<Vec<DocumentId>>,
    /// The keys of all grants in the backlog, in order.
    pub(crate) granted: Vec<GrantKey>,
    /// Digesters born in this tick.
    pub births: Vec<AgentId>,
    /// All living digesters, those born in this tick included, in order.
    pub digesters: Vec<AgentId>,
    per_digester: u32,
}

impl Plan {
    /// The plan of the next tick: documents in the order (cut of arrival, document id), up to the config's
    /// bounds, and as many digesters as they need. Nothing here knows of shards, cores or threads.
    pub(crate) fn of(commons: &Commons) -> Result<Plan> {
        let tick = commons.next_tick()?;
        let config = commons.config();
        let mut grants = vec![Vec::new(); commons.seat_count()];
        let mut granted = Vec::new();
        let mut bytes = 0;
        for (key, waiting) in commons.backlog().waiting() {
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
        Ok(Plan { tick, grants, granted, births, digesters, per_digester: config.documents_per_digester })
    }

    /// How many documents are granted.
    pub fn documents(&self) -> usize {
        self.granted.len()
    }

    /// How many of the granted documents a digester takes: the first takes the first so many, and so on.
    pub(crate) fn claims(&self, digester: AgentId) -> u32 {
        let place = self.digesters.binary_search(&digester).expect("the plan has every living digester");
        let each = self.per_digester as usize;
        self.granted.len().saturating_sub(place * each).min(each) as u32
    }

    // The tick as synapses keep it.
    pub(crate) fn stamp(&self) -> u32 {
        self.tick as u32
    }
}
