//! The concepts in a tick's lists, in numbers of the tick's own.

use crate::maps::Map;

/// The concepts in a tick's lists, numbered from 1 in the order in which they come. These are few and dense, and what
/// is in many documents has a small one: what is counted by them stays near the processor.
#[derive(Debug, Default)]
pub struct Numbering {
    of: Of,
    // By number, nobody's included.
    terms: Vec<u32>,
    tallies: Vec<Tally>,
}

/// Numbers, and what is known of all terms by index: their df at the tick's cut, and their ids.
#[derive(Copy, Clone, Debug)]
pub struct Numbers<'a> {
    numbering: &'a Numbering,
    df: &'a [u32],
    ids: &'a [u128],
}

// The number of each term in some list, by term: an array that has 0 for all others; or, if so few have one that filling
// it would take longer than all the rest, a table.
#[derive(Debug)]
enum Of {
    Dense(Vec<u32>),
    Sparse(Map<u32, u32>),
}

impl Default for Of {
    fn default() -> Self {
        Of::Sparse(Map::default())
    }
}

// An array may have so many terms for each entry of a list.
const TERMS_FOR_EACH: usize = 16;

/// The number of a term, 0 if it is in no list, and in how many documents it is at the tick's cut.
#[derive(Copy, Clone, Debug)]
pub struct Number {
    /// The number.
    pub number: u32,
    /// The document frequency.
    pub df: u32,
}

/// How many documents a source and a target have in common in a tick, and behind that what of the target orders
/// synapses of equally many: a smaller one is of more documents, then of a smaller df, then of a smaller id. What fits
/// of each: of two that are the same otherwise, df and id have to be looked up.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub(super) struct Tally(u64);

// A tick has at most 2^24 documents.
const DOCUMENTS_BITS: u32 = 25;
const DF_BITS: u32 = 20;
const ID_BITS: u32 = 64 - DOCUMENTS_BITS - DF_BITS;
pub(super) const DF_MAX: u32 = (1 << DF_BITS) - 1;

impl Tally {
    /// The smallest of no document; those of any are smaller.
    const LEAST: Tally = Tally::of_none(0, 0);

    const fn of_none(df: u32, id: u64) -> Tally {
        Tally((Tally::DOCUMENT * ((1 << DOCUMENTS_BITS) - 1)) | ((df as u64) << ID_BITS) | id)
    }

    const DOCUMENT: u64 = 1 << (DF_BITS + ID_BITS);

    /// Returns the largest key of a tally of this many documents or more.
    pub(super) fn bound(documents: u32) -> u64 {
        Tally::LEAST.0 - u64::from(documents - 1) * Tally::DOCUMENT - 1
    }

    /// Returns the number of documents.
    #[inline]
    pub(super) fn documents(self) -> u32 {
        (!self.0 >> (DF_BITS + ID_BITS)) as u32
    }

    /// Returns the df of the target, or [`DF_MAX`] if it is not smaller.
    #[inline]
    pub(super) fn df(self) -> u32 {
        (self.0 >> ID_BITS) as u32 & DF_MAX
    }

    /// Returns the tally of a key.
    #[inline]
    pub(super) fn of(key: u64) -> Tally {
        Tally(key)
    }

    /// Returns what orders it.
    #[inline]
    pub(super) fn key(self) -> u64 {
        self.0
    }

    fn cleared(self) -> Tally {
        Tally(self.0 | Tally::LEAST.0)
    }
}

impl Numbering {
    /// Returns numbers for terms of which there are so many, in lists of this many entries together.
    pub fn new(terms: usize, entries: usize) -> Self {
        let is_dense = terms <= TERMS_FOR_EACH * entries;
        let of = if is_dense { Of::Dense(vec![0; terms]) } else { Of::default() };
        Numbering { of, terms: vec![u32::MAX], tallies: vec![Tally::LEAST] }
    }

    /// Returns the number of a term, which gets the next one if it has none. `df` and `ids` are those of all terms.
    #[inline]
    pub fn give(&mut self, term: u32, df: &[u32], ids: &[u128]) -> u32 {
        let number = self.number(term);
        if number > 0 { number } else { self.give_next(term, df, ids) }
    }

