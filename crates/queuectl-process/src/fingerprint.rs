//! A text as a number that other processes come to as well, perhaps of another build.

/// The number of a text, by FNV-1a. It is never zero.
pub fn fingerprint(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.max(1)
}
