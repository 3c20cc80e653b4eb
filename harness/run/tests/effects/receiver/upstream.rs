//! An endpoint behind a relay that notes what it was asked, and answers as the test wants it; with TLS or without.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
}

impl Came {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn is_two(&self) -> bool {
        self.head.version == Version::HTTP_2
    }
}

pub(crate) type Outgoing = Response<BoxBody<Bytes, Infallible>>;

/// An answer with a body and perhaps trailers.
pub(crate) fn answer(
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
    trailers: &[(&str, &str)],
) -> Outgoing {
    let body = Full::new(Bytes::copy_from_slice(body));
    let mut all = HeaderMap::new();
    for (name, value) in trailers {
        all.insert(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    let body =
        if all.is_empty() { body.boxed() } else { body.with_trailers(async { Some(Ok(all)) }).boxed() };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body).unwrap()
}

/// The usual success.
pub(crate) fn success(came: &Came) -> Outgoing {
    if came.is_two() {
        let (headers, trailers) = ([("content-type", "application/grpc")], [("grpc-status", "0")]);
        return answer(200, &headers, &[0; 5], &trailers);
    }
    answer(200, &[("content-type", "application/x-protobuf")], b"", &[])
}

/// The endpoint.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    came: Arc<Mutex<Vec<Came>>>,
    _serving: JoinSet<()>,
}

impl Upstream {
    pub(crate) async fn start(answer: impl Fn(&Came) -> Option<Outgoing> + Send + Sync + 'static) -> Self {
        Self::start_with(None, answer).await
    }

    /// Where the answer is none there is never one.
    pub(crate) async fn start_with(
        tls: Option<ServerConfig>,
        answer: impl Fn(&Came) -> Option<Outgoing> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let came = Arc::<Mutex<Vec<Came>>>::default();
        let (noted, answer) = (Arc::clone(&came), Arc::new(answer));
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                match acceptor.clone() {
                    None => connections.spawn(serve(stream, noted, answer)),
                    Some(acceptor) => connections.spawn(async move {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            serve(stream, noted, answer).await;
                        }
                    }),
                };
            }
        });
        Self { address, came, _serving: serving }
    }

    /// What came so far.
    pub(crate) fn came(&self) -> Vec<Came> {
        std::mem::take(&mut *self.came.lock().unwrap())
    }
}

async fn serve<A: Fn(&Came) -> Option<Outgoing> + Send + Sync + 'static>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    noted: Arc<Mutex<Vec<Came>>>,
    answer: Arc<A>,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
        async move {
            let (head, body) = request.into_parts();
            let came = Came { head, body: body.collect().await.unwrap().to_bytes() };
            let outgoing = answer(&came);
            noted.lock().unwrap().push(came);
            match outgoing {
                Some(outgoing) => Ok::<_, Infallible>(outgoing),
                None => std::future::pending().await,
            }
        }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    drop(builder.serve_connection(TokioIo::new(stream), service).await);
}

/// A certificate authority made for a test, with a certificate that it gave to `localhost`.
pub(crate) struct Authority {
    ca: CertificateDer<'static>,
    leaf: CertificateDer<'static>,
    key: KeyPair,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&ca_key).unwrap().der().clone();
        let issuer = Issuer::new(params, ca_key);
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap().der().clone();
        Self { ca, leaf, key, folder: TempDir::new().unwrap() }
    }

    /// Its server; one that asks clients for a certificate of the same authority, where that is wanted.
    pub(crate) fn server(&self, asks: bool) -> ServerConfig {
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if asks {
            let mut roots = RootCertStore::empty();
            roots.add(self.ca.clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let mut config = builder.with_single_cert(vec![self.leaf.clone()], key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }

    /// A PEM file of the authority, of the certificate, or of its key.
    pub(crate) fn file(&self, what: &str) -> PathBuf {
        let (label, der) = match what {
            "ca" => ("CERTIFICATE", self.ca.to_vec()),
            "leaf" => ("CERTIFICATE", self.leaf.to_vec()),
            _ => ("PRIVATE KEY", self.key.serialize_der()),
        };
        let path = self.folder.path().join(format!("{what}.pem"));
        std::fs::write(&path, pem(label, &der)).unwrap();
        path
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        for three in line.chunks(3) {
            let bits =
                three.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
            for place in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
                out.push(if place <= three.len() { digit as char } else { '=' });
            }
        }
        out.push('\n');
    }
    out + &format!("-----END {label}-----\n")
}
