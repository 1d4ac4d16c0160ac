//! Dead workers: what they held runs again, and they can't speak from the grave.

use queuectl_domain::{Ending, Outcome, State, Stream};
use queuectl_store::{Claimed, GivenBack, StoreError};

use crate::hand::{
    Hand, a_worker, all, chunk, counts, failure, id, named, seconds, settled, success,
};
use crate::scene::Scene;

pub(crate) fn what_a_dead_worker_held_goes_back_to_the_queue<S: Scene>() {
    let scene = S::new();
    let (mut dead, held) = holding(&scene, &["a", "b"]);
    dead.print(&held[0], vec![chunk(0, Stream::Stdout, "half")]);
    scene.advance(seconds(3));
    let mut store = scene.open();
    let rescued = store.rescue(&dead.id, None).unwrap();

    assert_eq!(rescued.len(), 2);
    for job in rescued {
        let GivenBack { id, life } = &job;
        assert_eq!(store.job(id).unwrap().life, *life);
        assert_eq!((life.state, life.attempts), (State::Pending, 0));
        assert_eq!((life.crashes, &life.claim), (1, &None));
        let attempts = store.attempts(&job.id).unwrap();
        let now = store.now().unwrap();
        let ended = Some((now, Ending::crashed(seconds(3))));
        assert_eq!(attempts.len(), 1);
        assert_eq!(attempts[0].ended, ended);
    }
    let fence = held[0].ticket.fence;
    let kept = store.output(fence).unwrap();
    assert_eq!(kept, [chunk(0, Stream::Stdout, "half")]);
    assert_eq!(counts(&mut *store).of(State::Pending), 2);
    assert_eq!(store.workers().unwrap(), []);
}

pub(crate) fn what_others_hold_is_left_alone_by_a_rescue<S: Scene>() {
    let scene = S::new();
    let (dead, _) = holding(&scene, &["a"]);
    let (mut alive, held) = {
        let mut hand = Hand::new(&scene, "alive");
        hand.store.enqueue(vec![named("b")]).unwrap();
        let held = hand.claim_one();
        (hand, held)
    };
    alive.store.rescue(&dead.id, None).unwrap();
    assert_eq!(alive.store.job(&id("b")).unwrap(), held.job);
    assert_eq!(alive.settle(&held, success()).lost, []);
}

pub(crate) fn a_job_whose_workers_keep_dying_is_dead_in_the_end<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    store.enqueue(vec![named("bomb")]).unwrap();
    for crashes in 1..=3 {
        let mut hand = Hand::new(&scene, &format!("w-{crashes}"));
        hand.claim_one();
        let rescued = store.rescue(&hand.id, None).unwrap();
        let [job] = &rescued[..] else {
            panic!("{rescued:?}")
        };
        assert_eq!((job.life.crashes, job.life.attempts), (crashes, 0));
        let state = if crashes < 3 {
            State::Pending
        } else {
            State::Dead
        };
        assert_eq!(job.life.state, state);
    }
    let job = store.job(&id("bomb")).unwrap();
    assert_eq!(
        job.life.last_error.as_deref(),
        Some("Its worker died 3 times")
    );
    let outcomes: Vec<_> = store
        .attempts(&id("bomb"))
        .unwrap()
        .into_iter()
        .map(|attempt| attempt.ended.unwrap().1.outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::Crashed; 3]);
}

pub(crate) fn how_many_may_die_of_a_job_is_a_setting<S: Scene>() {
    let scene = S::new();
    let (dead, _) = holding(&scene, &["bomb"]);
    let mut store = scene.open();
    store.set(queuectl_domain::Key::CrashLimit, "1").unwrap();
    assert_eq!(
        store.rescue(&dead.id, None).unwrap()[0].life.state,
        State::Dead
    );
}

pub(crate) fn a_worker_that_is_not_known_held_nothing<S: Scene>() {
    let scene = S::new();
    let mut store = scene.open();
    assert_eq!(store.rescue(&a_worker("nobody").id, None).unwrap(), []);
}

pub(crate) fn a_second_rescue_changes_nothing<S: Scene>() {
    let scene = S::new();
    let (dead, _) = holding(&scene, &["a"]);
    let mut store = scene.open();
    store.rescue(&dead.id, None).unwrap();
    let seen = all(&mut *store);
    assert_eq!(scene.open().rescue(&dead.id, None).unwrap(), []);
    assert_eq!(all(&mut *store), seen);
    assert_eq!(store.attempts(&id("a")).unwrap().len(), 1);
}

pub(crate) fn a_zombie_changes_nothing_and_hears_that_it_is_dead<S: Scene>() {
    let scene = S::new();
    let (mut zombie, held) = holding(&scene, &["a"]);
    let mut heir = Hand::new(&scene, "heir");
    heir.store.rescue(&zombie.id, None).unwrap();
    let again = heir.claim_one();
    let late = settled(&held[0], success(), vec![chunk(0, Stream::Stdout, "late")]);
    let error = zombie.turn(1, &[late], &[], &[]).unwrap_err();
    assert!(matches!(error, StoreError::NoSuchWorker(id) if id == zombie.id));
    assert_eq!(heir.store.job(&id("a")).unwrap(), again.job);
    assert_eq!(heir.store.output(held[0].ticket.fence).unwrap(), []);
    assert_eq!(heir.settle(&again, failure()).lost, []);
}

pub(crate) fn a_zombie_under_a_new_name_does_not_get_its_claims_back<S: Scene>() {
    let scene = S::new();
    let (zombie, held) = holding(&scene, &["a"]);
    let mut risen = Hand::new(&scene, "risen");
    risen.store.rescue(&zombie.id, None).unwrap();
    let reply = risen.settle(&held[0], success());
    assert_eq!(reply.lost, [held[0].ticket.fence]);
    assert_eq!(
        risen.store.job(&id("a")).unwrap().life.state,
        State::Pending
    );

    let again = risen.claim_one();
    let reply = risen.settle(&held[0], success());
    assert_eq!(reply.lost, [held[0].ticket.fence]);
    assert_eq!(risen.store.job(&id("a")).unwrap(), again.job);
}

/// A worker that holds new jobs of these names.
fn holding<S: Scene>(scene: &S, names: &[&str]) -> (Hand, Vec<Claimed>) {
    let mut hand = Hand::new(scene, "holder");
    let batch = names.iter().map(|name| named(name)).collect();
    hand.store.enqueue(batch).unwrap();
    let held = hand.claim(names.len());
    assert_eq!(held.len(), names.len());
    (hand, held)
}
