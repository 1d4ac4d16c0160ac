//! A network of its own: hosts that are namespaces of this machine, and links between them that can be cut.
//!
//! Each host has its own network, processes, name, identity and home; all are on one switch, which is a namespace too, so
//! that nothing of this machine's own network is touched. What a host is goes with its holder, the first process in it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A switch, and the hosts that are on it.
pub(crate) struct Network {
    switch: Holder,
    folder: PathBuf,
}

/// A machine, as far as its processes can tell.
pub(crate) struct Host {
    holder: Holder,
    /// Where the others reach it.
    pub(crate) address: IpAddr,
    number: u8,
}

/// A namespace's first process, which ends all others in there with itself, and ends with us.
struct Holder {
    unshare: Child,
    /// The first process, as seen from here.
    pid: u32,
}

/// What the first process does: names the machine, and waits for the end of its stdin.
///
/// A home of its own hides what the other hosts keep at the same path, and a machine id of its own is what tells two
/// machines of one name apart.
const BOOT: &str = r#"
set -e
hostname "$1"
if [ -n "$2" ]; then
    mkdir -p "$2/home"
    mount -t tmpfs tmpfs "$2/home"
    echo "$3" > "$2/home/machine-id"
    [ -e /etc/machine-id ] && mount --bind "$2/home/machine-id" /etc/machine-id
fi
ip link set lo up
echo ready
# Not by `exec`: the first process has to take in those that others leave behind.
cat
"#;

impl Network {
    /// A switch without hosts. Their homes are at the same place below `folder`, each host seeing its own.
    ///
    /// # Panics
    ///
    /// If this user may not make namespaces: says how that can be had.
    pub(crate) fn new(folder: &Path) -> Self {
        let switch = Holder::new(&["switch", "", ""]);
        switch.run("ip link add hub type bridge && ip link set hub up");
        Self {
            switch,
            folder: folder.to_owned(),
        }
    }

    /// Puts a new machine on the switch. `number` makes its address, and has to be its own.
    pub(crate) fn host(&self, name: &str, number: u8) -> Host {
        let folder = self.folder.to_str().expect("the folder has a plain name");
        let identity = format!("{number:032x}");
        let holder = Holder::new(&[name, folder, &identity]);
        let address = Ipv4Addr::new(10, 77, 0, number);
        let pid = holder.pid;
        self.switch.run(&format!(
            "ip link add port{number} type veth peer name eth0 netns {pid} && \
             ip link set port{number} master hub up"
        ));
        holder.run(&format!(
            "ip addr add {address}/24 dev eth0 && ip link set eth0 up"
        ));
        Host {
            holder,
            address: address.into(),
            number,
        }
    }

    /// Pulls the plug of a host's link.
    pub(crate) fn unplug(&self, host: &Host) {
        let number = host.number;
        self.switch.run(&format!("ip link set port{number} down"));
    }

    /// Puts it back in.
    pub(crate) fn plug_in(&self, host: &Host) {
        let number = host.number;
        self.switch.run(&format!("ip link set port{number} up"));
    }
}

impl Host {
    /// A command that will run `program` on this host, in its home.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.holder.enter(&["--net", "--uts", "--mount", "--pid"]);
        command.arg(program);
        command
    }

    /// Loses everything that this host sends to `other`, and nothing that comes from there.
    pub(crate) fn lose_what_is_sent_to(&self, other: &Host) {
        self.holder
            .run(&format!("ip route add blackhole {}/32", other.address));
    }

    /// Undoes that.
    pub(crate) fn send_again_to(&self, other: &Host) {
        self.holder
            .run(&format!("ip route del blackhole {}/32", other.address));
    }

    /// The file that stands for its network, for a thread that wants to enter it.
    pub(crate) fn network(&self) -> PathBuf {
        format!("/proc/{}/ns/net", self.holder.pid).into()
    }

    /// Cuts its power: all its processes are gone at once.
    pub(crate) fn lose_power(mut self) {
        self.holder.end();
    }
}

impl Holder {
    fn new(words: &[&str]) -> Self {
        let mut unshare = Command::new("unshare")
            .args(["--net", "--uts", "--mount", "--propagation", "private"])
            .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-c", BOOT, "sh"])
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`unshare` of util-linux is installed");
        let mut ready = String::new();
        let stdout = unshare.stdout.take().expect("stdout is a pipe");
        let read = BufReader::new(stdout).read_line(&mut ready);
        read.expect("the holder can be heard");
        assert_eq!(
            ready, "ready\n",
            "this test needs the right to make network namespaces: run it as root, in a container with \
             `--cap-add SYS_ADMIN --cap-add NET_ADMIN`, and with the program `ip` of iproute2"
        );
        let outer = unshare.id();
        let children = std::fs::read_to_string(format!("/proc/{outer}/task/{outer}/children"));
        let children = children.expect("the kernel lists children");
        let pid = children.trim().parse().expect("unshare has one child");
        Self { unshare, pid }
    }

    /// A command that begins with entering these namespaces, or all.
    fn enter(&self, which: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.pid.to_string()])
            .args(which)
            .arg("--");
        command
    }

    /// Changes its network by a line of `sh`.
    #[track_caller]
    fn run(&self, line: &str) {
        let status = self.enter(&["--net"]).args(["sh", "-c", line]).status();
        assert!(status.expect("nsenter starts").success(), "failed: {line}");
    }

    fn end(&mut self) {
        let _ = self.unshare.kill(); // and with it, its child
        let _ = self.unshare.wait();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.end();
    }
}
