//! What the analyser takes a character for.

use unicode_normalization::char::is_combining_mark;
use unicode_properties::UnicodeEmoji;

/// The class of a character.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Class {
    /// A letter, digit or mark of a script with spaces between words.
    Letter,
    /// A letter, digit or mark of a script without spaces between words.
    Sign,
    /// An emoji.
    Emoji,
    /// An invisible character: it is skipped inside a word.
    Ignorable,
    /// Anything else: it ends a word.
    Break,
}

/// Returns the class of a character.
pub(super) fn class(c: char) -> Class {
    match c {
        '\0'..='\x7f' if c.is_ascii_alphanumeric() => Class::Letter,
        '\0'..='\x7f' => Class::Break,
        // Most of Thai, Chinese and Japanese, without a table.
        '\u{e01}'..='\u{e3a}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' => Class::Sign,
        _ if is_ignorable(c) => Class::Ignorable,
        _ if belongs(c) => {
            if is_unspaced(c) {
                Class::Sign
            } else {
                Class::Letter
            }
        }
        // Below are text signs such as (c) and (tm), which also have an emoji form.
        '\u{2190}'.. if c.is_emoji_char() => Class::Emoji,
        _ => Class::Break,
    }
}

/// Returns whether a character belongs to words.
pub(super) fn belongs(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Returns whether a character is in Unicode's Default_Ignorable_Code_Point, except the zero width space, which
/// separates words, or is a skin tone of emoji, by which no two emoji differ.
pub(super) fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns whether a character is a word by itself, as an emoji is.
pub(crate) fn is_emoji(c: char) -> bool {
    class(c) == Class::Emoji
}

// Returns whether a character belongs to a script that is written without spaces between words: Thai, Lao, Myanmar,
// Khmer, the Tai scripts, Balinese and Javanese; kana, Bopomofo and Han.
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{1950}'..='\u{19ff}'
        | '\u{1a20}'..='\u{1aaf}' | '\u{1b00}'..='\u{1b7f}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{312f}'
        | '\u{31a0}'..='\u{31ff}' | '\u{3400}'..='\u{9fff}' | '\u{a980}'..='\u{a9ff}' | '\u{aa60}'..='\u{aadf}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{1aff0}'..='\u{1b16f}' | '\u{20000}'..='\u{3fffd}')
}
