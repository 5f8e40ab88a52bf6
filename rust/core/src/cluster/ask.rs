//! Stub.
use crate::Result;
use crate::query::Buffers;
use crate::replica::Replica;
/// Stub.
pub fn serve(_replica: &Replica, _bytes: &[u8], _buffers: &mut Buffers) -> Result<Vec<u8>> {
    Ok(Vec::new())
}
