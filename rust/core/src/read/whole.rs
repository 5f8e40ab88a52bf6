//! A whole colony, wherever its shards are.

use crate::Result;
use crate::cancel::Cancel;
use crate::commons::Commons;
use crate::ghost::Ghost;
use crate::graph::Synapse;
use crate::ids::{DocumentId, NodeId};
use crate::metadata::Filter;
use crate::query::{Spot, View};
use crate::read::counts::{Counts, SeatCounts};
use crate::read::documents::StoredDocument;
use crate::read::ghosts::ghost;
use crate::read::graph::{Edges, LocalConcepts, Neighbor, NodeRow, Nodes, neighbors};
use crate::shard::NodeData;
use crate::survey::{Lists, Pairs};
use crate::text::{QueryWord, Session};
use ecow::EcoString;
use std::collections::BTreeMap;

/// What is read of one committed state of a whole colony. Lists of terms, ids and spots are answered in their order;
/// all terms must be known.
///
/// # Errors
/// Of each method: [`crate::Error::Cancelled`] once nobody wants the result any more, and where shards are elsewhere
/// that they do not reply.
pub trait Whole {
    /// Returns what is known without asking.
    fn commons(&self) -> &Commons;

    /// Returns how many documents match.
    fn count(&self, filter: &Filter) -> Result<u64>;

    /// Returns the names of the documents that match, in order, beginning behind `after` if it is given.
    fn names(&self, after: Option<&str>, filter: &Filter) -> Result<Vec<String>>;

    /// Returns where documents are, and whether each has a key; `None` for one that the colony does not have.
    fn spots(&self, ids: &[DocumentId]) -> Result<Vec<Option<(Spot, bool)>>>;

    /// Returns the documents at spots.
    fn stored_at(&self, spots: &[Spot]) -> Result<Vec<StoredDocument>>;

    /// Returns what all shards hold together.
    fn counts(&self) -> Result<Counts>;

    /// Returns what each shard holds, by seat.
    fn shards(&self) -> Result<Vec<SeatCounts>>;

    /// Returns what the home of each term reports of its concept; `None` for a term that is none.
    fn describe(&self, terms: &[u32]) -> Result<Vec<Option<NodeData>>>;

    /// Returns the living synapses of concepts, in the order of their targets' ids.
    fn rows(&self, terms: &[u32]) -> Result<Vec<Vec<Synapse>>>;

    /// Returns the labels of terms.
    fn labels_of(&self, terms: &[u32]) -> Result<Vec<EcoString>>;

    /// Returns the term of the concept with an id, by a scan of its home.
    fn concept_with(&self, id: NodeId) -> Result<Option<u32>>;

    /// Returns in how many of a shard's documents each term is, by term; without those that none has.
    fn terms_in(&self, seat: usize) -> Result<Vec<(u32, u32)>>;

    /// Returns what a shard by itself finds for stems, as [`crate::query::Local::find`].
    fn find_in(&self, seat: usize, stems: &[String], df: &BTreeMap<String, u32>, most: usize) -> Result<LocalConcepts>;

    /// Returns the graph for surveys.
    fn pairs(&self, cancel: &Cancel) -> Result<Pairs>;

    /// Returns the concepts of each document, for surveys of this graph of the same state.
    fn lists(&self, pairs: &Pairs, cancel: &Cancel) -> Result<Lists>;

    /// Returns a snapshot of all nodes.
    fn nodes(&self) -> Result<Nodes>;

    /// Returns a snapshot of all living synapses.
    fn edges(&self) -> Result<Edges>;

    /// Returns the documents of names; `None` for a name that no document has. A document without a key is named by its
    /// id; a key that looks like an id is tried first.
    fn stored(&self, names: &[String]) -> Result<Vec<Option<StoredDocument>>> {
        let keyed: Vec<DocumentId> = names.iter().map(|name| DocumentId::from_key(name)).collect();
        let mut found: Vec<Option<Spot>> =
            self.spots(&keyed)?.into_iter().map(|one| one.map(|(spot, _)| spot)).collect();
        let spelled = |(place, name): (usize, &String)| Some((place, DocumentId::parse(name)?));
        let unnamed: Vec<(usize, DocumentId)> =
            names.iter().enumerate().filter(|(place, _)| found[*place].is_none()).filter_map(spelled).collect();
        let ids: Vec<DocumentId> = unnamed.iter().map(|(_, id)| *id).collect();
        for ((place, _), one) in unnamed.into_iter().zip(self.spots(&ids)?) {
            found[place] = one.filter(|(_, has_key)| !has_key).map(|(spot, _)| spot);
        }
        let spots: Vec<Spot> = found.iter().flatten().copied().collect();
        let mut stored = self.stored_at(&spots)?.into_iter();
        Ok(found.into_iter().map(|spot| spot.and_then(|_| stored.next())).collect())
    }

    /// Returns the words of a question or label as the colony knows them. Adds nothing to the dictionary.
    fn words(&self, text: &str) -> Vec<QueryWord> {
        Session::new(self.commons().lexicon().clone()).query(text)
    }

