//! What can go wrong with a store, why, and what then.

use std::path::PathBuf;

use queuectl_domain::{InvalidValue, JobId, TransitionError, WorkerId};

/// What kind of error it is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request makes no sense.
    Usage,
    /// There is no such job or worker.
    NotFound,
    /// What is there stands against it.
    Conflict,
    /// The store can't be reached, is locked, read-only or full. It may go away by itself.
    Unavailable,
    /// The store is damaged, is something else, or is of a newer version.
    Corrupt,
    /// None of these.
    Internal,
}

/// What can go wrong with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerTrouble {
    /// Nobody is there, or it isn't up yet.
    Unreached,
    /// It doesn't know us, or doesn't let us do what we have to.
    Denied,
    /// It has no such database.
    NoDatabase,
    /// We and it don't come to terms about TLS.
    Tls,
    /// It can be read but not written: a standby.
    ReadOnly,
    /// It has as many connections as it takes.
    Busy,
    /// The connection to it was lost.
    Lost,
    /// None of these.
    Other,
}

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such job.
    #[error("there is no job '{0}'")]
    NoSuchJob(JobId),
    /// There is no such worker.
    #[error("there is no worker '{0}'")]
    NoSuchWorker(WorkerId),
    /// The name of a new worker is that of another process.
    #[error("there is a worker '{0}' already")]
    WorkerExists(WorkerId),
    /// A job of this id is there already.
    #[error("job '{0}' already exists")]
    JobExists(JobId),
    /// The job isn't in a state that allows it.
    #[error("job '{id}' {refusal}")]
    Refused {
        /// The job.
        id: JobId,
        /// Why.
        refusal: TransitionError,
    },
    /// Jobs can't be deleted while they are being processed.
    #[error("{}", being_processed(*.0))]
    BeingProcessed(u64),
    /// A setting can't have this value.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    /// What was given as the place of a store can't be one.
    #[error("can't use this as a store: {0}")]
    BadLocation(String),
    /// The store can't be opened, for a reason outside of it.
    #[error("can't open the store at `{location}`: {reason}")]
    Open {
        /// Where.
        location: String,
        /// Why, in the system's words.
        reason: String,
    },
    /// It is on a disk that other machines may change, too.
    #[error(
        "can't keep a store at `{location}`: it is on a network file system ({kind}), where locks don't hold"
    )]
    Network {
        /// Where.
        location: String,
        /// What kind of file system that is.
        kind: String,
    },
    /// It belongs to another user, who could run commands as the user of its workers.
    #[error("won't use a store of another user: `{}` belongs to user {user}", .path.display())]
    Foreign {
        /// The file or folder.
        path: PathBuf,
        /// Whose it is.
        user: u32,
    },
    /// Everybody may write to it, and so run commands as the user of its workers.
    #[error("won't use a store that everybody may change: `{}`", .path.display())]
    Exposed {
        /// The file or folder.
        path: PathBuf,
    },
    /// Its file has a second name (a hard link), and so could have a second log.
    #[error("won't use a store whose file has a second name, a hard link: `{}`", .path.display())]
    Linked {
        /// The file.
        path: PathBuf,
    },
    /// Its file is mounted without its folder, and so could have a second log.
    #[error("won't use a store whose file is mounted without its folder: `{}`", .path.display())]
    Mounted {
        /// The file.
        path: PathBuf,
    },
    /// The server that has the store can't be reached, or doesn't let us in.
    #[error("can't use the store at `{location}`: {reason}")]
    Server {
        /// Where.
        location: String,
        /// Why, in the server's words, or in the system's if there is none.
        reason: String,
        /// What kind of trouble that is.
        trouble: ServerTrouble,
    },
    /// Its schema, or something in it, belongs to another role, which could run code with our rights.
    #[error(
        "won't use the store at `{location}`: its schema, or something in it, belongs to the role `{owner}`"
    )]
    ForeignSchema {
        /// Where.
        location: String,
        /// Whose it is.
        owner: String,
    },
    /// Every role may create objects in its schema, and so could run code with our rights.
    #[error("won't use the store at `{location}`: every role may create objects in its schema")]
    OpenSchema {
        /// Where.
        location: String,
        /// The schema.
        schema: String,
    },
    /// The database's encoding isn't UTF8, and can't hold all texts.
    #[error(
        "can't keep a store at `{location}`: the database's encoding is {encoding}, and has to be UTF8"
    )]
    Encoding {
        /// Where.
        location: String,
        /// Its encoding.
        encoding: String,
    },
    /// There is none to be read.
    #[error("there is no store at `{0}`")]
    Missing(String),
    /// A backup would take the place of something else.
    #[error("won't write a backup to `{}`: {reason}", .path.display())]
    Occupied {
        /// Where it was to be.
        path: PathBuf,
        /// What is there.
        reason: &'static str,
    },
    /// A backup can't be written; nothing is left of it.
    #[error("can't write the backup to `{}`: {reason}", .path.display())]
    Backup {
        /// Where it was to be.
        path: PathBuf,
        /// Why, in the system's words.
        reason: String,
    },
    /// A long operation was called off; nothing is left of it.
    #[error("interrupted")]
    Interrupted,
    /// Others have been writing to it for too long.
    #[error("the store is locked by another process")]
    Locked,
    /// There is no room on its disk.
    #[error("the disk of the store is full")]
    Full,
    /// A write would make one of its files larger than this process, or the file system, allows.
    #[error("the store can't grow: its files have reached the limit of file sizes (`ulimit -f`)")]
    TooLarge,
    /// It can be read but not written.
    #[error("the store can't be written to: {0}")]
    ReadOnly(String),
    /// Its disk or server failed.
    #[error("the store failed: {0}")]
    Io(String),
    /// It isn't a store of ours.
    #[error("`{0}` is not a queuectl store")]
    NotAStore(String),
    /// It is that of the Python program, which had it in the same place.
    #[error("`{0}` is the database of the Python program, not a queuectl store")]
    Legacy(String),
    /// It is damaged.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// It was written by a newer version of this program.
    #[error("the store has version {found}, this program knows versions up to {known}")]
    Newer {
        /// The store's version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// Something that should not happen.
    #[error("unexpected: {0}")]
    Internal(String),
}

