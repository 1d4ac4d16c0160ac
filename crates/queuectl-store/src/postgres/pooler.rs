//! Whether a pooler lies between, which may give each transaction another of the server's connections.
//!
//! Then nothing may be kept in a session. A prepared statement may be on another connection, or worse, another client's prepared
//! statement may have its name there. Parameters that are set would apply to other clients. So as long as it isn't known that
//! the server itself is at the other end, each statement stands for itself.
//!
//! At connecting, a server sends the pid of its process, for later cancelling. A pooler has no server process at that time, so it
//! makes up a number. Asking the process that runs our statements for its pid tells the two apart, and can be sent with the first
//! statement. (Comparing the pids of two statements would prove nothing, since a pooler may give the same connection twice. PgBouncer
//! draws 32 random bits.)

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
    /// A pooler, which passes each transaction on over any of its connections to the server.
    Pooler,
}

/// Finds out what is at the other end.
pub(super) async fn look(client: &Client) -> Result<End, Error> {
    let rows = client.query_typed(sql!("process"), &[]).await?;
    let at_work: i32 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
    let is_server = told_in_the_beginning(client).await == Some(at_work);
    Ok(if is_server { End::Server } else { End::Pooler })
}

/// The pid that was sent at connecting. The driver doesn't show it, but writes it to the stream of a cancel request.
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
