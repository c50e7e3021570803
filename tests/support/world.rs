//! One tenant with clients and users, served in one of three ways.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_kms::types::KeySpec;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::join;
use http::{Request, Response};
use latchkey::certificate::self_issued;
use latchkey_kms::{KmsSigner, PublicKeys};
use latchkey_oauth::api::{Api, ApiScope, ClaimName, ClaimRule, ClaimSource};
use latchkey_oauth::client::{Client, ClientAuthMethod};
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::random::SystemRandom;
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::{LifetimeOverrides, TenantId, TenantSettings};
use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_oauth::token::jwk::{KeyRing, RingKey};
use latchkey_oauth::token::opaque::AccessTokenFormat;
use latchkey_oauth::user::User;
use latchkey_testkit::clock::FixedClock;
use latchkey_testkit::fixtures::{
    NOW, PASSWORD, SECRET, api, assigned, confidential, public, scope, tenant, user,
};
use latchkey_testkit::memory::MemoryStore;
use latchkey_testkit::signer::{LocalKms, LocalSigner};

use crate::answer::Answer;
use crate::in_process::{BASE, Endpoints, Outside};
use crate::request::{Ask, post};
use crate::store::{Store, Tables};
use crate::template::Iam;
use crate::{aws, gateway, kinds, secrets};

/// A tenant of its own, so that tests do not meet.
#[derive(Debug, Clone)]
pub struct World {
    /// The tenant.
    pub tenant: TenantId,
    /// Its keys.
    pub keys: KeyRing,
    /// The operator's side.
    pub store: Store,
    /// The clock, where it can be moved.
    pub clock: FixedClock,
    kms: Kms,
    server: Server,
    base: String,
    source: String,
    host: Option<String>,
    certificate: Option<String>,
}

#[derive(Debug, Clone)]
enum Server {
    InProcess(Arc<Endpoints>),
    Binaries,
}

/// Where keys are made.
#[derive(Debug, Clone)]
enum Kms {
    Local(LocalKms),
    Emulator(KeySpec, Algorithm),
}

impl Kms {
    /// As in AWS, and slow to make.
    const RSA: Self = Self::Emulator(KeySpec::Rsa2048, Algorithm::RS256);
    /// Quick to make, where there are thousands.
    const EC: Self = Self::Emulator(KeySpec::EccNistP256, Algorithm::ES256);

    async fn new_key(&self) -> RingKey {
        match self {
            Self::Local(kms) => kms.create_key().ring_key(),
            Self::Emulator(spec, alg) => aws::new_key(spec.clone(), *alg).await,
        }
    }

    async fn certificate(&self, key: &RingKey) -> Vec<u8> {
        let (good, random) = (Seconds::days(1), &SystemRandom);
        let made = match self {
            Self::Local(kms) => self_issued(key, NOW, good, random, kms).await,
            Self::Emulator(..) => self_issued(key, NOW, good, random, &aws::signer().await).await,
        };
        made.unwrap()
    }

    async fn new_ring(&self) -> KeyRing {
        KeyRing {
            keys: vec![self.new_key().await],
        }
    }
}

impl World {
    /// Endpoints in this process, on memory.
    pub async fn on_memory() -> Self {
        Self::on_memory_at(BASE).await
    }

    /// The same under another base URL.
    pub async fn on_memory_at(base: &str) -> Self {
        let kms = LocalKms::default();
        let store = MemoryStore::default();
        let clock = FixedClock::at(NOW);
        let outside = |_| Outside {
            registry: store.clone(),
            users: store.clone(),
            grants: store.clone(),
            signer: kms.clone(),
            kms: kms.clone(),
        };
        let endpoints = Endpoints::new(outside, clock.clone(), base);
        let server = Server::InProcess(Arc::new(endpoints));
        let kms = Kms::Local(kms);
        let mut world = Self::new(Store::Memory(store), server, kms, clock).await;
        base.clone_into(&mut world.base);
        world.furnish(&clients(), &users()).await;
        world
    }

