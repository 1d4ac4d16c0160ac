//! What was looked at, and what was found: a line for each, and two for each finding.

use queuectl_store::ErrorKind;
use queuectl_worker::{Diagnosis, Examined, Outcome, Subject};
use serde::Serialize;

use super::{Human, Page, style, visible};

/// What was looked at, and what was found.
pub(crate) struct Checkup {
    examined: Vec<Examined>,
    store: String,
    none: bool,
    verdict: Option<ErrorKind>,
}

#[derive(Serialize)]
struct Record<'a> {
    ok: bool,
    store: &'a str,
    checks: Vec<CheckRecord<'a>>,
}

#[derive(Serialize)]
struct CheckRecord<'a> {
    check: &'static str,
    ok: bool,
    findings: Vec<FindingRecord<'a>>,
}

#[derive(Serialize)]
struct FindingRecord<'a> {
    what: &'a str,
    remedy: &'a str,
    state: &'static str,
    trouble: Option<&'a str>,
}

impl Checkup {
    /// What was looked at before the store was opened.
    pub(crate) fn new(before: Vec<Examined>, store: String) -> Self {
        let mut checkup = Self {
            examined: Vec::new(),
            store,
            none: false,
            verdict: None,
        };
        for examined in before {
            checkup.add(examined, ErrorKind::Conflict);
        }
        checkup
    }

    /// Something more was looked at. What is found there and not mended is bad news of this kind.
    pub(crate) fn add(&mut self, examined: Examined, kind: ErrorKind) {
        if !is_well(&examined) {
            self.verdict = Some(self.verdict.map_or(kind, |worst| worse(worst, kind)));
        }
        self.examined.push(examined);
    }

    /// There is no store to be looked at.
    pub(crate) fn there_is_none(&mut self) {
        self.none = true;
    }

    /// Whether that was looked at.
    pub(crate) fn has(&self, subject: Subject) -> bool {
        self.examined.iter().any(|one| one.subject == subject)
    }
}

fn is_well(examined: &Examined) -> bool {
    examined.findings.iter().all(Diagnosis::is_mended)
}

/// Damage is worse than a store that can't be had, and that is worse than the rest.
fn worse(a: ErrorKind, b: ErrorKind) -> ErrorKind {
    let rank = |kind| match kind {
        ErrorKind::Corrupt => 2,
        ErrorKind::Unavailable => 1,
        _ => 0,
    };
    if rank(a) >= rank(b) { a } else { b }
}

fn state(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Mendable => "mendable",
        Outcome::Mended => "mended",
        Outcome::Left => "left",
        Outcome::Failed(_) => "failed",
    }
}

fn record(finding: &Diagnosis) -> FindingRecord<'_> {
    FindingRecord {
        what: &finding.what,
        remedy: &finding.remedy,
        state: state(&finding.outcome),
        trouble: match &finding.outcome {
            Outcome::Failed(trouble) => Some(trouble),
            _ => None,
        },
    }
}

impl Serialize for Checkup {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let checks = self.examined.iter().map(|examined| CheckRecord {
            check: examined.subject.as_str(),
            ok: is_well(examined),
            findings: examined.findings.iter().map(record).collect(),
        });
        Record {
            ok: self.verdict.is_none(),
            store: &self.store,
            checks: checks.collect(),
        }
        .serialize(serializer)
    }
}

impl Human for Checkup {
    fn human(&self, page: &mut Page) {
        for examined in &self.examined {
            let name = examined.subject.as_str();
            if examined.findings.is_empty() {
                if !page.is_quiet() {
                    row(page, "ok", style::GOOD, name, examined.subject.if_well());
                }
                continue;
            }
            for finding in &examined.findings {
                let (word, style) = if finding.is_mended() {
                    ("mended", style::GOOD)
                } else {
                    ("finding", style::BAD)
                };
                row(page, word, style, name, &finding.what);
                if let Some(advice) = advice(finding) {
                    row(page, "", style::PLAIN, "", &advice);
                }
            }
        }
        if self.none && !page.is_quiet() {
            let none = format!("there is none yet at {}", self.store);
            row(page, "ok", style::GOOD, Subject::Store.as_str(), &none);
        }
    }

    fn verdict(&self) -> Option<ErrorKind> {
        self.verdict
    }
}

fn row(page: &mut Page, word: &str, style: anstyle::Style, name: &str, text: &str) {
    let gap = 9_usize.saturating_sub(word.len());
    let line = format!(
        "{style}{word}{style:#}{:gap$}{name:<13}{}",
        "",
        visible(text)
    );
    page.line(&line);
}

