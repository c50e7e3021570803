//! The Debug texts of whatever holds a secret on a request's way, and of the faults that may lie around it, tell none.

use bytes::Bytes;
use latchkey_oauth::client::{RegistryAdmin as _, RingWrite};
use latchkey_oauth::client_auth::{ClientCredentials, authenticate};
use latchkey_oauth::directory::Directory;
use latchkey_oauth::endpoint::Inbound;
use latchkey_oauth::error::OAuthError;
use latchkey_oauth::form::Form;
use latchkey_oauth::grant::{self, TokenRequest};
use latchkey_oauth::issuer::BaseUrl;
use latchkey_oauth::lockout::Source;
use latchkey_oauth::login::LoginRepository as _;
use latchkey_oauth::random::SystemRandom;
use latchkey_oauth::sign_in::SignIn;
use latchkey_oauth::store::Expected;
use latchkey_oauth::target::{Targeting, Wish};
use latchkey_oauth::tenant::TenantSettings;
use latchkey_oauth::token::issue::Mint;
use latchkey_oauth::token::jws::JwsSigner as _;
use latchkey_oauth::token::refresh_token::RefreshToken;
use latchkey_oauth::token::repository::{TokenKeys, TokenStateRepository as _};
use latchkey_oauth::user::UserAdmin as _;
use latchkey_testkit::contract::family_of;
use latchkey_testkit::fixtures::{
    NOW, PASSWORD, SECRET, confidential, hashing, tenant, user, username,
};
use latchkey_testkit::memory::MemoryStore;
use latchkey_tests::aws::{dynamodb, kms, new_key, sdk};
use latchkey_tests::in_process::BASE;
use latchkey_tests::request::post;
use latchkey_tests::secrets::{self, tells_nothing};
use latchkey_tests::store::Tables;
use latchkey_tests::world::{fresh_tenant, local_signer};
use serde_json::Value;

const FORM: [(&str, &str); 4] = [
    ("grant_type", "password"),
    ("username", "alice"),
    ("password", PASSWORD),
    ("scope", "openid read"),
];
/// The secret, the password, and the credentials of `web` in Basic.
const KNOWN: [&str; 3] = [
    SECRET,
    PASSWORD,
    "d2ViOmErY2xpZW50K3NlY3JldCtvZit0aGUrZml4dHVyZXM=",
];

fn request() -> http::Request<Bytes> {
    let request = post("/token", &FORM).basic("web", SECRET).build("");
    secrets::of_request(&request);
    let header = request.headers()[http::header::AUTHORIZATION].to_str();
    assert_eq!(header.unwrap().strip_prefix("Basic "), Some(KNOWN[2]));
    request
}

#[tokio::test]
async fn a_login_from_the_request_to_the_tokens() {
    let (store, here) = (MemoryStore::default(), tenant("acme"));
    let ring = local_signer().key_ring();
    let (client, alice) = (confidential("web"), user("alice"));
    let settings = TenantSettings::default();
    store
        .put_tenant(&here, &settings, Expected::Absent)
        .await
        .unwrap();
    let none = Default::default();
    let put = store.put_keys(&here, &none, &ring, None);
    assert_eq!(put.await.unwrap(), RingWrite::Written);
    store
        .put_client(&here, &client, Expected::Absent)
        .await
        .unwrap();
    let put = store.put_user(&here, &alice, Expected::Absent).await;
    assert!(put.unwrap().is_some());
    let inbound = Inbound {
        request: request(),
        now: NOW,
        host: None,
        source: Source::parse("192.0.2.1"),
        certificate: None,
        request_id: "request-1".to_owned(),
    };
    tells_nothing(&inbound, &KNOWN);
    tells_nothing(&client, &KNOWN);
    tells_nothing(&alice, &KNOWN);
    let stored = alice.credentials.password_hash.as_ref().unwrap().expose();
    tells_nothing(&alice, &[stored]);

    let directory = Directory::new(BaseUrl::parse(BASE).unwrap(), store.clone());
    let (parts, body) = inbound.request.into_parts();
    let form = Form::read(&parts, &body).unwrap();
    let credentials = ClientCredentials::read(&parts, &form, None).unwrap();
    tells_nothing(&form, &KNOWN);
    tells_nothing(&credentials, &KNOWN);
    let proved = authenticate(&directory, &here, &credentials, &mut None, NOW).await;
    let proved = proved.unwrap();
    tells_nothing(&proved, &KNOWN);
    let grant_type = TokenRequest::grant_type(&form, &proved).unwrap();
    let asked = TokenRequest::parse(grant_type, &form).unwrap();
    tells_nothing(&asked, &KNOWN);
    let TokenRequest::Password { username, password } = asked else {
        panic!("another grant");
    };
    tells_nothing(&password, &KNOWN);
    let found = store.find_login(&here, &username, &inbound.source).await;
    tells_nothing(&found.unwrap(), &[&KNOWN[..], &[stored]].concat());

    let (issuer, known) = (
        directory.issuer(&directory.tenant(&here, NOW).await.unwrap()),
        directory.tenant(&here, NOW).await.unwrap(),
    );
    let context = Targeting {
        directory: &directory,
        tenant: &known,
        issuer: &issuer,
        client: &proved,
        wish: Wish::read(&form),
        now: NOW,
    };
    tells_nothing(&context, &KNOWN);
    let sign_in = SignIn {
        users: &store,
        hashing: &hashing(),
        tenant: &known,
        source: &inbound.source,
        now: NOW,
    };
    let signed_in = sign_in.check(&username, &password).await.unwrap();
    tells_nothing(&signed_in, &[&KNOWN[..], &[stored]].concat());
    let random = &SystemRandom;
    let authorization =
        grant::password::authorize(&context, &sign_in, random, username, &password).await;
    let authorization = authorization.unwrap();
    tells_nothing(&authorization, &KNOWN);
    let mint = Mint {
        grants: &store,
        signer: &local_signer(),
        random: &SystemRandom,
        tenant: &known,
        issuer: &issuer,
        client: &proved,
        confirmation: None,
        now: NOW,
    };
    let issued = mint.issue(authorization).await.unwrap();
    let answer = serde_json::to_value(&issued).unwrap();
    let tokens = ["access_token", "id_token", "refresh_token"];
    let tokens = tokens.map(|name| answer.get(name).and_then(Value::as_str).unwrap());
    tokens.iter().for_each(|token| secrets::token(token));
    tells_nothing(&issued, &tokens);
    let refresh_token = RefreshToken::parse(tokens[2]).unwrap();
    let hidden = tokens[2].rsplit('.').next().unwrap();
    tells_nothing(&refresh_token, &[hidden, &hidden[..16], &hidden[22..38]]);
    let keys = TokenKeys::of_family(refresh_token.family()).with_profile();
    let state = store.token_state(&here, &keys).await.unwrap();
    tells_nothing(&state.family.as_ref().unwrap(), &[hidden, &hidden[..16]]);
    tells_nothing(&state, &[hidden, &hidden[..16]]);
    tells_nothing(&mint, &KNOWN);
    tells_nothing(&store, &[&KNOWN[..], &tokens, &[hidden]].concat());
}

