//! Paths in a server's URL and variables. As for `psql`, a relative one counts from the folder in which the
//! command is called. Here it is made absolute, so that it means the same elsewhere.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::{Environment, url};

/// The parameters of a URL that name a file, and the variables that name a file or a folder.
const PARAMETERS: [&str; 4] = ["passfile", "sslrootcert", "sslcert", "sslkey"];
const VARIABLES: [&str; 6] = [
    "PGPASSFILE",
    "PGSERVICEFILE",
    "PGSYSCONFDIR",
    "PGSSLROOTCERT",
    "PGSSLCERT",
    "PGSSLKEY",
];

/// Refuses what is there and isn't a regular file. Reading a named pipe would wait until another process writes into it.
pub(super) fn plain(path: &Path) -> Result<(), String> {
    match path.metadata() {
        Ok(found) if !found.is_file() => Err(format!("`{}` isn't a plain file", path.display())),
        _ => Ok(()),
    }
}

/// Returns a URL that is used in `folder` with its paths made absolute. A URL that can't be parsed stays as
/// it is.
pub(crate) fn rooted_url(url: &str, folder: &Path) -> String {
    let rooted = url::with_values(url, |name, value| {
        let is_file = PARAMETERS.contains(&name);
        let path = rooted(value.as_ref(), folder).filter(|_| is_file)?;
        path.into_string().ok()
    });
    rooted.unwrap_or_else(|_| url.to_owned())
}

/// Returns the variables that name a relative path, with the absolute one.
pub(crate) fn rooted_variables(
    env: Environment<'_>,
    folder: &Path,
) -> Vec<(&'static str, OsString)> {
    let rooted = |name| Some((name, rooted(&env(name)?, folder)?));
    VARIABLES.into_iter().filter_map(rooted).collect()
}

/// Returns the absolute path, if `path` is a relative one.
fn rooted(path: &OsStr, folder: &Path) -> Option<OsString> {
    // `sslrootcert` can be `system` instead of a file.
    let is_path = !path.is_empty() && path != "system";
    let is_relative = is_path && Path::new(path).is_relative();
    is_relative.then(|| folder.join(path).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_a_url_are_made_absolute_and_all_else_stays() {
        let folder = std::path::absolute("/a b").unwrap();
        let inside = |name: &str| url::encoded(&folder.join(name).display().to_string());
        let rooted = |url: &str| rooted_url(url, &folder);
        assert_eq!(
            rooted("postgres://u:p?w@h:1,i/d?schema=s&sslrootcert=c%2Fr.crt&sslkey=k&&x=k"),
            format!(
                "postgres://u:p?w@h:1,i/d?schema=s&sslrootcert={}&sslkey={}&&x=k",
                inside("c/r.crt"),
                inside("k")
            )
        );
        let absolute = format!("postgresql:///?sslcert={}&sslrootcert=system", inside("c"));
        for same in [
            &*absolute,
            "postgresql://",
            "postgresql://h/d?passfile=&service=s",
            "no URL?passfile=x",
        ] {
            assert_eq!(rooted(same), same);
        }
    }

    #[test]
    fn paths_in_variables_are_made_absolute() {
        let folder = std::path::absolute("/a b").unwrap();
        let absolute = folder.clone().into_os_string();
        let env = |name: &str| match name {
            "PGPASSFILE" => Some("pass".into()),
            "PGSSLKEY" => Some(absolute.clone()),
            "PGSSLROOTCERT" => Some("system".into()),
            "PGHOST" => Some("run".into()),
            _ => None,
        };
        let found = rooted_variables(&env, &folder);
        assert_eq!(found, [("PGPASSFILE", folder.join("pass").into())]);
    }
}
