//! Which letters a word form has, in one number.

use super::fold::fold;

/// Which letters a form has: a bit for each of a to z, five for all other letters. One edit changes at most two bits, so
/// that most forms are passed over without being read (150,000 take .3 ms).
#[derive(Copy, Clone, Debug)]
pub(super) struct Sketch(u32);

// The form has something else than letters.
const SIGNS: u32 = 1 << 31;

impl Sketch {
    /// Returns whether the form has letters only.
    pub(super) fn is_spelt(self) -> bool {
        self.0 & SIGNS == 0
    }

    /// Returns the sketch of a form.
    pub(super) fn of(form: &str) -> Sketch {
        Sketch::of_folded(&fold(form))
    }

    /// Returns the sketch of a form by what it is without accents and inner signs.
    pub(super) fn of_folded(folded: &str) -> Sketch {
        let bit = |c: char| match c {
            'a'..='z' => 1 << (c as u32 - 'a' as u32),
            '0'..='9' => SIGNS,
            _ if c.is_alphabetic() => 1 << (26 + c as u32 % 5),
            _ => SIGNS,
        };
        Sketch(match folded.is_ascii() {
            true => folded.bytes().fold(0, |sketch, byte| sketch | bit(byte.into())),
            false => folded.chars().fold(0, |sketch, c| sketch | bit(c)),
        })
    }

    /// Returns whether it has all letters of another one.
    pub(super) fn has_all_of(self, other: Sketch) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether a form may be `edits` edits from one of another sketch; never one with digits or signs.
    pub(super) fn may_be_near(self, other: Sketch, edits: u32) -> bool {
        (self.0 | other.0) & SIGNS == 0 && (self.0 ^ other.0).count_ones() <= 2 * edits
    }
}
