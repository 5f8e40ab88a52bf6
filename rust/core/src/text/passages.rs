//! Passages of long documents.
//!
//! The rule: a passage takes as many whole sentences as fit into [`PASSAGE_CHARS_MAX`] characters, and the next one
//! continues from there. Unicode Standard Annex 29 defines where a sentence begins. The search goes backwards from the
//! end of the passage, one piece at a time: almost always the first piece suffices. A sentence longer than a passage is
//! cut between two words, a longer word between two characters as a reader sees them, and a longer one of these
//! anywhere. No rule looks further than `AHEAD` characters behind a passage, so that the time is proportional to the
//! text in all cases. White space around a passage is not part of it.

use super::sentences;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// The longest passage, in characters (Unicode scalar values).
pub const PASSAGE_CHARS_MAX: usize = 600;

// The characters of a piece, and how many behind it the rules may look ahead to.
const PIECE: usize = 100;
const AHEAD: usize = 25;

/// Returns the passages of a text in order, as the offsets of their starts and ends, in bytes.
pub fn passages(text: &str) -> Vec<(usize, usize)> {
    let (mut all, mut start) = (Vec::new(), 0);
    let plain = text.is_ascii();
    while start < text.len() {
        let rest = &text[start..];
        let longest = after(rest, PASSAGE_CHARS_MAX, plain);
        let end = if longest == rest.len() {
            longest
        } else {
            cut(&rest[..longest + after(&rest[longest..], AHEAD, plain)], longest, plain)
        };
        let (from, to) = trimmed(text, (start, start + end));
        if from < to {
            all.push((from, to));
        }
        start += end;
    }
    all
}

// Returns the offset at which to end a passage. At most `longest` bytes of `seen` fit. If it is `plain`, it is ASCII.
fn cut(seen: &str, longest: usize, plain: bool) -> usize {
    let mut to = longest;
    for pieces in (0..PASSAGE_CHARS_MAX / PIECE).rev() {
        let from = after(&seen[..longest], pieces * PIECE, plain);
        let piece = &seen[from..to + after(&seen[to..], AHEAD, plain)];
        let plain = plain || piece.is_ascii();
        if plain || may_end_a_sentence(piece) {
            let mut begun = Vec::new();
            let visit = |at| {
                if at > 0 {
                    begun.push(from + at);
                }
                from + at <= to
            };
            if plain {
                sentences::begins_in_ascii(piece, visit)
            } else {
                sentences::begins(piece, visit)
            }
            if let Some(at) = last_fit(begun, from, to, seen) {
                return at;
            }
        }
        to = from;
    }
    let from = after(&seen[..longest], PASSAGE_CHARS_MAX - PIECE, plain);
    last_between_words(seen, from, longest).unwrap_or_else(|| last_grapheme(seen, longest))
}

// Returns the last offset after `from` and up to `to` that is between two words, and between two graphemes.
fn last_between_words(seen: &str, from: usize, to: usize) -> Option<usize> {
    let near = last_behind_a_space(seen, from, to).unwrap_or(from);
    let begun = seen[near..].split_word_bound_indices().map(|(at, _)| near + at);
    last_fit(begun, from, to, seen)
}

// Returns the last offset after `from` and up to `to` of an ASCII character other than a space that follows a space.
// There is a boundary of words, and no rule for a later one looks back beyond it: nothing before has to be read.
fn last_behind_a_space(seen: &str, from: usize, to: usize) -> Option<usize> {
    let bytes = seen.as_bytes();
    let begins =
        |at: &usize| bytes[*at - 1] == b' ' && bytes.get(*at).is_some_and(|byte| byte.is_ascii() && *byte != b' ');
    (from + 1..=to).rev().find(begins)
}

// Returns the last of ascending offsets after `from` and up to `to` that is between two graphemes.
fn last_fit(places: impl IntoIterator<Item = usize>, from: usize, to: usize, seen: &str) -> Option<usize> {
    let places: Vec<usize> = places.into_iter().take_while(|&at| at <= to).filter(|&at| at > from).collect();
    places.into_iter().rev().find(|&at| is_between_graphemes(seen, at))
}

// A passage starts between two graphemes, so nothing before it matters.
fn is_between_graphemes(seen: &str, at: usize) -> bool {
    GraphemeCursor::new(at, seen.len(), true).is_boundary(seen, 0).unwrap_or(true)
}

// Returns the last grapheme boundary up to `longest`.
fn last_grapheme(seen: &str, longest: usize) -> usize {
    if is_between_graphemes(seen, longest) {
        return longest;
    }
    let before = GraphemeCursor::new(longest, seen.len(), true).prev_boundary(seen, 0);
    before.ok().flatten().filter(|&at| at > 0).unwrap_or(longest)
}

