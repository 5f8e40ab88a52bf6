//! The documents a shard is home to, and their postings.

use super::{Body, Posting, Postings};
use crate::ids::DocumentId;
use crate::maps::Map;
use crate::metadata::{Filter, MetadataIndex, Places};
use crate::text::{Analysis, DOCUMENT_WORDS_MAX, Sequence, Session};
use crate::titles::Titles;
use crate::{Error, Result};

/// The most documents a shard takes: places are 32 bits wide.
pub const DOCUMENTS_MAX: u64 = u32::MAX as u64;

/// A body after analysis, on its way to its home.
#[derive(Clone, Debug)]
pub struct Analysed {
    /// Its identity.
    pub id: DocumentId,
    /// The document as it was given.
    pub body: Body,
    /// Its terms and word forms.
    pub analysis: Analysis,
}

impl Analysed {
    /// A body, analysed. New words enter the session's dictionary.
    ///
    /// # Errors
    /// [`Error::InvalidDocument`] with the index given for more than [`DOCUMENT_WORDS_MAX`] different words.
    pub fn new(id: DocumentId, body: Body, index: usize, session: &mut Session) -> Result<Analysed> {
        let analysis = session.analyse(&body.title, &body.text);
        if analysis.forms.len() > DOCUMENT_WORDS_MAX {
            let reason = format!("has more than {DOCUMENT_WORDS_MAX} different words; accepted are up to so many");
            let id = body.key.map(Into::into);
            return Err(Error::InvalidDocument { index, id, field: "text".into(), reason });
        }
        Ok(Analysed { id, body, analysis })
    }
}

/// A document at home.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its identity.
    pub id: DocumentId,
    /// The document as it was given.
    pub body: Body,
    /// The terms of the title in their order.
    pub title_terms: Box<[u32]>,
    /// Term index and count, by term index.
    pub terms: Box<[(u32, u32)]>,
    /// Its words in their order.
    pub sequence: Sequence,
    /// The first tick whose cut sees it.
    pub arrival: u32,
    /// The tick that digested it.
    pub digested: Option<u32>,
    /// The terms that were wired when it was digested.
    pub concepts: Box<[u32]>,
}

impl Document {
    /// The caller's id, or the identity in hexadecimal where none was given.
    pub fn name(&self) -> String {
        self.body.key.as_deref().map_or_else(|| self.id.to_string(), str::to_owned)
    }
}

/// A shard's documents, with postings over them. Documents are found by search as soon as they are here,
/// digested or not.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    places: Map<u128, u32>,
    all: Vec<Document>,
    lengths: Vec<u32>,
    norms: Vec<f64>,
    titles: Titles,
    metadata: MetadataIndex,
    lists: Vec<Postings>,
    // Term index to list; 0 is none. Dense, as half of a large shard's terms have a list.
    list_of: Vec<u32>,
    bytes: u64,
}

impl Documents {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Bytes of titles, texts and metadata.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All documents, by place.
    pub fn all(&self) -> &[Document] {
        &self.all
    }

    /// Indexed words of each document, by place.
    pub fn lengths(&self) -> &[u32] {
        &self.lengths
    }

    /// Length of each document's vector of 1 + ln tf, by place.
    pub fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// Documents by their titles.
    pub fn titles(&self) -> &Titles {
        &self.titles
    }

    /// The places of the documents whose metadata matches a filter.
    pub fn matching(&self, filter: &Filter) -> Places {
        self.metadata.matching(filter, self.all.len())
    }

    /// The place of a document.
    pub fn place(&self, id: DocumentId) -> Option<u32> {
        self.places.get(&id.0).copied()
    }

    /// The document of this identity.
    pub fn get(&self, id: DocumentId) -> Option<&Document> {
        self.place(id).map(|place| &self.all[place as usize])
    }

