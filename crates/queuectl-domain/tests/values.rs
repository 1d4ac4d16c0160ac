//! What comes in as text, numbers and times: it is read as it was written, or refused in one line.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use queuectl_domain::{
    BackoffBase, Command, Event, InvalidValue, Job, JobId, Key, MAX_COMMAND_BYTES, MaxRetries,
    NativeString, NewJob, Outcome, Policy, Priority, Rules, Settings, ShellName, SortKey, State,
    Timeout, Timestamp, WorkerId, exit_code_text, left_out, parse_seconds, seconds_text,
};
use unicode_normalization::is_nfc;

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Any text, and often one that is nearly right.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "(?s).{0,8}",
        "[\\x00-\\x20a-z]{1,4}",
        "[-+ ]{0,2}[0-9]{0,22}(\\.[0-9]{0,9})?(e-?[0-9]{1,4})? ?",
        "[a-z_-]{0,12}",
        Just("\u{feff}5".to_owned()),
        Just("٣".to_owned()),
        Just("NaN".to_owned()),
        Just("-inf".to_owned()),
        Just("-0".to_owned()),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_text_makes_it_panic_and_a_refusal_is_one_line(text in texts()) {
        let refusals = [
            refusal(text.parse::<JobId>()),
            refusal(JobId::given(&text)),
            refusal(text.parse::<WorkerId>()),
            refusal(text.parse::<State>()),
            refusal(text.parse::<Outcome>()),
            refusal(text.parse::<Key>()),
            refusal(text.parse::<Priority>()),
            refusal(text.parse::<MaxRetries>()),
            refusal(text.parse::<BackoffBase>()),
            refusal(text.parse::<Timeout>()),
            refusal(text.parse::<ShellName>()),
            refusal(parse_seconds("x", &text)),
            refusal(Command::line(text.clone(), None)),
            refusal(Command::argv(vec![text.as_str().into()])),
        ];
        for refusal in refusals.into_iter().flatten() {
            prop_assert!(!refusal.is_empty() && !refusal.chars().any(char::is_control));
        }
    }

    #[test]
    fn a_setting_is_shown_as_it_can_be_given_and_a_bad_value_changes_none(
        changes in proptest::collection::vec((proptest::sample::select(&Key::ALL[..]), texts()), 0..20)
    ) {
        let mut settings = Settings::default();
        for (key, text) in changes {
            let before = settings.clone();
            if settings.set(key, &text).is_err() {
                prop_assert_eq!(&settings, &before);
            }
            let mut again = Settings::default();
            for key in Key::ALL {
                again.set(key, &settings.get(key)).unwrap();
            }
            prop_assert_eq!(&again, &settings);
        }
    }

    #[test]
    fn a_length_of_time_is_read_back_as_it_was_written(micros in 1_000..=1_000_000_000_000_000u64) {
        let length = Duration::from_micros(micros);
        let text = seconds_text(length);
        // A number that big has no exact neighbour for each microsecond.
        let slack = Duration::from_micros(u64::from(micros > 1 << 52));
        prop_assert!(parse_seconds("x", &text).unwrap().abs_diff(length) <= slack);
        let timeout = Timeout::from(length);
        prop_assert_eq!(timeout.to_string(), text);
    }

    #[test]
    fn a_length_of_time_is_what_its_text_says_or_is_refused(text in texts(), number in -10.0..2e9) {
        for text in [text, format!("{number}"), format!("{}", number * 1e-12)] {
            let Ok(length) = parse_seconds("x", &text) else { continue };
            let number: f64 = text.trim().parse().unwrap();
            prop_assert!(number == 0.0 || (0.001..=1e9).contains(&number), "{} was taken", text);
            prop_assert!((length.as_secs_f64() - number).abs() <= 1e-6);
        }
    }

    #[test]
    fn a_timeout_is_none_exactly_if_it_is_zero(text in texts()) {
        if let Ok(timeout) = text.parse::<Timeout>() {
            let length = parse_seconds("timeout", &text).unwrap();
            prop_assert_eq!(timeout.limit(), Some(length).filter(|length| !length.is_zero()));
            prop_assert_eq!(timeout.to_string().parse::<Timeout>().unwrap(), timeout);
        }
    }

    #[test]
    fn a_backoff_never_overflows_nor_shrinks_nor_exceeds_its_cap(
        base in 1..=100i64,
        attempt in prop_oneof![0..70u32, any::<u32>()],
        cap in prop_oneof![Just(u64::MAX), 0..10_000u64].prop_map(Duration::from_secs),
    ) {
        let base = BackoffBase::new(base).unwrap();
        let delay = base.delay(attempt, cap);
        prop_assert!(delay <= cap);
        prop_assert!(delay <= base.delay(attempt.saturating_add(1), cap));
        let exact = u128::from(base.get()).checked_pow(attempt).unwrap_or(u128::MAX);
        if exact <= cap.as_secs().into() {
            prop_assert_eq!(u128::from(delay.as_secs()), exact);
        } else {
            prop_assert_eq!(delay, cap);
        }
    }

    #[test]
    fn an_id_is_taken_exactly_if_each_of_its_characters_is_and_it_is_composed(
        text in prop_oneof![any::<String>(), "[\\PC]{1,8}", "[a-z0-9._~:@+/=-]{1,8}", "\\p{L}[\\p{L}\\p{M}\\p{N}]{0,4}"]
    ) {
        let fits = (1..=200).contains(&text.len())
            && !text.starts_with(['-', '@'])
            && text.chars().all(JobId::allows)
            && is_nfc(&text);
        prop_assert_eq!(text.parse::<JobId>().is_ok(), fits);
        prop_assert!(fits || JobId::given(&text).is_err());
    }

    #[test]
    fn generated_ids_are_unique_valid_and_in_order(numbers in proptest::collection::vec(
        prop_oneof![0..1u64 << 30, 0..200u64], 1..50
    )) {
        let numbers: BTreeSet<_> = numbers.into_iter().collect();
        let ids: Vec<_> = numbers.iter().map(|&number| JobId::generated(number)).collect();
        prop_assert!(ids.is_sorted_by(|one, next| one < next));
        for id in ids {
            prop_assert_eq!(id.to_string().parse::<JobId>().unwrap(), id);
        }
    }

    #[test]
    fn generated_ids_are_unique_however_many_there_are(one in any::<u64>(), shift in 0..64u32) {
        let other = one ^ (1 << shift);
        prop_assert_eq!(JobId::generated(one) == JobId::generated(other), one == other);
    }

    #[test]
    fn a_generated_id_tells_its_number(number in any::<u64>(), shift in 0..64u32) {
        let number = number >> shift;
        prop_assert_eq!(JobId::generated(number).number(), Some(number));
    }

    #[test]
    fn an_id_that_tells_a_number_was_generated_of_it(
        text in prop_oneof!["j[0-9a-z]{0,16}", "j0[0-9a-z]{6,8}", "[0-9a-jJ]{6,9}", ".{1,9}"]
    ) {
        let id = text.parse::<JobId>();
        let number = id.as_ref().ok().and_then(JobId::number);
        if let Some(number) = number {
            prop_assert_eq!(JobId::generated(number).to_string(), text);
        }
    }

    #[test]
    fn the_order_of_waiting_jobs_is_that_of_effective_priority_at_any_time(
        jobs in proptest::collection::vec((0..1_000_000_000i64, 1..=10i64, any::<bool>()), 2..12),
        later in 0..1_000_000_000_000i64,
    ) {
        // Created in the order of time; some have failed once since, and wait anew.
        let mut jobs = jobs;
        jobs.sort_by_key(|(ready_at, ..)| *ready_at);
        let jobs: Vec<_> = jobs.into_iter().map(waiting).collect();
        let last = jobs.iter().map(|job| job.life.ready_at.0).max().unwrap();
        let now = Timestamp(last + later);

        let mut by_key: Vec<_> = (0..jobs.len()).collect();
        by_key.sort_by_key(|&created| (sort_key(&jobs[created]), created));
        let exact = |created: usize| {
            let job: &Job = &jobs[created];
            let waited = job.life.waited(now).unwrap().as_micros();
            u128::from(job.spec.rules.priority.get()) * 60_000_000 + waited
        };
        let mut by_priority: Vec<_> = (0..jobs.len()).collect();
        by_priority.sort_by_key(|&created| (std::cmp::Reverse(exact(created)), created));
        prop_assert_eq!(by_key, by_priority);
        for (created, job) in jobs.iter().enumerate() {
            let shown = job.effective_priority(now).unwrap();
            let exact = exact(created) as f64 / 60e6;
            prop_assert!((shown - exact).abs() < 1e-6, "{} is shown as {}", exact, shown);
        }
    }

    #[test]
    fn no_more_output_is_kept_than_the_limit_and_the_newest_always(
        total in prop_oneof![0..300_000u64, any::<u64>()],
        limit in prop_oneof![0..200_000u64, any::<u64>()],
    ) {
        let gap = left_out(total, limit);
        prop_assert!(gap.start <= gap.end);
        if total <= limit {
            prop_assert!(gap.is_empty());
        } else {
            prop_assert_eq!(gap.end - gap.start, total - limit);
            prop_assert!(gap.end < total || limit == 0);
            // A byte that was left out once is never needed again.
            prop_assert!(left_out(total.saturating_add(1), limit).end >= gap.end);
        }
    }

    #[test]
    fn a_shell_reads_the_arguments_that_were_given(args in proptest::collection::vec("[^\0]{0,8}", 1..5)) {
        let argv: Vec<_> = args.iter().map(|arg| NativeString::from(arg.as_str())).collect();
        if let Ok(command) = Command::argv(argv) {
            prop_assert_eq!(unquoted(&command.to_text()), args);
        }
    }
}

