//! Where the tests play: a store whose files lie on a disk under watch.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use queuectl_domain::{Chunk, Command, Ending, JobId, NewJob, Settings, State, Stream, Timestamp};
use queuectl_store::{
    Claimed, Clock, Location, Options, Query, Settled, Store, StoreError, Worker,
};
use rusqlite::Connection;

/// A clock that is moved by hand.
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_700_000_000_000_000)))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap();
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) fn open(path: &Path, clock: &Arc<HandClock>) -> Result<Box<dyn Store>, StoreError> {
    let options = Options {
        clock: clock.clone(),
        patience: Duration::from_millis(50),
    };
    queuectl_store::open(&Location::Sqlite(path.to_owned()), &options)
}

pub(crate) fn a_job(name: &str) -> NewJob {
    a_long_job(name, 0)
}

/// A job whose command is so many bytes longer than that of others.
pub(crate) fn a_long_job(name: &str, length: usize) -> NewJob {
    let line = format!("echo {name} {}", "x".repeat(length));
    NewJob {
        id: Some(name.parse().unwrap()),
        command: Command::line(line, None).unwrap(),
        cwd: "/".into(),
        rules: Settings::default().rules,
    }
}

pub(crate) fn a_worker(name: &str) -> Worker {
    Worker {
        id: name.parse().unwrap(),
        pid: 4_294_967_295,
        pid_started: 1,
        host: "host".into(),
        machine: "machine".into(),
        version: "0.0.0".into(),
        slots: 4,
        life: "/run/worker.lock".into(),
    }
}

pub(crate) fn settled(claimed: &Claimed, ending: Ending, output: Vec<Chunk>) -> Settled {
    Settled {
        ticket: claimed.ticket,
        ending,
        output,
    }
}

pub(crate) fn success() -> Ending {
    Ending::exited(0, None, Duration::from_millis(1_250))
}

pub(crate) fn failure() -> Ending {
    Ending::exited(7, Some("no disk"), Duration::from_millis(1_250))
}

pub(crate) fn chunk(offset: u64, text: &str) -> Chunk {
    Chunk {
        offset,
        stream: Stream::Stdout,
        bytes: text.into(),
    }
}

pub(crate) fn ids(store: &mut dyn Store) -> Vec<JobId> {
    let limit = usize::MAX;
    let page = store.list(&Query { state: None, limit }).unwrap();
    page.jobs
        .into_iter()
        .map(|job| job.spec.id.clone())
        .collect()
}

/// The file is whole, and the store counts what is there.
pub(crate) fn check(path: &Path, store: &mut dyn Store) {
    let conn = Connection::open(path).unwrap();
    let text = |sql| conn.query_row(sql, [], |row| row.get::<_, String>(0));
    assert_eq!(text("PRAGMA integrity_check").unwrap(), "ok");
    let counts = store.counts().unwrap();
    let number = |sql, code: &[i64]| {
        let params = rusqlite::params_from_iter(code);
        conn.query_row(sql, params, |row| row.get::<_, i64>(0))
            .unwrap()
            .unsigned_abs()
    };
    let states = [
        State::Pending,
        State::Processing,
        State::Completed,
        State::Failed,
        State::Dead,
    ];
    for (code, state) in (0..).zip(states) {
        let in_state = "SELECT count(*) FROM jobs JOIN commands USING (seq) WHERE state = ?1";
        assert_eq!(counts.of(state), number(in_state, &[code]), "{state} jobs");
    }
    let commands = number("SELECT count(*) FROM commands", &[]);
    assert_eq!(counts.total(), commands, "commands");
    let last = number("SELECT coalesce(max(fence), 0) FROM attempts", &[]);
    assert!(number("SELECT last_fence FROM counters", &[]) >= last);
}
