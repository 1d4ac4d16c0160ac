//! TLS: whether it is spoken, whose certificates are believed, and which one is shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use queuectl_process::os::access;
use queuectl_process::{Others, Owner, UserSettings};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres::config::{ChannelBinding, SslNegotiation};

use super::files::plain;
use super::parameters::Parameters;

/// What is asked for. A file is read each time, since it may be another by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tls {
    pub(super) mode: Mode,
    pub(super) negotiation: SslNegotiation,
    pub(super) binding: ChannelBinding,
    roots: Roots,
    certificate: Option<Files>,
}

/// How much TLS is asked for, as `sslmode` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Who may certify the server.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Roots {
    /// Whom the system trusts.
    System,
    /// Those in a file that was named.
    Named(PathBuf),
    /// Those in the usual file, if it is there.
    Usual(Option<PathBuf>),
}

/// The client's certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    /// They are in the usual place, and needn't be there.
    usual: bool,
}

impl Tls {
    pub(super) fn new(given: &Parameters, settings: Option<&UserSettings>) -> Result<Self, String> {
        let usual = |name: &str| settings.map(|settings| usual_file(settings, name));
        let roots = match given.get("sslrootcert") {
            Some("system") => Roots::System,
            _ => match given.file("sslrootcert") {
                Some(file) => Roots::Named(file),
                None => Roots::Usual(usual("root.crt")),
            },
        };
        let mode = mode(given, roots == Roots::System)?;
        let certificate = given.file("sslcert");
        let is_usual = certificate.is_none();
        let key = given.file("sslkey");
        let certificate = certificate
            .or_else(|| usual("postgresql.crt"))
            .zip(key.or_else(|| usual("postgresql.key")));
        let negotiation = given.one_of("sslnegotiation", &["postgres", "direct"])?;
        let direct = negotiation == Some("direct");
        if direct && mode < Mode::Require {
            return Err("`sslnegotiation=direct` needs an `sslmode` of `require` or more".into());
        }
        let binding = given.one_of("channel_binding", &["disable", "prefer", "require"])?;
        Ok(Self {
            mode,
            negotiation: match direct {
                true => SslNegotiation::Direct,
                false => SslNegotiation::Postgres,
            },
            binding: match binding {
                Some("disable") => ChannelBinding::Disable,
                Some("require") => ChannelBinding::Require,
                _ => ChannelBinding::Prefer,
            },
            roots,
            certificate: certificate.map(|(certificate, key)| Files {
                certificate,
                key,
                usual: is_usual,
            }),
        })
    }

    /// The file of the client's key.
    pub(super) fn key(&self) -> Option<&PathBuf> {
        self.certificate.as_ref().map(|files| &files.key)
    }

    /// What a handshake goes by.
    ///
    /// # Errors
    ///
    /// Says which file can't be used.
    pub(super) fn client_config(&self) -> Result<ClientConfig, String> {
        let verifier = self.verifier()?;
        let builder = builder()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match self.certificate.as_ref().filter(|files| files.are_meant()) {
            None => builder.with_no_client_auth(),
            Some(files) => {
                let (chain, key) = files.read()?;
                let shown = files.certificate.display();
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| format!("the certificate `{shown}` can't be used: {error}"))?
            }
        };
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(config)
    }

    fn verifier(&self) -> Result<Verifier, String> {
        let provider = Arc::new(ring::default_provider());
        let roots = match &self.roots {
            Roots::System => Some(system_roots()?),
            Roots::Named(file) => Some(roots_in(file)?),
            Roots::Usual(Some(file)) if file.exists() => Some(roots_in(file)?),
            Roots::Usual(file) if self.mode >= Mode::VerifyCa => {
                let file = file
                    .as_ref()
                    .map_or("root.crt".into(), |file| file.display().to_string());
                return Err(format!(
                    "there is no file `{file}` of authorities to verify the server by; name one with `sslrootcert`, or the system's with `sslrootcert=system`"
                ));
            }
            Roots::Usual(_) => None,
        };
        let believed = match roots {
            None => None,
            Some(roots) => {
                let pinned = roots.clone();
                let mut store = RootCertStore::empty();
                store.add_parsable_certificates(roots);
                let by =
                    WebPkiServerVerifier::builder_with_provider(store.into(), provider.clone());
                let by = by
                    .build()
                    .map_err(|error| format!("no authority can be used: {error}"))?;
                Some((by, pinned))
            }
        };
        Ok(Verifier {
            provider,
            believed,
            names: self.mode == Mode::VerifyFull,
        })
    }
}

