//! The table, for a terminal and for a page.

use std::fmt::Write as _;

use crate::machine::Machine;
use crate::row::Row;

const HEAD: [&str; 6] = ["what", "figure", "reference", "ratio", "goal", ""];

const INTRODUCTION: &str = "\
# Benchmarks

What `cargo xtask bench` measured, unchanged. The machine is a small virtual one that others use too, so it is the
ratios that count: what is compared was measured in turns, in the same run. Every figure is a median, and a ratio is
the median of the ratios of the rounds, so it need not be exactly the quotient of the two figures beside it.

Everything is on a real disk, with SQLite's `synchronous=FULL`. What is measured is the release build of the program,
from outside: a drain is timed from the start of the worker process to its end, and then checked to have completed every
job. The spawn loops are what the machine can do at best: four threads that start the command, capture both of its
pipes and remember nothing.
";

const REMARKS: &str = "\
## What is compared

- **bare spawn loop**: Rust's `Command::output` in a loop, which starts programs with `posix_spawn`.
- **xargs**: `xargs -P2 -I{} sh -c true`. It captures nothing and records nothing.
- **parallel**: GNU parallel with `-j2 --joblog`, on fewer jobs, since it is slow.
- **sqlite3**: a fresh process of SQLite's own shell that adds one row to a database in WAL mode with
  `synchronous=FULL`. Being the last to close the file, it also copies the log back, which queuectl leaves to workers.
- **bare inserts**: rusqlite alone, prepared statements, the rows, columns and indexes of our own tables, one transaction for
  each 10,000 rows.
- **bare read**: a loop that reads the same program's output from a pipe in pieces of 64 KiB and forgets it.

`cargo xtask bench --quick` does less of each in two minutes, writes nothing, and fails if something is worse than half
its goal. Figures that a slower machine alone makes worse are shown there, but not judged.
";

/// The table for a terminal.
pub(crate) fn text(machine: &Machine, rows: &[Row]) -> String {
    let mut text = String::new();
    for (name, value) in &machine.0 {
        writeln!(text, "{name:<14} {value}").expect("a string takes everything");
    }
    text.push('\n');
    let lines: Vec<_> = std::iter::once(HEAD.map(str::to_owned))
        .chain(rows.iter().map(cells))
        .collect();
    let widths: Vec<_> = (0..HEAD.len())
        .map(|column| {
            let lengths = lines.iter().map(|line| line[column].chars().count());
            lengths.max().unwrap_or(0)
        })
        .collect();
    for line in lines {
        let cells = line.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// The page.
pub(crate) fn page(machine: &Machine, rows: &[Row]) -> String {
    let mut page = format!("{INTRODUCTION}\n## The figures\n\n");
    page.push_str(&markdown(&HEAD.map(str::to_owned)));
    page.push_str("|---|---|---|---|---|---|\n");
    for row in rows {
        page.push_str(&markdown(&cells(row)));
    }
    page.push_str("\n## The machine\n\n| | |\n|---|---|\n");
    for (name, value) in &machine.0 {
        page.push_str(&markdown(&[(*name).to_owned(), value.clone()]));
    }
    page.push('\n');
    page.push_str(REMARKS);
    page
}

fn cells(row: &Row) -> [String; 6] {
    [
        row.what.clone(),
        row.figure.clone(),
        row.reference.clone(),
        row.ratio.clone(),
        row.goal.clone(),
        row.verdict().to_owned(),
    ]
}

fn markdown(cells: &[String]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}
