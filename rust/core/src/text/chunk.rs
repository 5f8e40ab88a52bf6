//! The words of a chunk: letters beyond ASCII, identifiers, and runs joined by signs.
//!
//! Each run of letters, digits and marks is a word that *stands*: it has a position. What else can be searched for only
//! *counts* and has no position: the parts of a run (`getUserById`: get, user, by, id; `RTX4090`: rtx, 4090), and the
//! whole of runs that a sign binds (`USB-C`, `wait_for`, `1.0.21`, `AT&T`). An acronym with dots is one word; so are
//! `C++`, `C#` and `.NET`. An English contraction is split into the words it is made of.

use super::WORD_BYTES_MAX;
use super::class::{Class, belongs, class, is_ignorable};
use super::function::{denied, is_scrap};
use super::signs;
use super::words::{DIGIT, JOIN, LOWER, UPPER, WIDE, Word, char_at, kinds};
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// The longest run with letters beyond ASCII that is normalised, in bytes as given. Normal forms of four-byte letters
/// can be sixteen times shorter; a longer run would only cost time.
pub const RUN_BYTES_MAX: usize = 4096;

/// The most runs that are bound to a whole, and the most parts of a run: what has more is data and not a name.
const PIECES_MAX: usize = 8;
// The most runs that are looked at together.
const GROUP_MAX: usize = 4 * PIECES_MAX + 1;
// More changes between letters and digits than in a name: a hash has them.
const TURNS_MAX: usize = 3;
// A hyphen binds a run of at most so many letters to its neighbour: `wi-fi`, `x-ray`, `e-mail`, but not `well-known`.
const BOUND_CHARS: usize = 2;

/// Visits the words of a chunk, and returns how many were left out as too long. A question has only the pairs of signs
/// and not each sign of a stretch.
pub(super) fn words(chunk: &str, asked: bool, visit: &mut dyn FnMut(Word<'_>)) -> u32 {
    let mut group = Group { chunk, pieces: [(0, 0); GROUP_MAX], len: 0, too_long: 0 };
    let mut at = 0;
    while at < chunk.len() {
        let c = char_at(chunk, at);
        match class(c) {
            Class::Letter => {
                let end = piece_end(chunk, at);
                group.push(at, end, visit);
                at = end;
            }
            Class::Sign => {
                group.flush(visit);
                at = signs::pairs(chunk, at, asked, visit);
            }
            Class::Emoji => {
                group.flush(visit);
                at = signs::emoji(chunk, at, visit);
            }
            Class::Ignorable | Class::Break => at += c.len_utf8(),
        }
    }
    group.flush(visit);
    group.too_long
}

// Returns the offset at which a run of letters of spaced scripts ends, with the signs that belong to it.
fn piece_end(chunk: &str, from: usize) -> usize {
    let bytes = &chunk.as_bytes()[from..];
    let plain = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    // Nearly all runs are ASCII, and nothing behind them may belong to them.
    match bytes.get(plain) {
        None => return chunk.len(),
        Some(b'.') if plain > 1 => return from + plain,
        Some(byte) if byte.is_ascii() && !matches!(byte, b'.' | b'+' | b'#') => return from + plain,
        Some(_) => {}
    }
    let mut end = from;
    for (at, c) in chunk[from..].char_indices() {
        match class(c) {
            Class::Letter => end = from + at + c.len_utf8(),
            Class::Ignorable => {}
            _ => break,
        }
    }
    let rest = &chunk[end..];
    match () {
        () if rest == "++" || rest == "#" => chunk.len(),
        () if rest.starts_with('.') => acronym_end(chunk, from, end),
        () => end,
    }
}

// Returns the end of an acronym such as `U.S`: a few single letters with dots between them and nothing else at either
// end.
fn acronym_end(chunk: &str, from: usize, end: usize) -> usize {
    let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    let (bytes, mut at) = (chunk.as_bytes(), end);
    let begins = from == 0 || bytes[from - 1] != b'.';
    if end != from + 1 || !begins || !is_letter(bytes.get(from)) {
        return end;
    }
    while bytes.get(at) == Some(&b'.') && is_letter(bytes.get(at + 1)) {
        match bytes.get(at + 2) {
            Some(byte) if byte.is_ascii_alphanumeric() || !byte.is_ascii() => return end,
            _ => at += 2,
        }
        if at > from + 2 * PIECES_MAX {
            return end;
        }
    }
    at
}

// Neighbouring runs, with one sign or nothing between them.
struct Group<'a> {
    chunk: &'a str,
    pieces: [(usize, usize); GROUP_MAX],
    len: usize,
    too_long: u32,
}

