//! What programs print, as text: UTF-8 as a rule; on Windows also UTF-16, and the code page of consoles.

use std::borrow::Cow;

use crate::os;

/// How bytes are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8. What isn't is replaced.
    Utf8,
    /// UTF-16, low byte first, as Windows has it.
    Utf16,
    /// The code page in which the consoles of this system print; a line that is UTF-8 is that all the same.
    Console,
}

/// So many bytes tell how a stream is encoded.
const TELLING: usize = 4096;

/// The mark with which a text in UTF-16 may begin.
pub(crate) const MARK: &[u8] = b"\xff\xfe";

impl Encoding {
    /// How a program encodes, by what it has printed on one stream so far.
    ///
    /// Of UTF-16 without its mark only what is mostly Latin is known: every second byte of it is zero.
    pub fn of(bytes: &[u8]) -> Self {
        let telling = bytes.get(..TELLING).unwrap_or(bytes);
        if telling.starts_with(MARK) || is_wide(telling) {
            return Self::Utf16;
        }
        match std::str::from_utf8(bytes) {
            // It may end in the middle of a character.
            Err(error) if error.error_len().is_some() && os::console_text(b"").is_some() => {
                Self::Console
            }
            _ => Self::Utf8,
        }
    }

    /// All bytes as text.
    pub fn text(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Utf16 => self.text_within(bytes.strip_prefix(MARK).unwrap_or(bytes)),
            Self::Utf8 | Self::Console => self.text_within(bytes),
        }
    }

    /// Bytes as text that aren't the first of their stream, so that a byte order mark is a character.
    pub(crate) fn text_within(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes),
            Self::Utf16 => {
                let (pairs, _) = bytes.as_chunks();
                let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
                let characters = char::decode_utf16(units);
                let readable = characters.map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER));
                Cow::Owned(readable.collect())
            }
            Self::Console => {
                let lines = bytes.split_inclusive(|byte| *byte == b'\n');
                Cow::Owned(lines.map(console_line).collect())
            }
        }
    }
}

/// One line as text, however it is encoded.
pub fn line_text(line: &[u8]) -> Cow<'_, str> {
    // The line end before it is a pair of bytes, too, of which this line has got the second.
    let rest = line.strip_prefix(b"\0").unwrap_or(line);
    match Encoding::of(rest) {
        Encoding::Utf16 => Encoding::Utf16.text(rest),
        other => other.text(line),
    }
}

fn console_line(line: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(line) {
        return Cow::Borrowed(text);
    }
    match os::console_text(line) {
        Some(text) => Cow::Owned(text),
        None => String::from_utf8_lossy(line),
    }
}

/// Whether most pairs of bytes are a Latin character of UTF-16, and none is a zero.
fn is_wide(bytes: &[u8]) -> bool {
    let (pairs, _) = bytes.as_chunks::<2>();
    let latin = pairs.iter().filter(|[low, high]| *low != 0 && *high == 0);
    pairs.len() > 1 && latin.count() * 2 > pairs.len() && !pairs.contains(&[0, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn read(bytes: &[u8]) -> Cow<'_, str> {
        Encoding::of(bytes).text(bytes)
    }

    #[test]
    fn utf_8_is_read_as_it_is() {
        for text in ["", "a", "été über ☃", "a\0b", "one\ntwo\n"] {
            assert_eq!(read(text.as_bytes()), text);
        }
        assert_eq!(Encoding::of("é".as_bytes().split_at(1).0), Encoding::Utf8);
    }

    #[test]
    fn utf_16_is_known_by_its_mark_or_by_its_zeros() {
        let text = "été über\r\n";
        assert_eq!(read(&wide(text)), text);
        let marked = [MARK, &wide("雪だるま")].concat();
        assert_eq!(read(&marked), "雪だるま");
        assert_eq!(Encoding::of(&[0; 100]), Encoding::Utf8);
    }

    #[test]
    fn a_line_of_utf_16_that_was_cut_at_its_line_end_is_read() {
        let all = wide("one\ntwo\n");
        let lines: Vec<_> = all.split_inclusive(|byte| *byte == b'\n').collect();
        assert_eq!(line_text(lines[0]), "one");
        assert_eq!(line_text(lines[1]), "two");
    }
}
