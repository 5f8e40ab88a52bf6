//! The settings of a runner, their defaults and accepted ranges.

use phago_core::config::DAY_MS;
use phago_core::settings;

settings! {
    /// The settings of a runner. None of them changes a result, only the time it takes.
    #[derive(Copy, Eq)]
    pub struct RunnerConfig {
        /// Milliseconds a phase may take.
        phase_timeout_ms: u64 = 30_000, 1..=DAY_MS;
        /// Whether the far ends of new cross-shard edges are fetched after each tick.
        resolve_ghosts: bool = true, false..=true;
        /// Worker threads.
        max_parallelism: u32 = 8, 1..=256;
    }
}
