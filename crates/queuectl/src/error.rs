//! An error as the user sees it: what is wrong, and what to do now.

use std::collections::BTreeMap;
use std::process::ExitCode;

use queuectl_domain::{InvalidValue, JobId, State, TransitionError, Verb};
use queuectl_store::{ErrorKind, ServerTrouble, StoreError};
use serde::Serialize;

use crate::views::{harmless_json, shell_word, shortened, style, visible};

/// An error as the user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CliError {
    /// What kind it is; decides the exit code.
    pub(crate) kind: ErrorKind,
    /// What is wrong, in lower case.
    pub(crate) message: String,
    /// What to do now.
    pub(crate) hint: Option<String>,
}

#[derive(Serialize)]
struct ErrorRecord<'a> {
    kind: &'static str,
    message: &'a str,
    hint: Option<&'a str>,
}

impl CliError {
    fn new(kind: ErrorKind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: Some(hint.into()).filter(|hint| !hint.is_empty()),
        }
    }

    /// What was asked for makes no sense.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message, hint)
    }

    /// What is there stands against it.
    pub(crate) fn conflict(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message, hint)
    }

    /// What is needed can't be had just now.
    pub(crate) fn unavailable(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message, hint)
    }

    /// The system refuses what a command needs besides the store: a file, a thread, a process.
    pub(crate) fn system(what: &str, reason: &std::io::Error) -> Self {
        let error = Self::internal(format!("{what}: {reason}"));
        if queuectl_worker::is_out_of_room(reason) {
            let hint = "run less at once, such as with a smaller --concurrency, or raise the limits (`ulimit -a`)";
            return error.with_hint(hint);
        }
        error.with_hint("check the data folder and the limits of your account")
    }

    /// The failure of another queuectl process, of the kind that its exit code names, if it had one.
    pub(crate) fn of_process(
        code: Option<i32>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let kind = code.and_then(kind_of).unwrap_or(ErrorKind::Internal);
        Self::new(kind, message, hint)
    }

    /// Something that should not happen.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        let hint = "run it again with -v, and report it with what you see";
        Self::new(ErrorKind::Internal, message, hint)
    }

    /// The command has done its work, but can't print its answer.
    pub(crate) fn cannot_print(reason: &std::io::Error) -> Self {
        let message =
            format!("the command has done its work, but can't print its answer: {reason}");
        Self::new(ErrorKind::Internal, message, "look where stdout leads to")
    }

    /// The same error with something else to do.
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// The exit code for it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        exit_code(self.kind)
    }

    /// Two lines at most, for people.
    pub(crate) fn to_text(&self) -> String {
        let (error, hint) = (style::ERROR, style::HINT);
        let message = shortened(&self.message);
        let mut text = format!("{error}error:{error:#} {}\n", visible(&message));
        if let Some(advice) = &self.hint {
            let advice = shortened(advice);
            text += &format!("{hint}hint:{hint:#} {}\n", visible(&advice));
        }
        text
    }

    /// One line, for machines.
    pub(crate) fn to_json(&self) -> String {
        let kind = match self.kind {
            ErrorKind::Internal => "internal",
            ErrorKind::Usage => "usage",
            ErrorKind::NotFound => "not_found",
            ErrorKind::Conflict => "conflict",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::Corrupt => "corrupt",
        };
        let error = ErrorRecord {
            kind,
            message: &self.message,
            hint: self.hint.as_deref(),
        };
        // Texts and a map of one key: this can't fail.
        serde_json::to_string(&BTreeMap::from([("error", error)]))
            .map(harmless_json)
            .unwrap_or_default()
    }
}

/// The exit code that tells a kind of error, or of findings.
pub(crate) fn exit_code(kind: ErrorKind) -> ExitCode {
    ExitCode::from(match kind {
        ErrorKind::Internal => 1,
        ErrorKind::Usage => 2,
        ErrorKind::NotFound => 3,
        ErrorKind::Conflict => 4,
        ErrorKind::Unavailable => 5,
        ErrorKind::Corrupt => 6,
    })
}