/// What to do about it.
fn advice(finding: &Diagnosis) -> Option<String> {
    let remedy = &finding.remedy;
    match &finding.outcome {
        Outcome::Mendable => Some(format!("`queuectl doctor --fix` {remedy}")),
        Outcome::Mended => None,
        Outcome::Left => Some(format!("do: {remedy}")),
        Outcome::Failed(trouble) => Some(format!("`--fix` {remedy}, but: {trouble}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(subject: Subject, outcome: Outcome) -> Examined {
        let finding = Diagnosis {
            what: "something is odd\x1b[2J".into(),
            remedy: "puts it right".into(),
            outcome,
        };
        Examined {
            subject,
            findings: vec![finding],
        }
    }

    fn sample() -> Checkup {
        let well = Examined {
            subject: Subject::Permissions,
            findings: Vec::new(),
        };
        let mut checkup = Checkup::new(vec![well], "/q.db".into());
        checkup.add(
            found(Subject::Counters, Outcome::Mendable),
            ErrorKind::Corrupt,
        );
        checkup.add(found(Subject::Clock, Outcome::Left), ErrorKind::Conflict);
        checkup.add(
            found(Subject::Workers, Outcome::Mended),
            ErrorKind::Conflict,
        );
        let failed = Outcome::Failed("no leave".into());
        checkup.add(found(Subject::Files, failed), ErrorKind::Conflict);
        checkup
    }

    fn text(checkup: &Checkup, quiet: bool) -> String {
        let mut page = Page::new(quiet);
        checkup.human(&mut page);
        anstream::adapter::strip_str(&page.into_text()).to_string()
    }

    #[test]
    fn people_see_a_line_for_each_check_and_what_to_do() {
        insta::assert_snapshot!(text(&sample(), false), @r"
        ok       permissions  nobody else may read or change the files
        finding  counters     something is odd\x1b[2J
                              `queuectl doctor --fix` puts it right
        finding  clock        something is odd\x1b[2J
                              do: puts it right
        mended   workers      something is odd\x1b[2J
        finding  files        something is odd\x1b[2J
                              `--fix` puts it right, but: no leave
        ");
    }

    #[test]
    fn the_quiet_see_findings_only() {
        assert!(!text(&sample(), true).contains("ok "));
        assert!(text(&sample(), true).contains("counters"));
    }

    #[test]
    fn the_worst_that_was_not_mended_decides() {
        assert_eq!(sample().verdict(), Some(ErrorKind::Corrupt));
        let mended = found(Subject::Counters, Outcome::Mended);
        let mut checkup = Checkup::new(Vec::new(), "/q.db".into());
        checkup.add(mended, ErrorKind::Corrupt);
        assert_eq!(checkup.verdict(), None);
        checkup.add(
            found(Subject::Files, Outcome::Mendable),
            ErrorKind::Conflict,
        );
        assert_eq!(checkup.verdict(), Some(ErrorKind::Conflict));
        checkup.add(found(Subject::Store, Outcome::Left), ErrorKind::Unavailable);
        assert_eq!(checkup.verdict(), Some(ErrorKind::Unavailable));
    }

    #[test]
    fn programs_see_the_same() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&sample()).unwrap(), @r#"
        {
          "ok": false,
          "store": "/q.db",
          "checks": [
            {
              "check": "permissions",
              "ok": true,
              "findings": []
            },
            {
              "check": "counters",
              "ok": false,
              "findings": [
                {
                  "what": "something is odd\u001b[2J",
                  "remedy": "puts it right",
                  "state": "mendable",
                  "trouble": null
                }
              ]
            },
            {
              "check": "clock",
              "ok": false,
              "findings": [
                {
                  "what": "something is odd\u001b[2J",
                  "remedy": "puts it right",
                  "state": "left",
                  "trouble": null
                }
              ]
            },
            {
              "check": "workers",
              "ok": true,
              "findings": [
                {
                  "what": "something is odd\u001b[2J",
                  "remedy": "puts it right",
                  "state": "mended",
                  "trouble": null
                }
              ]
            },
            {
              "check": "files",
              "ok": false,
              "findings": [
                {
                  "what": "something is odd\u001b[2J",
                  "remedy": "puts it right",
                  "state": "failed",
                  "trouble": "no leave"
                }
              ]
            }
          ]
        }
        "#);
    }
}
