//! What is to be measured, and what becomes of the figures.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::machine::Machine;
use crate::row::Row;
use crate::scene::Scene;
use crate::trouble::{Trouble, io};
use crate::{against, measure, page, postgres, report};

/// Measures the queue, and what it is compared with
#[derive(Debug, Parser)]
struct Args {
    /// Small and fast: fails if a ratio is worse than half its goal
    #[arg(long)]
    quick: bool,

    /// Measure stores on a server instead of files
    #[arg(long)]
    postgres: bool,

    /// Measure only these themes
    #[arg(long, num_args = 1.., value_name = "NAME")]
    only: Vec<String>,

    /// The release build to be measured [default: the one beside this program]
    #[arg(long, value_name = "PATH")]
    queuectl: Option<PathBuf>,

    /// Measure nothing but how it does beside this program, in pairs
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,

    /// Write the figures to this page too
    #[arg(long, value_name = "PATH")]
    write: Option<PathBuf>,
}

pub(crate) fn run() -> ExitCode {
    match measured(&Args::parse()) {
        Ok(code) => code,
        Err(trouble) => {
            eprintln!("error: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn measured(args: &Args) -> Result<ExitCode, Trouble> {
    let (all, page) = if args.postgres {
        (&postgres::THEMES[..], &page::SERVER)
    } else {
        (&measure::THEMES[..], &page::FILES)
    };
    let program = match &args.queuectl {
        Some(path) => path.clone(),
        None => beside()?,
    };
    let machine = Machine::look(args.postgres);
    let scene = Scene::set(program, args.quick)?;
    let mut rows: Vec<Row> = Vec::new();
    if let Some(other) = &args.against {
        for one in named(&against::COMPARISONS, |one| one.name, &args.only)? {
            let measured = || against::measure(&scene, one, other, args.postgres);
            rows.extend(rows_of(one.what, || measured().map(|row| vec![row])));
        }
    } else {
        for theme in named(all, |theme| theme.name, &args.only)? {
            rows.extend(rows_of(theme.what, || (theme.measure)(&scene)));
        }
    }
    drop(scene);
    print!("{}", report::text(&machine, &rows));
    if let Some(path) = &args.write {
        let page = report::page(page, &machine, &rows);
        std::fs::write(path, page).map_err(io("write the page"))?;
    }
    let bad: Vec<_> = rows
        .iter()
        .filter(|row| row.has_failed() || (args.quick && row.is_far_off()))
        .collect();
    for row in &bad {
        eprintln!("far off its goal: {}", row.what);
    }
    Ok(if bad.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Measures something, and shows meanwhile what that is.
fn rows_of(what: &str, measure: impl FnOnce() -> Result<Vec<Row>, Trouble>) -> Vec<Row> {
    eprintln!("measuring: {what}");
    let rows = measure();
    eprintln!();
    rows.unwrap_or_else(|trouble| vec![Row::failed(what, &trouble.to_string())])
}

/// Those of these names, or all if there are none.
fn named<T>(
    all: &'static [T],
    name: impl Fn(&T) -> &'static str,
    wanted: &[String],
) -> Result<Vec<&'static T>, Trouble> {
    let known: Vec<_> = all.iter().map(&name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Trouble::Wrong(format!(
            "there is no theme `{unknown}`; there are {}",
            known.join(", ")
        )));
    }
    let is_wanted = |one: &&T| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name(one));
    Ok(all.iter().filter(is_wanted).collect())
}

fn beside() -> Result<PathBuf, Trouble> {
    let own = std::env::current_exe().map_err(io("find this program"))?;
    Ok(own.with_file_name("queuectl"))
}
