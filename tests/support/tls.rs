//! A front that ends TLS and asks for a client's certificate, as API Gateway does at a custom domain with mutual TLS: what was
//! shown and found good is handed on beside the request. And clients that show one.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::HOST;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::answer::Answer;
use crate::request::Ask;
use crate::world::World;

/// A certificate and its key.
#[derive(Debug)]
pub struct Identity {
    /// DER.
    pub certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Identity {
    /// As `x5c` has the certificate (RFC 7517 section 4.7).
    pub fn x5c(&self) -> String {
        STANDARD.encode(&self.certificate)
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// One that nobody vouches for but itself.
    pub fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = named(name, Vec::new()).self_signed(&key);
        Self {
            certificate: certificate.expect("a certificate").der().clone(),
            key,
        }
    }
}

fn named(name: &str, sans: Vec<SanType>) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, "Example");
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    params.subject_alt_names = sans;
    params
}

/// Who vouches for certificates.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// One of its own.
    pub fn new(name: &str) -> Self {
        let mut params = named(name, Vec::new());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// As `x5c` would have it.
    pub fn x5c(&self) -> String {
        STANDARD.encode(self.0.der())
    }

    /// A certificate for `CN=name,O=Example`, with other names beside.
    pub fn vouch(&self, name: &str, sans: Vec<SanType>) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let certificate = named(name, sans).signed_by(&key, &self.0);
        Identity {
            certificate: certificate.expect("a certificate").der().clone(),
            key,
        }
    }
}

/// The front.
#[derive(Debug)]
pub struct Front {
    address: SocketAddr,
    trusted: RootCertStore,
}

impl Front {
    /// Opens one before a world. It trusts `authority`, and `others` by themselves, as API Gateway trusts what is in its trust
    /// store.
    pub async fn open(world: &World, authority: &Authority, others: &[&Identity]) -> Self {
        let mut clients = RootCertStore::empty();
        clients
            .add(authority.0.der().clone())
            .expect("an authority");
        for other in others {
            clients
                .add(other.certificate.clone())
                .expect("a certificate");
        }
        let own = Authority::new("Front");
        let localhost = SanType::DnsName("localhost".try_into().expect("a name"));
        let identity = own.vouch("localhost", vec![localhost]);
        let mut trusted = RootCertStore::empty();
        trusted.add(own.0.der().clone()).expect("an authority");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(clients), Arc::clone(&provider))
                .build()
                .expect("a verifier");
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![identity.certificate.clone()], identity.key())
            .expect("a certificate of the front's");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(serve(listener, acceptor, world.clone()));
        Self { address, trusted }
    }

    /// Sends a request to the tenant of `world` by a client who shows a certificate; `None` where the handshake fails.
    pub async fn send(&self, world: &World, client: Option<&Identity>, ask: Ask) -> Option<Answer> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_root_certificates(self.trusted.clone());
        let config = match client {
            Some(client) => config
                .with_client_auth_cert(vec![client.certificate.clone()], client.key())
                .expect("a certificate of the client's"),
            None => config.with_no_client_auth(),
        };
        let stream = TcpStream::connect(self.address).await.expect("the front");
        let name = ServerName::try_from("localhost").expect("a name");
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, stream).await.ok()?;
        let connection = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = connection.ok()?;
        tokio::spawn(connection);
        let mut request = world.request(ask).map(Full::new);
        let host = "localhost".parse().expect("a header");
        request.headers_mut().insert(HOST, host);
        // A certificate that is refused is refused after the client's part of the handshake (TLS 1.3).
        let answer = sender.send_request(request).await.ok()?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Answer::from(Response::from_parts(parts, body)))
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, world: World) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let (acceptor, world) = (acceptor.clone(), world.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let pem = shown.first().map(|der| pem(der));
            let service = service_fn(move |request: Request<Incoming>| {
                let world = world.shown(pem.clone());
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.expect("a body").to_bytes();
                    let response = world.answer(Request::from_parts(parts, body)).await;
                    Ok::<Response<Full<Bytes>>, Infallible>(response.map(Full::new))
                }
            });
            // Whoever hangs up has what they wanted.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// As API Gateway hands it on: RFC 7468 section 5.
fn pem(der: &CertificateDer<'_>) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|from| &text[from..text.len().min(from + 64)])
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}
