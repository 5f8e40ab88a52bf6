//! One numbering of the words that several nodes met at once.

use crate::commons::Tally;
use crate::maps::{Map, Set};
use crate::replica::Replica;
use crate::text::stem;
use std::ops::Range;

/// The words that nodes announce of one change, in one order.
pub(super) struct Words {
    announced: Vec<Box<str>>,
    // By node: which of the announced words it announced first.
    blocks: Vec<Range<usize>>,
    // Their indices among the announced words, and those of their stems among the new terms.
    places: Map<Box<str>, (u32, u32)>,
    stems: Map<Box<str>, u32>,
    // How many forms and terms there were before.
    forms: u32,
    terms: u32,
}

/// What one node calls its new words, in the colony's indices.
pub(super) struct Numbers {
    forms: (u32, Vec<u32>),
    terms: (u32, Vec<u32>),
}

impl Words {
    /// Returns none, for a colony with these words.
    pub(super) fn new(replica: &Replica, nodes: usize) -> Words {
        let commons = replica.commons();
        let (forms, terms) = (commons.vocabulary().form_counts().len() as u32, commons.terms() as u32);
        let blocks = vec![0..0; nodes];
        Words { announced: Vec::new(), blocks, places: Map::default(), stems: Map::default(), forms, terms }
    }

    /// Adds the words that are new on one node, in the order in which it met them: a lexicon numbers forms in that
    /// order, and a term with its first form.
    pub(super) fn announce(&mut self, replica: &Replica, node: usize, new: &[Box<str>]) -> Numbers {
        let begun = self.announced.len();
        let lexicon = replica.commons().lexicon();
        let mut numbers =
            Numbers { forms: (self.forms, Vec::with_capacity(new.len())), terms: (self.terms, Vec::new()) };
        let mut met: Set<u32> = Set::default();
        for word in new {
            let (form, term) = match self.places.get(word) {
                Some(&places) => places,
                None => {
                    let stem = stem(word);
                    let next = self.terms + self.stems.len() as u32;
                    let known = || lexicon.term(&stem).filter(|term| *term < self.terms);
                    let term = known().unwrap_or_else(|| *self.stems.entry(stem.clone().into()).or_insert(next));
                    let form = self.forms + self.announced.len() as u32;
                    self.announced.push(word.clone());
                    self.places.insert(word.clone(), (form, term));
                    (form, term)
                }
            };
            numbers.forms.1.push(form);
            if term >= self.terms && met.insert(term) {
                numbers.terms.1.push(term);
            }
        }
        self.blocks[node] = begun..self.announced.len();
        numbers
    }

    /// Returns all words, in the order in which every node numbers them, and which of them each node announced first.
    pub(super) fn finish(self) -> (Vec<Box<str>>, Vec<Range<usize>>) {
        (self.announced, self.blocks)
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
