//! What attempts print: byte for byte in the order of arrival, up to a limit.

use queuectl_domain::{Chunk, Fence, Key, Stream, left_out};
use queuectl_store::{Claimed, Clear, Selection, Store};

use crate::hand::With as _;
use crate::hand::{Hand, chunk, failure, id, named, seconds, settled, success};
use crate::scene::Scene;
use Stream::{Stderr, Stdout};

pub(crate) fn output_comes_back_in_the_order_of_arrival<S: Scene>() {
    let scene = S::new();
    let (mut hand, claimed) = running(&scene);
    let pieces = [
        chunk(0, Stdout, "one\n"),
        chunk(4, Stderr, "two\n"),
        chunk(8, Stdout, "three"),
        chunk(13, Stdout, "\n"),
        chunk(14, Stderr, "four\n"),
    ];
    hand.print(&claimed, pieces[..2].to_vec());
    hand.print(&claimed, vec![]);
    hand.print(&claimed, pieces[2..3].to_vec());
    let last = settled(&claimed, success(), pieces[3..].to_vec());
    assert_eq!(hand.turn(0, &[last], &[], &[]).unwrap().lost, []);
    let output = scene.open().output(claimed.ticket.fence).unwrap();
    assert_eq!(joined(&output), joined(&pieces));
    assert!(output.is_sorted_by_key(|piece| piece.offset));
}

pub(crate) fn output_is_any_bytes<S: Scene>() {
    let scene = S::new();
    let (mut hand, claimed) = running(&scene);
    let bytes: Vec<u8> = (0..=255).collect();
    let printed = vec![chunk(0, Stderr, bytes)];
    hand.print(&claimed, printed.clone());
    assert_eq!(output(&mut hand, &claimed), printed);
}

pub(crate) fn output_is_seen_while_the_job_runs<S: Scene>() {
    let scene = S::new();
    let (mut hand, claimed) = running(&scene);
    let mut reader = scene.open();
    let fence = claimed.ticket.fence;
    assert_eq!(reader.output(fence).unwrap(), []);
    let printed = vec![chunk(0, Stdout, "50 %")];
    hand.print(&claimed, printed.clone());
    assert_eq!(reader.output(fence).unwrap(), printed);
}

pub(crate) fn output_of_several_jobs_in_one_turn_is_kept_apart<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store.enqueue(vec![named("a"), named("b")]).unwrap();
    let claimed = hand.claim(2);
    let results: Vec<_> = claimed
        .iter()
        .map(|one| {
            let name = one.job.spec.id.as_str();
            settled(one, success(), vec![chunk(0, Stdout, name)])
        })
        .collect();
    hand.turn(0, &results, &[], &[]).unwrap();
    assert_eq!(output(&mut hand, &claimed[0]), [chunk(0, Stdout, "a")]);
    assert_eq!(output(&mut hand, &claimed[1]), [chunk(0, Stdout, "b")]);
}

pub(crate) fn what_the_worker_has_left_out_stays_a_gap<S: Scene>() {
    let scene = S::new();
    let (mut hand, claimed) = running(&scene);
    let printed = vec![
        chunk(0, Stdout, "begin"),
        chunk(1_000_000_000_000, Stdout, "end"),
    ];
    hand.print(&claimed, printed.clone());
    let reply = hand.settle(&claimed, success());
    assert_eq!(reply.lost, []);
    assert_eq!(output(&mut hand, &claimed), printed);
}

pub(crate) fn every_attempt_has_an_output_of_its_own<S: Scene>() {
    let scene = S::new();
    let mut hand = Hand::new(&scene, "w");
    hand.store
        .enqueue(vec![named("job").max_retries(1)])
        .unwrap();
    let mut attempts = Vec::new();
    for text in ["first", "second"] {
        let claimed = hand.claim_one();
        hand.print(&claimed, vec![chunk(0, Stdout, text)]);
        hand.settle(&claimed, failure());
        hand.store.retry(&Selection::AllDead, None).unwrap();
        scene.advance(seconds(1));
        attempts.push(claimed);
    }
    assert_eq!(output(&mut hand, &attempts[0]), [chunk(0, Stdout, "first")]);
    assert_eq!(
        output(&mut hand, &attempts[1]),
        [chunk(0, Stdout, "second")]
    );
}

pub(crate) fn no_more_is_kept_than_the_limit_while_the_job_runs<S: Scene>() {
    let scene = S::new();
    let (mut hand, claimed) = with_limit(&scene, "1000");
    let mut printed = 0;
    for length in [1, 399, 99, 2, 499, 1, 1_000, 5_000, 3, 0, 7, 2_999] {
        hand.print(&claimed, vec![pattern(printed, length)]);
        printed += length;
        let output = output(&mut hand, &claimed);
        check_kept(&output, printed, 1000);
    }
    hand.settle(&claimed, success());
    check_kept(&output(&mut hand, &claimed), printed, 1000);
}

