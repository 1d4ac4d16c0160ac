//! `config set keep`: workers delete completed jobs as fast as they complete them, however fast that is.

use super::support::{Home, number};
use crate::import_legacy::{TABLES, old_database};

/// How many jobs completed long ago.
const OLD: i64 = 5_000;
/// How many are run now.
const NEW: i64 = 2_000;
/// This many deletions may come earlier or later: they are made in portions.
const SLACK: i64 = 750;

/// Deletions are compared with the jobs that were run, so the speed of the machine doesn't matter.
#[test]
fn a_worker_deletes_two_old_jobs_for_each_that_it_completes() {
    let home = Home::new();
    let old = format!(
        "WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < {OLD})
        INSERT INTO jobs (id, command, state, attempts, execution_time, created_at, updated_at)
        SELECT 'old' || i, 'true', 'completed', 1, 0.1, '2025-11-09T10:30:15', '2025-11-09T10:30:20'
        FROM number;"
    );
    drop(old_database(&home, &[TABLES, &old]));
    home.ok(["import-legacy", "old.db"]);
    home.ok(["config", "set", "keep", "3600"]);
    let new = "{\"argv\": [\"true\"]}\n".repeat(NEW as usize);
    let added = home.run_with_stdin(&["enqueue", "--from", "-"], new.as_bytes());
    added.succeeded();

    home.ok([
        "-q",
        "worker",
        "start",
        "--foreground",
        "--until-idle",
        "--concurrency",
        "4",
    ]);
    let left = number(&home.json(["status"]), "completed");
    assert!(
        left <= OLD + NEW - 2 * NEW + SLACK,
        "{left} of {} are left",
        OLD + NEW
    );
    // What was completed now is younger than it is to be kept.
    let newest = home.json(["-q", "list", "--limit", "1"]);
    assert_eq!(newest[0]["state"], "completed");
    assert!(left >= NEW, "{left} are left");
    home.ok(["doctor"]);
}