    /// The postings of a term, by place.
    pub fn postings(&self, term: u32) -> Option<&Postings> {
        match self.list_of.get(term as usize) {
            None | Some(0) => None,
            Some(&list) => Some(&self.lists[list as usize - 1]),
        }
    }

    /// Terms that stand in some document here, in no order that means anything.
    pub fn terms(&self) -> impl Iterator<Item = (u32, usize)> + '_ {
        let lists = self.list_of.iter().enumerate().filter(|(_, list)| **list > 0);
        let counted = lists.map(|(term, &list)| (term as u32, self.lists[list as usize - 1].list.len()));
        counted.filter(|(_, documents)| *documents > 0)
    }

    /// Take a document that is not here yet.
    pub(crate) fn insert(&mut self, new: Analysed, arrival: u32) -> u32 {
        let place = self.all.len() as u32;
        for &(term, count) in &new.analysis.terms {
            let term = term as usize;
            if self.list_of.len() <= term {
                self.list_of.resize(term + 1, 0);
            }
            if self.list_of[term] == 0 {
                self.lists.push(Postings::default());
                self.list_of[term] = self.lists.len() as u32;
            }
            let postings = &mut self.lists[self.list_of[term] as usize - 1];
            postings.list.push((place, count));
            postings.most = postings.most.max(count);
            postings.shortest = postings.shortest.min(new.analysis.length);
        }
        self.lengths.push(new.analysis.length);
        self.norms.push(new.analysis.norm());
        self.titles.insert(&new.analysis.title, place);
        self.metadata.insert(&new.body.metadata, place);
        let known = self.places.insert(new.id.0, place);
        assert!(known.is_none(), "document {} is taken twice", new.id);
        let document = Document {
            id: new.id,
            body: new.body,
            title_terms: new.analysis.title,
            terms: new.analysis.terms,
            sequence: new.analysis.sequence,
            arrival,
            digested: None,
            concepts: Box::default(),
        };
        self.bytes += document.body.bytes();
        self.all.push(document);
        place
    }

    /// Let a document go. The last one takes its place, so that places stay dense: the cost is that of the two
    /// documents' terms. Says where the last one came to, when there was another.
    pub(crate) fn remove(&mut self, id: DocumentId) -> Option<(Document, Option<u32>)> {
        let place = self.places.remove(&id.0)?;
        let document = self.all.swap_remove(place as usize);
        self.lengths.swap_remove(place as usize);
        self.norms.swap_remove(place as usize);
        self.titles.remove(&document.title_terms, place);
        self.metadata.remove(&document.body.metadata, place);
        self.bytes -= document.body.bytes();
        for &(term, _) in &document.terms {
            let list = self.list_mut(term);
            let found = list.binary_search_by_key(&place, |posting| posting.0).expect("a document has its postings");
            list.remove(found);
        }
        let last = self.all.len() as u32;
        if place == last {
            return Some((document, None));
        }
        let (moved, terms) = {
            let moved = &mut self.all[place as usize];
            self.titles.relocate(&moved.title_terms, last, place);
            self.metadata.relocate(&moved.body.metadata, last, place);
            (moved.id, std::mem::take(&mut moved.terms))
        };
        self.places.insert(moved.0, place);
        for &(term, count) in &terms {
            let list = self.list_mut(term);
            // The last document's posting is the last of every list it is in.
            list.pop();
            let at = list.partition_point(|posting| posting.0 < place);
            list.insert(at, (place, count));
        }
        self.all[place as usize].terms = terms;
        Some((document, Some(place)))
    }

    // The postings of a term that some document here has.
    fn list_mut(&mut self, term: u32) -> &mut Vec<Posting> {
        &mut self.lists[self.list_of[term as usize] as usize - 1].list
    }

    /// Note what a tick made of a document.
    pub(crate) fn digest(&mut self, place: u32, tick: u32, concepts: Box<[u32]>) {
        let document = &mut self.all[place as usize];
        document.digested = Some(tick);
        document.concepts = concepts;
    }
}
