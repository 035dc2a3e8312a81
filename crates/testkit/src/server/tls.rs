//! Certificates for a server: an authority, what it signed for the server, and an authority that signed nothing.

use super::account::Account;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
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
    let (authority, other) = (authority("Testkit CA"), authority("Other CA"));
    let key = KeyPair::generate().expect("a key can be made");
    let mut params = CertificateParams::new(NAMES.map(str::to_owned)).expect("the names are good");
    params.distinguished_name.push(DnType::CommonName, "Testkit server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.signed_by(&key, &authority).expect("a certificate can be signed");
    let files = [
        (CA, authority.pem()),
        (OTHER_CA, other.pem()),
        (CERTIFICATE, certificate.pem()),
        (KEY, key.serialize_pem()),
    ];
    for (name, text) in files {
        super::write_private(&folder.join(name), &text, account);
    }
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().expect("a key can be made");
    CertifiedIssuer::self_signed(params, key).expect("a certificate can sign itself")
}
