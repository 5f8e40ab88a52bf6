//! The synapses of one node, packed.

use super::synapse::{ONE, Synapse};

// Twelve bytes hold almost every synapse: 32 bits of target, 24 of weight, 12 of how long before the row's latest
// activation its own was, 14 of age, 14 of co-activations.
const WEIGHT_BITS: u32 = 24;
const BACK_BITS: u32 = 12;
const AGE_BITS: u32 = 14;
const COUNT_BITS: u32 = 14;
// Of the count, so many bits are beside the weight.
const LOW_BITS: u32 = 32 - WEIGHT_BITS;

const PACKED: usize = 3;
const WIDE: usize = 5;
// Stands for the latest activation of a row that is not packed.
const IS_WIDE: u32 = u32::MAX;

/// A node's own synapses, in an order without meaning, each in 12 bytes. A row has 20 bytes for each if one of them
/// was activated 2^12 ticks before another one, went 2^14 ticks between two activations, or was in 2^14 documents.
///
/// It is the tick of the latest activation, then the words of each synapse; an empty one has nothing.
#[derive(Clone, Debug, Default)]
pub struct Row(Box<[u32]>);

impl Row {
    /// Returns a row of these synapses.
    pub fn new(synapses: &[Synapse]) -> Self {
        Form::of(synapses).row(synapses)
    }

    pub(super) fn words(&self) -> &[u32] {
        &self.0
    }

    pub(super) fn words_mut(&mut self) -> &mut [u32] {
        &mut self.0
    }

    /// Returns how many synapses are stored, including those that are gone.
    pub fn len(&self) -> usize {
        match &*self.0 {
            [] => 0,
            [IS_WIDE, words @ ..] => words.len() / WIDE,
            [_, words @ ..] => words.len() / PACKED,
        }
    }

    /// Returns whether no synapse is stored.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all stored synapses, including those that are gone.
    pub fn iter(&self) -> impl Iterator<Item = Synapse> + '_ {
        synapses(&self.0)
    }

    /// Reads a little of every line of memory that it takes.
    pub fn warm(&self) -> u32 {
        const LINE: usize = 64 / size_of::<u32>();
        self.0.iter().step_by(LINE).fold(0, |read, word| read ^ word)
    }

    /// Returns the bytes on the heap, without the allocator's overhead.
    pub fn bytes(&self) -> usize {
        size_of_val::<[u32]>(&self.0)
    }
}

/// Returns the synapses of a row's words.
pub(super) fn synapses(words: &[u32]) -> impl DoubleEndedIterator<Item = Synapse> + '_ {
    let (latest, words) = words.split_first().map_or((0, &[][..]), |(latest, words)| (*latest, words));
    let (packed, wide) = if latest == IS_WIDE { (&[][..], words) } else { (words, &[][..]) };
    let packed = packed.as_chunks().0.iter().map(move |words| unpack(words, latest));
    packed.chain(wide.as_chunks().0.iter().map(|&[target, weight, last, created, co_activations]| Synapse {
        target,
        weight,
        last,
        created,
        co_activations,
    }))
}

/// How synapses are stored.
pub(super) struct Form {
    synapses: usize,
    // By the latest activation, unless they are wide.
    latest: Option<u32>,
}

impl Form {
    /// Returns the form of these synapses.
    pub(super) fn of(synapses: &[Synapse]) -> Form {
        let latest = synapses.iter().map(|synapse| synapse.last).max().unwrap_or(0);
        let excess = |sum: u32, s: &Synapse| {
            let (back, age) = (latest - s.last, s.last - s.created);
            // A weight of 0 becomes the largest number, which does not fit either.
            let weight = s.weight.wrapping_sub(1);
            sum | weight >> WEIGHT_BITS | back >> BACK_BITS | age >> AGE_BITS | s.co_activations >> COUNT_BITS
        };
        let fit = latest != IS_WIDE && synapses.iter().fold(0, excess) == 0;
        Form { synapses: synapses.len(), latest: fit.then_some(latest) }
    }

    /// Returns how many words they take.
    pub(super) fn len(&self) -> usize {
        match (self.synapses, self.latest) {
            (0, _) => 0,
            (synapses, Some(_)) => 1 + synapses * PACKED,
            (synapses, None) => 1 + synapses * WIDE,
        }
    }

