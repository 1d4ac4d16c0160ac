//! What the jobs of these tests run: the one module that knows the shell. Each function gives a command line.

/// Prints `text`.
pub(crate) fn says(text: &str) -> String {
    format!("echo {}", quoted(text))
}

/// Prints `text` on stderr and exits with `code`.
pub(crate) fn fails(code: i32, text: &str) -> String {
    format!("echo {} >&2; exit {code}", quoted(text))
}

/// Fails until its attempt `attempt`, which succeeds.
pub(crate) fn fails_until_attempt(attempt: u32) -> String {
    format!(
        "if [ \"$QUEUECTL_ATTEMPT\" -lt {attempt} ]; then echo not yet >&2; exit 1; fi; echo at last"
    )
}

/// Adds a line to `file`.
pub(crate) fn notes(line: &str, file: &str) -> String {
    format!("echo {} >> {}", quoted(line), quoted(file))
}

/// Writes its process id to `NAME.pid`, then runs until there is a file `NAME.go`.
pub(crate) fn held(name: &str) -> String {
    format!("{}; {}; echo {name} was let go", marks(name), waits(name))
}

/// Like [`held`], and adds a line to `NAME.starts` each time it starts.
pub(crate) fn held_and_counted(name: &str) -> String {
    format!("echo start >> {name}.starts; {}", held(name))
}

/// Like [`held`], and can't be ended by a polite signal.
pub(crate) fn held_and_stubborn(name: &str) -> String {
    format!("trap '' TERM INT HUP; {}", held(name))
}

/// Has a child, whose process id is in `NAME.child.pid`, and waits for it for ever; its own is in `NAME.pid`.
pub(crate) fn has_a_child(name: &str) -> String {
    format!(
        "sleep 600 & echo $! > {name}.tmp && mv {name}.tmp {name}.child.pid; {}; wait",
        marks(name)
    )
}

/// Ends at once but leaves a child that holds its stdout open; its process id is in `NAME.child.pid`.
pub(crate) fn leaves_a_child_with_its_pipes(name: &str) -> String {
    format!("sleep 600 & echo $! > {name}.tmp && mv {name}.tmp {name}.child.pid; echo parent done")
}

/// Runs for ever.
pub(crate) fn never_ends() -> String {
    "sleep 600".into()
}

/// Kills itself by signal `number`.
pub(crate) fn kills_itself(number: i32) -> String {
    format!("kill -{number} $$")
}

/// Kills the worker that runs it, `pid` being its parent.
pub(crate) fn kills_its_worker() -> String {
    format!("kill -9 $PPID; {}", never_ends())
}

/// Leaves a mark `NAME.here` and succeeds once `others` have left theirs, so only if all run at the same time.
pub(crate) fn meets(name: &str, others: &[&str]) -> String {
    let all = others.iter().map(|other| format!("[ -e {other}.here ]"));
    let all = all.collect::<Vec<_>>().join(" && ");
    format!("touch {name}.here; until {all}; do sleep 0.02; done")
}

/// Prints what `stdin` has, between brackets.
pub(crate) fn prints_its_stdin() -> String {
    "echo \"[$(cat)]\"".into()
}

/// Prints the variables that a job is told.
pub(crate) fn prints_its_variables() -> String {
    let names = ["JOB_ID", "ATTEMPT", "MAX_RETRIES", "WORKER_ID", "FENCE"];
    let prints = names.map(|name| format!("echo \"{name}=$QUEUECTL_{name}\""));
    prints.join("; ")
}

/// Prints the directory that it runs in.
pub(crate) fn prints_its_directory() -> String {
    "pwd -P".into()
}

/// Prints the name that the shell was started by.
pub(crate) fn prints_its_shell() -> String {
    "echo \"$0\"".into()
}

/// Prints `lines` lines of 1,000 bytes: `first`, many of `x`, and at last `last`.
pub(crate) fn prints_much(lines: u32) -> String {
    let x = "x".repeat(999);
    format!("echo first; i=0; while [ $i -lt {lines} ]; do echo {x}; i=$((i+1)); done; echo last")
}

/// Prints an escape sequence that would colour the terminal, a bell, and bytes that aren't UTF-8.
pub(crate) fn prints_raw_bytes() -> String {
    "printf 'a\\033[31mred\\033[0m\\007b\\377c\\n'".into()
}

/// A line of `bytes` bytes that prints `ok`.
pub(crate) fn is_long(bytes: usize) -> String {
    let start = "echo ok #";
    format!("{start}{}", "x".repeat(bytes - start.len()))
}

/// Compresses `source` and writes a checksum of the result to `target`.
pub(crate) fn compresses(source: &str, target: &str) -> String {
    format!(
        "gzip -9n -c {} | cksum > {}",
        quoted(source),
        quoted(target)
    )
}

/// As [`compresses`], but as held as [`held`] before it does.
pub(crate) fn is_held_and_compresses(name: &str, source: &str, target: &str) -> String {
    format!("{}; {}", held(name), compresses(source, target))
}

/// A program that writes each of its further arguments to `file`, each followed by NUL: to be followed by these.
pub(crate) fn argv_that_records_to(file: &str) -> Vec<String> {
    let script = format!("printf '%s\\0' \"$@\" > {}", quoted(file));
    ["sh", "-c", &script, "sh"].map(String::from).to_vec()
}

fn marks(name: &str) -> String {
    format!("echo $$ > {name}.tmp && mv {name}.tmp {name}.pid")
}

fn waits(name: &str) -> String {
    format!("until [ -e {name}.go ]; do sleep 0.02; done")
}

/// `text` as one word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
