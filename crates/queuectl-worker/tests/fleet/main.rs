//! Workers of a store on a server, and what they do when the way to it is cut.
//!
//! What jobs do is said in the shell of Unix.
#![cfg(unix)]

mod leased;

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use leased::{Leased, Link, Server, Way};
use queuectl_domain::{Command, Job, JobId, Key, NewJob, Outcome, Settings, State, Timeout};
use queuectl_store::{StopMode, Store};
use queuectl_worker::{Control, DataFolder, Happening, Observer, Options, RunError, new_worker_id};
use tempfile::TempDir;

/// How long anything here may take before it counts as stuck.
const LONG: Duration = Duration::from_secs(60);
/// The shortest lease there is.
const LEASE: Duration = Duration::from_secs(3);

struct Scene {
    folder: TempDir,
    server: Server,
}

impl Scene {
    fn new() -> Self {
        let scene = Self {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            server: Server::default(),
        };
        let mut store = scene.store();
        store.set(Key::Lease, "3").expect("it can be set");
        // Longer than any lease leaves time for.
        store.set(Key::KillGrace, "600").expect("it can be set");
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self, link: &Link, machine: Option<&'static str>) -> Box<dyn Store> {
        Leased::open(&self.path("q.db"), &self.server, link, machine)
    }

    /// A handle of somebody whose way is never cut.
    fn store(&self) -> Box<dyn Store> {
        self.open(&Link::default(), None)
    }

    fn job(&self, id: &JobId) -> Job {
        self.store().job(id).expect("the job is there")
    }

    fn enqueue(&self, id: &str, line: &str) -> JobId {
        let mut rules = Settings::default().rules;
        rules.timeout = Timeout::from(Duration::ZERO);
        let job = NewJob {
            id: Some(id.parse().expect("the id is good")),
            command: Command::line(line.into(), None).expect("the line is good"),
            cwd: self.folder.path().to_str().expect("UTF-8").into(),
            rules,
        };
        let ids = self.store().enqueue(vec![job]).expect("it is enqueued");
        ids.into_iter().next().expect("one job has one id")
    }

    fn worker(&self, machine: &'static str) -> Running {
        let (told, happenings) = channel();
        let link = Link::default();
        let options = Options {
            data: DataFolder::create(self.path("data")).expect("the folder can be made"),
            id: new_worker_id(),
            slots: 2,
            until_idle: false,
            job_variables: Vec::new(),
            guard: None,
        };
        let (store, control) = (self.open(&link, Some(machine)), Control::new());
        let heard = control.clone();
        let thread =
            thread::spawn(move || queuectl_worker::run(store, &options, &heard, &Teller(told)));
        let worker = Running {
            link,
            control,
            happenings,
            thread,
        };
        worker.wait_for("started");
        worker
    }

