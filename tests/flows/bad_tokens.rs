//! JWTs that are not ours, or not what they say (RFC 8725): inactive at introspection, 401 at UserInfo, ignored at
//! revocation, and never a fault of ours. Most are signed with the tenant's own key, so that only one thing is wrong.

mod forge;
mod json;
mod serialisation;
mod signatures;

use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::jws::JwsSigner as _;
use latchkey_testkit::fixtures::NOW;
use latchkey_tests::jwt::{self, base64url};
use latchkey_tests::request::{get, post};
use latchkey_tests::world::{World, local_signer};
use serde_json::{Value, json};

/// A compact JWS over any header and payload, signed with the tenant's key.
async fn signed(header: &str, payload: &str) -> String {
    let input = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(payload.as_bytes())
    );
    let signer = local_signer();
    let signature = signer
        .sign(&signer.ring_key(), input.as_bytes())
        .await
        .unwrap();
    format!("{input}.{}", base64url(&signature))
}

/// A world with a good access token in parts.
async fn good() -> (World, Value, Value) {
    let world = World::on_memory().await;
    let login = world.login("alice", "openid").await.ok();
    let (header, claims) = jwt::parts(&login.string("access_token"));
    let again = signed(&header.to_string(), &claims.to_string()).await;
    assert!(world.is_active(&again).await, "the forge itself works");
    (world, header, claims)
}

async fn nobody_takes(world: &World, token: &str, what: &str) {
    assert!(!world.is_active(token).await, "introspect takes {what}");
    let in_form = post("/userinfo", &[("access_token", token)]);
    let mut asks = vec![in_form];
    // As a header where it can be one; blanks around a token are the header's.
    if token.is_ascii() && http::HeaderValue::from_str(token).is_ok() && token.trim() == token {
        asks.push(get("/userinfo").bearer(token));
    }
    for ask in asks {
        let answer = world.send(ask).await;
        assert_eq!(answer.status(), 401, "userinfo on {what}");
        let answer = answer.refused(401, "invalid_token");
        assert!(answer.header("www-authenticate").is_some(), "{what}");
    }
    assert_eq!(world.revoke(token).await.text(), "", "{what}");
}

fn with(value: &Value, name: &str, changed: Value) -> String {
    let mut value = value.clone();
    value[name] = changed;
    value.to_string()
}

fn without(value: &Value, name: &str) -> String {
    let mut value = value.clone();
    value.as_object_mut().unwrap().remove(name);
    value.to_string()
}

