//! What the argument parser says, in the form of all our errors.

use std::error::Error as _;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use queuectl_domain::{InvalidValue, Key, State};

use crate::commands::NotWhole;
use crate::console::Console;
use crate::error::CliError;
use crate::near::{did_you_mean, near};

/// Shows what the parser has to say: help, the version, or what is wrong.
pub(crate) fn report(console: &Console, arguments: &[OsString], error: &Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            console.print(&error.render().ansi().to_string())
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !console.json() => {
            console.print_error(&error.render().ansi().to_string());
            CliError::usage("", "").exit_code()
        }
        _ => console.fail(&convert(arguments, error)),
    }
}

fn convert(arguments: &[OsString], error: &Error) -> CliError {
    let argument = text_of(error, ContextKind::InvalidArg);
    let (path, command) = command_of(arguments, argument.as_deref());
    let help = format!("see `{path} --help`");
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let name = text_of(error, ContextKind::InvalidSubcommand).unwrap_or_default();
            let hint = command_like(&name, &command).unwrap_or(help);
            CliError::usage(format!("there is no command `{name}`"), hint)
        }
        ErrorKind::UnknownArgument => {
            let name = argument.unwrap_or_default();
            unknown_argument(&name, &path, &command, help)
        }
        ErrorKind::ValueValidation => {
            let hint = argument.and_then(|argument| value_like(error, values_of(&argument)));
            match error.source() {
                Some(source) if source.is::<InvalidValue>() || source.is::<NotWhole>() => {
                    CliError::usage(source.to_string(), hint.unwrap_or(help))
                }
                _ => CliError::usage(first_line(error), hint.unwrap_or(help)),
            }
        }
        ErrorKind::InvalidValue => {
            let valid = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(valid)) => &valid[..],
                _ => &[],
            };
            let hint = value_like(error, valid.iter().map(String::as_str));
            CliError::usage(first_line(error), hint.unwrap_or(help))
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            CliError::usage(format!("`{path}` needs a command"), help)
        }
        ErrorKind::InvalidUtf8 => CliError::usage(
            "an argument isn't valid UTF-8",
            "only --db, --cwd and what follows `--` may hold any bytes",
        ),
        _ => CliError::usage(first_line(error), help),
    }
}

fn unknown_argument(name: &str, path: &str, command: &Command, help: String) -> CliError {
    let is_option = name.starts_with('-');
    let what = if is_option { "option" } else { "argument" };
    let hint = match name.strip_prefix("--") {
        Some(name) => option_like(name, command).unwrap_or(help),
        None if !is_option && path == "queuectl enqueue" => {
            "put the program after `--`: queuectl enqueue -- PROG ARG...".to_owned()
        }
        None => help,
    };
    CliError::usage(format!("`{path}` has no {what} `{name}`"), hint)
}

/// Suggests commands with a similar name, subcommands too: `start` may mean `worker start`.
fn command_like(name: &str, command: &Command) -> Option<String> {
    let mut known = Vec::new();
    add_commands(command, "", &mut known);
    let known = known.iter().map(|(name, path)| (name.as_str(), path));
    did_you_mean(&near(name, known))
}

/// Adds the commands below one, each with its name and with how it is called; a command comes before
/// its subcommands.
fn add_commands(command: &Command, before: &str, known: &mut Vec<(String, String)>) {
    let seen = || command.get_subcommands().filter(|below| !is_hidden(below));
    for below in seen() {
        let name = below.get_name();
        known.push((name.to_owned(), format!("{before}{name}")));
    }
    for below in seen() {
        add_commands(below, &format!("{before}{} ", below.get_name()), known);
    }
}

/// Returns true if users don't see this command, or if it is the parser's own.
fn is_hidden(command: &Command) -> bool {
    command.is_hide_set() || command.get_name() == "help"
}

/// Suggests options with a similar name.
fn option_like(name: &str, command: &Command) -> Option<String> {
    let options = command
        .get_arguments()
        .filter(|option| !option.is_hide_set());
    let known = options.filter_map(clap::Arg::get_long);
    let near = near(name, known.map(|name| (name, format!("--{name}"))));
    did_you_mean(&near)
}

/// Suggests similar values.
fn value_like<'a>(error: &Error, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let given = text_of(error, ContextKind::InvalidValue)?;
    let known = known.into_iter().map(|value| (value, value));
    did_you_mean(&near(&given, known))
}

/// The values of an argument that clap doesn't list, because we parse it ourselves; none if any value
/// may do.
fn values_of(argument: &str) -> Vec<&'static str> {
    if argument.ends_with("<STATE>") {
        State::ALL.map(State::as_str).to_vec()
    } else if argument.ends_with("KEY>") || argument.ends_with("[KEY]") {
        Key::ALL.map(Key::as_str).to_vec()
    } else {
        Vec::new()
    }
}

