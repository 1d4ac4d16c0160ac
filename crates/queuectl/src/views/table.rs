//! Tables for people: a title, a rule, columns.

use std::borrow::Cow;

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::text::cut;
use super::{Page, style};

/// How long the rule under a title is.
const RULE: usize = 44;
/// A wider cell doesn't widen its column where nothing limits the table.
const WIDEST: usize = 60;
/// No column is cut to less.
const NARROWEST: usize = 12;

/// One cell.
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell in a colour.
    pub(crate) fn new(text: impl Into<String>, style: Style) -> Self {
        let text = text.into();
        Self { text, style }
    }

    /// A cell for each line of its text, one at least.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Self> {
        let lines = self.text.split('\n');
        lines.map(|line| Self::new(line, self.style))
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, style::PLAIN)
    }
}

struct Column {
    name: &'static str,
    least: usize,
    elastic: bool,
}

/// A table.
pub(crate) struct Table {
    title: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without columns.
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            columns: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// A table of names and values.
    pub(crate) fn of_fields(title: impl Into<String>, name: &'static str) -> Self {
        let mut table = Self::new(title).column(name).column("Value");
        table.columns[0].least = 19;
        table
    }

    /// With one more column.
    pub(crate) fn column(mut self, name: &'static str) -> Self {
        self.columns.push(Column {
            name,
            least: name.width(),
            elastic: false,
        });
        self
    }

    /// With one more column, that is cut where the table would be too wide.
    pub(crate) fn elastic(self, name: &'static str) -> Self {
        let mut table = self.column(name);
        if let Some(column) = table.columns.last_mut() {
            column.elastic = true;
        }
        table
    }

    /// One more row, a cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(cells);
    }

    /// Puts it on a page that may be `limit` columns wide.
    pub(crate) fn draw(&self, page: &mut Page, limit: Option<usize>) {
        let widths = self.widths(limit);
        page.line(&styled(&self.title, style::HEADER));
        page.line(&"━".repeat(RULE));
        let names = self
            .columns
            .iter()
            .map(|column| (Cow::Borrowed(column.name), style::HEADER));
        page.line(&joined(names, &widths));
        let rules = widths
            .iter()
            .map(|width| (Cow::Owned("─".repeat(*width)), style::PLAIN));
        page.line(&joined(rules, &widths));
        for row in &self.rows {
            let cells = row.iter().zip(&self.columns).zip(&widths);
            let cells = cells.map(|((cell, column), width)| {
                let text = match limit {
                    Some(_) if column.elastic => cut(&cell.text, *width),
                    _ => Cow::Borrowed(cell.text.as_str()),
                };
                (text, cell.style)
            });
            page.line(&joined(cells, &widths));
        }
    }

    fn widths(&self, limit: Option<usize>) -> Vec<usize> {
        let natural = |(number, column): (usize, &Column)| {
            let cells = self.rows.iter().map(|row| row[number].text.width());
            cells.max().unwrap_or(0).max(column.least)
        };
        let mut widths: Vec<usize> = self.columns.iter().enumerate().map(natural).collect();
        match limit {
            Some(limit) => self.squeeze(&mut widths, limit),
            None => {
                for (width, column) in widths.iter_mut().zip(&self.columns) {
                    *width = (*width).min(WIDEST).max(column.least);
                }
            }
        }
        if let Some(last) = widths.last_mut() {
            *last = (*last).min(limit.unwrap_or(WIDEST));
        }
        widths
    }

    /// Takes from the widest elastic column until all fit, or nothing can be taken.
    fn squeeze(&self, widths: &mut [usize], limit: usize) {
        let gaps = 2 * widths.len().saturating_sub(1);
        loop {
            let total = widths.iter().sum::<usize>() + gaps;
            let elastic = self
                .columns
                .iter()
                .enumerate()
                .filter(|(_, column)| column.elastic);
            let mut order: Vec<usize> = elastic.map(|(number, _)| number).collect();
            order.sort_by_key(|number| std::cmp::Reverse(widths[*number]));
            let Some(&widest) = order.first() else { return };
            if total <= limit || widths[widest] <= NARROWEST {
                return;
            }
            // Down to the next widest at once, so that huge cells cost nothing.
            let next = order
                .get(1)
                .map_or(0, |number| widths[*number])
                .max(NARROWEST);
            let spare = (widths[widest] - next.min(widths[widest])).max(1);
            widths[widest] -= spare.min(total - limit);
        }
    }
}

fn joined<'a>(cells: impl Iterator<Item = (Cow<'a, str>, Style)>, widths: &[usize]) -> String {
    let mut line = String::new();
    let mut owed = 0;
    for ((text, style), width) in cells.zip(widths) {
        if !text.is_empty() {
            line.extend(std::iter::repeat_n(' ', owed));
            line.push_str(&styled(&text, style));
            owed = 0;
        }
        owed += width.saturating_sub(text.width()) + 2;
    }
    line
}

/// `text` in a style.
fn styled(text: &str, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(table: &Table, limit: Option<usize>) -> String {
        let mut page = Page::new(false);
        table.draw(&mut page, limit);
        anstream::adapter::strip_str(&page.into_text()).to_string()
    }

    fn sample() -> Table {
        let mut table = Table::new("Jobs")
            .column("ID")
            .elastic("Command")
            .column("State");
        table.row(vec!["a".into(), "echo 日本語".into(), "dead".into()]);
        table.row(vec![
            "job-2".into(),
            "x".repeat(70).into(),
            "pending".into(),
        ]);
        table
    }

    #[test]
    fn a_table_on_a_terminal_fits_it() {
        insta::assert_snapshot!(drawn(&sample(), Some(40)), @"
        Jobs
        ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
        ID     Command                   State
        ─────  ────────────────────────  ───────
        a      echo 日本語               dead
        job-2  xxxxxxxxxxxxxxxxxxxxxxx…  pending
        ");
    }

    #[test]
    fn a_table_in_a_pipe_is_whole() {
        let text = drawn(&sample(), None);
        assert!(text.contains(&"x".repeat(70)), "{text}");
        assert!(text.lines().all(|line| !line.ends_with(' ')), "{text}");
    }

    #[test]
    fn names_and_values_stand_as_they_always_have() {
        let mut table = Table::of_fields("QueueCTL System Status", "Metric");
        table.row(vec!["Total Jobs".into(), "10".into()]);
        insta::assert_snapshot!(drawn(&table, None), @"
        QueueCTL System Status
        ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
        Metric               Value
        ───────────────────  ─────
        Total Jobs           10
        ");
    }

    #[test]
    fn no_terminal_is_too_narrow() {
        for width in 0..60 {
            assert!(!drawn(&sample(), Some(width)).is_empty());
        }
    }
}
