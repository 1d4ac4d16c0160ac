//! What is made of the command line's own definition: completions for shells, and the manual.

use clap_complete::Shell;
use clap_mangen::Man;

use crate::contents::Entry;
use crate::trouble::Trouble;

/// The shells that there are completions for, and the files that they look for.
const SHELLS: [(Shell, &str); 4] = [
    (Shell::Bash, "queuectl.bash"),
    (Shell::Zsh, "_queuectl"),
    (Shell::Fish, "queuectl.fish"),
    (Shell::PowerShell, "_queuectl.ps1"),
];

/// A completion for each shell.
pub(crate) fn completions() -> Vec<Entry> {
    let entry = |(shell, name): (Shell, &str)| {
        let mut script = Vec::new();
        let mut command = queuectl::exposed::command();
        clap_complete::generate(shell, &mut command, "queuectl", &mut script);
        Entry::text(format!("completions/{name}"), script)
    };
    SHELLS.map(entry).into()
}

/// A page for the program and one for each command.
pub(crate) fn manual(version: &str) -> Result<Vec<Entry>, Trouble> {
    let mut command = queuectl::exposed::command();
    command.build();
    let mut entries = Vec::new();
    add_pages(&command, version, &mut entries)?;
    Ok(entries)
}

fn add_pages(
    command: &clap::Command,
    version: &str,
    entries: &mut Vec<Entry>,
) -> Result<(), Trouble> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let name = name.to_owned();
    let page = Man::new(command.clone())
        .title(name.to_uppercase())
        .source(format!("queuectl {version}"))
        .manual("queuectl");
    let mut text = Vec::new();
    page.render(&mut text)
        .map_err(|_| Trouble::Unexpected("the command line"))?;
    entries.push(Entry::text(format!("man/man1/{name}.1"), text));
    let shown = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help");
    for command in shown {
        add_pages(command, version, entries)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_and_every_shell_its_completion() {
        let pages = manual("1.2.3").unwrap();
        let page = |path: &str| {
            let entry = pages.iter().find(|entry| entry.path == path);
            let entry = entry.unwrap_or_else(|| panic!("there is no {path}"));
            String::from_utf8(entry.bytes.clone()).unwrap()
        };
        assert!(page("man/man1/queuectl.1").contains("queuectl 1.2.3"));
        assert!(page("man/man1/queuectl-worker-start.1").contains("concurrency"));
        assert!(pages.iter().all(|entry| !entry.path.contains("help")));
        for completion in completions() {
            let script = String::from_utf8(completion.bytes).unwrap();
            assert!(script.contains("skip-existing"), "{}", completion.path);
        }
    }
}
