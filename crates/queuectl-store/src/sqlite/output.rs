//! What attempts print: pieces under their fence and offset, no more of them than the limit says.

use std::ops::Range;

use queuectl_domain::{Chunk, Fence, Stream, left_out};
use rusqlite::{Connection, Params, params};

use super::fault::Result;
use super::row::Columns;
use super::sql;
use crate::records::{Code, Columns as _, outside, signed};

/// Adds what an attempt has printed, and takes out of the middle what is then too much.
pub(super) fn append(conn: &Connection, fence: Fence, chunks: &[Chunk], limit: u64) -> Result<()> {
    let Some(total) = chunks.iter().map(Chunk::end).max() else {
        return Ok(());
    };
    let gone = left_out(total, limit);
    if !gone.is_empty() {
        trim(conn, fence, &gone)?;
    }
    for chunk in chunks {
        insert_outside(conn, fence, chunk, &gone)?;
    }
    Ok(())
}

/// All that is kept of what an attempt has printed.
pub(super) fn of(conn: &Connection, fence: Fence) -> Result<Vec<Chunk>> {
    select(conn, sql!("output"), [fence.0])
}

/// Deletes the pieces that lie in `gone`, and cuts those that lie half in it.
fn trim(conn: &Connection, fence: Fence, gone: &Range<u64>) -> Result<()> {
    let range = [fence.0, signed(gone.start), signed(gone.end)];
    conn.prepare_cached(sql!("delete_output_within"))?
        .execute(range)?;
    for chunk in select(conn, sql!("output_within"), range)? {
        if chunk.end() > gone.start {
            let key = [fence.0, signed(chunk.offset)];
            conn.prepare_cached(sql!("delete_chunk"))?.execute(key)?;
            insert_outside(conn, fence, &chunk, gone)?;
        }
    }
    Ok(())
}

/// Adds those parts of a piece that don't lie in `gone`.
fn insert_outside(conn: &Connection, fence: Fence, chunk: &Chunk, gone: &Range<u64>) -> Result<()> {
    for (offset, bytes) in outside(chunk, gone) {
        let mut statement = conn.prepare_cached(sql!("insert_output"))?;
        statement.execute(params![fence.0, signed(offset), chunk.stream.code(), bytes])?;
    }
    Ok(())
}

fn select(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<Chunk>> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut chunks = Vec::new();
    while let Some(row) = rows.next()? {
        let mut row = Columns::of(row);
        chunks.push(Chunk {
            offset: row.unsigned()?,
            stream: Stream::from_code(row.next()?)?,
            bytes: row.next()?,
        });
    }
    Ok(chunks)
}
