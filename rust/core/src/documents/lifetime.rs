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

// From the first moment of the year 1 to the last of 9999 in UTC, in microseconds since 1970: what callers can be given
// back as a date.
const MOMENTS: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// Returns what is wrong with a moment, worded to follow the name of the field.
pub(super) fn moment_fault(moment: i64) -> Option<String> {
    let reason = "is outside of the years 1 to 9999 in UTC; accepted is a moment within them";
    (!MOMENTS.contains(&moment)).then(|| reason.into())
}

impl Lifetime {
    /// Returns what is wrong, worded to follow the name of the field, for a tick that is never made and a time that is no
    /// date.
    pub(super) fn fault(self) -> Option<String> {
        match self {
            Lifetime::Time(time) => moment_fault(time),
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
