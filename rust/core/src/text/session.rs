//! A session analyses texts for one thread.

use super::announced::Adopted;
use super::counter::Counter;
use super::fold::Role;
use super::lexicon::Lexicon;
use super::outline::{Outline, passages_of};
use super::sequence::{Passage, Sequence};
use std::fmt;
use std::sync::{Arc, LazyLock};

/// A text as indices of its [`Lexicon`], each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Analysis {
    // Terms and then forms, in one piece of memory: many come and go.
    words: Box<[(u32, u32)]>,
    // How many terms these are.
    term_count: usize,
    /// Number of words with a position, without function words: the length of the sequence.
    pub length: u32,
    /// How many different words have a position, without function words.
    pub different: u32,
    /// The square root of the sum of (1 + ln tf)^2 over the terms with a position: its length as a vector. It uses no
    /// statistic of the corpus, so it stays right when documents are added or deleted.
    pub norm: f64,
    /// The first [`TITLE_TERMS_MAX`] terms of the title in their order, without what is in brackets, and without
    /// function words unless it has no others.
    pub title: Box<[u32]>,
    /// The words with a position, in order.
    pub sequence: Sequence,
    /// The number of words that are not indexed because they are longer than [`super::WORD_BYTES_MAX`].
    pub too_long: u32,
    /// The greatest index of its forms, by which is known whether any of them can have moved.
    pub(crate) newest: u32,
}

impl Analysis {
    /// Returns what is known of a text that is stored: its terms, sorted by index, and no forms.
    pub(crate) fn stored(terms: Box<[(u32, u32)]>, norm: f64, title: Box<[u32]>, sequence: Sequence) -> Analysis {
        let length = u32::try_from(sequence.len()).unwrap_or(u32::MAX);
        Analysis { term_count: terms.len(), words: terms, length, norm, title, sequence, ..Analysis::default() }
    }

    /// Returns the terms, sorted by index, and how often each occurs.
    pub fn terms(&self) -> &[(u32, u32)] {
        &self.words[..self.term_count]
    }

    /// Returns the word forms, in an order without meaning, and how often each occurs.
    pub fn forms(&self) -> &[(u32, u32)] {
        &self.words[self.term_count..]
    }

    /// Keeps the word forms only.
    pub fn into_forms(self) -> Box<[(u32, u32)]> {
        self.forms().into()
    }

    /// Returns terms and forms, one behind the other.
    pub(crate) fn words(&self) -> &[(u32, u32)] {
        &self.words
    }

    /// Takes over the new indices of words.
    ///
    /// # Panics
    /// If a word of the text is gone.
    pub(crate) fn renumber(&mut self, adopted: &Adopted) {
        if adopted.leaves_up_to(self.newest) {
            return;
        }
        let term = |before: u32| adopted.term(before).expect("a word of a text that is taken is announced");
        let form = |before: u32| adopted.form(before).expect("a word of a text that is taken is announced");
        self.title.iter_mut().for_each(|title| *title = term(*title));
        let (terms, forms) = self.words.split_at_mut(self.term_count);
        forms.iter_mut().for_each(|(known, _)| *known = form(*known));
        self.newest = newest(forms);
        terms.iter_mut().for_each(|(known, _)| *known = term(*known));
        if !terms.is_sorted() {
            let mut order: Vec<u32> = (0..terms.len() as u32).collect();
            order.sort_unstable_by_key(|place| terms[*place as usize]);
            let mut place_of = vec![0; order.len()];
            (0..).zip(&order).for_each(|(now, before)| place_of[*before as usize] = now);
            terms.sort_unstable();
            self.sequence.reorder(&place_of);
        }
    }
}

fn newest(forms: &[(u32, u32)]) -> u32 {
    forms.iter().map(|form| form.0).max().unwrap_or(0)
}

/// Returns the square root of the sum of (1 + ln tf)^2 over counts.
pub fn norm(counts: impl Iterator<Item = u32>) -> f64 {
    // Summed by ascending tf, as the order of terms differs from run to run.
    let mut few = [0u32; FEW];
    let mut many: Vec<u32> = Vec::new();
    for tf in counts {
        match few.get_mut(tf as usize) {
            Some(count) => *count += 1,
            None => many.push(tf),
        }
    }
    many.sort_unstable();
    let few = few.iter().zip(&*SQUARES).flat_map(|(&count, square)| std::iter::repeat_n(*square, count as usize));
    libm::sqrt(few.chain(many.into_iter().map(square)).fold(0.0, |sum, square| sum + square))
}

