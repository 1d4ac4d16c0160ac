//! `queuectl import-legacy`: move over from the Python program.

use std::path::{Path, PathBuf};
use std::time::Duration;

use queuectl_domain::{History, JobId, Key, NativeString, Settings, State, Timestamp};
use queuectl_store::{
    Counts, Existing, Legacy, LegacyError, LegacyJob, Store, StoreError, Untaken,
};
use serde_json::json;

use super::Folders;
use crate::context::Context;
use crate::error::CliError;
use crate::missing;
use crate::progress::Progress;
use crate::views::{Imported, jobs as so_many_jobs};

const EXAMPLES: &str = "\
Examples:
  queuectl import-legacy --dry-run old.db
  queuectl import-legacy old.db --cwd C:\\Jobs
  queuectl import-legacy old.db --skip-existing --skip-invalid

Stop the workers of the Python program first. Its database lies where this program has its store, so move it
away (from ~/.queuectl/data/queuectl.db, and what lies beside it), then import it from there.";

/// How long a program may keep the file locked.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many jobs are added in one transaction, and how much they may have printed by then.
const MOST_JOBS: usize = 10_000;
const MOST_BYTES: usize = 16 << 20;

/// How many jobs that can't be taken are named.
const SOME: usize = 3;

/// Take over the jobs of the Python program from its database
///
/// Jobs come with their states, their last attempt and what it printed; what was being processed is
/// pending. Settings come too, unless they have been changed here. The file is only read.
///
/// All jobs are checked before the first is added. Up to 10,000 are added at once, all or none; if a
/// larger import is cut short, what was added stays, and --skip-existing goes on with the rest.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The Python program's database
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,

    /// Pass over jobs whose id exists, so that it can be done again
    #[arg(long)]
    skip_existing: bool,

    /// Pass over jobs that can't be taken, such as those without a command
    #[arg(long)]
    skip_invalid: bool,

    /// Run the jobs in this directory [default: the current one]
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
}

/// Takes them over.
pub(crate) fn run(cx: &Context<'_>, args: &Args) -> Result<Imported, CliError> {
    let old = Old {
        file: &args.file,
        legacy: Legacy::open(&args.file, PATIENCE)
            .map_err(|error| cannot_read(&args.file, &error))?,
        cwd: Folders::of(&cx.location()?).resolve(args.cwd.as_deref())?,
    };
    let mut store = if args.dry_run {
        store_if_there(cx)?
    } else {
        Some(cx.store()?)
    };
    let now = match &mut store {
        Some(store) => store.now()?,
        None => queuectl_store::Clock::now(&queuectl_store::SystemClock),
    };
    let mut plan = old.check(now, &mut store)?;
    plan.refuse(args)?;
    let here = match &mut store {
        Some(store) => store.settings()?,
        None => Settings::default(),
    };
    let there = old.legacy.settings();
    let there = there.map_err(|error| cannot_read(&args.file, &error))?;
    plan.settle(&here, there);
    if let Some(mut store) = store.filter(|_| !args.dry_run) {
        let existing = if args.skip_existing {
            Existing::Skipped
        } else {
            Existing::Refused
        };
        let progress = Progress::new(cx.console, "importing", Some(plan.jobs));
        old.add(now, &mut *store, existing, &progress)?;
        for (key, value) in &plan.settings {
            store.set(*key, value)?;
        }
    }
    Ok(plan.into_view(args))
}

/// The store; none in a dry run if it doesn't exist, since a dry run doesn't create it.
fn store_if_there(cx: &Context<'_>) -> Result<Option<Box<dyn Store>>, CliError> {
    match missing::open_existing(&cx.location()?) {
        Err(StoreError::Missing(_)) => Ok(None),
        opened => Ok(Some(opened?)),
    }
}

/// The database, and what is said of all its jobs.
struct Old<'a> {
    file: &'a Path,
    legacy: Legacy,
    cwd: NativeString,
}

/// What is to be done.
#[derive(Default)]
struct Plan {
    /// How many jobs are to be added.
    jobs: u64,
    /// How many are in which state there.
    states: Counts,
    taken: Vec<JobId>,
    untaken: Vec<Untaken>,
    changed: Vec<(JobId, Vec<String>)>,
    settings: Vec<(Key, String)>,
    /// Settings that were changed here, with their values here and there.
    kept: Vec<(Key, String, String)>,
}

