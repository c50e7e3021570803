//! Clients that authenticate by a certificate: RFC 8705. Real certificates, in real handshakes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use latchkey_oauth::certificate::{CertificateName, DistinguishedName, KnownCertificate};
use latchkey_oauth::client::{Client, ClientAuthMethod};
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::hash::sha256;
use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::opaque::AccessTokenFormat;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, client_id, confidential, public, scope};
use latchkey_tests::answer::Answer;
use latchkey_tests::jwt;
use latchkey_tests::manage::Manager;
use latchkey_tests::on_every_server;
use latchkey_tests::request::{Ask, get, post};
use latchkey_tests::tls::{Authority, Front, Identity};
use latchkey_tests::world::World;
use rcgen::SanType;
use serde_json::json;

on_every_server!(
    a_client_is_known_by_its_subject,
    a_client_is_known_by_another_name,
    a_client_is_known_by_its_certificate,
    a_certificate_is_no_secret_and_a_secret_no_certificate,
    a_public_client_may_show_one_too,
    one_is_managed_like_any_other,
    an_access_token_is_bound_to_a_certificate,
    a_token_of_before_is_not_bound_and_counts_no_more,
    a_bound_token_is_no_credential_without_its_certificate,
);

/// A client known by a name in its certificate.
fn by_name(id: &str, name: CertificateName) -> Client {
    Client {
        token_endpoint_auth_method: ClientAuthMethod::TlsClientAuth,
        tls_client_auth: Some(name),
        client_secret_hashes: Vec::new(),
        grant_types: vec![GrantType::ClientCredentials],
        ..confidential(id)
    }
}

fn subject(text: &str) -> CertificateName {
    CertificateName::SubjectDn(DistinguishedName::parse(text).unwrap())
}

/// A client known by its certificates.
fn by_itself(id: &str, known: &[&Identity]) -> Client {
    let certificates = known.iter();
    let certificates =
        certificates.map(|it| KnownCertificate::from_base64(&it.x5c()).expect("a certificate"));
    Client {
        token_endpoint_auth_method: ClientAuthMethod::SelfSignedTlsClientAuth,
        certificates: certificates.collect(),
        client_secret_hashes: Vec::new(),
        grant_types: vec![GrantType::ClientCredentials],
        ..confidential(id)
    }
}

async fn token(front: &Front, world: &World, shown: &Identity, id: &str) -> Answer {
    let form = [("grant_type", "client_credentials"), ("client_id", id)];
    let answer = front.send(world, Some(shown), post("/token", &form)).await;
    answer.expect("a handshake")
}

async fn a_client_is_known_by_its_subject(world: World) {
    let authority = Authority::new("Clients");
    let (own, others) = (
        authority.vouch("client1", Vec::new()),
        authority.vouch("client2", Vec::new()),
    );
    // RFC 4514 section 2.1: the last part first, whichever way it is spaced.
    let client = by_name("client1", subject("CN=client1,O=Example"));
    world.store.put_client(&world.tenant, &client).await;
    let front = Front::open(&world, &authority, &[]).await;
    let issued = token(&front, &world, &own, "client1").await.ok();
    assert!(issued.member("access_token").is_string());
    for (shown, id) in [(&others, "client1"), (&own, "nobody")] {
        let refused = token(&front, &world, shown, id).await;
        let _ = refused.refused(401, "invalid_client");
    }
    // Without a certificate, or with one of somebody else's making, there is not even a request.
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "client1"),
    ];
    let stranger = Authority::new("Clients").vouch("client1", Vec::new());
    for shown in [None, Some(&stranger)] {
        assert!(
            front
                .send(&world, shown, post("/token", &form))
                .await
                .is_none()
        );
    }
    // Where nobody asks for one, it only says who it is.
    let refused = world.send(post("/token", &form)).await;
    let _ = refused.refused(401, "invalid_client");
    // And introspection and revocation take it as well.
    let access_token = issued.string("access_token");
    let about = [("token", &*access_token), ("client_id", "client1")];
    let told = front
        .send(&world, Some(&own), post("/introspect", &about))
        .await;
    assert_eq!(told.unwrap().ok().member("active"), true);
    let told = front
        .send(&world, Some(&own), post("/revoke", &about))
        .await;
    let _ = told.unwrap().ok();
    let told = front
        .send(&world, Some(&own), post("/introspect", &about))
        .await;
    assert_eq!(told.unwrap().ok().member("active"), false);
}

