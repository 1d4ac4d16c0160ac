//! What one attempt prints, between two turns: the pieces that the store hasn't got yet.
//!
//! However much that is, no more is held than the limit allows to be kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use queuectl_domain::{Chunk, Stream, left_out};

use crate::last_line::LastLine;

/// Pieces are joined up to this size.
const CHUNK: usize = 64 * 1024;

/// The output of one attempt, as it comes.
#[derive(Default)]
pub(crate) struct Capture {
    limit: u64,
    total: u64,
    head: Vec<Chunk>,
    tail: VecDeque<Chunk>,
    last_line: LastLine,
}

/// A capture that a slot fills and the worker's loop empties.
#[derive(Clone, Default)]
pub(crate) struct SharedCapture(Arc<Mutex<Capture>>);

impl SharedCapture {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Capture> {
        // A capture is whole between any two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Capture {
    /// An attempt that has printed nothing, and of whose output `limit` bytes are kept.
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Takes in what was printed.
    pub(crate) fn push(&mut self, stream: Stream, bytes: &[u8]) {
        if stream == Stream::Stderr {
            self.last_line.push(bytes);
        }
        let head_end = left_out(u64::MAX, self.limit).start;
        let to_head = head_end.saturating_sub(self.total).min(bytes.len() as u64);
        let (head, tail) = bytes.split_at(to_head as usize);
        append(&mut self.head, self.total, stream, head);
        self.total += to_head;
        for piece in tail.chunks(CHUNK) {
            append_back(&mut self.tail, self.total, stream, piece);
            self.total += piece.len() as u64;
        }
        let left_out = left_out(self.total, self.limit);
        while self
            .tail
            .front()
            .is_some_and(|chunk| chunk.end() <= left_out.end)
        {
            self.tail.pop_front();
        }
    }

    /// Hands over the pieces that have come since the last time.
    pub(crate) fn take(&mut self) -> Vec<Chunk> {
        let left_out = left_out(self.total, self.limit);
        if let Some(first) = self.tail.front_mut()
            && first.offset < left_out.end
        {
            let cut = (left_out.end - first.offset) as usize;
            first.bytes.drain(..cut);
            first.offset = left_out.end;
        }
        let mut chunks = std::mem::take(&mut self.head);
        chunks.extend(self.tail.drain(..));
        chunks
    }

    /// Takes back pieces that were handed over, because the store couldn't take
    /// them, and forgets those that would be too much.
    pub(crate) fn put_back(&mut self, chunks: Vec<Chunk>) {
        let left_out = left_out(self.total, self.limit);
        for chunk in chunks.into_iter().rev() {
            if chunk.offset < left_out.start {
                self.head.insert(0, chunk);
            } else if chunk.end() > left_out.end {
                self.tail.push_front(chunk);
            }
        }
    }

    /// The last line on stderr that isn't blank.
    pub(crate) fn last_line(&self) -> Option<String> {
        self.last_line.text()
    }
}

fn append(chunks: &mut Vec<Chunk>, offset: u64, stream: Stream, bytes: &[u8]) {
    match chunks.last_mut() {
        _ if bytes.is_empty() => {}
        Some(last) if joins(last, offset, stream, bytes) => last.bytes.extend_from_slice(bytes),
        _ => chunks.push(chunk(offset, stream, bytes)),
    }
}

fn append_back(chunks: &mut VecDeque<Chunk>, offset: u64, stream: Stream, bytes: &[u8]) {
    match chunks.back_mut() {
        Some(last) if joins(last, offset, stream, bytes) => last.bytes.extend_from_slice(bytes),
        _ => chunks.push_back(chunk(offset, stream, bytes)),
    }
}

fn joins(last: &Chunk, offset: u64, stream: Stream, bytes: &[u8]) -> bool {
    last.stream == stream && last.end() == offset && last.bytes.len() + bytes.len() <= CHUNK
}

fn chunk(offset: u64, stream: Stream, bytes: &[u8]) -> Chunk {
    Chunk {
        offset,
        stream,
        bytes: bytes.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(limit: u64, pieces: &[&str]) -> Vec<(u64, String)> {
        let mut capture = Capture::new(limit);
        for piece in pieces {
            capture.push(Stream::Stdout, piece.as_bytes());
        }
        let chunks = capture.take();
        let text = |chunk: Chunk| (chunk.offset, String::from_utf8(chunk.bytes).unwrap());
        chunks.into_iter().map(text).collect()
    }

    #[test]
    fn what_fits_is_handed_over_whole_and_joined() {
        assert_eq!(kept(100, &["ab", "cd"]), [(0, "abcd".into())]);
    }

    #[test]
    fn beginning_and_end_of_too_much_are_kept() {
        let kept = kept(8, &["0123456789", "abcde"]);
        assert_eq!(kept, [(0, "0123".into()), (11, "bcde".into())]);
    }

    #[test]
    fn what_the_store_could_not_take_is_handed_over_again() {
        let mut capture = Capture::new(8);
        capture.push(Stream::Stdout, b"0123456");
        let chunks = capture.take();
        capture.push(Stream::Stdout, b"789abcdefg");
        capture.put_back(chunks);
        let text: Vec<_> = capture
            .take()
            .into_iter()
            .map(|chunk| chunk.bytes)
            .collect();
        assert_eq!(text, [b"0123".to_vec(), b"defg".to_vec()]);
    }

    #[test]
    fn streams_stay_apart_in_the_order_of_arrival() {
        let mut capture = Capture::new(100);
        capture.push(Stream::Stdout, b"a");
        capture.push(Stream::Stderr, b"b");
        capture.push(Stream::Stdout, b"c");
        let streams = capture.take().into_iter().map(|chunk| chunk.stream);
        assert_eq!(
            streams.collect::<Vec<_>>(),
            [Stream::Stdout, Stream::Stderr, Stream::Stdout]
        );
    }

    #[test]
    fn no_more_is_held_than_is_kept() {
        let mut capture = Capture::new(1 << 20);
        for _ in 0..1000 {
            capture.push(Stream::Stdout, &[b'x'; CHUNK]);
        }
        let held: usize = capture.tail.iter().map(|chunk| chunk.bytes.len()).sum();
        assert!(held <= (1 << 20) + CHUNK, "{held}");
        let total: usize = capture.take().iter().map(|chunk| chunk.bytes.len()).sum();
        assert_eq!(total, 1 << 20);
    }

    #[test]
    fn the_last_line_is_that_of_stderr() {
        let mut capture = Capture::new(0);
        assert_eq!(capture.last_line(), None);
        capture.push(Stream::Stderr, b"one\ntw");
        capture.push(Stream::Stdout, b"three\n");
        capture.push(Stream::Stderr, b"o\n");
        assert_eq!(capture.last_line().as_deref(), Some("two"));
    }
}