impl Old<'_> {
    /// Looks at every job, and changes nothing.
    fn check(&self, now: Timestamp, store: &mut Option<Box<dyn Store>>) -> Result<Plan, CliError> {
        let mut plan = Plan::default();
        let mut ids = Vec::new();
        self.each(now, |job| {
            match job {
                Ok(LegacyJob { history, changes }) => {
                    let job = history.job;
                    plan.jobs += 1;
                    *plan.states.of_mut(job.life.state) += 1;
                    if !changes.is_empty() {
                        plan.changed.push((job.spec.id.clone(), changes));
                    }
                    ids.push((job.spec.id.clone(), job.life.state));
                }
                Err(untaken) => plan.untaken.push(untaken),
            }
            Ok(())
        })?;
        let Some(store) = store else {
            return Ok(plan);
        };
        for some in ids.chunks(MOST_JOBS) {
            let names: Vec<JobId> = some.iter().map(|(id, _)| id.clone()).collect();
            let taken = store.taken(&names)?;
            let mut next = taken.iter().peekable();
            for (id, state) in some {
                if next.next_if(|taken| *taken == id).is_some() {
                    plan.jobs -= 1;
                    *plan.states.of_mut(*state) -= 1;
                }
            }
            plan.taken.extend(taken);
        }
        Ok(plan)
    }

    /// Adds all that can be taken and aren't there.
    fn add(
        &self,
        now: Timestamp,
        store: &mut dyn Store,
        existing: Existing,
        progress: &Progress,
    ) -> Result<(), CliError> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut added = 0;
        let mut put = |batch: &mut Vec<History>| -> Result<(), CliError> {
            let put = store.import(std::mem::take(batch), existing);
            added += put.map_err(|error| cut_short(error, added))?.ids.len() as u64;
            progress.at(added, added);
            Ok(())
        };
        self.each(now, |job| {
            let Ok(LegacyJob { history, .. }) = job else {
                return Ok(());
            };
            let printed = history.runs.iter().flat_map(|run| &run.output);
            bytes += printed.map(|chunk| chunk.bytes.len()).sum::<usize>();
            bytes += history.job.spec.command.to_text().len();
            batch.push(history);
            if batch.len() >= MOST_JOBS || bytes >= MOST_BYTES {
                bytes = 0;
                put(&mut batch)?;
            }
            Ok(())
        })?;
        put(&mut batch)
    }

    fn each(
        &self,
        now: Timestamp,
        mut take: impl FnMut(Result<LegacyJob, Untaken>) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let each = self
            .legacy
            .each(now, &self.cwd, |job| take(job).map_err(Stop::Here));
        each.map_err(|stop| match stop {
            Stop::Here(error) => error,
            Stop::File(error) => cannot_read(self.file, &error),
        })
    }
}

/// Why the jobs weren't looked at to the end.
enum Stop {
    Here(CliError),
    File(LegacyError),
}

impl From<LegacyError> for Stop {
    fn from(error: LegacyError) -> Self {
        Self::File(error)
    }
}

impl Plan {
    /// Nothing is done if something stands against it that wasn't said to be passed over.
    fn refuse(&self, args: &Args) -> Result<(), CliError> {
        if let (Some(first), false) = (self.untaken.first(), args.skip_invalid) {
            let others = match self.untaken.len() - 1 {
                0 => String::new(),
                others => format!(" (and {} more)", so_many_jobs(others as u64)),
            };
            return Err(CliError::usage(
                format!(
                    "job '{}' can't be taken: {}{others}",
                    first.id, first.reason
                ),
                "pass over such jobs with --skip-invalid; nothing was imported",
            ));
        }
        match self.taken.first() {
            Some(first) if !args.skip_existing => Err(CliError::from(StoreError::JobExists(
                first.clone(),
            ))
            .with_hint("pass over jobs that exist with --skip-existing; nothing was imported")),
            _ => Ok(()),
        }
    }

