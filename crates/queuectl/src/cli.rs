//! The command line: options that every command has, and the commands.

use std::ffi::OsString;

use clap::builder::styling::Styles;
use clap::{ArgAction, CommandFactory, Parser, ValueEnum};

use crate::commands::Command;
use crate::views::style;

const EXAMPLES: &str = "\
Examples:
  queuectl enqueue --id backup --command 'tar czf home.tgz ~' --timeout 600
  queuectl enqueue -- convert 'my photo.png' photo.jpg
  queuectl worker start --count 2
  queuectl status

Exit codes:
  0 done, 1 unexpected, 2 usage, 3 no such job or worker, 4 conflict,
  5 store unavailable, locked or full, 6 store damaged or of a newer version

Environment:
  QUEUECTL_DB    the store, as --db
  QUEUECTL_HOME  the folder to use instead of ~/.queuectl
  PG…            what the URL of a server leaves open, as for psql
  NO_COLOR       no colours, if set";

/// A durable job queue for shell commands
#[derive(Parser)]
#[command(
    name = "queuectl",
    version,
    after_help = EXAMPLES,
    subcommand_required = true,
    arg_required_else_help = true,
    infer_long_args = false,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// What every command understands.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command understands, before or after its name.
#[derive(clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Use this store: a path, sqlite:PATH or postgresql://… [default: ~/.queuectl/data/queuectl.db]
    #[arg(long, global = true, value_name = "PATH or URL")]
    pub(crate) db: Option<OsString>,

    /// Print JSON for scripts: UTC times, durations in seconds
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,

    /// Print nothing that only confirms
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Tell more on stderr
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// When colours are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Even in a pipe or a file
    Always,
    /// Not at all
    Never,
}

/// The parser of the command line.
pub(crate) fn command() -> clap::Command {
    let styles = Styles::plain()
        .header(style::HEADER)
        .usage(style::HEADER)
        .literal(style::LITERAL);
    Cli::command().styles(styles)
}

/// What can be told of a command line that may be wrong.
pub(crate) struct Hints {
    /// Whether it asks for JSON.
    pub(crate) json: bool,
    /// Which colours it asks for.
    pub(crate) color: Color,
}

impl Hints {
    /// Looks for the two options as they are mostly written.
    pub(crate) fn of(arguments: &[OsString]) -> Self {
        let mut hints = Self {
            json: false,
            color: Color::Auto,
        };
        let ours = arguments.iter().skip(1).take_while(|arg| *arg != "--");
        let mut before = None;
        for argument in ours {
            let Some(text) = argument.to_str() else {
                before = None;
                continue;
            };
            hints.json |= text == "--json";
            let value = match before {
                Some("--color") => Some(text),
                _ => text.strip_prefix("--color="),
            };
            if let Some(color) = value.and_then(|value| Color::from_str(value, false).ok()) {
                hints.color = color;
            }
            before = Some(text);
        }
        hints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(line: &str) -> Hints {
        Hints::of(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn a_wrong_line_still_says_in_which_form_it_wants_its_error() {
        assert!(hints("queuectl list --wrong --json").json);
        assert!(!hints("queuectl enqueue -- echo --json").json);
        assert_eq!(hints("queuectl --color never x").color, Color::Never);
        assert_eq!(hints("queuectl x --color=always").color, Color::Always);
        assert_eq!(hints("queuectl x --color").color, Color::Auto);
    }
}