fn refusal<T>(parsed: Result<T, InvalidValue>) -> Option<String> {
    parsed.err().map(|error| error.to_string())
}

fn waiting((ready_at, priority, again): (i64, i64, bool)) -> Job {
    let settings = Settings::default();
    let new = NewJob {
        id: None,
        command: Command::line("true".into(), None).expect("a command"),
        cwd: "/".into(),
        rules: Rules {
            priority: Priority::new(priority).expect("in range"),
            ..settings.rules
        },
    };
    let id = JobId::generated(1);
    let job = Job::new(id, new, Timestamp(ready_at));
    if !again {
        return job;
    }
    let bury = Event::Bury { reason: None };
    let life = [bury, Event::Retry]
        .into_iter()
        .fold(job.life, |life, event| {
            let later = life.ready_at.after(Duration::from_millis(1_234));
            life.apply(&job.spec.rules, event, &Policy::default(), later)
                .expect("a job can be buried and retried")
        });
    Job { life, ..job }
}

fn sort_key(job: &Job) -> SortKey {
    job.life.sort_key(job.spec.rules.priority)
}

/// The words of a line as a POSIX shell splits it: single quotes, backslashes, spaces.
fn unquoted(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let word = words.last_mut().expect("there is one from the start");
        match c {
            '\'' => quoted = !quoted,
            '\\' if !quoted => word.extend(chars.next()),
            ' ' if !quoted => words.push(String::new()),
            _ => word.push(c),
        }
    }
    words
}

