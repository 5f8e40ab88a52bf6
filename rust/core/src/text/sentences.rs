//! Where sentences begin: Unicode Standard Annex 29, section 5. Texts of ASCII, which are most, take a short way to the
//! same places: there the rules speak of a few signs only.

use unicode_segmentation::UnicodeSegmentation;

/// Visits the offsets at which the sentences of a text begin, in order, as long as it returns true. The first is 0.
pub(super) fn begins(text: &str, visit: impl FnMut(usize) -> bool) {
    if text.is_ascii() {
        return begins_in_ascii(text, visit);
    }
    let mut begins = text.split_sentence_bound_indices().map(|(at, _)| at);
    begins.all(visit);
}

/// Does what [`begins`] does, for a text that is known to be ASCII.
pub(super) fn begins_in_ascii(text: &str, mut visit: impl FnMut(usize) -> bool) {
    let bytes = text.as_bytes();
    if bytes.is_empty() || !visit(0) {
        return;
    }
    let mut at = 0;
    while let Some(sign) = next_sign(bytes, at) {
        let (end, is_bound) = behind(bytes, sign);
        at = end;
        if at == bytes.len() || is_bound && !visit(at) {
            return;
        }
    }
}

// Returns the offset of the first sign from `at` on that may end a sentence. Most bytes are none, so that some are looked
// at together.
fn next_sign(bytes: &[u8], at: usize) -> Option<usize> {
    let is_sign = |byte: &u8| matches!(byte, b'.' | b'?' | b'!' | b'\n' | b'\r');
    let (blocks, _) = bytes[at..].as_chunks::<16>();
    let without = blocks.iter().take_while(|block| !block.iter().fold(false, |any, byte| any | is_sign(byte)));
    let from = at + 16 * without.count();
    bytes[from..].iter().position(is_sign).map(|found| from + found)
}

// Returns the offset behind a sign that may end a sentence and what belongs to it, and whether a sentence begins there.
// The names are those of the rules.
fn behind(bytes: &[u8], sign: usize) -> (usize, bool) {
    if !matches!(bytes[sign], b'.' | b'?' | b'!') {
        return (behind_line(bytes, sign), true);
    }
    let skip = |from: usize, is: fn(&u8) -> bool| from + bytes[from..].iter().take_while(|byte| is(byte)).count();
    let next = sign + 1;
    if bytes[sign] == b'.' {
        match bytes.get(next) {
            // SB6.
            Some(b'0'..=b'9') => return (next, false),
            // SB7.
            Some(b'A'..=b'Z') if sign > 0 && bytes[sign - 1].is_ascii_alphabetic() => return (next, false),
            _ => {}
        }
    }
    let closed = skip(next, is_close);
    let spaced = skip(closed, is_space);
    if bytes[sign] == b'.' {
        // SB8.
        let ends_search = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'\r' | b'\n' | b'.' | b'?' | b'!');
        let first = bytes[spaced..].iter().find(|byte| ends_search(byte));
        if first.is_some_and(u8::is_ascii_lowercase) {
            return (spaced, false);
        }
    }
    match bytes.get(spaced) {
        // SB8a. What follows may end a sentence itself.
        Some(b',' | b'-' | b':' | b';' | b'.' | b'?' | b'!') => (spaced, false),
        // SB9 to SB11.
        Some(b'\r' | b'\n') => (behind_line(bytes, spaced), true),
        _ => (spaced, true),
    }
}

// SB3 and SB4.
fn behind_line(bytes: &[u8], at: usize) -> usize {
    at + if bytes[at..].starts_with(b"\r\n") { 2 } else { 1 }
}

fn is_close(byte: &u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'(' | b')' | b'[' | b']' | b'{' | b'}')
}

fn is_space(byte: &u8) -> bool {
    matches!(byte, b'\t' | b'\x0b' | b'\x0c' | b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn sentences_of_ascii_begin_where_the_annex_says(
            text in prop_oneof![
                "[\\x00-\\x7f]{0,40}",
                "[ab AB12.?!,;:'\")(\\-\\r\\n\\t\\x0b]{0,30}",
                "([a-z]{1,5}[ ]|[A-Z][a-z]{0,3}[.] ?|[0-9]{1,2}[.]?|[.!?]{1,3}[)\"]? {0,2}|\\r?\\n){0,12}",
            ],
            most in 0..9usize,
        ) {
            let expected: Vec<usize> = text.split_sentence_bound_indices().map(|(at, _)| at).take(most + 1).collect();
            let mut found = Vec::new();
            begins(&text, |at| {
                found.push(at);
                found.len() <= most
            });
            prop_assert_eq!(found, expected, "{:?}", text);
        }
    }
}
