//! Counts the words of a text, and remembers them.
//!
//! Most of the time goes into waiting for memory: the table of words and what is known of each are larger than the
//! processor's caches. So words are looked for some at a time, and counted some at a time without a branch that depends
//! on what was read: the processor then waits for many of them at once.

use super::announced::Adopted;
use super::chunk;
use super::fold::{Role, role_of, stem_of};
use super::lexicon::Lexicon;
use super::words::{Run, WORD_BYTES_MAX, Word, runs};
use crate::maps::Map;
use std::sync::Arc;

/// How many distinct word forms a session remembers. If there are more, it drops all after the current document; within
/// one document, the document's size is the bound. This costs time, and never changes a result.
pub const SESSION_FORMS_MAX: usize = 1 << 20;

/// How many different words a document may have, without function words. A text with more is a list of keys. Its
/// analysis stops soon after this number, to limit its cost, and the count shows that there are more.
pub const DOCUMENT_WORDS_MAX: usize = 1_000_000;

/// The longest chunk whose words are remembered, in bytes: longer ones rarely occur again.
const CHUNK_BYTES_MAX: usize = 64;

// The most words that are looked for together, and the most that are counted together.
const ASKED_MAX: usize = 64;
const FOUND_MAX: usize = 1024;

/// What is known of texts. Those of up to 16 bytes are their own key: for nine of ten words no pointer is followed.
struct ByText<T> {
    short: Map<[u64; 2], T>,
    long: Map<Box<str>, T>,
}

impl<T: Copy> ByText<T> {
    fn new() -> ByText<T> {
        ByText { short: Map::default(), long: Map::default() }
    }

    fn get(&self, text: &str) -> Option<T> {
        match short(text) {
            Some(key) => self.get_short(&key),
            None => self.long.get(text).copied(),
        }
    }

    fn get_short(&self, key: &[u64; 2]) -> Option<T> {
        self.short.get(key).copied()
    }

    fn insert(&mut self, text: &str, known: T) {
        match short(text) {
            Some(key) => self.short.insert(key, known),
            None => self.long.insert(text.into(), known),
        };
    }

    fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    fn clear(&mut self) {
        self.short.clear();
        self.long.clear();
    }
}

// Returns the key of a short text. It has no zero byte, with which a shorter one is padded.
fn short(text: &str) -> Option<[u64; 2]> {
    (text.len() <= 16).then(|| key_at(text.as_bytes(), 0, text.len()))
}

/// A word of a chunk: its index in `seen`, its offset in the chunk, and whether it has a position.
#[derive(Copy, Clone)]
struct Part {
    place: u32,
    at: u16,
    stands: bool,
}

/// What is looked for next, by the offsets at which it starts and ends.
enum Asked {
    /// A word of up to 16 bytes, in lower case.
    Word([u64; 2], usize),
    /// A longer one, as the text has it.
    Long(usize, usize),
    /// A chunk.
    Chunk(usize, usize),
}

/// A word by its index in `seen`, the offset at which it starts, and whether it has a position.
struct Found {
    place: u32,
    stands: bool,
    start: usize,
}

/// Counts the words of one text after the other.
pub(super) struct Counter {
    pub(super) lexicon: Arc<Lexicon>,
    pub(super) seen: Vec<Seen>,
    // How many of them have indices that no longer change.
    settled: usize,
    // The index in `seen` of each word.
    words: ByText<u32>,
    // Chunks as a text has them, so that each is analysed once, and the range of their words in `parts`. Kept apart
    // from the words: a chunk and a word that look alike need not be the same.
    chunks: ByText<(u32, u32)>,
    parts: Vec<Part>,
    // The words of the current text whose index is looked for, and those that are found and not counted yet.
    asked: Vec<Asked>,
    found: Vec<Found>,
    // The words of the current text, as indices into `seen`: each word once, and every word with a position in order.
    pub(super) touched: Vec<u32>,
    pub(super) order: Vec<u32>,
    // The passages of the current text, if it has several, and for each finished one the index in `order` behind it.
    pub(super) bounds: Vec<(usize, usize)>,
    pub(super) ends: Vec<u32>,
    // The offset at which the current passage ends, in bytes.
    pub(super) passage_end: usize,
    pub(super) too_long: u32,
    // The number of different words with a position.
    pub(super) different: u32,
    // The current text has too many words; no more are added.
    pub(super) full: bool,
}