    /// Returns the term index of the concept of a word or stem, if it is wired; as [`View::concept`].
    fn concept(&self, label: &str) -> Result<Option<u32>> {
        let commons = self.commons();
        let word = Session::new(commons.lexicon().clone()).label(label);
        let terms = [word.and_then(|word| word.term), commons.lexicon().term(label)];
        let terms: Vec<u32> = terms.into_iter().flatten().filter(|term| (*term as usize) < commons.terms()).collect();
        let described = self.describe(&terms)?;
        Ok(terms.into_iter().zip(described).find(|(_, data)| data.is_some()).map(|(term, _)| term))
    }

    /// Returns a concept, if the term is wired.
    fn node(&self, term: u32) -> Result<Option<NodeRow>> {
        let data = self.describe(&[term])?.pop().flatten();
        Ok(data.map(|data| NodeRow::new(self.commons(), term, data)))
    }

    /// Returns the synapses of concepts, of each the heaviest first; equal weights are in the order of the far ends'
    /// ids.
    fn neighbors(&self, terms: &[u32]) -> Result<Vec<Vec<Neighbor>>> {
        let rows = self.rows(terms)?;
        let targets: Vec<u32> = rows.iter().flatten().map(|synapse| synapse.target).collect();
        let mut labels = self.labels_of(&targets)?.into_iter();
        let mut label = |_| labels.next().expect("every far end has a label");
        let decays = self.commons().decays();
        let told = |(row, &term): (Vec<Synapse>, &u32)| neighbors(self.commons(), &decays, term, row, &mut label);
        Ok(rows.into_iter().zip(terms).map(told).collect())
    }

    /// Returns what the shard of a seat holds, and what it is connected to.
    fn shard(&self, seat: usize) -> Result<SeatCounts> {
        Ok(self.shards()?.swap_remove(seat))
    }

    /// Returns the node with an id, if its home is the shard of a seat.
    fn node_in(&self, seat: usize, id: NodeId) -> Result<Option<NodeRow>> {
        if self.commons().seat(self.commons().ring().shard_of(id.0)) != seat {
            return Ok(None);
        }
        match self.concept_with(id)? {
            Some(term) => self.node(term),
            None => Ok(None),
        }
    }

    /// Returns ghosts of terms' nodes with what their home shards report now; an error in place of each that is no
    /// concept.
    fn ghosts(&self, terms: &[u32]) -> Result<Vec<Result<Ghost>>> {
        let described = self.describe(terms)?;
        Ok(terms.iter().zip(described).map(|(&term, data)| ghost(self.commons(), term, data)).collect())
    }
}

// What is here is read where it is.
impl Whole for View<'_> {
    fn commons(&self) -> &Commons {
        self.commons
    }

    fn count(&self, filter: &Filter) -> Result<u64> {
        Ok(View::count(self, filter))
    }

    fn names(&self, after: Option<&str>, filter: &Filter) -> Result<Vec<String>> {
        View::names(self, after, filter)
    }

    fn spots(&self, ids: &[DocumentId]) -> Result<Vec<Option<(Spot, bool)>>> {
        Ok(ids.iter().map(|&id| self.spot_of(id).map(|spot| (spot, self.at(spot).body.key.is_some()))).collect())
    }

    fn stored_at(&self, spots: &[Spot]) -> Result<Vec<StoredDocument>> {
        Ok(spots.iter().map(|&spot| StoredDocument::new(self.local(spot.0).documents(), spot.1)).collect())
    }

    fn counts(&self) -> Result<Counts> {
        View::counts(self)
    }

    fn shards(&self) -> Result<Vec<SeatCounts>> {
        self.locals().map(|local| local.seat_counts()).collect()
    }

    fn describe(&self, terms: &[u32]) -> Result<Vec<Option<NodeData>>> {
        Ok(terms.iter().map(|&term| self.home(term).describe(term, self.commons)).collect())
    }

    fn rows(&self, terms: &[u32]) -> Result<Vec<Vec<Synapse>>> {
        Ok(terms.iter().map(|&term| self.row(term)).collect())
    }

    fn labels_of(&self, terms: &[u32]) -> Result<Vec<EcoString>> {
        Ok(terms.iter().map(|&term| self.commons.label(term)).collect())
    }

    fn concept_with(&self, id: NodeId) -> Result<Option<u32>> {
        let seat = self.commons.seat(self.commons.ring().shard_of(id.0));
        Ok(self.local(seat).concept_of(id))
    }

    fn terms_in(&self, seat: usize) -> Result<Vec<(u32, u32)>> {
        Ok(self.local(seat).terms())
    }

    fn find_in(&self, seat: usize, stems: &[String], df: &BTreeMap<String, u32>, most: usize) -> Result<LocalConcepts> {
        self.local(seat).find(stems.to_vec(), df, most)
    }

    fn shard(&self, seat: usize) -> Result<SeatCounts> {
        self.local(seat).seat_counts()
    }

    fn pairs(&self, cancel: &Cancel) -> Result<Pairs> {
        Pairs::of(*self, cancel)
    }

    fn lists(&self, pairs: &Pairs, cancel: &Cancel) -> Result<Lists> {
        Lists::of(*self, pairs, cancel)
    }

    fn nodes(&self) -> Result<Nodes> {
        View::nodes(self)
    }

    fn edges(&self) -> Result<Edges> {
        View::edges(self)
    }
}