    /// Endpoints in this process, on DynamoDB Local and the KMS emulator.
    pub async fn on_dynamodb() -> Self {
        Self::on_tables(&aws::dynamodb().await, &aws::kms().await).await
    }

    /// The same with clients of the caller's.
    pub async fn on_tables(
        dynamodb: &latchkey_dynamodb::Client,
        kms: &latchkey_kms::Client,
    ) -> Self {
        let world = Self::stored_by(dynamodb, Kms::RSA).await;
        world.furnish(&clients(), &users()).await;
        world.served_by(dynamodb, kms)
    }

    /// The same with no more in it than the list of kinds needs: there are thousands of these.
    pub async fn for_kinds(
        dynamodb: &latchkey_dynamodb::Client,
        kms: &latchkey_kms::Client,
    ) -> Self {
        let world = Self::stored_by(dynamodb, Kms::EC).await;
        let mut clients = clients();
        clients.retain(|client| kinds::CLIENTS.contains(&client.client_id.as_str()));
        world.furnish(&clients, &kinds::USERS.map(user)).await;
        world.served_by(dynamodb, kms)
    }

    async fn stored_by(dynamodb: &latchkey_dynamodb::Client, kms: Kms) -> Self {
        let store = Store::DynamoDb(Box::new(Tables::by(dynamodb)));
        Self::new(store, Server::Binaries, kms, FixedClock::at(NOW)).await
    }

    /// The real binaries behind the local gateway.
    pub async fn on_binaries() -> Self {
        let world = Self::stored_by(&aws::dynamodb().await, Kms::RSA).await;
        world.furnish(&clients(), &users()).await;
        world
    }

    async fn new(store: Store, server: Server, kms: Kms, clock: FixedClock) -> Self {
        Self {
            tenant: fresh_tenant(),
            keys: kms.new_ring().await,
            store,
            clock,
            kms,
            server,
            base: BASE.to_owned(),
            source: "192.0.2.1".to_owned(),
            host: None,
            certificate: None,
        }
    }

    /// The same tenant, served by functions that have just started, with these clients of AWS; each may call
    /// what its policy in template.yaml allows.
    #[must_use]
    pub fn served_by(
        &self,
        dynamodb: &latchkey_dynamodb::Client,
        kms: &latchkey_kms::Client,
    ) -> Self {
        let outside = |function| {
            let iam = Iam::of(function);
            let dynamodb = dynamodb.config().to_builder().interceptor(iam.clone());
            let kms = kms.config().to_builder().interceptor(iam);
            let kms = aws_sdk_kms::Client::from_conf(kms.build());
            let tables = Tables::by(&aws_sdk_dynamodb::Client::from_conf(dynamodb.build()));
            Outside {
                registry: tables.registry,
                users: tables.users,
                grants: tables.grants,
                signer: KmsSigner::new(kms.clone()),
                kms: PublicKeys::new(move || kms),
            }
        };
        let endpoints = Endpoints::new(outside, self.clock.clone(), BASE);
        Self {
            server: Server::InProcess(Arc::new(endpoints)),
            ..self.clone()
        }
    }

    /// The same tenant, asked from another source address. The real binaries see the one that it is.
    #[must_use]
    pub fn from(&self, source: &str) -> Self {
        Self {
            source: source.to_owned(),
            ..self.clone()
        }
    }

    /// The same server, asked at a host that the front knows. The real binaries have one host.
    #[must_use]
    pub fn at_host(&self, host: &str) -> Self {
        Self {
            host: Some(host.to_owned()),
            ..self.clone()
        }
    }

    /// The source address of requests in this process.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// A key that no tenant has yet, known to the KMS of this server.
    pub async fn new_key(&self) -> RingKey {
        self.kms.new_key().await
    }

    /// Has a key of the tenant's ring sign a certificate of its own, and publishes it.
    pub async fn certify(&self, key: &RingKey) {
        let certificate = self.kms.certificate(key).await;
        let (store, tenant) = (&self.store, &self.tenant);
        store.certify(tenant, &key.kid, &certificate, NOW).await;
    }

