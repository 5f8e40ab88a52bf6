//! The stop list: NLTK's English words, split as all text is (`don't` gives don and t).

use super::words::{Run, runs};
use std::sync::OnceLock;

/// The words that are not indexed, in alphabetical order.
pub fn stop_words() -> &'static [&'static str] {
    static WORDS: OnceLock<Vec<&'static str>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let mut words = Vec::new();
        for &entry in stop_words::get("en") {
            runs(entry, |run| {
                // The list is ASCII; a test holds that.
                if let Run::Ascii(start, end) = run {
                    words.push(&entry[start..end]);
                }
            });
        }
        words.sort_unstable();
        words.dedup();
        words
    })
}

/// Whether a word, in lower case, is left out.
pub fn is_stop_word(word: &str) -> bool {
    stop_words().binary_search(&word).is_ok()
}
