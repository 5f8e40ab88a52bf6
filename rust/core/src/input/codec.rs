//! Inputs as bytes: a version, then the input in postcard encoding.

use super::{Change, Input};
use crate::documents::Body;
use crate::ids::DocumentId;
use crate::reinforcement::Reinforcement;
use crate::{Error, Result};
use serde::Serialize;

/// The version of the encoding. A new kind of input does not change it: a reader that does not know the kind refuses
/// the input.
pub const INPUT_VERSION: u8 = 1;

impl Input {
    /// Returns the input as bytes that any process can read.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![INPUT_VERSION]).expect("plain data always encodes")
    }

    /// Decodes the input that [`Input::encode`] wrote. Checks its content as if a caller had given it, and takes no
    /// more memory than a small multiple of the bytes.
    ///
    /// # Errors
    /// [`Error::Wire`] for another version, an unknown kind, bytes left over or missing, and values that no colony
    /// accepts.
    pub fn decode(bytes: &[u8]) -> Result<Input> {
        let Some((&version, rest)) = bytes.split_first() else { return Err(refused("there are none".into())) };
        if version != INPUT_VERSION {
            return Err(refused(format!("version {version} is not {INPUT_VERSION}")));
        }
        let (input, left) = postcard::take_from_bytes(rest).map_err(|cause| refused(cause.to_string()))?;
        if !left.is_empty() {
            return Err(refused(format!("{} bytes are left over", left.len())));
        }
        if let Input::Reinforce { times: 0, .. } = input {
            return Err(refused("a reinforcement was given 0 times".into()));
        }
        Ok(input)
    }
}

// A borrowed input, with the same kinds in the same order as [`Input`].
#[derive(Serialize)]
enum Borrowed<'a> {
    Ingest(Vec<&'a Body>),
    Update(&'a Body),
    Delete(DocumentId),
    Reinforce { id: DocumentId, path: &'a Reinforcement, times: u64 },
}

impl Change {
    /// Returns the bytes of the input that makes this change, as [`Input::encode`] writes it, or `None` for no change.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let input = match self {
            Change::Nothing => return None,
            Change::Insert(documents) if documents.is_empty() => return None,
            Change::Insert(documents) => Borrowed::Ingest(documents.iter().map(|document| &document.body).collect()),
            Change::Replace { comes: Some(document), .. } => Borrowed::Update(&document.body),
            Change::Replace { id, .. } => Borrowed::Delete(*id),
            Change::Renew(document) => Borrowed::Update(&document.body),
            Change::Reinforce { id, path, times } => Borrowed::Reinforce { id: *id, path, times: *times },
            Change::Now(now) => return Some(Input::Now(*now).encode()),
        };
        Some(postcard::to_extend(&input, vec![INPUT_VERSION]).expect("plain data always encodes"))
    }
}

fn refused(reason: String) -> Error {
    Error::Wire { what: "input", reason }
}
