//! Enqueueing: all or none, and what is kept is what was given.

use std::collections::HashSet;
use std::time::Duration;

use queuectl_domain::{
    BackoffBase, Command, Job, JobId, MaxRetries, NativeString, Priority, Rules, Timeout,
};
use queuectl_store::{Clear, ErrorKind, Selection, StoreError};

use crate::hand::{Hand, With, all, counts, id, ids, named, names, unnamed};
use crate::scene::Scene;

pub(crate) fn an_enqueued_job_is_as_it_was_given<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let new = named("one").priority(9).max_retries(7).backoff_base(3);
    store.enqueue(vec![new.clone()]).unwrap();
    let now = store.now().unwrap();
    let job = store.job(&id("one")).unwrap();
    assert_eq!(job, Job::new(id("one"), new, now));
    assert_eq!(store.attempts(&id("one")).unwrap(), []);
}

pub(crate) fn ids_come_back_in_the_order_of_the_jobs<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let batch = vec![named("b"), unnamed(), named("a")];
    let given = store.enqueue(batch).unwrap();
    assert_eq!((&given[0], &given[2]), (&id("b"), &id("a")));
    let made = given[1].as_str();
    assert_eq!(names(&all(&mut *store)), ["a", made, "b"]);
}

pub(crate) fn enqueueing_nothing_does_nothing<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    assert_eq!(store.enqueue(vec![]).unwrap(), []);
    assert_eq!(counts(&mut *store).total(), 0);
}

pub(crate) fn an_id_that_is_taken_fails_the_whole_batch<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    store.enqueue(vec![named("taken").priority(2)]).unwrap();
    let before = all(&mut *store);
    let batch = vec![named("new"), unnamed(), named("taken"), named("newer")];
    let error = scene.open().enqueue(batch).unwrap_err();
    assert!(matches!(&error, StoreError::JobExists(taken) if *taken == id("taken")));
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(all(&mut *store), before);
    assert_eq!(counts(&mut *store).total(), 1);
}

pub(crate) fn an_id_twice_in_a_batch_fails_the_whole_batch<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let error = store
        .enqueue(vec![named("one"), named("two"), named("one")])
        .unwrap_err();
    assert!(matches!(error, StoreError::JobExists(twice) if twice == id("one")));
    assert_eq!(counts(&mut *store).total(), 0);
}

pub(crate) fn a_completed_job_still_has_its_id<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("one")]).unwrap();
    hand.run(crate::hand::success());
    let error = hand.store.enqueue(vec![named("one")]).unwrap_err();
    assert!(matches!(error, StoreError::JobExists(_)));
}

pub(crate) fn ids_differ_by_case_and_may_be_in_any_script<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let long = "é".repeat(100);
    let given = [
        "a",
        "A",
        "a.",
        "a+",
        "ä",
        "日本語",
        "a@20261128T013000Z",
        &long,
    ];
    let batch = given.iter().map(|name| named(name)).collect();
    assert_eq!(store.enqueue(batch).unwrap(), ids(&given));
    for name in given {
        assert_eq!(store.job(&id(name)).unwrap().spec.id, id(name));
    }
}

pub(crate) fn a_made_id_is_never_made_again<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let mut seen = HashSet::new();
    let mut make = |store: &mut dyn queuectl_store::Store| {
        let made = store.enqueue(vec![unnamed(), unnamed()]).unwrap();
        let new = made.iter().all(|made| seen.insert(made.clone()));
        assert!(new, "{made:?} was made before");
        made
    };
    let made = make(&mut *store);
    store.remove(&made[1]).unwrap();
    let made = make(&mut *store);
    store.bury(&made[1], None).unwrap();
    store.clear(Clear::Dead).unwrap();
    make(&mut *store);
    store.clear(Clear::All { force: false }).unwrap();
    drop(store);
    make(&mut *scene.open());
}

pub(crate) fn made_ids_sort_in_the_order_of_creation<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let mut made = store.enqueue(vec![unnamed(); 40]).unwrap();
    made.extend(store.enqueue(vec![unnamed()]).unwrap());
    assert!(made.is_sorted_by(|one, next| one < next));
}