async fn a_client_is_known_by_another_name(world: World) {
    let authority = Authority::new("Clients");
    let sans = vec![
        SanType::DnsName("client.example.com".try_into().unwrap()),
        SanType::URI("https://client.example.com/1".try_into().unwrap()),
        SanType::Rfc822Name("client@example.com".try_into().unwrap()),
        SanType::IpAddress("192.0.2.7".parse().unwrap()),
    ];
    let own = authority.vouch("anything", sans);
    let other = authority.vouch("anything", Vec::new());
    let front = Front::open(&world, &authority, &[]).await;
    for (id, name) in [
        (
            "dns",
            CertificateName::SanDns("Client.example.com".to_owned()),
        ),
        (
            "uri",
            CertificateName::SanUri("https://client.example.com/1".to_owned()),
        ),
        (
            "email",
            CertificateName::SanEmail("client@example.com".to_owned()),
        ),
        ("ip", CertificateName::SanIp("192.0.2.7".parse().unwrap())),
    ] {
        let client = by_name(id, name);
        world.store.put_client(&world.tenant, &client).await;
        let _ = token(&front, &world, &own, id).await.ok();
        let refused = token(&front, &world, &other, id).await;
        let _ = refused.refused(401, "invalid_client");
    }
    let elsewhere = by_name(
        "elsewhere",
        CertificateName::SanDns("example.com".to_owned()),
    );
    world.store.put_client(&world.tenant, &elsewhere).await;
    let refused = token(&front, &world, &own, "elsewhere").await;
    let _ = refused.refused(401, "invalid_client");
}

async fn a_client_is_known_by_its_certificate(world: World) {
    let (old, new, others) = (
        Identity::self_signed("client1"),
        Identity::self_signed("client1"),
        Identity::self_signed("client1"),
    );
    let client = by_itself("client1", &[&old, &new]);
    world.store.put_client(&world.tenant, &client).await;
    let authority = Authority::new("Clients");
    let front = Front::open(&world, &authority, &[&old, &new, &others]).await;
    for own in [&old, &new] {
        let _ = token(&front, &world, own, "client1").await.ok();
    }
    // The same subject is not the same certificate; nor does an authority make it one.
    let vouched = authority.vouch("client1", Vec::new());
    for other in [&others, &vouched] {
        let refused = token(&front, &world, other, "client1").await;
        let _ = refused.refused(401, "invalid_client");
    }
    // In a trust store an authority vouches for whatever name it likes, so none may be a client's own.
    assert!(KnownCertificate::from_base64(&authority.x5c()).is_none());
}

async fn a_certificate_is_no_secret_and_a_secret_no_certificate(world: World) {
    let authority = Authority::new("Clients");
    let own = authority.vouch("client1", Vec::new());
    let mut client = by_name("client1", subject("CN=client1,O=Example"));
    // However it came to one.
    client.client_secret_hashes = confidential("x").client_secret_hashes;
    world.store.put_client(&world.tenant, &client).await;
    let front = Front::open(&world, &authority, &[]).await;
    let form = [("grant_type", "client_credentials")];
    let by_secret = post("/token", &form).basic("client1", SECRET);
    let refused = front.send(&world, Some(&own), by_secret).await.unwrap();
    let _ = refused.refused(401, "invalid_client");
    let refused = token(&front, &world, &own, "web").await;
    let _ = refused.refused(401, "invalid_client");
    // A client with a secret has it counted at such a front as well.
    let web = post("/token", &form).basic("web", SECRET);
    let _ = front.send(&world, Some(&own), web).await.unwrap().ok();
}

async fn a_public_client_may_show_one_too(world: World) {
    let authority = Authority::new("Clients");
    let own = authority.vouch("somebody", Vec::new());
    let app = Client {
        grant_types: vec![GrantType::RefreshToken],
        ..public("app")
    };
    world.store.put_client(&world.tenant, &app).await;
    let front = Front::open(&world, &authority, &[]).await;
    let refused = token(&front, &world, &own, "app").await;
    let _ = refused.refused(400, "unauthorized_client");
}

async fn one_is_managed_like_any_other(world: World) {
    let manager = Manager::of(&world).await;
    let new = json!({
        "client_id": "client1", "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=client1,O=Example", "grant_types": ["client_credentials"],
    });
    let made = manager.post("/clients", &new).await;
    assert_eq!(
        (made.status(), made.json().get("client_secret")),
        (201, None)
    );
    let authority = Authority::new("Clients");
    let own = authority.vouch("client1", Vec::new());
    let front = Front::open(&world, &authority, &[]).await;
    let _ = token(&front, &world, &own, "client1").await.ok();
    let off = json!({"disabled": true});
    let _ = manager
        .over(Method::PATCH, "/clients/client1", Some(&off))
        .await
        .ok();
    let read = manager.get("/clients/client1").await.ok();
    assert_eq!(
        (
            read.member("disabled"),
            read.member("token_endpoint_auth_method")
        ),
        (json!(true), json!("tls_client_auth"))
    );
    // From a secret to a certificate, and back.
    for (changes, has_secret) in [
        (
            json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "web.example.com"}),
            false,
        ),
        (
            json!({"token_endpoint_auth_method": "client_secret_basic", "tls_client_auth_san_dns": null}),
            true,
        ),
    ] {
        let changed = manager
            .over(Method::PATCH, "/clients/web", Some(&changes))
            .await;
        let told = changed.ok().json();
        assert_eq!(told["client_secret"].is_string(), has_secret, "{told}");
    }
}

