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
    read: VecDeque<(u64, Vec<Draft>)>,
    // The greatest number that came. What comes late, or twice, is of no use.
    last: u64,
}

impl Ahead {
    /// Reads documents, but those for which `is_here` is true, which are hardly new.
    pub(super) fn read(
        &mut self,
        number: u64,
        documents: Vec<Arc<Body>>,
        session: &mut Session,
        is_here: impl Fn(DocumentId) -> bool,
    ) {
        if number <= self.last {
            return;
        }
        self.last = number;
        if self.read.len() == READS_MAX {
            self.read.pop_front();
        }
        let draft = |body: Arc<Body>| {
            let mut draft = Draft::from(body);
            let Body { title, text, .. } = &*draft.body;
            draft.analysis = (!is_here(draft.id)).then(|| Box::new(session.analyse(title, text)));
            draft
        };
        self.read.push_back((number, documents.into_iter().map(draft).collect()));
    }

    /// Takes what was read by this number, and drops what was read before it.
    pub(super) fn take(&mut self, number: u64) -> Option<Vec<Draft>> {
        let at = self.read.iter().position(|read| read.0 == number)?;
        self.read.drain(..=at).next_back().map(|read| read.1)
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
        self.read.iter_mut().flat_map(|read| &mut read.1).map(|draft| &mut draft.analysis)
    }
}
