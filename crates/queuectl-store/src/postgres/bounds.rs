//! How long the server keeps a session, and its locks, if the client is gone or stands still.
//!
//! By default the server notices a lost client after two hours, and waits for ever for a client that is silent within a transaction.
//! Each session asks for less, well below a lease, so that the locks of a worker that was cut off don't hold up others. It asks by
//! statements, since poolers refuse such parameters at connecting. Each is a statement of its own, so that a server that doesn't know
//! one of them takes the others.

use futures_util::future::{join, join_all};
use tokio_postgres::Client;

use super::sql;

/// The parameters that a session sets. Times are in milliseconds where the server allows it.
const BOUNDS: [(&str, &str); 8] = [
    // The other side doesn't answer: 8 s, whether or not data is on its way there.
    ("tcp_keepalives_idle", "2"),
    ("tcp_keepalives_interval", "2"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "8000"),
    // The other side is silent: a machine that sleeps, a process that was stopped.
    ("idle_in_transaction_session_timeout", "8000"),
    // A statement whose client has given up is ended, even while it waits for a lock.
    ("client_connection_check_interval", "1000"),
    // Otherwise statements that take lists are planned anew each time, which takes as long as running them.
    ("plan_cache_mode", "force_generic_plan"),
    // No statement here is worth compiling. Each would be compiled where `enable_seqscan` is off for a role or a database: then a scan
    // of a table of ten rows has a cost of ten billion.
    ("jit", "off"),
];

/// For operators, which statements use without a schema: none is taken from a schema in which other roles may create objects.
/// Everything else is named with its schema. Users can't set it: the path of a database or a role is what this is meant for.
const SEARCH_PATH: &str = "SET search_path = pg_catalog, pg_temp";

/// The parameters that can be set for a transaction, behind a pooler that shares sessions. The network parameters are left to the
/// pooler there.
const OF_TRANSACTION: [(&str, &str); 4] = [
    ("idle_in_transaction_session_timeout", sql!("bound_silence")),
    ("client_connection_check_interval", sql!("bound_loss")),
    ("synchronous_commit", sql!("bound_trust")),
    ("jit", sql!("bound_compiling")),
];

/// Sets all parameters that `options`, by which users set their own, doesn't name. Returns whether the path is set: without it
/// nothing may be asked.
pub(super) async fn ask_for(client: &Client, options: &str) -> bool {
    let statements: Vec<_> = BOUNDS
        .iter()
        .filter(|(name, _)| !speaks_of(options, name))
        .map(|(name, value)| format!("SET {name} = {value}"))
        // What is acknowledged is on disk, even if the database or its user is configured for less.
        .chain((!speaks_of(options, "synchronous_commit")).then(|| sql!("synced").to_owned()))
        .collect();
    // A server refuses a parameter that it doesn't know; that is ignored. The path is sent first: what comes after it may have operators.
    let others = join_all(statements.iter().map(|set| client.batch_execute(set)));
    let (path, _) = join(client.batch_execute(SEARCH_PATH), others).await;
    path.is_ok()
}

/// Returns statements that set the same for one transaction, as far as that is possible: the path first, since those after it
/// have operators.
pub(super) fn of_transaction(options: &str) -> String {
    let asked = OF_TRANSACTION
        .iter()
        .filter(|(name, _)| !speaks_of(options, name));
    let asked = [sql!("bound_path")]
        .into_iter()
        .chain(asked.map(|(_, asked)| *asked));
    asked.map(|asked| format!("; {asked}")).collect()
}

/// Returns true if `options` has `-c name=…` or `--name=…`, as the server reads them.
fn speaks_of(options: &str, name: &str) -> bool {
    options.split_ascii_whitespace().any(|whole| {
        let word = whole.strip_prefix("--").or(whole.strip_prefix("-c"));
        let word = word.unwrap_or(whole);
        let said = word.split_once('=').map(|(said, _)| said.replace('-', "_"));
        said.is_some_and(|said| said.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_options_set_is_found_however_it_is_written() {
        for options in [
            "-c tcp_user_timeout=1",
            "-ctcp_user_timeout=1",
            "--tcp-user-timeout=1",
            "-c jit=off -c TCP_user_timeout=1",
        ] {
            assert!(speaks_of(options, "tcp_user_timeout"), "{options}");
        }
        for options in ["", "-c tcp_user_timeouts=1", "-c jit=tcp_user_timeout"] {
            assert!(!speaks_of(options, "tcp_user_timeout"), "{options}");
        }
    }
}
