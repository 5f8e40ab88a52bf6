//! Asks and replies as bytes: a version, then the message in postcard encoding.

use crate::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version of the encoding. Driver and nodes must have the same one.
pub const ASK_VERSION: u8 = 1;

/// The largest message, in bytes. The words and the title of the largest document fit into it twice; what is longer
/// comes in pages.
pub const MESSAGE_BYTES_MAX: usize = 128 << 20;

// Returns a message as bytes.
pub(crate) fn encode(what: &'static str, message: &impl Serialize) -> Result<Vec<u8>> {
    let bytes = postcard::to_extend(message, vec![ASK_VERSION]).expect("plain data always encodes");
    if bytes.len() > MESSAGE_BYTES_MAX {
        let (limit, value) = (MESSAGE_BYTES_MAX as u64, bytes.len() as u64);
        return Err(Error::Limit { what: format!("the bytes of {what}"), limit, value });
    }
    Ok(bytes)
}

// Decodes what `encode` returned.
pub(crate) fn decode<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T> {
    let refused = |reason: String| Error::Wire { what, reason };
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(refused(format!("{} bytes are more than {MESSAGE_BYTES_MAX}", bytes.len())));
    }
    let Some((&version, rest)) = bytes.split_first() else { return Err(refused("there are none".into())) };
    if version != ASK_VERSION {
        return Err(refused(format!("version {version} is not {ASK_VERSION}")));
    }
    let (message, left) = postcard::take_from_bytes(rest).map_err(|cause| refused(cause.to_string()))?;
    if !left.is_empty() {
        return Err(refused(format!("{} bytes are left over", left.len())));
    }
    Ok(message)
}
