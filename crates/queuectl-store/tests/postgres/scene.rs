//! A server of a test's own, and a worker that works whatever happens.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use queuectl_cluster::{Cluster, Config};
use queuectl_domain::{Command, Ending, JobId, NewJob, Settings, State, WorkerId};
use queuectl_store::{
    Claimed, ErrorKind, Location, Options, Reply, Settled, Store, StoreError, Turn, Worker,
};

use crate::proxy::Proxy;

pub(crate) struct Scene {
    pub(crate) server: Cluster,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let server = Cluster::start(&Config::new()).unwrap_or_else(|trouble| panic!("{trouble}"));
        Self { server }
    }

    /// A handle on the store.
    pub(crate) fn open(&self) -> Box<dyn Store> {
        open(&self.server.tcp_url())
    }

    /// Ends every connection but the one that asks for it.
    pub(crate) fn end_all_connections(&self) {
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        );
    }

    /// How many sessions wait for a lock.
    pub(crate) fn waiting(&self) -> u32 {
        let asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        self.sql(asked).parse().unwrap()
    }

    pub(crate) fn sql(&self, text: &str) -> String {
        let answer = self.server.sql(text);
        answer.unwrap_or_else(|trouble| panic!("{trouble}"))
    }
}

/// The URL of the server by way of a proxy.
pub(crate) fn beyond(scene: &Scene, proxy: &Proxy) -> String {
    let port = scene.server.port().to_string();
    let url = scene.server.tcp_url();
    url.replace(&port, &proxy.port.to_string())
}

/// Waits until it comes to that.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "it never comes to {what}"
        );
        thread::yield_now();
    }
}

/// Workers run each job once although their connections are ended in the middle, again and again.
pub(crate) fn all_run_once_though_cut_off(
    scene: &Scene,
    url: &str,
    workers: &[&str],
    pause: Duration,
) {
    const JOBS: usize = 200;
    open(url).enqueue(numbered(JOBS)).unwrap();
    let is_done = AtomicBool::new(false);
    let mut ran = thread::scope(|scope| {
        let start = |name: &&str| {
            let mut hand = Hand::new(open(url), name);
            scope.spawn(move || {
                hand.work_until_done();
                hand.ran
            })
        };
        let workers: Vec<_> = workers.iter().map(start).collect();
        scope.spawn(|| {
            while !is_done.load(Ordering::SeqCst) {
                scene.end_all_connections();
                thread::sleep(pause);
            }
        });
        let ran = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap());
        let ran: Vec<_> = ran.collect();
        is_done.store(true, Ordering::SeqCst);
        ran
    });
    ran.sort_unstable();
    ran.dedup();
    assert_eq!(ran.len(), JOBS);
    check_all_ran_once(&mut *scene.open(), JOBS);
}

pub(crate) fn open(url: &str) -> Box<dyn Store> {
    open_with(url, Duration::from_secs(20))
}

/// A handle that has so much patience.
pub(crate) fn open_with(url: &str, patience: Duration) -> Box<dyn Store> {
    let options = Options {
        patience,
        ..Options::default()
    };
    let location = Location::parse(url.as_ref(), &|_| None).unwrap();
    queuectl_store::open(&location, &options).unwrap()
}

pub(crate) fn named(name: &str) -> NewJob {
    NewJob {
        id: Some(name.parse().unwrap()),
        command: Command::line("true".into(), None).unwrap(),
        cwd: "/".into(),
        rules: Settings::default().rules,
    }
}

/// So many jobs, by number.
pub(crate) fn numbered(count: usize) -> Vec<NewJob> {
    (0..count)
        .map(|number| named(&format!("{number}")))
        .collect()
}

/// A worker that settles what it has claimed in its next turn.
pub(crate) struct Hand {
    pub(crate) store: Box<dyn Store>,
    pub(crate) id: WorkerId,
    /// What it has run, and not told yet.
    pub(crate) done: Vec<Settled>,
    /// All that it has run.
    pub(crate) ran: Vec<JobId>,
}

impl Hand {
    pub(crate) fn new(mut store: Box<dyn Store>, name: &str) -> Self {
        let id: WorkerId = name.parse().unwrap();
        let worker = Worker {
            id: id.clone(),
            pid: 1,
            pid_started: 1,
            host: "host".into(),
            machine: "machine".into(),
            version: "0.0.0".into(),
            slots: 4,
            life: "/life".into(),
        };
        store.register(&worker).unwrap();
        Self {
            store,
            id,
            done: Vec::new(),
            ran: Vec::new(),
        }
    }

    /// Tells what is done, and runs what it gets.
    pub(crate) fn turn(&mut self, free: usize) -> Result<Reply, StoreError> {
        let turn = Turn {
            settled: &self.done,
            free,
            ..Turn::of(&self.id)
        };
        let reply = self.store.turn(&turn)?;
        self.done = reply.claimed.iter().map(success).collect();
        let ran = reply
            .claimed
            .iter()
            .map(|claimed| claimed.job.spec.id.clone());
        self.ran.extend(ran);
        Ok(reply)
    }

    /// Works until all jobs are completed; what can't be told now is told later.
    pub(crate) fn work_until_done(&mut self) {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < Duration::from_secs(120), "it never ends");
            match self.turn(4) {
                Ok(reply) => {
                    assert_eq!(reply.lost, [], "a claim was lost");
                    if reply.unfinished == 0 && self.done.is_empty() {
                        return;
                    }
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}"),
            }
        }
    }
}

pub(crate) fn success(claimed: &Claimed) -> Settled {
    Settled {
        ticket: claimed.ticket,
        ending: Ending::exited(0, None, Duration::from_millis(1)),
        output: Vec::new(),
    }
}

/// Each job must have been run to its end once, and nothing may be left of anything.
pub(crate) fn check_all_ran_once(store: &mut dyn Store, count: usize) {
    let counts = store.counts().unwrap();
    assert_eq!(counts.of(State::Completed), count as u64);
    assert_eq!(counts.total(), count as u64);
    for number in 0..count {
        let id = format!("{number}").parse().unwrap();
        let attempts = store.attempts(&id).unwrap();
        assert_eq!(attempts.len(), 1, "job {number}: {attempts:?}");
    }
    check_sound(store);
}

pub(crate) fn check_sound(store: &mut dyn Store) {
    for checked in store.check().unwrap() {
        assert_eq!(checked.findings, []);
    }
}
