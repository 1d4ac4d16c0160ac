//! The steps that a fake job takes: one word each, and what belongs to it.
//!
//! | step | what it does |
//! |---|---|
//! | `out TEXT`, `err TEXT` | prints a line |
//! | `bytes HEX`, `errbytes HEX` | prints these bytes and no more |
//! | `utf16 TEXT` | prints a line as UTF-16, as some programs of Windows do |
//! | `flood N`, `forever` | prints N bytes, all zero; prints without end |
//! | `lines N` | prints N lines of 1,000 bytes, the end of the line being one |
//! | `pid`, `cwd`, `env NAME` | prints a fact of its own; what isn't set prints nothing |
//! | `args WORD…` | prints all that follows, each in brackets |
//! | `copy` | prints what it can read from standard input |
//! | `close` | closes both streams |
//! | `append FILE TEXT`, `pidfile FILE` | adds a line to a file: a text, or its pid |
//! | `await FILE`, `count N FILE` | waits until there is such a file; until it has so many lines |
//! | `first FILE [ STEP… ]` | makes a file, and takes these steps if it wasn't there |
//! | `sleep SECONDS` | waits |
//! | `child [ STEP… ]` | starts another one and goes on |
//! | `children N [ STEP… ]` | starts N |
//! | `detached [ STEP… ]` | starts one in a group of its own, which no signal to the first one's group reaches |
//! | `session [ STEP… ]` | starts one in a session of its own, which is out of all that the first one's terminal and group hold together |
//! | `sibling [ STEP… ]` | starts one in a group of its own that isn't its child, but its parent's; on Linux only |
//! | `headless` | ends its first thread; another takes the steps that follow. On Linux only |
//! | `secretive` | has the system show its environment to nobody but root (not dumpable). On Linux only |
//! | `wait` | waits for those that it has started |
//! | `deaf` | hears when it is politely asked to end, and does nothing |
//! | `polite [ STEP… ]` | takes these steps when it is asked; they say how it ends |
//! | `attempt N` | ends with code 1 unless this is the Nth attempt or a later one |
//! | `kill PID` | ends a process by force |
//! | `exit CODE` | ends; the code may be hexadecimal |

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::process::{self, Child, Command};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use crate::system;

/// How often a step that waits looks whether it was asked to end.
const GLANCE: Duration = Duration::from_millis(5);

type Words<'a> = dyn Iterator<Item = OsString> + 'a;

/// One fake job, as far as it has come.
#[derive(Default)]
struct Job {
    children: Vec<Child>,
    /// What to do when asked to end.
    polite: Option<Vec<OsString>>,
}

/// Takes one step after the other.
pub(crate) fn run(words: &mut Words) -> Result<(), String> {
    let mut job = Job::default();
    job.all(words)
}

impl Job {
    fn all(&mut self, words: &mut Words) -> Result<(), String> {
        while let Some(step) = words.next() {
            let step = step.into_string().map_err(|_| "a step is a word")?;
            self.step(&step, words)?;
        }
        Ok(())
    }

    fn step(&mut self, step: &str, words: &mut Words) -> Result<(), String> {
        match step {
            "out" => out(&line(next(words)?)),
            "err" => err(&line(next(words)?)),
            "bytes" => out(&hex(words)?),
            "errbytes" => err(&hex(words)?),
            "utf16" => out(&utf16(&text(words)?)),
            "flood" => flood(number(words)?),
            "lines" => out(&line("x".repeat(999).into()).repeat(number(words)?)),
            "forever" => flood(u64::MAX),
            "pid" => out(&line(process::id().to_string().into())),
            "cwd" => out(&line(env::current_dir().map_err(told)?.into())),
            "env" => out(&line(variable(&text(words)?).unwrap_or_default())),
            "args" => out(&bracketed(words)),
            "copy" => io::copy(&mut io::stdin(), &mut io::stdout())
                .map(drop)
                .map_err(told),
            "close" => {
                system::close_streams();
                Ok(())
            }
            "append" => append(Path::new(&next(words)?), &line(next(words)?)),
            "pidfile" => append(
                Path::new(&next(words)?),
                &line(process::id().to_string().into()),
            ),
            "await" => {
                let file = next(words)?;
                self.until(|| Path::new(&file).exists())
            }
            "count" => {
                let (count, file) = (number(words)?, next(words)?);
                self.until(|| lines_in(Path::new(&file)) >= count)
            }
            "first" => {
                let made = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(next(words)?);
                let steps = group(words)?;
                match made {
                    Ok(_) => self.all(&mut steps.into_iter()),
                    Err(_) => Ok(()),
                }
            }
            "sleep" => {
                let seconds: f64 = number(words)?;
                let end = Instant::now() + Duration::from_secs_f64(seconds);
                self.until(|| Instant::now() >= end)
            }
            "child" => self.start(1, |_| {}, words),
            "children" => {
                let count = number(words)?;
                self.start(count, |_| {}, words)
            }
            "detached" => self.start(1, system::detach, words),
            "session" => self.start(1, system::lead_a_session, words),
            "sibling" => {
                let program = env::current_exe().map_err(told)?;
                system::start_sibling(Command::new(program).args(group(words)?))
            }
            "headless" => {
                let mut left: Vec<_> = words.collect();
                thread::spawn(move || crate::take(&mut left.drain(..)));
                system::end_thread()
            }
            "secretive" => system::be_secretive(),
            "wait" => self.wait(),
            "deaf" => system::hear(),
            "polite" => {
                self.polite = Some(group(words)?);
                system::hear()
            }
            "attempt" => {
                let least: u32 = number(words)?;
                let attempt = variable("QUEUECTL_ATTEMPT").and_then(|text| text.into_string().ok());
                let attempt: u32 = attempt.and_then(|text| text.parse().ok()).unwrap_or(0);
                if attempt < least {
                    process::exit(1);
                }
                Ok(())
            }
            "kill" => system::kill(number(words)?),
            "exit" => process::exit(code(&text(words)?)?),
            _ => Err(format!("there is no step `{step}`")),
        }
    }

