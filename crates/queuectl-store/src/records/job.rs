//! A job as it is read, in every store. A statement names its columns in the order of [`KEPT`]; then, if it asks for the whole job, of
//! [`REST_OF_SPEC`].

use std::sync::Arc;

use queuectl_domain::{
    BackoffBase, Claim, Command, Event, Fence, InvalidValue, Job, Life, MaxRetries, NativeString,
    Policy, Priority, Rules, SortKey, Spec, State, Timeout, Timestamp, TransitionError, WorkerId,
};

use super::{Code, Columns, damaged, nobody_runs, parsed, split};
use crate::StoreError;

/// Number, life and rules.
#[cfg(test)]
pub(crate) const KEPT: &str = "seq state ready_at attempts crashes started_at finished_at exec_time exit_code \
                               fence worker last_error stop priority timeout max_retries backoff_base";

/// What follows them.
#[cfg(test)]
pub(crate) const REST_OF_SPEC: &str = "id created_at line shell argv cwd";

/// How far a job has come, and all that the lifecycle goes by. What it runs isn't in here: a command may be megabytes long.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// The store's own number of the job.
    pub(crate) number: i64,
    /// How far it has come.
    pub(crate) life: Life,
    /// How it is run.
    pub(crate) rules: Rules,
}

impl Kept {
    /// Reads one.
    pub(crate) fn read<'r, C: Columns<'r>>(row: &mut C) -> Result<Self, C::Error> {
        let number = row.integer()?;
        Ok(Self {
            number,
            life: life(row, number)?,
            rules: rules(row)?,
        })
    }

    /// Reads one, and what the job is.
    pub(crate) fn read_whole<'r, C: Columns<'r>>(row: &mut C) -> Result<(Self, Spec), C::Error> {
        let kept = Self::read(row)?;
        let spec = spec(row, kept.rules)?;
        Ok((kept, spec))
    }

    /// The job that is this and has come as far.
    pub(crate) fn into_job(self, spec: Spec) -> Job {
        Job {
            spec: Arc::new(spec),
            life: self.life,
        }
    }

    /// Its place among the waiting jobs.
    pub(crate) fn sort_key(&self) -> SortKey {
        self.life.sort_key(self.rules.priority)
    }

    /// What becomes of it when `event` happens at `now`, as the lifecycle decides.
    pub(crate) fn apply(
        &self,
        event: Event,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Life, TransitionError> {
        self.life.apply(&self.rules, event, policy, now)
    }

    /// What becomes of it when an event happens that must be able to, by what the store holds.
    pub(crate) fn must(
        &self,
        event: Event,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Life, StoreError> {
        let life = self.apply(event, policy, now);
        life.map_err(|error| damaged(format!("job number {} {error}", self.number)))
    }

    /// What becomes of it when the event happens that ends this claim; none if the claim is lost.
    pub(crate) fn if_held(
        &self,
        event: Event,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<Life>, StoreError> {
        match self.apply(event, policy, now) {
            Err(TransitionError::StaleFence) => Ok(None),
            life => life
                .map(Some)
                .map_err(|error| damaged(format!("job number {} {error}", self.number))),
        }
    }
}

fn life<'r, C: Columns<'r>>(row: &mut C, number: i64) -> Result<Life, C::Error> {
    let state = State::from_code(row.integer()?)?;
    let ready_at = row.timestamp()?;
    let attempts = row.unsigned()?;
    let crashes = row.unsigned()?;
    let started_at = row.optional_timestamp()?;
    let finished_at = row.optional_timestamp()?;
    let exec_time = row.optional_duration()?;
    let exit_code = row.optional_integer()?;
    let fence = row.optional_integer()?;
    let last_worker: Option<WorkerId> = row.optional_text()?.map(parsed).transpose()?;
    let last_error = row.optional_words()?;
    let stop = row.optional_words()?;
    let claim = match (state, fence, &last_worker) {
        (State::Processing, Some(fence), Some(worker)) => Some(Claim {
            worker: worker.clone(),
            fence: Fence(fence),
        }),
        (State::Processing, ..) => return Err(nobody_runs(number).into()),
        _ => None,
    };
    Ok(Life {
        state,
        attempts,
        crashes,
        ready_at,
        started_at,
        finished_at,
        exec_time,
        exit_code,
        last_error,
        last_worker,
        claim,
        stop,
    })
}

fn rules<'r, C: Columns<'r>>(row: &mut C) -> Result<Rules, C::Error> {
    let outside = |error: InvalidValue| damaged(error.to_string());
    Ok(Rules {
        priority: Priority::new(row.integer()?).map_err(outside)?,
        timeout: Timeout::from(row.duration()?),
        max_retries: MaxRetries::new(row.integer()?).map_err(outside)?,
        backoff_base: BackoffBase::new(row.integer()?).map_err(outside)?,
    })
}

/// Reads what a job is, but for its rules. The command is taken as it is: it was checked when it came in.
pub(crate) fn spec<'r, C: Columns<'r>>(row: &mut C, rules: Rules) -> Result<Spec, C::Error> {
    let id = parsed(row.text()?)?;
    let created_at = row.timestamp()?;
    let line = row.optional_text()?;
    let shell = row.optional_text()?.map(parsed).transpose()?;
    let argv = row.optional_bytes()?;
    let command = match (line, argv) {
        (Some(line), None) => Command::Line {
            line: line.to_owned(),
            shell,
        },
        (None, Some(argv)) => Command::Argv(split(argv)),
        _ => return Err(damaged("a job has no command, or two".into()).into()),
    };
    Ok(Spec {
        id,
        command,
        cwd: NativeString(row.bytes()?.to_vec()),
        rules,
        created_at,
    })
}
