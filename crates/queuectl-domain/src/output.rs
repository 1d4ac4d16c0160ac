//! What an attempt prints, and how much of it is kept.

use std::ops::Range;

/// Which of its two streams a command printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A piece of an attempt's output.
///
/// Offsets count the bytes of both streams together, in the order in which they
/// arrived, so a gap between the end of one chunk and the offset of the next
/// is what was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// How many bytes the attempt had printed before this piece.
    pub offset: u64,
    /// Where it was printed.
    pub stream: Stream,
    /// The bytes, as they were printed.
    pub bytes: Vec<u8>,
}

impl Chunk {
    /// The offset of the byte after this piece.
    pub fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }
}

/// How much of the beginning is kept when not all is, in bytes.
const HEAD: u64 = 64 * 1024;

/// Which bytes of `total` are left out where at most `limit` are kept: those
/// between the first 64 KiB (or half of a smaller limit) and the newest rest.
pub fn left_out(total: u64, limit: u64) -> Range<u64> {
    let head = HEAD.min(limit / 2);
    let tail = limit - head;
    head..total.saturating_sub(tail).max(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_kept_whole() {
        assert!(left_out(0, 1000).is_empty());
        assert!(left_out(1000, 1000).is_empty());
        assert!(left_out(1 << 20, 1 << 20).is_empty());
    }

    #[test]
    fn the_middle_is_left_out() {
        assert_eq!(left_out(1001, 1000), 500..501);
        let mib = 1 << 20;
        assert_eq!(left_out(10 * mib, mib), HEAD..9 * mib + HEAD);
        assert_eq!(left_out(7, 0), 0..7);
    }
}
