//! What jobs print, line by line: a line that isn't complete yet is waited for.

use std::collections::HashMap;

use queuectl_domain::{JobId, Stream};

use crate::views::{style, visible};

/// A line that is longer is shown in pieces.
const LONGEST: usize = 8 * 1024;

/// The beginnings of lines that aren't complete yet.
pub(crate) struct Lines {
    named: bool,
    begun: HashMap<JobId, [String; 2]>,
}

impl Lines {
    /// No lines. `named` if each is to say which job it is of.
    pub(crate) fn new(named: bool) -> Self {
        let begun = HashMap::new();
        Self { named, begun }
    }

    /// Takes in what a job has printed, and returns what can be shown of it.
    pub(crate) fn push(&mut self, job: &JobId, stream: Stream, text: &str) -> String {
        let [stdout, stderr] = self.begun.entry(job.clone()).or_default();
        let line = match stream {
            Stream::Stdout => stdout,
            Stream::Stderr => stderr,
        };
        let mut complete = String::new();
        for piece in text.split_inclusive('\n') {
            line.push_str(piece);
            if piece.ends_with('\n') || line.len() > LONGEST {
                complete += &shown(self.named.then_some(job), stream, line);
                line.clear();
            }
        }
        complete
    }

    /// The job prints no more: returns what hasn't been shown.
    pub(crate) fn end(&mut self, job: &JobId) -> String {
        let [stdout, stderr] = self.begun.remove(job).unwrap_or_default();
        let job = self.named.then_some(job);
        let streams = [(Stream::Stdout, stdout), (Stream::Stderr, stderr)];
        let begun = streams.into_iter().filter(|(_, line)| !line.is_empty());
        begun
            .map(|(stream, line)| shown(job, stream, &line))
            .collect()
    }
}

fn shown(job: Option<&JobId>, stream: Stream, line: &str) -> String {
    let (mark, style) = match stream {
        Stream::Stdout => ('|', style::FAINT),
        Stream::Stderr => ('!', style::BAD),
    };
    let text = line.strip_suffix('\n').unwrap_or(line);
    let text = visible(text.strip_suffix('\r').unwrap_or(text));
    let name = match job {
        Some(job) => format!("{} ", visible(job.as_str())),
        None => String::new(),
    };
    format!("  {style}{name}{mark}{style:#} {text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn lines_are_shown_when_they_are_complete_and_move_no_cursor() {
        let job: JobId = "a".parse().unwrap();
        let mut lines = Lines::new(false);
        assert_eq!(lines.push(&job, Stream::Stdout, "on"), "");
        let text = lines.push(&job, Stream::Stdout, "e\r\ntwo\x1b[2J\nthr");
        assert_eq!(plain(&text), "  | one\n  | two\\x1b[2J\n");
        let text = lines.push(&job, Stream::Stderr, "oh\n");
        assert_eq!(plain(&text), "  ! oh\n");
        assert_eq!(plain(&lines.end(&job)), "  | thr\n");
        assert_eq!(lines.end(&job), "");
    }

    #[test]
    fn where_jobs_run_side_by_side_each_line_names_its_own() {
        let job: JobId = "a".parse().unwrap();
        let text = Lines::new(true).push(&job, Stream::Stdout, "x\n");
        assert_eq!(plain(&text), "  a | x\n");
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let job: JobId = "a".parse().unwrap();
        let mut lines = Lines::new(false);
        let text = lines.push(&job, Stream::Stdout, &"x".repeat(LONGEST + 1));
        assert!(text.len() > LONGEST);
        assert_eq!(lines.end(&job), "");
    }
}
