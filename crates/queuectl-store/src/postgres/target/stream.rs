//! TLS by rustls, as the driver takes it. (The crate that does so reads certificates by a derived parser, which brings a second
//! `syn`; what is needed of it is this.)

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

/// What makes the TLS of a connection.
#[derive(Clone)]
pub(super) struct Encryption(Arc<ClientConfig>);

impl Encryption {
    pub(super) fn by(config: ClientConfig) -> Self {
        Self(Arc::new(config))
    }
}

impl MakeTlsConnect<Socket> for Encryption {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, Infallible> {
        Ok(Handshake {
            host: host.to_owned(),
            connector: self.0.clone().into(),
        })
    }
}

/// A handshake with a host of this name.
pub(super) struct Handshake {
    host: String,
    connector: TlsConnector,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.host).map_err(io::Error::other)?;
            Ok(Encrypted(self.connector.connect(name, socket).await?))
        })
    }
}

/// A connection with TLS.
pub(super) struct Encrypted(tokio_rustls::client::TlsStream<Socket>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.0.get_ref();
        let chain = session.peer_certificates().unwrap_or_default();
        chain.first().map_or_else(ChannelBinding::none, |own| {
            hash_of_signature(own).map_or_else(ChannelBinding::none, |hash| {
                ChannelBinding::tls_server_end_point(digest(hash, own).as_ref().to_vec())
            })
        })
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The hash that a certificate is signed by, which its own hash is to be made by (RFC 5929, 4.1); none for kinds of
/// signatures that have none of their own, such as Ed25519.
fn hash_of_signature(certificate: &[u8]) -> Option<&'static Algorithm> {
    const RSA: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
    const ECDSA: [u8; 6] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4];
    // Certificate ::= SEQUENCE { what is signed, AlgorithmIdentifier ::= SEQUENCE { OBJECT IDENTIFIER, … }, … }
    let (certificate, _) = element(certificate)?;
    let (_, after_what_is_signed) = element(certificate)?;
    let (algorithm, _) = element(after_what_is_signed)?;
    let (identifier, _) = element(algorithm)?;
    let rsa = identifier.strip_prefix(&RSA);
    match (rsa, identifier.strip_prefix(&ECDSA)) {
        // MD5 and SHA-1 are too weak for it, so SHA-256 takes their place.
        (Some([4 | 5 | 11]), _) | (_, Some([1] | [3, 2])) => Some(&SHA256),
        (Some([12]), _) | (_, Some([3, 3])) => Some(&SHA384),
        (Some([13]), _) | (_, Some([3, 4])) => Some(&SHA512),
        _ => None,
    }
}

/// What the first element of DER contains, and what follows it.
fn element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[_kind, length], rest) = bytes.split_first_chunk()?;
    if length < 0x80 {
        return rest.split_at_checked(length.into());
    }
    let (digits, rest) = rest.split_at_checked((length & 0x7f).into())?;
    let length = digits.iter().try_fold(0_usize, |length, digit| {
        Some(length.checked_mul(256)? + usize::from(*digit))
    });
    rest.split_at_checked(length?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate with nothing in it but how it is signed.
    fn signed_by(identifier: &[u8]) -> Vec<u8> {
        let wrapped = |kind: u8, content: &[u8]| {
            let length = [0x82, 0, u8::try_from(content.len()).unwrap()];
            [&[kind][..], &length, content].concat()
        };
        let algorithm = wrapped(0x30, &wrapped(6, identifier));
        wrapped(0x30, &[wrapped(0x30, b"signed"), algorithm].concat())
    }

    #[test]
    fn a_certificate_is_hashed_as_its_signature_is() {
        let hash = |identifier: &[u8]| hash_of_signature(&signed_by(identifier));
        let rsa = |last| [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last];
        assert_eq!(hash(&rsa(5)), Some(&SHA256));
        assert_eq!(hash(&rsa(12)), Some(&SHA384));
        assert_eq!(
            hash(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]),
            Some(&SHA256)
        );
        assert_eq!(
            hash(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4]),
            Some(&SHA512)
        );
        // Ed25519.
        assert_eq!(hash(&[0x2b, 0x65, 0x70]), None);
    }

    #[test]
    fn no_part_of_a_certificate_is_taken_for_a_whole_one() {
        let whole = signed_by(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]);
        for length in 0..whole.len() {
            assert_eq!(hash_of_signature(&whole[..length]), None, "{length}");
        }
        assert_eq!(hash_of_signature(&[0x30, 0xff, 1, 2, 3]), None);
    }
}
