//! TLS towards the user's own endpoint: who is believed, and who we are.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls_native_certs::load_native_certs;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error as TlsError, RootCertStore};

use super::upstream::Files;
use super::{Trouble, Upstream, trouble};
use crate::error::RunError;

/// What is said to a certificate that nobody we believe has signed.
const NOT_BELIEVED: &str = "tls: its certificate is not trusted here; set OTEL_EXPORTER_OTLP_CERTIFICATE to a PEM file of its CA, or \
                            install that on the system";

/// The configuration for each protocol; none where nothing is encrypted.
#[derive(Clone, Debug, Default)]
pub(super) struct Tls(Option<Both>);

#[derive(Clone, Debug)]
struct Both {
    one: Arc<ClientConfig>,
    two: Arc<ClientConfig>,
}

impl Tls {
    /// Reads the certificates; only where they are needed.
    pub(super) fn new(upstream: &Upstream) -> Result<Self, RunError> {
        if !upstream.is_secure() {
            return Ok(Self(None));
        }
        let config = config(&upstream.files)?;
        let speaking = |protocol: &[u8]| {
            let mut config = config.clone();
            config.alpn_protocols = vec![protocol.to_vec()];
            Arc::new(config)
        };
        Ok(Self(Some(Both { one: speaking(b"http/1.1"), two: speaking(b"h2") })))
    }

    /// Shakes hands.
    pub(super) async fn over(
        &self,
        stream: TcpStream,
        host: &str,
        http2: bool,
    ) -> Result<TlsStream<TcpStream>, Trouble> {
        let none = || Trouble::Unreachable("there is no TLS configuration".to_owned());
        let both = self.0.as_ref().ok_or_else(none)?;
        let config = if http2 { &both.two } else { &both.one };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Trouble::Unreachable(format!("`{host}` is no name of a host")))?;
        let shaken = TlsConnector::from(Arc::clone(config)).connect(name, stream).await;
        shaken.map_err(|error| Trouble::Unreachable(reason(&error)))
    }
}

/// What went wrong, and where the user can do something about it, what.
fn reason(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(TlsError::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        )) => NOT_BELIEVED.to_owned(),
        _ => format!("tls: no connection: {}", trouble::text(error)),
    }
}

fn config(files: &Files) -> Result<ClientConfig, RunError> {
    let unusable = |error: TlsError| RunError::Absent {
        what: "a usable TLS configuration for the relay".to_owned(),
        remedy: error.to_string(),
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_root_certificates(roots(files)?);
    match &files.client {
        None => Ok(builder.with_no_client_auth()),
        Some((certificate, key)) => {
            let chain = certificates(certificate)?;
            let key = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|wrong| no_pem(key, &wrong))?;
            builder.with_client_auth_cert(chain, key).map_err(unusable)
        }
    }
}

fn roots(files: &Files) -> Result<RootCertStore, RunError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = &files.trusted else {
        // Some of a system's store may be unreadable for whatever reason; what is there is enough for most.
        roots.add_parsable_certificates(load_native_certs().certs);
        if roots.is_empty() {
            return Err(RunError::Absent {
                what: "a certificate store of the system".to_owned(),
                remedy: "install ca-certificates, or set OTEL_EXPORTER_OTLP_CERTIFICATE to a PEM file"
                    .to_owned(),
            });
        }
        return Ok(roots);
    };
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|wrong| no_pem(path, &wrong))?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, RunError> {
    let text = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|wrong| no_pem(path, &wrong))?;
    if found.is_empty() { Err(no_pem(path, &"it holds no certificate")) } else { Ok(found) }
}

fn read(path: &Path) -> Result<Vec<u8>, RunError> {
    fs::read(path).map_err(RunError::file("read", path))
}

fn no_pem(path: &Path, why: &dyn std::fmt::Display) -> RunError {
    RunError::Absent {
        what: format!("what the relay needs in {}", path.display()),
        remedy: format!("{why}; OTEL_EXPORTER_OTLP_*CERTIFICATE and CLIENT_KEY name PEM files"),
    }
}
