//! Three hosts that share one queue on a PostgreSQL server, each by a link of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Output};

use queuectl_cluster::{Cluster, Config};
use serde_json::Value;

use crate::ledger::Ledger;
use crate::network::{Host, Network};
use crate::program::program;
use crate::proxy::{Link, Proxy};

/// How long a lease is, in seconds: short, so that the tests are.
pub(crate) const LEASE: u64 = 4;

/// The fleet.
pub(crate) struct Fleet {
    /// Its hosts.
    pub(crate) hosts: Vec<Member>,
    /// What their jobs write.
    pub(crate) ledger: Ledger,
    network: Network,
    /// The host that stands for the server's.
    server: Host,
    cluster: Cluster,
    folder: tempfile::TempDir,
}

/// A host, and its way to the server.
pub(crate) struct Member {
    pub(crate) host: Host,
    proxy: Proxy,
}

/// Ways to cut a host off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Its network is down.
    Unplugged,
    /// What it sends gets lost, what is sent to it doesn't.
    OneWay,
    /// Connections stay, and nothing passes until they heal.
    Stalled,
    /// Connections stay and are dead.
    HalfOpen,
}

impl Cut {
    /// All of them.
    pub(crate) const ALL: [Self; 4] =
        [Self::Unplugged, Self::OneWay, Self::Stalled, Self::HalfOpen];
}

impl Fleet {
    /// Hosts of these names, an empty queue, no workers.
    pub(crate) fn new(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let cluster = Cluster::start(&Config::default()).unwrap_or_else(|e| panic!("{e}"));
        let network = Network::new(folder.path());
        let server = network.host("server", 100);
        let far_end = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), cluster.port());
        let hosts = names.iter().zip(1..).map(|(name, number)| Member {
            host: network.host(name, number),
            proxy: Proxy::start(&server, 5400 + u16::from(number), far_end),
        });
        let fleet = Self {
            hosts: hosts.collect(),
            ledger: Ledger::new(folder.path()),
            network,
            server,
            cluster,
            folder,
        };
        fleet.on(0, &["config", "set", "lease", &LEASE.to_string()]);
        fleet
    }

    /// Runs `queuectl` on a host, and returns what it printed on stdout.
    #[track_caller]
    pub(crate) fn on(&self, host: usize, args: &[&str]) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(host).args(args).output().expect("it starts");
        let errors = String::from_utf8_lossy(&stderr);
        assert!(
            status.success(),
            "{args:?} on host {host}: {status}: {errors}"
        );
        String::from_utf8(stdout).expect("it prints text")
    }

    /// The same, as JSON.
    #[track_caller]
    pub(crate) fn json(&self, host: usize, args: &[&str]) -> Value {
        let args: Vec<_> = args.iter().copied().chain(["--json"]).collect();
        let printed = self.on(host, &args);
        serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{e}: {printed}"))
    }

    fn command(&self, host: usize) -> Command {
        let Member { host, proxy } = &self.hosts[host];
        let mut command = host.command(program());
        let (password, address) = (self.cluster.password(), proxy.address);
        let url = format!("postgres://postgres:{password}@{address}/postgres");
        command
            .env("QUEUECTL_DB", url)
            .env("QUEUECTL_HOME", self.folder.path().join("home"));
        command
    }

    /// Adds a job, from the first host.
    #[track_caller]
    pub(crate) fn enqueue(&self, id: &str, line: &str) {
        self.on(
            0,
            &["enqueue", "--id", id, "--timeout", "0", "--command", line],
        );
    }

    /// Cuts a host off.
    pub(crate) fn cut(&self, host: usize, cut: Cut) {
        let Member { host, proxy } = &self.hosts[host];
        match cut {
            Cut::Unplugged => self.network.unplug(host),
            Cut::OneWay => host.lose_what_is_sent_to(&self.server),
            Cut::Stalled => proxy.set(Link::Stalled),
            Cut::HalfOpen => proxy.set(Link::HalfOpen),
        }
    }

    /// Makes its link slow.
    pub(crate) fn slow_down(&self, host: usize, by: std::time::Duration) {
        self.hosts[host].proxy.set(Link::Slow(by));
    }

    /// Undoes a cut.
    pub(crate) fn heal(&self, host: usize, cut: Cut) {
        let Member { host, proxy } = &self.hosts[host];
        match cut {
            Cut::Unplugged => self.network.plug_in(host),
            Cut::OneWay => host.send_again_to(&self.server),
            Cut::Stalled | Cut::HalfOpen => proxy.set(Link::Whole),
        }
    }

    /// Sends a signal to a process on a host.
    #[track_caller]
    pub(crate) fn signal(&self, host: usize, signal: &str, pid: u64) {
        let status = self.hosts[host]
            .host
            .command("kill")
            .args(["-s", signal, &pid.to_string()])
            .status();
        assert!(status.expect("kill starts").success(), "no process {pid}");
    }

    /// Whether a process runs on a host.
    pub(crate) fn is_running(&self, host: usize, pid: u64) -> bool {
        let mut command = self.hosts[host].host.command("kill");
        let asked = command.args(["-s", "0", &pid.to_string()]).output();
        asked.expect("kill starts").status.success()
    }

    /// The guards of workers on a host.
    pub(crate) fn guards(&self, host: usize) -> Vec<u64> {
        // The brackets keep it from finding itself.
        const FIND: &str = "for process in /proc/[0-9]*; do \
                tr '\\0' ' ' <$process/cmdline | grep -q 'worker [g]uard' && echo $process; done";
        let mut command = self.hosts[host].host.command("sh");
        let found = command.args(["-c", FIND]).output().expect("sh starts");
        let found = String::from_utf8(found.stdout).expect("it prints text");
        let pid = |path: &str| path.split('/').nth(2)?.parse().ok();
        found.lines().filter_map(pid).collect()
    }

    /// Cuts the power of the last host.
    pub(crate) fn last_loses_power(&mut self) {
        let last = self.hosts.pop().expect("there are hosts");
        last.host.lose_power();
    }
}
