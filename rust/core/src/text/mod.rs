//! The analyser: from text to counted terms.
//!
//! A word is a maximal run of letters, digits and marks, brought to compatibility form (NFKC) and lower case: its
//! *form*. Spellings that people use for one word are one *term* (`fold`): the form without accents and inner signs,
//! reduced to its Snowball stem. Scripts without spaces are split into pairs of signs (`signs`); function words weigh
//! little (`function`). Words may be asked for as they are nearly spelled (`near`). A [`Lexicon`] numbers forms and
//! terms for all shards; a [`Session`] analyses texts for one thread and remembers its words. No statistic of the corpus
//! is kept here.

mod announced;
mod asking;
mod chunk;
mod class;
mod counter;
mod fold;
mod function;
mod lexicon;
mod masks;
mod near;
mod outline;
pub mod passages;
mod remembered;
mod sentences;
mod sequence;
mod session;
mod signs;
mod sketch;
mod words;

pub(crate) use announced::Adopted;
pub use announced::Word;
pub use asking::{Placed, QueryWord};
pub use chunk::RUN_BYTES_MAX;
pub(crate) use class::{is_emoji, is_unspaced};
pub(crate) use fold::stem_of as stem;
pub use fold::{Role, role_of};
pub(crate) use function::FUNCTION_SHARE;
pub use function::{function_words, is_function_word};

pub use counter::{DOCUMENT_WORDS_MAX, SESSION_FORMS_MAX};
pub use lexicon::Lexicon;
pub(crate) use lexicon::Reading;
pub(crate) use near::NearForm;
pub use near::edits_max;
pub use outline::{Outline, Outliner};
pub use sequence::{Passage, Sequence};
pub use session::{Analysis, Session, TITLE_TERMS_MAX, norm};
pub use words::WORD_BYTES_MAX;

/// Name and version of the analyser: a part of every digest, to be changed with anything that changes a
/// term: the rules of this module, the pinned stemmer and word list, or the Unicode version behind them.
pub const ANALYSER: &str = "phago-en-3";

#[cfg(test)]
mod tests;
