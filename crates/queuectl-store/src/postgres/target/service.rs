//! Services: connections that have a name in a file of the user or of the machine.

use std::path::{Path, PathBuf};

use queuectl_process::UserSettings;

use super::Environment;
use super::files::plain;
use super::parameters::Parameters;

/// Takes in what the service says, if one is named.
pub(super) fn complete(
    given: &mut Parameters,
    env: Environment<'_>,
    settings: Option<&UserSettings>,
) -> Result<(), String> {
    let named = given.get("service").map(str::to_owned);
    let named = named.or_else(|| env("PGSERVICE")?.into_string().ok());
    let Some(service) = named.filter(|service| !service.is_empty()) else {
        return Ok(());
    };
    for file in files(env, settings) {
        plain(&file)?;
        // A file that isn't there has no services.
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        if let Some(lines) = section(&text, &service) {
            return take_in(given, lines, &file);
        }
    }
    Err(format!(
        "there is no service `{service}` in a file of services"
    ))
}

/// The files that have services; the first that has it counts.
fn files(env: Environment<'_>, settings: Option<&UserSettings>) -> Vec<PathBuf> {
    let of_user = env("PGSERVICEFILE").map(PathBuf::from);
    let of_user = of_user.or_else(|| {
        settings.map(|settings| match settings {
            UserSettings::Home(home) => home.join(".pg_service.conf"),
            UserSettings::Roaming(folder) => folder.join("postgresql").join(".pg_service.conf"),
        })
    });
    let of_machine = env("PGSYSCONFDIR").map(|folder| Path::new(&folder).join("pg_service.conf"));
    of_user.into_iter().chain(of_machine).collect()
}

/// The lines of a service.
fn section<'a>(text: &'a str, service: &str) -> Option<impl Iterator<Item = &'a str>> {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let header = |line: &str| Some(line.strip_prefix('[')?.strip_suffix(']')?.to_owned());
    lines.find(|line| header(line).as_deref() == Some(service))?;
    Some(lines.take_while(|line| !line.starts_with('[')))
}

fn take_in<'a>(
    given: &mut Parameters,
    lines: impl Iterator<Item = &'a str>,
    file: &Path,
) -> Result<(), String> {
    let within = |why: &str| format!("in the file of services `{}`: {why}", file.display());
    for line in lines {
        let (name, value) = line
            .split_once('=')
            .ok_or_else(|| within("a line has no `=`"))?;
        if name == "service" {
            return Err(within("a service can't name another"));
        }
        let taken = given.set_if_open(name.trim(), value.trim().to_owned());
        taken.map_err(|why| within(&why))?;
    }
    Ok(())
}
