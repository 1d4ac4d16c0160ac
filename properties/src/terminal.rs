//! What a terminal is told: nothing that it would obey, and nothing else than what was given.

use queuectl::exposed::{cut, json, on_lines, on_one_line};

/// Some text, on one line and on its own, cut, and as JSON.
pub(crate) fn terminal(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let line = on_one_line(&text);
    assert!(!line.contains(is_obeyed), "{line:?}");
    let lines = on_lines(&text);
    let layout = |c: char| matches!(c, '\n' | '\t');
    assert!(!lines.contains(|c| is_obeyed(c) && !layout(c)), "{lines:?}");
    if !text.contains(is_obeyed) {
        assert!(line == text && lines == text);
    }

    let width = usize::from(bytes.first().copied().unwrap_or(0));
    let short = cut(&line, width);
    let kept = short.strip_suffix('…').unwrap_or(&short);
    assert!(
        short == line || line.starts_with(kept),
        "{short:?} of {line:?}"
    );

    let shown = json(serde_json::Value::from(&*text).to_string());
    assert!(!shown.contains(is_obeyed), "{shown:?}");
    assert_eq!(
        serde_json::from_str::<String>(&shown).ok().as_deref(),
        Some(&*text)
    );
}

/// Control characters, other ends of lines, what turns the direction of writing, and what can't be seen.
fn is_obeyed(c: char) -> bool {
    let others = [
        '\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{feff}',
    ];
    c.is_control()
        || others.contains(&c)
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}
