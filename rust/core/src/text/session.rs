//! A session analyses texts for one thread.

mod count;

use self::count::{Asked, Chunks, Found, Part};
use super::fold::{Role, role_of, stem_of};
use super::lexicon::{Adopted, Lexicon};
use super::passages::{PASSAGE_CHARS_MAX, passages};
use super::sequence::{Passage, Sequence};
use crate::maps::Map;
use std::fmt;
use std::sync::{Arc, LazyLock};

/// How many distinct word forms a session remembers. If there are more, it drops all after the current document; within
/// one document, the document's size is the bound. This costs time, and never changes a result.
pub const SESSION_FORMS_MAX: usize = 1 << 20;

/// How many different words a document may have, without function words. A text with more is a list of keys. Its
/// analysis stops soon after this number, to limit its cost, and the count shows that there are more.
pub const DOCUMENT_WORDS_MAX: usize = 1_000_000;

/// A text as indices of its [`Lexicon`], each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Analysis {
    /// Terms, sorted by index, and how often each occurs.
    pub terms: Box<[(u32, u32)]>,
    /// Word forms, in an order without meaning, and how often each occurs.
    pub forms: Box<[(u32, u32)]>,
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
    /// The number of words that are not indexed because they are longer than [`WORD_BYTES_MAX`].
    pub too_long: u32,
}

impl Analysis {
    /// Takes over the new indices of words.
    ///
    /// # Panics
    /// If a word of the text is gone.
    pub(crate) fn renumber(&mut self, adopted: &Adopted) {
        if adopted.leaves(&self.forms) || adopted.is_identity() {
            return;
        }
        let term = |before: u32| adopted.term(before).expect("a word of a text that is taken is announced");
        let form = |before: u32| adopted.form(before).expect("a word of a text that is taken is announced");
        self.title.iter_mut().for_each(|title| *title = term(*title));
        self.forms.iter_mut().for_each(|(known, _)| *known = form(*known));
        self.terms.iter_mut().for_each(|(known, _)| *known = term(*known));
        if !self.terms.is_sorted() {
            let mut order: Vec<u32> = (0..self.terms.len() as u32).collect();
            order.sort_unstable_by_key(|place| self.terms[*place as usize]);
            let mut place_of = vec![0; order.len()];
            (0..).zip(&order).for_each(|(now, before)| place_of[*before as usize] = now);
            self.terms.sort_unstable();
            self.sequence.reorder(&place_of);
        }
    }
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

/// Analyses texts for one thread and remembers the words it has seen.
pub struct Session {
    lexicon: Arc<Lexicon>,
    seen: Vec<Seen>,
    // How many of them have indices that no longer change.
    settled: usize,
    // Words of up to 16 bytes are their own key: for nine of ten words no pointer is followed.
    short: Map<[u64; 2], u32>,
    long: Map<Box<str>, u32>,
    // Chunks as a text has them, so that each is analysed once, and the range of their words in `parts`. Kept apart
    // from the words: a chunk and a word that look alike need not be the same.
    chunks: Chunks,
    parts: Vec<Part>,
    // The words of the current text whose index is looked for, and those that are found and not counted yet.
    asked: Vec<Asked>,
    found: Vec<Found>,
    // The words of the current text, as indices into `seen`: each word once, and every word with a position in order.
    touched: Vec<u32>,
    order: Vec<u32>,
    // The passages of the current text, if it has several, and for each finished one the index in `order` behind it.
    bounds: Vec<(usize, usize)>,
    ends: Vec<u32>,
    // The offset at which the current passage ends, in bytes.
    passage_end: usize,
    packed: Vec<u64>,
    terms: Vec<(u32, u32)>,
    // For each of these terms, whether it has a position.
    standing: Vec<bool>,
    too_long: u32,
    // The number of different words with a position.
    different: u32,
    // The current text has too many words; no more are added.
    full: bool,
}

struct Seen {
    form: u32,
    term: u32,
    count: u32,
    // The index of the term among those of the current text.
    place: u32,
    role: Role,
    // Whether it has a position in the current text, and whether it counts there somewhere without one.
    stands: bool,
    placeless: bool,
}

const NONE: u32 = u32::MAX;

// The index in `seen` of what is not counted.
const NOWHERE: u32 = 0;

impl Seen {
    const NONE: Seen =
        Seen { form: NONE, term: NONE, count: 0, place: 0, role: Role::Word, stands: false, placeless: false };
}

impl Session {
    /// Returns a session that has seen no word.
    pub fn new(lexicon: Arc<Lexicon>) -> Self {
        Session {
            lexicon,
            seen: vec![Seen::NONE],
            settled: 1,
            short: Map::default(),
            long: Map::default(),
            chunks: Chunks::default(),
            parts: Vec::new(),
            asked: Vec::new(),
            found: Vec::new(),
            touched: Vec::new(),
            order: Vec::new(),
            bounds: Vec::new(),
            ends: Vec::new(),
            passage_end: usize::MAX,
            packed: Vec::new(),
            terms: Vec::new(),
            standing: Vec::new(),
            too_long: 0,
            different: 0,
            full: false,
        }
    }

