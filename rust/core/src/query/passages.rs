//! Passages of long documents.
//!
//! The rule: a text is taken sentence by sentence (Unicode Standard Annex 29), and sentences are joined into a passage
//! as long as it has at most [`PASSAGE_CHARS_MAX`] characters. A sentence longer than that is cut at word
//! boundaries. White space around a passage is no part of it.

use crate::commons::Commons;
use crate::query::answer::Inquiry;
use crate::text::Session;
use unicode_segmentation::UnicodeSegmentation;

/// The longest passage, in characters (Unicode scalar values).
pub const PASSAGE_CHARS_MAX: usize = 600;
/// How far into a text passages are looked for, in bytes.
pub const PASSAGES_BYTES_MAX: usize = 1 << 18;

/// A stretch of a text.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Passage {
    /// Where it starts and ends, in bytes.
    pub bytes: (usize, usize),
    /// The same in characters (Unicode scalar values), as Python counts.
    pub chars: (usize, usize),
}

impl Passage {
    /// Its text.
    pub fn of<'a>(&self, text: &'a str) -> &'a str {
        &text[self.bytes.0..self.bytes.1]
    }
}

/// The passages of a text, in order.
pub fn passages(text: &str) -> Vec<Passage> {
    let mut all = Vec::new();
    // Start and end of the passage at hand, in bytes, and its characters.
    let (mut start, mut end, mut length) = (0, 0, 0);
    let mut chars = 0;
    let mut close = |start: usize, end: usize, length: usize| {
        let piece = &text[start..end];
        let inner = piece.trim();
        let lead = piece.len() - piece.trim_start().len();
        if !inner.is_empty() {
            let first = chars + piece[..lead].chars().count();
            let bytes = (start + lead, start + lead + inner.len());
            all.push(Passage { bytes, chars: (first, first + inner.chars().count()) });
        }
        chars += length;
    };
    let mut add = |piece: &str, count: usize| {
        if length > 0 && length + count > PASSAGE_CHARS_MAX {
            close(start, end, length);
            (start, length) = (end, 0);
        }
        end += piece.len();
        length += count;
        (start, end, length)
    };
    let mut last = (0, 0, 0);
    for sentence in text.split_sentence_bounds() {
        let count = sentence.chars().count();
        if count <= PASSAGE_CHARS_MAX {
            last = add(sentence, count);
            continue;
        }
        for word in sentence.split_word_bounds() {
            for piece in pieces(word) {
                last = add(piece, piece.chars().count());
            }
        }
    }
    close(last.0, last.1, last.2);
    all
}

/// As much of a text as has at most so many bytes.
pub(crate) fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

// A word in pieces that fit into a passage: almost always the word.
fn pieces(mut word: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if word.is_empty() {
            return None;
        }
        let cut = word.char_indices().nth(PASSAGE_CHARS_MAX).map_or(word.len(), |(at, _)| at);
        let (piece, rest) = word.split_at(cut);
        word = rest;
        Some(piece)
    })
}

impl Inquiry {
    /// The passage of a text that has most of the question: the sum of the masses of the question's words in it, each
    /// counted once with a little for repeats, and of the strengths of its concepts on the same scale. The first of equals;
    /// `None` for a text without a passage. Looks at the first 256 KiB.
    pub fn best_passage(&self, commons: &Commons, text: &str, session: &mut Session) -> Option<Passage> {
        let looked_at = head(text, PASSAGES_BYTES_MAX);
        let all = passages(looked_at);
        if all.len() < 2 {
            return all.first().copied();
        }
        let strongest = self.spread.lit.iter().map(|lit| lit.weight).fold(0.0, f64::max);
        let mass = |term: u32| match self.question.place(term) {
            Some(place) => self.question.terms[place].mass(),
            None => match self.spread.lit.binary_search_by_key(&commons.id(term), |lit| lit.id) {
                Ok(place) => self.spread.lit[place].weight / strongest * 0.5 * self.mean_idf(),
                Err(_) => 0.0,
            },
        };
        let mut best: Option<(f64, Passage)> = None;
        for passage in all {
            let mut seen: Vec<(u32, u32)> = Vec::new();
            session.words(passage.of(text), |word| {
                let Some(term) = word.term.filter(|term| (*term as usize) < commons.terms()) else { return };
                match seen.iter_mut().find(|known| known.0 == term) {
                    Some(known) => known.1 += 1,
                    None => seen.push((term, 1)),
                }
            });
            // In the order of the text, which is the same everywhere.
            let score: f64 = seen.iter().map(|&(term, tf)| mass(term) * f64::from(tf) / (f64::from(tf) + 0.5)).sum();
            if best.as_ref().is_none_or(|(most, _)| score > *most) {
                best = Some((score, passage));
            }
        }
        best.map(|(_, passage)| passage)
    }

    fn mean_idf(&self) -> f64 {
        self.question.mass / self.question.terms.len().max(1) as f64
    }
}
