//! What goes wrong with a server: its own words, and what kind of trouble that is.

use std::error::Error as _;
use std::io;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::ServerTrouble;

/// What an error says, in the server's words where it is the server that said something.
pub(super) fn words(error: &Error) -> String {
    if let Some(said) = error.as_db_error() {
        return words_of_server(said);
    }
    match error.source() {
        // "error connecting to server" is nothing new; why is what matters.
        Some(source) => innermost(source),
        None => error.to_string(),
    }
}

fn words_of_server(said: &DbError) -> String {
    let mut words = format!("{}: {}", said.severity(), said.message());
    if let Some(detail) = said.detail() {
        words += &format!(" ({detail})");
    }
    words
}

/// The text of an error and of those that it doesn't repeat.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let text = match error.downcast_ref::<io::Error>() {
        Some(error) => system_words(error),
        None => error.to_string(),
    };
    match error.source().map(innermost) {
        Some(source) if text.contains(&source) => text,
        Some(source) => format!("{text}: {source}"),
        None => text,
    }
}

/// What kind of trouble it is.
pub(super) fn kind(error: &Error) -> ServerTrouble {
    if let Some(code) = error.code() {
        return kind_of_code(code);
    }
    let text = error.to_string();
    if text.contains("TLS") {
        ServerTrouble::Tls
    } else if text.starts_with("authentication") || text.starts_with("invalid configuration") {
        ServerTrouble::Denied
    } else if text.starts_with("error connecting") {
        ServerTrouble::Unreached
    } else {
        ServerTrouble::Lost
    }
}

fn kind_of_code(code: &SqlState) -> ServerTrouble {
    match *code {
        SqlState::INVALID_PASSWORD
        | SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        | SqlState::INSUFFICIENT_PRIVILEGE => ServerTrouble::Denied,
        SqlState::INVALID_CATALOG_NAME => ServerTrouble::NoDatabase,
        SqlState::TOO_MANY_CONNECTIONS => ServerTrouble::Busy,
        SqlState::READ_ONLY_SQL_TRANSACTION => ServerTrouble::ReadOnly,
        SqlState::CANNOT_CONNECT_NOW => ServerTrouble::Unreached,
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN => ServerTrouble::Lost,
        _ => ServerTrouble::Other,
    }
}

/// The system's own words for an error, without its number.
pub(super) fn system_words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}
