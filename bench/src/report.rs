//! The table, for a terminal and for a page.

use std::fmt::Write as _;

use crate::machine::Machine;
use crate::page::Page;
use crate::row::Row;

const HEAD: [&str; 6] = ["what", "figure", "reference", "ratio", "goal", ""];

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
pub(crate) fn page(texts: &Page, machine: &Machine, rows: &[Row]) -> String {
    let mut page = format!("{}\n## The figures\n\n", texts.introduction);
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
    page.push_str(texts.remarks);
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
