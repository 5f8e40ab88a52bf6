//! Words that several processes number alike: each numbers what it meets by itself, until all are told one order.

use super::fold::stem_of;
use super::lexicon::{Entering, Form, Lexicon, number};
use super::sketch::Sketch;
use ecow::EcoString;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::atomic::Ordering;

/// A word form with its stem.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Word {
    pub(super) text: EcoString,
    pub(super) stem: EcoString,
}

impl Word {
    /// Returns a form with its stem.
    pub fn new(form: &str) -> Word {
        Word::with_stem(form, &stem_of(form))
    }

    fn with_stem(form: &str, stem: &str) -> Word {
        let text = EcoString::from(form);
        let stem = if stem == form { text.clone() } else { stem.into() };
        Word { text, stem }
    }
}

// Most stems are the beginning of their form.
impl Serialize for Word {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let pairs = self.text.chars().zip(self.stem.chars());
        let shared: usize = pairs.take_while(|(one, other)| one == other).map(|pair| pair.0.len_utf8()).sum();
        (&*self.text, shared as u32, &self.stem[shared..]).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Word, D::Error> {
        let (text, shared, rest) = <(&str, u32, &str)>::deserialize(from)?;
        let Some(shared) = text.get(..shared as usize) else {
            return Err(D::Error::custom("a stem begins with more than its word has"));
        };
        Ok(if rest.is_empty() {
            Word::with_stem(text, shared)
        } else {
            Word::with_stem(text, &[shared, rest].concat())
        })
    }
}

/// The new indices of words that a process numbered by itself before it learned what the colony calls them.
#[derive(Debug)]
pub(crate) struct Adopted {
    // The first index that changes, and the new ones from there on; `None` for words that are gone.
    forms: (u32, Vec<Option<u32>>),
    terms: (u32, Vec<Option<u32>>),
    // How many forms and terms the colony knows.
    known: (u32, u32),
}

impl Adopted {
    /// Returns how many forms and terms the colony knows. Words behind them are here by themselves.
    pub(crate) fn known(&self) -> (u32, u32) {
        self.known
    }

    /// Returns whether the forms up to this one, and so their terms, keep their indices.
    pub(crate) fn leaves_up_to(&self, form: u32) -> bool {
        // Terms are numbered with their first forms, so the term of a form that stays in its place does so too.
        form < self.forms.0 || self.is_identity()
    }

    /// Returns the new index of a form.
    pub(crate) fn form(&self, before: u32) -> Option<u32> {
        moved(&self.forms, before)
    }

    /// Returns the new index of a term.
    pub(crate) fn term(&self, before: u32) -> Option<u32> {
        moved(&self.terms, before)
    }

    /// Returns whether every word has the index that it had.
    pub(crate) fn is_identity(&self) -> bool {
        self.forms.1.is_empty() && self.terms.1.is_empty()
    }
}

fn moved((from, list): &(u32, Vec<Option<u32>>), before: u32) -> Option<u32> {
    match before.checked_sub(*from) {
        Some(at) => list[at as usize],
        None => Some(before),
    }
}

// New indices of forms, or of terms, from one on.
struct Numbers {
    first: u32,
    next: u32,
    now: Vec<Option<u32>>,
}

impl Numbers {
    fn new(first: u32, count: usize) -> Numbers {
        Numbers { first, next: first, now: vec![None; count - first as usize] }
    }

    // Gives the next number to what has none. Returns `false` if it has one.
    fn give(&mut self, index: u32) -> bool {
        let Some(at) = index.checked_sub(self.first) else { return false };
        let is_new = self.now[at as usize].is_none();
        if is_new {
            self.now[at as usize] = Some(self.next);
            self.next += 1;
        }
        is_new
    }

    // Returns the first index that changes, and the new ones from there on.
    fn changes(mut self) -> (u32, Vec<Option<u32>>) {
        let same = self.now.iter().zip(self.first..).take_while(|(now, before)| **now == Some(*before)).count();
        (self.first + same as u32, self.now.split_off(same))
    }
}

