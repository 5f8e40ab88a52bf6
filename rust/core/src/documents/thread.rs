//! Where a document stands in a thread.

use serde::{Deserialize, Serialize};

/// The largest size of a thread's name, in bytes of UTF-8.
pub const THREAD_BYTES_MAX: usize = 512;

/// The place of a document in a thread: a turn of a conversation, a part of a file, a line of a log.
///
/// Documents of a thread are ordered by place, ties by id. Places need not follow each other: what is deleted leaves a
/// gap that nobody sees.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct ThreadPlace {
    /// The name of the thread.
    pub thread: Box<str>,
    /// The place in it.
    pub place: i64,
}

impl ThreadPlace {
    /// Returns what is wrong with the name of the thread, worded to follow the name of the field.
    pub(super) fn fault(&self) -> Option<String> {
        match self.thread.len() {
            0 => Some("is empty; accepted is a string that is not, or none".into()),
            bytes if bytes > THREAD_BYTES_MAX => {
                Some(format!("takes {bytes} bytes of UTF-8; accepted are at most {THREAD_BYTES_MAX}"))
            }
            _ => None,
        }
    }

    /// Returns the canonical bytes, for digests and identities.
    pub fn encode(&self) -> Vec<u8> {
        [&self.place.to_le_bytes()[..], self.thread.as_bytes()].concat()
    }
}
