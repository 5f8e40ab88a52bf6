//! The analyser: from text to counted terms.
//!
//! A word is a maximal run of letters, digits and marks, brought to compatibility form (NFKC) and lower case; in scripts
//! without spaces, what Unicode Standard Annex 29 parts such a run into.
//! Stop words are left out; the rest are *forms*, and each form's Snowball stem is its *term*. A
//! [`Lexicon`] numbers forms and terms for all shards; a [`Session`] is one thread's warm way into it.
//! No statistic of the corpus is kept here.

mod lexicon;
pub mod passages;
mod sequence;
mod session;
mod stop;
mod words;

pub use lexicon::Lexicon;
pub use sequence::{Passage, Sequence};
pub use session::{Analysis, DOCUMENT_WORDS_MAX, Placed, QueryWord, SESSION_FORMS_MAX, Session, TITLE_TERMS_MAX, norm};
pub use stop::{is_stop_word, stop_words};
pub use words::{RUN_BYTES_MAX, WORD_BYTES_MAX};

/// Name and version of the analyser: a part of every digest, to be changed with anything that changes a
/// term: the rules of this module, the pinned stemmer and stop list, or the Unicode version behind them.
pub const ANALYSER: &str = "phago-en-2";

// The stem of a form. The stemmer takes lower-cased words and leaves those alone that it cannot shorten; no
// form is allowed to lose its term, hence the guard.
fn stem_of(form: &str) -> std::borrow::Cow<'_, str> {
    let stem = frostem::Stemmer::new(frostem::Algorithm::English).stem(form);
    if stem.is_empty() { form.into() } else { stem }
}

#[cfg(test)]
mod tests;
