//! One line of a file, as a job: the same values are taken, and the same refused, as on the command line.

use std::path::Path;

use queuectl_domain::{
    BackoffBase, Command, InvalidValue, JobId, MaxRetries, NativeString, NewJob, Priority, Rules,
    ShellName,
};

use super::Folders;
use super::figure::Figure;
use crate::error::CliError;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A JSON object.
    Json,
    /// A command for a shell, as it stands there.
    Lines,
}

/// What a line can't be taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Why.
    pub(crate) problem: String,
    /// What to do about it, if that isn't plain.
    pub(crate) advice: Option<&'static str>,
}

/// Reads lines of one form, with what is to hold where they don't say.
#[derive(Clone)]
pub(crate) struct Reader {
    form: Form,
    rules: Rules,
    /// The shell that the command line asks for.
    asked: Option<ShellName>,
    /// The shell of the settings.
    usual: Option<ShellName>,
    folders: Folders,
    cwd: NativeString,
    /// The directory that a line named last, as it was given and as a job keeps it.
    last_cwd: Option<(String, NativeString)>,
}

/// A line of JSON. A field that is null counts as not given.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<'line> {
    id: Option<String>,
    command: Option<String>,
    argv: Option<Vec<String>>,
    #[serde(borrow)]
    timeout: Option<Figure<'line>>,
    max_retries: Option<Figure<'line>>,
    backoff_base: Option<Figure<'line>>,
    priority: Option<Figure<'line>>,
    cwd: Option<String>,
    shell: Option<String>,
}

impl Reader {
    pub(crate) fn new(form: Form, rules: Rules, folders: Folders, cwd: NativeString) -> Self {
        Self {
            form,
            rules,
            asked: None,
            usual: None,
            folders,
            cwd,
            last_cwd: None,
        }
    }

    /// Sets the shell for lines that don't ask for one: the one that the command line asks for, or
    /// else the usual one, which scripts don't use.
    pub(crate) fn in_shell(self, asked: Option<ShellName>, usual: Option<ShellName>) -> Self {
        Self {
            asked,
            usual,
            ..self
        }
    }

    /// The job that a line is.
    pub(crate) fn job(&mut self, line: &[u8]) -> Result<NewJob, Wrong> {
        let line = str::from_utf8(line).map_err(|_| Wrong {
            problem: "it isn't valid UTF-8".to_owned(),
            advice: Some("save the file as UTF-8; nothing was enqueued"),
        })?;
        match self.form {
            Form::Json => self.job_of(record(line)?),
            Form::Lines => Ok(NewJob {
                id: None,
                command: self.line(line.to_owned(), None)?,
                cwd: self.cwd.clone(),
                rules: self.rules,
            }),
        }
    }

    fn job_of(&mut self, record: Record<'_>) -> Result<NewJob, Wrong> {
        let rules = Rules {
            timeout: given(record.timeout, |it| it.number())?.unwrap_or(self.rules.timeout),
            max_retries: given(record.max_retries, |it| it.whole(MaxRetries::new))?
                .unwrap_or(self.rules.max_retries),
            backoff_base: given(record.backoff_base, |it| it.whole(BackoffBase::new))?
                .unwrap_or(self.rules.backoff_base),
            priority: given(record.priority, |it| it.whole(Priority::new))?
                .unwrap_or(self.rules.priority),
        };
        Ok(NewJob {
            id: given(record.id, |id| JobId::given(&id))?,
            command: self.command(record.command, record.argv, record.shell)?,
            cwd: self.cwd(record.cwd)?,
            rules,
        })
    }

    fn command(
        &self,
        line: Option<String>,
        argv: Option<Vec<String>>,
        shell: Option<String>,
    ) -> Result<Command, Wrong> {
        let shell = given(shell, |shell| shell.parse::<ShellName>())?;
        let command = match (line, argv) {
            (Some(line), None) => self.line(line, shell)?,
            (None, Some(_)) if shell.is_some() => {
                return Err(Wrong::from("what `argv` gives runs without a shell"));
            }
            (None, Some(argv)) => {
                let argv = argv.into_iter();
                Command::argv(argv.map(|arg| NativeString(arg.into_bytes())).collect())?
            }
            (None, None) => return Err(Wrong::from("there is no command to run")),
            (Some(_), Some(_)) => {
                return Err(Wrong::from(
                    "there are two commands, one in `command` and one in `argv`",
                ));
            }
        };
        Ok(command)
    }

