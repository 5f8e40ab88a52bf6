//! Counts the words of a text, and remembers them.

use super::announced::Adopted;
use super::chunk;
use super::fold::{Role, role_of, role_of_form, stem_of};
use super::lexicon::Lexicon;
use super::remembered::{Key, NO_KEY, NOWHERE, Record, Remembered};
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

// The longest text that is its own key, in bytes. Nine of ten words are none longer.
const KEY_BYTES: usize = size_of::<Key>();

// As long as a key.
const PADDING: &str = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

// Returns the key of a text; that of none for a long one.
fn key_of(text: &str) -> Key {
    if text.len() <= KEY_BYTES { key_at(text.as_bytes(), 0, text.len()) } else { NO_KEY }
}

/// A chunk that was analysed, and the range of its words in `parts`.
struct Chunk {
    key: Key,
    parts: (u32, u32),
}

impl Record for Chunk {
    const NOTHING: Chunk = Chunk { key: NO_KEY, parts: (0, 0) };

    fn key(&self) -> Key {
        self.key
    }
}

/// A word of a chunk: its index in `seen`, its offset in the chunk, and whether it has a position.
#[derive(Copy, Clone)]
struct Part {
    place: u32,
    at: u16,
    stands: bool,
}

/// A word or a chunk that is looked for, by the offsets at which it starts and ends.
#[derive(Copy, Clone)]
struct Asked {
    start: u32,
    end: u32,
    is_chunk: bool,
}

/// What is looked for together.
struct Batch {
    all: [Asked; ASKED_MAX],
    count: usize,
    words: Keys,
    chunks: Keys,
}

/// The keys of words, in lower case, or of chunks, as the text has them, in order.
struct Keys {
    keys: [Key; ASKED_MAX],
    hashes: [u32; ASKED_MAX],
    count: usize,
    // The indices under which they are remembered, as far as these are guessed.
    guesses: Vec<u32>,
}

impl Keys {
    #[inline]
    fn push<R: Record>(&mut self, key: Key, hash: Option<u32>, among: &Remembered<R>) {
        let hash = hash.unwrap_or_else(|| among.hash(&key));
        among.prefetch(hash);
        self.keys[self.count] = key;
        self.hashes[self.count] = hash;
        self.count += 1;
    }

    fn guess<R: Record>(&mut self, among: &Remembered<R>) {
        among.guess(&self.keys[..self.count], &self.hashes[..self.count], &mut self.guesses);
    }
}

impl Default for Keys {
    fn default() -> Keys {
        Keys { keys: [NO_KEY; ASKED_MAX], hashes: [0; ASKED_MAX], count: 0, guesses: Vec::with_capacity(ASKED_MAX) }
    }
}

impl Default for Batch {
    fn default() -> Batch {
        let nothing = Asked { start: 0, end: 0, is_chunk: false };
        Batch { all: [nothing; ASKED_MAX], count: 0, words: Keys::default(), chunks: Keys::default() }
    }
}

/// The forms of a chunk's words, one behind the other, and where each ends.
#[derive(Default)]
struct Forms {
    text: String,
    ends: Vec<usize>,
    keys: Vec<Key>,
    hashes: Vec<u32>,
    guesses: Vec<u32>,
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
    pub(super) seen: Remembered<Seen>,
    // How many of them have indices that no longer change.
    settled: usize,
    // The index in `seen` of each word without a key.
    long_words: Map<Box<str>, u32>,
    // Chunks as a text has them, so that each is analysed once. Kept apart from the words: a chunk and a word that look
    // alike need not be the same.
    chunks: Remembered<Chunk>,
    long_chunks: Map<Box<str>, (u32, u32)>,
    parts: Vec<Part>,
    forms: Forms,
    // The words of the current text whose index is looked for, and those that are found and not counted yet.
    batch: Option<Box<Batch>>,
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

/// A word that was seen, and what the current text has of it. Two of them fill a line of the processor's caches.
#[repr(align(32))]
pub(super) struct Seen {
    key: Key,
    pub(super) form: u32,
    pub(super) term: u32,
    /// How often the text has it; once that is collected, the index of the term among those of the text.
    pub(super) count: u32,
    pub(super) role: Role,
    /// Whether it has a position in the text.
    pub(super) stands: bool,
    /// Whether it counts there somewhere without one.
    pub(super) placeless: bool,
}

const NONE: u32 = u32::MAX;

impl Record for Seen {
    const NOTHING: Seen =
        Seen { key: NO_KEY, form: NONE, term: NONE, count: 0, role: Role::Word, stands: false, placeless: false };

