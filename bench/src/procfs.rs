//! What Linux tells of a process. Elsewhere nothing is known, and the rows say so.

use std::fs;
use std::time::Duration;

/// How many mebibytes it has resident now.
pub(crate) fn resident(pid: u32) -> Option<f64> {
    memory(pid, "VmRSS:")
}

/// How many it had at most so far.
pub(crate) fn peak(pid: u32) -> Option<f64> {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, name: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    number(&status, name).map(|kibibytes| kibibytes as f64 / 1024.0)
}

/// How often its threads were given a processor so far.
pub(crate) fn switches(pid: u32) -> Option<u64> {
    let counts = tasks(pid, "status")?;
    let of = |status: &String| {
        Some(
            number(status, "\nvoluntary_ctxt_switches:")?
                + number(status, "nonvoluntary_ctxt_switches:")?,
        )
    };
    counts.iter().map(of).sum()
}

/// How long its threads had a processor so far.
pub(crate) fn on_cpu(pid: u32) -> Option<Duration> {
    let times = tasks(pid, "schedstat")?;
    let of = |schedstat: &String| schedstat.split_whitespace().next()?.parse::<u64>().ok();
    let nanoseconds = times.iter().map(of).sum::<Option<u64>>()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// How long a process, its children and those of them that have ended had a processor so far.
pub(crate) fn on_cpu_with_children(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let ended = ticks_of_ended_children(&stat)?;
    let ended =
        Duration::from_secs_f64(ended as f64 / rustix::param::clock_ticks_per_second() as f64);
    let mut sum = on_cpu(pid)? + ended;
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    for child in children.split_whitespace() {
        // One that has ended meanwhile is among the ended the next time.
        sum += child.parse().ok().and_then(on_cpu).unwrap_or_default();
    }
    Some(sum)
}

/// Of a process's line: its name in parentheses may have anything in it.
fn ticks_of_ended_children(stat: &str) -> Option<u64> {
    let (_, after) = stat.rsplit_once(") ")?;
    let mut numbers = after.split(' ').skip(13);
    let user: u64 = numbers.next()?.parse().ok()?;
    let system: u64 = numbers.next()?.parse().ok()?;
    Some(user + system)
}

/// One file of each of its threads.
fn tasks(pid: u32, file: &str) -> Option<Vec<String>> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    // A thread that has ended meanwhile has nothing to tell.
    let texts = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join(file)).ok());
    Some(texts.collect())
}

/// The number after a name.
fn number(text: &str, name: &str) -> Option<u64> {
    let (_, after) = text.split_once(name)?;
    after.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_ended_children_is_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 900 800 0 0 1 2 30 12 20 0 1 0 99 0 0";
        assert_eq!(ticks_of_ended_children(stat), Some(42));
    }

    #[test]
    fn both_kinds_of_switches_are_told_apart() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t2\n";
        assert_eq!(number(status, "\nvoluntary_ctxt_switches:"), Some(7));
        assert_eq!(number(status, "nonvoluntary_ctxt_switches:"), Some(2));
        assert_eq!(number(status, "VmRSS:"), None);
    }
}
