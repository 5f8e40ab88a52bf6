//! One numbering of the words that several nodes met at once.

use super::Layout;
use crate::commons::Tally;
use crate::ids::NodeId;
use crate::maps::{Map, Set};
use crate::replica::Replica;
use crate::text::stem;
use std::ops::Range;

/// The words that nodes announce of one change, in one order.
pub(super) struct Words {
    new: New,
    // By new term: its node.
    nodes: Vec<usize>,
    // Their indices among the announced words, and those of their stems among the new terms.
    places: Map<Box<str>, (u32, u32)>,
    stems: Map<Box<str>, u32>,
    // How many forms and terms there were before.
    forms: u32,
    terms: u32,
}

/// Words that are new to the colony, in the order in which every node numbers them.
#[derive(Debug)]
pub(super) struct New {
    pub(super) words: Vec<Box<str>>,
    /// The stem of each, if it is another text.
    pub(super) stems: Vec<Option<Box<str>>>,
    /// The node that counts each: the home of its term.
    pub(super) nodes: Vec<usize>,
    /// By node: which of the words it announced first.
    pub(super) blocks: Vec<Range<usize>>,
}

/// What one node calls its new words, in the colony's indices.
pub(super) struct Numbers {
    forms: (u32, Vec<u32>),
    terms: (u32, Vec<u32>),
}

impl Words {
    /// Returns none, for a colony with these words.
    pub(super) fn new(replica: &Replica, layout: &Layout) -> Words {
        let commons = replica.commons();
        let (forms, terms) = (commons.vocabulary().form_counts().len() as u32, commons.terms() as u32);
        let new = New { words: Vec::new(), stems: Vec::new(), nodes: Vec::new(), blocks: vec![0..0; layout.nodes()] };
        Words { new, nodes: Vec::new(), places: Map::default(), stems: Map::default(), forms, terms }
    }

    /// Adds the words that are new on one node, in the order in which it met them: a lexicon numbers forms in that
    /// order, and a term with its first form.
    pub(super) fn announce(&mut self, replica: &Replica, layout: &Layout, node: usize, new: Vec<Box<str>>) -> Numbers {
        let begun = self.new.words.len();
        let commons = replica.commons();
        let mut numbers =
            Numbers { forms: (self.forms, Vec::with_capacity(new.len())), terms: (self.terms, Vec::new()) };
        let mut met: Set<u32> = Set::default();
        for word in new {
            let (form, term) = match self.places.get(&word) {
                Some(&places) => places,
                None => {
                    let stem = stem(&word);
                    let term = match commons.lexicon().term(&stem).filter(|term| *term < self.terms) {
                        Some(term) => term,
                        None => *self.stems.entry((&*stem).into()).or_insert_with(|| {
                            let shard = commons.ring().shard_of(NodeId::concept(&stem).0);
                            self.nodes.push(layout.node_of(commons.seat(shard)));
                            self.terms + self.nodes.len() as u32 - 1
                        }),
                    };
                    let form = self.forms + self.new.words.len() as u32;
                    self.new.nodes.push(match term.checked_sub(self.terms) {
                        Some(at) => self.nodes[at as usize],
                        None => layout.node_of(commons.seat(commons.home(term).shard)),
                    });
                    self.new.stems.push((*stem != *word).then(|| (&*stem).into()));
                    self.new.words.push(word.clone());
                    self.places.insert(word, (form, term));
                    (form, term)
                }
            };
            numbers.forms.1.push(form);
            if term >= self.terms && met.insert(term) {
                numbers.terms.1.push(term);
            }
        }
        self.new.blocks[node] = begun..self.new.words.len();
        numbers
    }

    /// Returns all words.
    pub(super) fn finish(self) -> New {
        self.new
    }
}

impl Numbers {
    /// Returns the colony's index of a term.
    pub(super) fn term(&self, own: u32) -> u32 {
        number(&self.terms, own)
    }

    /// Returns the colony's index of a form.
    pub(super) fn form(&self, own: u32) -> u32 {
        number(&self.forms, own)
    }

    /// Returns whether a tally counts no other words.
    pub(super) fn has_all(&self, tally: &Tally) -> bool {
        let beyond = |(from, new): &(u32, Vec<u32>)| from + new.len() as u32;
        tally.df.iter().all(|entry| entry.0 < beyond(&self.terms))
            && tally.forms.iter().all(|entry| entry.0 < beyond(&self.forms))
    }
}

fn number((from, new): &(u32, Vec<u32>), own: u32) -> u32 {
    own.checked_sub(*from).map_or(own, |at| new[at as usize])
}
