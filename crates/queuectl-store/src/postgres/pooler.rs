//! Whether a pooler lies between, who may give each transaction another of the server's connections.
//!
//! Nothing may be kept in a session then. A statement that was prepared may be on another connection, or worse: one that
//! somebody else has prepared may have its name. What is set would hold for others. So as long as it isn't known that
//! the server itself is at the other end, each statement stands for itself.
//!
//! A server tells the number of its process in the beginning, for who wants to cancel something later. A pooler has no
//! process of the server's to name at that time, so it makes up a number. Whether that is the one that the statements
//! come to is a question that can be sent together with the first of them. (To compare the processes of two statements would
//! prove nothing, since a pooler may give the same connection twice. PgBouncer draws 32 random bits.)

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::{Client, Error};

use super::sql;

/// What is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The server: a session is one from beginning to end.
    Server,
    /// Somebody who passes on what is said to the server, over whichever connection.
    Pooler,
}

/// Finds out what is at the other end.
pub(super) async fn look(client: &Client) -> Result<End, Error> {
    let rows = client.query_typed(sql!("process"), &[]).await?;
    let at_work: i32 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
    let is_server = told_in_the_beginning(client).await == Some(at_work);
    Ok(if is_server { End::Server } else { End::Pooler })
}

/// The number of the process as it was told in the beginning. The driver keeps it to itself, but says it to
/// whoever it is to cancel something for.
async fn told_in_the_beginning(client: &Client) -> Option<i32> {
    let mut said = Vec::new();
    let notes = Notes(&mut said);
    client
        .cancel_token()
        .cancel_query_raw(notes, AsIs)
        .await
        .ok()?;
    number_in(&said)
}

/// The number in a request to cancel, which may be preceded by one for TLS: each begins with its length.
fn number_in(mut said: &[u8]) -> Option<i32> {
    const ASKS_FOR_TLS: [u8; 4] = 8_i32.to_be_bytes();
    if said.starts_with(&ASKS_FOR_TLS) {
        said = &said[8..];
    }
    let number = said.get(8..12)?.try_into().ok()?;
    Some(i32::from_be_bytes(number))
}

/// Writes down what is said, and agrees to TLS.
struct Notes<'n>(&'n mut Vec<u8>);

impl AsyncWrite for Notes<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Notes<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        into.put_slice(b"S");
        Poll::Ready(Ok(()))
    }
}

/// No encryption, where it is said that there is: nothing leaves this process.
struct AsIs;

impl<'n> TlsConnect<Notes<'n>> for AsIs {
    type Stream = Notes<'n>;
    type Error = Infallible;
    type Future = Ready<Result<Notes<'n>, Infallible>>;

    fn connect(self, notes: Notes<'n>) -> Self::Future {
        ready(Ok(notes))
    }
}

impl TlsStream for Notes<'_> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_read_of_a_request_to_cancel_with_tls_and_without() {
        let mut request = Vec::new();
        for number in [16, 80_877_102, 4_711, -1_i32] {
            request.extend(number.to_be_bytes());
        }
        assert_eq!(number_in(&request), Some(4_711));
        let mut with_tls = [8_i32, 80_877_103].map(i32::to_be_bytes).concat();
        with_tls.extend(request);
        assert_eq!(number_in(&with_tls), Some(4_711));
        assert_eq!(number_in(b""), None);
    }
}