    /// Waits; if it is asked to end meanwhile and has something to do then, it does that.
    fn until(&mut self, mut over: impl FnMut() -> bool) -> Result<(), String> {
        while !over() {
            if system::is_asked()
                && let Some(steps) = self.polite.take()
            {
                self.all(&mut steps.into_iter())?;
            }
            thread::sleep(GLANCE);
        }
        Ok(())
    }

    fn start(
        &mut self,
        count: usize,
        apart: fn(&mut Command),
        words: &mut Words,
    ) -> Result<(), String> {
        let steps = group(words)?;
        let program = env::current_exe().map_err(told)?;
        for _ in 0..count {
            let mut command = Command::new(&program);
            command.args(&steps);
            apart(&mut command);
            self.children.push(command.spawn().map_err(told)?);
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<(), String> {
        let mut children = std::mem::take(&mut self.children);
        self.until(|| {
            children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
            children.is_empty()
        })
    }
}

fn next(words: &mut Words) -> Result<OsString, String> {
    words
        .next()
        .ok_or_else(|| "a step lacks its word".to_owned())
}

fn text(words: &mut Words) -> Result<String, String> {
    next(words)?
        .into_string()
        .map_err(|word| format!("{word:?} is no text"))
}

fn number<T: FromStr>(words: &mut Words) -> Result<T, String> {
    let text = text(words)?;
    text.parse()
        .map_err(|_| format!("`{text}` is no such number"))
}

/// What stands between `[` and its `]`.
fn group(words: &mut Words) -> Result<Vec<OsString>, String> {
    if next(words)? != "[" {
        return Err("`[` is missing".to_owned());
    }
    let (mut steps, mut depth) = (Vec::new(), 1);
    loop {
        let word = next(words)?;
        if word == "[" {
            depth += 1;
        } else if word == "]" {
            depth -= 1;
        }
        if depth == 0 {
            return Ok(steps);
        }
        steps.push(word);
    }
}

fn code(text: &str) -> Result<i32, String> {
    let code = match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    let code = code.map_err(|_| format!("`{text}` is no exit code"))?;
    // Windows has unsigned ones of 32 bits, which std takes as if they had a sign.
    Ok(code as i32)
}

fn line(text: OsString) -> Vec<u8> {
    let mut line = text.into_encoded_bytes();
    line.push(b'\n');
    line
}

fn bracketed(words: &mut Words) -> Vec<u8> {
    let each = words.map(|word| [b"[", word.as_encoded_bytes(), b"]"].concat());
    each.collect::<Vec<_>>().concat()
}

fn hex(words: &mut Words) -> Result<Vec<u8>, String> {
    let text = text(words)?;
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs
        .map(byte)
        .collect::<Option<_>>()
        .ok_or_else(|| format!("`{text}` is not hexadecimal"))
}

fn utf16(text: &str) -> Vec<u8> {
    let mut line = text.to_owned();
    let _ = writeln!(line, "\r");
    line.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn flood(mut left: u64) -> Result<(), String> {
    let zeroes = [0; 64 * 1024];
    while left > 0 {
        let part = left.min(zeroes.len() as u64);
        out(&zeroes[..part as usize])?;
        left -= part;
    }
    Ok(())
}

/// Each piece is written at once, past the buffer that std keeps, so that it arrives when it was printed.
fn out(bytes: &[u8]) -> Result<(), String> {
    let mut stdout = io::stdout();
    stdout.write_all(bytes).map_err(told)?;
    stdout.flush().map_err(told)
}

fn err(bytes: &[u8]) -> Result<(), String> {
    io::stderr().write_all(bytes).map_err(told)
}

fn lines_in(file: &Path) -> usize {
    let content = std::fs::read(file).unwrap_or_default();
    content.iter().filter(|byte| **byte == b'\n').count()
}

fn append(file: &Path, line: &[u8]) -> Result<(), String> {
    let opened = OpenOptions::new().append(true).create(true).open(file);
    // In one piece, as others may append too.
    opened
        .and_then(|mut file| file.write_all(line))
        .map_err(told)
}

#[expect(clippy::disallowed_methods, reason = "a job is told by variables")]
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

fn told(error: io::Error) -> String {
    error.to_string()
}
