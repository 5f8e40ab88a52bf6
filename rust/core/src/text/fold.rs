//! From a word form to its term: spellings that people use for one word become one term.
//!
//! A form keeps how a word is written, in lower case. Its term loses accents and vowel points, hyphens and underscores
//! between its parts (except between digits), apostrophes and an acronym's dots, and is then reduced to its English
//! stem.

use super::function::is_function_word;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a term may do.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub enum Role {
    /// It is a word like any other.
    #[default]
    Word,
    /// A function word: it has no position in a text, weighs little in a question and is no concept.
    Function,
}

/// Returns the role of a term, which depends on its stem alone.
pub fn role_of(stem: &str) -> Role {
    if is_function_word(stem) { Role::Function } else { Role::Word }
}

/// Returns the role of a form's term, which stemming does not change.
pub(super) fn role_of_form(form: &str) -> Role {
    role_of(&fold(form))
}

/// Returns the term of a form. The stemmer takes lower-cased words and leaves alone those it cannot shorten. Every form
/// has a term, and no other word becomes a function word: `cans` does not become `can`.
pub(crate) fn stem_of(form: &str) -> Cow<'_, str> {
    stem_of_folded(fold(form))
}

/// Returns the term of a form without accents and inner signs.
pub(super) fn stem_of_folded(folded: Cow<'_, str>) -> Cow<'_, str> {
    if !ends_as_a_suffix(&folded) || folded.bytes().any(|byte| byte.is_ascii_punctuation()) || is_function_word(&folded)
    {
        return folded;
    }
    let stem = frostem::Stemmer::new(frostem::Algorithm::English).stem(&folded);
    if stem.is_empty() || is_function_word(&stem) || *stem == *folded {
        return folded;
    }
    Cow::Owned(stem.into_owned())
}

// Returns whether a word ends in letters in which a suffix ends that the stemmer knows. Others have none, and it takes a
// while to find that out.
fn ends_as_a_suffix(word: &str) -> bool {
    match word.as_bytes() {
        [.., b'e' | b's' | b'y'] => true,
        [.., before, last] => matches!(
            [*before, *last],
            [b'i', b'c']
                | [b'e', b'd']
                | [b'n', b'g']
                | [b'c' | b'g' | b'l' | b't', b'i']
                | [b'a' | b'l' | b'u', b'l']
                | [b's', b'm']
                | [b'o', b'n']
                | [b'e' | b'o', b'r']
                | [b'n' | b's', b't']
        ),
        _ => false,
    }
}

/// Returns a form without accents and inner signs.
pub(super) fn fold(form: &str) -> Cow<'_, str> {
    if form.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Cow::Borrowed(form);
    }
    let bare = match form.is_ascii() {
        true => Cow::Borrowed(form),
        false => match without_accents(form) {
            Some(bare) => Cow::Owned(bare),
            None => return Cow::Borrowed(form),
        },
    };
    let bytes = bare.as_bytes();
    let Some(first) = (0..bytes.len()).find(|&at| is_inner_sign(bytes, at)) else { return bare };
    let mut kept = String::with_capacity(bare.len());
    kept.push_str(&bare[..first]);
    kept.extend(bare[first..].char_indices().filter(|(at, _)| !is_inner_sign(bytes, first + at)).map(|(_, c)| c));
    if kept.is_empty() { Cow::Borrowed(form) } else { Cow::Owned(kept) }
}

// Returns a form without accents, or `None` for one of nothing but marks, which is kept as it is. It is decomposed, so
// that marks are separate characters, and composed again afterwards, for Hangul and the marks that are kept.
fn without_accents(form: &str) -> Option<String> {
    let mut bare = String::with_capacity(form.len());
    for c in form.nfkd().filter(|&c| !is_dropped(c)) {
        match plain(c) {
            Some(letters) => bare.push_str(letters),
            None => bare.extend(c.to_lowercase()),
        }
    }
    (!bare.chars().all(is_combining_mark)).then(|| bare.nfc().collect())
}

// Returns whether a byte is a sign inside a word that its term does not have.
fn is_inner_sign(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| &bytes[before]);
    let behind = bytes.get(at + 1);
    match bytes[at] {
        b'-' | b'_' | b'\'' => !(before.is_some_and(u8::is_ascii_digit) && behind.is_some_and(u8::is_ascii_digit)),
        b'.' => before.is_some_and(u8::is_ascii_alphabetic) && behind.is_none_or(u8::is_ascii_alphabetic),
        _ => false,
    }
}

// Returns whether a mark is dropped: one that changes how a letter is spoken and not which word it is, in scripts whose
// readers leave such marks out. These are the accents of Latin, Greek and Cyrillic, the points of Hebrew and the vowels
// of Arabic, with its tatweel. The vowel signs of Indic and Thai scripts and the voicing of kana are kept.
fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c5}'
        | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{6df}'..='\u{6e4}' | '\u{6e7}'..='\u{6e8}' | '\u{6ea}'..='\u{6ed}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

// Returns the plain spelling of a lower-case letter that no normal form decomposes.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' | 'ẞ' => "ss",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'ø' | 'Ø' => "o",
        'ł' | 'Ł' => "l",
        'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'þ' | 'Þ' => "th",
        'ħ' | 'Ħ' => "h",
        'ŧ' | 'Ŧ' => "t",
        'ı' => "i",
        'ς' => "σ",
        '’' => "'",
        '‐' => "-",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;
    use proptest::string::string_regex;

    const FUNCTIONS: &[&str] =
        &["the", "and", "can", "be", "do", "we", "it", "not", "his", "more", "during", "themselves"];

    // The suffixes of Snowball English.
    const SUFFIXES: &str = "sses|ied|ies|s|eed|eedly|ed|edly|ing|ingly|y|tional|enci|anci|abli|entli|izer|ization\
        |ational|ation|ator|alism|aliti|alli|fulness|ousli|ousness|iveness|iviti|biliti|bli|ogi|ogist|fulli|lessli|li|alize\
        |icate|iciti|ical|ful|ness|ative|al|ance|ence|er|ic|able|ible|ant|ement|ment|ent|ism|ate|iti|ous|ive|ize|ion|e|l";

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn the_stemmer_leaves_words_alone_that_end_as_no_suffix(
            word in string_regex(
                &format!("[a-z0-9é]{{0,6}}({SUFFIXES}|skis|[a-z]{{0,2}}){{1,3}}([a-z0-9éя]|[a-z]{{2}}|{SUFFIXES})")
            ).unwrap()
        ) {
            let stem = frostem::Stemmer::new(frostem::Algorithm::English).stem(&word);
            prop_assert!(ends_as_a_suffix(&word) || *stem == *word, "{word} becomes {stem}");
        }

        #[test]
        fn the_role_of_a_form_is_that_of_its_term(
            before in "[a-zé_'.-]{0,3}",
            word in select(FUNCTIONS),
            after in string_regex(&format!("({SUFFIXES}|[a-z\u{300}.'-]{{0,2}}){{0,2}}")).unwrap(),
        ) {
            let form = format!("{before}{word}{after}");
            prop_assert_eq!(role_of_form(&form), role_of(&stem_of(&form)), "{}", form);
        }
    }
}
