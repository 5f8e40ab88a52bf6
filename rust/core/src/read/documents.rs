//! Documents by name, in order, and as results.

use crate::Result;
use crate::documents::{Body, Document, Documents};
use crate::ids::DocumentId;
use crate::metadata::Filter;
use crate::query::bm25::WeightedTerm;
use crate::query::question::Query;
use crate::query::reading;
use crate::query::{Allowed, Found, FoundDocument, Homes, Only, Ranking, Spot, View, bm25};
use crate::text::{QueryWord, Session};
use serde::{Deserialize, Serialize};

/// Returns the `k` best documents by BM25 among those that match, best first, ties ordered by id.
///
/// # Errors
/// Those of the homes, here and below.
pub fn search<H: Homes>(homes: &mut H, words: &[QueryWord], k: usize, filter: &Filter) -> Result<Vec<FoundDocument>> {
    let terms = bm25::weighted(homes.commons(), words);
    best(homes, &terms, k, &filter.into())
}

/// The same for a question with operators. Its words are asked for as they are written: none is read as another.
///
/// # Errors
/// Those of the homes.
pub fn search_with<'a, H: Homes>(
    homes: &mut H,
    asked: impl Into<Query<'a>>,
    k: usize,
    filter: &Filter,
    session: &mut Session,
) -> Result<Vec<FoundDocument>> {
    let asked = asked.into();
    let clauses = reading::clauses(homes, asked.operators, session)?;
    let ranking = Ranking { near_share: 0.0, ..Ranking::default() };
    let question = reading::question(homes, asked, &clauses, &ranking, session)?;
    best(homes, &question.weighted(), k, &Only { filter: filter.clone(), clauses })
}

fn best<H: Homes>(homes: &mut H, terms: &[WeightedTerm], k: usize, only: &Only) -> Result<Vec<FoundDocument>> {
    let allowed = homes.allow(only)?;
    let found = homes.best(terms, k, allowed.as_ref())?;
    let found: Vec<(Spot, f64)> = found.iter().map(|found: &Found| (found.spot(), found.score)).collect();
    homes.documents(&found)
}

/// Returns where the document of a name is, and its id. A document without a key is named by its id. A key that looks
/// like an id is tried first.
pub fn find<H: Homes>(homes: &mut H, name: &str) -> Result<Option<(Spot, DocumentId)>> {
    let ids: Vec<DocumentId> =
        [Some(DocumentId::from_key(name)), DocumentId::parse(name)].into_iter().flatten().collect();
    let found = homes.find(&ids)?;
    let keyed = found[0].map(|(spot, _)| (spot, ids[0]));
    let unnamed = || found.get(1).copied().flatten().filter(|(_, has_key)| !has_key).map(|(spot, _)| (spot, ids[1]));
    Ok(keyed.or_else(unnamed))
}

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredDocument {
    /// Its identity.
    pub id: DocumentId,
    /// The document as its caller gave it.
    pub body: Body,
    /// The first tick whose cut includes it.
    pub arrival: u32,
    /// The tick that digested it.
    pub digested: Option<u32>,
}

impl StoredDocument {
    /// Returns a copy of the document at a place.
    pub fn new(documents: &Documents, place: u32) -> StoredDocument {
        let Document { id, arrival, digested, .. } = *documents.at(place);
        StoredDocument { id, body: documents.known_at(place).whole(), arrival, digested }
    }

    /// Returns the caller's id, or the identity in hexadecimal if the caller gave none.
    pub fn name(&self) -> String {
        self.body.key.as_deref().map_or_else(|| self.id.to_string(), str::to_owned)
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

    /// Returns how many documents of these shards match, which may be a part of the colony's.
    pub(crate) fn count_here(&self, filter: &Filter) -> u64 {
        let all = || self.shards.iter().map(|shard| shard.documents().len()).sum();
        Allowed::new(self.shards, filter).map_or_else(all, |allowed| allowed.count()) as u64
    }
}
