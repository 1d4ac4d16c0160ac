//! Windows: the authorities that the system trusts are in its certificate store.

use std::io;

/// The certificates of authorities that this system trusts, in DER.
pub fn trusted_roots() -> io::Result<Vec<Vec<u8>>> {
    let found = rustls_native_certs::load_native_certs();
    if let (true, Some(error)) = (found.certs.is_empty(), found.errors.first()) {
        return Err(io::Error::other(error.to_string()));
    }
    Ok(found.certs.iter().map(|root| root.to_vec()).collect())
}