    fn wait_for_file(&self, name: &str) -> String {
        let began = Instant::now();
        loop {
            match fs::read_to_string(self.path(name)) {
                Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
                _ => assert!(began.elapsed() < LONG, "there is no {name}"),
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

struct Running {
    link: Link,
    control: Control,
    happenings: Receiver<String>,
    thread: JoinHandle<Result<(), RunError>>,
}

impl Running {
    fn wait_for(&self, wanted: &str) {
        self.wait_for_all(&[wanted]);
    }

    /// Waits until all of these have happened, in whatever order.
    fn wait_for_all(&self, wanted: &[&str]) {
        let mut missing = wanted.to_vec();
        let mut seen = Vec::new();
        while !missing.is_empty() {
            match self.happenings.recv_timeout(LONG) {
                Ok(happening) => {
                    missing.retain(|wanted| *wanted != happening);
                    seen.push(happening);
                }
                Err(error) => panic!("no {missing:?} ({error}), but {seen:?}"),
            }
        }
    }

    /// What has happened since this was last asked.
    fn happened(&self) -> Vec<String> {
        self.happenings.try_iter().collect()
    }

    fn end(self) {
        self.control.stop(StopMode::Now);
        let result = self.thread.join().expect("the worker doesn't panic");
        result.expect("the worker ends well");
    }
}

/// Tells what happens in a few words.
struct Teller(Sender<String>);

impl Observer for Teller {
    fn notice(&self, happening: &Happening<'_>) {
        let words = match happening {
            Happening::WorkerStarted { .. } => "started".into(),
            Happening::JobStarted { job } => format!("{} started", job.spec.id),
            Happening::JobEnded { job, ending, .. } => {
                format!("{} {}", job.spec.id, ending.outcome)
            }
            Happening::JobLost { job } => format!("{} lost", job.spec.id),
            Happening::Rescued { jobs, .. } => format!("rescued {}", jobs.len()),
            Happening::CutOff { running } => format!("cut off {running}"),
            Happening::StoreTrouble { .. } => "trouble".into(),
            Happening::StoreRecovered => "recovered".into(),
            Happening::GaveUp { untold } => format!("gave up {untold}"),
            _ => return,
        };
        // Who has stopped listening has heard enough.
        let _ = self.0.send(words);
    }
}

/// A job that can't be asked to end, and whose second run ends at once; it says so if the first still runs then.
const STUBBORN: &str = "if [ -e first ]; then kill -0 \"$(cat first)\" 2>/dev/null && echo > twice; exit 0; fi; \
     trap '' TERM; echo $$ > first; while :; do sleep 0.05; done";

fn lives(pid: &str) -> bool {
    PathBuf::from("/proc").join(pid).exists()
}

/// When the process has gone.
fn gone(pid: &str) -> Instant {
    let began = Instant::now();
    while lives(pid) {
        assert!(began.elapsed() < LONG, "it isn't ended");
        thread::sleep(Duration::from_millis(1));
    }
    Instant::now()
}

#[test]
fn who_can_not_renew_the_lease_ends_its_jobs_before_it_is_over() {
    for way in [Way::Cut, Way::Hangs] {
        let scene = Scene::new();
        let id = scene.enqueue("stubborn", STUBBORN);
        let worker = scene.worker("a/1");
        let pid = scene.wait_for_file("first");
        // The lease has been renewed just before this at the latest.
        worker.link.set(way);
        let cut = Instant::now();
        assert!(gone(&pid) < cut + LEASE, "{way:?}: it went on too long");
        worker.wait_for("cut off 1");
        worker.link.set(Way::Open);
        worker.wait_for("stubborn stopped");
        worker.wait_for("stubborn completed");
        worker.end();
        let job = scene.job(&id);
        assert_eq!(
            (job.life.state, job.life.attempts, job.life.crashes),
            (State::Completed, 1, 0)
        );
        let attempts = scene.store().attempts(&id).unwrap();
        let (_, ending) = attempts[0].ended.clone().unwrap();
        assert_eq!(ending.outcome, Outcome::Stopped);
        let said = ending.error.unwrap();
        assert_eq!(said, "Ended since its worker couldn't reach the store");
        assert!(!scene.path("twice").exists());
    }
}

#[test]
fn jobs_of_a_worker_that_is_cut_off_run_elsewhere_soon_and_never_twice_at_once() {
    let scene = Scene::new();
    let id = scene.enqueue("stubborn", STUBBORN);
    let cut_off = scene.worker("a/1");
    scene.wait_for_file("first");
    let other = scene.worker("b/1");
    cut_off.link.set(Way::Cut);
    let cut = Instant::now();
    other.wait_for("rescued 1");
    other.wait_for("stubborn completed");
    let passed = cut.elapsed();
    assert!(passed < LEASE + Duration::from_secs(5), "{passed:?}");
    assert!(!scene.path("twice").exists(), "two copies ran at once");
    // The other comes back and finds that it was taken for dead.
    cut_off.link.set(Way::Open);
    cut_off.wait_for("stubborn lost");
    // It mustn't be there to take what comes next.
    other.end();
    let next = scene.enqueue("next", "true");
    cut_off.wait_for("next completed");
    cut_off.end();
    let job = scene.job(&id);
    assert_eq!(
        (job.life.state, job.life.attempts, job.life.crashes),
        (State::Completed, 1, 1)
    );
    assert_eq!(scene.job(&next).life.state, State::Completed);
    assert_eq!(scene.store().workers().unwrap(), []);
}

#[test]
fn what_ends_while_the_store_is_out_of_reach_counts_when_it_is_back() {
    let scene = Scene::new();
    let line = "echo up > up; until [ -e gate ]; do sleep 0.01; done; echo told; echo end > end";
    let id = scene.enqueue("patient", line);
    let worker = scene.worker("a/1");
    scene.wait_for_file("up");
    worker.link.set(Way::Cut);
    worker.wait_for("trouble");
    fs::write(scene.path("gate"), "").unwrap();
    scene.wait_for_file("end");
    worker.link.set(Way::Open);
    worker.wait_for("patient completed");
    worker.end();
    let job = scene.job(&id);
    assert_eq!((job.life.state, job.life.attempts), (State::Completed, 1));
    let attempts = scene.store().attempts(&id).unwrap();
    assert_eq!(attempts.len(), 1);
    let output = scene.store().output(attempts[0].fence).unwrap();
    assert_eq!(output[0].bytes, b"told\n");
}

#[test]
fn nothing_is_begun_under_a_lease_that_is_over() {
    let scene = Scene::new();
    let worker = scene.worker("a/1");
    worker.link.set(Way::Hangs);
    thread::sleep(LEASE);
    scene.enqueue("late", "true");
    worker.link.set(Way::Open);
    worker.wait_for("late completed");
    worker.end();
}

#[test]
fn a_worker_that_is_to_stop_waits_for_the_store_no_longer_than_its_lease() {
    let scene = Scene::new();
    let id = scene.enqueue(
        "patient",
        "echo up > up; until [ -e gate ]; do sleep 0.01; done",
    );
    let worker = scene.worker("a/1");
    scene.wait_for_file("up");
    worker.link.set(Way::Cut);
    let cut = Instant::now();
    worker.wait_for("trouble");
    fs::write(scene.path("gate"), "").unwrap();
    worker.control.stop(StopMode::Drain);
    worker.wait_for("gave up 1");
    let passed = cut.elapsed();
    assert!(passed < LEASE + Duration::from_secs(1), "{passed:?}");
    let ended = worker.thread.join().expect("it doesn't panic");
    assert!(matches!(ended, Err(RunError::GaveUp(_))), "{ended:?}");
    assert_eq!(scene.job(&id).life.state, State::Processing);
    let other = scene.worker("a/1");
    other.wait_for("patient completed");
    other.end();
    let job = scene.job(&id);
    assert_eq!((job.life.attempts, job.life.crashes), (1, 1));
}

#[test]
fn a_store_that_makes_nothing_safe_is_in_trouble_once_and_keeps_nobody_from_ending() {
    let scene = Scene::new();
    let worker = scene.worker("a/1");
    worker.link.set(Way::Unsafe);
    scene.enqueue("one", "true");
    // The claim has to be synced, too, within 50 ms. If the job takes longer, the trouble comes first.
    worker.wait_for_all(&["one completed", "trouble"]);
    thread::sleep(Duration::from_secs(1));
    assert_eq!(worker.happened(), [] as [&str; 0]);
    worker.control.stop(StopMode::Now);
    worker.wait_for("gave up 0");
    let ended = worker.thread.join().expect("it doesn't panic");
    assert!(matches!(ended, Err(RunError::GaveUp(_))), "{ended:?}");
    // Another worker cleans up after it.
    let other = scene.worker("a/1");
    other.wait_for("rescued 0");
    other.end();
}

#[test]
fn a_run_is_ended_by_hand_wherever_it_is() {
    let scene = Scene::new();
    scene.store().set(Key::KillGrace, "0.2").unwrap();
    let id = scene.enqueue("runaway", STUBBORN);
    let worker = scene.worker("a/1");
    let pid = scene.wait_for_file("first");
    let asked = Instant::now();
    let reason = Some("it ran away".to_owned());
    scene.store().stop_job(&id, reason.clone()).unwrap();
    assert!(gone(&pid) < asked + Duration::from_secs(3));
    worker.wait_for("runaway stopped");
    worker.end();
    let job = scene.job(&id);
    assert_eq!((job.life.state, job.life.last_error), (State::Dead, reason));
}