pub(crate) fn a_made_id_passes_over_those_taken_by_hand<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let named = |number| queuectl_domain::NewJob {
        id: Some(JobId::generated(number)),
        ..unnamed()
    };
    let mut seen: HashSet<_> = [3, 4, 5, 8, 13, 21].map(JobId::generated).into();
    let by_hand = [3, 4, 5, 8, 13, 21].map(named).to_vec();
    store.enqueue(by_hand).unwrap();
    for _ in 0..20 {
        let made = store.enqueue(vec![unnamed(), unnamed()]).unwrap();
        assert!(made.into_iter().all(|made| seen.insert(made)));
    }
}

pub(crate) fn any_bytes_in_an_argv_and_a_directory_come_back_as_they_were<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let every_byte = NativeString((1..=255).collect());
    let argv = vec![every_byte.clone(), "".into(), "a\nb".into(), "".into()];
    let mut new = named("bytes");
    new.command = Command::argv(argv).unwrap();
    new.cwd = every_byte;
    hand.store.enqueue(vec![new.clone()]).unwrap();

    let seen = scene.open().job(&id("bytes")).unwrap();
    assert_eq!(
        (&seen.spec.command, &seen.spec.cwd),
        (&new.command, &new.cwd)
    );
    let claimed = hand.claim_one().job;
    assert_eq!(
        (&claimed.spec.command, &claimed.spec.cwd),
        (&new.command, &new.cwd)
    );
}

pub(crate) fn a_command_of_one_mebibyte_comes_back_whole<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    let line = format!("# {}", "é".repeat(512 * 1024));
    let mut new = named("long");
    new.command = Command::line(line, None).unwrap();
    hand.store.enqueue(vec![new.clone()]).unwrap();
    let seen = scene.open().job(&id("long")).unwrap();
    assert!(seen.spec.command == new.command);
    assert!(hand.claim_one().job.spec.command == new.command);
}

pub(crate) fn a_line_comes_back_with_its_shell<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let line = "echo 'a\r\n\tb' \u{1f980} \u{feff} \\0 $X\n";
    let commands = [Some("/opt/my shell/bash"), None].map(|shell| {
        let shell = shell.map(|shell| shell.parse().unwrap());
        Command::line(line.into(), shell).unwrap()
    });
    for command in commands {
        let made = store
            .enqueue(vec![queuectl_domain::NewJob {
                command: command.clone(),
                ..unnamed()
            }])
            .unwrap();
        assert_eq!(store.job(&made[0]).unwrap().spec.command, command);
    }
}

pub(crate) fn rules_at_their_limits_come_back_as_they_were<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    let rules = |timeout, most, base, priority| Rules {
        timeout: Timeout::from(timeout),
        max_retries: MaxRetries::new(most).unwrap(),
        backoff_base: BackoffBase::new(base).unwrap(),
        priority: Priority::new(priority).unwrap(),
    };
    let long = Duration::from_secs(1_000_000_000);
    let short = Duration::from_micros(1_001);
    for rules in [
        rules(Duration::ZERO, 1, 1, 1),
        rules(short, 1_000_000, 100, 10),
        rules(long, 3, 2, 5),
    ] {
        let made = store
            .enqueue(vec![queuectl_domain::NewJob { rules, ..unnamed() }])
            .unwrap();
        assert_eq!(store.job(&made[0]).unwrap().spec.rules, rules);
    }
}

pub(crate) fn what_is_not_there_is_no_such_job<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    store.enqueue(vec![named("other")]).unwrap();
    let gone = id("gone");
    let errors = [
        store.job(&gone).unwrap_err(),
        store.attempts(&gone).unwrap_err(),
        store.bury(&gone, None).unwrap_err(),
        store.remove(&gone).unwrap_err(),
        store
            .retry(&Selection::Jobs(ids(&["gone"])), None)
            .unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(&error, StoreError::NoSuchJob(named) if *named == gone));
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
