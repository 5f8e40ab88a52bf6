//! What the bytes of a text are, 64 of them at once, one bit each. A loop over bytes ends at a place that the processor
//! cannot foresee, once a word; bits are counted without a loop.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

const BLOCK: usize = 64;

/// The bytes of a text, of which one block is looked at at a time.
pub(super) struct Masks<'a> {
    bytes: &'a [u8],
    level: Level,
    // The offset of the block behind the one that is looked at.
    end: usize,
    // Which bytes of it are ASCII letters or digits, which are these in lower case, and which are beyond ASCII.
    alnum: u64,
    lower: u64,
    wide: u64,
}

impl<'a> Masks<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Masks<'a> {
        Masks { bytes, level: Level::new(), end: 0, alnum: 0, lower: 0, wide: 0 }
    }

    /// Returns the first offset from `at` on of a letter or digit, or a byte beyond ASCII.
    pub(super) fn next(&mut self, mut at: usize) -> Option<usize> {
        while at < self.bytes.len() {
            self.look_at(at);
            let rest = (self.alnum | self.wide) >> (at % BLOCK);
            if rest != 0 {
                return Some(at + rest.trailing_zeros() as usize);
            }
            at = self.end;
        }
        None
    }

    /// Returns where the ASCII letters and digits that begin at `start` end, and whether all are letters in lower case.
    pub(super) fn run(&mut self, start: usize) -> (usize, bool) {
        let (mut at, mut is_lower) = (start, true);
        loop {
            self.look_at(at);
            let within = at % BLOCK;
            let count = (self.alnum >> within).trailing_ones();
            is_lower &= (self.lower >> within).trailing_ones() >= count;
            at += count as usize;
            if at < self.end || at >= self.bytes.len() {
                return (at, is_lower);
            }
        }
    }

    #[inline]
    fn look_at(&mut self, at: usize) {
        // Only the next offsets are asked for, so an earlier block is never.
        if at >= self.end {
            self.load(at - at % BLOCK);
        }
    }

    fn load(&mut self, start: usize) {
        self.end = start + BLOCK;
        let rest = &self.bytes[start..];
        let mut padded = [0; BLOCK];
        let block = rest.first_chunk().unwrap_or_else(|| {
            padded[..rest.len()].copy_from_slice(rest);
            &padded
        });
        (self.alnum, self.lower, self.wide) = dispatch!(self.level, simd => classes(simd, block));
    }
}

// Returns which bytes are ASCII letters or digits, which are these in lower case, and which are beyond ASCII.
#[inline(always)]
fn classes<S: Simd>(simd: S, block: &[u8; BLOCK]) -> (u64, u64, u64) {
    let bytes = u8x64::from_slice(simd, block);
    let between = |first: u8, last: u8| (bytes - first).simd_le(last - first);
    let lower = between(b'a', b'z');
    let alnum = lower | between(b'A', b'Z') | between(b'0', b'9');
    (alnum.to_bitmask(), lower.to_bitmask(), bytes.simd_ge(0x80).to_bitmask())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_of_letters_and_digits_are_found_as_byte_by_byte(
            text in proptest::collection::vec(prop_oneof!["[a-z]{1,90}", "[A-Za-z0-9]{1,4}", "\\PC{1,3}", any::<String>(), "[ -/:-@\\[-`{-~]{1,70}"], 0..8)
        ) {
            let text = text.concat();
            let bytes = text.as_bytes();
            let (mut masks, mut at) = (Masks::of(bytes), 0);
            let begins = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
            loop {
                let expected = bytes[at..].iter().position(begins).map(|start| at + start);
                prop_assert_eq!(masks.next(at), expected);
                let Some(start) = expected else { break };
                let run = bytes[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                if run == 0 {
                    at = start + 1;
                    continue;
                }
                let is_lower = bytes[start..start + run].iter().all(u8::is_ascii_lowercase);
                prop_assert_eq!(masks.run(start), (start + run, is_lower));
                at = start + run;
            }
        }
    }
}
