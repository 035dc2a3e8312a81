//! Certificates of a server: made anew for each one.

use super::account::Account;
use crate::certificates::Authority;
use std::path::Path;

/// The certificate of the authority that signed the server's.
pub(crate) const CA: &str = "ca.pem";
/// The certificate of an authority that a client must not believe.
pub(crate) const OTHER_CA: &str = "other-ca.pem";
/// The server's certificate.
pub(crate) const CERTIFICATE: &str = "server.pem";
/// The server's key.
pub(crate) const KEY: &str = "server.key";
/// The names in the server's certificate; another address of the loopback network is not among them.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// Writes all of them into a folder.
pub(crate) fn write(folder: &Path, account: Account) {
    let (authority, other) = (Authority::new("Testkit CA"), Authority::new("Other CA"));
    let issued = authority.issue(&NAMES);
    let files = [
        (CA, authority.pem()),
        (OTHER_CA, other.pem()),
        (CERTIFICATE, issued.certificate),
        (KEY, issued.key),
    ];
    for (name, text) in files {
        super::write_private(&folder.join(name), &text, account);
    }
}
