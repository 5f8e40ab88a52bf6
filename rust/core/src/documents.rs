//! The documents a shard is home to, and their postings.

use crate::ids::DocumentId;
use crate::maps::Map;
use crate::metadata::{Filter, Metadata, MetadataIndex, Places};
use crate::text::{Analysis, Sequence};
use crate::titles::Titles;

/// The most bytes of title and text a document may have.
pub const DOCUMENT_BYTES_MAX: usize = 16 << 20;
/// The most documents a shard takes: places are 32 bits wide.
pub const DOCUMENTS_MAX: u64 = u32::MAX as u64;

/// What a document says: equal content under one id is one document.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Content<'a> {
    /// Its title, perhaps empty.
    pub title: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Its metadata, perhaps none.
    pub metadata: &'a Metadata,
}

impl Content<'_> {
    /// The identity of a document with this content and the caller's id, where there is one.
    pub fn id(&self, key: Option<&str>) -> DocumentId {
        key.map_or_else(|| self.metadata.content_id(self.title, self.text), DocumentId::from_key)
    }
}

/// A document after analysis, on its way to its home.
#[derive(Clone, Debug)]
pub struct AnalysedDocument {
    /// Its identity.
    pub id: DocumentId,
    /// The caller's id, where there was one.
    pub key: Option<Box<str>>,
    /// Its title, perhaps empty.
    pub title: Box<str>,
    /// Its text.
    pub text: Box<str>,
    /// Its metadata, perhaps none.
    pub metadata: Metadata,
    /// Its terms and word forms.
    pub analysis: Analysis,
}

impl AnalysedDocument {
    /// Bytes of title and text.
    pub fn bytes(&self) -> u64 {
        (self.title.len() + self.text.len()) as u64
    }

    /// What it says.
    pub fn content(&self) -> Content<'_> {
        Content { title: &self.title, text: &self.text, metadata: &self.metadata }
    }
}

/// A document at home.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its identity.
    pub id: DocumentId,
    /// The caller's id, where there was one.
    pub key: Option<Box<str>>,
    /// Its title, perhaps empty.
    pub title: Box<str>,
    /// Its text.
    pub text: Box<str>,
    /// Its metadata, perhaps none.
    pub metadata: Metadata,
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
        self.key.as_deref().map_or_else(|| self.id.to_string(), str::to_owned)
    }

    /// What it says.
    pub fn content(&self) -> Content<'_> {
        Content { title: &self.title, text: &self.text, metadata: &self.metadata }
    }

    fn bytes(&self) -> u64 {
        (self.title.len() + self.text.len() + self.metadata.bytes()) as u64
    }
}

/// Where a term stands: the place of a document and how often it has the term.
pub type Posting = (u32, u32);

/// The postings of one term on one shard, with what bounds any score they can give.
#[derive(Clone, Debug, Default)]
pub struct Postings {
    /// Documents with the term, by place.
    pub list: Vec<Posting>,
    /// The highest count in the list, or more.
    pub most: u32,
    /// The fewest indexed words of a document in the list, or fewer.
    pub shortest: u32,
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
    pub(crate) fn insert(&mut self, new: AnalysedDocument, arrival: u32) -> u32 {
        let place = self.all.len() as u32;
        for &(term, count) in &new.analysis.terms {
            let term = term as usize;
            if self.list_of.len() <= term {
                self.list_of.resize(term + 1, 0);
            }
            if self.list_of[term] == 0 {
                self.lists.push(Postings { list: Vec::new(), most: 0, shortest: u32::MAX });
                self.list_of[term] = self.lists.len() as u32;
            }
            let postings = &mut self.lists[self.list_of[term] as usize - 1];
            postings.list.push((place, count));
            postings.most = postings.most.max(count);
            postings.shortest = postings.shortest.min(new.analysis.length);
        }
        self.lengths.push(new.analysis.length);
        self.norms.push(new.analysis.norm);
        self.titles.insert(&new.analysis.title, place);
        self.metadata.insert(&new.metadata, place);
        self.places.insert(new.id.0, place);
        let document = Document {
            id: new.id,
            key: new.key,
            title: new.title,
            text: new.text,
            metadata: new.metadata,
            title_terms: new.analysis.title,
            terms: new.analysis.terms,
            sequence: new.analysis.sequence,
            arrival,
            digested: None,
            concepts: Box::default(),
        };
        self.bytes += document.bytes();
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
        self.metadata.remove(&document.metadata, place);
        self.bytes -= document.bytes();
        for &(term, _) in &document.terms {
            let list = self.list_mut(term);
            if let Ok(found) = list.binary_search_by_key(&place, |posting| posting.0) {
                list.remove(found);
            }
        }
        let last = self.all.len() as u32;
        if place == last {
            return Some((document, None));
        }
        let (moved, terms) = {
            let moved = &mut self.all[place as usize];
            self.titles.relocate(&moved.title_terms, last, place);
            self.metadata.relocate(&moved.metadata, last, place);
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
