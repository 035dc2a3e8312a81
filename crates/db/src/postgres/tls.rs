//! TLS to a PostgreSQL server, as strict as its location asks for.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::NAME;
use crate::error::Error;
use crate::location::{Tls, TlsMode};

/// What the protocol asks the server for; what is checked of the answer is the connector's.
pub fn mode(tls: &Tls) -> SslMode {
    match tls.mode {
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
    }
}

/// Makes TLS connections.
///
/// # Errors
/// The certificates to trust cannot be read.
pub fn connector(tls: &Tls) -> Result<MakeRustlsConnect, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let trust = match tls.mode {
        TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => None,
        TlsMode::VerifyCa | TlsMode::VerifyFull => Some(Trust::read(tls.ca.as_deref())?),
    };
    let verifier = Verifier { trust, host: tls.mode == TlsMode::VerifyFull, algorithms };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| failed(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn failed(message: String) -> Error {
    Error::Server { database: NAME, message }
}

/// Certificates that are trusted.
#[derive(Debug)]
struct Trust {
    roots: RootCertStore,
    /// Those of a file. It may hold the server's own certificate, which vouches for itself.
    named: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// The certificates of a file, else those of the system.
    fn read(file: Option<&Path>) -> Result<Trust, Error> {
        let mut roots = RootCertStore::empty();
        let Some(path) = file else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return if roots.is_empty() {
                Err(failed("the system has no certificates to trust; name a file of them".to_owned()))
            } else {
                Ok(Trust { roots, named: Vec::new() })
            };
        };
        let unreadable = |why: String| failed(format!("the certificates in {}: {why}", path.display()));
        let certificates = CertificateDer::pem_file_iter(path).map_err(|e| unreadable(e.to_string()))?;
        let named: Vec<CertificateDer<'static>> =
            certificates.collect::<Result<_, _>>().map_err(|e| unreadable(e.to_string()))?;
        for certificate in &named {
            roots.add(certificate.clone()).map_err(|e| unreadable(e.to_string()))?;
        }
        if named.is_empty() {
            Err(unreadable("there are none".to_owned()))
        } else {
            Ok(Trust { roots, named })
        }
    }
}

/// Looks at the server's certificate.
#[derive(Debug)]
struct Verifier {
    /// None takes any certificate.
    trust: Option<Trust>,
    /// Whether it must be for the host.
    host: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(Trust { roots, named }) = &self.trust {
            let parsed = ParsedCertificate::try_from(certificate)?;
            if !named.contains(certificate) {
                let algorithms = self.algorithms.all;
                verify_server_cert_signed_by_trust_anchor(&parsed, roots, intermediates, now, algorithms)?;
            }
            if self.host {
                verify_server_name(&parsed, host)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
