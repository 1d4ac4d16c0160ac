//! What a store's users agree on: the defaults for new jobs, and the rules for all.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{
    BackoffBase, InvalidValue, MaxRetries, Priority, Rules, ShellName, Timeout, parse_seconds,
    seconds_text,
};

/// The settings of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The rules of a job that was enqueued without its own.
    pub rules: Rules,
    /// The shell of a job that was enqueued without its own; none for the system's.
    pub shell: Option<ShellName>,
    /// What the lifecycle goes by.
    pub policy: Policy,
    /// How long a process has, between the polite signal and the end.
    pub kill_grace: Duration,
    /// How many bytes of an attempt's output are kept.
    pub output_limit: u64,
    /// How long completed jobs are kept; none for ever.
    pub keep: Option<Duration>,
    /// How long a worker that isn't heard of keeps what it holds, in a store on a server.
    pub lease: Duration,
}

/// The rules that the lifecycle goes by for all jobs of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The longest delay before a retry.
    pub max_backoff: Duration,
    /// How many workers may die of a job before it is dead.
    pub crash_limit: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_backoff: Duration::from_secs(3600),
            crash_limit: 3,
        }
    }
}

/// The name of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// `max_retries`
    MaxRetries,
    /// `backoff_base`
    BackoffBase,
    /// `timeout`
    Timeout,
    /// `priority`
    Priority,
    /// `max_backoff`
    MaxBackoff,
    /// `kill_grace`
    KillGrace,
    /// `crash_limit`
    CrashLimit,
    /// `output_limit`
    OutputLimit,
    /// `keep`
    Keep,
    /// `lease`
    Lease,
    /// `shell`
    Shell,
}

impl Key {
    /// All keys, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::MaxRetries,
        Self::BackoffBase,
        Self::Timeout,
        Self::Priority,
        Self::MaxBackoff,
        Self::KillGrace,
        Self::CrashLimit,
        Self::OutputLimit,
        Self::Keep,
        Self::Lease,
        Self::Shell,
    ];

    /// The key's name, in stores and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MaxRetries => "max_retries",
            Self::BackoffBase => "backoff_base",
            Self::Timeout => "timeout",
            Self::Priority => "priority",
            Self::MaxBackoff => "max_backoff",
            Self::KillGrace => "kill_grace",
            Self::CrashLimit => "crash_limit",
            Self::OutputLimit => "output_limit",
            Self::Keep => "keep",
            Self::Lease => "lease",
            Self::Shell => "shell",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Key {
    type Err = InvalidValue;

    /// Names may be written with `-` as well.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let name = text.replace('-', "_");
        let found = Self::ALL.into_iter().find(|key| key.as_str() == name);
        found.ok_or_else(|| {
            InvalidValue(format!(
                "no setting is named `{}`; there are {}",
                text.escape_debug(),
                Self::ALL.map(Self::as_str).join(", ")
            ))
        })
    }
}

impl Default for Settings {
    fn default() -> Self {
        let built_in = "the built-in rules are in range";
        Self {
            rules: Rules {
                timeout: Timeout::from(Duration::from_secs(20)),
                max_retries: MaxRetries::new(3).expect(built_in),
                backoff_base: BackoffBase::new(2).expect(built_in),
                priority: Priority::new(5).expect(built_in),
            },
            shell: None,
            policy: Policy::default(),
            kill_grace: Duration::from_secs(5),
            output_limit: 1024 * 1024,
            keep: None,
            lease: Duration::from_secs(15),
        }
    }
}

impl Settings {
    /// The value of `key` as text; `default` stands for the system's own shell, `forever` for no end.
    pub fn get(&self, key: Key) -> String {
        match key {
            Key::MaxRetries => self.rules.max_retries.to_string(),
            Key::BackoffBase => self.rules.backoff_base.to_string(),
            Key::Timeout => self.rules.timeout.to_string(),
            Key::Priority => self.rules.priority.to_string(),
            Key::MaxBackoff => seconds_text(self.policy.max_backoff),
            Key::KillGrace => seconds_text(self.kill_grace),
            Key::CrashLimit => self.policy.crash_limit.to_string(),
            Key::OutputLimit => self.output_limit.to_string(),
            Key::Keep => self.keep.map_or_else(|| FOREVER.to_owned(), seconds_text),
            Key::Lease => seconds_text(self.lease),
            Key::Shell => {
                let shell = self.shell.as_ref();
                shell.map_or("default", ShellName::as_str).to_owned()
            }
        }
    }

    /// Sets `key` to what `text` says.
    ///
    /// # Errors
    ///
    /// Says what is allowed if `text` isn't; nothing is changed then.
    pub fn set(&mut self, key: Key, text: &str) -> Result<(), InvalidValue> {
        match key {
            Key::MaxRetries => self.rules.max_retries = text.parse()?,
            Key::BackoffBase => self.rules.backoff_base = text.parse()?,
            Key::Timeout => self.rules.timeout = text.parse()?,
            Key::Priority => self.rules.priority = text.parse()?,
            Key::MaxBackoff => self.policy.max_backoff = parse_seconds("max_backoff", text)?,
            Key::KillGrace => self.kill_grace = parse_seconds("kill_grace", text)?,
            Key::CrashLimit => {
                self.policy.crash_limit = whole_number(key, text, 1, 1_000_000)? as u32;
            }
            Key::OutputLimit => self.output_limit = whole_number(key, text, 0, 1 << 30)?,
            Key::Keep => self.keep = keep(text)?,
            Key::Lease => self.lease = lease(text)?,
            Key::Shell => {
                let shell: ShellName = text.parse()?;
                self.shell = Some(shell).filter(|shell| !shell.is_default());
            }
        }
        Ok(())
    }
}

/// What is kept until somebody deletes it.
const FOREVER: &str = "forever";

fn keep(text: &str) -> Result<Option<Duration>, InvalidValue> {
    if text.trim() == FOREVER {
        return Ok(None);
    }
    let length = parse_seconds("keep", text);
    length.map(Some).map_err(|InvalidValue(said)| {
        let must_be = format!("must be `{FOREVER}` or ");
        InvalidValue(said.replacen("must be ", &must_be, 1))
    })
}

/// A lease that leaves time to renew it, and to end what runs before it is over.
fn lease(text: &str) -> Result<Duration, InvalidValue> {
    const LEAST: Duration = Duration::from_secs(3);
    const MOST: Duration = Duration::from_secs(3600);
    let length = parse_seconds("lease", text).ok();
    length
        .filter(|length| (LEAST..=MOST).contains(length))
        .ok_or_else(|| {
            InvalidValue(format!(
                "lease must be a number of seconds from 3 to 3600, not `{}`",
                text.escape_debug()
            ))
        })
}

fn whole_number(key: Key, text: &str, least: u64, most: u64) -> Result<u64, InvalidValue> {
    let number = text.trim().parse().ok();
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| {
            InvalidValue(format!(
                "{key} must be a whole number from {least} to {most}, not `{}`",
                text.escape_debug()
            ))
        })
}
