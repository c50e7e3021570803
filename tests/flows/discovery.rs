//! Metadata (RFC 8414, OIDC Discovery) and the JWK set (RFC 7517).

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use latchkey_kms::spki;
use latchkey_oauth::hash::sha256;
use latchkey_oauth::token::jwk::public_key;
use latchkey_tests::request::get;
use latchkey_tests::world::World;
use latchkey_tests::{jwt, on_every_server};
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

on_every_server!(
    both_documents_say_the_same,
    the_key_set_verifies_what_is_signed,
    a_certified_key_shows_its_certificate,
    documents_are_cacheable,
    metadata_tells_what_is_so,
);

async fn both_documents_say_the_same(world: World) {
    let tenant = world.tenant.as_str();
    let mut documents = Vec::new();
    for path in [
        "/.well-known/openid-configuration".to_owned(),
        "/.well-known/oauth-authorization-server".to_owned(),
        // RFC 8414 section 3.1, by path insertion.
        format!("=/.well-known/oauth-authorization-server/{tenant}"),
        format!("=/.well-known/openid-configuration/{tenant}"),
    ] {
        documents.push(world.send(get(&path)).await.ok().json());
    }
    documents.dedup();
    assert_eq!(documents.len(), 1, "{documents:?}");
    let metadata = &documents[0];
    let issuer = world.issuer();
    assert_eq!(metadata["issuer"], issuer);
    for (member, path) in [
        ("token_endpoint", "/token"),
        ("introspection_endpoint", "/introspect"),
        ("userinfo_endpoint", "/userinfo"),
        ("revocation_endpoint", "/revoke"),
        ("jwks_uri", "/jwks"),
    ] {
        assert_eq!(metadata[member], json!(format!("{issuer}{path}")));
    }
}

async fn metadata_tells_what_is_so(world: World) {
    let answer = world.send(get("/.well-known/openid-configuration")).await;
    let mut metadata = answer.ok().json();
    let issuer = world.issuer();
    for value in metadata.as_object_mut().unwrap().values_mut() {
        if let Some(url) = value.as_str().and_then(|text| text.strip_prefix(&issuer)) {
            *value = json!(format!("ISSUER{url}"));
        }
    }
    insta::with_settings!({prepend_module_to_snapshot => false}, {
        insta::assert_json_snapshot!("metadata", metadata);
    });
}

async fn the_key_set_verifies_what_is_signed(world: World) {
    let set = world.send(get("/jwks")).await.ok();
    for key in set.member("keys").as_array().unwrap() {
        for name in ["kty", "kid", "use", "alg", "n", "e"] {
            assert!(key[name].is_string(), "{name}: {key}");
        }
        assert_eq!(key["d"], Value::Null);
    }
    let keys: JwkSet = serde_json::from_str(set.text()).unwrap();
    let login = world.login("alice", "openid").await.ok();
    for name in ["access_token", "id_token"] {
        let token = login.string(name);
        let (header, _) = jwt::parts(&token);
        let key = keys.find(header["kid"].as_str().unwrap()).unwrap();
        let mut validation = Validation::new(jsonwebtoken::Algorithm::RS256);
        validation.validate_exp = false;
        validation.set_issuer(&[world.issuer()]);
        let audience = if name == "id_token" {
            "web".to_owned()
        } else {
            world.issuer()
        };
        validation.set_audience(&[audience]);
        let key = DecodingKey::from_jwk(key).unwrap();
        #[expect(clippy::disallowed_methods, reason = "the other library's own way")]
        let verified = jsonwebtoken::decode::<Value>(&token, &key, &validation);
        assert_eq!(verified.unwrap().claims["sub"], "subject-of-alice");
    }
}

/// RFC 7517 section 4.7: by its certificate a key verifies what it signs, and is otherwise as before.
async fn a_certified_key_shows_its_certificate(world: World) {
    let ring_key = &world.keys.keys[0];
    world.certify(ring_key).await;
    let set = world.send(get("/jwks")).await.ok().json();
    let mut key = set["keys"][0].clone();
    let x5c = key.as_object_mut().unwrap().remove("x5c").unwrap();
    let thumbprint = key.as_object_mut().unwrap().remove("x5t#S256");
    assert_eq!(key, json!(ring_key.jwk));

    assert_eq!(x5c.as_array().unwrap().len(), 1);
    let der = STANDARD.decode(x5c[0].as_str().unwrap()).unwrap();
    let digest = URL_SAFE_NO_PAD.encode(sha256(&der).as_bytes());
    assert_eq!(thumbprint, Some(json!(digest)));
    let certificate = Certificate::from_der(&der).unwrap();
    let tbs = certificate.tbs_certificate();
    let info = tbs.subject_public_key_info();
    let public = spki::public_key("RSA_2048", &info.to_der().unwrap());
    assert_eq!(public, public_key(&ring_key.jwk));

    let bytes = info.subject_public_key.raw_bytes();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, bytes);
    let own = certificate.signature().raw_bytes();
    public.verify(&tbs.to_der().unwrap(), own).unwrap();
    let token = world.login("alice", "openid").await.ok().string("id_token");
    let (input, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    public.verify(input.as_bytes(), &signature).unwrap();
}

async fn documents_are_cacheable(world: World) {
    for path in ["/jwks", "/.well-known/openid-configuration"] {
        let first = world.send(get(path)).await.ok();
        assert_eq!(first.header("cache-control"), Some("public, max-age=300"));
        assert_eq!(first.header("access-control-allow-origin"), Some("*"));
        let etag = first.header("etag").unwrap();
        let again = world.send(get(path).header("if-none-match", etag)).await;
        assert_eq!((again.status(), again.text()), (304, ""));
        assert_eq!(again.header("content-type"), None);
        let other = world.send(get(path).header("if-none-match", "\"x\"")).await;
        assert_eq!(other.ok().text(), first.text());
    }
}
