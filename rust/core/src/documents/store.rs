//! The documents of a shard, and their postings.

use super::blocks::Blocks;
use super::{Body, Known, Lifetime, Postings, Terms, Vectors};
use crate::Result;
use crate::ids::DocumentId;
use crate::maps::State;
use crate::metadata::{Among, Filter, MetadataIndex, Places};
use crate::table::Table;
use crate::text::{Analysis, DOCUMENT_WORDS_MAX, Sequence, Session};
use crate::titles::Titles;
use prefetch_index::prefetch_index;
use std::hash::BuildHasher;
use std::slice;

/// The largest number of documents in a shard: places are 32 bits wide.
pub const DOCUMENTS_MAX: u64 = u32::MAX as u64;

/// A shard closes up its places once more than this and half of them are empty. For fewer, closing up is not worth its
/// cost, which is proportional to all postings. With 1,024 a small colony that is updated grew for thousands of updates
/// (half a MiB for 300 documents on two shards) before its memory stayed as it was.
pub const GONE_MIN: usize = 128;

/// A body after analysis, on its way to its home shard. Both are large, and moved from list to list.
#[derive(Clone, Debug)]
pub struct Analysed {
    /// Its identity.
    pub id: DocumentId,
    /// The document as its caller gave it.
    pub body: Box<Body>,
    /// Its terms and word forms.
    pub analysis: Box<Analysis>,
}

impl Analysed {
    /// Analyses a body. New words enter the session's dictionary.
    ///
    /// # Errors
    /// [`crate::Error::InvalidDocument`] with the given index, for more than [`DOCUMENT_WORDS_MAX`] different words.
    pub fn new(id: DocumentId, body: Box<Body>, index: usize, session: &mut Session) -> Result<Analysed> {
        let analysis = session.analyse(&body.title, &body.text);
        Analysed::of(id, body, index, Box::new(analysis))
    }

    /// Does what [`Analysed::new`] does, with the analysis that was made.
    ///
    /// # Errors
    /// As [`Analysed::new`].
    pub fn of(id: DocumentId, body: Box<Body>, index: usize, analysis: Box<Analysis>) -> Result<Analysed> {
        if analysis.different as usize > DOCUMENT_WORDS_MAX {
            return Err(body.too_many_words(index));
        }
        Ok(Analysed { id, body, analysis })
    }

    /// Has the processor read meanwhile what is needed soon of the documents that come: of the fourth these words, and of
    /// the fifth where its words are. Another thread may have written them.
    pub(crate) fn prefetch(coming: &[Analysed], words: impl Fn(&Analysis) -> &[(u32, u32)]) {
        if let Some(Analysed { body, analysis, .. }) = coming.get(4) {
            prefetch_index(slice::from_ref(&**body), 0);
            prefetch_index(slice::from_ref(&**analysis), 0);
        }
        if let Some(Analysed { analysis, .. }) = coming.get(3) {
            let (words, a_line) = (words(analysis), 64 / size_of::<(u32, u32)>());
            (0..words.len()).step_by(a_line).for_each(|at| prefetch_index(words, at));
        }
    }
}

/// A document as its home shard stores it.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its identity.
    pub id: DocumentId,
    /// The document as its caller gave it, without its vector.
    pub body: Body,
    /// The terms of the title, in the order of the text.
    pub title_terms: Box<[u32]>,
    /// Its terms with their counts.
    pub terms: Terms,
    /// Its words, in the order of the text.
    pub sequence: Sequence,
    /// The first tick whose cut includes it.
    pub arrival: u32,
    /// The tick that digested it.
    pub digested: Option<u32>,
    /// The terms that were wired when it was digested.
    pub concepts: Box<[u32]>,
}

impl Document {
    /// Returns the terms that stand in the text, each with its count, by term index. Terms that only count, such as
    /// function words and the parts of identifiers, are left out: the document is not about them and is not wired by
    /// them.
    pub fn standing(&self) -> Vec<(u32, u32)> {
        let (mut terms, mut many) = (vec![(0, 0); self.terms.len()], 0);
        for (term, stands) in self.terms.iter().zip(self.sequence.standing(self.terms.len())) {
            // Written whether it stands or not, as which of both cannot be foreseen.
            terms[many] = term;
            many += usize::from(stands);
        }
        terms.truncate(many);
        terms
    }

