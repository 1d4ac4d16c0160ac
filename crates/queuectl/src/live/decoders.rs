//! Decodes what running jobs print. The first half of a character waits for the second.

use std::collections::HashMap;

use queuectl_domain::{JobId, Stream};
use queuectl_worker::Decoder;

/// A decoder for each stream of each job that prints.
#[derive(Default)]
pub(crate) struct Decoders(HashMap<JobId, [Decoder; 2]>);

impl Decoders {
    /// Returns the text of what a job has printed, as far as its characters are complete.
    pub(crate) fn push(&mut self, job: &JobId, stream: Stream, bytes: &[u8]) -> String {
        let [stdout, stderr] = self.0.entry(job.clone()).or_default();
        match stream {
            Stream::Stdout => stdout.push(bytes),
            Stream::Stderr => stderr.push(bytes),
        }
    }

    /// Returns what is left of each stream, now that the job prints no more.
    pub(crate) fn end(&mut self, job: &JobId) -> Vec<(Stream, String)> {
        let decoders = self.0.remove(job).unwrap_or_default();
        let streams = [Stream::Stdout, Stream::Stderr].into_iter().zip(decoders);
        let kept = streams.map(|(stream, mut decoder)| (stream, decoder.end()));
        kept.filter(|(_, text)| !text.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_and_jobs_have_a_text_each() {
        let [one, other] = ["a", "b"].map(|id| id.parse::<JobId>().unwrap());
        let mut decoders = Decoders::default();
        assert_eq!(decoders.push(&one, Stream::Stdout, b"x\xe6\x97"), "x");
        assert_eq!(decoders.push(&one, Stream::Stderr, b"\xc3"), "");
        assert_eq!(decoders.push(&other, Stream::Stdout, b"y"), "y");
        // On Windows a line that isn't ASCII is read at its end.
        let shown = decoders.push(&one, Stream::Stdout, b"\xa5\n");
        assert_eq!(shown, "日\n");
        let [(stream, kept)] = &decoders.end(&one)[..] else {
            panic!("one stream has kept something");
        };
        assert_eq!((*stream, kept.chars().count()), (Stream::Stderr, 1));
        assert_eq!(decoders.end(&one), []);
        assert_eq!(decoders.end(&other), []);
    }
}
