//! `client_secret_basic` and its company: the first line is the `Authorization` header, the rest the form.
#![no_main]

use http::HeaderValue;
use http::header::AUTHORIZATION;
use latchkey_oauth::client_auth::ClientCredentials;
use latchkey_oauth::form::Form;
use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret as _;

fuzz_target!(|data: &[u8]| {
    let mut halves = data.splitn(2, |byte| *byte == b'\n');
    let header = halves.next().unwrap_or_default();
    let Ok(form) = Form::parse(halves.next().unwrap_or_default()) else {
        return;
    };
    let (mut parts, ()) = http::Request::post("/token").body(()).unwrap().into_parts();
    // As it stands, and as the user-id and password of RFC 7617.
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, header);
    let basic = HeaderValue::try_from(format!("Basic {encoded}")).ok();
    for value in [HeaderValue::from_bytes(header).ok(), basic] {
        let Some(value) = value else { continue };
        parts.headers.insert(AUTHORIZATION, value);
        match ClientCredentials::read(&parts, &form, None) {
            Ok(ClientCredentials::SecretBasic { client_id, secret }) => {
                assert!((1..=255).contains(&client_id.as_str().len()));
                assert!((1..=1_024).contains(&secret.expose_secret().len()));
                let named = form.get("client_id");
                assert!(named.is_none_or(|named| named == client_id.as_str()));
            }
            Ok(
                ClientCredentials::SecretPost { .. }
                | ClientCredentials::Certificate { .. }
                | ClientCredentials::None { .. },
            ) => {
                panic!("the header was not looked at")
            }
            Err(error) => assert!(matches!(error.code().as_str(), "invalid_client" | "invalid_request")),
        }
    }
    parts.headers.remove(AUTHORIZATION);
    let _ = ClientCredentials::read(&parts, &form, None);
});
