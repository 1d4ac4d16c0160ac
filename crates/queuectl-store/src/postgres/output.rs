//! What attempts print: pieces under their fence and offset, no more of them than the limit says.

use queuectl_domain::{Chunk, Fence, Stream, left_out};

use super::fault::Result;
use super::row::Columns;
use super::sql;
use super::wire::{Pipeline, Wire, params};
use crate::records::{Code, Columns as _, outside, signed};

/// What was printed, and what is taken out of the middle for it, column by column.
#[derive(Default)]
pub(super) struct Pieces {
    cut: (Vec<i64>, Vec<i64>, Vec<i64>),
    fence: Vec<i64>,
    begins: Vec<i64>,
    stream: Vec<i64>,
    data: Vec<Vec<u8>>,
}

impl Pieces {
    /// Adds what an attempt has printed, and takes out of the middle what is then too much.
    pub(super) fn append(&mut self, fence: Fence, chunks: &[Chunk], limit: u64) {
        let Some(total) = chunks.iter().map(Chunk::end).max() else {
            return;
        };
        let gone = left_out(total, limit);
        if !gone.is_empty() {
            self.cut.0.push(fence.0);
            self.cut.1.push(signed(gone.start));
            self.cut.2.push(signed(gone.end));
        }
        for chunk in chunks {
            for (begins, bytes) in outside(chunk, &gone) {
                self.fence.push(fence.0);
                self.begins.push(signed(begins));
                self.stream.push(chunk.stream.code());
                self.data.push(bytes.to_vec());
            }
        }
    }

    pub(super) fn add_to(self, pipeline: &mut Pipeline<'_>) {
        let (fence, begins, ends) = self.cut;
        if !fence.is_empty() {
            pipeline.add(sql!("cut_output"), params![fence, begins, ends]);
        }
        if !self.fence.is_empty() {
            pipeline.add(
                sql!("insert_output"),
                params![self.fence, self.begins, self.stream, self.data],
            );
        }
    }
}

/// All that is kept of what an attempt has printed.
pub(super) async fn of(wire: &Wire, fence: Fence) -> Result<Vec<Chunk>> {
    let rows = wire.rows(sql!("output"), params![fence.0]).await?;
    let chunks = rows.iter().map(|row| {
        let mut row = Columns::of(row);
        Ok(Chunk {
            offset: row.unsigned()?,
            stream: Stream::from_code(row.next()?)?,
            bytes: row.next()?,
        })
    });
    chunks.collect()
}
