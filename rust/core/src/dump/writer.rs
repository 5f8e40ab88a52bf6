//! Writes the fields of a record into a hash.

use sha2::{Digest, Sha256};

// Bytes are hashed in pieces of about this size: short ones cost a call each, and long ones a copy that leaves the
// cache.
const PIECE: usize = 1 << 14;

/// A record on its way into its hash.
#[derive(Default)]
pub(super) struct Writer {
    hash: Sha256,
    buffer: Vec<u8>,
}

impl Writer {
    /// Returns the hash of what was written, and begins anew.
    pub(super) fn take(&mut self) -> [u8; 32] {
        self.hash.update(&self.buffer);
        self.buffer.clear();
        self.hash.finalize_reset().into()
    }

    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() > PIECE {
            self.hash.update(&self.buffer);
            self.buffer.clear();
        }
    }

    /// Writes bytes after their number.
    pub(super) fn block(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.block(text.as_bytes());
    }

    pub(super) fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    pub(super) fn real(&mut self, real: f64) {
        self.number(real.to_bits());
    }

    pub(super) fn id(&mut self, id: u128) {
        self.bytes(&id.to_le_bytes());
    }
}
