//! Files that even root can't write, since they are mounted so.

use crate::jobs;
use crate::support::Home;

/// Commands that write.
const WRITING: [&[&str]; 2] = [
    &["enqueue", "--id", "new", "--command", "true"],
    &["config", "set", "priority", "6"],
];

#[test]
fn a_file_that_can_only_be_read_is_not_written() {
    let mut home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    // Even root can't write to what is mounted read-only.
    home.remount(
        "f=\"$1/data/queuectl.db\"; mount --bind \"$f\" \"$f\"; mount -o remount,bind,ro \"$f\"",
    );
    for command in WRITING {
        home.run(command).failed(5);
    }
    home.run(["worker", "start", "--foreground", "--until-idle"])
        .failed(5);
    home.run(["dequeue", "a"]).failed(5);
}

#[test]
fn a_home_that_can_only_be_read_is_not_written() {
    let mut home = Home::new();
    home.enqueue("a", jobs::SUCCEEDS, &[]);
    home.remount("mount --bind \"$1\" \"$1\"; mount -o remount,bind,ro \"$1\"");
    for command in WRITING {
        home.run(command).failed(5);
    }
    home.run(["worker", "start"]).failed(5);
}
