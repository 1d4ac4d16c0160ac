//! Text of users on its way to a terminal: nothing in it may be obeyed.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// `text` on one line, with all that a terminal would obey made visible.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// `text` on its own lines, with all else that a terminal would obey made visible.
pub(crate) fn visible_lines(text: &str) -> Cow<'_, str> {
    let text = if text.contains("\r\n") {
        Cow::Owned(text.replace("\r\n", "\n"))
    } else {
        Cow::Borrowed(text)
    };
    match text {
        Cow::Borrowed(text) => escaped(text, is_layout),
        Cow::Owned(text) => Cow::Owned(escaped(&text, is_layout).into_owned()),
    }
}

fn is_layout(c: char) -> bool {
    matches!(c, '\n' | '\t')
}

fn escaped(text: &str, keep: fn(char) -> bool) -> Cow<'_, str> {
    let acts = |c: char| is_acting(c) && !keep(c);
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !acts(c) => safe.push(c),
            '\n' => safe.push('↵'),
            '\t' => safe.push_str("\\t"),
            '\r' => safe.push_str("\\r"),
            c if u32::from(c) < 0x100 => push(&mut safe, format_args!("\\x{:02x}", u32::from(c))),
            c => push(&mut safe, format_args!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    Cow::Owned(safe)
}

fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    let _ = text.write_fmt(what);
}

/// Control characters, other ends of lines, and what turns the direction of writing.
pub(crate) fn is_acting(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

/// `text` in at most `width` columns; an ellipsis stands for what is cut off.
pub(crate) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    let mut used = 0;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let columns = c.width().unwrap_or(0);
        if used + columns > width {
            return Cow::Owned(format!("{}…", &text[..end]));
        }
        used += columns;
        if used < width {
            end = at + c.len_utf8();
        }
    }
    Cow::Borrowed(text)
}

/// `text` without the middle, if it is too long to be read.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    const MOST: usize = 600;
    const TAIL: usize = 150;
    if text.chars().nth(MOST).is_none() {
        return Cow::Borrowed(text);
    }
    let head: String = text.chars().take(MOST - TAIL).collect();
    let tail = text
        .char_indices()
        .nth_back(TAIL - 1)
        .map_or(0, |(at, _)| at);
    Cow::Owned(format!("{head} … {}", &text[tail..]))
}

/// `text` as an argument on a command line, such as one given in a hint.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./=:,+@%".contains(c);
    // What looks like an option has to stand after the end of options.
    let before = if text.starts_with('-') { "-- " } else { "" };
    if !text.is_empty() && text.chars().all(plain) {
        format!("{before}{text}")
    } else {
        format!("{before}'{}'", text.replace('\'', r"'\''"))
    }
}

/// So many jobs.
pub(crate) fn jobs(count: u64) -> String {
    match count {
        1 => "1 job".into(),
        many => format!("{many} jobs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        let text = "a\x1b[31m\nb\t\x07\u{9b}c\u{202e}d\r\n";
        assert_eq!(visible(text), r"a\x1b[31m↵b\t\x07\x9bc\u{202e}d\r↵");
        assert_eq!(visible("plain ✓ text"), "plain ✓ text");
    }

    #[test]
    fn output_keeps_its_lines() {
        assert_eq!(visible_lines("a\tb\r\nc\x1b\rd\n"), "a\tb\nc\\x1b\\rd\n");
    }

    #[test]
    fn a_cut_text_fits_and_says_that_it_was_cut() {
        assert_eq!(cut("hello", 5), "hello");
        assert_eq!(cut("hello!", 5), "hell…");
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("ab", 0), "…");
    }

    #[test]
    fn a_long_text_loses_its_middle() {
        let text = shortened(&"xé".repeat(10_000)).into_owned();
        assert!(text.chars().count() < 610);
        assert!(text.ends_with("é"));
        assert_eq!(shortened("short"), "short");
    }

    #[test]
    fn a_word_of_a_command_line_is_quoted_if_it_must_be() {
        assert_eq!(shell_word("job-1"), "job-1");
        assert_eq!(shell_word("my job"), "'my job'");
        assert_eq!(shell_word(""), "''");
        assert_eq!(shell_word("-x"), "-- -x");
        assert_eq!(shell_word("-x y"), "-- '-x y'");
    }
}
