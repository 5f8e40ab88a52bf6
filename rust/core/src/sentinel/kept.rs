//! The latest alarms.

use super::alarm::Alarm;
use crate::ids::NodeId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most alarms that are kept. Then the oldest leave, and among those of a tick the first in order.
pub const ALARMS_MAX: usize = 4096;

/// The latest alarms of all parts, in order.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "BTreeSet<Alarm>")]
pub struct Kept(BTreeSet<Alarm>);

impl Kept {
    /// Adds the alarms of a tick, in any order.
    pub fn add(&mut self, alarms: impl IntoIterator<Item = Alarm>) {
        self.0.extend(alarms);
        while self.0.len() > ALARMS_MAX {
            self.0.pop_first();
        }
    }

    /// Forgets the alarms of concepts that left with their last document.
    pub fn forget(&mut self, is_gone: impl Fn(NodeId) -> bool) {
        self.0.retain(|alarm| !alarm.kind.concepts().any(&is_gone));
    }

    /// Returns the alarms in order: by tick, kind and id.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Alarm> {
        self.0.iter()
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeSet<Alarm>> for Kept {
    type Error = &'static str;

    fn try_from(read: BTreeSet<Alarm>) -> Result<Kept, &'static str> {
        if read.len() > ALARMS_MAX { Err("more alarms than are kept") } else { Ok(Kept(read)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sentinel::{Counts, Kind, Past};

    fn alarm(tick: u64, concept: u128) -> Alarm {
        let past = Past { beats: 50, sum: 100, squares: 1000 };
        let counts = Counts { count: 5, count_squares: 5, of: 10, of_squares: 100, before: 1, squares: 1, past };
        Alarm { tick, kind: Kind::Rising(NodeId(concept)), since: tick, counts }
    }

    #[test]
    fn the_oldest_leave_whatever_the_order_in_which_they_came() {
        let all: Vec<Alarm> = (0..ALARMS_MAX as u64 + 10).map(|number| alarm(number / 3, number.into())).collect();
        let (mut kept, mut other) = (Kept::default(), Kept::default());
        all.chunks(3).for_each(|tick| kept.add(tick.iter().copied()));
        all.chunks(3).for_each(|tick| other.add(tick.iter().rev().copied()));
        assert_eq!(kept, other);
        assert_eq!(kept.iter().copied().collect::<Vec<_>>(), all[10..]);
        let bytes = postcard::to_allocvec(&kept).unwrap();
        assert_eq!(postcard::from_bytes::<Kept>(&bytes), Ok(kept.clone()));
        let bytes = postcard::to_allocvec(&all).unwrap();
        assert!(postcard::from_bytes::<Kept>(&bytes).is_err());
        kept.forget(|concept| concept != NodeId(20));
        assert_eq!(kept.iter().copied().collect::<Vec<_>>(), [alarm(6, 20)]);
    }
}
