//! From a word form to its term: what people type in more than one way is one term.
//!
//! A form keeps how a word is written, in lower case; its term loses the accents and vowel points, the hyphens and
//! underscores between its parts (but between digits), the apostrophes and an acronym's dots, and takes the English stem of
//! what is left.

use super::function::is_function_word;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a term may do.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum Role {
    /// It is a word like any other.
    #[default]
    Word,
    /// It is a function word: it has no place in a text, weighs little in a question and is no concept.
    Function,
}

/// The role of a term, which its stem alone decides.
pub fn role_of(stem: &str) -> Role {
    if is_function_word(stem) { Role::Function } else { Role::Word }
}

/// The term of a form. The stemmer takes lower-cased words and leaves those alone that it cannot shorten. No form may lose
/// its term, and none becomes a function word that is not one: `cans` are no `can`.
pub(super) fn stem_of(form: &str) -> Cow<'_, str> {
    let folded = fold(form);
    if is_function_word(&folded) || folded.bytes().any(|byte| byte.is_ascii_punctuation()) {
        return folded;
    }
    let stem = frostem::Stemmer::new(frostem::Algorithm::English).stem(&folded);
    if stem.is_empty() || is_function_word(&stem) || *stem == *folded {
        return folded;
    }
    Cow::Owned(stem.into_owned())
}

fn fold(form: &str) -> Cow<'_, str> {
    if form.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Cow::Borrowed(form);
    }
    let mut bare = String::with_capacity(form.len());
    if form.is_ascii() {
        bare.push_str(form);
    } else {
        // Decomposed, so that marks stand by themselves; composed again, for Hangul and the marks that stay.
        for c in form.nfkd().filter(|&c| !is_dropped(c)) {
            match plain(c) {
                Some(letters) => bare.push_str(letters),
                None => bare.extend(c.to_lowercase()),
            }
        }
        // Nothing but marks is left of no word.
        if bare.chars().all(is_combining_mark) {
            return Cow::Borrowed(form);
        }
        bare = bare.nfc().collect();
    }
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = bare.as_bytes();
    let is_sign = |at: usize| {
        let between = |is: fn(&u8) -> bool| at > 0 && is(&bytes[at - 1]) && bytes.get(at + 1).is_none_or(is);
        match bytes[at] {
            b'-' | b'_' | b'\'' => !(at > 0 && digit(bytes.get(at - 1)) && digit(bytes.get(at + 1))),
            b'.' => between(u8::is_ascii_alphabetic),
            _ => false,
        }
    };
    if (0..bytes.len()).any(is_sign) {
        let kept = bare.char_indices().filter(|&(at, _)| !is_sign(at)).map(|(_, c)| c);
        bare = kept.collect();
    }
    if bare.is_empty() { Cow::Borrowed(form) } else { Cow::Owned(bare) }
}

// Marks that change how a letter is spoken and not which word it is, in scripts whose readers leave them out: the accents
// of Latin, Greek and Cyrillic, the points of Hebrew and the vowels of Arabic, with its tatweel. The vowel signs of Indic
// and Thai scripts and the voicing of kana are not among them.
fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c5}'
        | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{6df}'..='\u{6e4}' | '\u{6e7}'..='\u{6e8}' | '\u{6ea}'..='\u{6ed}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

// Letters that no normal form takes apart, in lower case, as they are written without them.
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