pub(crate) fn no_more_is_kept_than_the_limit_of_one_big_result<S: Scene>() {
    let scene = S::new();
    let (mut hand, claimed) = with_limit(&scene, "200000");
    let pieces = (0..40).map(|piece| pattern(piece * 50_000, 50_000));
    let last = settled(&claimed, success(), pieces.collect());
    hand.turn(0, &[last], &[], &[]).unwrap();
    check_kept(&output(&mut hand, &claimed), 2_000_000, 200_000);
}

pub(crate) fn output_that_fits_is_kept_whole<S: Scene>() {
    let scene = S::new();
    let (mut hand, claimed) = with_limit(&scene, "100");
    hand.print(&claimed, vec![pattern(0, 60), pattern(60, 40)]);
    check_kept(&output(&mut hand, &claimed), 100, 100);
}

pub(crate) fn a_limit_of_nothing_keeps_nothing<S: Scene>() {
    let scene = S::new();
    let (mut hand, claimed) = with_limit(&scene, "0");
    hand.print(&claimed, vec![pattern(0, 60)]);
    hand.settle(&claimed, success());
    assert_eq!(output(&mut hand, &claimed), []);
}

pub(crate) fn output_goes_with_its_job<S: Scene>() {
    let scene = S::new();
    let (mut hand, claimed) = running(&scene);
    let fence = claimed.ticket.fence;
    hand.print(&claimed, vec![pattern(0, 60)]);
    hand.settle(&claimed, failure());
    hand.store.remove(&id("job")).unwrap();
    assert!(gone(&mut *hand.store, fence));

    hand.store.enqueue(vec![named("job")]).unwrap();
    let claimed = hand.claim_one();
    let fence = claimed.ticket.fence;
    hand.print(&claimed, vec![pattern(0, 60)]);
    hand.store.clear(Clear::All { force: true }).unwrap();
    assert!(gone(&mut *hand.store, fence));
}

/// Whether nothing is known of an output; an error is as good as an empty one.
fn gone(store: &mut dyn Store, fence: Fence) -> bool {
    store.output(fence).unwrap_or_default().is_empty()
}

fn running<S: Scene>(scene: &S) -> (Hand, Claimed) {
    let mut hand = Hand::new(scene, "w");
    hand.store.enqueue(vec![named("job")]).unwrap();
    let claimed = hand.claim_one();
    (hand, claimed)
}

fn with_limit<S: Scene>(scene: &S, limit: &str) -> (Hand, Claimed) {
    scene.open().set(Key::OutputLimit, limit).unwrap();
    running(scene)
}

fn output(hand: &mut Hand, claimed: &Claimed) -> Vec<Chunk> {
    hand.store.output(claimed.ticket.fence).unwrap()
}

/// Bytes that tell where they belong.
fn pattern(offset: u64, length: u64) -> Chunk {
    let bytes: Vec<_> = (offset..offset + length).map(byte_at).collect();
    let stream = if offset.is_multiple_of(2) {
        Stdout
    } else {
        Stderr
    };
    chunk(offset, stream, bytes)
}

fn byte_at(offset: u64) -> u8 {
    (offset % 251) as u8
}

/// Exactly what isn't in the gap must be there, each byte in its place.
fn check_kept(output: &[Chunk], printed: u64, limit: u64) {
    let gap = left_out(printed, limit);
    let expected = (0..printed).filter(|offset| !gap.contains(offset));
    let kept = output.iter().flat_map(|piece| {
        let bytes = piece.bytes.iter().zip(piece.offset..);
        bytes.map(|(&byte, offset)| (offset, byte))
    });
    let expected = expected.map(|offset| (offset, byte_at(offset)));
    let first_wrong = kept.clone().zip(expected.clone()).find(|(a, b)| a != b);
    assert_eq!(first_wrong, None, "of {printed} bytes, limit {limit}");
    assert_eq!(kept.count(), expected.count(), "of {printed} bytes");
}

/// The output as bytes, each with its stream and offset: how it is cut into pieces is no matter.
fn joined(output: &[Chunk]) -> Vec<(u64, Stream, u8)> {
    let bytes = output.iter().flat_map(|piece| {
        let bytes = piece.bytes.iter().zip(piece.offset..);
        bytes.map(|(&byte, offset)| (offset, piece.stream, byte))
    });
    bytes.collect()
}
