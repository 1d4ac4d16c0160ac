//! What `queuectl doctor` finds.

use serde_json::Value;

use super::{Home, Output, items, text};

/// What was found of each check that found something: `check: what`, and what has become of it.
pub(crate) fn findings(output: &Output) -> Vec<(String, String)> {
    let checkup: Value = serde_json::from_str(output.out()).expect("it is JSON");
    let checks = items(&checkup["checks"]).iter();
    let found = checks.flat_map(|check| {
        let name = text(check, "check");
        let one = move |finding: &Value| {
            let what = format!("{name}: {}", text(finding, "what"));
            (what, text(finding, "state").to_owned())
        };
        items(&check["findings"]).iter().map(one)
    });
    let found: Vec<_> = found.collect();
    let well = found.iter().all(|(_, state)| state == "mended");
    assert_eq!(checkup["ok"], well, "{output}");
    found
}

/// Looks, which has to end with `code`; every finding has to be in `state`, and there has to be one for each of
/// `words`, which it contains, and no other.
#[track_caller]
pub(crate) fn finds(home: &Home, fix: bool, code: i32, state: &str, words: &[&str]) {
    let options: &[&str] = if fix { &["--fix"] } else { &[] };
    let output = home.run(["doctor", "--json"].iter().chain(options));
    assert_eq!(output.code, Some(code), "{output}");
    let found = findings(&output);
    assert_eq!(found.len(), words.len(), "{found:?}");
    for ((what, became), word) in found.iter().zip(words) {
        assert!(what.contains(word), "`{word}` isn't in {what}");
        assert_eq!(became, state, "{what}");
    }
}

#[track_caller]
pub(crate) fn finds_nothing(home: &Home) {
    finds(home, false, 0, "", &[]);
}