// Counts below this are met often.
const FEW: usize = 32;

static SQUARES: LazyLock<[f64; FEW]> = LazyLock::new(|| std::array::from_fn(|tf| square(tf as u32)));

// Returns (1 + ln tf)^2; 1 of what does not occur, as it is nowhere counted as such.
fn square(tf: u32) -> f64 {
    let weight = 1.0 + libm::log(f64::from(tf.max(1)));
    weight * weight
}

/// The most terms of a title that are kept in order; longer titles are no names.
pub const TITLE_TERMS_MAX: usize = 32;

// In one pass over bytes where that is enough: every document has a title.
fn has_bracket(title: &str) -> bool {
    match title.is_ascii() {
        true => title.bytes().any(|byte| matches!(byte, b'(' | b')' | b'[' | b']' | b'{' | b'}')),
        false => title.contains(is_bracket),
    }
}

fn is_bracket(c: char) -> bool {
    OPENING.contains(&c) || CLOSING.contains(&c)
}

// Also as wide as the signs of Chinese and Japanese.
const OPENING: [char; 6] = ['(', '[', '{', '（', '［', '｛'];
const CLOSING: [char; 6] = [')', ']', '}', '）', '］', '｝'];

/// Analyses texts for one thread and remembers the words it has seen.
pub struct Session {
    pub(super) counter: Counter,
    // As many changes of the lexicon as it knows of.
    changes: u64,
    packed: Vec<u64>,
    terms: Vec<(u32, u32)>,
    forms: Vec<(u32, u32)>,
    // For each of these terms, whether it has a position.
    standing: Vec<bool>,
}

impl Session {
    /// Returns a session that has seen no word.
    pub fn new(lexicon: Arc<Lexicon>) -> Self {
        Session {
            changes: lexicon.changes(),
            counter: Counter::new(lexicon),
            packed: Vec::new(),
            terms: Vec::new(),
            forms: Vec::new(),
            standing: Vec::new(),
        }
    }

    /// Takes over the new indices of words of its lexicon.
    pub(crate) fn renumber(&mut self, adopted: &Adopted) {
        self.counter.renumber(adopted);
        self.changes = self.lexicon().changes();
    }

    /// Returns whether the words that it has seen have the indices that the lexicon has for them.
    pub fn is_current(&self) -> bool {
        self.changes == self.lexicon().changes()
    }

    /// Returns its lexicon.
    pub fn lexicon(&self) -> &Arc<Lexicon> {
        &self.counter.lexicon
    }

    /// Analyses a document: its title and text are one stream of words. New words enter the lexicon.
    pub fn analyse(&mut self, title: &str, text: &str) -> Analysis {
        self.analyse_outlined(title, text, None)
    }

    /// Does what [`Session::analyse`] does, with the document's outline if it was made.
    pub fn analyse_outlined(&mut self, title: &str, text: &str, mut outline: Option<Outline>) -> Analysis {
        match &outline {
            Some(outline) => self.counter.count_runs(title, outline.title()),
            None => self.counter.count(title),
        }
        let title_words = self.counter.order.len();
        self.counter.bounds =
            outline.as_mut().map_or_else(|| passages_of(text), |outline| std::mem::take(&mut outline.passages));
        if self.counter.bounds.len() > 1 {
            self.counter.passage_end = self.counter.bounds[0].1;
        }
        match &outline {
            Some(outline) => self.counter.count_runs(text, outline.text()),
            None => self.counter.count(text),
        }
        let title = self.title(title, title_words);
        let mut analysis = self.collect();
        analysis.sequence = self.sequence(title_words, analysis.term_count);
        analysis.title = title;
        self.counter.full = false;
        self.counter.forget();
        analysis
    }