    /// Takes over the new indices of words of its lexicon.
    pub(crate) fn renumber(&mut self, adopted: &Adopted) {
        if !adopted.is_identity() {
            for seen in self.seen.iter_mut().skip(self.settled) {
                match (adopted.form(seen.form), adopted.term(seen.term)) {
                    (Some(form), Some(term)) => (seen.form, seen.term) = (form, term),
                    // Something that it remembers is gone.
                    _ => return *self = Session::new(self.lexicon.clone()),
                }
            }
        }
        let (known, _) = adopted.known();
        let others = self.seen.iter().skip(self.settled).take_while(|seen| seen.form < known);
        self.settled += others.count();
    }

    /// Returns its lexicon.
    pub fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }

    /// Analyses a document: its title and text are one stream of words. New words enter the lexicon.
    pub fn analyse(&mut self, title: &str, text: &str) -> Analysis {
        self.count(title);
        let title_words = self.order.len();
        // A text of few bytes has few characters.
        if text.len() > PASSAGE_CHARS_MAX {
            self.bounds = passages(text);
            if self.bounds.len() > 1 {
                self.passage_end = self.bounds[0].1;
            }
        }
        self.count(text);
        let mut analysis = self.collect();
        analysis.sequence = self.sequence(title_words, analysis.terms.len());
        if !title.is_empty() {
            analysis.title = self.title(title);
        }
        self.full = false;
        self.forget();
        analysis
    }

    // Between texts, drops what is remembered if it exceeds its bound.
    pub(super) fn forget(&mut self) {
        if self.seen.len() + self.chunks.len() + self.parts.len() > SESSION_FORMS_MAX {
            self.seen.truncate(1);
            self.settled = 1;
            self.short.clear();
            self.long.clear();
            self.chunks.clear();
            self.parts.clear();
        }
        // A long text leaves no more memory in use than many short ones.
        self.order.shrink_to(SESSION_FORMS_MAX);
    }

