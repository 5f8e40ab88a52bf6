//! Documents in the order in which they are granted.

use crate::ids::ShardId;

/// The order in which documents are granted: the cut of arrival, then the document's id.
pub(crate) type GrantKey = (u32, u128);

/// A document that waits to be granted.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Waiting {
    /// Its home shard.
    pub(crate) shard: ShardId,
    /// The bytes of its title and text.
    pub(crate) bytes: u64,
}

/// Waiting documents, by their keys: sorted runs, of which each was at least twice as long as the next one when that
/// came. Documents come many at a time and leave in order: to merge runs takes a fraction of what it takes to add each to
/// a tree, and what is read lies together in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    runs: Vec<Run>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Run {
    // Sorted. What was granted before `from`, and what was withdrawn has no document any more.
    entries: Vec<(GrantKey, Option<Waiting>)>,
    from: usize,
    living: usize,
}

impl Run {
    fn rest(&self) -> &[(GrantKey, Option<Waiting>)] {
        &self.entries[self.from..]
    }

    fn place(&self, key: &GrantKey) -> Option<usize> {
        let at = self.rest().binary_search_by_key(key, |(known, _)| *known).ok()?;
        Some(self.from + at)
    }

    // Drops what has left, once it is half of the run or more.
    fn tidy(&mut self) {
        if 2 * self.living <= self.entries.len() {
            self.entries.drain(..self.from);
            self.entries.retain(|(_, waiting)| waiting.is_some());
            self.entries.shrink_to(2 * self.living);
            self.from = 0;
        }
    }

    // Returns both as one.
    fn merged(self, other: Run) -> Run {
        let mut entries = Vec::with_capacity(self.living + other.living);
        let living = |run: Run| run.entries.into_iter().skip(run.from).filter(|(_, waiting)| waiting.is_some());
        let (mut one, mut two) = (living(self).peekable(), living(other).peekable());
        loop {
            let from_two = match (one.peek(), two.peek()) {
                (Some(one), Some(two)) => two.0 < one.0,
                (None, Some(_)) => true,
                (Some(_), None) => false,
                (None, None) => break,
            };
            entries.extend(if from_two { two.next() } else { one.next() });
        }
        Run { living: entries.len(), entries, from: 0 }
    }
}

impl Queue {
    /// Returns how many documents wait.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns whether none does.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the document of a key.
    pub(crate) fn get(&self, key: &GrantKey) -> Option<&Waiting> {
        self.runs.iter().find_map(|run| run.entries[run.place(key)?].1.as_ref())
    }

    /// Returns all of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&GrantKey, &Waiting)> {
        let mut rests: Vec<&[(GrantKey, Option<Waiting>)]> = self.runs.iter().map(Run::rest).collect();
        std::iter::from_fn(move || {
            loop {
                // There are few runs.
                let heads = rests.iter_mut().filter(|rest| !rest.is_empty());
                let next = heads.min_by_key(|rest| rest[0].0)?;
                let ((key, waiting), rest) = next.split_first()?;
                *next = rest;
                if let Some(waiting) = waiting {
                    return Some((key, waiting));
                }
            }
        })
    }

    /// Returns their keys, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &GrantKey> {
        self.iter().map(|(key, _)| key)
    }

    /// Adds documents, which must be sorted and new.
    pub(crate) fn extend(&mut self, coming: impl IntoIterator<Item = (GrantKey, Waiting)>) {
        let entries: Vec<_> = coming.into_iter().map(|(key, waiting)| (key, Some(waiting))).collect();
        debug_assert!(entries.is_sorted_by(|one, next| one.0 < next.0), "documents are added in order");
        debug_assert!(entries.iter().all(|(key, _)| self.get(key).is_none()), "no document waits twice");
        if entries.is_empty() {
            return;
        }
        self.len += entries.len();
        let mut run = Run { living: entries.len(), entries, from: 0 };
        while let Some(last) = self.runs.pop_if(|last| last.living < 2 * run.living) {
            run = last.merged(run);
        }
        self.runs.push(run);
    }

    /// Removes a document. Returns whether it waited.
    pub(crate) fn remove(&mut self, key: &GrantKey) -> bool {
        for at in 0..self.runs.len() {
            let run = &mut self.runs[at];
            if let Some(place) = run.place(key).filter(|place| run.entries[*place].1.is_some()) {
                run.entries[place].1 = None;
                self.left(at, 1);
                return true;
            }
        }
        false
    }

    /// Removes those up to a key.
    pub(crate) fn remove_up_to(&mut self, last: &GrantKey) {
        for at in (0..self.runs.len()).rev() {
            let run = &mut self.runs[at];
            let gone = run.rest().partition_point(|(key, _)| key <= last);
            let living = run.rest()[..gone].iter().filter(|(_, waiting)| waiting.is_some()).count();
            run.from += gone;
            self.left(at, living);
        }
    }

    // Takes over that so many of a run have left.
    fn left(&mut self, at: usize, count: usize) {
        self.len -= count;
        self.runs[at].living -= count;
        match self.runs[at].living {
            0 => _ = self.runs.remove(at),
            _ => self.runs[at].tidy(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug)]
    enum Step {
        Add(Vec<u16>),
        Remove(u16),
        RemoveFirst(u8),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => proptest::collection::vec(0..200u16, 0..20).prop_map(Step::Add),
            3 => (0..200u16).prop_map(Step::Remove),
            1 => (0..40u8).prop_map(Step::RemoveFirst),
        ];
        proptest::collection::vec(step, 0..40)
    }

    proptest! {
        #[test]
        fn it_is_what_a_tree_is(steps in steps()) {
            let (mut queue, mut tree) = (Queue::default(), BTreeMap::new());
            let key = |number: u16| (u32::from(number / 60), u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) % 199);
            for step in steps {
                match step {
                    Step::Add(numbers) => {
                        let mut new: BTreeMap<GrantKey, u64> = numbers.iter().map(|n| (key(*n), u64::from(*n))).collect();
                        new.retain(|key, _| !tree.contains_key(key));
                        tree.extend(new.clone());
                        queue.extend(new.into_iter().map(|(key, bytes)| (key, Waiting { shard: ShardId(0), bytes })));
                    }
                    Step::Remove(number) => {
                        prop_assert_eq!(queue.remove(&key(number)), tree.remove(&key(number)).is_some());
                    }
                    Step::RemoveFirst(count) => {
                        if let Some(last) = tree.keys().take(usize::from(count)).next_back().copied() {
                            queue.remove_up_to(&last);
                            tree.retain(|key, _| *key > last);
                        }
                    }
                }
                prop_assert_eq!((queue.len(), queue.is_empty()), (tree.len(), tree.is_empty()));
                prop_assert!(queue.iter().map(|(key, waiting)| (*key, waiting.bytes)).eq(tree.iter().map(|(k, b)| (*k, *b))));
                prop_assert!(queue.keys().eq(tree.keys()));
                for number in 0..200 {
                    let known = queue.get(&key(number)).map(|waiting| waiting.bytes);
                    prop_assert_eq!(known, tree.get(&key(number)).copied());
                }
                // Memory is that of what waits, and there are few runs.
                prop_assert!(queue.runs.iter().map(|run| run.entries.len()).sum::<usize>() <= 2 * tree.len());
                prop_assert!(queue.runs.len() <= 9);
            }
        }
    }
}
