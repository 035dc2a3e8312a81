//! Mutual TLS between nodes: which certificates are shown, and which are believed.

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context as _;
use rustls::client::verify_server_name;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::TlsConfig;

/// Certificates and keys as they were read last.
pub struct Tls {
    config: TlsConfig,
    name: ServerName<'static>,
    sides: RwLock<Sides>,
    /// Connections that were made with earlier certificates are to end.
    renewed: watch::Sender<()>,
}

#[derive(Clone)]
struct Sides {
    server: Arc<ServerConfig>,
    client: ClientConfig,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// One of them cannot be read, or they do not belong together.
    pub fn open(config: &TlsConfig) -> anyhow::Result<Tls> {
        let name = ServerName::try_from(config.name.clone()).context("cluster.tls.name")?;
        let sides = RwLock::new(read(config, &name)?);
        Ok(Tls { config: config.clone(), name, sides, renewed: watch::Sender::new(()) })
    }

    /// Reads the files again. Where they are not right, all stays as it is.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn renew(&self) -> anyhow::Result<()> {
        let sides = read(&self.config, &self.name)?;
        *self.sides.write().unwrap_or_else(PoisonError::into_inner) = sides;
        self.renewed.send_replace(());
        Ok(())
    }

    /// Waits until the files have been read again.
    pub fn renewed(&self) -> watch::Receiver<()> {
        self.renewed.subscribe()
    }

    /// The name of a node, for all of them.
    pub fn name(&self) -> ServerName<'static> {
        self.name.clone()
    }

    /// What a node shows and believes when it calls.
    pub fn client(&self) -> ClientConfig {
        self.sides.read().unwrap_or_else(PoisonError::into_inner).client.clone()
    }

    /// Takes a connection of another node.
    ///
    /// # Errors
    /// It speaks no TLS, or has no certificate of a node.
    pub async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let server = Arc::clone(&self.sides.read().unwrap_or_else(PoisonError::into_inner).server);
        let stream = TlsAcceptor::from(server).accept(stream).await?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let shown = shown.ok_or_else(|| io::Error::other("it shows no certificate"))?;
        made_out_to(shown, &self.name).map_err(io::Error::other)?;
        Ok(stream)
    }
}

/// Whether a certificate is made out to a name. Callers are asked for the same one as nodes that are called.
fn made_out_to(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), rustls::Error> {
    verify_server_name(&ParsedCertificate::try_from(certificate)?, name)
}

fn read(config: &TlsConfig, name: &ServerName<'_>) -> anyhow::Result<Sides> {
    let chain = certificates("certificate", &config.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&config.key)
        .with_context(|| format!("cannot read {} (cluster.tls.key)", config.key.display()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates("ca", &config.ca)? {
        roots.add(certificate).with_context(|| format!("{} (cluster.tls.ca)", config.ca.display()))?;
    }
    let shown = || format!("{} (cluster.tls.certificate)", config.certificate.display());
    // Nobody would believe it, and the others would be the ones to say so.
    made_out_to(&chain[0], name).with_context(shown)?;
    let (roots, provider) = (Arc::new(roots), Arc::new(aws_lc_rs::default_provider()));
    let callers =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider)).build()?;
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(callers)
        .with_single_cert(chain.clone(), key.clone_key())
        .with_context(shown)?;
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .with_context(shown)?;
    Ok(Sides { server: Arc::new(server), client })
}

/// The certificates of a file, at least one.
fn certificates(setting: &str, path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let place = || format!("cannot read {} (cluster.tls.{setting})", path.display());
    let all = CertificateDer::pem_file_iter(path).and_then(Iterator::collect).with_context(place)?;
    let all: Vec<_> = all;
    anyhow::ensure!(!all.is_empty(), "{} (cluster.tls.{setting}) holds no certificate", path.display());
    Ok(all)
}
