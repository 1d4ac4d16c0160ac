//! What is only seen from inside: how statements are run, and what happens when the disk is full.

use std::path::PathBuf;

use queuectl_domain::{Command, NewJob, Settings};

use super::*;
use crate::records::{KEPT, REST_OF_SPEC};

fn a_store() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(
        &folder.path().join("q.db"),
        Missing::Made,
        &Options::default(),
    )
    .unwrap();
    (folder, store)
}

fn a_job() -> NewJob {
    NewJob {
        id: None,
        command: Command::line("true".into(), None).unwrap(),
        cwd: "/".into(),
        rules: Settings::default().rules,
    }
}

#[test]
fn sqlite_is_new_enough_to_restart_its_log_safely() {
    assert!(
        rusqlite::version_number() >= 3_051_003,
        "{}",
        rusqlite::version()
    );
}

#[test]
fn the_columns_of_a_job_are_read_in_their_order() {
    let (_folder, mut store) = a_store();
    let mut names = |sql| {
        let names = store.session.read(|look| {
            let statement = look.conn.prepare(sql)?;
            Ok(statement.column_names().collect::<Vec<_>>().join(" "))
        });
        names.unwrap()
    };
    assert_eq!(names(sql!("life")), format!("{KEPT} id"));
    assert_eq!(names(sql!("job")), format!("{KEPT} {REST_OF_SPEC}"));
}

/// Each statement that finds jobs, attempts or output goes through an index.
#[test]
fn no_statement_looks_through_a_whole_table() {
    let (_folder, mut store) = a_store();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/sqlite");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|kind| kind != "sql")
            || name.starts_with("delete_all_")
            // These look at everything, since that is what they are for.
            || name.starts_with("check_")
            || name.starts_with("mend_")
            // It looks through the schema, which is small.
            || name == "count_objects"
        {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let plan = plan(&mut store, &text);
        let scans = plan.iter().filter(|step| step.starts_with("SCAN"));
        for step in scans {
            let small = ["counters", "settings", "workers"].map(|table| format!("SCAN {table}"));
            let by_index = step.contains("USING INDEX") || step.contains("USING COVERING INDEX");
            let newest_first = name == "list_all";
            assert!(
                small.contains(step) || by_index || newest_first,
                "{name}: {step}"
            );
        }
        let may_sort = ["list_running", "workers"].contains(&name.as_str());
        let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE"));
        assert!(!sorts || may_sort, "{name} sorts: {plan:?}");
        seen += 1;
    }
    assert!(seen > 25, "only {seen} statements were found");
}

fn plan(store: &mut SqliteStore, sql: &str) -> Vec<String> {
    let plan = store.session.read(|look| {
        let mut statement = look.conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let count = statement.parameter_count();
        let nulls = rusqlite::params_from_iter(vec![rusqlite::types::Null; count]);
        let steps = statement.query_map(nulls, |row| row.get("detail"))?;
        Ok(steps.collect::<rusqlite::Result<Vec<String>>>()?)
    });
    plan.unwrap()
}

#[test]
fn a_full_disk_is_said_and_changes_nothing_and_passes() {
    let (_folder, mut store) = a_store();
    store.enqueue(vec![a_job()]).unwrap();
    store.session.limit_pages(60);
    let error = store.enqueue(vec![a_job(); 10_000]).unwrap_err();
    assert!(matches!(error, StoreError::Full), "{error:?}");
    assert_eq!(store.counts().unwrap().total(), 1);
    store.session.limit_pages(1_000_000);
    let ids = store.enqueue(vec![a_job(); 10_000]).unwrap();
    assert_eq!(ids.len(), 10_000);
    assert_eq!(store.counts().unwrap().total(), 10_001);
}

#[test]
fn a_full_disk_is_told_from_a_broken_one() {
    let failure = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_SHMSIZE);
    let error = rusqlite::Error::SqliteFailure(failure, None);
    let full = || Some(std::io::ErrorKind::StorageFull.into());
    let said = |reason| fault::say(&error, reason, "q.db");
    assert!(matches!(said(full()), StoreError::Full));
    assert!(matches!(said(None), StoreError::Io(_)));
}
