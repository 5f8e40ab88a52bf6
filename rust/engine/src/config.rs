//! How a runner drives: what can be set, its defaults and what is accepted.

use phago_core::config::DAY_MS;
use phago_core::settings;

settings! {
    /// How a runner drives. Nothing here changes a result, only when it comes.
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