    /// The same server, seen as another tenant with clients and users of the same names.
    pub async fn neighbour(&self) -> Self {
        let neighbour = Self {
            tenant: fresh_tenant(),
            keys: self.kms.new_ring().await,
            ..self.clone()
        };
        neighbour.furnish(&clients(), &users()).await;
        neighbour
    }

    /// The same server, seen as the default tenant, which all tests on one store share.
    pub async fn default_tenant(&self) -> Self {
        let mut world = Self {
            tenant: TenantId::default_tenant(),
            ..self.clone()
        };
        if let Store::Memory(_) = self.store {
            let settings = TenantSettings::default();
            world.keys = self.kms.new_ring().await;
            let put = self.store.put_tenant(&world.tenant, &settings, &world.keys);
            put.await;
        }
        world
    }

    async fn furnish(&self, clients: &[Client], users: &[User]) {
        let (store, tenant) = (&self.store, &self.tenant);
        let settings = TenantSettings::default();
        let clients = clients.iter().map(|it| store.put_client(tenant, it));
        let orders = orders_api();
        let users = users
            .iter()
            .map(|it| store.put_user(tenant, it, Expected::Absent));
        join!(
            store.put_tenant(tenant, &settings, &self.keys),
            store.put_api(tenant, &orders),
            join_all(clients),
            join_all(users),
        );
    }

    /// The issuer of the tenant.
    pub fn issuer(&self) -> String {
        let base = match self.server {
            Server::InProcess(_) => self.base.clone(),
            Server::Binaries => gateway::url(),
        };
        format!("{base}{}", self.prefix())
    }

    fn prefix(&self) -> String {
        if self.tenant.is_default() {
            String::new()
        } else {
            format!("/{}", self.tenant)
        }
    }

    /// The same server, by a front that was shown this certificate (PEM) and found it good.
    #[must_use]
    pub fn shown(&self, certificate: Option<String>) -> Self {
        Self {
            certificate,
            ..self.clone()
        }
    }

    /// A request below the tenant's path.
    pub fn request(&self, ask: Ask) -> Request<Bytes> {
        ask.build(&self.prefix())
    }

    /// Sends a request below the tenant's path.
    pub async fn send(&self, ask: Ask) -> Answer {
        let request = self.request(ask);
        Answer::from(self.answer(request).await)
    }

    /// Answers a request as it is.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        secrets::of_request(&request);
        let response = match &self.server {
            Server::InProcess(endpoints) => {
                let certificate = self.certificate.as_deref();
                endpoints
                    .send(request, &self.source, self.host.as_deref(), certificate)
                    .await
            }
            Server::Binaries => match &self.certificate {
                None => gateway::send(request).await,
                Some(certificate) => gateway::invoke(request, certificate).await,
            },
        };
        secrets::of_response(&response);
        response
    }

    /// Whether its functions remember clients and APIs for a minute that cannot be skipped.
    pub const fn remembers(&self) -> bool {
        matches!(self.server, Server::Binaries)
    }

    /// Moves the clock.
    pub fn advance(&self, span: Seconds) {
        assert!(matches!(self.server, Server::InProcess(_)), "a real clock");
        self.clock.advance(span);
    }

    /// A password request by client `web`, in order.
    pub async fn login(&self, username: &str, scope: &str) -> Answer {
        self.login_by("web", username, PASSWORD, scope).await
    }

    /// A password request.
    pub async fn login_by(
        &self,
        client: &str,
        username: &str,
        password: &str,
        scope: &str,
    ) -> Answer {
        let form = [
            ("grant_type", "password"),
            ("username", username),
            ("password", password),
            ("scope", scope),
        ];
        self.send(post("/token", &form).basic(client, SECRET)).await
    }

    /// A refresh by client `web`.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.refresh_by("web", refresh_token).await
    }

    /// A refresh.
    pub async fn refresh_by(&self, client: &str, refresh_token: &str) -> Answer {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        self.send(post("/token", &form).basic(client, SECRET)).await
    }

    /// An introspection by client `web`.
    pub async fn introspect(&self, token: &str) -> Answer {
        self.introspect_by("web", token).await
    }

    /// An introspection.
    pub async fn introspect_by(&self, client: &str, token: &str) -> Answer {
        let ask = post("/introspect", &[("token", token)]).basic(client, SECRET);
        self.send(ask).await.ok()
    }

    /// Whether client `web` is told that a token is active; if not, it is told nothing else.
    pub async fn is_active(&self, token: &str) -> bool {
        self.is_active_for("web", token).await
    }

    /// The same of another client.
    pub async fn is_active_for(&self, client: &str, token: &str) -> bool {
        let answer = self.introspect_by(client, token).await;
        let active = answer.member("active") == true;
        assert!(
            active || answer.text() == r#"{"active":false}"#,
            "{answer:?}"
        );
        active
    }

    /// A revocation by client `web`.
    pub async fn revoke(&self, token: &str) -> Answer {
        let ask = post("/revoke", &[("token", token)]).basic("web", SECRET);
        self.send(ask).await.ok()
    }
}

