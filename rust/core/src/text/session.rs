//! One thread's way from text to terms.

use super::lexicon::Lexicon;
use super::passages::{PASSAGE_CHARS_MAX, passages};
use super::sequence::{Passage, Sequence};
use super::words::{Run, WORD_BYTES_MAX, runs, wide_words};
use super::{is_stop_word, stem_of};
use crate::maps::Map;
use std::fmt;
use std::sync::Arc;

/// How many distinct word forms a session remembers. Above it, what it remembers is dropped after the
/// document at hand; within one document its size is the bound. Costs time, never a result.
pub const SESSION_FORMS_MAX: usize = 1 << 20;

/// How many different words a document may have, stop words aside. A text with more is a list of keys and no text;
/// its analysis breaks off, so that it costs no more than this many, and has more forms to show it.
pub const DOCUMENT_WORDS_MAX: usize = 1_000_000;

/// A text in numbers of its [`Lexicon`]. Both lists are sorted by number, each number once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Analysis {
    /// Terms, and how often each occurs.
    pub terms: Box<[(u32, u32)]>,
    /// Word forms, and how often each occurs.
    pub forms: Box<[(u32, u32)]>,
    /// Number of indexed word occurrences: the sum of either list.
    pub length: u32,
    /// The terms of the title in their order, what stands in brackets left out: the first
    /// [`TITLE_TERMS_MAX`].
    pub title: Box<[u32]>,
    /// All words in their order.
    pub sequence: Sequence,
}

impl Analysis {
    /// The square root of the sum of (1 + ln tf)^2 over the terms: how long a text is as a vector. No statistic of
    /// the corpus is in it, so it stays true whatever comes or goes.
    pub fn norm(&self) -> f64 {
        norm(&self.terms)
    }
}

/// The square root of the sum of (1 + ln tf)^2 over terms with their counts.
pub fn norm(terms: &[(u32, u32)]) -> f64 {
    // Summed by rising tf, as the order of terms differs from run to run.
    let mut repeated: Vec<u32> = terms.iter().map(|term| term.1).filter(|&tf| tf > 1).collect();
    repeated.sort_unstable();
    let once = (terms.len() - repeated.len()) as f64;
    let square = |tf: u32| {
        let weight = 1.0 + libm::log(f64::from(tf));
        weight * weight
    };
    libm::sqrt(repeated.into_iter().fold(once, |sum, tf| sum + square(tf)))
}

/// The most terms of a title that are kept in their order; longer titles name nothing anyway.
pub const TITLE_TERMS_MAX: usize = 32;

/// One term of a question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QueryWord {
    /// The word as it was first typed, in lower case.
    pub form: String,
    /// Its stem.
    pub stem: String,
    /// The number of the term, if any document has or had it.
    pub term: Option<u32>,
    /// How often the question has it, in whatever form.
    pub count: u32,
}

/// A word of a text that is no stop word.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Placed {
    /// Its term, if any document has or had it.
    pub term: Option<u32>,
    /// Where the run of letters it comes from starts, in bytes.
    pub start: usize,
    /// Where that run ends, in bytes.
    pub end: usize,
}

/// Analyses texts for one thread and remembers the words it met.
pub struct Session {
    lexicon: Arc<Lexicon>,
    seen: Vec<Seen>,
    // Words of up to 16 bytes are their own key: no pointer is followed for nine of ten words.
    short: Map<[u64; 2], u32>,
    long: Map<Box<str>, u32>,
    // Runs beyond ASCII as they stand in a text, so that normalising is paid once, and where in `parts` their words
    // are: nearly always one, but a sign may stand for a sentence. Kept apart from the words: a run and a word that
    // look alike need not be the same.
    wide: Map<Box<str>, (u32, u32)>,
    parts: Vec<u32>,
    // What the text at hand touched, by place in `seen`: each word once, and every occurrence in order.
    touched: Vec<u32>,
    order: Vec<u32>,
    // Where the runs of those occurrences start, in bytes; kept for a text of several passages.
    starts: Option<Vec<u32>>,
    packed: Vec<u64>,
    terms: Vec<(u32, u32)>,
    // The text at hand has too many words; no more of them are met.
    full: bool,
}

