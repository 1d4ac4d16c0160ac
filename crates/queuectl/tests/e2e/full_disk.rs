//! A disk without room: it is said, the store stays whole, and workers go on when there is room again.

use crate::jobs;
use crate::support::{Home, Running, items, names, number, system, text, wait_for, wait_until};

#[test]
fn enqueue_says_that_the_disk_is_full_and_queues_nothing() {
    let home = Home::on_disk("4m");
    home.enqueue("first", "true", &[]);
    home.fill();
    // The log of the store has some room of its own; soon it has none.
    let line = jobs::says(&"x".repeat(50_000));
    let mut taken = vec!["first".to_owned()];
    let refused = (0..100).map(|i| format!("job{i}")).find_map(|id| {
        let output = home.run(["enqueue", "--id", &id, "--command", &line]);
        if output.code == Some(0) {
            taken.push(id);
            None
        } else {
            Some(output)
        }
    });
    let refused = refused.expect("a full disk takes no more");
    assert!(refused.failed(5).contains("full"), "{refused}");

    home.make_room();
    let listed = home.json(["list"]);
    assert_eq!(
        items(&listed).len(),
        taken.len(),
        "what was refused is there, or what was taken isn't"
    );
    home.check_store();
    home.enqueue("after", &line, &[]);
    home.work_off();
    assert_eq!(
        number(&home.json(["status"]), "completed"),
        taken.len() as i64 + 1
    );
    home.check_store();
}

#[test]
fn a_first_enqueue_on_a_full_disk_is_refused_and_the_next_one_works() {
    let home = Home::on_disk("1m");
    home.fill();
    let output = home.run(["enqueue", "--id", "a", "--command", "true"]);
    assert!(output.failed(5).contains("full"), "{output}");
    home.make_room();
    home.enqueue("a", "true", &[]);
    assert_eq!(number(&home.json(["status"]), "total"), 1);
}

#[test]
fn a_worker_waits_with_its_result_until_there_is_room() {
    let home = Home::on_disk("8m");
    home.enqueue(
        "held",
        &format!(
            "{}; {}",
            jobs::held_and_counted("held"),
            jobs::prints_much(400)
        ),
        &[],
    );
    home.enqueue("next", "true", &[]);
    let pids = home.start_workers(&[]);
    home.wait_for_pid("held.pid");
    home.fill();
    let job = home.wait_for_pid("held.pid");
    home.touch("held.go");
    wait_until("the job to end", || !system::is_alive(job));
    // The worker says so in its log, which is why it isn't on this disk's mercy alone to be seen.
    wait_for("the worker to have tried", || {
        let output = home.run(["enqueue", "--command", &jobs::says(&"x".repeat(50_000))]);
        if output.code == Some(5) {
            Ok(())
        } else {
            Err(output.to_string())
        }
    });
    assert!(system::is_alive(pids[0]), "the worker died of it");
    assert_eq!(text(&home.show("held"), "state"), "processing");

    home.make_room();
    let job = home.wait_for_state("held", "completed");
    assert!(text(&job, "output").ends_with("last\n"));
    assert_eq!(
        (number(&job, "attempts"), items(&job["runs"]).len()),
        (1, 1)
    );
    assert_eq!(home.read("held.starts"), "start\n");
    home.wait_for_state("next", "completed");
    home.ok(["worker", "stop"]);
    home.check_store();
}

#[test]
fn a_worker_says_that_the_disk_is_full_and_when_it_goes_on() {
    let home = Home::on_disk("8m");
    let line = format!("{}; {}", jobs::held("held"), jobs::prints_much(2_000));
    home.enqueue("held", &line, &[]);
    home.enqueue("next", "true", &[]);
    let worker = Running::start(&home, &["worker", "start", "--foreground", "--until-idle"]);
    home.wait_for_pid("held.pid");
    home.fill();
    home.touch("held.go");
    worker.wait_until_it_says("the disk of the store is full; trying again");
    home.make_room();
    worker.wait_until_it_says("the store can be used again");
    let output = worker.ended();
    assert_eq!(output.code, Some(0), "{output}");
    for id in ["held", "next"] {
        assert_eq!(text(&home.show(id), "state"), "completed");
    }
    home.check_store();
}

#[test]
fn a_full_disk_is_said_and_nothing_is_left_on_it() {
    let home =
        Home::with_mounts("mkdir \"$1/small\"; mount -t tmpfs -o size=256k tmpfs \"$1/small\"");
    for i in 0..10 {
        let line = jobs::says(&"x".repeat(50_000));
        home.enqueue(&format!("job{i}"), &line, &[]);
    }
    let place = home.path().join("small/copy.db");
    let place = place.to_str().expect("a temporary folder has a plain name");
    let error = home.run(["backup", place]);
    assert!(error.failed(5).contains("disk is full"), "{error}");
    assert_eq!(names(&home.seen("small")), [] as [&str; 0]);
    assert_eq!(number(&home.json(["status"]), "pending"), 10);
}

#[test]
fn a_disk_that_fills_up_midway_leaves_nothing() {
    let home = Home::with_mounts("mount -t tmpfs -o size=48m,mode=0755 tmpfs \"$1\"");
    home.enqueue("before", "true", &[]);
    // By the third batch the disk is full, but for what is held in reserve.
    let line = jobs::says(&"x".repeat(300)) + "\n";
    home.write("jobs", line.repeat(50_000).as_bytes());
    let output = home.run(["enqueue", "--lines", "--from", "jobs"]);
    let error = output.failed(5);
    assert!(error.contains("the disk of the store is full"), "{error}");
    assert!(error.contains("nothing was changed"), "{error}");
    assert_eq!(home.total(), 1);
    home.check_store();
    home.enqueue("after", "true", &[]);
    home.work_off();
    assert_eq!(number(&home.json(["status"]), "completed"), 2);
}