    /// Returns the caller's id, or the identity in hexadecimal if the caller gave none.
    pub fn name(&self) -> String {
        self.body.key.as_deref().map_or_else(|| self.id.to_string(), str::to_owned)
    }
}

/// A shard's documents and their postings. Search finds a document as soon as it is here, digested or not.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    // By id. The ids themselves stand with the documents.
    places: Table,
    state: State,
    // By place; `None` if the document was deleted.
    all: Blocks<Option<Document>>,
    taken: Places,
    lengths: Vec<u32>,
    norms: Vec<f64>,
    titles: Titles,
    metadata: MetadataIndex,
    vectors: Vectors,
    lists: Vec<Postings>,
    // By term index, the number of the term's list, from 1; 0 means no list. Dense, because half of a large shard's
    // terms have a list.
    list_of: Vec<u32>,
    bytes: u64,
}

// Returns the identity of the document at a place that is listed, and so holds one.
fn id_at(all: &Blocks<Option<Document>>, place: u32) -> DocumentId {
    all[place as usize].as_ref().expect("a document stands at its place").id
}

impl Documents {
    /// Returns the number of documents.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns whether there are no documents.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of places, including empty ones: at most [`GONE_MIN`] plus twice the number of documents.
    pub fn room(&self) -> usize {
        self.all.len()
    }

    /// Returns the bytes of titles, texts, metadata and vectors.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns all documents, by place.
    pub fn all(&self) -> impl Iterator<Item = &Document> {
        self.all.iter().flatten()
    }

    /// Returns all documents with their places.
    pub fn placed(&self) -> impl Iterator<Item = (u32, &Document)> {
        (0u32..).zip(self.all.iter()).filter_map(|(place, document)| Some((place, document.as_ref()?)))
    }