// Returns whether a sentence can end in a text, from the first bytes of its characters: no sentence ends within these
// letters, kana, ideographs, syllables of Hangul, Thai and emoji.
fn may_end_a_sentence(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |(at, &byte): (usize, &u8)| match byte {
        b'.' | b'?' | b'!' | b'\n' | b'\r' => true,
        // The Latin next-line character, and the Greek question mark.
        0xc2 | 0xcd => true,
        ..0xd4 | 0xe4..=0xe9 | 0xeb..=0xed => false,
        0xe0 => !matches!(bytes[at + 1], 0xb8 | 0xb9),
        0xe1 => !matches!(bytes[at + 1], 0x84..=0x87),
        // Dashes and quotes.
        0xe2 => bytes[at + 1] != 0x80 || !matches!(bytes[at + 2], 0x90..=0x9f),
        0xe3 => bytes[at + 1] == 0x80,
        0xf0 => bytes[at + 1] != 0x9f,
        _ => true,
    };
    bytes.iter().enumerate().any(ends)
}

// Returns the offset behind a number of characters, in bytes. A `plain` text is ASCII.
fn after(text: &str, characters: usize, plain: bool) -> usize {
    if plain {
        return characters.min(text.len());
    }
    match text.as_bytes().get(..characters) {
        None => text.len(),
        Some(head) if head.is_ascii() => characters,
        Some(_) => text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at),
    }
}

/// Returns the bounds without the white space at both ends.
pub(crate) fn trimmed(text: &str, (start, end): (usize, usize)) -> (usize, usize) {
    let piece = &text[start..end];
    let inner = piece.trim_start();
    let start = end - inner.len();
    (start, start + inner.trim_end().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // As `cut`, with all bounds of sentences and words as the library tells them.
    fn cut_in_full(seen: &str, longest: usize) -> usize {
        let from = |pieces| after(&seen[..longest], pieces * PIECE, false);
        let mut to = longest;
        for pieces in (0..PASSAGE_CHARS_MAX / PIECE).rev() {
            let (first, last) = (from(pieces), to + after(&seen[to..], AHEAD, false));
            let begun = seen[first..last].split_sentence_bound_indices().map(|(at, _)| first + at);
            if let Some(at) = last_fit(begun, first, to, seen) {
                return at;
            }
            to = first;
        }
        let first = from(PASSAGE_CHARS_MAX / PIECE - 1);
        let begun = seen[first..].split_word_bound_indices().map(|(at, _)| first + at);
        last_fit(begun, first, longest, seen).unwrap_or_else(|| last_grapheme(seen, longest))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn a_passage_ends_where_it_does_without_a_short_way(
            words in proptest::collection::vec(
                // Also signs of which the rules say more than of ASCII: no sentence begins with a small letter.
                (
                    "[a-zA-Z]{1,12}",
                    prop_oneof![9 => Just(" "), 1 => Just(". "), 1 => Just("? A"), 1 => Just(". é"), 1 => Just("。")],
                ),
                20..140,
            ),
            ahead in 0..80usize,
        ) {
            // Few have no sentence in their last piece, and some none at all.
            let words = words.iter().enumerate().map(|(at, (word, sign))| {
                format!("{word}{}", if at < ahead { *sign } else { " " })
            }).collect::<String>();
            let text = words.repeat(1 + PASSAGE_CHARS_MAX / words.chars().count());
            let longest = after(&text, PASSAGE_CHARS_MAX, false);
            let seen = &text[..longest + after(&text[longest..], AHEAD, false)];
            let end = cut_in_full(seen, longest);
            prop_assert_eq!(cut(seen, longest, false), end, "{:?}", seen);
            prop_assert!(!seen.is_ascii() || cut(seen, longest, true) == end, "{:?}", seen);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]
        #[test]
        fn the_last_bound_of_words_is_that_of_all_words(
            text in prop_oneof!["[ab1.,'_:\"-]{0,3}( {1,2}[ab1.,'_:\\r\\n\t\u{301}\u{200d}🇩🇪ア世-]{0,4}){0,12}", "\\PC{0,30}"],
            up_to in 0..60usize,
        ) {
            let to = (0..=up_to.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let all = text.split_word_bound_indices().map(|(at, _)| at);
            prop_assert_eq!(last_between_words(&text, 0, to), last_fit(all, 0, to, &text), "{:?} up to {}", text, to);
        }
    }
}