// Those of both: a term is numbered with its first form.
struct Both {
    forms: Numbers,
    terms: Numbers,
}

impl Both {
    // Gives a form the next number if it has none, and its term. Returns `false` if it has one.
    fn give(&mut self, all: &[Form], form: u32) -> bool {
        let is_new = self.forms.give(form);
        if is_new {
            self.terms.give(all[form as usize].term);
        }
        is_new
    }
}

impl Lexicon {
    /// Returns the words from form `from` on, in order.
    pub(crate) fn words_from(&self, from: u32) -> Vec<Word> {
        let inner = self.read();
        let word = |form: &Form| Word { text: form.text.clone(), stem: inner.term_list[form.term as usize].clone() };
        inner.form_list.get(from as usize..).unwrap_or_default().iter().map(word).collect()
    }

    fn all_entering(&self, words: &[Word]) -> Vec<Entering> {
        words.iter().map(|Word { text, stem }| self.entering((text, self.hash(text)), Sketch::of(text), stem)).collect()
    }

    /// Returns the indices of words' forms and terms, and adds those that are new, in this order.
    pub(crate) fn enter(&self, words: &[Word]) -> Vec<(u32, u32)> {
        let entering = self.all_entering(words);
        let mut inner = self.write();
        let enter = |word| {
            let form = inner.enter(word);
            (form, inner.form_list[form as usize].term)
        };
        entering.into_iter().map(enter).collect()
    }

    /// Returns how often words that are here got other indices or were forgotten.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Forgets the words from these form and term on. Returns the new indices.
    pub(crate) fn forget_from(&self, known: (u32, u32)) -> Adopted {
        self.adopt(known, (Vec::new(), 0, Vec::new()), false).expect("none of its own is announced")
    }

    /// Gives the words from form `forms` and term `terms` on, which are here by themselves so far, the indices that they
    /// have in a colony of several processes: first come the words `before`, then the first `own` of the others that are
    /// here, then those of `after`. Words that are here and not among these stay behind them, or are gone unless `stay`.
    /// Returns the new indices, or `None` if not so many of its own are here; then nothing has changed.
    ///
    /// # Panics
    /// If a word is announced twice, or is known to the colony already.
    pub(crate) fn adopt(
        &self,
        (forms, terms): (u32, u32),
        (before, own, after): (Vec<Word>, usize, Vec<Word>),
        stay: bool,
    ) -> Option<Adopted> {
        let (before, after) = (self.all_entering(&before), self.all_entering(&after));
        let mut inner = self.write();
        let inner = &mut *inner;
        let met = forms..number(inner.form_list.len());
        let mut is_own = vec![true; met.len()];
        for word in &before {
            if let Some(at) = inner.form(word.hash, &word.text).and_then(|index| index.checked_sub(forms)) {
                is_own[at as usize] = false;
            }
        }
        let others: Vec<u32> = met.clone().filter(|index| is_own[(index - forms) as usize]).take(own).collect();
        if others.len() < own {
            return None;
        }
        let own = others;
        let mut enter =
            |words: Vec<Entering>| -> Vec<u32> { words.into_iter().map(|word| inner.enter(word)).collect() };
        let (before, after) = (enter(before), enter(after));
        let mut numbers = Both {
            forms: Numbers::new(forms, inner.form_list.len()),
            terms: Numbers::new(terms, inner.term_list.len()),
        };
        let are_new = before.into_iter().chain(own).chain(after).all(|form| numbers.give(&inner.form_list, form));
        assert!(are_new, "an announced word is new, and is announced once");
        let known = (numbers.forms.next, numbers.terms.next);
        if stay {
            for form in met {
                numbers.give(&inner.form_list, form);
            }
        }
        let (forms, terms) = (numbers.forms.changes(), numbers.terms.changes());
        let hashes = inner.form_list[forms.0 as usize..].iter().map(|form| self.hash(&form.text));
        inner.forms.move_all(forms.0, hashes, &forms.1);
        reorder(&mut inner.form_list, &forms);
        let hashes = inner.term_list[terms.0 as usize..].iter().map(|stem| self.hash(stem));
        inner.terms.move_all(terms.0, hashes, &terms.1);
        reorder(&mut inner.term_list, &terms);
        for form in &mut inner.form_list[forms.0 as usize..] {
            form.term = moved(&terms, form.term).expect("a term stays as long as its forms");
        }
        // While the words cannot be read: who has read the old ones does not see the new count.
        self.changes.fetch_add(1, Ordering::AcqRel);
        Some(Adopted { forms, terms, known })
    }
}

