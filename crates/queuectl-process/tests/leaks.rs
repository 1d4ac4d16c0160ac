//! Nothing is left behind: no descriptor, no zombie. Alone in its process, since it counts them. Linux, where they can be.
#![cfg(target_os = "linux")]

mod support;

use std::fs;

use queuectl_process::{How, os};
use support::*;

#[test]
fn many_runs_of_all_kinds_leave_no_descriptor_and_no_zombie() {
    os::adopt_orphans().unwrap();
    let mut bad = line("true");
    bad.cwd = "/nope".into();
    let mut counted = None;
    for round in 0..20 {
        assert_eq!(
            run_it(&tagged(line("echo a; echo b >&2"), "plain")).0.how,
            How::Exited(0)
        );
        run_it(&tagged(
            line("(sleep 0.001 &); (setsid true &); (exit 1) & sleep 0.01"),
            &format!("orphans-{round}"),
        ));
        run_it(&tagged(
            line("setsid sleep 600 & sleep 600 & exit 1"),
            &format!("strays-{round}"),
        ));
        run_it(&grace(
            within(line("trap '' TERM; sleep 600 & sleep 600"), 0.01),
            0.01,
        ));
        stop_at("up", &line("echo up; sleep 600"));
        assert!(matches!(run_it(&bad).0.how, How::NotStarted(_)));
        let now = fs::read_dir("/proc/self/fd").unwrap().count();
        assert_eq!(
            now,
            *counted.get_or_insert(now),
            "descriptors after {round} rounds"
        );
        let children = children();
        assert!(
            children.is_empty(),
            "children after {round} rounds: {children:?}"
        );
    }
}

fn children() -> Vec<String> {
    let parent = std::process::id().to_string();
    let stats = fs::read_dir("/proc")
        .expect("there is a /proc")
        .filter_map(|entry| {
            let path = entry.ok()?.path().join("stat");
            fs::read_to_string(path).ok()
        });
    stats
        .filter(|stat| {
            stat.rsplit(") ")
                .next()
                .and_then(|rest| rest.split(' ').nth(1))
                == Some(&parent)
        })
        .collect()
}
