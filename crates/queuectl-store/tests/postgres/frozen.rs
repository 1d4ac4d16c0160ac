//! A server that lets everybody in and says nothing more, as one does whose disk hangs: nobody waits for longer than his patience.

use std::time::{Duration, Instant};

use queuectl_domain::WorkerId;
use queuectl_store::{
    Clear, ErrorKind, Existing, Location, Options, Query, Selection, Store, StoreError, Turn,
};

use crate::proxy::Proxy;
use crate::scene::{Scene, beyond, numbered, open_with};

const PATIENCE: Duration = Duration::from_secs(2);
/// Until when it must be said. It is what it takes, not what a busy machine adds.
const SAID: Duration = Duration::from_secs(5);

#[track_caller]
fn is_said_in_time<T>(what: &str, call: impl FnOnce() -> Result<T, StoreError>) {
    let begun = Instant::now();
    let Err(error) = call() else {
        panic!("{what} worked");
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{what}: {error}");
    assert!(
        error.to_string().contains("does not answer"),
        "{what}: {error}"
    );
    let elapsed = begun.elapsed();
    assert!(elapsed < SAID, "{what} took {elapsed:?}");
}

#[test]
fn who_opens_a_store_on_a_server_that_says_nothing_is_told_so_in_time() {
    let scene = Scene::new();
    drop(scene.open());
    let proxy = Proxy::new(scene.server.port());
    proxy.freeze();
    let location = Location::parse(beyond(&scene, &proxy).as_ref(), &|_| None).unwrap();
    let options = Options {
        patience: PATIENCE,
        ..Options::default()
    };
    is_said_in_time("to open it", || queuectl_store::open(&location, &options));
}

#[test]
fn a_call_is_given_up_in_time_however_much_there_may_be_to_do() {
    type Call = fn(&mut dyn Store) -> Result<(), StoreError>;
    let calls: [(&str, Call); 9] = [
        ("list", |store| {
            let all = Query {
                state: None,
                limit: 9,
            };
            store.list(&all).map(drop)
        }),
        ("counts", |store| store.counts().map(drop)),
        ("workers", |store| store.workers().map(drop)),
        ("clear", |store| {
            store.clear(Clear::All { force: true }).map(drop)
        }),
        ("retry", |store| {
            store.retry(&Selection::AllDead, None).map(drop)
        }),
        ("enqueue", |store| {
            store
                .enqueue_batch(numbered(100), Existing::Skipped)
                .map(drop)
        }),
        ("export", |store| store.export(0, 9).map(drop)),
        ("check", |store| store.check().map(drop)),
        ("turn", |store| {
            let id: WorkerId = "w".parse()?;
            store.turn(&Turn::of(&id)).map(drop)
        }),
    ];
    let scene = Scene::new();
    drop(scene.open());
    std::thread::scope(|scope| {
        for (name, call) in calls {
            let scene = &scene;
            scope.spawn(move || {
                let proxy = Proxy::new(scene.server.port());
                let mut store = open_with(&beyond(scene, &proxy), PATIENCE);
                store.counts().unwrap();
                proxy.freeze();
                is_said_in_time(name, || call(&mut *store));
            });
        }
    });
}

#[test]
fn what_it_took_to_come_in_is_part_of_the_patience_with_what_is_asked_first() {
    let scene = Scene::new();
    drop(scene.open());
    let proxy = Proxy::new(scene.server.port());
    proxy.let_in_after(Duration::from_secs(8));
    let mut store = open_with(&beyond(&scene, &proxy), Duration::from_secs(12));
    proxy.freeze();
    is_said_in_time("to count", || store.counts());
}
