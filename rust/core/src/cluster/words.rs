//! One numbering of the words that several nodes met at once.

use super::Layout;
use crate::commons::Tally;
use crate::maps::Set;
use crate::replica::Replica;
use crate::text::Word;
use std::ops::Range;

/// The words that nodes announce of one change, in one order. The driver's lexicon numbers them so at once; they are the
/// colony's with the change, and until then they are there by themselves, as those of texts that a colony of one process
/// has read.
pub(super) struct Words<'a> {
    replica: &'a Replica,
    layout: &'a Layout,
    new: New,
    // By new term: its node.
    nodes: Vec<usize>,
    // How many forms and terms there were before.
    forms: u32,
    terms: u32,
}

/// Words that are new to the colony, in the order in which every node numbers them.
#[derive(Debug)]
pub(super) struct New {
    pub(super) words: Vec<Word>,
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

impl Words<'_> {
    /// Returns none. Those of a change that was not applied are gone.
    pub(super) fn new<'a>(replica: &'a Replica, layout: &'a Layout) -> Words<'a> {
        let commons = replica.commons();
        let (forms, terms) = commons.words();
        if commons.lexicon().form_count() > forms {
            commons.lexicon().forget_from((forms, terms));
        }
        let new = New { words: Vec::new(), nodes: Vec::new(), blocks: vec![0..0; layout.nodes()] };
        Words { replica, layout, new, nodes: Vec::new(), forms, terms }
    }

    /// Adds the words that are new on one node, in the order in which it met them: a lexicon numbers forms in that
    /// order, and a term with its first form. Returns `None` if the colony has one of them.
    pub(super) fn announce(&mut self, node: usize, new: Vec<Word>) -> Option<Numbers> {
        let begun = self.new.words.len();
        let commons = self.replica.commons();
        let entered = commons.lexicon().enter(&new);
        let lexicon = commons.lexicon().reading();
        let mut numbers =
            Numbers { forms: (self.forms, Vec::with_capacity(new.len())), terms: (self.terms, Vec::new()) };
        let mut met: Set<u32> = Set::default();
        for (word, (form, term)) in new.into_iter().zip(entered) {
            let at = form.checked_sub(self.forms)? as usize;
            let new_term = term.checked_sub(self.terms).map(|at| at as usize);
            if new_term == Some(self.nodes.len()) {
                let shard = commons.ring().shard_of(lexicon.node(term).0);
                self.nodes.push(self.layout.node_of(commons.seat(shard)));
            }
            if at == self.new.words.len() {
                self.new.nodes.push(match new_term {
                    Some(at) => self.nodes[at],
                    None => self.layout.node_of(commons.seat(commons.home(term).shard)),
                });
                self.new.words.push(word);
            }
            numbers.forms.1.push(form);
            if new_term.is_some() && met.insert(term) {
                numbers.terms.1.push(term);
            }
        }
        self.new.blocks[node] = begun..self.new.words.len();
        Some(numbers)
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
