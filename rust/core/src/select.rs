//! Selection by keys of one integer, of which many are compared faster than structs.

use std::cmp::Ordering;

/// Moves the `first` smallest to the front, in an order without meaning. They are compared by all but their lowest
/// `low` bits; `tied` orders those that are equal so far, and is only asked about the last that come first and those
/// equal to it. Returns one that is equal to the last of them by all but these bits.
///
/// # Panics
/// If `first` is 0, or there are not more than `first`.
pub fn select(all: &mut [u128], first: usize, low: u32, mut tied: impl FnMut(u128, u128) -> Ordering) -> u128 {
    let (front, &mut last, behind) = all.select_nth_unstable(first - 1);
    let is_tied = |one: &u128| one >> low == last >> low;
    let more = to_front(behind, is_tied);
    if more > 0 {
        let before = to_front(front, |one| !is_tied(one));
        all[before..first + more].select_nth_unstable_by(first - before - 1, |a, b| tied(*a, *b));
    }
    last
}

// Moves those that `comes` to the front, and returns how many these are.
fn to_front(all: &mut [u128], comes: impl Fn(&u128) -> bool) -> usize {
    let mut many = 0;
    for at in 0..all.len() {
        if comes(&all[at]) {
            all.swap(many, at);
            many += 1;
        }
    }
    many
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_are_those_of_a_sort(
            keys in prop::collection::vec((0u64..6, any::<u32>()), 2..80),
            first in any::<prop::sample::Index>(),
            low in prop_oneof![Just(32u32), Just(64)],
        ) {
            let first = 1 + first.index(keys.len() - 1);
            // What is tied comes by its low bits, the largest first.
            let packed = keys.iter().map(|(key, tie)| u128::from(*key) << low | u128::from(*tie));
            let mut all: Vec<u128> = packed.collect();
            let last = select(&mut all, first, low, |a, b| {
                assert_eq!(a >> low, b >> low, "only those are asked about that are tied");
                b.cmp(&a)
            });
            let mut sorted = all.clone();
            sorted.sort_by(|a, b| (a >> low).cmp(&(b >> low)).then(b.cmp(a)));
            prop_assert_eq!(last >> low, sorted[first - 1] >> low);
            let (mut kept, mut expected) = (all[..first].to_vec(), sorted[..first].to_vec());
            kept.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(kept, expected);
        }
    }
}
