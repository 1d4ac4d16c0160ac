//! What is kept of a piece of output when its middle is left out.

use std::ops::Range;

use queuectl_domain::Chunk;

/// Those parts of a piece that don't lie in `gone`, each with its offset: none of them is empty.
pub(crate) fn outside<'c>(
    chunk: &'c Chunk,
    gone: &Range<u64>,
) -> impl Iterator<Item = (u64, &'c [u8])> + use<'c> {
    let length = chunk.bytes.len();
    let within = |at: u64| {
        let offset = at.saturating_sub(chunk.offset);
        usize::try_from(offset).map_or(length, |offset| offset.min(length))
    };
    let (head, tail) = if gone.is_empty() {
        (length, length)
    } else {
        (within(gone.start), within(gone.end))
    };
    let parts = [
        (chunk.offset, &chunk.bytes[..head]),
        (chunk.offset + tail as u64, &chunk.bytes[tail..]),
    ];
    parts.into_iter().filter(|(_, bytes)| !bytes.is_empty())
}