    // Returns the terms of a title, whose words in order are the first `words` of the current text.
    fn title(&mut self, title: &str, words: usize) -> Box<[u32]> {
        let whole = &self.counter.order[..words.min(TITLE_TERMS_MAX)];
        let whole: Box<[u32]> = whole.iter().map(|&place| self.counter.seen[place].term).collect();
        if words > 0 && !has_bracket(title) {
            return whole;
        }
        let (mut terms, mut functions) = (Vec::new(), Vec::new());
        let mut depth = 0u32;
        for piece in title.split_inclusive(is_bracket) {
            if depth == 0 {
                self.visit(piece, |word| match word.role {
                    Role::Function => functions.extend(word.term),
                    _ => terms.extend(word.term),
                });
            }
            if piece.ends_with(OPENING) {
                depth += 1;
            } else if piece.ends_with(CLOSING) {
                depth = depth.saturating_sub(1);
            }
        }
        let mut terms = if terms.is_empty() { functions } else { terms };
        if terms.is_empty() {
            // All of it is in brackets.
            return whole;
        }
        terms.truncate(TITLE_TERMS_MAX);
        terms.into()
    }

    // Returns the sequence of the current text, after its words were collected into `terms` terms, and clears it.
    fn sequence(&mut self, title_words: usize, terms: usize) -> Sequence {
        let bounds = std::mem::take(&mut self.counter.bounds);
        self.counter.passage_end = usize::MAX;
        let (mut passages, mut placeless) = (Box::default(), Box::default());
        if bounds.len() > 1 {
            let all = self.counter.order.len() as u32;
            self.counter.ends.resize(bounds.len(), all);
            let passage = |(&(start, end), &last): (&(usize, usize), &u32)| Passage {
                bytes: (start as u32, end as u32),
                end: last,
            };
            passages = bounds.iter().zip(&self.counter.ends).map(passage).collect();
            let mut bits = vec![0u64; terms.div_ceil(64)];
            for &place in &self.counter.touched {
                let seen = &self.counter.seen[place];
                bits[seen.count as usize / 64] |= u64::from(seen.placeless) << (seen.count % 64);
            }
            placeless = bits.into();
        }
        self.counter.ends.clear();
        let places = self.counter.order.iter().map(|&place| self.counter.seen[place].count);
        let sequence = Sequence::new(places, terms, title_words as u32, passages, placeless);
        self.counter.order.clear();
        for place in self.counter.touched.drain(..) {
            let seen = &mut self.counter.seen[place];
            (seen.placeless, seen.count) = (false, 0);
        }
        sequence
    }

    // Turns the counts into lists, and leaves the index of a word's term in the place of its count.
    fn collect(&mut self) -> Analysis {
        // One integer sorts faster than a pair. Forms of one term are neighbours then.
        self.packed.clear();
        self.packed.extend(self.counter.touched.iter().map(|&place| {
            let seen = &self.counter.seen[place];
            u64::from(seen.term) << 32 | u64::from(place)
        }));
        self.forms.clear();
        self.forms.extend(self.counter.touched.iter().map(|&place| {
            let seen = &self.counter.seen[place];
            (seen.form, seen.count)
        }));
        self.packed.sort_unstable();
        self.terms.clear();
        self.standing.clear();
        for &pair in &self.packed {
            let (term, place) = unpack(pair);
            let seen = &mut self.counter.seen[place];
            match self.terms.last_mut() {
                Some(last) if last.0 == term => last.1 = last.1.saturating_add(seen.count),
                _ => {
                    self.terms.push((term, seen.count));
                    self.standing.push(false);
                }
            }
            seen.count = self.terms.len() as u32 - 1;
            self.standing[seen.count as usize] |= std::mem::take(&mut seen.stands);
        }
        let standing = self.terms.iter().zip(&self.standing).filter(|(_, stands)| **stands);
        Analysis {
            words: [&self.terms[..], &self.forms].concat().into(),
            term_count: self.terms.len(),
            newest: newest(&self.forms),
            length: u32::try_from(self.counter.order.len()).unwrap_or(u32::MAX),
            different: std::mem::take(&mut self.counter.different),
            norm: norm(standing.map(|(term, _)| term.1)),
            title: Box::default(),
            sequence: Sequence::default(),
            too_long: std::mem::take(&mut self.counter.too_long),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("lexicon", self.lexicon())
            .field("seen", &self.counter.seen.records.len())
            .finish_non_exhaustive()
    }
}

fn unpack(pair: u64) -> (u32, u32) {
    ((pair >> 32) as u32, pair as u32)
}