    fn line(&self, line: String, shell: Option<ShellName>) -> Result<Command, InvalidValue> {
        let asked = shell.or_else(|| self.asked.clone());
        Command::line_for(line, asked, self.usual.clone())
    }

    /// Files name few directories many times, so each is looked at once in a row.
    fn cwd(&mut self, given: Option<String>) -> Result<NativeString, Wrong> {
        let Some(given) = given else {
            return Ok(self.cwd.clone());
        };
        match &self.last_cwd {
            Some((last, known)) if *last == given => Ok(known.clone()),
            _ => {
                let cwd = self.folders.resolve(Some(Path::new(&given)))?;
                self.last_cwd = Some((given, cwd.clone()));
                Ok(cwd)
            }
        }
    }
}

fn given<T, U, E>(
    value: Option<T>,
    read: impl FnOnce(T) -> Result<U, E>,
) -> Result<Option<U>, Wrong>
where
    Wrong: From<E>,
{
    Ok(value.map(read).transpose()?)
}

fn record(line: &str) -> Result<Record<'_>, Wrong> {
    // An array would be taken for the fields in their order.
    if !line.trim_start().starts_with('{') {
        return Err(Wrong {
            problem: "it isn't a JSON object".to_owned(),
            advice: Some(
                "write a line such as {\"command\": \"true\"} for each job, or say --lines if each line is a command",
            ),
        });
    }
    serde_json::from_str(line).map_err(|error| {
        // A line by itself is always the first.
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let problem = text.strip_suffix(&place).unwrap_or(&text);
        Wrong::from(format!("{problem} (column {})", error.column()))
    })
}

impl From<&str> for Wrong {
    fn from(problem: &str) -> Self {
        Self::from(problem.to_owned())
    }
}

impl From<String> for Wrong {
    fn from(problem: String) -> Self {
        Self {
            problem,
            advice: None,
        }
    }
}

impl From<InvalidValue> for Wrong {
    fn from(error: InvalidValue) -> Self {
        Self::from(error.to_string())
    }
}

