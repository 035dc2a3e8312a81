//! TLS to the server: what is asked of its certificate.

use std::path::Path;

use mysql_async::SslOpts;

use crate::error::Error;
use crate::location::{Tls, TlsMode};

/// A host that no certificate names. The driver lets a certificate of another host pass by looking for this word in
/// the error, and rustls writes the host that was asked for into it, not the word.
const ANY_HOST: &str = "NotValidForName";

/// The options for the driver; none without TLS.
///
/// # Errors
/// The certificates to trust cannot be read.
pub(super) fn options(tls: &Tls) -> Result<Option<SslOpts>, Error> {
    Ok(match tls.mode {
        TlsMode::Disable => None,
        TlsMode::Prefer | TlsMode::Require => Some(SslOpts::default().with_danger_accept_invalid_certs(true)),
        TlsMode::VerifyCa => Some(
            trusted(tls.ca.as_deref())?
                .with_danger_skip_domain_validation(true)
                .with_danger_tls_hostname_override(Some(ANY_HOST)),
        ),
        TlsMode::VerifyFull => Some(trusted(tls.ca.as_deref())?),
    })
}

/// Trusts the certificates of a file, or those of the system.
fn trusted(ca: Option<&Path>) -> Result<SslOpts, Error> {
    let unreadable = |what: &str, why: String| Error::Unreachable([what, " cannot be read: ", &why].concat());
    let certificates: Vec<Vec<u8>> = match ca {
        Some(path) => {
            let name = path.display().to_string();
            vec![std::fs::read(path).map_err(|e| unreadable(&name, e.to_string()))?]
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            if let (true, Some(error)) = (found.certs.is_empty(), found.errors.first()) {
                return Err(unreadable("the system's certificates", error.to_string()));
            }
            found.certs.iter().map(|certificate| certificate.as_ref().to_vec()).collect()
        }
    };
    let certificates = certificates.into_iter().map(Into::into).collect();
    Ok(SslOpts::default().with_root_certs(certificates).with_disable_built_in_roots(true))
}
