//! Where the programs of PostgreSQL are, and its pooler.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Trouble;

/// The oldest version that will do.
pub const OLDEST: u32 = 15;

/// A folder that has the programs of one version.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
    version: u32,
}

impl Programs {
    /// Finds them: what is on the path comes first, the newest of what lies in the usual places then.
    ///
    /// # Errors
    ///
    /// [`Trouble::NotInstalled`] if there are none, or only older ones.
    pub fn find() -> Result<Self, Trouble> {
        let on_path = on_path().into_iter().find_map(Self::in_folder);
        let usual = || {
            let found = usual_places().into_iter().filter_map(Self::in_folder);
            found.max_by_key(|programs| programs.version)
        };
        on_path.or_else(usual).ok_or(Trouble::NotInstalled)
    }

    /// The major version, such as 15.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The path of one of them.
    pub fn path(&self, name: &str) -> PathBuf {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.folder.join(name)
    }

    fn in_folder(folder: PathBuf) -> Option<Self> {
        let needed = ["initdb", "pg_ctl", "postgres", "psql"];
        let mut programs = Self { folder, version: 0 };
        if !needed.iter().all(|name| programs.path(name).is_file()) {
            return None;
        }
        let mut command = Command::new(programs.path("postgres"));
        let command = command.arg("--version").stdin(Stdio::null());
        let said = command.output().ok()?.stdout;
        programs.version = major(&String::from_utf8_lossy(&said))?;
        (programs.version >= OLDEST).then_some(programs)
    }
}

/// Where PgBouncer is, if it is installed: on the path, or where packages put it, which isn't on everybody's path.
pub fn pgbouncer() -> Option<PathBuf> {
    const USUAL: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];
    let folders = on_path().into_iter().chain(USUAL.map(PathBuf::from));
    let mut programs = folders.map(|folder| folder.join("pgbouncer"));
    programs.find(|program| program.is_file())
}

/// The version in a line such as `postgres (PostgreSQL) 15.7 (Debian 15.7-0)`.
fn major(line: &str) -> Option<u32> {
    let (_, version) = line.split_once(") ")?;
    let digits = version.find(|c: char| !c.is_ascii_digit());
    version[..digits.unwrap_or(version.len())].parse().ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is on the path is to be found there"
)]
fn on_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect()
}

/// Folders that packages install to: with `*` for one step that differs by version.
fn usual_places() -> Vec<PathBuf> {
    const PLACES: [&str; 8] = [
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql*/bin",
        "/usr/local/pgsql*/bin",
        "/opt/homebrew/opt/postgresql*/bin",
        "/usr/local/opt/postgresql*/bin",
        "/Library/PostgreSQL/*/bin",
        "/Applications/Postgres.app/Contents/Versions/*/bin",
        "C:/Program Files/PostgreSQL/*/bin",
    ];
    PLACES.iter().flat_map(|place| matching(place)).collect()
}

fn matching(place: &str) -> Vec<PathBuf> {
    let (before, after) = place.split_once('*').unwrap_or((place, ""));
    let (folder, start) = before.rsplit_once('/').unwrap_or_default();
    let Ok(entries) = Path::new(folder).read_dir() else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .filter(|name| name.to_string_lossy().starts_with(start))
        .map(|name| Path::new(folder).join(name).join(&after[1..]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_of_what_the_server_says_of_itself() {
        let of = |line| major(line);
        assert_eq!(
            of("postgres (PostgreSQL) 15.7 (Debian 15.7-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(of("postgres (PostgreSQL) 17beta1\n"), Some(17));
        assert_eq!(of("postgres (PostgreSQL) 9.6.24\n"), Some(9));
        assert_eq!(of("something else"), None);
    }

    #[test]
    fn a_star_stands_for_one_step_of_a_path() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["pgsql-15", "pgsql-16", "other"] {
            std::fs::create_dir(folder.path().join(version)).unwrap();
        }
        let place = format!("{}/pgsql*/bin", folder.path().display());
        let mut found = matching(&place);
        found.sort();
        let expected = ["pgsql-15/bin", "pgsql-16/bin"].map(|path| folder.path().join(path));
        assert_eq!(found, expected);
    }
}
