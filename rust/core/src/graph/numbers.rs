//! The concepts in a tick's lists, in numbers of the tick's own.

/// The concepts in a tick's lists, numbered from 1 in the order in which they come. These are few and dense, and what
/// is in many documents has a small one: what is counted by them stays near the processor.
#[derive(Debug)]
pub struct Numbers<'a> {
    df: &'a [u32],
    ids: &'a [u128],
    // By term: its number; 0 if it is in no list.
    of: Vec<u32>,
    // By number, nobody's included.
    terms: Vec<u32>,
    ranks: Vec<u64>,
}

// A rank has the df above these bits, and of the id what fits into them.
const ID_BITS: u32 = 40;
pub(super) const DF_MAX: u32 = (1 << 20) - 1;

impl<'a> Numbers<'a> {
    /// Returns numbers for terms of which `df` (at the tick's cut) and `ids` are known by index.
    pub fn new(df: &'a [u32], ids: &'a [u128]) -> Self {
        Numbers { df, ids, of: vec![0; df.len()], terms: vec![u32::MAX], ranks: vec![0] }
    }

    /// Returns the number of a term, which gets the next one if it has none.
    #[inline]
    pub fn give(&mut self, term: u32) -> u32 {
        let number = self.of[term as usize];
        if number > 0 { number } else { self.give_next(term) }
    }

    fn give_next(&mut self, term: u32) -> u32 {
        let (number, at) = (self.terms.len() as u32, term as usize);
        self.of[at] = number;
        self.terms.push(term);
        let df = self.df[at].min(DF_MAX);
        // A df that does not fit has to be looked up before ids are compared.
        let id = if df < DF_MAX { (self.ids[at] >> (128 - ID_BITS)) as u64 } else { 0 };
        self.ranks.push(u64::from(df) << ID_BITS | id);
        number
    }

    /// Returns the number of a term, 0 if it has none.
    #[inline]
    pub fn of(&self, term: u32) -> u32 {
        self.of[term as usize]
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

    // Returns, in 60 bits, what orders terms by df and id. If it is the same for two, both have to be looked up.
    #[inline]
    pub(super) fn rank(&self, number: u32) -> u64 {
        self.ranks[number as usize]
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
    counts: Vec<u32>,
    // The first `used` of them are those that are not 0.
    touched: Vec<u32>,
    used: usize,
}

impl Activations {
    /// Returns counters for these numbers, all zero.
    pub fn new(numbers: &Numbers<'_>) -> Self {
        Activations { counts: vec![0; numbers.len()], touched: vec![0; numbers.len() + 1], used: 0 }
    }

    /// Counts one more document that has both the source and these targets, by number.
    #[inline]
    pub fn add(&mut self, targets: &[u32]) {
        let mut used = self.used;
        for &target in targets {
            let count = &mut self.counts[target as usize];
            // Written whether it is new or not: which of both it is cannot be foreseen, and a wrong guess costs more.
            self.touched[used] = target;
            used += usize::from(*count == 0);
            *count += 1;
        }
        self.used = used;
    }

    /// Removes the source itself, which is in each of its own lists.
    pub fn remove(&mut self, source: u32) {
        self.counts[source as usize] = 0;
    }

    /// Returns the count of a target, which is 0 from now on. That of nobody always is.
    #[inline]
    pub(super) fn take(&mut self, target: u32) -> u32 {
        std::mem::take(&mut self.counts[target as usize])
    }

    /// Calls `with` with each target that was activated and its count, and forgets all.
    #[inline]
    pub(super) fn drain(&mut self, mut with: impl FnMut(u32, u32)) {
        for place in 0..std::mem::take(&mut self.used) {
            let target = self.touched[place];
            with(target, self.take(target));
        }
    }
}
