//! What the jobs of these tests run. Each function gives a command line that every system's usual shell understands: most run
//! `fake-job`, which does step by step what it is told.

/// The program that most jobs run.
pub(crate) const PROGRAM: &str = "fake-job";

/// Succeeds, and starts no process for it.
pub(crate) const SUCCEEDS: &str = "exit 0";

/// Fails, and starts no process for it.
pub(crate) const FAILS: &str = "exit 1";

/// One after the other, as long as none fails.
pub(crate) fn then(lines: &[&str]) -> String {
    lines.join(" && ")
}

/// Prints `text`.
pub(crate) fn says(text: &str) -> String {
    format!("fake-job out {}", quoted(text))
}

/// Prints `text` on stderr.
pub(crate) fn says_on_stderr(text: &str) -> String {
    format!("fake-job err {}", quoted(text))
}

/// Prints `text`, and no end of a line after it.
pub(crate) fn says_without_an_end(text: &str) -> String {
    format!("fake-job bytes {}", hex(text.as_bytes()))
}

/// Prints `text` on stderr and exits with `code`.
pub(crate) fn fails(code: i32, text: &str) -> String {
    format!("fake-job err {} exit {code}", quoted(text))
}

/// Prints `trying`, and fails until its attempt `attempt`, which succeeds with `at last`.
pub(crate) fn fails_until_attempt(attempt: u32) -> String {
    format!("fake-job out trying attempt {attempt} out \"at last\"")
}

/// Adds a line to `file`.
pub(crate) fn notes(line: &str, file: &str) -> String {
    format!("fake-job append {} {}", quoted(file), quoted(line))
}

/// The same, and takes a moment longer.
pub(crate) fn notes_and_takes_a_moment(line: &str, file: &str) -> String {
    format!("{} sleep 0.05", notes(line, file))
}

/// Writes its process id to `NAME.pid`, then runs until there is a file `NAME.go`.
pub(crate) fn held(name: &str) -> String {
    format!("fake-job {}", is_held(name))
}

/// Like [`held`], and adds a line to `NAME.starts` each time it starts.
pub(crate) fn held_and_counted(name: &str) -> String {
    format!("fake-job append {name}.starts start {}", is_held(name))
}

/// Like [`held`], and does nothing when it is politely asked to end: a program to be run without a shell, which may end.
pub(crate) fn argv_held_and_stubborn(name: &str) -> Vec<String> {
    let (pid, go) = (format!("{name}.pid"), format!("{name}.go"));
    [PROGRAM, "deaf", "pidfile", &pid, "await", &go]
        .map(String::from)
        .into()
}

/// Like [`held`], in a session of its own, while the job ends as soon as it is there.
#[cfg(unix)]
pub(crate) fn leaves_one_held_in_a_session_of_its_own(name: &str) -> String {
    format!("fake-job session [ {} ] count 1 {name}.pid", is_held(name))
}

/// Leaves one in a session of its own, and whose environment only root may see. Its process id is in `NAME.pid`.
#[cfg(target_os = "linux")]
pub(crate) fn leaves_one_that_shows_nothing(name: &str) -> String {
    format!("fake-job session [ secretive pidfile {name}.pid sleep 600 ] count 1 {name}.pid")
}

/// Has a child, whose process id is in `NAME.child.pid`, and waits for it for ever; its own is in `NAME.pid`.
pub(crate) fn has_a_child(name: &str) -> String {
    format!("fake-job {} pidfile {name}.pid sleep 600", child(name))
}

/// Adds a line to `NAME.starts` each time it starts, and has a child as [`has_a_child`]; goes on with what follows it.
#[cfg(windows)]
pub(crate) fn starts_and_has_a_child(name: &str) -> String {
    format!("fake-job append {name}.starts start {}", child(name))
}

/// Ends at once but leaves a child that holds its stdout open; its process id is in `NAME.child.pid`.
pub(crate) fn leaves_a_child_with_its_pipes(name: &str) -> String {
    format!(
        "fake-job {} count 1 {name}.child.pid out \"parent done\"",
        child(name)
    )
}

/// Prints `before`, closes its streams, and fails with code 3 after 0.3 s.
pub(crate) fn closes_its_streams() -> String {
    "fake-job out before close sleep 0.3 exit 3".into()
}

