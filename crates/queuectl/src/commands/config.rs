//! `queuectl config`: the settings of the store.

use queuectl_domain::{Key, Settings};

use super::boxed;
use crate::context::Context;
use crate::error::CliError;
use crate::views::{SettingChanged, SettingList, View};

const KEYS: &str = "\
Keys:
  max_retries   attempts of a job in all, 1 to 1000000
  backoff_base  wait base^n seconds after attempt n has failed, 1 to 100
  timeout       seconds an attempt may take, 0 for no limit
  priority      urgency, 1 to 10, 10 is most urgent
  max_backoff   longest wait before a retry, in seconds
  kill_grace    seconds between the polite signal and the end
  crash_limit   workers that may die of a job before it is dead
  output_limit  bytes kept of an attempt's output
  keep          seconds completed jobs are kept; `forever` is until you delete them
  lease         seconds until others run the jobs of a worker not heard of, 3 to 3600,
                if the store is on a server
  shell         bash, pwsh, a path...; `default` is /bin/sh, on Windows cmd

The first four and shell are defaults for new jobs; the rest applies to all jobs.";

const EXAMPLES: &str = "\
Examples:
  queuectl config get
  queuectl config set max_retries 5";

const GET_EXAMPLES: &str = "\
Examples:
  queuectl config get
  queuectl config get max_retries";

const SET_EXAMPLES: &str = "\
Examples:
  queuectl config set max_retries 5
  queuectl config set timeout 2.5
  queuectl config set shell bash";

/// What to do with the settings.
#[derive(clap::Subcommand)]
#[command(after_help = [EXAMPLES, KEYS].join("\n\n"))]
pub(crate) enum Command {
    /// Show one setting, or all with their defaults
    #[command(after_help = GET_EXAMPLES, after_long_help = [GET_EXAMPLES, KEYS].join("\n\n"))]
    Get {
        /// The setting's name
        key: Option<Key>,
    },
    /// Change one setting, for all workers and machines that use the store
    #[command(after_help = SET_EXAMPLES, after_long_help = [SET_EXAMPLES, KEYS].join("\n\n"))]
    Set {
        /// The setting's name
        key: Key,
        /// Its new value
        #[arg(allow_negative_numbers = true)]
        value: String,
    },
}

/// Does it.
pub(crate) fn run(cx: &Context<'_>, command: Command) -> Result<Box<dyn View>, CliError> {
    match command {
        Command::Get { key } => boxed(get(cx, key)),
        Command::Set { key, value } => boxed(set(cx, key, &value)),
    }
}

fn get(cx: &Context<'_>, key: Option<Key>) -> Result<SettingList, CliError> {
    let settings = cx.store_to_look_at()?.settings()?;
    Ok(SettingList { settings, key })
}

fn set(cx: &Context<'_>, key: Key, value: &str) -> Result<SettingChanged, CliError> {
    // A bad value is told before the store is touched.
    Settings::default().set(key, value).map_err(|error| {
        let hint = "see the settings and their defaults with `queuectl config get`";
        CliError::from(error).with_hint(hint)
    })?;
    let mut store = cx.store()?;
    store.set(key, value)?;
    let settings = store.settings()?;
    Ok(SettingChanged { key, settings })
}
