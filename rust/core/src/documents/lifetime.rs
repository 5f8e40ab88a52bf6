//! When a document leaves by itself.

use crate::ids::{TICK_MAX, Tick};
use serde::{Deserialize, Serialize};

/// When a document leaves by itself: as if it were deleted when a tick has been made.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub enum Lifetime {
    /// The tick after which it is gone. One that is over when the document comes means the next tick.
    Tick(Tick),
    /// The time from which on the next tick takes it away, in microseconds since 1970 in UTC.
    Time(i64),
}

impl Lifetime {
    /// Returns what is wrong, worded to follow the name of the field, for a tick that is never made.
    pub(super) fn fault(self) -> Option<String> {
        match self {
            Lifetime::Tick(tick) if tick > TICK_MAX => {
                Some(format!("is tick {tick}; accepted are ticks from 0 to {TICK_MAX}, and times"))
            }
            _ => None,
        }
    }

    /// Returns the canonical bytes, for digests and identities.
    pub fn encode(self) -> [u8; 9] {
        let (kind, number) = match self {
            Lifetime::Tick(tick) => (1, tick.to_le_bytes()),
            Lifetime::Time(time) => (2, time.to_le_bytes()),
        };
        let mut bytes = [kind; 9];
        bytes[1..].copy_from_slice(&number);
        bytes
    }
}