// Puts entries of a list, from one on, into their new places, or drops them.
fn reorder<T>(list: &mut Vec<T>, (first, now): &(u32, Vec<Option<u32>>)) {
    let mut tail: Vec<Option<T>> = list.split_off(*first as usize).into_iter().map(Some).collect();
    let mut places = vec![0; now.iter().flatten().count()];
    let moves = now.iter().enumerate().filter_map(|(before, now)| Some((before, (*now)? - first)));
    moves.for_each(|(before, now)| places[now as usize] = before);
    list.extend(places.into_iter().map(|before| tail[before].take().expect("every entry has a place of its own")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::message::{decode, encode};
    use crate::text::Session;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    fn lexicon_of<T: AsRef<str>>(words: &[T]) -> Lexicon {
        let lexicon = Lexicon::new();
        for word in words {
            lexicon.intern(word.as_ref());
        }
        lexicon
    }

    fn texts(lexicon: &Lexicon) -> Vec<String> {
        lexicon.words_from(0).iter().map(|word| word.text.to_string()).collect()
    }

    fn words(texts: &[String]) -> Vec<Word> {
        texts.iter().map(|text| Word::new(text)).collect()
    }

    // Few letters and endings, so that many forms share a term and many words are met twice.
    fn some_words(most: usize) -> impl Strategy<Value = Vec<String>> {
        let word = ("[ab]{1,3}", prop::sample::select(vec!["", "s", "ing", "ies", "ed"]));
        prop::collection::vec(word.prop_map(|(stem, ending)| format!("{stem}t{ending}")), 0..most)
    }

    proptest! {
        #[test]
        fn adopted_words_stand_as_if_they_had_come_in_that_order(
            known in some_words(6),
            met in some_words(12),
            before in some_words(8),
            own in 0usize..6,
            after in some_words(8),
            stay: bool,
        ) {
            let unique = |words: Vec<String>, but: &[String]| {
                let mut seen: BTreeSet<String> = but.iter().cloned().collect();
                words.into_iter().filter(|word| seen.insert(word.clone())).collect::<Vec<_>>()
            };
            let known = unique(known, &[]);
            let met = unique(met, &known);
            let before = unique(before, &known);
            let others: Vec<String> = met.iter().filter(|word| !before.contains(word)).cloned().collect();
            let enough = own <= others.len();
            let own_words = others[..own.min(others.len())].to_vec();
            let after = unique(after, &[&known[..], &before, &own_words].concat());
            let lexicon = lexicon_of(&[&known[..], &met].concat());
            let alone = lexicon_of(&known);
            let counts = (alone.form_count(), alone.term_count());
            let was = (texts(&lexicon), lexicon.new_forms(0));
            let adopted = lexicon.adopt(counts, (words(&before), own, words(&after)), stay);
            prop_assert_eq!(adopted.is_some(), enough);
            let Some(adopted) = adopted else {
                prop_assert_eq!((texts(&lexicon), lexicon.new_forms(0)), was);
                return Ok(());
            };
            let announced = [&known[..], &before, &own_words, &after].concat();
            let mut all = announced.clone();
            if stay {
                all.extend(met.iter().filter(|word| !announced.contains(word)).cloned());
            }
            let plain = lexicon_of(&all);
            prop_assert_eq!(texts(&lexicon), &all[..]);
            prop_assert_eq!(lexicon.words_from(0), plain.words_from(0));
            prop_assert_eq!(lexicon.new_forms(0), plain.new_forms(0));
            prop_assert_eq!(lexicon.new_terms(0), plain.new_terms(0));
            let first = lexicon_of(&announced);
            prop_assert_eq!(adopted.known(), (first.form_count(), first.term_count()));
            // Every index of before leads to the same word, and the tables find what the lists have.
            for (form, (word, term)) in (0u32..).zip(was.0.iter().zip(&was.1)) {
                let now = all.iter().position(|known| known == word).map(|at| at as u32);
                prop_assert_eq!(adopted.form(form), now);
                if let Some(now) = now {
                    prop_assert_eq!(adopted.term(*term), Some(lexicon.term_of_form(now)));
                    prop_assert!(!adopted.leaves_up_to(form) || form == now);
                }
            }
            for (form, word) in (0u32..).zip(&all) {
                prop_assert_eq!(lexicon.form_index(word), Some(form));
                prop_assert_eq!(lexicon.term(&stem_of(word)), Some(lexicon.term_of_form(form)));
            }
            prop_assert!(met.iter().all(|word| all.contains(word) || lexicon.form_index(word).is_none()));
        }

        #[test]
        fn a_word_travels_with_its_stem(text in "\\PC{1,9}", stem in "\\PC{0,9}", shares: bool) {
            let stem = if shares { format!("{}{stem}", text.chars().take(3).collect::<String>()) } else { stem };
            let word = Word::with_stem(&text, &stem);
            prop_assert_eq!(decode::<Word>("word", &encode(&word)).unwrap(), word);
        }
    }

    #[test]
    fn a_stem_that_shares_more_than_its_word_has_is_refused() {
        for (text, shared) in [("walls", 6u32), ("été", 1)] {
            let told = decode::<Word>("word", &encode(&(text, shared, "")));
            assert!(told.unwrap_err().to_string().contains("word"), "{text}");
        }
        assert_eq!(decode::<Word>("word", &encode(&("walls", 4u32, ""))).unwrap(), Word::new("walls"));
    }

    #[test]
    fn an_analysis_follows_words_that_move_again_behind_where_they_first_were() {
        let lexicon = Arc::new(Lexicon::new());
        let mut session = Session::new(lexicon.clone());
        let mut analysis = session.analyse("", "spore router");
        let mut adopt = |known, before: &[&str], own, after: &[&str]| {
            let words = |texts: &[&str]| texts.iter().map(|text| Word::new(text)).collect();
            let adopted = lexicon.adopt(known, (words(before), own, words(after)), true).unwrap();
            analysis.renumber(&adopted);
            let mut read: Vec<_> = analysis.forms().iter().map(|(form, _)| lexicon.form(*form)).collect();
            read.sort();
            (read.concat(), adopted.known())
        };
        let (read, known) = adopt((0, 0), &["wall", "salt", "kernel"], 0, &[]);
        assert_eq!((&*read, known), ("routerspore", (3, 3)));
        // The first word stays, and only the second one moves: to where neither was when the text was read.
        let (read, known) = adopt(known, &[], 1, &["ion"]);
        assert_eq!((&*read, known), ("routerspore", (5, 5)));
    }

    #[test]
    fn words_that_are_entered_are_those_of_a_text() {
        let (one, other) = (lexicon_of(&["tree", "trees", "walls"]), lexicon_of(&["tree"]));
        let entered = other.enter(&words(&["trees", "walls", "walls", "tree"].map(String::from)));
        assert_eq!(entered, [(1, 0), (2, 1), (2, 1), (0, 0)]);
        assert_eq!(other.words_from(0), one.words_from(0));
    }
}
