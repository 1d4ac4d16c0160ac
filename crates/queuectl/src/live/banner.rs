//! The frames in which a foreground worker tells what happens.

use anstyle::Style;
use queuectl_domain::WorkerId;

use crate::views::visible;

/// How wide a banner is.
const WIDTH: usize = 70;
/// Values start in this column at least.
const INDENT: usize = 11;

/// A title and fields between two rules.
pub(crate) struct Banner {
    title: String,
    fields: Vec<(&'static str, String)>,
}

impl Banner {
    /// A banner of `worker` without fields.
    pub(crate) fn new(worker: &WorkerId, title: &str, style: Style) -> Self {
        Self {
            title: format!("[{worker}] {style}{title}{style:#}"),
            fields: Vec::new(),
        }
    }

    /// With one more field.
    pub(crate) fn field(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, visible(value).into_owned()));
        self
    }

    /// The banner and an empty line.
    pub(crate) fn to_text(&self) -> String {
        let rule = "=".repeat(WIDTH);
        let names = self.fields.iter().map(|(name, _)| name.len() + 2);
        let width = names.max().unwrap_or(0).max(INDENT);
        let mut text = format!("{rule}\n{}\n", self.title);
        for (name, value) in &self.fields {
            let name = format!("{name}:");
            text += &format!("  {name:width$}{value}\n");
        }
        text + &rule + "\n\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::style;

    fn told(fields: &[(&'static str, &str)]) -> String {
        let worker = "worker-abc123".parse().unwrap();
        let banner = Banner::new(&worker, "JOB STARTED", style::PLAIN);
        let banner = fields
            .iter()
            .fold(banner, |banner, (name, value)| banner.field(name, value));
        banner.to_text()
    }

    #[test]
    fn values_stand_below_each_other_where_they_always_have() {
        insta::assert_snapshot!(told(&[("Job ID", "job1"), ("Command", "echo\nHello")]), @"
        ======================================================================
        [worker-abc123] JOB STARTED
          Job ID:    job1
          Command:   echo↵Hello
        ======================================================================
        ");
        insta::assert_snapshot!(told(&[("Job ID", "job1"), ("Execution Time", "0.234s")]), @"
        ======================================================================
        [worker-abc123] JOB STARTED
          Job ID:         job1
          Execution Time: 0.234s
        ======================================================================
        ");
    }
}