    /// Returns all documents as their callers gave them, by place.
    pub fn known(&self) -> impl Iterator<Item = Known<'_>> + Clone {
        let placed = (0u32..).zip(self.all.iter()).filter_map(|(place, document)| Some((place, document.as_ref()?)));
        placed.map(|(place, document)| Known::new(&document.body, self.vectors.at(place)))
    }

    /// Returns the document at a place as its caller gave it.
    ///
    /// # Panics
    /// If the place is empty.
    pub fn known_at(&self, place: u32) -> Known<'_> {
        Known::new(&self.at(place).body, self.vectors.at(place))
    }

    /// Returns the vectors of documents.
    pub fn vectors(&self) -> &Vectors {
        &self.vectors
    }

    /// Returns the latest time of a document, if any has one.
    pub fn newest(&self) -> Option<i64> {
        self.metadata.newest()
    }

    /// Returns the document at a place.
    ///
    /// # Panics
    /// If the place is empty.
    pub fn at(&self, place: u32) -> &Document {
        self.all[place as usize].as_ref().expect("a document stands at its place")
    }

    /// Reads a little of documents that are about to be read whole. Each lies elsewhere in memory; asked for one after the
    /// other they are waited for one after the other, and here together.
    pub fn warm(&self, places: impl Iterator<Item = u32> + Clone) {
        let documents = || places.clone().filter_map(|place| self.all.get(place as usize)?.as_ref());
        let read = documents().fold(0, |read, document| read ^ document.id.0 as usize ^ document.sequence.len());
        let read = documents().fold(read, |read, document| {
            let title = document.title_terms.first().copied();
            read ^ document.terms.warm() as usize ^ title.unwrap_or(0) as usize
        });
        std::hint::black_box(read);
    }

    /// Returns whether a place holds a document.
    pub fn has(&self, place: u32) -> bool {
        self.all.get(place as usize).is_some_and(Option::is_some)
    }

    /// Returns the title of the document at a place, as terms; empty if the place is.
    pub fn title_at(&self, place: u32) -> &[u32] {
        self.all[place as usize].as_ref().map_or(&[], |document| &document.title_terms)
    }

    /// Returns the number of indexed words of each document, by place.
    pub fn lengths(&self) -> &[u32] {
        &self.lengths
    }

    /// Returns the length of each document's vector of 1 + ln tf, by place.
    pub fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// Returns the index of documents by their titles.
    pub fn titles(&self) -> &Titles {
        &self.titles
    }

    /// Returns the places of the documents whose metadata matches a filter.
    pub fn matching(&self, filter: &Filter) -> Places {
        let mut places = self.metadata.matching(filter, self.all.len());
        places.keep(&self.taken);
        places
    }

    fn hash(&self, id: DocumentId) -> u32 {
        self.state.hash_one(id.0) as u32
    }

    /// Returns the place of a document, or `None` if it is not here.
    pub fn place(&self, id: DocumentId) -> Option<u32> {
        self.places.find(self.hash(id), |place| id_at(&self.all, place) == id)
    }

    /// Returns the document with this identity.
    pub fn get(&self, id: DocumentId) -> Option<&Document> {
        self.place(id).map(|place| self.at(place))
    }

    /// Returns the postings of a term, by place.
    pub fn postings(&self, term: u32) -> Option<&Postings> {
        match self.list_of.get(term as usize) {
            None | Some(0) => None,
            Some(&list) => Some(&self.lists[list as usize - 1]),
        }
    }

    /// Returns the places that hold a document.
    pub fn taken(&self) -> &Places {
        &self.taken
    }

    /// Returns the terms that some document here has, in an order without meaning.
    pub fn terms(&self) -> impl Iterator<Item = (u32, usize)> + '_ {
        let lists = self.list_of.iter().enumerate().filter(|(_, list)| **list > 0);
        let counted = lists.map(|(term, &list)| (term as u32, self.lists[list as usize - 1].len()));
        counted.filter(|(_, documents)| *documents > 0)
    }

    /// Has the processor read meanwhile what is needed first to insert these documents: of the next one where its lists
    /// end, of the second where they are, of the fourth its terms, and of the fifth what was analysed of it. All of
    /// this lies all over memory, and each is found by what was read before.
    pub(crate) fn prefetch(&self, coming: &[Analysed]) {
        let lists = |at: usize| {
            let terms = coming.get(at).map_or(&[][..], |document| document.analysis.terms());
            terms.iter().filter_map(|(term, _)| self.list_of.get(*term as usize)?.checked_sub(1))
        };
        Analysed::prefetch(coming, Analysis::terms);
        lists(1).for_each(|list| prefetch_index(&self.lists, list as usize));
        lists(0).for_each(|list| self.lists[list as usize].prefetch());
        coming.get(1).into_iter().for_each(|document| self.titles.prefetch(&document.analysis.title));
    }

    /// Adds a document that is not here yet.
    pub(crate) fn insert(&mut self, mut new: Analysed, arrival: u32) {
        let place = self.all.len() as u32;
        self.list(place, new.analysis.terms(), new.analysis.length);
        self.lengths.push(new.analysis.length);
        self.norms.push(new.analysis.norm);
        self.titles.insert(&new.analysis.title, place);
        self.metadata.insert(&new.body.metadata, new.body.time, place);
        self.bytes += new.body.bytes();
        if let Some(vector) = new.body.vector.take() {
            self.vectors.insert(place, &vector);
        }
        let (all, hash) = (&self.all, self.hash(new.id));
        let known = self.places.find_or_insert(hash, place, |place| id_at(all, place) == new.id);
        assert!(known == place, "document {} is taken twice", new.id);
        let Analysed { id, body, analysis } = new;
        let terms = Terms::from(analysis.terms());
        let document = Document {
            id,
            body: *body,
            title_terms: analysis.title,
            terms,
            sequence: analysis.sequence,
            arrival,
            digested: None,
            concepts: Box::default(),
        };
        self.all.push(Some(document));
        self.taken.push(place);
    }

    // Adds a document to the lists of its terms, which are sorted.
    fn list(&mut self, place: u32, terms: &[(u32, u32)], length: u32) {
        let Some(&(last, _)) = terms.last() else { return };
        if self.list_of.len() <= last as usize {
            self.list_of.resize(last as usize + 1, 0);
        }
        for &(term, count) in terms {
            let list = &mut self.list_of[term as usize];
            if *list == 0 {
                self.lists.push(Postings::default());
                *list = self.lists.len() as u32;
            }
            self.lists[*list as usize - 1].push(place, count, length);
        }
    }

    /// Removes a document. Its place stays empty until many are, so that the cost depends on the document's terms only,
    /// not on the number of documents.
    pub(crate) fn remove(&mut self, id: DocumentId) -> Option<Document> {
        let (all, hash) = (&self.all, self.hash(id));
        let place = self.places.remove(hash, |place| id_at(all, place) == id)?;
        let mut document = self.all[place as usize].take().expect("a document stands at its place");
        self.taken.remove(place);
        document.body.vector = self.vectors.remove(place);
        self.bytes -= document.body.bytes();
        let taken = &self.taken;
        for (term, _) in document.terms.iter() {
            self.lists[self.list_of[term as usize] as usize - 1].remove(taken, &self.lengths);
        }
        self.titles.remove(&document.title_terms, |place| taken.has(place));
        self.metadata.remove(&document.body.metadata, document.body.time, |place| taken.has(place));
        if self.all.len() > 2 * self.places.len() + GONE_MIN {
            self.close_up();
        }
        Some(document)
    }

    // Moves the documents to new places without gaps, in the same order.
    fn close_up(&mut self) {
        let mut next = 0..;
        let moved: Vec<Option<u32>> =
            self.all.iter().map(|document| document.as_ref().and_then(|_| next.next())).collect();
        let moved_to = |place: u32| moved[place as usize].expect("a list speaks of documents that stand");
        let mut lists = Vec::new();
        for list_of in self.list_of.iter_mut().filter(|list| **list > 0) {
            let mut list = std::mem::take(&mut self.lists[*list_of as usize - 1]);
            list.rebuild(&self.lengths, |place| moved[place as usize]);
            *list_of = if list.is_empty() { 0 } else { lists.len() as u32 + 1 };
            if *list_of > 0 {
                lists.push(list);
            }
        }
        self.lists = lists;
        self.titles.rebuild(|place| moved[place as usize]);
        self.metadata.rebuild(|place| moved[place as usize]);
        self.vectors.rebuild(moved_to);
        self.places.renumber(moved_to);
        let stays = |place: usize| moved[place].is_some();
        self.lengths = kept(&self.lengths, stays);
        self.norms = kept(&self.norms, stays);
        self.all = std::mem::take(&mut self.all).into_iter().filter(Option::is_some).collect();
        self.taken = Places::all(self.all.len());
    }

    /// Replaces the index of each term by the one that `number` returns. The order of terms stays the same, so lists
    /// stay sorted, and what counts the terms of one document, as its sequence does, stays valid.
    pub(crate) fn renumber(&mut self, number: impl Fn(u32) -> u32) {
        let mut titles = Titles::default();
        for (place, document) in (0u32..).zip(self.all.iter_mut()) {
            let Some(document) = document else { continue };
            document.terms.renumber(&number);
            for terms in [&mut document.title_terms, &mut document.concepts] {
                terms.iter_mut().for_each(|term| *term = number(*term));
            }
            titles.insert(&document.title_terms, place);
        }
        self.titles = titles;
        let mut lists = Vec::new();
        let mut list_of = Vec::new();
        for (term, list) in std::mem::take(&mut self.list_of).into_iter().enumerate().filter(|(_, list)| *list > 0) {
            let list = std::mem::take(&mut self.lists[list as usize - 1]);
            if list.is_empty() {
                continue;
            }
            let term = number(term as u32) as usize;
            list_of.resize(term + 1, 0);
            lists.push(list);
            list_of[term] = lists.len() as u32;
        }
        (self.lists, self.list_of) = (lists, list_of);
    }

    /// Sets when a document leaves by itself. Returns when it would have left before.
    pub(crate) fn renew(&mut self, id: DocumentId, expires: Option<Lifetime>) -> Option<Lifetime> {
        let place = self.place(id).unwrap_or_else(|| panic!("document {id} is to stay and does not stand"));
        let document = self.all[place as usize].as_mut().expect("a document stands at its place");
        std::mem::replace(&mut document.body.expires, expires)
    }

    /// Records that a tick digested a document.
    pub(crate) fn digest(&mut self, place: u32, tick: u32, concepts: Box<[u32]>) {
        let document = self.all[place as usize].as_mut().expect("a document stands at its place");
        document.digested = Some(tick);
        document.concepts = concepts;
    }
}

fn kept<T: Copy>(all: &[T], stays: impl Fn(usize) -> bool) -> Vec<T> {
    all.iter().enumerate().filter(|(place, _)| stays(*place)).map(|(_, value)| *value).collect()
}