/// A word that was seen, and what the current text has of it.
pub(super) struct Seen {
    pub(super) form: u32,
    pub(super) term: u32,
    pub(super) count: u32,
    // The index of the term among those of the current text.
    pub(super) place: u32,
    pub(super) role: Role,
    // Whether it has a position in the current text, and whether it counts there somewhere without one.
    pub(super) stands: bool,
    pub(super) placeless: bool,
}

const NONE: u32 = u32::MAX;

// The index in `seen` of what is not counted.
const NOWHERE: u32 = 0;

impl Seen {
    const NONE: Seen =
        Seen { form: NONE, term: NONE, count: 0, place: 0, role: Role::Word, stands: false, placeless: false };
}

impl Counter {
    /// Returns a counter that has seen no word.
    pub(super) fn new(lexicon: Arc<Lexicon>) -> Counter {
        Counter {
            lexicon,
            seen: vec![Seen::NONE],
            settled: 1,
            words: ByText::new(),
            chunks: ByText::new(),
            parts: Vec::new(),
            asked: Vec::new(),
            found: Vec::new(),
            touched: Vec::new(),
            order: Vec::new(),
            bounds: Vec::new(),
            ends: Vec::new(),
            passage_end: usize::MAX,
            too_long: 0,
            different: 0,
            full: false,
        }
    }

    /// Takes over the new indices of words of its lexicon.
    pub(super) fn renumber(&mut self, adopted: &Adopted) {
        if !adopted.is_identity() {
            for seen in self.seen.iter_mut().skip(self.settled) {
                match (adopted.form(seen.form), adopted.term(seen.term)) {
                    (Some(form), Some(term)) => (seen.form, seen.term) = (form, term),
                    // Something that it remembers is gone.
                    _ => return *self = Counter::new(self.lexicon.clone()),
                }
            }
        }
        let (known, _) = adopted.known();
        let others = self.seen.iter().skip(self.settled).take_while(|seen| seen.form < known);
        self.settled += others.count();
    }

    /// Counts the words of a text and notes those with a position in their order.
    pub(super) fn count(&mut self, text: &str) {
        let bytes = text.as_bytes();
        runs(text, |run| {
            self.asked.push(match run {
                Run::Plain(start, end) if end - start <= 16 => {
                    Asked::Word(lower(key_at(bytes, start, end - start)), start)
                }
                Run::Plain(start, end) => Asked::Long(start, end),
                Run::Chunk(start, end) => Asked::Chunk(start, end),
            });
            if self.asked.len() == ASKED_MAX {
                self.look_up(text);
            }
        });
        self.look_up(text);
        self.count_found();
    }

    fn look_up(&mut self, text: &str) {
        let mut asked = std::mem::take(&mut self.asked);
        for asked in asked.drain(..) {
            match asked {
                Asked::Word(key, start) => {
                    let place = match self.words.get_short(&key) {
                        Some(place) => place,
                        None => self.meet_short(&key),
                    };
                    self.find(place, true, start);
                }
                Asked::Long(start, end) if end - start <= WORD_BYTES_MAX => {
                    let place = self.place(&text[start..end].to_ascii_lowercase());
                    self.find(place, true, start);
                }
                Asked::Long(..) => self.too_long += 1,
                Asked::Chunk(start, end) => self.count_chunk(&text[start..end], start),
            }
        }
        self.asked = asked;
    }

