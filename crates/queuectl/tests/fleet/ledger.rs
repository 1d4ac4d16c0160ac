//! What jobs write down of themselves, on a disk that all hosts share: when they began, when they ended, and whether another
//! copy of the same job was at work.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The ledger: one file, to which each job appends.
pub(crate) struct Ledger {
    folder: PathBuf,
}

/// What is written of one job.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// How often it began, and where.
    pub(crate) begun: Vec<String>,
    /// How often it came to its end.
    pub(crate) ended: usize,
    /// How often it found another copy of itself at work.
    pub(crate) doubled: usize,
}

impl Ledger {
    /// An empty one in `folder`, which must not be hidden from any host.
    pub(crate) fn new(folder: &Path) -> Self {
        let folder = folder.join("ledger");
        std::fs::create_dir(&folder).expect("the folder can be made");
        Self { folder }
    }

    /// The command of job `name`, which takes so many seconds. It holds a lock for as long as any process of it lives; the
    /// kernel lets go of it however they end, so a second copy can't be mistaken.
    pub(crate) fn job(&self, name: &str, seconds: f64) -> String {
        self.job_doing(name, &format!("sleep {seconds}"))
    }

    /// The same, but its first run goes on for ever.
    pub(crate) fn job_that_hangs_once(&self, name: &str) -> String {
        let been = self.folder.join(name).with_extension("been");
        let been = been.display();
        self.job_doing(
            name,
            &format!("if ! [ -e {been} ]; then touch {been}; sleep 1000; fi"),
        )
    }

    fn job_doing(&self, name: &str, work: &str) -> String {
        let folder = self.folder.display();
        format!(
            "exec 9>>{folder}/{name}.lock; \
             if ! flock --nonblock 9; then echo \"doubled {name} $(hostname)\" >>{folder}/all; exit 1; fi; \
             echo \"begun {name} $(hostname)\" >>{folder}/all; \
             {work}; \
             echo \"ended {name} $(hostname)\" >>{folder}/all"
        )
    }

    /// What is written so far of one job.
    pub(crate) fn of(&self, job: &str) -> Written {
        self.read().remove(job).unwrap_or_default()
    }

    /// What is written so far, by job.
    pub(crate) fn read(&self) -> HashMap<String, Written> {
        let mut jobs = HashMap::<String, Written>::new();
        let lines = std::fs::read_to_string(self.folder.join("all")).unwrap_or_default();
        for line in lines.lines() {
            let words: Vec<_> = line.split(' ').collect();
            let &[what, job, host] = &words[..] else {
                panic!("this isn't a line of the ledger: {line}");
            };
            let written = jobs.entry(job.to_owned()).or_default();
            match what {
                "begun" => written.begun.push(host.to_owned()),
                "ended" => written.ended += 1,
                "doubled" => written.doubled += 1,
                other => panic!("the ledger knows no {other}"),
            }
        }
        jobs
    }
}