/// What a connection without TLS is given, since it is of the same type.
pub(super) fn unused() -> ClientConfig {
    let empty = RootCertStore::empty();
    builder()
        .with_root_certificates(empty)
        .with_no_client_auth()
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring can do what every version of TLS needs")
}

fn mode(given: &Parameters, by_system: bool) -> Result<Mode, String> {
    let mode = match given.get("sslmode") {
        // Who trusts all the world's authorities has to look at names.
        None if by_system => Mode::VerifyFull,
        None | Some("prefer") => Mode::Prefer,
        Some("disable") => Mode::Disable,
        Some("allow") => Mode::Allow,
        Some("require") => Mode::Require,
        Some("verify-ca") => Mode::VerifyCa,
        Some("verify-full") => Mode::VerifyFull,
        Some(_) => {
            return Err("`sslmode` can be `disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`".into());
        }
    };
    if by_system && mode != Mode::VerifyFull {
        return Err("`sslrootcert=system` needs `sslmode=verify-full`".into());
    }
    Ok(mode)
}

fn usual_file(settings: &UserSettings, name: &str) -> PathBuf {
    match settings {
        UserSettings::Home(home) => home.join(".postgresql").join(name),
        UserSettings::Roaming(folder) => folder.join("postgresql").join(name),
    }
}

fn roots_in(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let roots = certificates_in(file)?;
    if roots.is_empty() {
        return Err(format!("there is no certificate in `{}`", file.display()));
    }
    Ok(roots)
}

fn system_roots() -> Result<Vec<CertificateDer<'static>>, String> {
    let roots = queuectl_process::os::trusted_roots();
    let roots = roots.map_err(|error| format!("whom the system trusts can't be read: {error}"))?;
    if roots.is_empty() {
        return Err(
            "the system trusts nobody: its package of CA certificates isn't installed".into(),
        );
    }
    Ok(roots.into_iter().map(CertificateDer::from).collect())
}

fn certificates_in(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    plain(file).map_err(|why| format!("can't read certificates: {why}"))?;
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    read.map_err(|error| format!("can't read certificates from `{}`: {error}", file.display()))
}

impl Files {
    /// Whether there is anything to show.
    fn are_meant(&self) -> bool {
        !self.usual || self.certificate.exists()
    }

    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
        let chain = certificates_in(&self.certificate)?;
        let shown = self.key.display();
        let real = self.key.canonicalize();
        let access = real.and_then(|real| access(&real));
        // The group of the administrator's own keys may read them.
        let open = access.is_ok_and(|access| match access.owner {
            Owner::Root => access.others == Others::Everything,
            _ => access.others != Others::Nothing,
        });
        if open {
            return Err(format!(
                "the key `{shown}` isn't used, since others may get at it; `chmod 600` keeps them out"
            ));
        }
        plain(&self.key).map_err(|why| format!("can't read a key: {why}"))?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| {
            format!(
                "can't read a key from `{shown}` (one with a pass phrase can't be used): {error}"
            )
        })?;
        Ok((chain, key))
    }
}

/// Looks at the server's certificate as `sslmode` says.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// Who may certify it; if nobody is known, anybody may. Their own certificates are kept, too.
    believed: Option<(Arc<WebPkiServerVerifier>, Vec<CertificateDer<'static>>)>,
    /// Whether it has to be for the host's name.
    names: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some((by, pinned)) = &self.believed else {
            return Ok(ServerCertVerified::assertion());
        };
        // A server that certifies itself, as PostgreSQL's manual begins with, is believed by name of its certificate.
        if pinned.contains(certificate) {
            if self.names {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match by.verify_server_cert(certificate, chain, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.names => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
