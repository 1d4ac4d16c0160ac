//! The last line that a job has printed, as a terminal would show it: if a line is redrawn, as by a
//! progress bar, what was drawn last.
//!
//! Of however long lines, only two are held, each cut to a few hundred bytes.

use queuectl_process::line_text;

/// How many bytes of a line are kept.
const LONGEST: usize = 500;

/// The last line that isn't blank of what is pushed.
#[derive(Default)]
pub(crate) struct LastLine {
    complete: Vec<u8>,
    current: Vec<u8>,
    /// The next text takes the place of the current line.
    returned: bool,
    /// How many characters the next text takes the place of.
    backspaces: usize,
}

impl LastLine {
    /// Takes in what was printed next.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let Some(end) = last_line_end(bytes) else {
            return self.extend(bytes);
        };
        let (lines, begun) = (&bytes[..end], &bytes[end + 1..]);
        match last_line_end(lines).map(|before| &lines[before + 1..]) {
            // Of many lines in one piece only the last matters, if it is a plain one.
            Some(line) if is_plain(line) => {
                self.end_line();
                self.write(line);
                self.end_line();
            }
            _ => {
                for line in lines.split(|&byte| byte == b'\n') {
                    self.extend(line);
                    self.end_line();
                }
            }
        }
        self.extend(begun);
    }

    fn end_line(&mut self) {
        if !is_blank(&self.current) {
            std::mem::swap(&mut self.complete, &mut self.current);
        }
        self.current.clear();
        self.returned = false;
        self.backspaces = 0;
    }

    fn extend(&mut self, piece: &[u8]) {
        for (number, part) in piece.split(|&byte| byte == b'\r').enumerate() {
            self.returned |= number > 0;
            // The `\r` may be that of `\r\n`, or blanks may follow a progress bar: these overwrite nothing
            // that matters.
            if self.returned && part.iter().all(is_space) {
                continue;
            }
            if std::mem::take(&mut self.returned) {
                self.current.clear();
                self.backspaces = 0;
            }
            for (number, text) in part.split(|&byte| byte == b'\x08').enumerate() {
                self.backspaces += usize::from(number > 0);
                self.write(text);
            }
        }
    }

    fn write(&mut self, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        for _ in 0..std::mem::take(&mut self.backspaces) {
            let is_inside = |byte: &u8| byte & 0xc0 == 0x80;
            while self.current.pop().as_ref().is_some_and(is_inside) {}
        }
        let room = LONGEST.saturating_sub(self.current.len());
        self.current
            .extend_from_slice(&text[..text.len().min(room)]);
    }

    /// Returns the line, without blanks around it.
    pub(crate) fn text(&self) -> Option<String> {
        let line = [&self.current, &self.complete]
            .into_iter()
            .find(|line| !is_blank(line))?;
        let text = line_text(line);
        let is_cut = line.len() == LONGEST;
        // It may have been cut within a character.
        let whole = text.trim_end_matches(|c| is_cut && c == char::REPLACEMENT_CHARACTER);
        Some(whole.trim().to_owned())
    }
}

fn last_line_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().rposition(|&byte| byte == b'\n')
}

/// Returns true if a line shows something, and nothing in it is overwritten.
fn is_plain(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    !is_blank(line) && !line.contains(&b'\r') && !line.contains(&b'\x08')
}

/// Returns true if a terminal shows nothing of a line but blanks: other sequences colour or erase.
fn is_blank(line: &[u8]) -> bool {
    let mut bytes = line.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\x1b' if bytes.as_slice().starts_with(b"[") => {
                bytes.find(|byte| byte.is_ascii_alphabetic());
            }
            byte if is_space(byte) => {}
            _ => return false,
        }
    }
    true
}