#[tokio::test]
async fn refusals() {
    let (store, here) = (MemoryStore::default(), tenant("acme"));
    store
        .put_client(&here, &confidential("web"), Expected::Absent)
        .await
        .unwrap();
    let directory = Directory::new(BaseUrl::parse(BASE).unwrap(), store);
    let wrong = "a secret that is not the client's";
    let query = format!("/token?password={wrong}").replace(' ', "+");
    let asks = [
        post("/token", &FORM).basic("web", wrong),
        post("/token", &FORM).basic("nobody", wrong),
        post("/token", &[("client_id", "web"), ("client_secret", wrong)]),
        post(
            "/token",
            &[("client_secret", wrong), ("client_secret", wrong)],
        ),
        post(
            "/token",
            &[("client_id", "web"), ("client_assertion", wrong)],
        ),
        post(&query, &FORM).basic("web", SECRET),
        post("/token", &FORM).header("authorization", &format!("Basic {wrong}")),
    ];
    for ask in asks {
        let request = ask.build("");
        secrets::of_request(&request);
        let (parts, body) = request.into_parts();
        let refused: OAuthError = async {
            let form = Form::read(&parts, &body)?;
            let credentials = ClientCredentials::read(&parts, &form, None)?;
            authenticate(&directory, &here, &credentials, &mut None, NOW).await
        }
        .await
        .unwrap_err();
        tells_nothing(&refused, &[wrong, SECRET, PASSWORD]);
    }
}

/// Faults of DynamoDB and of KMS, while they held something secret.
#[tokio::test]
async fn faults_of_other_services() {
    let nowhere = "http://127.0.0.1:1";
    let (here, alice) = (fresh_tenant(), user("alice"));
    let stored = alice.credentials.password_hash.as_ref().unwrap().expose();
    let (family, token) = family_of(&here, 1);
    let text = token.expose();
    let text = secrecy::ExposeSecret::expose_secret(&text);
    secrets::token(text);
    let secrets = [PASSWORD, stored, text.rsplit('.').next().unwrap()];
    // Nobody there; and somebody who refuses: a table that is not.
    let dead = latchkey_dynamodb::client(&sdk().await, Some(nowhere));
    let missing = || "no-such-table".to_owned();
    let refusing = dynamodb().await;
    for users in [
        Tables::by(&dead).users,
        latchkey_dynamodb::Users::new(refusing, missing(), missing()),
    ] {
        let put = users
            .put_user(&here, &alice, Expected::Absent)
            .await
            .unwrap_err();
        tells_nothing(&put, &secrets);
        let put = users.put_user(&here, &alice, Expected::Any).await;
        let put = OAuthError::from(put.unwrap_err());
        tells_nothing(&put, &secrets);
        let old = alice.credentials.password_hash.as_ref().unwrap();
        let name = username("alice");
        let replaced = users.replace_hash(&here, &name, old, old).await;
        tells_nothing(&replaced.unwrap_err(), &secrets);
    }
    let grants = Tables::by(&dead).grants;
    let keys = TokenKeys::of_family(&family.id);
    let read = grants.token_state(&here, &keys).await.unwrap_err();
    tells_nothing(&read, &secrets);
    // What is signed is a token without its last part.
    let input = "eyJ0eXAiOiJhdCtqd3QifQ.c29tZXRoaW5nIHRvIGJlIHNpZ25lZA";
    let spec = aws_sdk_kms::types::KeySpec::Rsa2048;
    let alg = latchkey_oauth::token::algorithm::Algorithm::RS256;
    let mut key = new_key(spec, alg).await;
    let dead = latchkey_kms::client(&sdk().await, Some(nowhere));
    let unsigned = latchkey_kms::KmsSigner::new(dead);
    let unsigned = unsigned.sign(&key, input.as_bytes()).await.unwrap_err();
    tells_nothing(&unsigned, &[input]);
    key.kms_key_id = "00000000-0000-0000-0000-000000000000".to_owned();
    let unsigned = latchkey_kms::KmsSigner::new(kms().await);
    let unsigned = unsigned.sign(&key, input.as_bytes()).await.unwrap_err();
    tells_nothing(&unsigned, &[input]);
}