/// Adds a line to `NAME.starts`; the first time it then writes its process id to `NAME.pid`, looks for `file`, and waits until it
/// is there.
#[cfg(target_os = "linux")]
pub(crate) fn hangs_once(name: &str, file: &std::path::Path) -> String {
    let file = file.to_str().expect("a temporary folder has a plain name");
    format!(
        "fake-job append {name}.starts start first {name}.begun [ pidfile {name}.pid await {file} ]"
    )
}

/// Runs for ever.
pub(crate) fn never_ends() -> String {
    "fake-job sleep 600".into()
}

/// Kills itself by signal `number`.
#[cfg(unix)]
pub(crate) fn kills_itself(number: i32) -> String {
    format!("kill -{number} $$")
}

/// Leaves a mark `NAME.here` and succeeds once `others` have left theirs, so only if all run at the same time.
pub(crate) fn meets(name: &str, others: &[&str]) -> String {
    let waits = others.iter().map(|other| format!(" await {other}.here"));
    format!(
        "fake-job append {name}.here here{}",
        waits.collect::<String>()
    )
}

/// Prints what `stdin` has, between brackets.
pub(crate) fn prints_its_stdin() -> String {
    format!("fake-job bytes {} copy out ]", hex(b"["))
}

/// Prints the variables that a job is told.
pub(crate) fn prints_its_variables() -> String {
    let names = ["JOB_ID", "ATTEMPT", "MAX_RETRIES", "WORKER_ID", "FENCE"];
    let prints = names.map(|name| {
        format!(
            " bytes {} env QUEUECTL_{name}",
            hex(format!("{name}=").as_bytes())
        )
    });
    format!("fake-job{}", prints.concat())
}

/// Prints the directory that it runs in.
pub(crate) fn prints_its_directory() -> String {
    "fake-job cwd".into()
}

/// Prints the name that the shell was started by.
#[cfg(unix)]
pub(crate) fn prints_its_shell() -> String {
    "echo \"$0\"".into()
}

/// Prints `lines` lines of 1,000 bytes: `first`, many of `x`, and at last `last`.
pub(crate) fn prints_much(lines: u32) -> String {
    format!("fake-job out first lines {lines} out last")
}

/// Prints `one` and `three`, and `two` on stderr in between. The pauses are its own: two pipes have no order among them but in time.
pub(crate) fn takes_turns_on_stdout_and_stderr() -> String {
    "fake-job out one sleep 0.2 err two sleep 0.2 out three".into()
}

/// Prints, on both, an escape sequence that would colour the terminal, a bell, and bytes that aren't UTF-8; and fails.
pub(crate) fn prints_raw_bytes_and_fails() -> String {
    let bytes = "611b5b33316d7265641b5b306d0762ff630a";
    format!("fake-job bytes {bytes} errbytes {bytes} exit 1")
}

/// Prints these bytes on stderr, and exits with code 3.
pub(crate) fn prints_on_stderr_and_fails(bytes: &[u8]) -> String {
    format!("fake-job errbytes {} exit 3", hex(bytes))
}

/// A line of `bytes` bytes that prints `ok`.
#[cfg(unix)]
pub(crate) fn is_long(bytes: usize) -> String {
    let start = "echo ok #";
    format!("{start}{}", "x".repeat(bytes - start.len()))
}

/// Compresses `source` and writes a checksum of the result to `target`.
#[cfg(unix)]
pub(crate) fn compresses(source: &str, target: &str) -> String {
    format!("gzip -9n -c '{source}' | cksum > {target}")
}

/// As [`compresses`], but as held as [`held`] before it does.
#[cfg(unix)]
pub(crate) fn is_held_and_compresses(name: &str, source: &str, target: &str) -> String {
    then(&[&held(name), &compresses(source, target)])
}

/// A program that prints each of its further arguments in brackets: to be followed by these.
#[cfg(windows)]
pub(crate) const ARGV_THAT_PRINTS_IT: [&str; 2] = [PROGRAM, "args"];

fn is_held(name: &str) -> String {
    format!("pidfile {name}.pid await {name}.go out \"{name} was let go\"")
}

fn child(name: &str) -> String {
    format!("child [ pidfile {name}.child.pid sleep 600 ]")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `text` as one word of every shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    let odd = text.chars().find(|c| "\"\\$`%!^\n".contains(*c));
    assert_eq!(odd, None, "shells don't agree on this: {text}");
    format!("\"{text}\"")
}