fn being_processed(count: u64) -> String {
    match count {
        1 => "1 job is being processed".into(),
        many => format!("{many} jobs are being processed"),
    }
}

impl StoreError {
    /// Says which job refuses.
    pub(crate) fn refused_by(id: &JobId) -> impl FnOnce(TransitionError) -> Self {
        |refusal| Self::Refused {
            id: id.clone(),
            refusal,
        }
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoSuchJob(_) | Self::NoSuchWorker(_) => ErrorKind::NotFound,
            Self::JobExists(_)
            | Self::WorkerExists(_)
            | Self::Refused { .. }
            | Self::BeingProcessed(_)
            | Self::Occupied { .. } => ErrorKind::Conflict,
            Self::Invalid(_) | Self::BadLocation(_) => ErrorKind::Usage,
            Self::Open { .. }
            | Self::Server { .. }
            | Self::Network { .. }
            | Self::Foreign { .. }
            | Self::Exposed { .. }
            | Self::Linked { .. }
            | Self::ForeignSchema { .. }
            | Self::OpenSchema { .. }
            | Self::Encoding { .. }
            | Self::Mounted { .. }
            | Self::Missing(_)
            | Self::Backup { .. }
            | Self::Interrupted
            | Self::Locked
            | Self::Full
            | Self::TooLarge
            | Self::ReadOnly(_)
            | Self::Io(_) => ErrorKind::Unavailable,
            Self::NotAStore(_) | Self::Legacy(_) | Self::Corrupt(_) | Self::Newer { .. } => {
                ErrorKind::Corrupt
            }
            Self::Internal(_) => ErrorKind::Internal,
        }
    }
}
