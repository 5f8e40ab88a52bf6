//! The columns, in sections. postcard encodes each struct as it is declared here, and
//! [`Bodies`](crate::documents::Bodies) as documents have it.

use super::piece::{Columns, Piece};
use crate::documents::Columns as _;
use crate::exact;
use crate::reinforcement::Reinforcement;
use crate::text::Sequence;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The version of the columns.
pub(super) const VERSION: u32 = 1;

/// A part of a checkpoint.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Deserialize, Serialize)]
pub enum Section {
    /// Tick and counts.
    State = 1,
    /// Terms and word forms.
    Words = 2,
    /// Documents as their callers gave them.
    Bodies = 3,
    /// The analyser's result for each document.
    Analyses = 4,
    /// Which tick digested each document, and what waits for the next tick.
    Progress = 5,
    /// Nodes and synapses.
    Graph = 6,
}

impl Section {
    /// All sections, in the order in which they are written.
    pub const ALL: [Section; 6] =
        [Section::State, Section::Words, Section::Bodies, Section::Analyses, Section::Progress, Section::Graph];

    /// The sections that seats have pieces of, in the order in which they are written.
    pub const OF_SEATS: [Section; 4] = [Section::Bodies, Section::Analyses, Section::Progress, Section::Graph];

    /// Returns its number, which is a part of the format.
    pub fn number(self) -> u32 {
        self as u32
    }
}

#[derive(Deserialize, Serialize)]
pub(super) struct State<'a> {
    pub(super) version: u32,
    pub(super) analyser: &'a str,
    pub(super) tick: u64,
    pub(super) exchanged: u64,
    pub(super) digested: u64,
    pub(super) failed: u64,
    pub(super) now: Option<i64>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Words<'a> {
    // By term index.
    #[serde(borrow, deserialize_with = "exact::list")]
    pub(super) stems: Vec<&'a str>,
    // By form index.
    #[serde(borrow, deserialize_with = "exact::list")]
    pub(super) forms: Vec<&'a str>,
    #[serde(deserialize_with = "exact::list")]
    pub(super) terms: Vec<u32>,
    #[serde(deserialize_with = "exact::list")]
    pub(super) counts: Vec<u64>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct Analyses<S> {
    pub(super) terms: Lists,
    // For each term of each document.
    #[serde(deserialize_with = "exact::list")]
    pub(super) counts: Vec<u32>,
    pub(super) titles: Lists,
    #[serde(deserialize_with = "exact::list", bound(deserialize = "S: Deserialize<'de>"))]
    pub(super) sequences: Vec<S>,
}

impl<S: Serialize> Analyses<S> {
    pub(super) fn add_to(&self, piece: &mut Piece) {
        let Analyses { terms, counts, titles, sequences } = self;
        piece.columns().lists(terms).add(counts).lists(titles).add(sequences);
    }
}

pub(super) type ReadAnalyses = Analyses<Sequence>;

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct Progress {
    #[serde(deserialize_with = "exact::list")]
    pub(super) arrivals: Vec<u32>,
    // 0 for none, else 1 + the tick.
    #[serde(deserialize_with = "exact::list")]
    pub(super) digested: Vec<u64>,
    // Indices into the document's list of terms.
    pub(super) concepts: Lists,
    pub(super) unwiring_ticks: Vec<u32>,
    pub(super) unwiring: Lists,
    pub(super) reinforcing: Vec<(u128, Vec<(Reinforcement, u64)>)>,
    pub(super) digesters: Vec<(u64, u128, u32, u64, u32)>,
}

impl Progress {
    pub(super) fn add_to(&self, piece: &mut Piece) {
        let Progress { arrivals, digested, concepts, unwiring_ticks, unwiring, reinforcing, digesters } = self;
        let columns = piece.columns().add(arrivals).add(digested).lists(concepts);
        columns.add(unwiring_ticks).lists(unwiring).add(reinforcing).add(digesters);
    }
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct Graph {
    #[serde(deserialize_with = "exact::list")]
    pub(super) terms: Vec<u32>,
    #[serde(deserialize_with = "exact::list")]
    pub(super) wirings: Vec<u32>,
    #[serde(deserialize_with = "exact::list")]
    pub(super) uses: Vec<u64>,
    // For each node, the targets of its synapses, in order.
    pub(super) targets: Lists,
    #[serde(deserialize_with = "exact::list")]
    pub(super) weights: Vec<u32>,
    // The ticks since the last activation: most synapses share few values.
    #[serde(deserialize_with = "exact::list")]
    pub(super) since: Vec<u32>,
    #[serde(deserialize_with = "exact::list")]
    pub(super) ages: Vec<u32>,
    #[serde(deserialize_with = "exact::list")]
    pub(super) co_activations: Vec<u32>,
}

impl Graph {
    pub(super) fn add_to(&self, piece: &mut Piece) {
        let Graph { terms, wirings, uses, targets, weights, since, ages, co_activations } = self;
        let columns = piece.columns().add(terms).add(wirings).add(uses).lists(targets);
        columns.add(weights).add(since).add(ages).add(co_activations);
    }
}

/// Lists of numbers, one after the other. A number that is no less than the one before it in its list is written as the
/// difference, so that a sorted list is short. Differences wrap, so that an unsorted one is right too.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(Clone, Serialize))]
pub(super) struct Lists {
    #[serde(deserialize_with = "exact::list")]
    lengths: Vec<u32>,
    #[serde(deserialize_with = "exact::list")]
    steps: Vec<u32>,
}

impl Columns<'_> {
    fn lists(self, lists: &Lists) -> Self {
        self.add(&lists.lengths).add(&lists.steps)
    }
}

impl Lists {
    pub(super) fn push(&mut self, list: impl Iterator<Item = u32>) {
        let (from, mut last) = (self.steps.len(), 0u32);
        for number in list {
            self.steps.push(number.wrapping_sub(last));
            last = number;
        }
        self.lengths.push((self.steps.len() - from) as u32);
    }

    /// Decodes all lists, where they stand.
    ///
    /// # Errors
    /// [`Error::Wire`] if the lengths do not match.
    pub(super) fn read(self) -> Result<Runs> {
        let Lists { lengths, steps: mut numbers } = self;
        let (mut ends, mut end) = (Vec::with_capacity(lengths.len()), 0usize);
        for length in lengths {
            let run = numbers.get_mut(end..).and_then(|rest| rest.get_mut(..length as usize));
            let mut last = 0u32;
            for number in run.ok_or_else(|| odd("a list is cut off"))? {
                last = last.wrapping_add(*number);
                *number = last;
            }
            end += length as usize;
            ends.push(end);
        }
        if end == numbers.len() { Ok(Runs { numbers, ends }) } else { Err(odd("numbers belong to no list")) }
    }
}

/// Lists of numbers, decoded, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Runs {
    numbers: Vec<u32>,
    ends: Vec<usize>,
}

impl Runs {
    /// Returns how many lists there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns the numbers of all lists, in order.
    pub(super) fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// Returns where in them the numbers of a list stand.
    pub(super) fn range(&self, list: usize) -> Range<usize> {
        list.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[list]
    }

    /// Returns a list.
    pub(super) fn of(&self, list: usize) -> &[u32] {
        &self.numbers[self.range(list)]
    }

    /// Returns all lists, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.len()).map(|list| self.of(list))
    }
}

/// Returns the error for bytes that no colony wrote.
pub(super) fn odd(reason: impl Into<String>) -> Error {
    Error::Wire { what: "checkpoint", reason: reason.into() }
}