    /// Returns the row of the same synapses.
    pub(super) fn row(&self, synapses: &[Synapse]) -> Row {
        let mut words = Vec::with_capacity(self.len());
        self.write(synapses, &mut words);
        Row(words.into())
    }

    /// Writes the same synapses.
    pub(super) fn write(&self, synapses: &[Synapse], words: &mut Vec<u32>) {
        match self.latest {
            _ if synapses.is_empty() => {}
            Some(latest) => {
                words.push(latest);
                words.extend(synapses.iter().flat_map(|synapse| pack(synapse, latest)));
            }
            None => {
                words.push(IS_WIDE);
                words.extend(synapses.iter().flat_map(|s| [s.target, s.weight, s.last, s.created, s.co_activations]));
            }
        }
    }
}

fn pack(synapse: &Synapse, latest: u32) -> [u32; PACKED] {
    let (back, age, count) = (latest - synapse.last, synapse.last - synapse.created, synapse.co_activations);
    [
        synapse.target,
        (synapse.weight - 1) | count << WEIGHT_BITS,
        back | age << BACK_BITS | count >> LOW_BITS << (BACK_BITS + AGE_BITS),
    ]
}

fn unpack(packed: &[u32; PACKED], latest: u32) -> Synapse {
    let low = |word: u32, bits: u32| word & ((1 << bits) - 1);
    let &[target, first, second] = packed;
    let last = latest - low(second, BACK_BITS);
    Synapse {
        target,
        weight: low(first, WEIGHT_BITS) + 1,
        last,
        created: last - low(second >> BACK_BITS, AGE_BITS),
        co_activations: first >> WEIGHT_BITS | second >> (BACK_BITS + AGE_BITS) << LOW_BITS,
    }
}

// What does not fit is wide, also the largest weight.
const _: () = assert!(ONE == 1 << WEIGHT_BITS && BACK_BITS + AGE_BITS + COUNT_BITS - LOW_BITS == 32);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_row_gives_back_what_it_was_made_of(
            made in prop::collection::vec((
                any::<u32>(),
                prop_oneof![Just(0), Just(1), Just(ONE), 0..=ONE],
                prop_oneof![Just((1 << 14) - 1), Just(1 << 14), 0u32..1 << 15, any::<u32>()],
                prop_oneof![(1u32 << 31) - 4200..1 << 31, (1u32 << 31) - 10..1 << 31, Just(u32::MAX), any::<u32>()],
                prop_oneof![1u32..9, (1u32 << 14) - 3..(1 << 14) + 3, any::<u32>()],
            ), 0..40),
            most in 0usize..40,
        ) {
            let synapses: Vec<Synapse> = made.into_iter().take(most).map(|(target, weight, age, last, co_activations)| {
                Synapse { target, weight, last, created: last - age.min(last), co_activations }
            }).collect();
            let row = Row::new(&synapses);
            prop_assert_eq!((row.len(), row.is_empty()), (synapses.len(), synapses.is_empty()));
            prop_assert_eq!(row.iter().collect::<Vec<_>>(), synapses);
        }
    }

    #[test]
    fn twelve_bytes_hold_an_ordinary_synapse() {
        assert_eq!(Row::new(&[Synapse::new(1, 1, 1); 30]).bytes(), 4 + 360);
        // The limits of each.
        let (last, created) = (1 << 20, (1 << 20) - (1 << 14) + 1);
        let most = Synapse { target: u32::MAX, weight: ONE, last, created, co_activations: (1 << 14) - 1 };
        let late = Synapse::new(0, 1, last + (1 << 12) - 1);
        assert_eq!(Row::new(&[most, late]).bytes(), 4 + 24);
        let last_tick = Synapse { last: u32::MAX, created: u32::MAX, ..most };
        assert_eq!(Row::new(&[last_tick]).iter().collect::<Vec<_>>(), [last_tick]);
        for beyond in [
            Synapse { weight: 0, ..most },
            Synapse { last: last + 1, ..most },
            Synapse { co_activations: 1 << 14, ..most },
            Synapse { last: last - 1, created: last - 1, ..most },
        ] {
            let row = Row::new(&[beyond, late]);
            assert_eq!((row.bytes(), row.iter().collect()), (4 + 40, vec![beyond, late]));
        }
    }
}