    #[cold]
    fn meet_short(&mut self, key: &[u64; 2]) -> u32 {
        let bytes = (u128::from(key[1]) << 64 | u128::from(key[0])).to_le_bytes();
        let length = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        self.meet(str::from_utf8(&bytes[..length]).unwrap_or_default())
    }

    fn find(&mut self, place: u32, stands: bool, start: usize) {
        if place != NOWHERE {
            self.found.push(Found { place, stands, start });
            if self.found.len() == FOUND_MAX {
                self.count_found();
            }
        }
    }

    fn count_chunk(&mut self, chunk: &str, start: usize) {
        if chunk.len() > CHUNK_BYTES_MAX {
            let too_long = chunk::words(chunk, false, &mut |word| {
                let place = self.place(word.form);
                self.find(place, word.stands, start + word.at);
            });
            self.too_long = self.too_long.saturating_add(too_long);
            return;
        }
        let known = self.chunks.get(chunk);
        let (first, last) = match known {
            Some(parts) => parts,
            None if self.full => return,
            None => {
                let first = self.parts.len() as u32;
                self.too_long += chunk::words(chunk, false, &mut |word: Word<'_>| {
                    let place = self.place(word.form);
                    self.parts.push(Part { place, at: word.at as u16, stands: word.stands });
                });
                (first, self.parts.len() as u32)
            }
        };
        for part in first..last {
            let Part { place, at, stands } = self.parts[part as usize];
            self.find(place, stands, start + usize::from(at));
        }
        // A text that was full did not add the word.
        if known.is_none() && !self.full {
            self.chunks.insert(chunk, (first, last));
        }
    }

    fn count_found(&mut self) {
        let (mut touched, mut ordered) = (self.touched.len(), self.order.len());
        self.touched.resize(touched + self.found.len(), NOWHERE);
        self.order.resize(ordered + self.found.len(), NOWHERE);
        for &Found { place, stands, start } in &self.found {
            let seen: &mut Seen = &mut self.seen[place as usize];
            self.touched[touched] = place;
            touched += usize::from(seen.count == 0);
            seen.count = seen.count.saturating_add(1);
            let stands = stands & (seen.role != Role::Function);
            self.different += u32::from(stands & !seen.stands);
            seen.stands |= stands;
            seen.placeless |= !stands;
            while start >= self.passage_end {
                self.ends.push(ordered as u32);
                self.passage_end = self.bounds.get(self.ends.len()).map_or(usize::MAX, |passage| passage.1);
            }
            self.order[ordered] = place;
            ordered += usize::from(stands);
        }
        self.touched.truncate(touched);
        self.order.truncate(ordered);
        self.found.clear();
    }

    /// Between texts, drops what is remembered if it exceeds its bound.
    pub(super) fn forget(&mut self) {
        if self.seen.len() + self.chunks.len() + self.parts.len() > SESSION_FORMS_MAX {
            self.seen.truncate(1);
            self.settled = 1;
            self.words.clear();
            self.chunks.clear();
            self.parts.clear();
        }
        // A long text leaves no more memory in use than many short ones.
        self.order.shrink_to(SESSION_FORMS_MAX);
    }

    /// Returns the term of a short word by its key, and its role, if it is remembered.
    pub(super) fn met(&self, key: &[u64; 2]) -> Option<(Option<u32>, Role)> {
        self.words.get_short(key).map(|place| self.what(place))
    }

    fn what(&self, place: u32) -> (Option<u32>, Role) {
        let seen = &self.seen[place as usize];
        (Some(seen.term), seen.role)
    }

    /// Returns the term of a word in its final form, and its role. They are remembered if the lexicon has the word.
    pub(super) fn known(&mut self, word: &str) -> (Option<u32>, Role) {
        if let Some(place) = self.words.get(word) {
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

    // Returns the index in `seen` of a word in its final form.
    fn place(&mut self, word: &str) -> u32 {
        match self.words.get(word) {
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
        self.words.insert(word, place);
        place
    }
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