impl<'a> Group<'a> {
    fn push(&mut self, start: usize, end: usize, visit: &mut dyn FnMut(Word<'_>)) {
        if let Some(&last) = self.pieces[..self.len].last() {
            let (before, between, this) =
                (&self.chunk[last.0..last.1], &self.chunk[last.1..start], &self.chunk[start..end]);
            if self.len == GROUP_MAX || !binds(before, between, this) {
                self.flush(visit);
            }
        }
        self.pieces[self.len] = (start, end);
        self.len += 1;
    }

    fn flush(&mut self, visit: &mut dyn FnMut(Word<'_>)) {
        let (mut last, mut is_whole) = (0, true);
        let pieces = &self.pieces[..self.len];
        for (place, &(start, end)) in pieces.iter().enumerate() {
            let piece = &self.chunk[start..end];
            let behind = |place: usize| {
                let &(next, end) = pieces.get(place)?;
                is_apostrophe(&self.chunk[pieces[place - 1].1..next]).then(|| &self.chunk[next..end])
            };
            if place > 0 && behind(place).is_some_and(|scrap| is_scrap(&scrap.to_ascii_lowercase())) {
                // The group still has a whole only if the scrap is its last piece.
                is_whole &= place + 1 == pieces.len();
                continue;
            }
            last = place;
            let denied = behind(place + 1).filter(|scrap| scrap.eq_ignore_ascii_case("t"));
            if let Some(verb) = denied.and_then(|_| denied_verb(piece)) {
                visit(Word { form: verb, stands: true, at: start });
                visit(Word { form: "not", stands: true, at: start });
                is_whole = false;
                continue;
            }
            self.too_long += run(piece, start == 1 && self.chunk.starts_with('.'), start, visit);
        }
        if is_whole && last > 0 && last < PIECES_MAX {
            let (start, end) = (pieces[0].0, pieces[last].1);
            whole(&self.chunk[start..end], start, visit);
        }
        self.len = 0;
    }
}

fn denied_verb(piece: &str) -> Option<&'static str> {
    denied(&piece.to_ascii_lowercase())
}

fn is_apostrophe(sign: &str) -> bool {
    matches!(sign, "'" | "’")
}

// Returns whether a sign binds two runs to a whole.
fn binds(before: &str, sign: &str, this: &str) -> bool {
    let digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    let numbers = digit(before.bytes().last()) && digit(this.bytes().next());
    let most = |chars: usize| [before, this].into_iter().all(|run| run.chars().nth(chars).is_none());
    match sign {
        "_" | "'" | "’" => true,
        "-" | "‐" | "‑" => {
            let bound =
                |run: &str| run.chars().nth(BOUND_CHARS).is_none() || run.bytes().any(|byte| byte.is_ascii_digit());
            bound(before) || bound(this)
        }
        "." | ":" => numbers,
        "/" => numbers || most(2),
        "&" => most(3),
        _ => false,
    }
}

// Visits a run of letters, and its parts.
fn run(piece: &str, dotted: bool, at: usize, visit: &mut dyn FnMut(Word<'_>)) -> u32 {
    let kinds = kinds(piece);
    if kinds & WIDE != 0 {
        return wide(piece, at, visit);
    }
    if piece.len() > WORD_BYTES_MAX {
        return 1;
    }
    let mut word = if kinds & UPPER == 0 { Cow::Borrowed(piece) } else { Cow::Owned(piece.to_ascii_lowercase()) };
    if dotted {
        // `.NET`, and the word without its dot.
        visit(Word { form: &format!(".{word}"), stands: true, at: at - 1 });
        visit(Word { form: &word, stands: false, at });
        return 0;
    }
    if kinds & JOIN != 0 {
        // The dots of an acronym are the only such signs in a run.
        word.to_mut().push('.');
    }
    visit(Word { form: &word, stands: true, at });
    if matches!(kinds, LOWER | UPPER | DIGIT) {
        return 0;
    }
    let mut parts = [0; PIECES_MAX];
    let count = turns(piece.as_bytes(), &mut parts);
    for (place, &start) in parts[..count].iter().enumerate() {
        let end = if place + 1 < count { parts[place + 1] } else { piece.len() };
        visit(Word { form: &word[start..end], stands: false, at });
    }
    0
}

// Finds the offsets at which the parts of an identifier start. Returns their number; 0 if it has only one part, or
// looks like data.
fn turns(run: &[u8], parts: &mut [usize; PIECES_MAX]) -> usize {
    let (mut count, mut between_digits) = (1, 0);
    for at in 1..run.len() {
        let (before, this) = (run[at - 1], run[at]);
        let ends = |tails: &[&[u8]]| tails.iter().any(|tail| run[at..].eq_ignore_ascii_case(tail));
        let turn = match (before, this) {
            // `1990s`, `19th`.
            (b'0'..=b'9', b'A'..=b'Z' | b'a'..=b'z') => !ends(&[b"s", b"st", b"nd", b"rd", b"th"]),
            (b'A'..=b'Z' | b'a'..=b'z', b'0'..=b'9') => true,
            (b'a'..=b'z', b'A'..=b'Z') => true,
            // `HTTPResponse` is http, response; `URLs` is one.
            (b'A'..=b'Z', b'A'..=b'Z') => {
                run.get(at + 1).is_some_and(u8::is_ascii_lowercase) && !run[at + 1..].eq(b"s")
            }
            _ => false,
        };
        if !turn {
            continue;
        }
        between_digits += usize::from(before.is_ascii_digit() || this.is_ascii_digit());
        if count == PIECES_MAX || between_digits > TURNS_MAX {
            return 0;
        }
        parts[count] = at;
        count += 1;
    }
    if count == 1 { 0 } else { count }
}

// Visits the whole of several runs, and the number in it: `v1.0.21` can be searched for as 1.0.21 too.
fn whole(runs: &str, at: usize, visit: &mut dyn FnMut(Word<'_>)) {
    if runs.len() > RUN_BYTES_MAX {
        return;
    }
    let form = match runs.is_ascii() {
        true if kinds(runs) & UPPER == 0 => Cow::Borrowed(runs),
        true => Cow::Owned(runs.to_ascii_lowercase()),
        false => Cow::Owned(normal(runs).replace('’', "'").replace(['‐', '‑'], "-")),
    };
    if form.len() > WORD_BYTES_MAX || !form.chars().all(|c| c.is_ascii_punctuation() || belongs(c)) {
        return;
    }
    visit(Word { form: &form, stands: false, at });
    let letters = form.bytes().take_while(u8::is_ascii_alphabetic).count();
    let number = &form[letters..];
    if letters > 0 && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        visit(Word { form: number, stands: false, at });
    }
}

// Visits the words of a run that is not all ASCII: usually one. Normalising can split a run (a fraction becomes digits
// around a slash, an Arabic ligature a sentence), so it is split into words again. A run of marks alone is not a word.
fn wide(run: &str, at: usize, visit: &mut dyn FnMut(Word<'_>)) -> u32 {
    if run.len() > RUN_BYTES_MAX {
        return 1;
    }
    let mut too_long = 0;
    for word in normal(run).split(|c| !belongs(c)).filter(|word| word.contains(char::is_alphanumeric)) {
        if word.len() > WORD_BYTES_MAX {
            too_long += 1;
        } else {
            visit(Word { form: word, stands: true, at });
        }
    }
    too_long
}

/// Returns the compatibility form in lower case, without invisible characters. Lower case can undo the normal form, so
/// that is made twice.
pub(super) fn normal(run: &str) -> String {
    if run.is_ascii() {
        return run.to_ascii_lowercase();
    }
    let lower = run.chars().filter(|&c| !is_ignorable(c)).nfkc().collect::<String>().to_lowercase();
    lower.nfkc().collect()
}
