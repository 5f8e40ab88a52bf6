//! Concepts that are not to fade, by stem: one that no document has any more is pinned again when it comes back.

use crate::error::short;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most pinned concepts.
pub const PINS_MAX: u64 = 4096;
// The longest stem, in bytes of UTF-8: that of a word.
const STEM_BYTES_MAX: usize = 1024;

/// Which concepts are pinned, and which were when the last tick was made: homes of concepts learn of it with a tick.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Pins {
    wanted: BTreeSet<Box<str>>,
    held: BTreeSet<Box<str>>,
}

impl Pins {
    /// Returns the stems of the pinned concepts, in order.
    pub fn wanted(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().map(|stem| &**stem)
    }

    /// Returns the stems of those that were pinned when the last tick was made, in order.
    pub(crate) fn held(&self) -> impl Iterator<Item = &str> {
        self.held.iter().map(|stem| &**stem)
    }

    /// Returns whether a tick has to be made for it.
    pub(crate) fn waits(&self) -> bool {
        self.wanted != self.held
    }

    pub(super) fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.held.is_empty()
    }

    /// Refuses a stem that cannot be pinned.
    pub(super) fn check(&self, stem: &str) -> Result<()> {
        if stem.is_empty() || stem.len() > STEM_BYTES_MAX {
            let value = format!("`{}`", short(stem));
            let accepted = format!("the stem of a word, of 1 to {STEM_BYTES_MAX} bytes");
            return Err(Error::Config { field: "concept".into(), value, accepted });
        }
        if self.wanted.len() as u64 >= PINS_MAX && !self.wanted.contains(stem) {
            let what = "the number of pinned concepts".into();
            return Err(Error::Limit { what, limit: PINS_MAX, value: PINS_MAX + 1 });
        }
        Ok(())
    }

    pub(super) fn set(&mut self, stem: &str, is_pinned: bool) {
        if is_pinned {
            self.wanted.insert(stem.into());
        } else {
            self.wanted.remove(stem);
        }
    }

    pub(super) fn hold(&mut self) {
        self.held.clone_from(&self.wanted);
    }

    /// Returns whether a colony may have it.
    pub(super) fn fits(&self) -> bool {
        let fits = |stems: &BTreeSet<Box<str>>| {
            stems.len() as u64 <= PINS_MAX && stems.iter().all(|stem| (1..=STEM_BYTES_MAX).contains(&stem.len()))
        };
        fits(&self.wanted) && fits(&self.held)
    }
}
