//! Decodes bytes that come in pieces. A character that is cut in two is kept until the rest of it comes.

use crate::os;
use crate::text::Encoding;

/// How many bytes of an incomplete line are kept at most. On Windows the encoding isn't known before the line's
/// end.
const LONGEST: usize = 8 * 1024;

/// Makes text of what a program prints on one stream. The text is the same however the bytes are cut into
/// pieces.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    /// `None` as long as too few bytes have come to tell.
    encoding: Option<Encoding>,
    /// Bytes that can't be decoded yet.
    rest: Vec<u8>,
    /// Whether the first character, which may be a byte order mark, has been decoded.
    begun: bool,
}

impl Decoder {
    /// A decoder for this encoding. A default decoder goes by the first bytes.
    pub fn new(encoding: Encoding) -> Self {
        Self {
            encoding: Some(encoding),
            ..Self::default()
        }
    }

    /// Takes in the next bytes, and returns the text that is complete now.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.rest.extend_from_slice(bytes);
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None if is_too_little(&self.rest) => return String::new(),
            None => self.begin(),
        };
        let whole = match encoding {
            Encoding::Utf8 => whole_utf_8(&self.rest),
            Encoding::Utf16 => whole_utf_16(&self.rest),
            Encoding::Console => whole_console(&self.rest),
        };
        self.take(encoding, whole)
    }

    /// Returns the text of what was kept, now that nothing more comes.
    pub fn end(&mut self) -> String {
        let encoding = self.encoding.unwrap_or_else(|| self.begin());
        self.take(encoding, self.rest.len())
    }

    /// Removes the first `whole` bytes that were kept, and returns their text.
    fn take(&mut self, encoding: Encoding, whole: usize) -> String {
        let bytes = &self.rest[..whole];
        let text = if self.begun {
            encoding.text_within(bytes)
        } else {
            encoding.text(bytes)
        };
        let text = text.into_owned();
        self.begun |= whole > 0;
        self.rest.drain(..whole);
        text
    }

    /// Decides how the stream is encoded.
    fn begin(&mut self) -> Encoding {
        let encoding = match Encoding::of(&self.rest) {
            Encoding::Utf16 => Encoding::Utf16,
            // A line that isn't UTF-8 may yet come.
            Encoding::Utf8 | Encoding::Console if os::console_text(b"").is_some() => {
                Encoding::Console
            }
            Encoding::Utf8 | Encoding::Console => Encoding::Utf8,
        };
        *self.encoding.insert(encoding)
    }
}

/// Returns true if it depends on the next bytes whether these first ones are UTF-16. But a single ASCII byte
/// is shown at once, because nothing more may come for a long time.
fn is_too_little(bytes: &[u8]) -> bool {
    match bytes {
        [first] => !first.is_ascii(),
        [low, 0] | [low, 0, _] => *low != 0,
        _ => bytes.is_empty(),
    }
}

/// Returns how many bytes come before an incomplete character of UTF-8 at the end.
fn whole_utf_8(bytes: &[u8]) -> usize {
    let longest = bytes.len().min(3);
    let cut = (1..=longest).find(|length| {
        let end = &bytes[bytes.len() - length..];
        str::from_utf8(end)
            .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    });
    bytes.len() - cut.unwrap_or(0)
}

/// Returns how many bytes come before an incomplete character of UTF-16 at the end.
fn whole_utf_16(bytes: &[u8]) -> usize {
    let (pairs, _) = bytes.as_chunks::<2>();
    let is_half = |pair: &[u8; 2]| (0xd800..0xdc00).contains(&u16::from_le_bytes(*pair));
    let cut = pairs.last().is_some_and(is_half);
    (pairs.len() - usize::from(cut)) * 2
}

/// Returns how many bytes can be decoded although the last line goes on: whether its bytes that aren't ASCII
/// are UTF-8 or the console's code page shows at its end.
fn whole_console(bytes: &[u8]) -> usize {
    let begun = bytes.iter().rposition(|byte| *byte == b'\n');
    let line = begun.map_or(0, |end| end + 1);
    let plain = bytes[line..].iter().take_while(|byte| byte.is_ascii());
    let whole = line + plain.count();
    if bytes.len() - whole <= LONGEST {
        return whole;
    }
    whole_utf_8(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::MARK;

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    /// The text of bytes that come in pieces of this length.
    fn in_pieces(bytes: &[u8], length: usize) -> String {
        let mut decoder = Decoder::default();
        let text: String = bytes
            .chunks(length)
            .map(|piece| decoder.push(piece))
            .collect();
        text + &decoder.end()
    }

    #[test]
    fn text_is_the_same_however_it_is_cut() {
        let marked = [MARK, &wide("雪だるま 🦀 ü\n")].concat();
        let cases = [
            ("é日🦀\né日🦀".as_bytes().to_vec(), "é日🦀\né日🦀"),
            (wide("über 🦀 und\r\n"), "über 🦀 und\r\n"),
            (marked, "雪だるま 🦀 ü\n"),
            (b"".to_vec(), ""),
            (b"a".to_vec(), "a"),
            (b"a\0".to_vec(), "a\0"),
            (b"\0\0\0\0a".to_vec(), "\0\0\0\0a"),
        ];
        for (bytes, text) in cases {
            for length in 1..=bytes.len().max(1) {
                assert_eq!(in_pieces(&bytes, length), text, "{length}");
            }
        }
    }

    #[test]
    fn what_is_no_text_is_replaced_as_in_one_piece() {
        let bytes = b"a\xff\xc3\n\xe6\x97\n\xe6\x97\xa5\xf0\x9f\xa6 \xed\xa0\x80\n\x80\xc3";
        let text = Encoding::of(bytes).text(bytes);
        for length in 1..=bytes.len() {
            assert_eq!(in_pieces(bytes, length), text, "{length}");
        }
    }

    #[test]
    fn halves_of_what_ends_are_replaced() {
        let mut decoder = Decoder::new(Encoding::Utf8);
        assert_eq!(decoder.push(b"a\xe6\x97"), "a");
        assert_eq!(decoder.end(), "\u{fffd}");
        assert_eq!(decoder.push(b"\xa5b"), "\u{fffd}b");
        let mut decoder = Decoder::new(Encoding::Utf16);
        assert_eq!(decoder.push(MARK), "");
        let crab = wide("🦀");
        assert_eq!(decoder.push(&crab[..3]), "");
        assert_eq!(decoder.end(), "\u{fffd}");
    }

    #[test]
    fn a_line_for_a_console_is_read_at_its_end() {
        let mut decoder = Decoder::new(Encoding::Console);
        assert_eq!(decoder.push(b"one\ntwo \xc3"), "one\ntwo ");
        assert_eq!(decoder.push(b"\xa9 t"), "");
        assert_eq!(decoder.push(b"hree\nfour"), "é three\nfour");
        let long = "é".repeat(LONGEST);
        assert_eq!(decoder.push(long.as_bytes()), long);
        assert_eq!(decoder.end(), "");
    }

    #[test]
    fn little_is_kept() {
        for bytes in ["日".as_bytes(), &wide("a🦀"), b"\xff", b"\0"] {
            let mut decoder = Decoder::default();
            for _ in 0..10_000 {
                decoder.push(bytes);
                assert!(decoder.rest.len() <= LONGEST);
            }
        }
    }
}
