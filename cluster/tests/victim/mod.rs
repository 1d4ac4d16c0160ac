//! What is left of somebody who is killed: a test runs another test of its own program, which names a folder and waits.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// In the environment of the test that is to be killed.
const VICTIM: &str = "QUEUECTL_CLUSTER_VICTIM";

/// Kills the test `a_victim_of_another_test` of this program, and waits until the folder that it has named is gone. `file` is
/// there before.
pub(crate) fn leaves_nothing(file: &str) {
    let program = std::env::current_exe().expect("a program knows itself");
    let mut owner = Command::new(program)
        .args(["--exact", "--nocapture", "a_victim_of_another_test"])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("this program can be started");
    let lines = BufReader::new(owner.stdout.take().expect("it is a pipe")).lines();
    let mut lines = lines.map_while(Result::ok);
    let told = lines.find_map(|line| line.split_once("it is in ").map(|(_, it)| it.to_owned()));
    let folder = PathBuf::from(told.expect("it names its folder"));
    assert!(folder.join(file).exists());
    let killed = owner.kill().and_then(|()| owner.wait());
    killed.expect("it is ours");
    let begun = Instant::now();
    while folder.exists() {
        let elapsed = begun.elapsed();
        assert!(elapsed < Duration::from_secs(30), "{folder:?} is left");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether this test is the one that is to be killed.
#[expect(
    clippy::disallowed_methods,
    reason = "that is how its test talks to it"
)]
pub(crate) fn is_wanted() -> bool {
    std::env::var_os(VICTIM).is_some()
}

/// Names a folder, and waits for the end.
#[expect(clippy::print_stdout, reason = "who kills it reads that")]
pub(crate) fn waits_in(folder: &Path) {
    println!("it is in {}", folder.display());
    std::thread::sleep(Duration::from_secs(60));
}
