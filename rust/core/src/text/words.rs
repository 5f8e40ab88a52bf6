//! Where words may be: one pass over a text that looks closely only where necessary.

use super::class::{Class, class};
use super::masks::Masks;

/// The longest word that is indexed, in bytes after normalisation. Nobody searches for longer ones (base64, joined
/// hashes).
pub const WORD_BYTES_MAX: usize = 256;

/// A word of a chunk.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Word<'a> {
    /// Its form.
    pub(super) form: &'a str,
    /// Whether it has a position of its own, or only counts.
    pub(super) stands: bool,
    /// The offset in the chunk at which its run starts, in bytes.
    pub(super) at: usize,
}

/// A part of a text with words in it, with the offsets of its start and end, in bytes.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Run {
    /// ASCII letters of one case, except the first, or digits: one word as it is. By far the most frequent.
    Plain(usize, usize),
    /// Anything else: words beyond ASCII, identifiers, runs joined by signs.
    Chunk(usize, usize),
}

pub(super) const LOWER: u8 = 1;
pub(super) const UPPER: u8 = 2;
pub(super) const DIGIT: u8 = 4;
pub(super) const WIDE: u8 = 8;
// Signs that may be inside a word.
pub(super) const JOIN: u8 = 16;
// Signs that may end one.
const TAIL: u8 = 32;
const ALNUM: u8 = LOWER | UPPER | DIGIT;

const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b'-' | b'_' | b'.' | b'\'' | b'&' | b'/' | b':' => JOIN,
            b'+' | b'#' => TAIL,
            128.. => WIDE,
            _ => 0,
        };
        byte += 1;
    }
    class
};

/// The runs of a text, in order.
pub(super) struct Runs<'a> {
    text: &'a str,
    masks: Masks<'a>,
    at: usize,
}

/// Returns the runs of a text.
pub(super) fn runs(text: &str) -> Runs<'_> {
    Runs { text, masks: Masks::of(text.as_bytes()), at: 0 }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    #[inline(always)]
    fn next(&mut self) -> Option<Run> {
        let (text, bytes) = (self.text, self.text.as_bytes());
        loop {
            let start = self.masks.next(self.at)?;
            if bytes[start] >= 0x80 {
                let c = char_at(text, start);
                if let Class::Break | Class::Ignorable = class(c) {
                    self.at = start + c.len_utf8();
                    continue;
                }
                self.at = chunk_end(text, start);
                return Some(Run::Chunk(start, self.at));
            }
            let (end, is_lower) = self.masks.run(start);
            let is_mixed = !is_lower && is_mixed(&bytes[start..end]);
            let goes_on = end < bytes.len() && CLASS[bytes[end] as usize] & (WIDE | JOIN | TAIL) != 0;
            let dotted = start > 0 && bytes[start - 1] == b'.' && end > start + 1 && is_leading_dot(bytes, start - 1);
            self.at = if goes_on { chunk_end(text, end) } else { end };
            return Some(match is_mixed || dotted || self.at > end {
                true => Run::Chunk(start - usize::from(dotted), self.at),
                false => Run::Plain(start, self.at),
            });
        }
    }
}

/// Returns the kinds of a text's bytes together, a bit each.
pub(super) fn kinds(text: &str) -> u8 {
    text.bytes().fold(0, |kinds, byte| kinds | CLASS[byte as usize])
}

// Returns whether ASCII letters and digits are neither all digits, nor letters of one case except the first.
fn is_mixed(run: &[u8]) -> bool {
    let first = CLASS[run[0] as usize];
    let rest = run[1..].iter().fold(0, |rest, &byte| rest | CLASS[byte as usize]);
    match first | rest {
        LOWER | UPPER | DIGIT => false,
        both if both == LOWER | UPPER => rest & UPPER != 0,
        _ => true,
    }
}

/// Returns the character that begins at an offset; a zero at the end.
pub(super) fn char_at(text: &str, at: usize) -> char {
    text[at..].chars().next().unwrap_or('\0')
}

// Returns whether a dot begins a word as in `.NET`, and does not belong to a sentence or a number.
fn is_leading_dot(bytes: &[u8], dot: usize) -> bool {
    let opens = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'(' | b'[' | b'"' | b'\'' | b'`');
    bytes[dot + 1].is_ascii_alphabetic() && (dot == 0 || opens(bytes[dot - 1]))
}

fn is_word(c: char) -> bool {
    matches!(class(c), Class::Letter | Class::Sign)
}

// Returns the end of a chunk that continues at `from`, behind one of its characters.
fn chunk_end(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    // Ignorable characters at the end are left out.
    let (mut at, mut end) = (from, from);
    while at < bytes.len() {
        let kind = CLASS[bytes[at] as usize];
        if kind & ALNUM != 0 {
            at += 1;
            end = at;
            continue;
        }
        if kind & TAIL != 0 {
            return if end == at { tail_end(bytes, at) } else { end };
        }
        let c = if kind == WIDE { char_at(text, at) } else { bytes[at] as char };
        let after = at + c.len_utf8();
        let is_joint = kind == JOIN || matches!(c, '’' | '‐' | '‑');
        match if kind == WIDE { class(c) } else { Class::Break } {
            Class::Break if is_joint && end == at && after < bytes.len() && is_word(char_at(text, after)) => at = after,
            Class::Break => return end,
            Class::Ignorable => at = after,
            _ => {
                at = after;
                end = after;
            }
        }
    }
    end
}

// Returns the end of a word such as `C++` and `C#`: letters, then one of these, then no word.
fn tail_end(bytes: &[u8], at: usize) -> usize {
    let (end, more) = match &bytes[at..] {
        // `C++17` is C++.
        [b'+', b'+', ..] => (at + 2, LOWER | UPPER | WIDE | TAIL),
        [b'#', ..] => (at + 1, ALNUM | WIDE | TAIL),
        _ => return at,
    };
    let is_over = bytes.get(end).is_none_or(|&byte| CLASS[byte as usize] & more == 0);
    if is_over && at > 0 && bytes[at - 1].is_ascii_alphabetic() { end } else { at }
}
