//! Who says a text: transcripts begin each turn with a name and a colon.

use crate::documents::Document;
use crate::query::marks::Marks;
use crate::text::is_function_word;

// The longest name, in words and in bytes.
const NAME_WORDS_MAX: usize = 3;
const NAME_BYTES_MAX: usize = 60;

/// Returns whether a question names who says a document ("Ann: ..."), by any word of the name that is no function word.
/// Its words must be marked.
pub fn is_named(document: &Document, words: &Marks) -> bool {
    let Some(name) = name(&document.body.text) else { return false };
    let standing = name.split(' ').filter(|word| !is_function_word(&word.to_lowercase())).count();
    let sequence = &document.sequence;
    let mut is_named = false;
    sequence.visit(sequence.title()..sequence.len().min(sequence.title() + standing), |place| {
        is_named |= words.of(document.terms.term(place as usize)) > 0;
    });
    is_named
}

// Returns the name that a text begins with: up to three words of letters and digits, the first sign a letter, then a
// colon and white space, or a wide colon, behind which there is none.
fn name(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let colon =
        text.char_indices().take_while(|(at, _)| *at <= NAME_BYTES_MAX).find(|(_, c)| matches!(c, ':' | '：'))?.0;
    let (name, rest) = text.split_at(colon);
    let is_word = |word: &str| !word.is_empty() && word.chars().all(char::is_alphanumeric);
    let is_name = name.starts_with(char::is_alphabetic)
        && name.split(' ').all(is_word)
        && name.split(' ').count() <= NAME_WORDS_MAX
        && (rest.starts_with('：') || rest[1..].starts_with(char::is_whitespace));
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_name_is_a_few_words_before_a_colon() {
        for (text, found) in [
            ("Ann: hello", Some("Ann")),
            ("  Ann Lee: hello", Some("Ann Lee")),
            ("Dr Who 2:\thello", Some("Dr Who 2")),
            ("Zoë:\nhello", Some("Zoë")),
            ("Ann:hello", None),
            ("小明：你好", Some("小明")),
            ("Ann Lee：hello", Some("Ann Lee")),
            ("，：hello", None),
            ("Ann, Bob: hello", None),
            ("2: hello", None),
            ("one two three four: hello", None),
            (": hello", None),
            ("Ann  Lee: hello", None),
            ("https://example.org/: hello", None),
            ("hello", None),
            ("", None),
            ("Ann:", None),
        ] {
            assert_eq!(name(text), found, "{text}");
        }
    }
}
