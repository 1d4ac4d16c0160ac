//! A worker on a real store with real processes: what its loop makes of what happens.

#[cfg(unix)]
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use queuectl_domain::{Command, Job, JobId, NewJob, Outcome, Settings, State, WorkerId};
use queuectl_store::{Clear, Location, StopMode, Store};
use queuectl_worker::{Control, DataFolder, Happening, Observer, Options, RunError, new_worker_id};
use tempfile::TempDir;

/// How long anything here may take before it counts as stuck.
const LONG: Duration = Duration::from_secs(30);

/// A line that takes these steps, in any shell.
fn fake(steps: &str) -> String {
    let program = fake_job::path("fake-job-of-worker");
    format!("\"{}\" {steps}", program.display())
}

/// A store and a data folder of its own.
struct Scene(TempDir);

impl Scene {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    fn store(&self) -> Box<dyn Store> {
        let location = Location::Sqlite(self.0.path().join("q.db"));
        let options = queuectl_store::Options::default();
        queuectl_store::open(&location, &options).expect("the store opens")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn enqueue(&self, id: &str, line: &str) -> JobId {
        let job = self.new_job(id, line);
        let ids = self.store().enqueue(vec![job]).expect("it is enqueued");
        ids.into_iter().next().expect("one job has one id")
    }

    fn new_job(&self, id: &str, line: &str) -> NewJob {
        NewJob {
            id: Some(id.parse().expect("the id is good")),
            command: Command::line(line.into(), None).expect("the line is good"),
            cwd: self.0.path().to_str().expect("the path is UTF-8").into(),
            rules: Settings::default().rules,
        }
    }

    #[cfg(unix)]
    fn enqueue_many(&self, name: &str, count: usize, line: &str) -> Vec<JobId> {
        let jobs = (0..count).map(|number| self.new_job(&format!("{name}{number}"), line));
        let ids = self.store().enqueue(jobs.collect());
        ids.expect("they are enqueued")
    }

    fn job(&self, id: &JobId) -> Job {
        self.store().job(id).expect("the job is there")
    }

    fn worker(&self, until_idle: bool) -> Running {
        let (told, happenings) = channel();
        let id = new_worker_id();
        let options = Options {
            data: DataFolder::create(self.path("data")).expect("the folder can be made"),
            id: id.clone(),
            slots: 2,
            until_idle,
            job_variables: Vec::new(),
            guard: None,
        };
        let (store, control) = (self.store(), Control::new());
        let heard = control.clone();
        let thread =
            thread::spawn(move || queuectl_worker::run(store, &options, &heard, &Teller(told)));
        let worker = Running {
            id,
            control,
            happenings,
            thread,
        };
        worker.wait_for("worker started");
        worker
    }
}

struct Running {
    id: WorkerId,
    control: Control,
    happenings: Receiver<String>,
    thread: JoinHandle<Result<(), RunError>>,
}

impl Running {
    fn wait_for(&self, wanted: &str) {
        let mut seen = Vec::new();
        loop {
            match self.happenings.recv_timeout(LONG) {
                Ok(happening) if happening == wanted => return,
                Ok(happening) => seen.push(happening),
                Err(error) => panic!("no `{wanted}` ({error}), but {seen:?}"),
            }
        }
    }

    #[cfg(unix)]
    fn wait_for_all(&self, wanted: &[String]) {
        let mut missing: HashSet<_> = wanted.iter().collect();
        while !missing.is_empty() {
            match self.happenings.recv_timeout(LONG) {
                Ok(happening) => _ = missing.remove(&happening),
                Err(error) => panic!("no {missing:?} ({error})"),
            }
        }
    }

