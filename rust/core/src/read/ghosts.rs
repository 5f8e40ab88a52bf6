//! What another shard learns of a node.

use crate::commons::Commons;
use crate::ghost::{Ghost, GhostData};
use crate::ids::NodeId;
use crate::query::View;
use crate::shard::NodeData;
use crate::{Error, Result};

impl View<'_> {
    /// Returns a ghost of a term's node whose home shard has not been asked.
    pub fn unresolved_ghost(&self, term: u32) -> Ghost {
        let commons = self.commons;
        Ghost::unresolved(NodeId(commons.id(term)), commons.home(term).shard, commons.tick())
    }

    /// Returns a ghost of a term's node with what its home shard reports now.
    ///
    /// # Errors
    /// [`Error::EdgeResolutionFailed`] if its home shard has no such concept.
    pub fn ghost(&self, term: u32) -> Result<Ghost> {
        ghost(self.commons, term, self.home(term).describe(term, self.commons))
    }
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
