//! What another shard learns of a node.

use crate::commons::Commons;
use crate::ghost::{Ghost, GhostData};
use crate::ids::NodeId;
use crate::shard::NodeData;
use crate::{Error, Result};

/// Returns a ghost of a term's node whose home shard has not been asked.
pub fn unresolved(commons: &Commons, term: u32) -> Ghost {
    Ghost::unresolved(NodeId(commons.id(term)), commons.home(term).shard, commons.tick())
}

/// Returns a ghost of a term's node with what its home shard reported.
///
/// # Errors
/// [`Error::EdgeResolutionFailed`] if that is nothing.
pub(crate) fn ghost(commons: &Commons, term: u32, reported: Option<NodeData>) -> Result<Ghost> {
    let (node, shard) = (NodeId(commons.id(term)), commons.home(term).shard);
    let Some(data) = reported else {
        return Err(Error::EdgeResolutionFailed { node, shard, reason: "its home knows no such concept".into() });
    };
    let rest = GhostData { mentions: data.mentions, uses: data.uses, degree: data.degree };
    Ok(Ghost::resolved(node, shard, commons.tick(), data.label, rest))
}
