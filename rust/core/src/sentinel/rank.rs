//! Who is forgotten first.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The order in which entities are forgotten: first those of which halving leaves nothing soonest, then those that were
/// activated longest ago. Entities of one rank leave together.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Deserialize, Serialize)]
pub struct Rank {
    /// The number of the halving with which nothing is left.
    pub gone: u32,
    /// The beat of the last activation.
    pub last: u32,
}

/// How many entities have each rank.
pub type Census = BTreeMap<Rank, u64>;