    fn key(&self) -> Key {
        self.key
    }
}

impl Counter {
    /// Returns a counter that has seen no word.
    pub(super) fn new(lexicon: Arc<Lexicon>) -> Counter {
        Counter {
            lexicon,
            seen: Remembered::new(),
            settled: 1,
            long_words: Map::default(),
            chunks: Remembered::new(),
            long_chunks: Map::default(),
            parts: Vec::new(),
            forms: Forms::default(),
            batch: None,
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
            for seen in self.seen.records.iter_mut().skip(self.settled) {
                match (adopted.form(seen.form), adopted.term(seen.term)) {
                    (Some(form), Some(term)) => (seen.form, seen.term) = (form, term),
                    // Something that it remembers is gone.
                    _ => return *self = Counter::new(self.lexicon.clone()),
                }
            }
        }
        let (known, _) = adopted.known();
        let others = self.seen.records.iter().skip(self.settled).take_while(|seen| seen.form < known);
        self.settled += others.count();
    }

    /// Counts the words of a text and notes those with a position in their order.
    pub(super) fn count(&mut self, text: &str) {
        self.count_runs(text, runs(text).map(|run| (run, None)));
    }

    /// Does what [`Counter::count`] does, with the runs of the text and the hashes of their keys, as far as these are
    /// known.
    pub(super) fn count_runs(&mut self, text: &str, runs: impl Iterator<Item = (Run, Option<u32>)>) {
        let bytes = text.as_bytes();
        let mut batch = self.batch.take().unwrap_or_default();
        for (run, hash) in runs {
            let (Run::Plain(start, end) | Run::Chunk(start, end)) = run;
            let (key, is_chunk) = (key_of_run(bytes, run), matches!(run, Run::Chunk(..)));
            if is_chunk {
                batch.chunks.push(key, hash, &self.chunks);
            } else {
                batch.words.push(key, hash, &self.seen);
            }
            // No text has more bytes than 32 bits count.
            batch.all[batch.count] = Asked { start: start as u32, end: end as u32, is_chunk };
            batch.count += 1;
            if batch.count == ASKED_MAX {
                self.look_up(text, &mut batch);
            }
        }
        self.look_up(text, &mut batch);
        self.batch = Some(batch);
        self.count_found();
    }

    fn look_up(&mut self, text: &str, batch: &mut Batch) {
        let Batch { all, count, words, chunks } = batch;
        words.guess(&self.seen);
        chunks.guess(&self.chunks);
        let (mut word, mut chunk) = (0, 0);
        for asked in &all[..*count] {
            let (start, end) = (asked.start as usize, asked.end as usize);
            if asked.is_chunk {
                self.count_chunk(&text[start..end], start, &chunks.keys[chunk], chunks.guesses[chunk]);
                chunk += 1;
                continue;
            }
            let place = match words.guesses[word] {
                NOWHERE => self.look_closely(&text[start..end], &words.keys[word]),
                place => place,
            };
            word += 1;
            self.find(place, true, start);
        }
        (*count, words.count, chunks.count) = (0, 0, 0);
    }

    // Returns the index of a word that does not stand where it is looked for first.
    #[cold]
    fn look_closely(&mut self, word: &str, key: &Key) -> u32 {
        if word.len() > WORD_BYTES_MAX {
            self.too_long += 1;
            return NOWHERE;
        }
        if *key == NO_KEY {
            return self.place(&word.to_ascii_lowercase(), NO_KEY);
        }
        match self.seen.find(key) {
            Some(place) => place,
            // A key is all of a short word.
            None => self.meet(&word.to_ascii_lowercase(), *key),
        }
    }

