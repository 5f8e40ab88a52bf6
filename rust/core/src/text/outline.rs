//! Where the runs and the passages of a document are, found ahead of its analysis.

use super::counter::key_of_run;
use super::passages::{PASSAGE_CHARS_MAX, passages};
use super::remembered::hash_of;
use super::words::{Run, runs};
use crate::maps::State;

/// What of an analysis needs no dictionary, so that another thread can make it meanwhile.
#[derive(Clone, Debug)]
pub struct Outline {
    // Those of the title, then those of the text, each with the hash of its key.
    runs: Box<[(Packed, u32)]>,
    title_runs: usize,
    pub(super) passages: Vec<(usize, usize)>,
}

/// A run in few bytes, as a document has many: where it starts, how long it is, and whether it is a chunk.
#[derive(Copy, Clone, Debug)]
struct Packed(u32);

const LENGTH_BITS: u32 = 11;
// The longest text with an outline, in bytes.
const TEXT_BYTES_MAX: usize = 1 << (31 - LENGTH_BITS);

impl Packed {
    fn of(run: Run) -> Option<Packed> {
        let (Run::Plain(start, end) | Run::Chunk(start, end)) = run;
        let length = end - start;
        let packed =
            (start as u32) << (LENGTH_BITS + 1) | (length as u32) << 1 | u32::from(matches!(run, Run::Chunk(..)));
        (start < TEXT_BYTES_MAX && length < 1 << LENGTH_BITS).then_some(Packed(packed))
    }

    #[inline]
    fn unpacked(self) -> Run {
        let start = (self.0 >> (LENGTH_BITS + 1)) as usize;
        let end = start + (self.0 >> 1 & ((1 << LENGTH_BITS) - 1)) as usize;
        if self.0 & 1 == 1 { Run::Chunk(start, end) } else { Run::Plain(start, end) }
    }
}

/// Makes outlines, one after the other.
#[derive(Debug, Default)]
pub struct Outliner {
    state: State,
    runs: Vec<(Packed, u32)>,
}

impl Outliner {
    /// Returns the outline of a document; `None` for one with a long text or a long run, of which there are few.
    pub fn outline(&mut self, title: &str, text: &str) -> Option<Outline> {
        if title.len().max(text.len()) > TEXT_BYTES_MAX {
            return None;
        }
        let Outliner { state, runs: all } = self;
        let mut title_runs = 0;
        all.clear();
        for text in [title, text] {
            title_runs = all.len();
            for run in runs(text) {
                all.push((Packed::of(run)?, hash_of(state, &key_of_run(text.as_bytes(), run))));
            }
        }
        Some(Outline { runs: all.as_slice().into(), title_runs, passages: passages_of(text) })
    }
}

impl Outline {
    pub(super) fn title(&self) -> impl Iterator<Item = (Run, Option<u32>)> + '_ {
        unpacked(&self.runs[..self.title_runs])
    }

    pub(super) fn text(&self) -> impl Iterator<Item = (Run, Option<u32>)> + '_ {
        unpacked(&self.runs[self.title_runs..])
    }
}

fn unpacked(runs: &[(Packed, u32)]) -> impl Iterator<Item = (Run, Option<u32>)> + '_ {
    runs.iter().map(|(run, hash)| (run.unpacked(), Some(*hash)))
}

/// Returns the passages of a text, if it can have several: one of few bytes has few characters.
pub(super) fn passages_of(text: &str) -> Vec<(usize, usize)> {
    if text.len() > PASSAGE_CHARS_MAX { passages(text) } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::super::{Lexicon, Session};
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    const KNOWN: [&str; 9] = ["the", "The", "don't", "C++", "wi-fi", "getUserById", "RTX4090", "1.0.21", ".NET"];

    fn texts() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            8 => "[a-d]{1,3}",
            2 => "[A-Z][a-z]{1,9}",
            2 => prop::sample::select(&KNOWN[..]).prop_map(str::to_owned),
            1 => "[a-z]{14,18}",
            1 => "[a-z]{3}(/[a-z]{5}){1,16}",
            1 => "[a-z]{250,300}",
            1 => "[éß世界アﾃ🎉\u{301}]{1,6}",
            1 => "\\PC{0,6}",
        ];
        let end = prop_oneof![9 => Just(" "), 2 => Just(". "), 1 => Just("\n"), 1 => Just("-"), 1 => Just("")];
        proptest::collection::vec((word, end), 0..200)
            .prop_map(|words| words.into_iter().map(|(word, end)| word + end).collect::<String>())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn an_analysis_is_the_same_with_an_outline(documents in proptest::collection::vec((texts(), texts()), 1..4)) {
            let [mut plain, mut outlined] = [0; 2].map(|_| Session::new(Arc::new(Lexicon::new())));
            let mut outliner = Outliner::default();
            for (title, text) in &documents {
                let outline = outliner.outline(title, text).expect("it is short");
                // Also by other hashes than those by which words are remembered.
                let strange = Outline { runs: outline.runs.iter().map(|run| (run.0, !run.1)).collect(), ..outline.clone() };
                let expected = plain.analyse(title, text);
                for outline in [outline, strange] {
                    prop_assert_eq!(&outlined.analyse_outlined(title, text, Some(outline)), &expected);
                }
            }
        }
    }

    #[test]
    fn a_long_text_or_run_has_no_outline() {
        let mut outliner = Outliner::default();
        assert!(outliner.outline("", "").is_some());
        let words = "ion ".repeat(TEXT_BYTES_MAX / 4);
        assert!(outliner.outline(&words, &words).is_some_and(|outline| outline.runs.len() == TEXT_BYTES_MAX / 2));
        assert!(
            outliner.outline("", &format!("{words} ")).is_none()
                && outliner.outline(&format!("{words} "), "").is_none()
        );
        let run = "a".repeat((1 << LENGTH_BITS) - 1);
        assert!(outliner.outline("", &run).is_some() && outliner.outline("", &format!("{run}a")).is_none());
    }
}
