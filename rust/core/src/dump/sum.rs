//! The sum of hashes: the hash of a multiset, which is computed in parts and in any order.
//!
//! It is LtHash (Bellare and Micciancio, 1997; Maitin-Shepard et al., "Securing Update Propagation with Homomorphic
//! Hashing", 2019): the SHA-256 of each record is expanded to 2,048 bytes, and these are added lane by lane. That is
//! the size that the latter paper holds to give at least 200 bits of security. Simpler sums do not last: equal records
//! cancel in an exclusive or, and Wagner's generalised birthday attack finds another set with the same 256-bit sum in
//! about 2^32 steps. Multiplications modulo a prime of 3,072 bits (MuHash) are safe too and slower.
//!
//! Lanes have 64 bits where the paper has 16. The state is as large; but 2^16 equal records would leave a lane of 16
//! bits as it was, and documents of equal words, all deleted before the next tick, are such records.
//!
//! The expansion is the keystream of ChaCha (12 rounds, as in RFC 8439 with a nonce of 0) under the SHA-256 as its key.
//! It is written in Rust alone, has vector code for most machines, and is faster than the output of BLAKE3 where there
//! is no AVX-512.

use chacha20::cipher::StreamCipher;
use chacha20::{ChaCha12, KeyIvInit, Nonce};
use serde::{Deserialize, Serialize};

const LANES: usize = 256;
const BYTES: usize = 8 * LANES;

/// A sum of hashed records.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(into = "Vec<u8>", try_from = "Vec<u8>")]
pub(super) struct Sum(Box<[u64; LANES]>);

impl Sum {
    /// Returns the sum of nothing.
    pub(super) fn new() -> Sum {
        Sum(Box::new([0; LANES]))
    }

    /// Adds a record.
    pub(super) fn add(&mut self, hash: [u8; 32]) {
        let mut stream = [0; BYTES];
        ChaCha12::new(&hash.into(), &Nonce::default()).apply_keystream(&mut stream);
        self.add_lanes(&stream);
    }

    /// Adds another sum.
    pub(super) fn merge(&mut self, other: &Sum) {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(lane, more)| *lane = lane.wrapping_add(*more));
    }

    /// Returns it as bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|lane| lane.to_le_bytes()).collect()
    }

    fn add_lanes(&mut self, bytes: &[u8; BYTES]) {
        let (lanes, _) = bytes.as_chunks();
        self.0.iter_mut().zip(lanes).for_each(|(lane, more)| *lane = lane.wrapping_add(u64::from_le_bytes(*more)));
    }
}

impl From<Sum> for Vec<u8> {
    fn from(sum: Sum) -> Vec<u8> {
        sum.bytes()
    }
}

impl TryFrom<Vec<u8>> for Sum {
    type Error = String;

    fn try_from(bytes: Vec<u8>) -> Result<Sum, String> {
        let bytes = <&[u8; BYTES]>::try_from(&bytes[..]).map_err(|_| format!("a sum of {} bytes", bytes.len()))?;
        let mut sum = Sum::new();
        sum.add_lanes(bytes);
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn of(records: &[&str]) -> Sum {
        let mut sum = Sum::new();
        records.iter().for_each(|record| sum.add(Sha256::digest(record).into()));
        sum
    }

    // Computed with another implementation of ChaCha, which gives the test vectors of RFC 8439 for 20 rounds.
    #[test]
    fn the_sum_of_known_records_is_golden() {
        let one = of(&["one"]);
        assert_eq!((one.0[0], one.0[LANES - 1]), (0x000b_9f8c_f7e9_53e0, 0xd980_520b_0c24_ebd0));
        let hash = Sha256::digest(of(&["one", "other", "other"]).bytes());
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digits, "e05fc88903df2f11b16e49e133284e57a8dfa5d317cfe340ddf24df66deb8fb9");
    }

    #[test]
    fn order_does_not_matter_and_equal_records_count_each() {
        assert_eq!(of(&["a", "b", "b"]), of(&["b", "a", "b"]));
        assert_ne!(of(&["a", "b", "b"]), of(&["a"]));
        assert_ne!(of(&["a", "b", "b"]), of(&["a", "b"]));
        let mut merged = of(&["b"]);
        merged.merge(&of(&["b", "a"]));
        assert_eq!(merged, of(&["a", "b", "b"]));
        // As many as bring a lane of 16 bits back to what it was.
        let mut many = of(&["a"]);
        (0..16).for_each(|_| many.merge(&many.clone()));
        assert_ne!(many, of(&[]));
        many.merge(&of(&["b"]));
        assert_ne!(many, of(&["b"]));
    }

    #[test]
    fn a_sum_survives_its_bytes_and_no_other_length_is_one() {
        let sum = of(&["a", "b"]);
        let bytes = postcard::to_allocvec(&sum).unwrap();
        assert_eq!(postcard::from_bytes::<Sum>(&bytes).unwrap(), sum);
        for length in [0, 1, BYTES - 1, BYTES + 1] {
            let bytes = postcard::to_allocvec(&vec![7u8; length]).unwrap();
            assert!(postcard::from_bytes::<Sum>(&bytes).is_err());
        }
    }
}
