//! macOS: the authorities that Apple trusts, in the file that it keeps for programs of the command line. What a user has
//! added to a keychain is only known to a framework, and isn't asked for.

use std::io;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The certificates of authorities that this system trusts, in DER.
pub fn trusted_roots() -> io::Result<Vec<Vec<u8>>> {
    let roots = CertificateDer::pem_file_iter("/etc/ssl/cert.pem").map_err(io::Error::other)?;
    let roots = roots.map(|root| root.map(|root| root.to_vec()));
    roots.collect::<Result<_, _>>().map_err(io::Error::other)
}
