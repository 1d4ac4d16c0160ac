//! `config`: settings that all workers of a store share.

use super::support::{Home, items};

const KEYS: [(&str, &str); 11] = [
    ("max_retries", "3"),
    ("backoff_base", "2"),
    ("timeout", "20"),
    ("priority", "5"),
    ("max_backoff", "3600"),
    ("kill_grace", "5"),
    ("crash_limit", "3"),
    ("output_limit", "1048576"),
    ("keep", "forever"),
    ("lease", "15"),
    ("shell", "default"),
];

#[test]
fn all_settings_are_a_table_of_key_value_and_default() {
    let home = Home::new();
    insta::assert_snapshot!(home.session(&[
        "queuectl config set max_retries 5",
        "queuectl config set backoff-base 3",
        "queuectl config get max-retries",
        "queuectl config get",
    ]), @r"
    $ queuectl config set max_retries 5
    Set max_retries to 5
    $ queuectl config set backoff-base 3
    Set backoff_base to 3
    $ queuectl config get max-retries
    5
    $ queuectl config get
    Configuration
    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    Key           Value    Default
    ────────────  ───────  ───────
    max_retries   5        3
    backoff_base  3        2
    timeout       20       20
    priority      5        5
    max_backoff   3600     3600
    kill_grace    5        5
    crash_limit   3        3
    output_limit  1048576  1048576
    keep          forever  forever
    lease         15       15
    shell         default  default
    ");
}

#[test]
fn each_key_has_its_built_in_value_alone_on_a_line() {
    let home = Home::new();
    home.make_store();
    for (key, value) in KEYS {
        assert_eq!(
            home.ok(["config", "get", key]),
            format!("{value}\n"),
            "{key}"
        );
        let dashed = key.replace('_', "-");
        assert_eq!(
            home.ok(["config", "get", &dashed]),
            format!("{value}\n"),
            "{dashed}"
        );
    }
}

#[test]
fn each_key_can_be_set() {
    let home = Home::new();
    let values = [
        "7", "3", "1.5", "9", "60", "0.5", "2", "1000", "86400", "5.5", "bash",
    ];
    for ((key, _), value) in KEYS.iter().zip(values) {
        home.ok(["config", "set", key, value]);
        assert_eq!(
            home.ok(["config", "get", key]),
            format!("{value}\n"),
            "{key}"
        );
    }
    let all = home.json(["config", "get"]);
    let all = all.as_object().expect("`config get` is an object");
    assert_eq!(all.len(), KEYS.len());
}

#[test]
fn an_unknown_key_is_refused_and_told_the_valid_ones() {
    let home = Home::new();
    for args in [
        &["config", "get", "colour"][..],
        &["config", "set", "colour", "red"],
    ] {
        let error = home.run(args);
        let error = error.failed(2);
        for (key, _) in KEYS {
            assert!(error.contains(key), "{key} isn't named: {error}");
        }
    }
}

#[test]
fn a_bad_value_is_refused_and_changes_nothing() {
    let home = Home::new();
    home.make_store();
    let bad = [
        ("max_retries", &["0", "-1", "many", "", "1.5"][..]),
        ("backoff_base", &["0", "101", "-2", "two"]),
        ("timeout", &["-1", "NaN", "inf", "soon"]),
        ("priority", &["0", "11", "-3", "high"]),
        ("max_backoff", &["-1", "NaN"]),
        ("kill_grace", &["-1", "NaN"]),
        ("crash_limit", &["0", "-1"]),
        ("output_limit", &["-1", "lots"]),
        ("keep", &["-1", "always", "0.0001"]),
        ("lease", &["0", "2.9", "3601", "-5"]),
        ("shell", &["", "a\nb"]),
    ];
    for (key, values) in bad {
        for value in values {
            home.run(["config", "set", key, value]).failed(2);
        }
    }
    for (key, value) in KEYS {
        assert_eq!(
            home.ok(["config", "get", key]),
            format!("{value}\n"),
            "{key}"
        );
    }
    let error = home.run(["config", "set", "keep", "1d"]);
    assert_eq!(
        error.failed(2).lines().next(),
        Some(
            "error: keep must be `forever` or a number of seconds from 0 to 1000000000 (0.001 is the least above 0), not `1d`"
        )
    );
    home.run(["config", "set", "priority"]).failed(2);
    assert_eq!(items(&home.json(["list"])).len(), 0);
}
