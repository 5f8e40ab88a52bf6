//! Known words that are spelled nearly like another one, and those that begin like it.
//!
//! A distance is the number of letters to add, drop or change, or of neighbours to swap (optimal string alignment), with
//! accents and inner signs left out as for terms. Words with digits or signs are near to none: a number with another
//! digit is another number.

use super::chunk::normal;
use super::fold::fold;
use super::lexicon::Lexicon;
use super::sketch::Sketch;
use rapidfuzz::distance::osa;

/// Returns how many edits a word may be away from one of the same spelling but for typing errors: 1 from four letters on,
/// 2 from eight; 0 for a word with digits or signs, which is near to none.
pub fn edits_max(form: &str) -> u32 {
    if !Sketch::of(form).is_spelt() {
        return 0;
    }
    match fold(form).chars().count() {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    }
}

/// A known word form that is near another one.
#[derive(Clone, Debug)]
pub(crate) struct NearForm {
    /// Its index.
    pub(crate) form: u32,
    /// The index of its term.
    pub(crate) term: u32,
    /// How many edits away it is.
    pub(crate) edits: u32,
}

impl Lexicon {
    /// Returns the forms that are up to `edits` edits from another one and for which `counts` is true, by index.
    pub(crate) fn near(&self, form: &str, edits: u32, counts: impl Fn(u32) -> bool) -> Vec<NearForm> {
        let (sketch, form) = (Sketch::of(form), fold(form));
        let comparator = osa::BatchComparator::new(form.chars());
        let arguments = osa::Args::default().score_cutoff(edits as usize);
        let mut near = Vec::new();
        self.visit_forms(|index, known| {
            if !known.sketch.may_be_near(sketch, edits) || !counts(index) {
                return;
            }
            let text = fold(&known.text);
            if let Some(edits) = comparator.distance_with_args(text.chars(), &arguments) {
                near.push(NearForm { form: index, term: known.term, edits: edits as u32 });
            }
        });
        near
    }
}

impl Lexicon {
    /// Returns the forms that begin in some way and for which `counts` is true, by index, as 0 edits away.
    pub(crate) fn beginning(&self, begun: &str, counts: impl Fn(u32) -> bool) -> Vec<NearForm> {
        let begun = normal(begun);
        let (sketch, begun) = (Sketch::of(&begun), fold(&begun));
        let mut all = Vec::new();
        self.visit_forms(|form, known| {
            if known.sketch.has_all_of(sketch) && counts(form) && fold(&known.text).starts_with(&*begun) {
                all.push(NearForm { form, term: known.term, edits: 0 });
            }
        });
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // The definition, by the full table.
    fn distance(one: &[char], other: &[char]) -> usize {
        let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
        for i in 0..=one.len() {
            for j in 0..=other.len() {
                table[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let changed = table[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
                    let least = changed.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                    let swaps = i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
                    if swaps { least.min(table[i - 2][j - 2] + 1) } else { least }
                };
            }
        }
        table[one.len()][other.len()]
    }

    proptest! {
        #[test]
        fn a_scan_finds_what_the_definition_does(
            forms in prop::collection::hash_set("[abcé]{1,7}|[abc]{3,5}1", 1..40), asked in "[abce]{1,8}", edits in 1u32..3,
        ) {
            let lexicon = Lexicon::new();
            for form in &forms {
                lexicon.intern(form);
            }
            let letters = |form: &str| fold(form).chars().collect::<Vec<char>>();
            let mut expected: Vec<(String, u32)> = forms
                .iter()
                .filter(|form| form.chars().all(char::is_alphabetic))
                .map(|form| (form.clone(), distance(&letters(form), &letters(&asked)) as u32))
                .filter(|(_, apart)| *apart <= edits)
                .collect();
            expected.sort();
            let near = lexicon.near(&asked, edits, |_| true);
            let mut found: Vec<(String, u32)> =
                near.iter().map(|near| (lexicon.form(near.form).to_string(), near.edits)).collect();
            found.sort();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn short_words_and_numbers_are_near_to_none() {
        assert_eq!(
            ["cat", "cats", "receive", "received", "1984", "covid19", "übung"].map(edits_max),
            [0, 1, 1, 2, 0, 0, 1]
        );
        let lexicon = Lexicon::new();
        for form in ["receive", "relieve", "résumé", "1985"] {
            lexicon.intern(form);
        }
        let near = |form: &str, edits: u32| -> Vec<(String, u32)> {
            let near = lexicon.near(form, edits, |_| true).into_iter();
            near.map(|near| (lexicon.form(near.form).to_string(), near.edits)).collect()
        };
        assert_eq!(near("recieve", 1), [("receive".into(), 1), ("relieve".into(), 1)]);
        assert_eq!(near("resmue", 1), [("résumé".into(), 1)]);
        assert_eq!(near("1984", 1), []);
    }
}
