//! What an attempt printed, as text.

use queuectl_domain::{Chunk, Stream};

/// What was printed on `stream`, or on both in the order of arrival. Invalid
/// UTF-8 is replaced; a note stands where something was left out.
pub(crate) fn text(chunks: &[Chunk], stream: Option<Stream>) -> String {
    let wanted = |chunk: &Chunk| stream.is_none_or(|stream| stream == chunk.stream);
    if !chunks.iter().any(wanted) {
        return String::new();
    }
    let mut text = String::new();
    let mut piece = Vec::new();
    let mut end = 0;
    for chunk in chunks {
        if chunk.offset > end {
            text.push_str(&String::from_utf8_lossy(&piece));
            piece.clear();
            text.push_str(&note(
                chunk.offset - end,
                text.ends_with('\n') || text.is_empty(),
            ));
        }
        end = chunk.end();
        if wanted(chunk) {
            piece.extend_from_slice(&chunk.bytes);
        }
    }
    text.push_str(&String::from_utf8_lossy(&piece));
    text
}

fn note(bytes: u64, starts_line: bool) -> String {
    let before = if starts_line { "" } else { "\n" };
    format!("{before}[… {bytes} bytes left out …]\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(offset: u64, stream: Stream, bytes: &[u8]) -> Chunk {
        let bytes = bytes.to_vec();
        Chunk {
            offset,
            stream,
            bytes,
        }
    }

    #[test]
    fn streams_come_together_in_the_order_of_arrival_and_apart() {
        let chunks = [
            chunk(0, Stream::Stdout, b"one\n"),
            chunk(4, Stream::Stderr, b"two\n"),
            chunk(8, Stream::Stdout, b"three\n"),
        ];
        assert_eq!(text(&chunks, None), "one\ntwo\nthree\n");
        assert_eq!(text(&chunks, Some(Stream::Stdout)), "one\nthree\n");
        assert_eq!(text(&chunks, Some(Stream::Stderr)), "two\n");
    }

    #[test]
    fn a_gap_is_told_and_bytes_that_are_no_text_are_replaced() {
        let chunks = [
            chunk(0, Stream::Stdout, b"be\xff"),
            chunk(126, Stream::Stdout, "ginné".as_bytes()),
        ];
        let all = "be\u{fffd}\n[… 123 bytes left out …]\nginné";
        assert_eq!(text(&chunks, None), all);
        assert_eq!(text(&chunks, Some(Stream::Stderr)), "");
    }

    #[test]
    fn a_character_in_two_pieces_is_one() {
        let chunks = [
            chunk(0, Stream::Stdout, b"\xc3"),
            chunk(1, Stream::Stdout, b"\xa9"),
        ];
        assert_eq!(text(&chunks, None), "é");
    }
}
