//! A number and a count in 32 bits, if they fit: almost all do. What is read most is half as large, in memory and for the
//! processor's caches.

/// The bits of the count.
const COUNT_BITS: u32 = 8;
const COUNT: u32 = (1 << COUNT_BITS) - 1;

/// Returns a number and a count as one, which is ordered by the number, if they fit.
#[inline]
pub(super) fn packed((number, count): (u32, u32)) -> Option<u32> {
    (number >> (u32::BITS - COUNT_BITS) == 0 && count <= COUNT).then_some(number << COUNT_BITS | count)
}

/// Returns what was packed.
#[inline]
pub(super) fn unpacked(packed: u32) -> (u32, u32) {
    (number(packed), packed & COUNT)
}

/// Returns the number of what was packed.
#[inline]
pub(super) fn number(packed: u32) -> u32 {
    packed >> COUNT_BITS
}