/// The kind of error for which queuectl ends with this exit code.
fn kind_of(code: i32) -> Option<ErrorKind> {
    Some(match code {
        2 => ErrorKind::Usage,
        3 => ErrorKind::NotFound,
        4 => ErrorKind::Conflict,
        5 => ErrorKind::Unavailable,
        6 => ErrorKind::Corrupt,
        _ => return None,
    })
}

impl From<InvalidValue> for CliError {
    fn from(error: InvalidValue) -> Self {
        Self {
            kind: ErrorKind::Usage,
            message: error.to_string(),
            hint: None,
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::new(error.kind(), error.to_string(), hint_for(&error))
    }
}

/// What to do about an error of the store.
fn hint_for(error: &StoreError) -> String {
    let text = match error {
        StoreError::NoSuchJob(_) => "see which jobs there are with `queuectl list`",
        StoreError::NoSuchWorker(_) => "see which workers there are with `queuectl worker list`",
        StoreError::WorkerExists(_) => "start the worker again: it gets another name",
        StoreError::JobExists(id) => {
            let id = shell_word(id.as_str());
            return format!("choose another id, or look at it with `queuectl show {id}`");
        }
        StoreError::Refused { id, refusal } => return hint_for_refusal(id, refusal),
        StoreError::BeingProcessed(_) => {
            "let them finish with `queuectl worker stop`, or end them with --force"
        }
        StoreError::Invalid(_) => "see the settings and their defaults with `queuectl config get`",
        StoreError::Encoding { .. } => {
            "create one with `createdb --template=template0 --encoding=UTF8 --locale=C NAME`, and name it in the URL"
        }
        StoreError::ForeignSchema { .. } => {
            "connect as that role or as a member of it, or name another schema with `?schema=NAME`"
        }
        StoreError::OpenSchema { schema, .. } => {
            return format!(
                "keep others out with `REVOKE CREATE ON SCHEMA \"{}\" FROM PUBLIC`, or name another schema with `?schema=NAME`",
                schema.replace('"', "\"\"")
            );
        }
        StoreError::BadLocation(_) => {
            "give a path with --db or QUEUECTL_DB, such as jobs.db, or a URL such as postgresql://user@host/database"
        }
        StoreError::Open { .. } => "check the path, its folder and their permissions",
        StoreError::Network { .. } => {
            "name a place on a disk of this machine with --db or QUEUECTL_HOME; several machines share a queue on \
             PostgreSQL, with --db postgresql://HOST/DATABASE"
        }
        StoreError::Server { trouble, .. } => hint_for_server(*trouble),
        StoreError::Foreign { path, .. } => {
            let path = shell_word(&path.to_string_lossy());
            return format!(
                "work as that user; if it is to be yours: `sudo chown -R \"$USER\" {path}`"
            );
        }
        StoreError::Exposed { path } => {
            let path = shell_word(&path.to_string_lossy());
            return format!(
                "look whether it has only what you know, then keep others out: `chmod go-w {path}`"
            );
        }
        StoreError::Linked { path } => {
            let path = shell_word(&path.to_string_lossy());
            return format!(
                "with two names it would have two logs, and lose jobs: keep one (`find / -xdev -samefile {path}` shows both), and make \
                 the other a symbolic link"
            );
        }
        StoreError::Mounted { .. } => {
            "mount its folder instead: the store's log lies beside its file, so by two paths it would have two logs, and lose jobs"
        }
        StoreError::Missing(_) => "name the store with --db or QUEUECTL_DB",
        StoreError::Occupied { .. } => {
            "choose another name; --force replaces a plain file that no store uses"
        }
        StoreError::Backup { .. } => "see to its folder and its disk, or choose another place",
        StoreError::Interrupted => "run the command again when there is time for it",
        StoreError::Locked => {
            "try again; if that doesn't help, look for a program that holds the file open"
        }
        StoreError::Full => "make room on the disk, then try again; nothing was changed",
        StoreError::TooLarge => {
            "raise the limit (`ulimit -f unlimited`), or keep the store on a disk that takes larger files; nothing was changed"
        }
        StoreError::ReadOnly(_) => {
            "check who may write to the file and to its folder, or use another store with --db"
        }
        StoreError::Io(_) => "check the disk, then try again",
        StoreError::NotAStore(_) => {
            "give the path of a store with --db, or of a file that isn't there yet"
        }
        StoreError::Legacy(_) => {
            "move it away, then take over its jobs with `queuectl import-legacy FILE`"
        }
        StoreError::Corrupt(_) => {
            "put a backup in its place, or save what can be read with `sqlite3 FILE .recover`"
        }
        StoreError::Newer { .. } => "use the newer queuectl, or another store with --db",
        StoreError::Internal(_) => "run it again with -v, and report it with what you see",
    };
    text.to_owned()
}

/// What to do about a server.
fn hint_for_server(trouble: ServerTrouble) -> &'static str {
    match trouble {
        ServerTrouble::Unreached => {
            "see whether the server runs, and whether host and port are right and no firewall is between"
        }
        ServerTrouble::Denied => {
            "check user and password (in PGPASSWORD or ~/.pgpass), what the user may do, and the server's pg_hba.conf"
        }
        ServerTrouble::NoDatabase => {
            "name another database in the URL, or make this one with `createdb`"
        }
        ServerTrouble::Tls => {
            "check `sslmode` and `sslrootcert` of the URL, and the certificates on both sides"
        }
        ServerTrouble::ReadOnly => {
            "name the primary; where several hosts stand in the URL, the one that can be written to is taken"
        }
        ServerTrouble::Busy => {
            "raise the server's max_connections, or put a pooler before it; then try again"
        }
        ServerTrouble::Lost => "try again; if it stays so, see what the server's log says",
        ServerTrouble::Other => "see what the server's log says",
    }
}