/// A client of people whose access tokens are bound.
fn binding(id: &str, format: AccessTokenFormat) -> Client {
    Client {
        grant_types: vec![GrantType::Password, GrantType::ClientCredentials],
        scope: scope("openid profile"),
        access_token_format: Some(format),
        tls_client_certificate_bound_access_tokens: true,
        ..by_name(id, subject(&format!("CN={id},O=Example")))
    }
}

fn login(client_id: &str) -> Ask {
    let form = [
        ("grant_type", "password"),
        ("client_id", client_id),
        ("username", "alice"),
        ("password", PASSWORD),
    ];
    post("/token", &form)
}

/// RFC 8705 section 3.
async fn an_access_token_is_bound_to_a_certificate(world: World) {
    let authority = Authority::new("Clients");
    let front = Front::open(&world, &authority, &[]).await;
    for (id, format) in [
        ("jwt", AccessTokenFormat::Jwt),
        ("by-reference", AccessTokenFormat::Opaque),
    ] {
        let client = binding(id, format);
        world.store.put_client(&world.tenant, &client).await;
        let own = authority.vouch(id, Vec::new());
        let other = authority.vouch(id, Vec::new());
        let send = async |shown: Option<&Identity>, ask: Ask| match shown {
            Some(shown) => front.send(&world, Some(shown), ask).await.unwrap(),
            None => world.send(ask).await,
        };
        let issued = send(Some(&own), login(id)).await.ok();
        let access_token = issued.string("access_token");
        let userinfo = || get("/userinfo").bearer(&access_token);
        let told = send(Some(&own), userinfo()).await.ok();
        assert_eq!(told.string("sub"), "subject-of-alice");
        // Whoever stole it: with a certificate of the same name, and without any.
        for shown in [Some(&other), None] {
            let refused = send(shown, userinfo()).await;
            let refused = refused.refused(401, "invalid_token");
            let challenge = refused.header("www-authenticate").unwrap();
            assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        }
        // Section 3.2: a resource server is told what to compare.
        let about = [("token", &*access_token), ("client_id", id)];
        let told = send(Some(&own), post("/introspect", &about)).await.ok();
        let thumbprint = URL_SAFE_NO_PAD.encode(sha256(&own.certificate).as_bytes());
        assert_eq!(told.member("cnf"), json!({"x5t#S256": thumbprint}));
        if format == AccessTokenFormat::Jwt {
            let (_, claims) = jwt::parts(&access_token);
            assert_eq!(claims["cnf"], json!({"x5t#S256": thumbprint}));
        }
    }
    // A client that has a secret as well as a certificate: without the second it has no token, and no try at a password.
    let with_secret = Client {
        tls_client_certificate_bound_access_tokens: true,
        ..confidential("web")
    };
    world.store.put_client(&world.tenant, &with_secret).await;
    let form = [("grant_type", "client_credentials")];
    let ask = || post("/token", &form).basic("web", SECRET);
    let _ = world.send(ask()).await.refused(400, "invalid_request");
    let own = authority.vouch("anybody", Vec::new());
    let issued = front.send(&world, Some(&own), ask()).await.unwrap().ok();
    let (_, claims) = jwt::parts(&issued.string("access_token"));
    assert!(claims["cnf"]["x5t#S256"].is_string(), "{claims}");
}

async fn a_bound_token_is_no_credential_without_its_certificate(world: World) {
    let authority = Authority::new("Clients");
    let front = Front::open(&world, &authority, &[]).await;
    let client = Client {
        authentication_by_access_token: true,
        ..binding("client1", AccessTokenFormat::Opaque)
    };
    world.store.put_client(&world.tenant, &client).await;
    let own = authority.vouch("client1", Vec::new());
    let issued = token(&front, &world, &own, "client1").await.ok();
    let form = [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", PASSWORD),
    ];
    let login = || post("/token", &form).bearer(&issued.string("access_token"));
    let issued_to_user = front.send(&world, Some(&own), login()).await.unwrap().ok();
    assert!(issued_to_user.member("access_token").is_string());
    let other = authority.vouch("client1", Vec::new());
    let refused = front.send(&world, Some(&other), login()).await.unwrap();
    let _ = refused.refused(401, "invalid_client");
    let _ = world.send(login()).await.refused(401, "invalid_client");
}

async fn a_token_of_before_is_not_bound_and_counts_no_more(world: World) {
    if world.remembers() {
        // For a minute the client that it was.
        return;
    }
    let login = world.login("alice", "openid").await.ok();
    let userinfo = || get("/userinfo").bearer(&login.string("access_token"));
    let _ = world.send(userinfo()).await.ok();
    let id = client_id("web");
    let mut client = world.store.client(&world.tenant, &id).await.unwrap();
    client.tls_client_certificate_bound_access_tokens = true;
    world.store.put_client(&world.tenant, &client).await;
    world.advance(Seconds::minutes(2));
    let refused = world.send(userinfo()).await.refused(401, "invalid_token");
    assert_eq!(refused.reason(), Some("token_is_not_bound"));
}
