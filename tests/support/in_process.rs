//! The five endpoints in this process, for tests that move the clock or count calls.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use latchkey_oauth::client::RegistryRepository;
use latchkey_oauth::directory::Directory;
use latchkey_oauth::endpoint::discovery::DiscoveryEndpoint;
use latchkey_oauth::endpoint::introspect::IntrospectEndpoint;
use latchkey_oauth::endpoint::revoke::RevokeEndpoint;
use latchkey_oauth::endpoint::token::TokenEndpoint;
use latchkey_oauth::endpoint::userinfo::UserInfoEndpoint;
use latchkey_oauth::endpoint::{Inbound, RequestLog, Service, answer};
use latchkey_oauth::lockout::Source;
use latchkey_oauth::random::SystemRandom;
use latchkey_oauth::route::resolve;
use latchkey_oauth::tenant::BaseUrl;
use latchkey_oauth::time::Clock;
use latchkey_oauth::token::jws::JwsSigner;
use latchkey_oauth::token::repository::{RefreshTokenRepository, RevocationRepository};
use latchkey_oauth::user::LoginRepository;
use latchkey_testkit::clock::FixedClock;
use latchkey_testkit::fixtures::hashing;

/// The base URL of endpoints in this process.
pub const BASE: &str = "https://id.example.com";

type Answering = Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;
type Handler = Box<dyn Fn(Inbound) -> Answering + Send + Sync>;

/// The five endpoints, as five functions that share nothing but the store.
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
            let mut response = answer(&*service, inbound, &mut log).await;
            response.extensions_mut().insert(log);
            response
        })
    })
}

impl Endpoints {
    /// The endpoints on repositories and a signer.
    pub fn new<R, U, G, S>(
        registry: &R,
        users: &U,
        grants: &G,
        signer: &S,
        clock: FixedClock,
    ) -> Self
    where
        R: RegistryRepository + Clone + 'static,
        U: LoginRepository + Clone + 'static,
        G: RefreshTokenRepository + RevocationRepository + Clone + 'static,
        S: JwsSigner + Clone + 'static,
    {
        let directory = || Directory::new(BaseUrl::parse(BASE).unwrap(), registry.clone());
        let token = handler(TokenEndpoint {
            directory: directory(),
            users: users.clone(),
            grants: grants.clone(),
            signer: signer.clone(),
            hashing: hashing(),
            random: Box::new(SystemRandom),
        });
        let introspect = handler(IntrospectEndpoint {
            directory: directory(),
            grants: grants.clone(),
        });
        let userinfo = handler(UserInfoEndpoint {
            directory: directory(),
            grants: grants.clone(),
        });
        let revoke = handler(RevokeEndpoint {
            directory: directory(),
            grants: grants.clone(),
        });
        let discovery = handler(DiscoveryEndpoint {
            directory: directory(),
        });
        Self {
            clock,
            functions: vec![
                ("token", token),
                ("introspect", introspect),
                ("userinfo", userinfo),
                ("revoke", revoke),
                ("discovery", discovery),
            ],
        }
    }

    /// Answers a request that comes from `source`.
    pub async fn send(&self, request: Request<Bytes>, source: &str) -> Response<Bytes> {
        // As the front does: what leads nowhere is nobody's.
        let function = resolve(request.uri().path()).map(|(_, endpoint)| endpoint.function());
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
            request_id: "request-1".to_owned(),
        })
        .await
    }
}
