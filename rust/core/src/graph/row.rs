//! The synapses of one node, packed.

use super::synapse::Synapse;

// Sixteen bytes hold almost every synapse: 32 bits of target, 32 of last, 25 of weight, 20 of age, 19 of
// co-activations.
const AGE_BITS: u32 = 20;
const COUNT_BITS: u32 = 19;
const WEIGHT_BITS: u32 = 25;

/// A node's own synapses, in an order without meaning. Each is packed into 16 bytes. A row is not packed if one of its
/// synapses went 2^20 ticks between two activations or was in 2^19 documents.
#[derive(Clone, Debug)]
pub enum Row {
    /// 16 bytes per synapse.
    Packed(Box<[[u64; 2]]>),
    /// 20 bytes per synapse, without limits.
    Wide(Box<[Synapse]>),
}

impl Default for Row {
    fn default() -> Self {
        Row::Packed(Box::default())
    }
}

impl Row {
    /// Returns a row of these synapses.
    pub fn new(synapses: &[Synapse]) -> Self {
        let fits = |s: &Synapse| (s.last - s.created) >> AGE_BITS == 0 && s.co_activations >> COUNT_BITS == 0;
        if synapses.iter().all(fits) {
            Row::Packed(synapses.iter().map(pack).collect())
        } else {
            Row::Wide(synapses.into())
        }
    }

    /// Returns how many synapses are stored, including those that are gone.
    pub fn len(&self) -> usize {
        match self {
            Row::Packed(row) => row.len(),
            Row::Wide(row) => row.len(),
        }
    }

    /// Returns whether no synapse is stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the synapse at an index of the row.
    pub fn get(&self, place: usize) -> Synapse {
        match self {
            Row::Packed(row) => unpack(&row[place]),
            Row::Wide(row) => row[place],
        }
    }

    /// Returns all stored synapses, including those that are gone.
    pub fn iter(&self) -> impl Iterator<Item = Synapse> + '_ {
        (0..self.len()).map(|place| self.get(place))
    }

    /// Calls `with` with each stored synapse, including those that are gone.
    #[inline]
    pub fn for_each(&self, with: impl FnMut(Synapse)) {
        match self {
            Row::Packed(row) => row.iter().map(unpack).for_each(with),
            Row::Wide(row) => row.iter().copied().for_each(with),
        }
    }

    /// Returns the bytes on the heap, without the allocator's overhead.
    pub fn bytes(&self) -> usize {
        match self {
            Row::Packed(row) => size_of_val::<[[u64; 2]]>(row),
            Row::Wide(row) => size_of_val::<[Synapse]>(row),
        }
    }
}

fn pack(synapse: &Synapse) -> [u64; 2] {
    let age = u64::from(synapse.last - synapse.created);
    [
        u64::from(synapse.target) | u64::from(synapse.last) << 32,
        u64::from(synapse.weight) | age << WEIGHT_BITS | u64::from(synapse.co_activations) << (WEIGHT_BITS + AGE_BITS),
    ]
}

fn unpack(packed: &[u64; 2]) -> Synapse {
    let last = (packed[0] >> 32) as u32;
    let bits = |from: u32, count: u32| ((packed[1] >> from) & ((1 << count) - 1)) as u32;
    Synapse {
        target: packed[0] as u32,
        weight: bits(0, WEIGHT_BITS),
        last,
        created: last - bits(WEIGHT_BITS, AGE_BITS),
        co_activations: bits(WEIGHT_BITS + AGE_BITS, COUNT_BITS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::synapse::ONE;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_row_gives_back_what_it_was_made_of(
            made in prop::collection::vec((any::<u32>(), 0..=ONE, 0u32..1 << 21, any::<u32>(), prop_oneof![1u32..9, any::<u32>()]), 0..40),
        ) {
            let synapses: Vec<Synapse> = made.into_iter().map(|(target, weight, age, last, co_activations)| {
                Synapse { target, weight, last, created: last - age.min(last), co_activations }
            }).collect();
            let row = Row::new(&synapses);
            prop_assert_eq!(row.iter().collect::<Vec<_>>(), synapses);
        }
    }

    #[test]
    fn sixteen_bytes_hold_an_ordinary_synapse() {
        assert_eq!(Row::new(&[Synapse::new(1, 1, 1); 30]).bytes(), 480);
    }
}
