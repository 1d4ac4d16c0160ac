//! What is to be measured, and what becomes of the figures.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::machine::Machine;
use crate::measure::Theme;
use crate::row::Row;
use crate::scene::Scene;
use crate::trouble::{Trouble, io};
use crate::{measure, page, postgres, report};

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
    let themes = chosen(all, &args.only)?;
    let program = match &args.queuectl {
        Some(path) => path.clone(),
        None => beside()?,
    };
    let machine = Machine::look(args.postgres);
    let scene = Scene::set(program, args.quick)?;
    let mut rows: Vec<Row> = Vec::new();
    for theme in themes {
        eprintln!("measuring: {}", theme.what);
        match (theme.measure)(&scene) {
            Ok(measured) => rows.extend(measured),
            Err(trouble) => rows.push(Row::failed(theme.what, &trouble.to_string())),
        }
        eprintln!();
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

fn chosen(all: &'static [Theme], names: &[String]) -> Result<Vec<&'static Theme>, Trouble> {
    let known: Vec<_> = all.iter().map(|theme| theme.name).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Trouble::Wrong(format!(
            "there is no theme `{unknown}`; there are {}",
            known.join(", ")
        )));
    }
    let wanted = |theme: &&Theme| names.is_empty() || names.iter().any(|name| name == theme.name);
    Ok(all.iter().filter(wanted).collect())
}

fn beside() -> Result<PathBuf, Trouble> {
    let own = std::env::current_exe().map_err(io("find this program"))?;
    Ok(own.with_file_name("queuectl"))
}