    fn title(&mut self, title: &str) -> Box<[u32]> {
        let (mut terms, mut functions) = (Vec::new(), Vec::new());
        let mut depth = 0u32;
        for piece in title.split_inclusive(['(', ')', '[', ']', '{', '}']) {
            if depth == 0 {
                self.visit(piece, |word| match word.role {
                    Role::Function => functions.extend(word.term),
                    _ => terms.extend(word.term),
                });
            }
            match piece.bytes().last() {
                Some(b'(' | b'[' | b'{') => depth += 1,
                Some(b')' | b']' | b'}') => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        let mut terms = if terms.is_empty() { functions } else { terms };
        terms.truncate(TITLE_TERMS_MAX);
        terms.into()
    }

    /// Returns the term of a short word by its key, and its role, if it is remembered.
    pub(super) fn met(&self, key: &[u64; 2]) -> Option<(Option<u32>, Role)> {
        self.short.get(key).map(|&place| self.what(place))
    }

    fn what(&self, place: u32) -> (Option<u32>, Role) {
        let seen = &self.seen[place as usize];
        (Some(seen.term), seen.role)
    }

    /// Returns the term of a word in its final form, and its role. They are remembered if the lexicon has the word.
    pub(super) fn known(&mut self, word: &str) -> (Option<u32>, Role) {
        if let Some(place) = self.remembered(word) {
            return self.what(place);
        }
        match self.lexicon.find(word) {
            Some((form, term)) => {
                let place = self.remember(word, form, term);
                self.what(place)
            }
            None => {
                let stem = stem_of(word);
                (self.lexicon.term(&stem), role_of(&stem))
            }
        }
    }

    fn remembered(&self, word: &str) -> Option<u32> {
        let place = if word.len() <= 16 {
            self.short.get(&key_at(word.as_bytes(), 0, word.len()))
        } else {
            self.long.get(word)
        };
        place.copied()
    }

    // Returns the index in `seen` of a word in its final form.
    fn place(&mut self, word: &str) -> u32 {
        match self.remembered(word) {
            Some(place) => place,
            None => self.meet(word),
        }
    }

    #[cold]
    fn meet(&mut self, word: &str) -> u32 {
        if self.different as usize > DOCUMENT_WORDS_MAX {
            self.full = true;
            return NOWHERE;
        }
        let (form, term) = self.lexicon.intern(word);
        self.remember(word, form, term)
    }

    fn remember(&mut self, word: &str, form: u32, term: u32) -> u32 {
        // There are no more words than bytes of text since the last clearing.
        let place = u32::try_from(self.seen.len()).unwrap_or(u32::MAX);
        let role = self.lexicon.role(term);
        self.seen.push(Seen { form, term, role, ..Seen::NONE });
        if word.len() <= 16 {
            self.short.insert(key_at(word.as_bytes(), 0, word.len()), place);
        } else {
            self.long.insert(word.into(), place);
        }
        place
    }

    // Returns the sequence of the current text, after its words were collected into `terms` terms, and clears it.
    fn sequence(&mut self, title_words: usize, terms: usize) -> Sequence {
        let bounds = std::mem::take(&mut self.bounds);
        self.passage_end = usize::MAX;
        let (mut passages, mut placeless) = (Box::default(), Box::default());
        if bounds.len() > 1 {
            let all = self.order.len() as u32;
            self.ends.resize(bounds.len(), all);
            let passage = |(&(start, end), &last): (&(usize, usize), &u32)| Passage {
                bytes: (start as u32, end as u32),
                end: last,
            };
            passages = bounds.iter().zip(&self.ends).map(passage).collect();
            let mut bits = vec![0u64; terms.div_ceil(64)];
            for &place in &self.touched {
                let seen = &self.seen[place as usize];
                bits[seen.place as usize / 64] |= u64::from(seen.placeless) << (seen.place % 64);
            }
            placeless = bits.into();
        }
        self.ends.clear();
        for place in self.touched.drain(..) {
            self.seen[place as usize].placeless = false;
        }
        let places = self.order.iter().map(|&place| self.seen[place as usize].place);
        let sequence = Sequence::new(places, terms, title_words as u32, passages, placeless);
        self.order.clear();
        sequence
    }

    // Turns the counts into lists and resets them to 0.
    fn collect(&mut self) -> Analysis {
        let form = |place: &u32| {
            let seen = &self.seen[*place as usize];
            (seen.form, seen.count)
        };
        let forms = self.touched.iter().map(form).collect();

        // One integer sorts faster than a pair. Forms of one term are neighbours then.
        self.packed.clear();
        self.packed.extend(self.touched.iter().map(|&place| {
            let seen = &self.seen[place as usize];
            u64::from(seen.term) << 32 | u64::from(place)
        }));
        self.packed.sort_unstable();
        self.terms.clear();
        self.standing.clear();
        for &pair in &self.packed {
            let (term, place) = unpack(pair);
            let seen = &mut self.seen[place as usize];
            let count = std::mem::take(&mut seen.count);
            match self.terms.last_mut() {
                Some(last) if last.0 == term => last.1 = last.1.saturating_add(count),
                _ => {
                    self.terms.push((term, count));
                    self.standing.push(false);
                }
            }
            seen.place = self.terms.len() as u32 - 1;
            self.standing[seen.place as usize] |= std::mem::take(&mut seen.stands);
        }
        let standing = self.terms.iter().zip(&self.standing).filter(|(_, stands)| **stands);
        Analysis {
            terms: self.terms.as_slice().into(),
            forms,
            length: u32::try_from(self.order.len()).unwrap_or(u32::MAX),
            different: std::mem::take(&mut self.different),
            norm: norm(standing.map(|(term, _)| term.1)),
            title: Box::default(),
            sequence: Sequence::default(),
            too_long: std::mem::take(&mut self.too_long),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("lexicon", &self.lexicon)
            .field("seen", &self.seen.len())
            .finish_non_exhaustive()
    }
}

fn unpack(pair: u64) -> (u32, u32) {
    ((pair >> 32) as u32, pair as u32)
}

/// Returns the bytes of a word of up to 16 bytes, padded with zeros, which no word has.
pub(super) fn key_at(bytes: &[u8], start: usize, length: usize) -> [u64; 2] {
    let rest = &bytes[start..];
    if let Some(chunk) = rest.first_chunk::<16>() {
        let all = u128::from_le_bytes(*chunk);
        let kept = if length == 16 { all } else { all & ((1 << (8 * length)) - 1) };
        return [kept as u64, (kept >> 64) as u64];
    }
    let mut padded = [0; 16];
    padded[..length].copy_from_slice(&rest[..length]);
    let all = u128::from_le_bytes(padded);
    [all as u64, (all >> 64) as u64]
}

/// Returns a key of ASCII letters and digits in lower case, eight bytes at once: only letters have the bit 0x40, and
/// lower-case ones have 0x20 already.
pub(super) fn lower(key: [u64; 2]) -> [u64; 2] {
    key.map(|half| half | (half & 0x4040_4040_4040_4040) >> 1)
}
