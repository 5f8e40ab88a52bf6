//! Passages of long documents.
//!
//! The rule: a text is taken sentence by sentence (Unicode Standard Annex 29), and sentences are joined into a passage
//! as long as it has at most [`PASSAGE_CHARS_MAX`] characters. A sentence longer than that is cut at word
//! boundaries. White space around a passage is no part of it.

use unicode_segmentation::UnicodeSegmentation;

/// The longest passage, in characters (Unicode scalar values).
pub const PASSAGE_CHARS_MAX: usize = 600;

/// The passages of a text, in order: where each starts and ends, in bytes.
pub fn passages(text: &str) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    // Start and end of the passage at hand, in bytes, and its characters.
    let (mut start, mut end, mut length) = (0, 0, 0);
    let mut add = |piece: &str, count: usize| {
        if length > 0 && length + count > PASSAGE_CHARS_MAX {
            all.push((start, end));
            (start, length) = (end, 0);
        }
        end += piece.len();
        length += count;
    };
    for sentence in text.split_sentence_bounds() {
        let count = sentence.chars().count();
        if count <= PASSAGE_CHARS_MAX {
            add(sentence, count);
            continue;
        }
        for word in sentence.split_word_bounds() {
            pieces(word).for_each(|piece| add(piece, piece.chars().count()));
        }
    }
    all.push((start, end));
    all.retain_mut(|bounds| {
        *bounds = trimmed(text, *bounds);
        bounds.0 < bounds.1
    });
    all
}

/// Bounds without the white space at both ends.
pub(crate) fn trimmed(text: &str, (start, end): (usize, usize)) -> (usize, usize) {
    let piece = &text[start..end];
    let inner = piece.trim_start();
    let start = end - inner.len();
    (start, start + inner.trim_end().len())
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
