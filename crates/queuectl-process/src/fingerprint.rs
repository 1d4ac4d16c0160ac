//! A number for a text, the same in each process and each build.

/// Returns the number of a text (64-bit FNV-1a). It is never zero.
pub fn fingerprint(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.max(1)
}
