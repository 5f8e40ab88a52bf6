//! Function words: words that hold a sentence together and hardly tell documents apart.
//!
//! They are NLTK's English stop words without the scraps that only contractions leave (`don`, `t`), plus the modal
//! verbs that contractions are made of. They are indexed like any word and weigh a tenth of their idf in a question.
//! They are in no sequence, make no concept and add nothing to a document's length.

use crate::maps::Set;
use std::sync::LazyLock;

// The weight of a function word in a question, as a share of its idf. Up to a tenth, none of eight collections moved by
// more than .003 of nDCG@10; from a fifth on, several lose .005 and more; at 0, "turn on" equals "turn off".
pub(crate) const FUNCTION_SHARE: f64 = 0.1;

// What follows an apostrophe in English and is not a word: the endings of `it's`, `don't`, `I'd`, `we'll`.
const SCRAPS: [&str; 7] = ["d", "ll", "m", "re", "s", "t", "ve"];

// The verb that each run before `'t` negates.
const NEGATED: [(&str, &str); 22] = [
    ("ain", "is"),
    ("aren", "are"),
    ("can", "can"),
    ("couldn", "could"),
    ("didn", "did"),
    ("doesn", "does"),
    ("don", "do"),
    ("hadn", "had"),
    ("hasn", "has"),
    ("haven", "have"),
    ("isn", "is"),
    ("mightn", "might"),
    ("mustn", "must"),
    ("needn", "need"),
    ("shan", "shall"),
    ("shouldn", "should"),
    ("wasn", "was"),
    ("weren", "were"),
    ("won", "will"),
    ("wouldn", "would"),
    ("daren", "dare"),
    ("oughtn", "ought"),
];

// NLTK lists these only for contractions and spellings.
const LEFTOVERS: [&str; 3] = ["ma", "o", "y"];

// The verbs of contractions that NLTK does not list otherwise, and the prefix of `re-entry`.
const ADDED: [&str; 7] = ["cannot", "could", "might", "must", "re", "shall", "would"];

static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let is_scrap = |word: &str| SCRAPS.contains(&word) || LEFTOVERS.contains(&word);
    let is_negated = |word: &str| word != "can" && NEGATED.iter().any(|(base, _)| *base == word);
    let listed = stop_words::get("en").iter().copied();
    let listed = listed.filter(|word| !word.contains('\'') && !is_scrap(word) && !is_negated(word));
    let mut words: Vec<&str> = listed.chain(ADDED).collect();
    words.sort_unstable();
    words.dedup();
    words
});

// Asked for every new word.
static SET: LazyLock<Set<&'static str>> = LazyLock::new(|| WORDS.iter().copied().collect());

// Of each first byte, which lengths a function word that begins with it has, one bit each. Most words are none by this
// alone, without a hash of them.
static LENGTHS: LazyLock<[u16; 256]> = LazyLock::new(|| {
    let mut lengths = [0; 256];
    for word in &*WORDS {
        lengths[usize::from(word.as_bytes()[0])] |= 1 << word.len();
    }
    lengths
});

// The longest are `themselves` and `yourselves`.
const LETTERS_MAX: usize = 10;

/// Returns the function words, in alphabetical order.
pub fn function_words() -> &'static [&'static str] {
    &WORDS
}

/// Returns whether a word, in lower case, is a function word.
pub fn is_function_word(word: &str) -> bool {
    let may_be = |first: &u8| word.len() <= LETTERS_MAX && LENGTHS[usize::from(*first)] >> word.len() & 1 == 1;
    word.as_bytes().first().is_some_and(may_be) && SET.contains(word)
}

/// Returns whether this, in lower case, is what follows an apostrophe and is not a word.
pub(super) fn is_scrap(word: &str) -> bool {
    SCRAPS.contains(&word)
}

/// Returns the verb that is negated in `don't` for `don`, in lower case.
pub(super) fn denied(word: &str) -> Option<&'static str> {
    NEGATED.iter().find(|(base, _)| *base == word).map(|(_, verb)| *verb)
}
