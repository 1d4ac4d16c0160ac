//! What the argument parser says, in the form of all our errors.

use std::error::Error as _;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use queuectl_domain::InvalidValue;

use crate::commands::NotWhole;
use crate::console::Console;
use crate::error::CliError;

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
    let command = command_of(arguments, argument.as_deref());
    let help = format!("see `{command} --help`");
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let name = text_of(error, ContextKind::InvalidSubcommand).unwrap_or_default();
            let hint = suggestion(error, ContextKind::SuggestedSubcommand).unwrap_or(help);
            CliError::usage(format!("there is no command `{name}`"), hint)
        }
        ErrorKind::UnknownArgument => {
            let name = argument.unwrap_or_default();
            unknown_argument(error, &name, &command, help)
        }
        ErrorKind::ValueValidation => match error.source() {
            Some(source) if source.is::<InvalidValue>() || source.is::<NotWhole>() => {
                CliError::usage(source.to_string(), help)
            }
            _ => CliError::usage(first_line(error), help),
        },
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            CliError::usage(format!("`{command}` needs a command"), help)
        }
        ErrorKind::InvalidUtf8 => CliError::usage(
            "an argument isn't valid UTF-8",
            "only --db, --cwd and what follows `--` may hold any bytes",
        ),
        _ => CliError::usage(first_line(error), help),
    }
}

fn unknown_argument(error: &Error, name: &str, command: &str, help: String) -> CliError {
    let is_option = name.starts_with('-');
    let what = if is_option { "option" } else { "argument" };
    let hint = suggestion(error, ContextKind::SuggestedArg).unwrap_or_else(|| {
        if !is_option && command == "queuectl enqueue" {
            "put the program after `--`: queuectl enqueue -- PROG ARG...".to_owned()
        } else {
            help
        }
    });
    CliError::usage(format!("`{command}` has no {what} `{name}`"), hint)
}

fn suggestion(error: &Error, kind: ContextKind) -> Option<String> {
    text_of(error, kind).map(|name| format!("did you mean `{name}`?"))
}

fn text_of(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    }
}

/// The command that was meant: the words that lead to it, before the wrong argument.
fn command_of(arguments: &[OsString], wrong: Option<&str>) -> String {
    let mut path = "queuectl".to_owned();
    let mut command = crate::cli::command();
    let given = arguments.iter().skip(1).take_while(|word| *word != "--");
    let before = given.take_while(|word| wrong.is_none_or(|wrong| **word != *wrong));
    for word in before.filter_map(|word| word.to_str()) {
        if let Some(found) = command.find_subcommand(word) {
            path = format!("{path} {}", found.get_name());
            command = found.clone();
        }
    }
    path
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
            "queuectl enqueue --prio 3",
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
        hint: did you mean `dequeue`?

        error: `queuectl enqueue` has no option `--prio`
        hint: did you mean `--priority`?

        error: `queuectl enqueue` has no argument `echo`
        hint: put the program after `--`: queuectl enqueue -- PROG ARG...

        error: priority must be a whole number from 1 to 10, not `-1`
        hint: see `queuectl enqueue --help`

        error: timeout must be a number of seconds from 0 to 1000000000 (0.001 is the least above 0), not `NaN`
        hint: see `queuectl enqueue --help`

        error: a job id can't be empty
        hint: see `queuectl enqueue --help`

        error: a state is one of pending, processing, completed, failed, dead, not `ded`
        hint: see `queuectl list --help`

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
