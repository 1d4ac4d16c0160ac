//! Suggestions for a name that is unknown.

/// Returns what those of `known` stand for whose names are similar to `given`, the most similar first.
pub(crate) fn near<'a, T>(given: &str, known: impl IntoIterator<Item = (&'a str, T)>) -> Vec<T> {
    let given = folded(given);
    let mut found: Vec<_> = known
        .into_iter()
        .filter_map(|(name, meant)| Some((distance_of(&given, &folded(name))?, meant)))
        .collect();
    // The sort is stable: names at the same distance stay in their order.
    found.sort_by_key(|(distance, _)| *distance);
    found.into_iter().map(|(_, meant)| meant).collect()
}

/// Returns the question "did you mean `a`, `b` or `c`?", or `None` if there are no names.
pub(crate) fn did_you_mean<S: AsRef<str>>(names: &[S]) -> Option<String> {
    let quoted: Vec<_> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    let choice = match &quoted[..] {
        [] => return None,
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    };
    Some(format!("did you mean {choice}?"))
}

/// Folds what is easily mistaken: capitals, and the sign between two words.
fn folded(name: &str) -> Vec<char> {
    let lower = name.chars().flat_map(char::to_lowercase);
    lower.map(|c| if c == '_' { '-' } else { c }).collect()
}

/// Returns the distance of two names, if they are similar: up to a third of the letters may differ,
/// or the end may be missing.
fn distance_of(given: &[char], name: &[char]) -> Option<usize> {
    if given.len() > 1 && name.starts_with(given) {
        return Some(usize::from(given != name));
    }
    let distance = edits(given, name);
    let most = (given.len().max(name.len()) + 1) / 3;
    (distance <= most).then_some(distance)
}

/// Counts the letters that have to be inserted, deleted, replaced, or swapped with their neighbours.
fn edits(a: &[char], b: &[char]) -> usize {
    // Row by row: the distances of the first `i` letters of `a` from the first `j` letters of `b`.
    let mut rows: [Vec<usize>; 3] = [Vec::new(), (0..=b.len()).collect(), Vec::new()];
    for i in 0..a.len() {
        let [before_last, last, row] = &mut rows;
        row.clear();
        row.push(i + 1);
        for j in 0..b.len() {
            let replaced = last[j] + usize::from(a[i] != b[j]);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(before_last[j - 1] + 1);
            }
            row.push(least);
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(given: &str) -> Vec<&'static str> {
        let known = [
            "enqueue", "dequeue", "status", "start", "list", "stop", "config",
        ];
        near(given, known.map(|name| (name, name)))
    }

    #[test]
    fn the_nearest_is_first_and_all_that_are_near_are_named() {
        assert_eq!(nearest("enqeue"), ["enqueue"]);
        assert_eq!(nearest("dqueue"), ["dequeue", "enqueue"]);
        assert_eq!(nearest("stat"), ["status", "start"]);
        assert_eq!(nearest("sart"), ["start"]);
        assert_eq!(nearest("lsit"), ["list"]);
        assert_eq!(nearest("STATUS"), ["status"]);
        assert_eq!(nearest("conf"), ["config"]);
        assert_eq!(nearest("nothing"), [""; 0]);
        assert_eq!(nearest(""), [""; 0]);
    }

    #[test]
    fn an_exchange_of_two_letters_is_one_mistake() {
        let edits = |a: &str, b: &str| edits(&folded(a), &folded(b));
        assert_eq!(edits("", ""), 0);
        assert_eq!(edits("abc", ""), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", "acb"), 1);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("max-retrys", "max_retries"), 2);
    }

    #[test]
    fn they_are_asked_for_in_a_sentence() {
        assert_eq!(did_you_mean::<&str>(&[]), None);
        let asked = [&["a"][..], &["a", "b"], &["a", "b", "c"]].map(did_you_mean);
        let asked = asked.map(Option::unwrap_or_default);
        insta::assert_snapshot!(asked.join("\n"), @"
        did you mean `a`?
        did you mean `a` or `b`?
        did you mean `a`, `b` or `c`?
        ");
    }
}
