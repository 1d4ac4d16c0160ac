//! Background workers that don't get as far as they should.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use queuectl_store::Location;
use queuectl_worker::{DataFolder, Launch, READY, StartError, start};

/// One of two that can't be asked to stop, as it doesn't listen yet, is ended all the same.
#[test]
fn if_one_dies_at_its_start_the_others_are_ended() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let data = DataFolder::create(folder.path().join("data")).expect("the folder can be made");
    let location = Location::Sqlite(folder.path().join("q.db"));
    let first = folder.path().join("first").display().to_string();
    let lives = ["first", &first, "[", "out", READY, "sleep", "600", "]"];
    let dies = ["err", "no", "exit", "1"];
    let launch = Launch {
        program: fake_job::path("fake-job-of-worker"),
        args: lives.into_iter().chain(dies).map(Into::into).collect(),
        env: Vec::new(),
    };
    let (told, tells) = channel();
    thread::spawn(move || told.send(start(&data, &location, &launch, 2)));
    let result = tells.recv_timeout(Duration::from_secs(60));
    match result.expect("it waits for nobody that isn't ended") {
        Err(StartError::Died { last_lines, .. }) => assert_eq!(last_lines, ["no"]),
        other => panic!("{other:?}"),
    }
}
