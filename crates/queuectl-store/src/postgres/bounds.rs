//! How long the server keeps a session, and all that it has locked, whose client is gone or stands still.
//!
//! By itself it waits for two hours until it believes that nobody is there, and for ever for one that says nothing in the middle
//! of a transaction. Each session asks for less, well below a lease, so that others aren't held up by what a worker
//! has locked that was cut off. It asks by statements: a pooler refuses to connect who asks for such things when he
//! connects. Each stands alone, so that a server that doesn't know one has the others.

use futures_util::future::join_all;
use tokio_postgres::Client;

use super::sql;

/// What is asked for. Times are in milliseconds where they can be.
const BOUNDS: [(&str, &str); 8] = [
    // Nobody answers on the other side: 8 s, whether or not something is on its way there.
    ("tcp_keepalives_idle", "2"),
    ("tcp_keepalives_interval", "2"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "8000"),
    // Somebody is there, and says nothing more: a machine that sleeps, a process that was stopped.
    ("idle_in_transaction_session_timeout", "8000"),
    // Who has given up needn't be told what became of it. This also ends what waits for a lock.
    ("client_connection_check_interval", "1000"),
    // Statements that take lists are otherwise planned anew each time, which takes as long as they do.
    ("plan_cache_mode", "force_generic_plan"),
    // No statement here is worth compiling, and each would be where a role or a database has `enable_seqscan` off: that makes a look
    // through a table of ten rows cost ten billion.
    ("jit", "off"),
];

/// Every statement names what it means by its schema. This is for operators, which it doesn't: none of them is taken from a schema
/// that others may make things in.
const SEARCH_PATH: &str = "SET search_path = pg_catalog, pg_temp";

/// What can be asked for in a transaction, where a session isn't one's own. How the network is watched is a matter between
/// the pooler and the server then.
const OF_TRANSACTION: [(&str, &str); 4] = [
    ("idle_in_transaction_session_timeout", sql!("bound_silence")),
    ("client_connection_check_interval", sql!("bound_loss")),
    ("synchronous_commit", sql!("bound_trust")),
    ("jit", sql!("bound_compiling")),
];

/// Asks for all that `options`, by which users set things for their sessions, doesn't speak of.
pub(super) async fn ask_for(client: &Client, options: &str) {
    let statements: Vec<_> = BOUNDS
        .iter()
        .filter(|(name, _)| !speaks_of(options, name))
        .map(|(name, value)| format!("SET {name} = {value}"))
        .chain([SEARCH_PATH.to_owned()])
        // What is acknowledged is on disk, though the database or its user be set to be content with less.
        .chain((!speaks_of(options, "synchronous_commit")).then(|| sql!("synced").to_owned()))
        .collect();
    // Who doesn't know one refuses it, and is left as it is.
    join_all(statements.iter().map(|set| client.batch_execute(set))).await;
}

/// Statements that ask for the same as far as it is about one transaction, for that only.
pub(super) fn of_transaction(options: &str) -> String {
    let asked = OF_TRANSACTION
        .iter()
        .filter(|(name, _)| !speaks_of(options, name));
    asked.map(|(_, asked)| format!("; {asked}")).collect()
}

/// Whether there is `-c name=…` or `--name=…` among them, as the server reads them.
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