impl From<CliError> for Wrong {
    fn from(error: CliError) -> Self {
        Self::from(error.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use queuectl_domain::Settings;

    fn read(form: Form, line: &str) -> Result<NewJob, String> {
        let shell = Some("bash".parse().unwrap());
        let rules = Settings::default().rules;
        let mut reader = Reader::new(form, rules, Folders::Here, "/".into()).in_shell(None, shell);
        reader.job(line.as_bytes()).map_err(|wrong| wrong.problem)
    }

    fn json(line: &str) -> NewJob {
        read(Form::Json, line).unwrap()
    }

    #[test]
    fn a_line_of_json_says_what_it_wants_and_leaves_out_the_rest() {
        let job = json(r#"{"id": "a", "command": "true", "timeout": 1.5, "priority": 9}"#);
        assert_eq!(job.id.unwrap().as_str(), "a");
        let shell = Some("bash".parse().unwrap());
        assert_eq!(job.command, Command::line("true".into(), shell).unwrap());
        assert_eq!(job.rules.timeout, "1.5".parse().unwrap());
        assert_eq!(job.rules.priority.get(), 9);
        assert_eq!(job.rules.max_retries, Settings::default().rules.max_retries);
        assert_eq!(job.cwd, "/".into());
    }

    #[test]
    fn null_is_as_good_as_nothing() {
        let null = r#"{"id": null, "command": "true", "argv": null, "timeout": null, "cwd": null, "shell": null}"#;
        assert_eq!(json(null), json(r#"{"command": "true"}"#));
    }

    #[test]
    fn a_number_is_what_it_says_however_it_is_written() {
        let rules = |field: &str| json(&format!(r#"{{"command": "true", {field}}}"#)).rules;
        for timeout in ["0", "-0.0", "0e5", "0.000"] {
            let rules = rules(&format!(r#""timeout": {timeout}"#));
            assert_eq!(rules.timeout.limit(), None, "{timeout}");
        }
        for retries in ["20", "20.0", "2e1", "0.2E+2", "2000e-2"] {
            let rules = rules(&format!(r#""max_retries": {retries}"#));
            assert_eq!(rules.max_retries.get(), 20, "{retries}");
        }
    }

    #[test]
    fn arguments_need_no_shell_even_where_lines_have_one() {
        let job = json(r#"{"argv": ["echo", "a  b", ""]}"#);
        let argv = ["echo", "a  b", ""].map(NativeString::from).to_vec();
        assert_eq!(job.command, Command::Argv(argv));
    }

    #[test]
    fn a_line_can_ask_for_the_systems_own_shell() {
        let job = json(r#"{"command": "true", "shell": "default"}"#);
        assert_eq!(job.command, Command::line("true".into(), None).unwrap());
    }

    #[test]
    fn a_command_stands_as_it_is() {
        let job = read(Form::Lines, r#"  {"command": "x"} # "#).unwrap();
        assert_eq!(job.command.to_text(), r#"  {"command": "x"} # "#);
    }

    #[test]
    fn what_is_wrong_is_said_as_for_one_job() {
        let lines = [
            r#"{"command": "true", "priority": 11}"#,
            r#"{"command": "true", "priority": 5.5}"#,
            r#"{"command": "true", "priority": "5"}"#,
            r#"{"command": "true", "max_retries": 99999999999999999999}"#,
            r#"{"command": "true", "max_retries": 2.9999999999999999999}"#,
            r#"{"command": "true", "backoff_base": true}"#,
            r#"{"command": "true", "timeout": -1}"#,
            r#"{"command": "true", "timeout": 1e-400}"#,
            r#"{"command": "true", "timeout": 0.0000001}"#,
            r#"{"command": "true", "timeout": 1e400}"#,
            r#"{"command": "true", "timeout": [1]}"#,
            r#"{"command": "true", "timeout": {}}"#,
            r#"{"command": "true", "timeout": 01}"#,
            r#"{"command": "true", "id": ""}"#,
            r#"{"command": "true", "shell": " "}"#,
            r#"{"command": "true", "cwd": "/nowhere"}"#,
            r#"{"command": " "}"#,
            r#"{"command": "a\u0000b"}"#,
            r#"{"argv": []}"#,
            r#"{"argv": ["true"], "shell": "bash"}"#,
            r#"{"argv": ["true"], "command": "true"}"#,
            r#"{"id": "a"}"#,
            r#"{"comand": "true"}"#,
            r#"{"command": "true", "command": "false"}"#,
            r#"{"command": "true""#,
            r#"["a", "true"]"#,
            "echo hello",
        ];
        let told = lines.map(|line| read(Form::Json, line).unwrap_err());
        insta::assert_snapshot!(told.join("\n"), @r#"
        priority must be a whole number from 1 to 10, not `11`
        priority must be a whole number from 1 to 10, not `5.5`
        priority must be a whole number from 1 to 10, not `\"5\"`
        max_retries must be a whole number from 1 to 1000000, not `99999999999999999999`
        max_retries must be a whole number from 1 to 1000000, not `2.9999999999999999999`
        backoff_base must be a whole number from 1 to 100, not `true`
        timeout must be a number of seconds from 0 to 1000000000 (0.001 is the least above 0), not `-1`
        timeout must be a number of seconds from 0 to 1000000000 (0.001 is the least above 0), not `1e-400`
        timeout must be a number of seconds from 0 to 1000000000 (0.001 is the least above 0), not `0.0000001`
        timeout must be a number of seconds from 0 to 1000000000 (0.001 is the least above 0), not `1e400`
        timeout must be a number of seconds from 0 to 1000000000 (0.001 is the least above 0), not `[1]`
        timeout must be a number of seconds from 0 to 1000000000 (0.001 is the least above 0), not `{}`
        invalid number (column 33)
        a job id can't be empty
        shell must be a name or a path, such as bash or pwsh, not ` `
        `/nowhere` is not a directory
        a command can't be empty
        a command can't contain a NUL byte
        a command needs a program to run
        what `argv` gives runs without a shell
        there are two commands, one in `command` and one in `argv`
        there is no command to run
        unknown field `comand`, expected one of `id`, `command`, `argv`, `timeout`, `max_retries`, `backoff_base`, `priority`, `cwd`, `shell` (column 9)
        duplicate field `command` (column 29)
        EOF while parsing an object (column 18)
        it isn't a JSON object
        it isn't a JSON object
        "#);
    }
}
