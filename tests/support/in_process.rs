//! The endpoints in this process, for tests that move the clock or count calls.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use latchkey_admin::ManageEndpoint;
use latchkey_dialects::Dialects;
use latchkey_oauth::certificate::ClientCertificate;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::directory::Directory;
use latchkey_oauth::endpoint::discovery::DiscoveryEndpoint;
use latchkey_oauth::endpoint::introspect::IntrospectEndpoint;
use latchkey_oauth::endpoint::revoke::RevokeEndpoint;
use latchkey_oauth::endpoint::token::TokenEndpoint;
use latchkey_oauth::endpoint::userinfo::UserInfoEndpoint;
use latchkey_oauth::endpoint::{Inbound, RequestLog, Service, answer};
use latchkey_oauth::issuer::BaseUrl;
use latchkey_oauth::lockout::Source;
use latchkey_oauth::login::LoginRepository;
use latchkey_oauth::random::SystemRandom;
use latchkey_oauth::registration::RegistrationRepository;
use latchkey_oauth::route::resolve;
use latchkey_oauth::store::OnceRepository;
use latchkey_oauth::time::Clock;
use latchkey_oauth::token::jws::JwsSigner;
use latchkey_oauth::token::key_ring::KeyManagement;
use latchkey_oauth::token::repository::FamilyAdmin;
use latchkey_oauth::token::repository::{RefreshTokenRepository, RevocationRepository};
use latchkey_oauth::user::UserAdmin;
use latchkey_registration::endpoint::RegisterEndpoint;
use latchkey_testkit::clock::FixedClock;
use latchkey_testkit::fixtures::hashing;

/// The base URL of endpoints in this process.
pub const BASE: &str = "https://id.example.com";

/// What a function has outside of itself.
#[derive(Debug)]
pub struct Outside<R, U, G, S, K> {
    /// Tenants and clients.
    pub registry: R,
    /// Credentials and counters.
    pub users: U,
    /// Families and revocations.
    pub grants: G,
    /// Who signs.
    pub signer: S,
    /// Who tells public keys.
    pub kms: K,
}

type Answering = Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;
type Handler = Box<dyn Fn(Inbound) -> Answering + Send + Sync>;

/// The endpoints, as functions that share nothing but the store.
pub struct Endpoints {
    clock: FixedClock,
    functions: Vec<(&'static str, Handler)>,
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoints")
    }
}

fn handler<S: Service + 'static>(service: S) -> Handler {
    let service = Arc::new(service);
    Box::new(move |inbound| {
        let service = Arc::clone(&service);
        Box::pin(async move {
            let mut log = RequestLog::default();
            let mut response = answer(&*service, &Dialects, inbound, &mut log).await;
            response.extensions_mut().insert(log);
            response
        })
    })
}

impl Endpoints {
    /// The endpoints, each on repositories and a signer of its own.
    pub fn new<R, U, G, S, K>(
        outside: impl Fn(&'static str) -> Outside<R, U, G, S, K>,
        clock: FixedClock,
        base: &str,
    ) -> Self
    where
        R: RegistryAdmin + RegistrationRepository + Clone + 'static,
        U: LoginRepository + UserAdmin + 'static,
        G: RefreshTokenRepository + RevocationRepository + FamilyAdmin + OnceRepository + 'static,
        S: JwsSigner + 'static,
        K: KeyManagement + 'static,
    {
        let directory = |registry| Directory::new(BaseUrl::parse(base).unwrap(), registry);
        let its = outside("token");
        let token = handler(TokenEndpoint {
            directory: directory(its.registry),
            users: its.users,
            grants: its.grants,
            signer: its.signer,
            hashing: hashing(),
            random: Box::new(SystemRandom),
        });
        let its = outside("introspect");
        let introspect = handler(IntrospectEndpoint {
            directory: directory(its.registry),
            grants: its.grants,
        });
        let its = outside("userinfo");
        let userinfo = handler(UserInfoEndpoint {
            directory: directory(its.registry),
            grants: its.grants,
            signer: its.signer,
        });
        let its = outside("revoke");
        let revoke = handler(RevokeEndpoint {
            directory: directory(its.registry),
            grants: its.grants,
        });
        let its = outside("register");
        let register = handler(RegisterEndpoint {
            directory: directory(its.registry.clone()),
            registry: its.registry,
            random: Box::new(SystemRandom),
        });
        let discovery = handler(DiscoveryEndpoint {
            directory: directory(outside("discovery").registry),
        });
        let its = outside("manage");
        let manage = handler(ManageEndpoint {
            directory: directory(its.registry.clone()),
            registry: its.registry,
            users: its.users,
            grants: its.grants,
            kms: its.kms,
            hashing: hashing(),
            random: Box::new(SystemRandom),
        });
        Self {
            clock,
            functions: vec![
                ("token", token),
                ("introspect", introspect),
                ("userinfo", userinfo),
                ("revoke", revoke),
                ("register", register),
                ("discovery", discovery),
                ("manage", manage),
            ],
        }
    }

    /// Answers a request that comes from `source` to a host of the front's.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        source: &str,
        host: Option<&str>,
        certificate: Option<&str>,
    ) -> Response<Bytes> {
        // As the front does: what leads nowhere is nobody's.
        let function = resolve(request.uri().path()).map(|route| route.endpoint.function());
        let Some(function) = function else {
            let mut response = Response::new(Bytes::from_static(b"{\"message\":\"Not Found\"}"));
            *response.status_mut() = http::StatusCode::NOT_FOUND;
            return response;
        };
        let found = self.functions.iter().find(|(name, _)| *name == function);
        let (_, handler) = found.expect("a function for every endpoint");
        handler(Inbound {
            request,
            now: self.clock.now(),
            source: Source::parse(source),
            host: host.map(str::to_owned),
            certificate: certificate.and_then(ClientCertificate::from_pem),
            request_id: "request-1".to_owned(),
        })
        .await
    }
}
