//! What another shard learns of a node.

use crate::ghost::{Ghost, GhostData};
use crate::ids::NodeId;
use crate::query::View;
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
        let commons = self.commons;
        let (node, shard) = (NodeId(commons.id(term)), commons.home(term).shard);
        let Some(data) = self.home(term).describe(term, commons) else {
            return Err(Error::EdgeResolutionFailed { node, shard, reason: "its home knows no such concept".into() });
        };
        let rest = GhostData { mentions: data.mentions, uses: data.uses, degree: data.degree };
        Ok(Ghost::resolved(node, shard, commons.tick(), data.label, rest))
    }
}
