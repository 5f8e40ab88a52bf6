//! Passages of long documents.
//!
//! The rule: a passage takes as many whole sentences as fit into [`PASSAGE_CHARS_MAX`] characters, and the next one
//! goes on from there. Where a sentence begins is told by Unicode Standard Annex 29, asked from the end of the passage
//! backwards, a piece of it at a time: almost always one piece is all that is looked at. A sentence longer than a
//! passage is cut between two words, and a word longer than that anywhere. White space around a passage is no part of it.

use unicode_segmentation::UnicodeSegmentation;

/// The longest passage, in characters (Unicode scalar values).
pub const PASSAGE_CHARS_MAX: usize = 600;

// Characters of a piece, and as many behind it as rules may look ahead to.
const PIECE: usize = 100;
const AHEAD: usize = 25;

/// The passages of a text, in order: where each starts and ends, in bytes.
pub fn passages(text: &str) -> Vec<(usize, usize)> {
    let (mut all, mut start) = (Vec::new(), 0);
    loop {
        let (rest, more) = text[start..].split_at(after(&text[start..], PASSAGE_CHARS_MAX));
        let end = if more.is_empty() { rest.len() } else { cut(rest, &text[start..]) };
        let (from, to) = trimmed(text, (start, start + end));
        if from < to {
            all.push((from, to));
        }
        start += end;
        if start == text.len() {
            return all;
        }
    }
}

// Where to end a passage of which `longest` is as much as fits; `all` goes on behind it.
fn cut(longest: &str, all: &str) -> usize {
    let mut to = longest.len();
    for pieces in (0..PASSAGE_CHARS_MAX / PIECE).rev() {
        let from = after(longest, pieces * PIECE);
        let seen = &all[from..to + after(&all[to..], AHEAD)];
        if may_end_a_sentence(seen) {
            let begun = seen.split_sentence_bound_indices().map(|(at, _)| from + at);
            if let Some(at) = begun.take_while(|&at| at <= to).last().filter(|&at| at > from) {
                return at;
            }
        }
        to = from;
    }
    let from = after(longest, PASSAGE_CHARS_MAX - PIECE);
    let begun = all[from..].split_word_bound_indices().map(|(at, _)| from + at);
    begun.take_while(|&at| at <= longest.len()).last().filter(|&at| at > from).unwrap_or(longest.len())
}

// No sentence ends in a text of ASCII but at these.
fn may_end_a_sentence(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b'.' | b'?' | b'!' | b'\n' | b'\r') || !byte.is_ascii())
}

// Where so many characters end, in bytes.
fn after(text: &str, characters: usize) -> usize {
    match text.as_bytes().get(..characters) {
        None => text.len(),
        Some(head) if head.is_ascii() => characters,
        Some(_) => text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at),
    }
}

/// Bounds without the white space at both ends.
pub(crate) fn trimmed(text: &str, (start, end): (usize, usize)) -> (usize, usize) {
    let piece = &text[start..end];
    let inner = piece.trim_start();
    let start = end - inner.len();
    (start, start + inner.trim_end().len())
}