#[test]
fn a_name_is_read_back_as_what_it_names() {
    for state in State::ALL {
        assert_eq!(state.to_string().parse::<State>().unwrap(), state);
    }
    for outcome in Outcome::ALL {
        assert_eq!(outcome.to_string().parse::<Outcome>().unwrap(), outcome);
    }
    for key in Key::ALL {
        assert_eq!(key.to_string().parse::<Key>().unwrap(), key);
        let dashed = key.as_str().replace('_', "-");
        assert_eq!(dashed.parse::<Key>().unwrap(), key);
    }
}

#[test]
fn the_defaults_are_those_of_the_specification() {
    let settings = Settings::default();
    let shown = |key| settings.get(key);
    assert_eq!(shown(Key::MaxRetries), "3");
    assert_eq!(shown(Key::BackoffBase), "2");
    assert_eq!(shown(Key::Timeout), "20");
    assert_eq!(shown(Key::Priority), "5");
    assert_eq!(shown(Key::MaxBackoff), "3600");
    assert_eq!(shown(Key::KillGrace), "5");
    assert_eq!(shown(Key::CrashLimit), "3");
    assert_eq!(shown(Key::OutputLimit), "1048576");
    assert_eq!(shown(Key::Lease), "15");
    assert_eq!(shown(Key::Shell), "default");
}

