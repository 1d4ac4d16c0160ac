//! What the archives are made of: the checkout, its packages and its time, as cargo and git tell.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::trouble::Trouble;

/// The checkout.
pub(crate) struct Source {
    /// Its folder.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) builds: PathBuf,
    /// The version that it is.
    pub(crate) version: String,
    /// The time that everything in the archives has, in seconds since 1970: that of the commit.
    pub(crate) made_at: u64,
}

impl Source {
    /// Looks at the checkout that cargo runs this in.
    pub(crate) fn look() -> Result<Self, Trouble> {
        let metadata = metadata(Path::new("."), &["--no-deps"])?;
        let path = |key: &str| metadata[key].as_str().map(PathBuf::from);
        let unexpected = || Trouble::Unexpected("`cargo metadata`");
        let packages = metadata["packages"].as_array().ok_or_else(unexpected)?;
        let version = packages
            .iter()
            .find(|package| package["name"] == "queuectl")
            .and_then(|package| package["version"].as_str());
        let root = path("workspace_root").ok_or_else(unexpected)?;
        Ok(Self {
            builds: path("target_directory").ok_or_else(unexpected)?,
            version: version.ok_or_else(unexpected)?.to_owned(),
            made_at: made_at(&root)?,
            root,
        })
    }

    /// All packages and what needs what, when building for `triple`.
    pub(crate) fn packages(&self, triple: &str) -> Result<Value, Trouble> {
        metadata(&self.root, &["--filter-platform", triple])
    }
}

fn metadata(root: &Path, args: &[&str]) -> Result<Value, Trouble> {
    let mut command = Command::new("cargo");
    command.args(["metadata", "--locked", "--format-version", "1"]);
    command.args(args).current_dir(root);
    let told = answer(command)?;
    serde_json::from_str(&told).map_err(|_| Trouble::Unexpected("`cargo metadata`"))
}

/// The time of the commit; `SOURCE_DATE_EPOCH`, which others agree on for this, comes before it.
#[expect(
    clippy::disallowed_methods,
    reason = "chores are told things by variables"
)]
fn made_at(root: &Path) -> Result<u64, Trouble> {
    let told = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(told) => told,
        Err(_) => {
            let mut command = Command::new("git");
            command
                .args(["log", "-1", "--format=%ct"])
                .current_dir(root);
            answer(command)?
        }
    };
    let seconds = told.trim().parse();
    seconds.map_err(|_| Trouble::Unexpected("SOURCE_DATE_EPOCH, or git of the commit,"))
}

/// What a command prints.
pub(crate) fn answer(mut command: Command) -> Result<String, Trouble> {
    command.stderr(Stdio::inherit());
    let output = command
        .output()
        .map_err(|source| cannot_start(&command, source))?;
    if !output.status.success() {
        return Err(failed(&command, output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| Trouble::Unexpected("a program"))
}

/// What to say of a command that can't be started.
pub(crate) fn cannot_start(command: &Command, source: std::io::Error) -> Trouble {
    Trouble::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    }
}

/// What to say of a command that failed.
pub(crate) fn failed(command: &Command, status: std::process::ExitStatus) -> Trouble {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    Trouble::Failed {
        command: words.join(" "),
        status,
    }
}