    fn find(&mut self, place: u32, stands: bool, start: usize) {
        if place != NOWHERE {
            self.found.push(Found { place, stands, start });
            if self.found.len() == FOUND_MAX {
                self.count_found();
            }
        }
    }

    fn count_chunk(&mut self, chunk: &str, start: usize, key: &Key, at: u32) {
        if chunk.len() > CHUNK_BYTES_MAX {
            let too_long = chunk::words(chunk, false, &mut |word| {
                let place = self.place(word.form, key_of(word.form));
                self.find(place, word.stands, start + word.at);
            });
            self.too_long = self.too_long.saturating_add(too_long);
            return;
        }
        let known = match at {
            NOWHERE if *key == NO_KEY => self.long_chunks.get(chunk).copied(),
            NOWHERE => self.chunks.find(key).map(|at| self.chunks[at].parts),
            _ => Some(self.chunks[at].parts),
        };
        let parts = match known {
            Some(parts) => parts,
            None if self.full => return,
            None => {
                let first = self.parts.len() as u32;
                self.analyse_chunk(chunk);
                (first, self.parts.len() as u32)
            }
        };
        for part in parts.0..parts.1 {
            let Part { place, at, stands } = self.parts[part as usize];
            self.find(place, stands, start + usize::from(at));
        }
        // A text that was full did not add the word.
        if known.is_none() && !self.full {
            if *key == NO_KEY {
                self.long_chunks.insert(chunk.into(), parts);
            } else {
                self.chunks.push(Chunk { key: *key, parts });
            }
        }
    }

    // Adds the words of a chunk to `parts`. They are looked for together, like words.
    fn analyse_chunk(&mut self, chunk: &str) {
        let Forms { mut text, mut ends, mut keys, mut hashes, mut guesses } = std::mem::take(&mut self.forms);
        let first = self.parts.len();
        self.too_long += chunk::words(chunk, false, &mut |word: Word<'_>| {
            text.push_str(word.form);
            ends.push(text.len());
            self.parts.push(Part { place: NOWHERE, at: word.at as u16, stands: word.stands });
        });
        // A key is read as a whole, also that of the last form.
        text.push_str(PADDING);
        let mut start = 0;
        keys.extend(ends.iter().map(|&end| {
            let length = end - std::mem::replace(&mut start, end);
            if length <= KEY_BYTES { key_at(text.as_bytes(), end - length, length) } else { NO_KEY }
        }));
        hashes.extend(keys.iter().map(|key| self.seen.hash(key)));
        hashes.iter().for_each(|hash| self.seen.prefetch(*hash));
        self.seen.guess(&keys, &hashes, &mut guesses);
        let mut start = 0;
        for (part, (&end, (&key, &guess))) in (first..).zip(ends.iter().zip(keys.iter().zip(&guesses))) {
            self.parts[part].place = if guess == NOWHERE { self.place(&text[start..end], key) } else { guess };
            start = end;
        }
        text.clear();
        ends.clear();
        keys.clear();
        hashes.clear();
        self.forms = Forms { text, ends, keys, hashes, guesses };
    }

