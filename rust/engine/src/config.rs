//! The settings of a runner, their defaults and accepted ranges.

use phago_core::config::DAY_MS;
use phago_core::settings;
use phago_core::settings::{Kind, Number, Settable};
use std::fmt;

/// How often a tick is redone at most, with [`Recover::Auto`]. A phase made by hand is redone as often.
pub const REDOS_MAX: u32 = 3;

/// What happens to a tick in which a shard died or hung.
#[derive(Copy, Clone, Debug, Eq, PartialEq, PartialOrd)]
pub enum Recover {
    /// It is redone from the committed state, up to [`REDOS_MAX`] times.
    Auto,
    /// It is undone, and its caller gets the error.
    Manual,
}

impl Recover {
    const ALL: [Recover; 2] = [Recover::Auto, Recover::Manual];

    const fn name(self) -> &'static str {
        match self {
            Recover::Auto => "auto",
            Recover::Manual => "manual",
        }
    }
}

impl fmt::Display for Recover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Settable for Recover {
    const KIND: Kind = Kind::Choice(&[Recover::Auto.name(), Recover::Manual.name()]);

    fn number(self) -> Number {
        Number::Word(self.name())
    }

    fn of(number: Number) -> Option<Self> {
        Recover::ALL.into_iter().find(|recover| recover.number() == number)
    }
}

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
        /// What happens to a tick in which a shard died or hung.
        recover: Recover = Recover::Auto, Recover::Auto..=Recover::Manual;
    }
}
