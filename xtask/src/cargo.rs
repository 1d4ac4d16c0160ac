//! Cargo, run in this workspace.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::trouble::Trouble;

/// A cargo command that runs at the workspace's root.
/// It isn't told of the package that this program is. Build scripts, such as ring's, are run again when these variables
/// differ from those of the last build, and then all that depends on them is built again.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo has set them for this program"
)]
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args);
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// The workspace's root, as cargo tells it to what it runs. Where this program
/// was built would do as long as nobody moves the checkout with its builds.
#[expect(
    clippy::disallowed_methods,
    reason = "chores are run by cargo, which talks by variables"
)]
pub(crate) fn root() -> PathBuf {
    let told = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let mut root = told.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    root.pop();
    root
}

/// Builds a chore's program, of the package of that name, and says where it is.
///
/// It is the development build, which takes least time and shares most of its crates with the tests'
/// build.
pub(crate) fn build(program: &'static str) -> Result<PathBuf, Trouble> {
    build_as(program, "dev")
}

/// Builds the program of a package as users get it, and says where it is.
pub(crate) fn build_release(program: &'static str) -> Result<PathBuf, Trouble> {
    build_as(program, "release")
}

/// Builds the program of a package with one of cargo's profiles, and says where it is.
pub(crate) fn build_as(program: &'static str, profile: &str) -> Result<PathBuf, Trouble> {
    build_in(&root(), program, profile)
}

/// Builds the program of a package as users get it in another checkout, with a `target` of its own, and says where it is.
pub(crate) fn build_release_in(checkout: &Path, program: &'static str) -> Result<PathBuf, Trouble> {
    build_in(checkout, program, "release")
}

fn build_in(checkout: &Path, program: &'static str, profile: &str) -> Result<PathBuf, Trouble> {
    let mut command = cargo(&["build", "--locked", "--package", program]);
    command.args(["--profile", profile]);
    command.current_dir(checkout);
    command.arg("--message-format=json-render-diagnostics");
    command.stderr(Stdio::inherit());
    let built = command.output().map_err(start_trouble)?;
    if !built.status.success() {
        return Err(Trouble::Failed {
            command: format!("cargo build --package {program}"),
            status: built.status,
        });
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    executable(&messages, program).ok_or(Trouble::NoProgram(program))
}

/// What to say when cargo itself can't be started.
pub(crate) fn start_trouble(source: std::io::Error) -> Trouble {
    Trouble::Start {
        program: "cargo".into(),
        source,
    }
}

/// Where the program is, by cargo's messages: one JSON object a line.
fn executable(messages: &str, program: &str) -> Option<PathBuf> {
    let values = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    values
        .filter(|message| message["target"]["name"] == program)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_where_cargo_says() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"clap"},"executable":null}"#,
            "\nnot JSON\n",
            r#"{"reason":"compiler-artifact","target":{"name":"queuectl"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"queuectl"},"executable":"/t/queuectl"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(executable(messages, "queuectl"), Some("/t/queuectl".into()));
        assert_eq!(executable(messages, "other"), None);
    }
}
