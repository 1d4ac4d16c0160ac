//! Writes a store of the version that this program makes, with jobs in all states: one to be kept,
//! so that the tests of later versions can open it.
//!
//! `cargo run -p queuectl-store --example keep_store crates/queuectl-store/tests/stores/N.db`

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use queuectl_domain::{
    Chunk, Command, Ending, Key, MaxRetries, NewJob, Settings, Stream, Timestamp, WorkerId,
};
use queuectl_store::{
    Claimed, Clock, Location, Options, Settled, StopMode, Store, StoreError, Turn, Worker,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let path = std::env::args_os().nth(1).map(PathBuf::from);
    let path = path.ok_or("where is the store to be written?")?;
    let options = Options {
        clock: Arc::new(Stopped),
        ..Options::default()
    };
    let mut store = queuectl_store::open(&Location::Sqlite(path.clone()), &options)?;
    live(&mut *store)?;
    drop(store);
    // All of it in one file.
    let conn = rusqlite::Connection::open(&path)?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    drop(conn);
    for suffix in ["-lock", "-wake"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        if let Err(error) = std::fs::remove_file(name)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error.into());
        }
    }
    Ok(())
}

/// A clock that doesn't go: the same store is written each time.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000_000)
    }
}

/// All that can happen to jobs.
fn live(store: &mut dyn Store) -> Outcome<()> {
    store.set(Key::Priority, "7")?;
    store.set(Key::CrashLimit, "5")?;
    let gone = worker("w-gone")?;
    store.register(&gone)?;
    store.enqueue(vec![job("crashed", line("echo crashed")?)?])?;
    turn(store, &gone.id, vec![], 1)?;
    store.rescue(&gone.id, None)?;
    let first = worker("w-first")?;
    store.register(&first)?;
    store.enqueue(vec![
        job("done", line("echo done")?)?,
        job("failed", line("echo failed; exit 7")?)?,
        once(job("dead", line("exit 7")?)?)?,
        job("running", line("sleep 60")?)?,
    ])?;
    let claimed = turn(store, &first.id, vec![], 5)?;
    let ended = claimed.iter().filter_map(|one| {
        let (ending, text) = match one.job.spec.id.as_str() {
            "done" => (exited(0), "all is well\n"),
            "failed" => (exited(7), "not yet\n"),
            "dead" => (exited(7), "never\n"),
            _ => return None,
        };
        Some(settled(one, ending, text))
    });
    turn(store, &first.id, ended.collect(), 0)?;
    store.set_trouble(&first.id, Some("no room"))?;
    store.request_stop(&[first.id], StopMode::Drain)?;
    let shell = Some("bash".parse()?);
    let argv = ["printf", "%s", "two  words"].map(|arg| queuectl_domain::NativeString(arg.into()));
    store.enqueue(vec![
        job("buried", line("echo buried")?)?,
        job("waiting", Command::line("echo waiting".into(), shell)?)?,
        job("argv", Command::argv(argv.into())?)?,
    ])?;
    store.bury(&"buried".parse()?, Some("not today".into()))?;
    Ok(())
}

fn worker(name: &str) -> Outcome<Worker> {
    Ok(Worker {
        id: name.parse()?,
        pid: 4_194_304,
        pid_started: 12_345,
        host: "host".into(),
        machine: "machine".into(),
        version: "0.0.0".into(),
        slots: 4,
        life: format!("/home/somebody/.queuectl/data/workers/{name}.lock").into(),
    })
}

fn line(text: &str) -> Outcome<Command> {
    Ok(Command::line(text.into(), None)?)
}

fn job(name: &str, command: Command) -> Outcome<NewJob> {
    Ok(NewJob {
        id: Some(name.parse()?),
        command,
        cwd: "/".into(),
        rules: Settings::default().rules,
    })
}

/// A job with one attempt.
fn once(mut job: NewJob) -> Outcome<NewJob> {
    job.rules.max_retries = MaxRetries::new(1)?;
    Ok(job)
}

fn exited(code: i64) -> Ending {
    Ending::exited(code, None, Duration::from_millis(1_250))
}

fn settled(claimed: &Claimed, ending: Ending, text: &str) -> Settled {
    let output = vec![Chunk {
        offset: 0,
        stream: Stream::Stdout,
        bytes: text.into(),
    }];
    Settled {
        ticket: claimed.ticket,
        ending,
        output,
    }
}

fn turn(
    store: &mut dyn Store,
    worker: &WorkerId,
    settled: Vec<Settled>,
    free: usize,
) -> Result<Vec<Claimed>, StoreError> {
    let turn = Turn {
        worker,
        settled: &settled,
        released: &[],
        output: &[],
        free,
        held: &[],
        rung: false,
    };
    Ok(store.turn(&turn)?.claimed)
}
