//! ActivID: docs/dialects.md.

use latchkey_oauth::api::{ClaimName, ClaimRule, ClaimSource};
use latchkey_oauth::certificate::{CertificateName, DistinguishedName};
use latchkey_oauth::claims::ClaimScope;
use latchkey_oauth::client::{Client, ClientAuthMethod};
use latchkey_oauth::dialect::Dialect;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::issuer::Domain;
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::{ContextClasses, LifetimeOverrides, TenantSettings};
use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::opaque::AccessTokenFormat;
use latchkey_oauth::user::Subject;
use latchkey_testkit::fixtures::{SECRET, confidential, hash_of, scope, user};
use latchkey_tests::answer::Answer;
use latchkey_tests::recorded::{Product, encoded};
use latchkey_tests::request::{Ask, post};
use latchkey_tests::tls::{Authority, Front, Identity};
use latchkey_tests::world::World;
use latchkey_tests::{jwt, on_every_server};
use serde_json::{Value, json};

const PAGE: Product = Product("activid");

on_every_server!(
    a_client_gets_a_token_and_signs_a_user_in_with_it,
    userinfo_is_a_signed_jwt,
    a_users_token_is_revoked_by_the_clients,
    tokens_have_both_characters_that_forms_encode,
    what_is_refused,
    a_tenant_stays_in_its_paths_at_a_domain_of_its_own,
);

/// A tenant that serves such clients, one of them with a certificate, and a front that asks for it.
struct Opened {
    world: World,
    front: Front,
    client1: Identity,
}

async fn open(world: &World) -> Opened {
    open_at(world, None).await
}

async fn open_at(world: &World, domain: Option<Domain>) -> Opened {
    let authority = Authority::new("Clients");
    let client1 = authority.vouch("client1", Vec::new());
    let subject = DistinguishedName::parse("CN=client1,O=Example").unwrap();
    let claim = |name: &str, attribute: &str| ClaimRule {
        name: ClaimName::parse(name).unwrap(),
        from: ClaimSource::Attribute(attribute.to_owned()),
    };
    let settings = TenantSettings {
        dialects: vec![Dialect::ActivId],
        domain,
        acr: ContextClasses {
            password: Some("1".to_owned()),
            client_credentials: Some("2".to_owned()),
        },
        claim_scopes: vec![ClaimScope {
            scope: "who".to_owned(),
            claims: vec![
                claim("groupids", "groups"),
                claim("roles", "roles"),
                claim("preferred_username", "username"),
            ],
        }],
        ..TenantSettings::default()
    };
    let client = Client {
        token_endpoint_auth_method: ClientAuthMethod::TlsClientAuth,
        tls_client_auth: Some(CertificateName::SubjectDn(subject)),
        client_secret_hashes: Vec::new(),
        grant_types: vec![GrantType::ClientCredentials, GrantType::Password],
        scope: scope("openid who"),
        default_scope: None,
        access_token_format: Some(AccessTokenFormat::Opaque),
        authentication_by_access_token: true,
        userinfo_signed_response_alg: Some(world.keys.keys[0].alg),
        lifetimes: LifetimeOverrides {
            access_token: Some(Seconds::hours(1)),
            client_credentials_access_token: Some(Seconds(84_600)),
            ..LifetimeOverrides::default()
        },
        ..confidential("client1")
    };
    world.store.put_settings(&world.tenant, &settings).await;
    world.store.put_client(&world.tenant, &client).await;
    let mut test01 = user("test01");
    let subject = Subject::parse("test01").unwrap();
    test01.credentials.subject = subject.clone();
    test01.profile.subject = subject;
    test01.credentials.password_hash = Some(hash_of("password01"));
    let groups = [("groups", json!(["USG_CUST1"])), ("roles", json!([]))];
    for (name, value) in groups {
        test01.profile.claims.insert(name.to_owned(), value);
    }
    let put = world
        .store
        .put_user(&world.tenant, &test01, Expected::Absent);
    put.await;
    Opened {
        world: world.clone(),
        front: Front::open(world, &authority, &[]).await,
        client1,
    }
}

impl Opened {
    /// Sends a request with the client's certificate, as all of such a client's are.
    async fn send(&self, ask: Ask) -> Answer {
        let answer = self.front.send(&self.world, Some(&self.client1), ask).await;
        answer.expect("a handshake")
    }

    fn request(&self, name: &str, more: &[(&str, &str)]) -> Ask {
        let tenant = [("tenant", self.world.tenant.as_str())];
        PAGE.request(name, &[&tenant[..], more].concat())
    }

    async fn client_token(&self) -> Answer {
        self.send(self.request("client-token", &[])).await
    }

    async fn user_token(&self, client_token: &str) -> Answer {
        let values = [("client-token", client_token)];
        self.send(self.request("user-token", &values)).await
    }

    async fn signed_in(&self) -> (String, String) {
        let client = self.client_token().await.ok().string("access_token");
        let user = self.user_token(&client).await.ok();
        (client, user.string("access_token"))
    }
}

async fn a_client_gets_a_token_and_signs_a_user_in_with_it(world: World) {
    let opened = open(&world).await;
    let client = opened.client_token().await.ok();
    let fixed = ["token_type", "context", "expires_in"];
    PAGE.is_like("client-token", &client, &fixed);
    assert_eq!(client.header("cache-control"), Some("no-store"));
    let media = Some("application/json;charset=UTF-8");
    assert_eq!(client.header("content-type"), media);
    let user = opened.user_token(&client.string("access_token")).await.ok();
    PAGE.is_like("user-token", &user, &fixed);
    assert_eq!(user.header("content-type"), media);
}

