//! Hash maps whose seed can be set, so that a test can prove that no result depends on the order of a map.

use foldhash::fast::FixedState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

static SEED: AtomicU64 = AtomicU64::new(0x9e37_79b9_7f4a_7c15);

/// Sets the seed of every map that this process makes from now on. Hosts that take text from strangers set a random
/// seed, so that no stranger can prepare words that collide. Results never depend on the seed.
pub fn set_seed(seed: u64) {
    SEED.store(seed, Ordering::Relaxed);
}

/// Builds the hashers of [`Map`] and [`Set`], with the seed that is set when the map is made.
#[derive(Clone, Debug)]
pub struct State(FixedState);

impl Default for State {
    fn default() -> Self {
        State(FixedState::with_seed(SEED.load(Ordering::Relaxed)))
    }
}

impl BuildHasher for State {
    type Hasher = <FixedState as BuildHasher>::Hasher;

    fn build_hasher(&self) -> Self::Hasher {
        self.0.build_hasher()
    }
}

/// A hash map with the process-wide seed. Never iterate it where a result could depend on the order.
pub type Map<K, V> = hashbrown::HashMap<K, V, State>;
/// A hash set with the process-wide seed.
pub type Set<K> = hashbrown::HashSet<K, State>;
