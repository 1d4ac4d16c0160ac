//! PostgreSQL's own load generator, with the very statements of a turn.
//!
//! Each of its clients is a worker that is known to the store. Its script has two turns: what the first claims the second
//! settles, and the other way round. It prepares each statement once, and sends at once what needs no answer before,
//! as the store does; but it can't take the answer to what it has sent with others, so it asks for jobs by
//! themselves: one round trip more. It reads of them only what saving them needs.

use std::io::Write as _;
use std::process::Stdio;

use crate::hand::{PRINTED, worker};
use crate::queue::Queue;
use crate::scene::Scene;
use crate::trouble::{Trouble, io, succeeded};

/// The text of a statement of the store.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!(
            "../../../crates/queuectl-store/src/postgres/",
            $name,
            ".sql"
        ))
    };
}

/// Jobs a second of so many turns of so many clients, each of which settles and claims `batch` jobs.
pub(crate) fn turns(
    scene: &Scene,
    queue: &Queue,
    clients: usize,
    batch: usize,
    turns: usize,
) -> Result<f64, Trouble> {
    let mut store = queue.store()?;
    for client in 0..clients {
        store.register(&worker(&format!("pgbench-{client}"), batch))?;
    }
    let server = scene.server()?;
    let (mut command, url) = server.program("pgbench");
    command.args(["--no-vacuum", "--protocol=prepared", "--file=-"]);
    for (name, count) in [
        ("client", clients),
        ("jobs", clients),
        ("transactions", turns.div_ceil(2)),
    ] {
        command.arg(format!("--{name}={count}"));
    }
    for (name, value) in variables(batch) {
        command.arg(format!("--define={name}={value}"));
    }
    command.arg(url);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    server.settle_down()?;
    let mut child = command.spawn().map_err(io("start pgbench"))?;
    if let Some(mut input) = child.stdin.take() {
        let script = script(queue.schema());
        input
            .write_all(script.as_bytes())
            .map_err(io("write to pgbench"))?;
    }
    let output = child.wait_with_output().map_err(io("wait for pgbench"))?;
    succeeded(&command, output.status)?;
    let said = String::from_utf8_lossy(&output.stdout);
    let scripts = scripts_per_second(&said)
        .ok_or_else(|| Trouble::Wrong(format!("pgbench said:\n{said}")))?;
    Ok(scripts * 2.0 * batch as f64)
}

/// What it says of its speed, without the time for connecting.
fn scripts_per_second(said: &str) -> Option<f64> {
    let (_, after) = said.split_once("\ntps = ")?;
    after.split_whitespace().next()?.parse().ok()
}

/// Columns of a batch that are the same for all.
fn variables(batch: usize) -> Vec<(&'static str, String)> {
    let all = |value: &str| format!("{{{}}}", vec![value; batch].join(","));
    let printed: String = PRINTED.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![
        ("begun", "0".to_owned()),
        ("batch", batch.to_string()),
        ("a_seqs", "{}".to_owned()),
        ("a_fences", "{}".to_owned()),
        ("a_ends", "{}".to_owned()),
        ("a_attempts", "{}".to_owned()),
        ("zeros", all("0")),
        ("nulls", all("NULL")),
        ("workers", all("pgbench-0")),
        ("printed", all(&format!("\"\\\\x{printed}\""))),
    ]
}

/// Two turns.
fn script(schema: &str) -> String {
    let turn = one_turn(schema);
    let with = |before: &str, after: &str| {
        let turn = turn.replace(":before_", &format!(":{before}_"));
        turn.replace("after_", &format!("{after}_"))
    };
    with("a", "b") + &with("b", "a")
}