/// Returns true for blanks, and for the zero byte that follows each in UTF-16.
fn is_space(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || *byte == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(pieces: &[&str]) -> Option<String> {
        let pieces: Vec<_> = pieces.iter().map(|piece| piece.as_bytes()).collect();
        last_of(&pieces)
    }

    fn last_of(pieces: &[&[u8]]) -> Option<String> {
        let mut line = LastLine::default();
        for piece in pieces {
            line.push(piece);
        }
        let text = line.text();
        // However it is cut, it is the same.
        let mut again = LastLine::default();
        for byte in pieces.concat() {
            again.push(&[byte]);
        }
        assert_eq!(again.text(), text);
        text
    }

    #[test]
    fn it_is_the_last_that_says_something() {
        assert_eq!(last(&[]), None);
        assert_eq!(last(&["\n \n"]), None);
        assert_eq!(last(&["one\ntwo\n"]).as_deref(), Some("two"));
        assert_eq!(last(&["one\ntw", "o"]).as_deref(), Some("two"));
        assert_eq!(last(&["one\n", "\n", "\n"]).as_deref(), Some("one"));
        assert_eq!(last(&["a\nb\nc\n\n\n"]).as_deref(), Some("c"));
        assert_eq!(last(&["par", "tial\n\n"]).as_deref(), Some("partial"));
        assert_eq!(last(&["par", "tial\n\n\n\n"]).as_deref(), Some("partial"));
        assert_eq!(last(&["one\r\ntwo\r\n\r\n"]).as_deref(), Some("two"));
    }

    #[test]
    fn what_follows_a_carriage_return_takes_the_place_of_the_line() {
        assert_eq!(last(&["one\n10 %\r20 %\r30 %"]).as_deref(), Some("30 %"));
        assert_eq!(last(&["10 %\r20 %\r"]).as_deref(), Some("20 %"));
        assert_eq!(
            last(&["\r10 %", "\r20", " %", "\r"]).as_deref(),
            Some("20 %")
        );
        assert_eq!(last(&["\r10 %\r20 %\r\n"]).as_deref(), Some("20 %"));
        assert_eq!(
            last(&["10 %\r      \rno space\n"]).as_deref(),
            Some("no space")
        );
        assert_eq!(
            last(&["10 %\r  ", " \r", "  \r\n"]).as_deref(),
            Some("10 %")
        );
        let many: String = (0..2_000).map(|n| format!("\rwork {n} of 2000")).collect();
        assert_eq!(last(&[&many]).as_deref(), Some("work 1999 of 2000"));
    }

    #[test]
    fn what_follows_backspaces_takes_the_place_of_characters() {
        assert_eq!(
            last(&["1/9\x08\x08\x082/9\x08\x08\x08done\n"]).as_deref(),
            Some("done")
        );
        assert_eq!(
            last(&["inodes: 1/9\x08\x08\x08"]).as_deref(),
            Some("inodes: 1/9")
        );
        assert_eq!(last(&["aé\x08\x08bc"]).as_deref(), Some("bc"));
        assert_eq!(last(&["abc\x08 \x08\n"]).as_deref(), Some("ab"));
        assert_eq!(last(&["a\x08\x08\x08\x08b"]).as_deref(), Some("b"));
    }

    #[test]
    fn what_only_colours_or_erases_says_nothing() {
        assert_eq!(
            last(&["no space\n\x1b[0m\x1b[?25h"]).as_deref(),
            Some("no space")
        );
        assert_eq!(
            last(&["no space\n50 %\r\x1b[2K"]).as_deref(),
            Some("no space")
        );
        assert_eq!(last(&["no space\n\x1b[1"]).as_deref(), Some("no space"));
        assert_eq!(
            last(&["no space\n50 %\r\x1b[2K\n\x1b[0m\n"]).as_deref(),
            Some("no space")
        );
    }

    #[test]
    fn utf_16_is_text_too() {
        let wide =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let bar = wide("one\r\n10 %\r20 %\r\n");
        assert_eq!(last_of(&[&bar]).as_deref(), Some("20 %"));
    }

    #[test]
    fn little_is_held_of_a_long_line_and_no_half_of_a_character() {
        let mut line = LastLine::default();
        for _ in 0..100 {
            line.push("日".repeat(1000).as_bytes());
        }
        assert!(line.current.len() <= LONGEST && line.complete.is_empty());
        assert_eq!(line.text(), Some("日".repeat(LONGEST / 3)));
    }
}