/// What is said of an id that is refused.
fn refused_id(text: &str) -> String {
    match text.parse::<JobId>() {
        Ok(_) => format!("{} is taken", text.escape_unicode()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_id_has_letters_and_digits_of_any_script_and_some_signs() {
    for text in [
        "a",
        "A.b_c~d:e@f+g/h=i-j",
        "0",
        "..",
        "a/../b",
        "~",
        "日本語",
        "ångström",
        "Ωμέγα",
        "задача-٣",
        "काम-१",
        "작업",
        "עבודה",
        "x@20261128",
        "NAME.0",
        "a@20261128T013000Z",
    ] {
        assert_eq!(text.parse::<JobId>().unwrap().as_str(), text);
    }
}

#[test]
fn an_id_has_nothing_that_is_not_seen_or_means_something_elsewhere() {
    let odd = [
        " ",
        ",",
        "*",
        "?",
        "'",
        "\"",
        "\\",
        "$",
        "%",
        "&",
        ";",
        "|",
        "<",
        "(",
        "{",
        "[",
        "#",
        "!",
        "^",
        "`",
        "\0",
        "\n",
        "\t",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{ad}",
        "\u{34f}",
        "\u{61c}",
        "\u{180e}",
        "\u{200b}",
        "\u{200d}",
        "\u{200e}",
        "\u{202e}",
        "\u{2028}",
        "\u{2060}",
        "\u{2066}",
        "\u{2800}",
        "\u{3000}",
        "\u{fe0f}",
        "\u{feff}",
        "\u{fffc}",
        "\u{fffd}",
        "\u{e0041}",
        "\u{e0100}",
        "🦀",
        "—",
        "☃",
        // Letters and digits by Unicode, but empty.
        "\u{115f}",
        "\u{1160}",
        "\u{3164}",
        "\u{ffa0}",
        "\u{13441}",
        "\u{13442}",
        // A letter in two, which looks like one in one.
        "e\u{301}",
        "α\u{345}",
        "か\u{3099}",
        "\u{1100}\u{1161}",
        "\u{9c7}\u{9be}",
        // Other numbers for the same letters: K, Å, Ω, 豈.
        "\u{212a}",
        "\u{212b}",
        "\u{2126}",
        "\u{f900}",
    ];
    for text in odd {
        for text in [text.to_owned(), format!("a{text}"), format!("{text}a")] {
            assert!(
                text.parse::<JobId>().is_err(),
                "{} is taken",
                text.escape_unicode()
            );
        }
    }
    insta::assert_snapshot!(
        ["a b", "a,b", "a\u{3164}", "cafe\u{301}", "a🦀\n", "a\n", "a`b", "-a", "@a", "\u{212a}", ""].map(refused_id).join("\n"),
        @r"
    a job id can't have ` `, only letters, digits and `._~:@+/=-`
    a job id can't have `,`, only letters, digits and `._~:@+/=-`
    a job id can't have `\u{3164}`, only letters, digits and `._~:@+/=-`
    a job id can't have `\u{301}`, only letters, digits and `._~:@+/=-`
    a job id can't have `\u{1f980}`, only letters, digits and `._~:@+/=-`
    a job id can't have `\n`, only letters, digits and `._~:@+/=-`
    a job id can't have ```, only letters, digits and `._~:@+/=-`
    a job id can't begin with `-`
    a job id can't begin with `@`
    a job id has to be in Unicode's composed form (NFC), in which each letter is written in one way only
    a job id can't be empty
    "
    );
}

#[test]
fn the_ids_of_schedules_are_given_by_schedules_only() {
    for text in [
        "a@20261128T013000Z",
        "a@b@00000000T000000Z",
        "日@99999999T999999Z",
    ] {
        assert!(
            text.parse::<JobId>().is_ok() && JobId::given(text).is_err(),
            "{text}"
        );
    }
    for text in [
        "a",
        "a@20261128T013000Z.0",
        "a@20261128",
        "20261128T013000Z",
        "a@2026112٣T013000Z",
        "a@20261128t013000z",
    ] {
        assert_eq!(JobId::given(text).unwrap().as_str(), text);
    }
    let error = JobId::given("a@20261128T013000Z").unwrap_err();
    insta::assert_snapshot!(error, @"a job id can't end like `@20261128T013000Z`, as those of schedules do");
}

#[test]
fn an_id_has_at_most_two_hundred_bytes_not_characters() {
    assert!("é".repeat(100).parse::<JobId>().is_ok());
    assert!("é".repeat(101).parse::<JobId>().is_err());
}

#[test]
fn an_argv_counts_with_one_byte_between_arguments() {
    let half = NativeString(vec![b'x'; MAX_COMMAND_BYTES / 2]);
    let rest = NativeString(vec![b'x'; MAX_COMMAND_BYTES / 2 - 1]);
    assert!(Command::argv(vec![half.clone(), rest]).is_ok());
    assert!(Command::argv(vec![half.clone(), half]).is_err());
}

#[test]
fn an_exit_code_is_a_number_unless_it_names_a_fault_of_windows() {
    let cases = [
        (0, "0"),
        (255, "255"),
        (70_000, "70000"),
        (0x7fff_ffff, "2147483647"),
        (0x8000_0003, "0x80000003 (breakpoint)"),
        (0x8000_4005, "0x80004005"),
        (0xc000_0005, "0xC0000005 (access violation)"),
        (0xc000_0420, "0xC0000420"),
        (-1, "-1"),
    ];
    for (code, text) in cases {
        assert_eq!(exit_code_text(code), text);
    }
}
