//! Documents by name, in order, and as results.

use crate::Result;
use crate::documents::Document;
use crate::ids::{DocumentId, Tick};
use crate::metadata::{Filter, Metadata};
use crate::query::{Allowed, Found, Scratch, View, bm25};
use crate::text::QueryWord;

/// A document found by search.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundDocument {
    /// Its score.
    pub score: f64,
    /// Its identity.
    pub id: DocumentId,
    /// The caller's id, or the identity in hexadecimal if the caller gave none.
    pub name: String,
    /// Its title, perhaps empty.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Its metadata, perhaps none.
    pub metadata: Metadata,
    /// The tick that digested it.
    pub digested: Option<Tick>,
}

impl FoundDocument {
    /// Returns a result from a stored document.
    pub fn new(document: &Document, score: f64) -> FoundDocument {
        FoundDocument {
            score,
            id: document.id,
            name: document.name(),
            title: document.body.title.to_string(),
            text: document.body.text.to_string(),
            metadata: document.body.metadata.clone(),
            digested: document.digested.map(Tick::from),
        }
    }
}

impl<'a> View<'a> {
    /// Returns the document of this identity.
    pub fn document(&self, id: DocumentId) -> Option<&'a Document> {
        self.spot_of(id).map(|spot| self.at(spot))
    }

    /// Returns the document of a name. A document without a key is named by its id. A key that looks like an id is
    /// tried first.
    pub fn find(&self, name: &str) -> Option<&'a Document> {
        let unnamed = || self.document(DocumentId::parse(name)?).filter(|found| found.body.key.is_none());
        self.document(DocumentId::from_key(name)).or_else(unnamed)
    }

    /// Returns the `k` best documents by BM25 among those that match, best first, ties ordered by id.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] once the flag of the view is set, here and below.
    pub fn search(
        &self,
        words: &[QueryWord],
        k: usize,
        filter: &Filter,
        scratch: &mut Scratch,
    ) -> Result<Vec<FoundDocument>> {
        let allowed = Allowed::new(self.shards, filter);
        let terms = bm25::weighted(self.commons, words);
        let found = bm25::search(*self, &terms, k, allowed.as_ref(), scratch)?;
        Ok(found.iter().map(|found: &Found| FoundDocument::new(self.at(found.spot()), found.score)).collect())
    }

    /// Returns the names of the documents that match, in order, beginning behind `after` if it is given.
    pub fn names(&self, after: Option<&str>, filter: &Filter) -> Result<Vec<String>> {
        let allowed = Allowed::new(self.shards, filter);
        let mut names: Vec<String> = Vec::new();
        for local in self.locals() {
            self.poll()?;
            let placed = local.documents().placed();
            let matching =
                placed.filter(|&(place, _)| allowed.as_ref().is_none_or(|allowed| allowed.has((local.seat, place))));
            let named = matching.map(|(_, document)| document.name());
            names.extend(named.filter(|name| after.is_none_or(|after| **name > *after)));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Returns how many documents match.
    pub fn count(&self, filter: &Filter) -> u64 {
        Allowed::new(self.shards, filter).map_or(self.commons.documents(), |allowed| allowed.count() as u64)
    }
}
