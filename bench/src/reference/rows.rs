//! The rows of our own tables, put in by rusqlite alone.
//!
//! The tables are those of a store with one job in it, and the rows are that
//! job's, with another number and name, so they are the same whatever the
//! tables become.

use std::time::{Duration, Instant};

use queuectl_domain::JobId;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::queue::{Queue, line};
use crate::trouble::Trouble;

/// How many rows one transaction adds.
const AT_ONCE: usize = 10_000;

/// A table that has a row for each job.
struct Table {
    insert: String,
    row: Vec<Value>,
    seq: usize,
    id: Option<usize>,
}

/// Adds so many jobs to an empty queue, and says how long that took.
pub(crate) fn insert(queue: &Queue, count: usize) -> Result<Duration, Trouble> {
    queue.fill(&line("true"), 1)?;
    let begun = Instant::now();
    let mut conn = Connection::open(queue.file())?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    let mut tables = tables(&conn)?;
    let mut next = 2;
    while next < count + 2 {
        let end = (next + AT_ONCE).min(count + 2);
        let transaction = conn.transaction()?;
        for table in &mut tables {
            let mut statement = transaction.prepare_cached(&table.insert)?;
            for seq in next..end {
                table.row[table.seq] = Value::Integer(seq as i64);
                if let Some(id) = table.id {
                    let name = JobId::generated(seq as u64).to_string();
                    table.row[id] = Value::Text(name);
                }
                statement.execute(params_from_iter(&table.row))?;
            }
        }
        transaction.commit()?;
        next = end;
    }
    Ok(begun.elapsed())
}

/// The tables in which the only job has a row.
fn tables(conn: &Connection) -> Result<Vec<Table>, Trouble> {
    let mut names = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let names = names.query_map([], |row| row.get::<_, String>(0))?;
    let mut found = Vec::new();
    for name in names {
        let name = name?;
        let mut all = conn.prepare(&format!("SELECT * FROM {name} LIMIT 1"))?;
        let columns: Vec<_> = all.column_names().map(str::to_owned).collect();
        let Some(seq) = columns.iter().position(|column| column == "seq") else {
            continue;
        };
        let mut rows = all.query([])?;
        let Some(row) = rows.next()? else {
            continue;
        };
        let values = (0..columns.len()).map(|column| row.get(column));
        let values = values.collect::<rusqlite::Result<Vec<Value>>>()?;
        // What isn't known of a job yet is left out, as an insert by hand would.
        let known = values.iter().zip(&columns);
        let known = known.filter(|(value, _)| **value != Value::Null);
        let (row, known): (Vec<_>, Vec<_>) = known
            .map(|(value, column)| (value.clone(), column.as_str()))
            .unzip();
        let marks = vec!["?"; known.len()].join(", ");
        found.push(Table {
            insert: format!("INSERT INTO {name} ({}) VALUES ({marks})", known.join(", ")),
            seq: known
                .iter()
                .position(|column| *column == "seq")
                .unwrap_or(seq),
            id: known.iter().position(|column| *column == "id"),
            row,
        });
    }
    if found.is_empty() {
        return Err(Trouble::Wrong("no table has a row for a job".to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_are_those_that_the_store_itself_would_add() {
        let folder = tempfile::tempdir().unwrap();
        let queue = |name: &str| {
            let folder = folder.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            Queue::new(folder, "queuectl".into())
        };
        let (bare, ours) = (queue("bare"), queue("ours"));
        insert(&bare, 300).unwrap();
        ours.fill(&line("true"), 301).unwrap();
        let rows = |queue: &Queue| {
            let conn = Connection::open(queue.file()).unwrap();
            let sql = "SELECT j.seq, j.id, j.state, j.priority, c.line
                FROM jobs j JOIN commands c USING (seq) ORDER BY j.seq";
            let mut statement = conn.prepare(sql).unwrap();
            let row = |row: &rusqlite::Row<'_>| (0..5).map(|at| row.get(at)).collect();
            let rows = statement.query_map([], row).unwrap();
            rows.collect::<rusqlite::Result<Vec<Vec<Value>>>>().unwrap()
        };
        assert_eq!(rows(&bare), rows(&ours));
    }
}
