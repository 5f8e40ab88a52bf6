//! Sets of places, and membership in them.

/// Places from which an answer may come.
pub trait Among {
    /// Whether all are.
    const IS_EVERY: bool = false;

    /// Returns whether a place is one of them.
    fn has(&self, place: u32) -> bool;
}

/// All places. A search over them compiles to code without the check.
#[derive(Copy, Clone, Debug)]
pub struct Every;

impl Among for Every {
    const IS_EVERY: bool = true;

    #[inline(always)]
    fn has(&self, _place: u32) -> bool {
        true
    }
}

/// A set of places of one shard: a bit for each document.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Places(Vec<u64>);

impl Places {
    /// Returns an empty set with room for `room` places.
    pub fn none(room: usize) -> Places {
        Places(vec![0; room.div_ceil(64)])
    }

    /// Returns the set of all of `room` places.
    pub fn all(room: usize) -> Places {
        let mut places = Places(vec![u64::MAX; room.div_ceil(64)]);
        if let Some(last) = places.0.last_mut()
            && !room.is_multiple_of(64)
        {
            *last = (1 << (room % 64)) - 1;
        }
        places
    }

    /// Adds places.
    pub fn add(&mut self, places: &[u32]) {
        for place in places {
            self.0[*place as usize / 64] |= 1 << (place % 64);
        }
    }

    /// Removes places.
    pub fn take(&mut self, places: &[u32]) {
        for place in places {
            self.0[*place as usize / 64] &= !(1 << (place % 64));
        }
    }

    /// Keeps only what is in the other set too, which must have the same room.
    pub fn keep(&mut self, other: &Places) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= other;
        }
    }

    /// Adds what is in the other set, which must have the same room.
    pub fn join(&mut self, other: &Places) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    /// Removes what is in the other set, which must have the same room.
    pub fn drop(&mut self, other: &Places) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= !other;
        }
    }

    /// Adds a place that is after all others, and the room for it.
    pub fn push(&mut self, place: u32) {
        if self.0.len() <= place as usize / 64 {
            self.0.push(0);
        }
        self.add(&[place]);
    }

    /// Removes one place.
    pub fn remove(&mut self, place: u32) {
        self.take(&[place]);
    }

    /// Returns how many there are.
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Returns the places, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().zip((0u32..).step_by(64)).flat_map(|(&word, first)| {
            let mut left = word;
            std::iter::from_fn(move || {
                if left == 0 {
                    return None;
                }
                let bit = left.trailing_zeros();
                left &= left - 1;
                Some(first + bit)
            })
        })
    }
}

impl Among for Places {
    #[inline]
    fn has(&self, place: u32) -> bool {
        self.0[place as usize / 64] >> (place % 64) & 1 == 1
    }
}
