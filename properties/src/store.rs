//! A store's file with some bytes changed: it is read or refused, never trusted blindly, and never changed when it is refused.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use queuectl_domain::{Chunk, Command, Ending, NewJob, Settings, Stream};
use queuectl_store::{
    Location, Options, Printed, Query, Settled, Store, StoreError, SystemClock, Turn, Worker, open,
};

/// Changes of a sound store: for each three bytes of a place and one that is put there.
pub(crate) fn store(bytes: &[u8]) {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    let mut content = SOUND.get_or_init(sound).clone();
    for change in bytes.chunks_exact(4) {
        let place = u32::from_le_bytes([change[0], change[1], change[2], 0]) as usize;
        let place = place % content.len();
        content[place] = change[3];
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("queue.db");
    std::fs::write(&path, &content).expect("a file can be written");
    let Ok(mut store) = open_at(&path) else {
        let left = std::fs::read(&path).expect("it is there");
        assert!(left == content, "it was refused, and changed");
        return;
    };
    // Each of them may fail.
    let _ = read(&mut *store);
    if let Ok(findings) = store.check() {
        for finding in findings.iter().flat_map(|checked| &checked.findings) {
            let _ = store.mend(finding);
        }
    }
    let _ = work(&mut *store, "another");
}

fn open_at(path: &Path) -> Result<Box<dyn Store>, StoreError> {
    let options = Options {
        clock: Arc::new(SystemClock),
        patience: Duration::from_secs(1),
    };
    open(&Location::Sqlite(path.to_owned()), &options)
}

/// A store in which jobs are in all states, in one file.
fn sound() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("queue.db");
    let mut store = open_at(&path).expect("a new store can be made");
    let command = Command::line("echo hello".into(), None).expect("a command");
    let new = NewJob {
        id: None,
        command,
        cwd: "/".into(),
        rules: Settings::default().rules,
    };
    store.enqueue(vec![new; 8]).expect("there is room");
    work(&mut *store, "worker").expect("it works");
    let ids = store.list(&everything()).expect("it can be read");
    store.bury(&ids.jobs[0].spec.id, None).expect("it waits");
    let copy = folder.path().join("copy.db");
    let to = queuectl_store::BackupTo {
        path: &copy,
        replace: false,
        interrupted: queuectl_store::Interrupted::never(),
    };
    store.backup(&to, &mut |_| {}).expect("there is room");
    // Opened once, it is as it stays.
    drop(open_at(&copy).expect("a backup can be put to use"));
    std::fs::read(copy).expect("it is there")
}

/// Claims four jobs and tells how three of them ended.
fn work(store: &mut dyn Store, name: &str) -> Result<(), StoreError> {
    let worker = Worker {
        id: name.parse().expect("a name"),
        pid: 1,
        pid_started: 1,
        host: "here".into(),
        machine: "machine".into(),
        version: "0.0.0".into(),
        slots: 4,
        life: "/nowhere".into(),
    };
    store.register(&worker)?;
    let mut turn = Turn {
        worker: &worker.id,
        settled: &[],
        released: &[],
        output: &[],
        free: 4,
        held: &[],
        rung: false,
    };
    let claimed = store.turn(&turn)?.claimed;
    let printed = Chunk {
        offset: 0,
        stream: Stream::Stdout,
        bytes: b"hello\n".to_vec(),
    };
    let took = Duration::from_millis(5);
    let endings = [
        Ending::exited(0, None, took),
        Ending::exited(1, Some("no"), took),
        Ending::stopped(took),
    ];
    let settled: Vec<_> = claimed
        .iter()
        .zip(endings)
        .map(|(one, ending)| Settled {
            ticket: one.ticket,
            ending,
            output: vec![printed.clone()],
        })
        .collect();
    let running = claimed.get(3).map(|one| Printed {
        ticket: one.ticket,
        chunks: vec![printed],
    });
    turn.free = 0;
    turn.settled = &settled;
    let output: Vec<_> = running.into_iter().collect();
    turn.output = &output;
    store.turn(&turn)?;
    Ok(())
}

fn read(store: &mut dyn Store) -> Result<(), StoreError> {
    let page = store.list(&everything())?;
    for job in &page.jobs {
        for attempt in store.attempts(&job.spec.id)? {
            store.output(attempt.fence)?;
        }
    }
    store.counts()?;
    store.settings()?;
    store.workers()?;
    Ok(())
}

fn everything() -> Query {
    Query {
        state: None,
        limit: 100,
    }
}