/// One turn: settles what is in the variables `before_…`, and claims into those `after_…`.
fn one_turn(schema: &str) -> String {
    const HELD: [&str; 2] = [":before_seqs::bigint[]", ":before_fences::bigint[]"];
    const ZEROS: &str = ":zeros::bigint[]";
    const NO_BYTES: &str = ":nulls::bytea[]";
    const WORKERS: &str = ":workers::text[]";
    const NONE: &str = "(-9223372036854775808)";
    let to_claim = sql!("to_claim");
    // What saves them is made ready with the answer: rows of numbers, as the store sends them.
    let to_claim = format!(
        "SELECT array_agg(seq) AS after_seqs, array_agg(new_fence) AS after_fences,
    array_agg(ARRAY[seq, 0, {NONE}, 1, ready_at, ready_at, timeout, 1, 0,
        ready_at, {NONE}, {NONE}, {NONE}, new_fence, 0]) AS after_claims,
    array_agg(ARRAY[seq, 1, new_fence, 2, ready_at, ready_at, timeout, 1, 0,
        ready_at, ready_at, 1, 0, {NONE}, 0]) AS after_ends,
    array_agg(ARRAY[seq, new_fence, 1, ready_at, ready_at, 0, 0, {NONE}, 1]) AS after_attempts
FROM (
{to_claim}) AS claimed"
    );
    let mut script = Script::of(schema);
    script.meta("startpipeline");
    script.plain("BEGIN ISOLATION LEVEL READ COMMITTED");
    script.add(sql!("begin_turn"), &["'pgbench-' || :client_id::text"]);
    script.add(sql!("held"), &HELD);
    script.meta("endpipeline");
    script.add_and_keep(&to_claim, &[":batch::bigint"]);
    script.meta("startpipeline");
    // What was pending is processing now.
    let texts = [WORKERS, NO_BYTES, NO_BYTES];
    script.add(
        sql!("save"),
        &[&[":after_claims::bigint[]"], &texts[..]].concat(),
    );
    script.meta("if :begun");
    // What was processing is completed now.
    script.add(
        sql!("finish"),
        &[&[":before_ends::bigint[]"], &texts[..]].concat(),
    );
    let attempts = [":before_attempts::bigint[]", WORKERS, NO_BYTES];
    script.add(sql!("insert_attempts"), &attempts);
    let output = [HELD[1], ZEROS, ZEROS, ":printed::bytea[]"];
    script.add(sql!("insert_output"), &output);
    script.meta("endif");
    let nowhere = "9223372036854775807::bigint";
    let counts = [
        "-:batch::bigint",
        "0",
        ":batch::bigint",
        "0",
        "0",
        nowhere,
        nowhere,
    ];
    script.add(sql!("close"), &counts);
    script.add(sql!("rest"), &[]);
    script.plain("COMMIT");
    script.meta("endpipeline");
    script.meta("set begun 1");
    script.text
}

/// A script that is being written.
struct Script<'s> {
    schema: &'s str,
    text: String,
}

impl<'s> Script<'s> {
    fn of(schema: &'s str) -> Self {
        let text = String::new();
        Self { schema, text }
    }

    /// Adds a command of pgbench's own.
    fn meta(&mut self, command: &str) {
        self.text += &format!("\\{command}\n");
    }

    /// Adds a statement as it is.
    fn plain(&mut self, sql: &str) {
        self.text += &format!("{sql};\n");
    }

    /// Adds a statement with these values for its parameters.
    fn add(&mut self, sql: &str, values: &[&str]) {
        let sql = self.with_values(sql, values);
        self.plain(&sql);
    }

    /// The same, and keeps its answer in variables.
    fn add_and_keep(&mut self, sql: &str, values: &[&str]) {
        let sql = self.with_values(sql, values);
        self.text += &format!("{sql} \\gset\n");
    }

    /// A statement without its comments, of this schema, with values.
    fn with_values(&self, sql: &str, values: &[&str]) -> String {
        let lines = sql.lines().filter(|line| !line.starts_with("--"));
        let text = lines.collect::<Vec<_>>().join("\n");
        let mut text = text.replace("queuectl.", &format!("{}.", self.schema));
        // The last first: `$1` begins `$10`, too.
        for (place, value) in values.iter().enumerate().rev() {
            text = text.replace(&format!("${}", place + 1), &format!("({value})"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_script_is_the_store_s_statements_with_values() {
        let mut script = Script::of("there");
        let sql = "-- Why.\nSELECT queuectl.expect($1, $10::bigint[])\n";
        let mut values = ["0"; 10];
        values[9] = ":many";
        script.add(sql, &values);
        assert_eq!(
            script.text,
            "SELECT there.expect((0), (:many)::bigint[]);\n"
        );
    }

    #[test]
    fn what_one_turn_claims_the_next_settles() {
        let script = script("there");
        let first_claim = script.find("AS a_seqs").unwrap();
        let first_settled = script.find(":a_fences").unwrap();
        assert!(script.find("AS b_seqs").unwrap() < script.find(":b_seqs").unwrap());
        assert!(
            first_settled < first_claim,
            "what was claimed before comes first"
        );
        assert!(!script.contains("before_") && !script.contains("after_"));
        assert!(!script.contains("queuectl.") && !script.contains('$'));
    }

    #[test]
    fn its_speed_is_read_of_what_it_says() {
        let said = "number of failed transactions: 0 (0.000%)\nlatency average = 5.0 ms\n\
            initial connection time = 8.2 ms\ntps = 231.5 (without initial connection time)\n";
        assert_eq!(scripts_per_second(said), Some(231.5));
    }
}