async fn userinfo_is_a_signed_jwt(world: World) {
    let opened = open(&world).await;
    let (_, token) = opened.signed_in().await;
    let told = opened.request("userinfo", &[("user-token", &token)]);
    let told = opened.send(told).await.ok();
    let media = Some("application/jwt;charset=UTF-8");
    assert_eq!(told.header("content-type"), media);
    let (header, claims) = jwt::parts(told.text());
    let key = &world.keys.keys[0];
    assert_eq!(
        (&header["alg"], &header["kid"]),
        (&json!(key.alg), &json!(key.kid))
    );
    for (name, value) in page_claims() {
        assert_eq!(claims[&name], value, "{name}");
    }
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!(world.issuer()), &json!("client1"))
    );
    // RFC 6750 section 2.2.
    let form = [("access_token", token.as_str())];
    let told_again = opened.send(post("/authn/userinfo", &form)).await.ok();
    assert_eq!(jwt::parts(told_again.text()).1["sub"], claims["sub"]);
    // It is no token of any kind.
    let bearer = opened.request("userinfo", &[("user-token", told.text())]);
    let _ = opened.send(bearer).await.refused(401, "invalid_token");
}

fn page_claims() -> serde_json::Map<String, Value> {
    let sample = include_str!("activid/userinfo.answer");
    serde_json::from_str(sample).unwrap()
}

async fn a_users_token_is_revoked_by_the_clients(world: World) {
    let opened = open(&world).await;
    let (client, token) = opened.signed_in().await;
    let encoded = encoded(&token);
    let values = [("client-token", &*client), ("user-token", &*encoded)];
    let revoked = opened.send(opened.request("revoke", &values)).await;
    assert_eq!((revoked.status(), revoked.text()), (200, ""));
    let told = opened.request("userinfo", &[("user-token", &token)]);
    let _ = opened.send(told).await.refused(401, "invalid_token");
    // The client's own goes on.
    let _ = opened.user_token(&client).await.ok();
}

async fn tokens_have_both_characters_that_forms_encode(world: World) {
    let opened = open(&world).await;
    let mut seen = String::new();
    for _ in 0..40 {
        let token = opened.client_token().await.ok().string("access_token");
        assert!(!token.contains(['-', '_']), "{token}");
        seen.push_str(&token);
    }
    assert!(seen.contains('+') && seen.contains('/'));
}

async fn what_is_refused(world: World) {
    let opened = open(&world).await;
    let (client, token) = opened.signed_in().await;
    // A user's token is no client's, nor is nonsense.
    for bad in [&*token, "nonsense", ""] {
        let refused = opened.user_token(bad).await;
        let _ = refused.refused(401, "invalid_client");
    }
    let form = [
        ("grant_type", "password"),
        ("username", "test01"),
        ("password", "wrong"),
    ];
    let wrong = opened
        .send(post("/authn/token", &form).bearer(&client))
        .await;
    let _ = wrong.refused(400, "invalid_grant");
    // With no certificate, or with another's.
    let pki = [
        ("grant_type", "urn:hid:oauth:grant-type:client-secret-pki"),
        ("client_id", "client1"),
    ];
    let _ = world
        .send(post("/authn/token", &pki))
        .await
        .refused(401, "invalid_client");
    let other = [pki[0], ("client_id", "web")];
    let _ = opened
        .send(post("/authn/token", &other))
        .await
        .refused(401, "invalid_client");
    // It stands for credentials where a user signs in, and begets no other of its kind.
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "client1"),
    ];
    let again = world
        .send(post("/authn/token", &form).bearer(&client))
        .await;
    let _ = again.refused(400, "unauthorized_client");
    // Nor does it set passwords, which outlive it.
    let form = [
        ("username", "test01"),
        ("password", "password01"),
        ("new_password", "a password of somebody else's"),
    ];
    let ours = client.replace('+', "-").replace('/', "_");
    let set = world.send(post("/password", &form).bearer(&ours)).await;
    let _ = set.refused(400, "unauthorized_client");
    let form = [("token", token.as_str()), ("client_id", "another")];
    let two = world
        .send(post("/authn/revoke", &form).bearer(&client))
        .await;
    let _ = two.refused(400, "invalid_request");
    // A client that is not set up so has its own method and no other.
    let web = [("grant_type", "client_credentials")];
    let web = opened.send(post("/token", &web).basic("web", SECRET)).await;
    let by_web = opened.user_token(&web.ok().string("access_token")).await;
    let _ = by_web.refused(401, "invalid_client");
}

/// Certificates are asked for at a domain of the tenant's own, and the product's paths begin with the tenant there, too.
async fn a_tenant_stays_in_its_paths_at_a_domain_of_its_own(world: World) {
    if world.remembers() {
        // The local gateway has one host.
        return;
    }
    let name = format!("{}.example.com", world.tenant);
    let domain = Domain::parse(&name).unwrap();
    let opened = open_at(&world.at_host(&name), Some(domain)).await;
    let (_, token) = opened.signed_in().await;
    let told = opened.request("userinfo", &[("user-token", &token)]);
    let told = opened.send(told).await.ok();
    let (_, claims) = jwt::parts(told.text());
    assert_eq!(claims["iss"], format!("https://{name}"));
    let form = [
        ("grant_type", "urn:hid:oauth:grant-type:client-secret-pki"),
        ("client_id", "client1"),
    ];
    let without = opened.send(post("=/authn/token", &form)).await.ok();
    assert!(without.member("access_token").is_string());
    // Nobody else's paths, and none of the standard's.
    let tenant = &world.tenant;
    for path in [
        "=/another/authn/token".to_owned(),
        format!("=/{tenant}/token"),
    ] {
        let refused = opened.send(post(&path, &form)).await;
        let _ = refused.refused(404, "invalid_request");
    }
}
