//! What a far shard is told of a node.

use crate::ghost::{Ghost, GhostData};
use crate::ids::NodeId;
use crate::query::View;
use crate::{Error, Result};

impl View<'_> {
    /// A ghost of a term's node whose home has not been asked.
    pub fn unresolved_ghost(&self, term: u32) -> Ghost {
        let commons = self.commons;
        Ghost::unresolved(NodeId(commons.id(term)), commons.home(term).shard, commons.tick())
    }

    /// A ghost of a term's node as its home tells of it now.
    ///
    /// # Errors
    /// [`Error::EdgeResolutionFailed`] where its home knows no such concept.
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
