//! Documents that a node reads before the change that adds them is prepared, while the one before is under way.

use crate::documents::Body;
use crate::ids::DocumentId;
use crate::text::{Adopted, Analysis, Session};
use std::collections::VecDeque;
use std::sync::Arc;

// How many lists of documents are kept. Whoever ingests reads one ahead; the next one may come before that is prepared.
const READS_MAX: usize = 2;

/// A document on its way, with its analysis if that was made. New words have the node's own indices.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) id: DocumentId,
    pub(super) body: Box<Body>,
    pub(super) analysis: Option<Box<Analysis>>,
}

impl From<Arc<Body>> for Draft {
    fn from(body: Arc<Body>) -> Draft {
        Draft { id: body.id(), body: Box::new(Arc::unwrap_or_clone(body)), analysis: None }
    }
}

/// What was read ahead, by ascending number.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    read: VecDeque<Read>,
    // The greatest number that came. What comes late, or twice, is of no use.
    last: u64,
}

#[derive(Debug)]
struct Read {
    number: u64,
    drafts: Vec<Draft>,
    // How many documents are still to be read.
    left: usize,
}

impl Ahead {
    /// Begins to read so many documents. Returns `false` if they are of no use.
    pub(super) fn begin(&mut self, number: u64, documents: usize) -> bool {
        if number <= self.last {
            return false;
        }
        self.last = number;
        if self.read.len() == READS_MAX {
            self.read.pop_front();
        }
        self.read.push_back(Read { number, drafts: Vec::with_capacity(documents), left: documents });
        true
    }

    /// Reads the next document, but not if `is_here` is true of it: it is hardly new then. Returns `false` if this number
    /// is not being read any more.
    pub(super) fn read(
        &mut self,
        number: u64,
        body: Arc<Body>,
        session: &mut Session,
        is_here: impl Fn(DocumentId) -> bool,
    ) -> bool {
        let Some(read) = self.read.iter_mut().find(|read| read.number == number && read.left > 0) else { return false };
        let mut draft = Draft::from(body);
        let Body { title, text, .. } = &*draft.body;
        draft.analysis = (!is_here(draft.id)).then(|| Box::new(session.analyse(title, text)));
        read.drafts.push(draft);
        read.left -= 1;
        true
    }

    /// Takes what was read by this number, if that is all, and drops what was read before it.
    pub(super) fn take(&mut self, number: u64) -> Option<Vec<Draft>> {
        let at = self.read.iter().position(|read| read.number == number && read.left == 0)?;
        self.read.drain(..=at).next_back().map(|read| read.drafts)
    }

    /// Takes over the new indices of words, all of which are still here.
    pub(super) fn renumber(&mut self, adopted: &Adopted) {
        self.analyses().flatten().for_each(|analysis| analysis.renumber(adopted));
    }

    /// Drops all analyses, as their words are going.
    pub(super) fn unread(&mut self) {
        self.analyses().for_each(|analysis| *analysis = None);
    }

    fn analyses(&mut self) -> impl Iterator<Item = &mut Option<Box<Analysis>>> {
        self.read.iter_mut().flat_map(|read| &mut read.drafts).map(|draft| &mut draft.analysis)
    }
}