#[tokio::test]
async fn headers_that_change_what_a_signature_means() {
    let (world, header, claims) = good().await;
    let payload = claims.to_string();
    for (name, value) in [
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("jwk", json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"})),
        ("x5c", json!(["AAAA"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("nonsense", json!(1)),
    ] {
        let token = signed(&with(&header, name, value), &payload).await;
        nobody_takes(&world, &token, name).await;
    }
}

#[tokio::test]
async fn algorithms_and_keys_that_are_not_the_rings() {
    let (world, header, claims) = good().await;
    let payload = claims.to_string();
    for algorithm in [
        "none", "None", "HS256", "RS512", "PS256", "ES256", "EdDSA", "",
    ] {
        let token = signed(&with(&header, "alg", json!(algorithm)), &payload).await;
        nobody_takes(&world, &token, algorithm).await;
        let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
        nobody_takes(&world, &unsigned, "an empty signature").await;
    }
    for kid in [
        json!("nobody"),
        json!(""),
        json!("../keys"),
        json!(null),
        json!(7),
    ] {
        let token = signed(&with(&header, "kid", kid), &payload).await;
        nobody_takes(&world, &token, "a foreign kid").await;
    }
    for name in ["alg", "kid", "typ"] {
        nobody_takes(
            &world,
            &signed(&without(&header, name), &payload).await,
            name,
        )
        .await;
    }
}

#[tokio::test]
async fn kinds_that_are_not_what_is_asked_for() {
    let (world, header, claims) = good().await;
    for typ in [
        json!("JWT"),
        json!("at+jwtx"),
        json!("dpop+jwt"),
        json!(null),
        json!(""),
    ] {
        let token = signed(&with(&header, "typ", typ), &claims.to_string()).await;
        nobody_takes(&world, &token, "another typ").await;
    }
    // RFC 9068 section 4: the media type may be written out.
    let written_out = with(&header, "typ", json!("application/AT+JWT"));
    let token = signed(&written_out, &claims.to_string()).await;
    assert!(world.is_active(&token).await);
}

#[tokio::test]
async fn claims_that_are_missing_wrong_or_double() {
    let (world, header, claims) = good().await;
    let header = header.to_string();
    for name in ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id"] {
        let token = signed(&header, &without(&claims, name)).await;
        nobody_takes(&world, &token, name).await;
    }
    let neighbour = world.neighbour().await;
    for (name, value) in [
        ("iss", json!(neighbour.issuer())),
        ("iss", json!(format!("{}/", world.issuer()))),
        ("iss", json!([world.issuer()])),
        ("exp", json!("4000000000")),
        ("exp", json!(-1)),
        ("exp", json!(1.5e300)),
        ("nbf", json!(NOW.as_unix() + 11)),
        ("exp", json!(NOW.as_unix())),
        ("client_id", json!("nobody")),
        ("client_id", json!("disabled")),
        ("family", json!("AAAA")),
        ("generation", json!(1)),
        ("sub", json!("subject-of-nobody")),
    ] {
        let token = signed(&header, &with(&claims, name, value.clone())).await;
        nobody_takes(&world, &token, &format!("{name} = {value}")).await;
    }
    let text = claims.to_string();
    for double in [r#","sub":"subject-of-carol"}"#, r#","exp":4000000000}"#] {
        let payload = format!("{}{double}", text.strip_suffix('}').unwrap());
        nobody_takes(&world, &signed(&header, &payload).await, "a member twice").await;
    }
    for payload in ["", "null", "[]", "\"x\"", "{", "{}", "\u{feff}{}"] {
        nobody_takes(&world, &signed(&header, payload).await, payload).await;
    }
}

#[tokio::test]
async fn times_at_their_edges() {
    let (world, header, claims) = good().await;
    let header = header.to_string();
    let ten_ahead = with(&claims, "nbf", json!(NOW.as_unix() + 10));
    assert!(world.is_active(&signed(&header, &ten_ahead).await).await);
    let last_second = with(&claims, "exp", json!(NOW.as_unix() + 1));
    let token = signed(&header, &last_second).await;
    assert!(world.is_active(&token).await);
    world.advance(Seconds(1));
    nobody_takes(&world, &token, "exp = now").await;
}

#[tokio::test]
async fn forms_that_are_no_compact_jws_of_ours() {
    let (world, header, claims) = good().await;
    let token = signed(&header.to_string(), &claims.to_string()).await;
    let (message, signature) = token.rsplit_once('.').unwrap();
    let huge = format!("{message}{}.{signature}", "A".repeat(20_000));
    for (what, token) in [
        ("no signature", message.to_owned()),
        ("four parts", format!("{token}.x")),
        ("a padded signature", format!("{token}==")),
        ("a space before", format!("{message}. {signature}")),
        ("a signature cut short", token[..token.len() - 4].to_owned()),
        ("a changed payload", token.replacen(".e", ".f", 1)),
        ("too much of it", huge),
        ("dots", "...".to_owned()),
    ] {
        nobody_takes(&world, &token, what).await;
    }
    // The last character of a signature carries spare bits: only one way to write it is taken.
    let last = token.chars().last().unwrap();
    for other in ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(['-', '_'])
    {
        if other != last {
            let changed = format!("{}{other}", &token[..token.len() - 1]);
            nobody_takes(&world, &changed, "another last character").await;
        }
    }
}
