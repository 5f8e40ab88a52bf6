//! Scripts without spaces, and emoji.
//!
//! Where no space separates words, each two neighbouring signs are a word, so that the pairs of any question are among
//! them. A sign is a letter with its marks. A document also has every single sign of a stretch, so that a question for
//! one sign finds it. A sign without neighbours is a word of its own.

use super::class::{Class, belongs, class};
use super::words::{Word, char_at};
use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

// The most characters in one sign, including marks; more are skipped.
const MARKS_MAX: usize = 8;

/// Visits the pairs of a stretch of signs, and returns the offset of its end.
pub(super) fn pairs(chunk: &str, from: usize, asked: bool, visit: &mut dyn FnMut(Word<'_>)) -> usize {
    let mut pair = Pair { signs: String::new(), last: 0, at: from, count: 0, asked };
    let mut at = from;
    while at < chunk.len() {
        let c = char_at(chunk, at);
        let after = at + c.len_utf8();
        // Nearly always a letter is a sign by itself, and no table is needed.
        if is_plain(c) && (after == chunk.len() || is_plain(char_at(chunk, after))) {
            pair.push(std::iter::once(c), at, visit);
            at = after;
            continue;
        }
        match class(c) {
            Class::Sign => at = one(chunk, at, &mut pair, visit),
            Class::Ignorable => at = after,
            _ => break,
        }
    }
    pair.finish(visit);
    at
}

// Returns whether a letter is in normal form and changes no other: most of Han, kana and Thai.
fn is_plain(c: char) -> bool {
    matches!(c,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'
        | '\u{e01}'..='\u{e30}' | '\u{e32}' | '\u{e40}'..='\u{e46}')
}

// Visits one letter with the marks that follow it, normalised on its own. Returns the offset of its end.
fn one(chunk: &str, from: usize, pair: &mut Pair, visit: &mut dyn FnMut(Word<'_>)) -> usize {
    let mut sign = ['\0'; MARKS_MAX];
    let (mut count, mut end) = (0, from);
    for c in chunk[from..].chars() {
        let goes_on = || is_combining_mark(c) || is_nfkc_quick(std::iter::once(c)) != IsNormalized::Yes;
        match class(c) {
            Class::Ignorable => {}
            Class::Sign if count == 0 || goes_on() => {
                if count < MARKS_MAX {
                    sign[count] = c;
                    count += 1;
                }
            }
            _ => break,
        }
        end += c.len_utf8();
    }
    let sign = sign[..count].iter().copied();
    // Marks that are in normal form one by one may be out of order together.
    if is_nfkc_quick(sign.clone()) == IsNormalized::Yes {
        pair.push(sign, from, visit);
    } else {
        // A normal form may have several signs.
        let normal: Vec<char> = sign.nfkc().filter(|&c| belongs(c)).collect();
        for sign in normal.chunk_by(|_, next| is_combining_mark(*next)) {
            pair.push(sign.iter().copied(), from, visit);
        }
    }
    end
}

// The last two signs of a stretch.
struct Pair {
    signs: String,
    // The offset in `signs` of the later one.
    last: usize,
    // The offset in the chunk of the later one.
    at: usize,
    count: u32,
    asked: bool,
}

impl Pair {
    fn push(&mut self, sign: impl Iterator<Item = char>, at: usize, visit: &mut dyn FnMut(Word<'_>)) {
        self.signs.drain(..self.last);
        self.last = self.signs.len();
        self.signs.extend(sign);
        self.count += 1;
        if self.count > 1 {
            visit(Word { form: &self.signs, stands: true, at: self.at });
            if !self.asked {
                visit(Word { form: &self.signs[..self.last], stands: false, at: self.at });
            }
        }
        self.at = at;
    }

    fn finish(self, visit: &mut dyn FnMut(Word<'_>)) {
        let sign = &self.signs[self.last..];
        if self.count == 1 || (self.count > 1 && !self.asked) {
            visit(Word { form: sign, stands: self.count == 1, at: self.at });
        }
    }
}

/// Visits the emoji at an offset of a chunk, and returns the offset of its end. The two letters of a flag are one
/// emoji.
pub(super) fn emoji(chunk: &str, at: usize, visit: &mut dyn FnMut(Word<'_>)) -> usize {
    let is_flag = |c: char| matches!(c, '\u{1f1e6}'..='\u{1f1ff}');
    let first = char_at(chunk, at);
    let mut end = at + first.len_utf8();
    if is_flag(first) && is_flag(char_at(chunk, end)) {
        end += first.len_utf8();
    }
    visit(Word { form: &chunk[at..end], stands: true, at });
    end
}