fn text_of(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// Returns the words that lead to the command that was meant, and that command.
fn command_of(arguments: &[OsString], wrong: Option<&str>) -> (String, Command) {
    let mut path = "queuectl".to_owned();
    let mut command = crate::cli::command();
    // This adds the global options to each command.
    command.build();
    let given = arguments.iter().skip(1).take_while(|word| *word != "--");
    let before = given.take_while(|word| wrong.is_none_or(|wrong| **word != *wrong));
    for word in before.filter_map(|word| word.to_str()) {
        if let Some(found) = command.find_subcommand(word) {
            path = format!("{path} {}", found.get_name());
            command = found.clone();
        }
    }
    (path, command)
}

/// What the parser says itself, without its own advice, in one line.
fn first_line(error: &Error) -> String {
    let text = error.render().to_string();
    let what = text.split("\n\n").next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(what);
    what.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::FromArgMatches as _;

    fn told(line: &str) -> String {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let error = crate::cli::command()
            .try_get_matches_from(&words)
            .and_then(|matches| crate::cli::Cli::from_arg_matches(&matches))
            .err()
            .expect("the line is wrong");
        let text = convert(&words, &error).to_text();
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told_in_two_lines() {
        let lines = [
            "queuectl enqeue",
            "queuectl stat",
            "queuectl retry",
            "queuectl worker strat",
            "queuectl frobnicate",
            "queuectl enqueue --prio 3",
            "queuectl enqueue --max_retrys 3",
            "queuectl list --jsno",
            "queuectl list --frobnicate",
            "queuectl config get max-retrys",
            "queuectl list --color alway",
            "queuectl enqueue echo hi",
            "queuectl enqueue --priority -1",
            "queuectl enqueue --timeout NaN",
            "queuectl enqueue --id ",
            "queuectl list --state ded",
            "queuectl list --limit -1",
            "queuectl list --color red",
            "queuectl show",
            "queuectl worker",
            "queuectl worker start --count 0",
            "queuectl list --state",
            "queuectl list --quiet=3",
        ];
        let told: Vec<_> = lines.iter().map(|line| told(line)).collect();
        insta::assert_snapshot!(told.join("\n"), @"
        error: there is no command `enqeue`
        hint: did you mean `enqueue`?

        error: there is no command `stat`
        hint: did you mean `status` or `worker start`?

        error: there is no command `retry`
        hint: did you mean `dlq retry`?

        error: there is no command `strat`
        hint: did you mean `start`?

        error: there is no command `frobnicate`
        hint: see `queuectl --help`

        error: `queuectl enqueue` has no option `--prio`
        hint: did you mean `--priority`?

        error: `queuectl enqueue` has no option `--max_retrys`
        hint: did you mean `--max-retries`?

        error: `queuectl list` has no option `--jsno`
        hint: did you mean `--json`?

        error: `queuectl list` has no option `--frobnicate`
        hint: see `queuectl list --help`

        error: no setting is named `max-retrys`; there are max_retries, backoff_base, timeout, priority, max_backoff, kill_grace, crash_limit, output_limit, keep, lease, shell
        hint: did you mean `max_retries`?

        error: invalid value 'alway' for '--color <WHEN>' [possible values: auto, always, never]
        hint: did you mean `always`?

        error: `queuectl enqueue` has no argument `echo`
        hint: put the program after `--`: queuectl enqueue -- PROG ARG...

        error: priority must be a whole number from 1 to 10, not `-1`
        hint: see `queuectl enqueue --help`

        error: timeout must be a number of seconds from 0 to 1000000000 (0.001 is the least above 0), not `NaN`
        hint: see `queuectl enqueue --help`

        error: a job id can't be empty
        hint: see `queuectl enqueue --help`

        error: a state is one of pending, processing, completed, failed, dead, not `ded`
        hint: did you mean `dead`?

        error: limit must be a whole number from 0 to 4294967295, not `-1`
        hint: see `queuectl list --help`

        error: invalid value 'red' for '--color <WHEN>' [possible values: auto, always, never]
        hint: see `queuectl list --help`

        error: the following required arguments were not provided: <JOB_ID>
        hint: see `queuectl show --help`

        error: `queuectl worker` needs a command
        hint: see `queuectl worker --help`

        error: count must be a whole number from 1 to 1000, not `0`
        hint: see `queuectl worker start --help`

        error: a value is required for '--state <STATE>' but none was supplied
        hint: see `queuectl list --help`

        error: unexpected value '3' for '--quiet' found; no more were expected
        hint: see `queuectl list --help`
        ");
    }
}