    // No branch depends on what is read of a word, so that the next are read meanwhile.
    fn count_found(&mut self) {
        let (mut touched, mut ordered) = (self.touched.len(), self.order.len());
        self.touched.resize(touched + self.found.len(), NOWHERE);
        self.order.resize(ordered + self.found.len(), NOWHERE);
        for &Found { place, stands, start } in &self.found {
            let seen = &mut self.seen[place];
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
        let chunks = self.chunks.records.len() + self.long_chunks.len();
        if self.seen.records.len() + chunks + self.parts.len() > SESSION_FORMS_MAX {
            self.seen.clear();
            self.settled = 1;
            self.long_words.clear();
            self.chunks.clear();
            self.long_chunks.clear();
            self.parts.clear();
        }
        // A long text leaves no more memory in use than many short ones.
        self.order.shrink_to(SESSION_FORMS_MAX);
    }

    /// Returns the term of a short word by its key, and its role, if it is remembered.
    pub(super) fn met(&self, key: &Key) -> Option<(Option<u32>, Role)> {
        self.seen.find(key).map(|place| self.what(place))
    }

    fn what(&self, place: u32) -> (Option<u32>, Role) {
        let seen = &self.seen[place];
        (Some(seen.term), seen.role)
    }

    /// Returns the term of a word in its final form, and its role. They are remembered if the lexicon has the word.
    pub(super) fn known(&mut self, word: &str) -> (Option<u32>, Role) {
        let key = key_of(word);
        if let Some(place) = self.find_word(word, &key) {
            return self.what(place);
        }
        match self.lexicon.find(word) {
            Some((form, term)) => {
                let place = self.remember(word, key, (form, term, role_of_form(word)));
                self.what(place)
            }
            None => {
                let stem = stem_of(word);
                (self.lexicon.term(&stem), role_of(&stem))
            }
        }
    }

    // Returns the index in `seen` of a word in its final form with its key, if it is remembered.
    fn find_word(&self, word: &str, key: &Key) -> Option<u32> {
        if *key == NO_KEY { self.long_words.get(word).copied() } else { self.seen.find(key) }
    }

    // Returns the index in `seen` of a word in its final form, with its key.
    fn place(&mut self, word: &str, key: Key) -> u32 {
        match self.find_word(word, &key) {
            Some(place) => place,
            None => self.meet(word, key),
        }
    }

    #[cold]
    fn meet(&mut self, word: &str, key: Key) -> u32 {
        if self.different as usize > DOCUMENT_WORDS_MAX {
            self.full = true;
            return NOWHERE;
        }
        let known = self.lexicon.intern(word);
        self.remember(word, key, known)
    }

    fn remember(&mut self, word: &str, key: Key, (form, term, role): (u32, u32, Role)) -> u32 {
        let place = self.seen.push(Seen { key, form, term, role, ..Seen::NOTHING });
        if key == NO_KEY {
            self.long_words.insert(word.into(), place);
        }
        place
    }
}

/// Returns the key of a run: of a word in lower case, of a chunk as the text has it, of a long one that of none.
#[inline]
pub(super) fn key_of_run(bytes: &[u8], run: Run) -> Key {
    match run {
        Run::Plain(start, end) | Run::Chunk(start, end) if end - start > KEY_BYTES => NO_KEY,
        Run::Plain(start, end) => lower(key_at(bytes, start, end - start)),
        Run::Chunk(start, end) => key_at(bytes, start, end - start),
    }
}

// The bits of a key that so many bytes have.
const KEPT: [u128; KEY_BYTES + 1] = {
    let (mut kept, mut length) = ([0; KEY_BYTES + 1], 1);
    while length <= KEY_BYTES {
        kept[length] = kept[length - 1] << 8 | 0xff;
        length += 1;
    }
    kept
};

/// Returns the bytes of a word of up to 16 bytes, padded with zeros, which no word has.
pub(super) fn key_at(bytes: &[u8], start: usize, length: usize) -> Key {
    let rest = &bytes[start..];
    if let Some(chunk) = rest.first_chunk::<KEY_BYTES>() {
        let all = u128::from_le_bytes(*chunk) & KEPT[length];
        return [all as u64, (all >> 64) as u64];
    }
    let mut padded = [0; 16];
    padded[..length].copy_from_slice(&rest[..length]);
    let all = u128::from_le_bytes(padded);
    [all as u64, (all >> 64) as u64]
}

/// Returns a key of ASCII letters and digits in lower case, eight bytes at once: only letters have the bit 0x40, and
/// lower-case ones have 0x20 already.
pub(super) fn lower(key: Key) -> Key {
    key.map(|half| half | (half & 0x4040_4040_4040_4040) >> 1)
}
