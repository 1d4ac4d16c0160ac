//! Nothing is left behind: no descriptor, no thread, no child, no file. Alone in its process, since it counts them. Linux,
//! where they can be.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use queuectl_domain::{Command, NewJob, Settings};
use queuectl_store::{Location, Store};
use queuectl_worker::{Control, DataFolder, Happening, Observer, Options, new_worker_id};

/// How long anything here may take before it counts as stuck.
const LONG: Duration = Duration::from_secs(30);

/// Nobody listens.
struct Nobody;

impl Observer for Nobody {
    fn notice(&self, _: &Happening<'_>) {}
}

#[test]
fn many_workers_leave_no_descriptor_no_thread_no_child_and_no_file() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let data = DataFolder::create(folder.path().join("data")).expect("the folder can be made");
    // Longer than the system takes as an argument, so that it becomes a script.
    let long = format!("true #{}", "x".repeat(200_000));
    let lines = [
        "echo a; echo b >&2",
        "exit 1",
        "sleep 600 & setsid sleep 600 & exit 1",
        "sleep 600",
        "kill -9 $$",
        &long,
    ];
    let mut counted = None;
    for round in 0..10 {
        let jobs = lines.iter().map(|line| job(line, folder.path()));
        let mut store = store(folder.path());
        store.enqueue(jobs.collect()).expect("they are enqueued");
        let options = Options {
            data: data.clone(),
            id: new_worker_id(),
            slots: 2,
            until_idle: true,
            job_variables: Vec::new(),
            guard: None,
        };
        let done = queuectl_worker::run(store, &options, &Control::new(), &Nobody);
        done.expect("it has worked all off");

        let now = settled(folder.path());
        assert_eq!(
            now,
            *counted.get_or_insert(now),
            "descriptors and threads in round {round}"
        );
        assert_eq!(
            children(),
            Vec::<String>::new(),
            "children in round {round}"
        );
        assert_eq!(count(data.workers()), 0, "files in round {round}");
    }
}

/// Counts the descriptors and threads once the thread that waits for the bell has ended. A worker that ends can't stop that
/// thread, but it ends at the next ring.
fn settled(folder: &Path) -> [usize; 2] {
    let began = Instant::now();
    while names_of_threads().any(|name| name == "bell\n") {
        assert!(began.elapsed() < LONG, "the bell's thread goes on");
        let bell = store(folder).bell().expect("there is a bell");
        bell.ring();
        thread::sleep(Duration::from_millis(1));
    }
    [count("/proc/self/fd"), count("/proc/self/task")]
}

fn names_of_threads() -> impl Iterator<Item = String> {
    let threads = fs::read_dir("/proc/self/task").expect("there is a /proc");
    threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("comm")).ok())
}

fn count(folder: impl AsRef<Path>) -> usize {
    fs::read_dir(folder).expect("it is there").count()
}

fn children() -> Vec<String> {
    let mut children = Vec::new();
    for task in fs::read_dir("/proc/self/task")
        .expect("there is a /proc")
        .flatten()
    {
        let listed = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children.extend(listed.split_whitespace().map(str::to_owned));
    }
    children
}

fn store(folder: &Path) -> Box<dyn Store> {
    let location = Location::Sqlite(folder.join("q.db"));
    queuectl_store::open(&location, &queuectl_store::Options::default()).expect("the store opens")
}

fn job(line: &str, folder: &Path) -> NewJob {
    let mut rules = Settings::default().rules;
    rules.max_retries = "1".parse().expect("in range");
    rules.timeout = "0.1".parse().expect("in range");
    NewJob {
        id: None,
        command: Command::line(line.into(), None).expect("the line is good"),
        cwd: folder.to_str().expect("the path is UTF-8").into(),
        rules,
    }
}