    fn give_next(&mut self, term: u32, df: &[u32], ids: &[u128]) -> u32 {
        let (number, at) = (self.terms.len() as u32, term as usize);
        match &mut self.of {
            Of::Dense(of) => of[at] = number,
            Of::Sparse(of) => _ = of.insert(term, number),
        }
        self.terms.push(term);
        let df = df[at].min(DF_MAX);
        // A df that does not fit has to be looked up before ids are compared.
        let id = if df < DF_MAX { (ids[at] >> (128 - ID_BITS)) as u64 } else { 0 };
        self.tallies.push(Tally::of_none(df, id));
        number
    }

    /// Returns the number of a term, 0 if it has none.
    #[inline]
    pub fn number(&self, term: u32) -> u32 {
        match &self.of {
            Of::Dense(of) => of[term as usize],
            Of::Sparse(of) => of.get(&term).copied().unwrap_or(0),
        }
    }

    /// Returns the term of a number.
    pub fn term(&self, number: u32) -> u32 {
        self.terms[number as usize]
    }

    /// Returns how many numbers there are, that of nobody included.
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Returns whether no term has a number.
    pub fn is_empty(&self) -> bool {
        self.len() == 1
    }
}

impl<'a> Numbers<'a> {
    /// Returns these numbers with the df and the ids of all terms.
    pub fn new(numbering: &'a Numbering, df: &'a [u32], ids: &'a [u128]) -> Self {
        Numbers { numbering, df, ids }
    }

    /// Returns the number of a term and its df.
    #[inline]
    pub fn of(&self, term: u32) -> Number {
        Number { number: self.numbering.number(term), df: self.df(term) }
    }

    /// Returns the term of a number.
    pub fn term(&self, number: u32) -> u32 {
        self.numbering.term(number)
    }

    pub(super) fn df(&self, term: u32) -> u32 {
        self.df[term as usize]
    }

    pub(super) fn id(&self, term: u32) -> u128 {
        self.ids[term as usize]
    }
}

/// How often each target was activated for one source in this tick: counters by number, and a list of those that
/// are not 0, so that clearing costs only what was used. (A hash table keyed by edge is 2.4 to 8 times slower.)
#[derive(Debug)]
pub struct Activations {
    tallies: Vec<Tally>,
    // The first `used` of them are those that are not 0.
    touched: Vec<u32>,
    used: usize,
}

impl Activations {
    /// Returns counters for these numbers, all zero.
    pub fn new(numbers: &Numbering) -> Self {
        Activations { tallies: numbers.tallies.clone(), touched: vec![0; numbers.len() + 1], used: 0 }
    }

    /// Counts one more document that has both the source and these targets, by number.
    #[inline]
    pub fn add(&mut self, targets: &[u32]) {
        let mut used = self.used;
        for &target in targets {
            let tally = &mut self.tallies[target as usize];
            // Written whether it is new or not: which of both it is cannot be foreseen, and a wrong guess costs more.
            self.touched[used] = target;
            used += usize::from(*tally >= Tally::LEAST);
            tally.0 -= Tally::DOCUMENT;
        }
        self.used = used;
    }

    /// Removes the source itself, which is in each of its own lists.
    pub fn remove(&mut self, source: u32) {
        self.take(source);
    }

    /// Returns the documents of a target, of which it has none from now on. Nobody never has any.
    #[inline]
    pub(super) fn take(&mut self, target: u32) -> u32 {
        let tally = &mut self.tallies[target as usize];
        let documents = tally.documents();
        *tally = tally.cleared();
        documents
    }

    /// Calls `with` with each target that was activated and what it had, and forgets all.
    #[inline]
    pub(super) fn drain(&mut self, mut with: impl FnMut(u32, Tally)) {
        for &target in &self.touched[..std::mem::take(&mut self.used)] {
            let tally = &mut self.tallies[target as usize];
            with(target, *tally);
            *tally = tally.cleared();
        }
    }
}