    /// Takes the settings that differ, but for those that somebody has changed here.
    fn settle(&mut self, here: &Settings, there: Vec<(Key, String)>) {
        let built_in = Settings::default();
        for (key, there) in there {
            let here = here.get(key);
            if here == there {
                continue;
            }
            if here == built_in.get(key) {
                self.settings.push((key, there));
            } else {
                self.kept.push((key, here, there));
            }
        }
    }

    fn into_view(self, args: &Args) -> Imported {
        let file = args.file.display();
        let jobs = so_many_jobs(self.jobs);
        let mut lines = vec![if args.dry_run {
            format!("Would import {jobs} from {file}{}", in_states(&self.states))
        } else {
            format!("Imported {jobs} from {file}{}", in_states(&self.states))
        }];
        let was = self.states.of(State::Processing);
        if was > 0 {
            let jobs = so_many_jobs(was);
            lines.push(format!("Pending here, was being processed there: {jobs}"));
        }
        if !self.taken.is_empty() {
            let taken = so_many_jobs(self.taken.len() as u64);
            lines.push(format!("Passed over, since their ids exist: {taken}"));
        }
        for (key, value) in &self.settings {
            let set = if args.dry_run { "Would set" } else { "Set" };
            lines.push(format!("{set} {key} to {value}"));
        }
        for (key, here, there) in &self.kept {
            lines.push(format!("Left {key} at {here}, there it was {there}"));
        }
        let mut notes = Vec::new();
        for untaken in &self.untaken {
            notes.push(format!(
                "job '{}' isn't taken: {}",
                untaken.id, untaken.reason
            ));
        }
        for (id, changes) in &self.changed {
            notes.push(format!("job '{id}': {}", changes.join(", ")));
        }
        let more = notes.len().saturating_sub(SOME);
        if more > 0 && !args.dry_run {
            notes.truncate(SOME);
            notes.push(format!("{more} more such notes: see --dry-run or --json"));
        }
        let states =
            State::ALL.map(|state| (state.as_str().to_owned(), self.states.of(state).into()));
        let facts = json!({
            "jobs": self.jobs,
            "states": serde_json::Map::from_iter(states),
            "skipped": self.taken.iter().map(JobId::as_str).collect::<Vec<_>>(),
            "invalid": self.untaken.iter().map(|untaken| json!({ "id": untaken.id, "reason": untaken.reason }))
                .collect::<Vec<_>>(),
            "changed": self.changed.iter().map(|(id, changes)| json!({ "id": id.as_str(), "changes": changes }))
                .collect::<Vec<_>>(),
            "settings": serde_json::Map::from_iter(
                self.settings.iter().map(|(key, value)| (key.to_string(), value.clone().into()))
            ),
            "dry_run": args.dry_run,
        });
        Imported::new(lines, notes, facts)
    }
}

/// `: 3 pending, 1 dead`, by the states that they had there.
fn in_states(states: &Counts) -> String {
    let there = State::ALL.into_iter().filter(|state| states.of(*state) > 0);
    let counts: Vec<_> = there
        .map(|state| format!("{} {state}", states.of(state)))
        .collect();
    if counts.is_empty() {
        return String::new();
    }
    format!(": {}", counts.join(", "))
}

fn cut_short(error: StoreError, added: u64) -> CliError {
    let error = CliError::from(error);
    if added == 0 {
        return error;
    }
    let added = so_many_jobs(added);
    CliError {
        message: format!("{}; {added} have been imported", error.message),
        ..error
    }
    .with_hint("see to that, then go on with --skip-existing")
}

fn cannot_read(file: &Path, error: &LegacyError) -> CliError {
    let hint = match error {
        LegacyError::Open(_) => "give the path of the database of the Python program",
        LegacyError::Other(_) => {
            "give the database of the Python program, as it was in ~/.queuectl/data/queuectl.db"
        }
        LegacyError::Ours => "use it with --db; there is nothing to import",
        LegacyError::Locked => "stop the Python program and its workers, then try again",
        LegacyError::Damaged(_) => "save what can be read with `sqlite3 FILE .recover`",
        LegacyError::Failed(_) => {
            "copy it to a folder that you may write to, with what lies beside it; then import the copy"
        }
    };
    CliError {
        kind: error.kind(),
        message: format!("can't import `{}`: {error}", file.display()),
        hint: Some(hint.to_owned()),
    }
}