fn hint_for_refusal(id: &JobId, refusal: &TransitionError) -> String {
    let id = shell_word(id.as_str());
    let look = format!("look at it with `queuectl show {id}`");
    let TransitionError::WrongState { state, verb } = refusal else {
        return look;
    };
    match (state, verb) {
        (State::Pending | State::Failed, Verb::Stop) => {
            format!("it doesn't run; keep it from running with `queuectl dlq add {id}`")
        }
        (State::Pending | State::Failed, Verb::Retry) => {
            "only jobs in the dead letter queue can be; this one runs by itself".into()
        }
        (State::Pending | State::Failed, _) => look,
        (State::Processing, _) => {
            format!("stop it first, or wait for it with `queuectl show {id}`")
        }
        (State::Dead, _) => format!("run it again with `queuectl dlq retry {id}`"),
        (State::Completed, _) => {
            format!("it has run already; see how with `queuectl show {id}`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(error: &CliError) -> String {
        anstream::adapter::strip_str(&error.to_text()).to_string()
    }

    #[test]
    fn an_error_says_what_and_then_what_to_do() {
        let error = StoreError::Refused {
            id: "backup".parse().unwrap(),
            refusal: TransitionError::WrongState {
                state: State::Processing,
                verb: Verb::Remove,
            },
        };
        insta::assert_snapshot!(plain(&error.into()), @r"
        error: job 'backup' is being processed, so it can't be removed
        hint: stop it first, or wait for it with `queuectl show backup`
        ");
    }

    #[test]
    fn for_machines_it_is_one_json_object() {
        let error = CliError::from(StoreError::JobExists("~a".parse().unwrap()));
        insta::assert_snapshot!(error.to_json(), @r#"{"error":{"kind":"conflict","message":"job '~a' already exists","hint":"choose another id, or look at it with `queuectl show '~a'`"}}"#);
    }

    #[test]
    fn whatever_is_in_an_error_it_has_two_lines_and_moves_no_cursor() {
        let error = CliError::usage("a\nb\x1b[2J", "x".repeat(1 << 20));
        let text = plain(&error);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains('\x1b'));
        assert!(text.len() < 5000);
    }
}
