//! Counts the words of a text.
//!
//! Most of the time goes into waiting for memory: the table of words and what is known of each are larger than the
//! processor's caches. So words are looked for some at a time, and counted some at a time without a branch that depends
//! on what was read: the processor then waits for many of them at once.

use super::{NOWHERE, Seen, Session, key_at, lower};
use crate::maps::Map;
use crate::text::chunk;
use crate::text::fold::Role;
use crate::text::words::{Run, WORD_BYTES_MAX, Word, runs};

/// The longest chunk whose words are remembered, in bytes: longer ones rarely occur again.
const CHUNK_BYTES_MAX: usize = 64;

// The most words that are looked for together, and the most that are counted together.
const ASKED_MAX: usize = 64;
const FOUND_MAX: usize = 1024;

/// Chunks by their bytes, and the range of their words. Short ones are their own key, as short words are.
#[derive(Default)]
pub(super) struct Chunks {
    short: Map<[u64; 2], (u32, u32)>,
    long: Map<Box<str>, (u32, u32)>,
}

impl Chunks {
    fn get(&self, chunk: &str) -> Option<(u32, u32)> {
        let parts = match short(chunk) {
            Some(key) => self.short.get(&key),
            None => self.long.get(chunk),
        };
        parts.copied()
    }

    fn insert(&mut self, chunk: &str, parts: (u32, u32)) {
        match short(chunk) {
            Some(key) => self.short.insert(key, parts),
            None => self.long.insert(chunk.into(), parts),
        };
    }

    pub(super) fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    pub(super) fn clear(&mut self) {
        self.short.clear();
        self.long.clear();
    }
}

// Returns the key of a chunk without a zero byte, with which a shorter one is padded.
fn short(chunk: &str) -> Option<[u64; 2]> {
    (chunk.len() <= 16).then(|| key_at(chunk.as_bytes(), 0, chunk.len()))
}

/// A word of a chunk: its index in `seen`, its offset in the chunk, and whether it has a position.
#[derive(Copy, Clone)]
pub(super) struct Part {
    place: u32,
    at: u16,
    stands: bool,
}

/// What is looked for next, by the offsets at which it starts and ends.
pub(super) enum Asked {
    /// A word of up to 16 bytes, in lower case.
    Word([u64; 2], usize),
    /// A longer one, as the text has it.
    Long(usize, usize),
    /// A chunk.
    Chunk(usize, usize),
}

/// A word by its index in `seen`, the offset at which it starts, and whether it has a position.
pub(super) struct Found {
    place: u32,
    stands: bool,
    start: usize,
}

impl Session {
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
                    let place = match self.short.get(&key) {
                        Some(&place) => place,
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
}
