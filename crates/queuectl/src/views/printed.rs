//! What an attempt printed, as text.

use queuectl_domain::{Chunk, Stream};
use queuectl_worker::{Decoder, Encoding};

/// What was printed on `stream`, or on both in the order of arrival. What is no text is replaced; a note stands where something
/// was left out.
pub(crate) fn text(chunks: &[Chunk], stream: Option<Stream>) -> String {
    let wanted = |chunk: &Chunk| stream.is_none_or(|stream| stream == chunk.stream);
    if !chunks.iter().any(wanted) {
        return String::new();
    }
    let mut decoders = [Stream::Stdout, Stream::Stderr].map(|stream| decoder(chunks, stream));
    let mut text = String::new();
    let mut end = 0;
    for chunk in chunks {
        if chunk.offset > end {
            // A character that was begun before the gap has lost its end.
            text.extend(decoders.iter_mut().map(Decoder::end));
            text.push_str(&note(
                chunk.offset - end,
                text.ends_with('\n') || text.is_empty(),
            ));
        }
        end = chunk.end();
        if wanted(chunk) {
            let [stdout, stderr] = &mut decoders;
            let decoder = match chunk.stream {
                Stream::Stdout => stdout,
                Stream::Stderr => stderr,
            };
            text.push_str(&decoder.push(&chunk.bytes));
        }
    }
    text.extend(decoders.iter_mut().map(Decoder::end));
    text
}

/// Returns a decoder for a stream, by the encoding that its beginning shows.
fn decoder(chunks: &[Chunk], stream: Stream) -> Decoder {
    let of_stream = chunks.iter().filter(|chunk| chunk.stream == stream);
    let bytes: Vec<u8> = of_stream.flat_map(|chunk| &chunk.bytes).copied().collect();
    Decoder::new(Encoding::of(&bytes))
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
        // What stands in its place is the system's choice: on Windows a character of its code page.
        let replaced = Encoding::of(b"be\xff").text(b"be\xff");
        let all = format!("{replaced}\n[… 123 bytes left out …]\nginné");
        assert_eq!(replaced.chars().count(), 3);
        assert_eq!(text(&chunks, None), all);
        assert_eq!(text(&chunks, Some(Stream::Stderr)), "");
    }

    #[test]
    fn each_stream_is_encoded_as_it_is() {
        let wide =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let chunks = [
            chunk(0, Stream::Stdout, &wide("\u{fc}ber\n")),
            chunk(10, Stream::Stderr, "\u{e9}t\u{e9}\n".as_bytes()),
            chunk(16, Stream::Stdout, &wide("ab\n")),
        ];
        assert_eq!(text(&chunks, None), "\u{fc}ber\n\u{e9}t\u{e9}\nab\n");
    }

    #[test]
    fn a_character_in_two_pieces_is_one() {
        let chunks = [
            chunk(0, Stream::Stdout, b"\xc3"),
            chunk(1, Stream::Stdout, b"\xa9"),
        ];
        assert_eq!(text(&chunks, None), "é");
        let between = [
            chunk(0, Stream::Stdout, b"\xc3"),
            chunk(1, Stream::Stderr, b"x\xe6\x97"),
            chunk(4, Stream::Stdout, b"\xa9"),
            chunk(5, Stream::Stderr, b"\xa5"),
        ];
        assert_eq!(text(&between, None), "xé日");
        assert_eq!(text(&between, Some(Stream::Stdout)), "é");
    }
}
