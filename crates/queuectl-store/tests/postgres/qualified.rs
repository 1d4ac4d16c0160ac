//! Statements name functions and types by their schema, as far as their texts tell. What the server makes of them is seen with shadows.

use std::path::{Path, PathBuf};

/// The words before a parenthesis that are SQL's own: the server looks for no function.
const GRAMMAR: &str = " all and any array as check coalesce conflict else exists extract from greatest in join key lateral least \
    materialized not nullif or return select stdin table using values when where with ";

pub(crate) fn is_grammar(word: &str) -> bool {
    GRAMMAR.contains(&format!(" {word} "))
}

/// Every statement that is in a file, by its name.
pub(crate) fn statements() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/postgres");
    let in_folder = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path())
    };
    let files = in_folder(&folder).chain(in_folder(&folder.join("migrations")));
    let is_sql = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "sql");
    let mut all: Vec<_> = files
        .filter(is_sql)
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    all.sort();
    assert!(all.len() > 100, "{} statements were found", all.len());
    all
}

/// The statement without its comments, and without what is between quotes.
pub(crate) fn bare(sql: &str) -> String {
    let lines = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join("\n");
    let outside = text.split('\'').step_by(2);
    outside.collect::<Vec<_>>().join("''")
}

/// The names that are called in a statement, with the schema where one stands before it.
pub(crate) fn calls(sql: &str) -> Vec<String> {
    let sql = bare(sql);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let before = sql.match_indices('(').map(|(at, _)| sql[..at].trim_end());
    let named = before.map(|before| {
        let start = before.rfind(|c| !is_name(c)).map_or(0, |at| at + 1);
        before[start..].to_lowercase()
    });
    named
        .filter(|name| !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()))
        .collect()
}

/// A domain of the same name with a condition runs that condition. The names of these types are SQL's own.
#[test]
fn every_type_is_named_by_its_schema() {
    for (file, sql) in statements() {
        let sql = bare(&sql);
        for (at, _) in sql.match_indices("::") {
            let name = &sql[at + 2..];
            let is_known = ["pg_catalog.", "bigint", "integer", "boolean"]
                .iter()
                .any(|known| name.starts_with(known));
            assert!(is_known, "a type in {file}.sql has no schema: {name:.20}");
        }
    }
}

#[test]
fn every_function_is_called_by_its_schema() {
    for (file, sql) in statements() {
        // Names that a statement gives to its parts.
        let given: Vec<_> = bare(&sql)
            .split_whitespace()
            .collect::<Vec<_>>()
            .windows(2)
            .filter(|pair| ["AS", "WITH", "INTO"].contains(&pair[0]) || pair[0] == ",")
            .map(|pair| pair[1].to_owned())
            .collect();
        for call in calls(&sql) {
            // Of several lists it is grammar, too: the server calls its own then.
            let is_lists = call == "unnest" && !sql.contains("unnest($1)");
            let is_known = is_grammar(&call) || given.contains(&call) || is_lists;
            let is_ours = call.starts_with("queuectl.") || call.starts_with("pg_catalog.");
            assert!(
                is_ours || is_known,
                "`{call}` in {file}.sql has no schema before it"
            );
        }
    }
}

/// The arguments of each call of a function of ours in a statement.
fn arguments_of_ours(sql: &str) -> Vec<String> {
    let sql = bare(sql);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let ours = sql.match_indices("queuectl.").filter(|(at, _)| {
        let before = sql[..*at].trim_end();
        !before.ends_with("FUNCTION")
    });
    let called = ours.filter_map(|(at, found)| {
        let rest = sql[at + found.len()..].trim_start_matches(is_name);
        rest.strip_prefix('(')
    });
    let mut all = Vec::new();
    for rest in called {
        let mut depth = 0;
        let mut argument = String::new();
        for c in rest.chars() {
            match c {
                ')' if depth == 0 => break,
                ',' if depth == 0 => all.push(std::mem::take(&mut argument)),
                _ => {
                    depth += i32::from(c == '(' || c == '[') - i32::from(c == ')' || c == ']');
                    argument.push(c);
                }
            }
        }
        all.push(argument);
    }
    all.retain(|argument| !argument.trim().is_empty());
    all
}

/// Unless ours fits exactly, a role that may make functions in our schema could make one that fits better.
#[test]
fn every_argument_of_a_function_of_ours_is_of_its_very_type() {
    let mut seen = 0;
    for (file, sql) in statements() {
        for argument in arguments_of_ours(&sql) {
            let argument = argument.trim();
            let given = argument.rsplit_once("::").map(|(_, given)| given);
            let is_cast = given.is_some_and(|given| {
                let known = ["bigint", "boolean", "pg_catalog.text", "pg_catalog.bytea"];
                known.contains(&given.trim_end_matches("[]"))
            });
            // An element of a list is as exact as the list, which is one of numbers.
            let is_element = argument.starts_with("numbers[") && argument.ends_with(']');
            assert!(
                is_cast || is_element,
                "`{argument}` in {file}.sql has no type"
            );
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} arguments were seen");
}