struct Seen {
    form: u32,
    term: u32,
    count: u32,
    // The place of the term among those of the text at hand.
    place: u32,
}

// The form of a stop word.
const STOP: u32 = u32::MAX;

// Where `seen` keeps what is not to be counted.
const NOWHERE: u32 = 0;

impl Seen {
    const NONE: Seen = Seen { form: STOP, term: STOP, count: 0, place: 0 };
}

impl Session {
    /// A session that has met no word.
    pub fn new(lexicon: Arc<Lexicon>) -> Self {
        Session {
            lexicon,
            seen: vec![Seen::NONE],
            short: Map::default(),
            long: Map::default(),
            wide: Map::default(),
            parts: Vec::new(),
            touched: Vec::new(),
            order: Vec::new(),
            starts: None,
            packed: Vec::new(),
            terms: Vec::new(),
            full: false,
        }
    }

    /// The lexicon it numbers words by.
    pub fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }

    /// Analyse a document: its title and text are one stream of words. New words enter the lexicon.
    pub fn analyse(&mut self, title: &str, text: &str) -> Analysis {
        self.count(title);
        let title_words = self.order.len();
        // A text of few bytes has few characters.
        self.starts = (text.len() > PASSAGE_CHARS_MAX).then(Vec::new);
        self.count(text);
        let mut analysis = self.collect();
        analysis.sequence = self.sequence(title_words, text, analysis.terms.len());
        if !title.is_empty() {
            analysis.title = self.title(title);
        }
        self.full = false;
        self.forget();
        analysis
    }

    // Between texts, drop what is remembered once it is more than its bound.
    fn forget(&mut self) {
        if self.seen.len() + self.wide.len() + self.parts.len() > SESSION_FORMS_MAX {
            self.seen.truncate(1);
            self.short.clear();
            self.long.clear();
            self.wide.clear();
            self.parts.clear();
        }
    }

    /// Analyse a question: its terms in the order of their first words, stop words left out. Nothing enters
    /// the lexicon, whatever is asked.
    pub fn query(&mut self, text: &str) -> Vec<QueryWord> {
        let mut words: Vec<QueryWord> = Vec::new();
        let mut places: Map<String, usize> = Map::default();
        let mut add = |form: &str| {
            if is_stop_word(form) {
                return;
            }
            let known = self.lexicon.find(form).map(|(_, term)| term);
            let stem = match known {
                Some(term) => self.lexicon.stem(term).to_string(),
                None => stem_of(form).into_owned(),
            };
            if let Some(&place) = places.get(&stem) {
                words[place].count = words[place].count.saturating_add(1);
                return;
            }
            let term = known.or_else(|| self.lexicon.term(&stem));
            places.insert(stem.clone(), words.len());
            words.push(QueryWord { form: form.to_owned(), stem, term, count: 1 });
        };
        runs(text, |run| match run {
            Run::Ascii(start, end) if end - start <= WORD_BYTES_MAX => add(&text[start..end].to_ascii_lowercase()),
            Run::Ascii(..) => {}
            Run::Wide(run) => wide_words(run, &mut add),
        });
        words
    }

    /// Visit the words of a text in order, stop words left out. Nothing enters the lexicon.
    pub fn words(&mut self, text: &str, visit: impl FnMut(Placed)) {
        self.forget();
        self.visit(text, visit);
    }

    fn visit(&mut self, text: &str, mut visit: impl FnMut(Placed)) {
        let bytes = text.as_bytes();
        runs(text, |run| {
            let (start, end) = match run {
                Run::Ascii(start, end) => (start, end),
                Run::Wide(run) => {
                    let start = run.as_ptr() as usize - text.as_ptr() as usize;
                    (start, start + run.len())
                }
            };
            let mut add = |term: Option<u32>| {
                if term != Some(STOP) {
                    visit(Placed { term, start, end });
                }
            };
            match run {
                Run::Ascii(..) if end - start <= 16 => {
                    match self.short.get(&lower(key_at(bytes, start, end - start))) {
                        Some(&place) => add(Some(self.seen[place as usize].term)),
                        None => add(self.known(&text[start..end].to_ascii_lowercase())),
                    }
                }
                Run::Ascii(..) if end - start <= WORD_BYTES_MAX => {
                    add(self.known(&text[start..end].to_ascii_lowercase()));
                }
                Run::Ascii(..) => {}
                Run::Wide(run) => match self.wide.get(run).copied() {
                    Some((first, last)) => {
                        let parts = &self.parts[first as usize..last as usize];
                        parts.iter().for_each(|&place| add(Some(self.seen[place as usize].term)));
                    }
                    None => wide_words(run, |word| add(self.known(word))),
                },
            }
        });
    }

    fn title(&mut self, title: &str) -> Box<[u32]> {
        let mut terms = Vec::new();
        let mut depth = 0u32;
        for piece in title.split_inclusive(['(', ')', '[', ']', '{', '}']) {
            if depth == 0 {
                self.visit(piece, |word| terms.extend(word.term));
            }
            match piece.bytes().last() {
                Some(b'(' | b'[' | b'{') => depth += 1,
                Some(b')' | b']' | b'}') => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        terms.truncate(TITLE_TERMS_MAX);
        terms.into()
    }

    // The term of a word in its final form, remembered where the lexicon has it.
    fn known(&mut self, word: &str) -> Option<u32> {
        let place = if word.len() <= 16 {
            self.short.get(&key_at(word.as_bytes(), 0, word.len()))
        } else {
            self.long.get(word)
        };
        if let Some(&place) = place {
            return Some(self.seen[place as usize].term);
        }
        let known = if is_stop_word(word) { Some((STOP, STOP)) } else { self.lexicon.find(word) };
        let Some((form, term)) = known else {
            return self.lexicon.term(&stem_of(word));
        };
        self.remember(word, form, term);
        Some(term)
    }

    fn count(&mut self, text: &str) {
        let bytes = text.as_bytes();
        runs(text, |run| match run {
            Run::Ascii(start, end) if end - start <= 16 => {
                let key = lower(key_at(bytes, start, end - start));
                let place = match self.short.get(&key) {
                    Some(&place) => place,
                    None => self.meet(&text[start..end].to_ascii_lowercase()),
                };
                self.touch(place, start);
            }
            Run::Ascii(start, end) if end - start <= WORD_BYTES_MAX => {
                let mut buffer = [0; WORD_BYTES_MAX];
                let word = &mut buffer[..end - start];
                word.copy_from_slice(&bytes[start..end]);
                word.make_ascii_lowercase();
                let word = str::from_utf8(word).unwrap_or_default();
                let place = match self.long.get(word) {
                    Some(&place) => place,
                    None => self.meet(word),
                };
                self.touch(place, start);
            }
            Run::Ascii(..) => {}
            Run::Wide(run) => self.count_wide(run, run.as_ptr() as usize - text.as_ptr() as usize),
        });
    }

    fn count_wide(&mut self, run: &str, at: usize) {
        let known = self.wide.get(run).copied();
        let (start, end) = match known {
            Some(part) => part,
            None if self.full => return,
            None => {
                let start = self.parts.len() as u32;
                wide_words(run, |word| {
                    let place = self.place(word);
                    self.parts.push(place);
                });
                (start, self.parts.len() as u32)
            }
        };
        for part in start..end {
            self.touch(self.parts[part as usize], at);
        }
        // What was met in a text that was full by then was not met.
        if known.is_none() && !self.full {
            self.wide.insert(run.into(), (start, end));
        }
    }

    // The place of a word in its final form.
    fn place(&mut self, word: &str) -> u32 {
        let known = if word.len() <= 16 {
            self.short.get(&key_at(word.as_bytes(), 0, word.len()))
        } else {
            self.long.get(word)
        };
        match known {
            Some(&place) => place,
            None => self.meet(word),
        }
    }

    #[cold]
    fn meet(&mut self, word: &str) -> u32 {
        if self.touched.len() > DOCUMENT_WORDS_MAX {
            self.full = true;
            return NOWHERE;
        }
        let (form, term) = if is_stop_word(word) { (STOP, STOP) } else { self.lexicon.intern(word) };
        self.remember(word, form, term)
    }

    fn remember(&mut self, word: &str, form: u32, term: u32) -> u32 {
        // No more words than bytes of text were met since the last clearing.
        let place = u32::try_from(self.seen.len()).unwrap_or(u32::MAX);
        self.seen.push(Seen { form, term, count: 0, place: 0 });
        if word.len() <= 16 {
            self.short.insert(key_at(word.as_bytes(), 0, word.len()), place);
        } else {
            self.long.insert(word.into(), place);
        }
        place
    }

    #[inline]
    fn touch(&mut self, place: u32, start: usize) {
        let seen = &mut self.seen[place as usize];
        if seen.count == 0 {
            if seen.form == STOP {
                return;
            }
            self.touched.push(place);
        }
        seen.count = seen.count.saturating_add(1);
        self.order.push(place);
        if let Some(starts) = &mut self.starts {
            starts.push(start as u32);
        }
    }

    // The order of what was counted, once it was collected into so many terms. Leaves no trace of it.
    fn sequence(&mut self, title_words: usize, text: &str, terms: usize) -> Sequence {
        let starts = self.starts.take().unwrap_or_default();
        let passages = if starts.is_empty() { Vec::new() } else { passages(text) };
        let passage = |(start, end): (usize, usize)| Passage {
            bytes: (start as u32, end as u32),
            end: (title_words + starts.partition_point(|&begun| (begun as usize) < end)) as u32,
        };
        let passages = if passages.len() > 1 { passages.into_iter().map(passage).collect() } else { Box::default() };
        let places = self.order.drain(..).map(|place| self.seen[place as usize].place);
        Sequence::new(places, terms, title_words as u32, passages)
    }

    // Turn the counts into lists and set them back to 0.
    fn collect(&mut self) -> Analysis {
        // Number and count in one integer sort by number, and faster than pairs.
        self.packed.clear();
        self.packed.extend(self.touched.iter().map(|&place| {
            let seen = &self.seen[place as usize];
            u64::from(seen.form) << 32 | u64::from(seen.count)
        }));
        self.packed.sort_unstable();
        let forms: Box<[(u32, u32)]> = self.packed.iter().map(|&pair| unpack(pair)).collect();

        // Forms of one term are neighbours once this is sorted.
        self.packed.clear();
        self.packed.extend(self.touched.iter().map(|&place| {
            let seen = &self.seen[place as usize];
            u64::from(seen.term) << 32 | u64::from(place)
        }));
        self.packed.sort_unstable();
        let mut length = 0u32;
        self.terms.clear();
        for &pair in &self.packed {
            let (term, place) = unpack(pair);
            let seen = &mut self.seen[place as usize];
            let count = std::mem::take(&mut seen.count);
            length = length.saturating_add(count);
            match self.terms.last_mut() {
                Some(last) if last.0 == term => last.1 = last.1.saturating_add(count),
                _ => self.terms.push((term, count)),
            }
            seen.place = self.terms.len() as u32 - 1;
        }
        self.touched.clear();
        Analysis {
            terms: self.terms.as_slice().into(),
            forms,
            length,
            title: Box::default(),
            sequence: Sequence::default(),
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

// The bytes of a word of up to 16 bytes, padded with zeros, which no word has.
fn key_at(bytes: &[u8], start: usize, length: usize) -> [u64; 2] {
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

// Lower case for a key of ASCII letters and digits, eight bytes at once: only letters have the bit 0x40, and
// lower-case ones have 0x20 already.
fn lower(key: [u64; 2]) -> [u64; 2] {
    key.map(|half| half | (half & 0x4040_4040_4040_4040) >> 1)
}
