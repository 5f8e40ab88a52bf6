//! What a user's "this helped" strengthens in the graph: the concepts of a hit's path, and pairs of them.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most concepts of a path that count.
pub const PATH_CONCEPTS_MAX: usize = 16;
/// The most words that count for one concept of a path: the strongest ones.
pub const PATH_WORDS_MAX: usize = 32;
/// The most concepts and pairs in the reinforcements that wait for the next tick, over the whole colony.
pub const REINFORCED_MAX: u64 = 1 << 20;

/// The concepts that led to a document, by stem, and the pairs of a question's word and a concept that it led to.
///
/// It holds stems and not term indices, so that it means the same in every process, even if a word is learned
/// meanwhile.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "Unchecked")]
pub struct Reinforcement {
    stems: Box<[Box<str>]>,
    // Indices into the stems, the smaller first.
    pairs: Box<[(u32, u32)]>,
}

/// The reinforcements of one document that wait for a tick, and how often each was given.
pub type Waiting = BTreeMap<Reinforcement, u64>;

impl Reinforcement {
    /// Returns the reinforcement of a path: concepts with the words of the question that led to each, strongest first.
    /// `stem_of` returns the stem of a word or label; those without one are left out. Returns `None` if none is left.
    pub fn new<'a>(
        path: impl IntoIterator<Item = (&'a str, &'a [String])>,
        mut stem_of: impl FnMut(&str) -> Option<String>,
    ) -> Option<Reinforcement> {
        let (mut stems, mut linked) = (BTreeSet::new(), BTreeSet::new());
        for (label, words) in path.into_iter().take(PATH_CONCEPTS_MAX) {
            let Some(concept) = stem_of(label) else { continue };
            for word in words.iter().take(PATH_WORDS_MAX) {
                let Some(word) = stem_of(word) else { continue };
                stems.insert(word.clone());
                if word != concept {
                    let (one, other) = if word < concept { (word, concept.clone()) } else { (concept.clone(), word) };
                    linked.insert((one, other));
                }
            }
            stems.insert(concept);
        }
        if stems.is_empty() {
            return None;
        }
        let stems: Box<[Box<str>]> = stems.into_iter().map(String::into_boxed_str).collect();
        let place = |stem: &String| {
            stems.binary_search_by(|known| (**known).cmp(stem)).expect("both ends of a pair are stems of it") as u32
        };
        let pairs = linked.iter().map(|(one, other)| (place(one), place(other))).collect();
        Some(Reinforcement { stems, pairs })
    }

    /// Returns the stems of its concepts, in order.
    pub fn stems(&self) -> &[Box<str>] {
        &self.stems
    }

    /// Returns its pairs, as indices into the stems.
    pub fn pairs(&self) -> &[(u32, u32)] {
        &self.pairs
    }

    /// Returns what it counts towards [`REINFORCED_MAX`].
    pub fn size(&self) -> u64 {
        (self.stems.len() + self.pairs.len()) as u64
    }
}

// A reinforcement as decoded from bytes, before it is checked.
#[derive(Deserialize)]
struct Unchecked {
    stems: Box<[Box<str>]>,
    pairs: Box<[(u32, u32)]>,
}

impl TryFrom<Unchecked> for Reinforcement {
    type Error = &'static str;

    fn try_from(read: Unchecked) -> Result<Reinforcement, &'static str> {
        let Unchecked { stems, pairs } = read;
        let most = PATH_CONCEPTS_MAX * (1 + PATH_WORDS_MAX);
        if stems.is_empty() || stems.len() > most || !stems.is_sorted_by(|a, b| a < b) {
            return Err("the stems of a reinforcement are none, too many or out of order");
        }
        let within = pairs.iter().all(|&(one, other)| one < other && (other as usize) < stems.len());
        if !within || pairs.len() > PATH_CONCEPTS_MAX * PATH_WORDS_MAX || !pairs.is_sorted_by(|a, b| a < b) {
            return Err("the pairs of a reinforcement are too many, out of order or of stems it does not have");
        }
        Ok(Reinforcement { stems, pairs })
    }
}

/// Returns what waiting reinforcements count towards [`REINFORCED_MAX`].
pub fn size_of_waiting(waiting: &Waiting) -> u64 {
    waiting.keys().map(Reinforcement::size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(of: &[(&str, &[&str])]) -> Option<Reinforcement> {
        let owned: Vec<(&str, Vec<String>)> =
            of.iter().map(|(label, words)| (*label, words.iter().map(ToString::to_string).collect())).collect();
        let stem = |word: &str| (!word.contains(' ')).then(|| word.trim_end_matches('s').to_owned());
        Reinforcement::new(owned.iter().map(|(label, words)| (*label, &**words)), stem)
    }

    #[test]
    fn concepts_and_pairs_stand_once_in_one_order() {
        let one = path(&[("pumps", &["ions", "cell"]), ("ion", &["pump", "ions"])]).unwrap();
        assert_eq!(one.stems().iter().map(|stem| &**stem).collect::<Vec<_>>(), ["cell", "ion", "pump"]);
        assert_eq!(one.pairs(), [(0, 2), (1, 2)]);
        assert_eq!(one.size(), 5);
        assert_eq!(path(&[("ions", &["pump"]), ("pump", &["cells", "ion"])]), Some(one));
    }

    #[test]
    fn what_is_no_word_is_left_out_and_a_path_is_bounded() {
        assert_eq!(path(&[]), None);
        assert_eq!(path(&[("two words", &["ion"])]), None);
        assert_eq!(path(&[("ion", &["two words"])]).unwrap().size(), 1);
        let words: Vec<String> = (0..100).map(|number| format!("w{number}x")).collect();
        let words: Vec<&str> = words.iter().map(|word| &**word).collect();
        let most = PATH_WORDS_MAX as u64;
        assert_eq!(path(&[("ion", &words)]).unwrap().size(), 1 + 2 * most);
        let all: Vec<(&str, &[&str])> = words.iter().map(|&word| (word, &[] as &[&str])).collect();
        assert_eq!(path(&all).unwrap().size(), PATH_CONCEPTS_MAX as u64);
    }
}
