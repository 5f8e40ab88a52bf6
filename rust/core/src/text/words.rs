//! What a word is.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// The longest word that is indexed, in bytes after normalisation. What is longer (base64, hashes glued
/// together, scripts without spaces) is no word of anybody's query.
pub const WORD_BYTES_MAX: usize = 256;

/// The longest run with letters beyond ASCII that is normalised at all, in bytes as given. Normal forms of
/// four-byte letters can be sixteen times shorter; a longer run only costs.
pub const RUN_BYTES_MAX: usize = 4096;

/// A maximal run of letters, digits and marks, as it stands in the text.
pub(super) enum Run<'a> {
    /// Where a run of ASCII letters and digits starts and ends, in bytes. By far the most.
    Ascii(usize, usize),
    /// A run with something else in it.
    Wide(&'a str),
}

const BREAK: u8 = 0;
const WORD: u8 = 1;
const WIDE: u8 = 2;

const CLASS: [u8; 256] = {
    let mut class = [BREAK; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_alphanumeric() {
            class[byte] = WORD;
        } else if byte >= 128 {
            class[byte] = WIDE;
        }
        byte += 1;
    }
    class
};

fn belongs(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Visit the runs of a text, in order.
pub(super) fn runs<'a>(text: &'a str, mut visit: impl FnMut(Run<'a>)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match CLASS[bytes[at] as usize] {
            BREAK => at += 1,
            WORD => {
                let start = at;
                at += 1;
                while at < bytes.len() && CLASS[bytes[at] as usize] == WORD {
                    at += 1;
                }
                if at < bytes.len() && CLASS[bytes[at] as usize] == WIDE {
                    let end = wide_end(text, at);
                    if end > at {
                        at = end;
                        visit(Run::Wide(&text[start..at]));
                        continue;
                    }
                }
                visit(Run::Ascii(start, at));
            }
            _ => {
                let end = wide_end(text, at);
                if end > at {
                    visit(Run::Wide(&text[at..end]));
                    at = end;
                } else {
                    at += text[at..].chars().next().map_or(1, char::len_utf8);
                }
            }
        }
    }
}

// The end of the run that goes on at `from`: `from` itself where its character belongs to no word.
fn wide_end(text: &str, from: usize) -> usize {
    let rest = &text[from..];
    from + rest.find(|c| !belongs(c)).unwrap_or(rest.len())
}

/// Visit the words of a run that is not all ASCII: usually one.
///
/// Normalising can take a run apart (a fraction becomes digits around a slash, a parenthesised digit gets its
/// parentheses), so it is split again by the same rule. Lower case can undo the normal form, so that is made
/// twice. A run of marks alone (the variation selector after an emoji) is not a word.
///
/// Scripts without spaces run on for whole sentences. What is a word there is told by Unicode Standard Annex 29, which
/// without a dictionary means each Han and Hiragana sign, each run of Katakana, each cluster of Thai, Lao, Khmer and
/// Myanmar. In scripts with spaces it finds nothing more to part.
pub(super) fn wide_words(run: &str, mut visit: impl FnMut(&str)) {
    if run.len() > RUN_BYTES_MAX {
        return;
    }
    let lower = run.nfkc().collect::<String>().to_lowercase();
    let normal: String = lower.nfkc().collect();
    for word in normal.split(|c| !belongs(c)).flat_map(str::split_word_bounds) {
        if word.len() <= WORD_BYTES_MAX && word.contains(char::is_alphanumeric) {
            visit(word);
        }
    }
}
