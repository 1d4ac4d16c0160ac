//! What differs from run to run, replaced: so that a terminal session can stand in a test as it was seen.

/// `text` with points in time, worker ids, lengths of time and process ids replaced.
pub(crate) fn redacted(text: &str) -> String {
    let text = replaced(text, "####-##-## ##:##:##", "YYYY-MM-DD hh:mm:ss");
    let text = replaced_words(&text, "worker-", "worker-ID");
    let text = replaced_words(&text, "PID:       ", "PID:       PID");
    let text = replaced(&text, "#.###s", "N.NNNs");
    let text = shorter_rules(&text);
    list_of_pids(&text)
}

/// Replaces what looks like `pattern`, in which `#` stands for a digit.
fn replaced(text: &str, pattern: &str, by: &str) -> String {
    let fits = |part: &str| {
        let mut pairs = part.chars().zip(pattern.chars());
        pairs.all(|(c, p)| c == p || (p == '#' && c.is_ascii_digit()))
    };
    let mut result = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if rest.get(..pattern.len()).is_some_and(fits) {
            result.push_str(by);
            rest = &rest[pattern.len()..];
        } else {
            result.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    result
}

/// Replaces `prefix` and the word that begins with it.
fn replaced_words(text: &str, prefix: &str, by: &str) -> String {
    let mut parts = text.split(prefix);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        result.push_str(by);
        result.push_str(part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-'));
    }
    result
}

/// Shortens the rules under columns whose width depends on a path.
fn shorter_rules(text: &str) -> String {
    let mut length = 0;
    let kept = text.chars().filter(|c| {
        length = if *c == '─' { length + 1 } else { 0 };
        length <= 25
    });
    kept.collect()
}

/// Replaces the process ids in `Worker PIDs: [1, 2]`.
fn list_of_pids(text: &str) -> String {
    let mut result = String::new();
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("Worker PIDs: [") {
            Some(pids) => {
                let digits = |c: char| c.is_ascii_digit();
                let pids: Vec<_> = pids
                    .split(", ")
                    .map(|pid| pid.trim_start_matches(digits))
                    .collect();
                result.push_str("Worker PIDs: [PID");
                result.push_str(&pids.join(", PID"));
            }
            None => result.push_str(line),
        }
    }
    result
}
