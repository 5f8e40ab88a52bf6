//! The home shard of an id: a consistent-hash ring with virtual nodes.
//!
//! Placement is a durable format, so positions are XXH3-64 of the bytes defined here, and golden vectors pin them:
//!
//! - point: `phago-ring-1 point` and a zero byte, the shard and the virtual node as little-endian 32-bit integers;
//! - id: `phago-ring-1 id` and a zero byte, the 16 bytes of the id, little-endian.
//!
//! An id's home is the shard of the first point at or after its position, going round. Points that share a position are
//! ordered by shard, then virtual node. Shard ids may have gaps after a removal.

use crate::config::SHARDS_MAX;
use crate::ids::ShardId;
use crate::{Error, Result};
use xxhash_rust::xxh3::xxh3_64;

const POINT: &[u8; 19] = b"phago-ring-1 point\0";
const ID: &[u8; 16] = b"phago-ring-1 id\0";

/// The ring. Two rings are equal if they give every id the same home.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ring {
    virtual_nodes: u32,
    shards: Vec<ShardId>,
    // Separate from their shards, so that a search reads eight bytes per step.
    positions: Vec<u64>,
    owners: Vec<ShardId>,
}

impl Ring {
    /// Returns a ring of shards 0 to `shards - 1` with `virtual_nodes` points each.
    ///
    /// Both are raised to 1 if lower, and shards limited to [`SHARDS_MAX`]: configs are checked before, and a ring
    /// without a shard could not answer.
    pub fn new(shards: u32, virtual_nodes: u32) -> Self {
        let shards = (0..shards.clamp(1, SHARDS_MAX)).map(ShardId).collect();
        let mut ring = Ring { virtual_nodes: virtual_nodes.max(1), shards, positions: Vec::new(), owners: Vec::new() };
        ring.lay();
        ring
    }

    /// Returns the home of a document, node or agent, by its 128-bit id.
    pub fn shard_of(&self, id: u128) -> ShardId {
        match self.shards[..] {
            [only] => only,
            _ => self.owners[self.point_of(id)],
        }
    }

    /// Returns the homes of `count` copies: the primary, then the next distinct shards clockwise, at most all.
    pub fn replicas(&self, id: u128, count: usize) -> Vec<ShardId> {
        let count = count.min(self.shards.len());
        let mut found = Vec::with_capacity(count);
        let start = self.point_of(id);
        for &shard in self.owners[start..].iter().chain(&self.owners[..start]) {
            if found.len() == count {
                break;
            }
            if !found.contains(&shard) {
                found.push(shard);
            }
        }
        found
    }

    /// Adds a shard with the lowest free id, and returns the id.
    pub fn add_shard(&mut self) -> ShardId {
        let place = (0..).zip(&self.shards).position(|(place, shard)| shard.0 != place);
        let place = place.unwrap_or(self.shards.len());
        let shard = ShardId(place as u32);
        self.shards.insert(place, shard);
        self.lay();
        shard
    }

    /// Removes a shard; what it owned goes to its neighbours.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`] if it is not on the ring, [`Error::Config`] if it is the last one.
    pub fn remove_shard(&mut self, shard: ShardId) -> Result<()> {
        let Ok(place) = self.shards.binary_search(&shard) else {
            return Err(Error::ShardNotFound { shard, registered: self.names() });
        };
        if self.shards.len() == 1 {
            return Err(Error::Config {
                field: "shards".into(),
                value: "0".into(),
                accepted: format!("1 to {SHARDS_MAX}"),
            });
        }
        self.shards.remove(place);
        self.lay();
        Ok(())
    }

    /// Returns how many shards there are.
    pub fn shard_count(&self) -> usize {
        self.shards.len()
    }

    /// Returns the shards, in order.
    pub fn shards(&self) -> &[ShardId] {
        &self.shards
    }

    /// Returns whether a shard is on the ring.
    pub fn contains(&self, shard: ShardId) -> bool {
        self.shards.binary_search(&shard).is_ok()
    }

    /// Returns the number of points of each shard.
    pub fn virtual_nodes(&self) -> u32 {
        self.virtual_nodes
    }

    /// Returns the number of points of all shards.
    pub fn total_virtual_nodes(&self) -> usize {
        self.positions.len()
    }

    /// Returns the shards as text, for messages.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.shards.iter().map(ShardId::to_string).collect();
        names.join(", ")
    }

    fn point_of(&self, id: u128) -> usize {
        let at = position_of(id);
        let point = self.positions.partition_point(|&position| position < at);
        if point == self.positions.len() { 0 } else { point }
    }

    fn lay(&mut self) {
        let nodes = 0..self.virtual_nodes;
        let mut points: Vec<(u64, ShardId, u32)> = Vec::with_capacity(self.shards.len() * nodes.len());
        for &shard in &self.shards {
            points.extend(nodes.clone().map(|node| (point(shard, node), shard, node)));
        }
        points.sort_unstable();
        self.positions = points.iter().map(|point| point.0).collect();
        self.owners = points.iter().map(|point| point.1).collect();
    }
}

fn point(shard: ShardId, node: u32) -> u64 {
    let mut bytes = [0; POINT.len() + 8];
    bytes[..POINT.len()].copy_from_slice(POINT);
    bytes[POINT.len()..POINT.len() + 4].copy_from_slice(&shard.0.to_le_bytes());
    bytes[POINT.len() + 4..].copy_from_slice(&node.to_le_bytes());
    xxh3_64(&bytes)
}

fn position_of(id: u128) -> u64 {
    let mut bytes = [0; ID.len() + 16];
    bytes[..ID.len()].copy_from_slice(ID);
    bytes[ID.len()..].copy_from_slice(&id.to_le_bytes());
    xxh3_64(&bytes)
}