    fn end(self) -> Vec<String> {
        let result = self.thread.join().expect("the worker doesn't panic");
        result.expect("the worker ends well");
        self.happenings.try_iter().collect()
    }
}

/// Tells what happens in a few words.
struct Teller(Sender<String>);

impl Observer for Teller {
    fn notice(&self, happening: &Happening<'_>) {
        let words = match happening {
            Happening::WorkerStarted { .. } => "worker started".into(),
            Happening::JobStarted { job } => format!("{} started", job.spec.id),
            Happening::JobPrinted { job, .. } => format!("{} printed", job.spec.id),
            Happening::JobEnded { job, ending, .. } => {
                format!("{} {}", job.spec.id, ending.outcome)
            }
            Happening::JobLost { job } => format!("{} lost", job.spec.id),
            Happening::Rescued { jobs, .. } => format!("rescued {}", jobs.len()),
            Happening::JobHeldUp { job, .. } => format!("held up {}", job.spec.id),
            Happening::RescueFailed { .. } => "rescue failed".into(),
            Happening::StoreTrouble { error } => format!("trouble: {error}"),
            Happening::CutOff { running } => format!("cut off {running}"),
            Happening::StoreRecovered => "recovered".into(),
            Happening::StartTrouble { .. } => "unable".into(),
            Happening::StartRecovered => "able".into(),
            Happening::GaveUp { untold } => format!("gave up {untold}"),
            Happening::Displaced { .. } => "displaced".into(),
            Happening::Stopping => "stopping".into(),
            Happening::WorkerStopped { .. } => "worker stopped".into(),
        };
        // Who has stopped listening has heard enough.
        let _ = self.0.send(words);
    }
}

#[test]
fn a_worker_that_runs_until_idle_leaves_nothing_to_do() {
    let scene = Scene::new();
    let ids: Vec<_> = (0..20)
        .map(|n| scene.enqueue(&format!("job{n}"), &fake("out out err err")))
        .collect();
    scene.worker(true).end();
    for id in &ids {
        assert_eq!(scene.job(id).life.state, State::Completed);
        let mut store = scene.store();
        let attempts = store.attempts(id).unwrap();
        assert_eq!(attempts.len(), 1);
        let output = store.output(attempts[0].fence).unwrap();
        let bytes: usize = output.iter().map(|chunk| chunk.bytes.len()).sum();
        assert_eq!(bytes, "out\nerr\n".len());
    }
    assert_eq!(scene.store().workers().unwrap(), []);
    let left = std::fs::read_dir(scene.path("data/workers")).unwrap();
    assert_eq!(left.count(), 0, "the worker's files are gone");
}

#[test]
fn an_idle_worker_is_woken_by_a_new_job() {
    let scene = Scene::new();
    let worker = scene.worker(false);
    scene.enqueue("new", "exit 0");
    worker.wait_for("new completed");
    worker.control.stop(StopMode::Drain);
    worker.end();
}

#[test]
fn asked_to_drain_a_worker_finishes_what_runs_and_starts_nothing() {
    let scene = Scene::new();
    let gate = scene.path("gate");
    let running = scene.enqueue("running", &fake("await gate"));
    let worker = scene.worker(false);
    worker.wait_for("running started");
    worker.control.stop(StopMode::Drain);
    worker.wait_for("stopping");
    let waiting = scene.enqueue("waiting", "exit 0");
    std::fs::write(gate, "").unwrap();
    worker.end();
    assert_eq!(scene.job(&running).life.state, State::Completed);
    assert_eq!(scene.job(&waiting).life.state, State::Pending);
}

#[test]
fn asked_to_stop_now_a_worker_gives_back_what_runs() {
    let scene = Scene::new();
    let id = scene.enqueue("long", &fake("sleep 1000"));
    let worker = scene.worker(false);
    worker.wait_for("long started");
    worker.control.stop(StopMode::Now);
    worker.end();
    let job = scene.job(&id);
    assert_eq!((job.life.state, job.life.attempts), (State::Pending, 0));
    let attempts = scene.store().attempts(&id).unwrap();
    let ending = &attempts[0].ended.as_ref().expect("it has ended").1;
    assert_eq!(ending.outcome, Outcome::Stopped);
}

#[test]
fn the_stop_that_the_store_asks_for_is_heeded() {
    let scene = Scene::new();
    let id = scene.enqueue("long", &fake("sleep 1000"));
    let worker = scene.worker(false);
    worker.wait_for("long started");
    let mut store = scene.store();
    store
        .request_stop(std::slice::from_ref(&worker.id), StopMode::Now)
        .unwrap();
    worker.end();
    assert_eq!(scene.job(&id).life.state, State::Pending);
}

/// Scripts are numbered; here folders have the names of the first ones.
#[test]
fn a_job_whose_script_has_no_place_is_given_back_and_runs_when_it_has_one() {
    let scene = Scene::new();
    let worker = scene.worker(false);
    let scratch = scene.path(&format!("data/workers/{}.scratch", worker.id));
    let in_the_way = (0..4)
        .map(|number| ["sh", "cmd"].map(|kind| scratch.join(format!("line-{number}.{kind}"))));
    let in_the_way: Vec<_> = in_the_way.flatten().collect();
    for place in &in_the_way {
        std::fs::create_dir(place).unwrap();
    }
    // Too long for one argument, as far as that matters.
    let long = format!("exit 0\n{}", "# never read\n".repeat(20_000));
    let long = scene.enqueue("long", &long);
    let short = scene.enqueue("short", "exit 0");
    worker.wait_for("unable");
    worker.wait_for("able");
    worker.control.stop(StopMode::Drain);
    worker.end();
    for id in [&long, &short] {
        let job = scene.job(id);
        assert_eq!((job.life.state, job.life.attempts), (State::Completed, 1));
        assert_eq!(scene.store().attempts(id).unwrap().len(), 1);
    }
}

/// On Windows a start takes longer than what is claimed ahead may take: there nothing is.
#[cfg(unix)]
#[test]
fn jobs_that_were_claimed_ahead_are_given_back_when_long_ones_take_the_slots() {
    let scene = Scene::new();
    scene.enqueue_many("short", 300, "exit 0");
    scene.enqueue_many("long", 2, &fake("await gate"));
    let late = scene.enqueue_many("late", 200, "exit 0");
    let busy = scene.worker(false);
    busy.wait_for("long1 started");
    let other = scene.worker(false);
    other.wait_for_all(
        &late
            .iter()
            .map(|id| format!("{id} completed"))
            .collect::<Vec<_>>(),
    );
    for id in &late {
        let job = scene.job(id);
        assert_eq!(
            (job.life.state, job.life.attempts, job.life.crashes),
            (State::Completed, 1, 0)
        );
        assert_eq!(scene.store().attempts(id).unwrap().len(), 1);
    }
    std::fs::write(scene.path("gate"), "").unwrap();
    for worker in [busy, other] {
        worker.control.stop(StopMode::Drain);
        worker.end();
    }
}

#[cfg(unix)]
#[test]
fn asked_to_stop_a_worker_gives_back_what_it_had_claimed_ahead() {
    for mode in [StopMode::Drain, StopMode::Now] {
        let scene = Scene::new();
        let ids = scene.enqueue_many("short", 2000, "exit 0");
        let worker = scene.worker(false);
        worker.wait_for("short300 completed");
        worker.control.stop(mode);
        worker.wait_for("stopping");
        let happened = worker.end();
        let begun = happened.iter().filter(|words| words.ends_with("started"));
        assert!(
            begun.count() <= 2,
            "no more than was just beginning: {happened:?}"
        );
        let mut store = scene.store();
        let mut unbegun = 0;
        for id in &ids {
            let job = store.job(id).unwrap();
            let attempts = store.attempts(id).unwrap();
            match job.life.state {
                State::Completed => assert_eq!(attempts.len(), 1),
                State::Pending => {
                    assert_eq!((job.life.attempts, job.life.crashes), (0, 0));
                    let stopped = attempts.iter().all(|attempt| {
                        let ending = &attempt.ended.as_ref().expect("it has ended").1;
                        ending.outcome == Outcome::Stopped
                    });
                    assert!(stopped, "{attempts:?}");
                    unbegun += usize::from(attempts.is_empty());
                }
                other => panic!("{id} is {other}"),
            }
        }
        assert!(unbegun > 0, "the queue was not drained");
        assert_eq!(store.workers().unwrap(), []);
    }
}

#[test]
fn a_job_that_is_deleted_while_it_runs_is_ended() {
    let scene = Scene::new();
    scene.enqueue("deleted", &fake("sleep 1000"));
    let worker = scene.worker(false);
    worker.wait_for("deleted started");
    scene.store().clear(Clear::All { force: true }).unwrap();
    worker.wait_for("deleted lost");
    scene.enqueue("next", "exit 0");
    worker.wait_for("next completed");
    worker.control.stop(StopMode::Drain);
    worker.end();
}

#[test]
fn a_worker_that_was_taken_for_dead_drops_everything_and_starts_anew() {
    let scene = Scene::new();
    let id = scene.enqueue(
        "contested",
        &fake("first second [ out printed sleep 1000 ]"),
    );
    let worker = scene.worker(false);
    worker.wait_for("contested printed");
    let back = scene.store().rescue(&worker.id, None).unwrap();
    assert_eq!(back.len(), 1);
    worker.wait_for("contested lost");
    worker.wait_for("contested completed");
    worker.control.stop(StopMode::Drain);
    worker.end();
    let job = scene.job(&id);
    assert_eq!(
        (job.life.state, job.life.attempts, job.life.crashes),
        (State::Completed, 1, 1)
    );
}

#[test]
fn what_a_running_job_prints_can_be_read_before_it_ends() {
    let scene = Scene::new();
    let id = scene.enqueue("talks", &fake("out now await gate"));
    let worker = scene.worker(false);
    worker.wait_for("talks printed");
    let mut store = scene.store();
    let started = std::time::Instant::now();
    loop {
        let attempts = store.attempts(&id).unwrap();
        let output = store.output(attempts[0].fence).unwrap();
        if output.iter().any(|chunk| chunk.bytes == b"now\n") {
            break;
        }
        assert!(started.elapsed() < LONG, "nothing was stored");
        thread::yield_now();
    }
    std::fs::write(scene.path("gate"), "").unwrap();
    worker.wait_for("talks completed");
    worker.control.stop(StopMode::Drain);
    worker.end();
}