/// Who signs for the first tenant of every world on memory.
pub fn local_signer() -> LocalSigner {
    LocalKms::at(0)
}

/// A tenant's name that nobody has had.
pub fn fresh_tenant() -> TenantId {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::SeqCst);
    let random: [u8; 9] = latchkey_oauth::random::bytes(&SystemRandom).unwrap();
    let random = URL_SAFE_NO_PAD.encode(random).to_lowercase();
    tenant(&format!("t{count}-{}z", random.replace('_', "-")))
}

/// The clients of every world. All but `public` have [`SECRET`].
fn clients() -> Vec<Client> {
    let web = confidential("web");
    vec![
        Client {
            token_endpoint_auth_method: ClientAuthMethod::ClientSecretPost,
            ..confidential("post")
        },
        Client {
            grant_types: vec![GrantType::ClientCredentials],
            scope: scope("read write"),
            default_scope: None,
            audience: vec!["https://api.example.com".to_owned(), "api".to_owned()],
            ..confidential("service")
        },
        Client {
            grant_types: Vec::new(),
            ..confidential("api")
        },
        Client {
            refresh_token_retry_window: Seconds(60),
            ..confidential("retry")
        },
        Client {
            disabled: true,
            ..confidential("disabled")
        },
        orders_client(),
        Client {
            access_token_format: Some(AccessTokenFormat::Opaque),
            ..confidential("opaque")
        },
        confidential("other"),
        confidential("odd:id +%"),
        public("public"),
        web,
    ]
}

/// The identifier of [`orders_api`].
pub const ORDERS: &str = "https://orders.example.com";

/// The API of every world: tokens for it are for the client `api` as well, and tell an address and a tier.
pub fn orders_api() -> Api {
    let rule = |name: &str, from| ClaimRule {
        name: ClaimName::parse(name).unwrap(),
        from,
    };
    Api {
        audience: vec![ORDERS.to_owned(), "api".to_owned()],
        scopes: ["orders:read", "orders:write", "orders:admin"]
            .map(|value| ApiScope {
                value: value.to_owned(),
                description: None,
            })
            .to_vec(),
        claims: vec![
            rule("email_address", ClaimSource::Attribute("email".to_owned())),
            rule("tier", ClaimSource::Constant("gold".into())),
        ],
        lifetimes: LifetimeOverrides {
            access_token: Some(Seconds::minutes(5)),
            refresh_token: Some(Seconds::days(1)),
            ..LifetimeOverrides::default()
        },
        ..api(ORDERS)
    }
}

/// The client that the API is assigned to, and that means it when it names no scope.
pub fn orders_client() -> Client {
    Client {
        scope: scope("openid profile read"),
        default_scope: Some(scope("orders:read")),
        apis: vec![assigned(ORDERS, "orders:read orders:write")],
        ..confidential("orders")
    }
}

/// The users of every world. Bob is disabled.
fn users() -> [User; 3] {
    let mut bob = user("bob");
    bob.credentials.disabled = true;
    [user("alice"), bob, user("carol")]
}
