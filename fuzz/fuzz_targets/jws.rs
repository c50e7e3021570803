//! JWTs: nobody here has the private key, so whatever is made up is refused (RFC 8725).
#![no_main]

use std::sync::LazyLock;

use latchkey_oauth::issuer::BaseUrl;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::jwk::KeyRing;
use latchkey_oauth::token::verifier::verify;
use libfuzzer_sys::fuzz_target;

/// A public key of each algorithm, named `a` to `e` so that a made-up header finds them.
static RING: LazyLock<KeyRing> =
    LazyLock::new(|| serde_json::from_str(include_str!("ring.json")).unwrap());

fuzz_target!(|data: &[u8]| {
    let issuer = BaseUrl::parse("https://id.example.com")
        .unwrap()
        .issuer(&TenantId::default_tenant());
    let now = Timestamp::from_unix(1_800_000_000);
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(verify(text, &RING, &issuer, now).is_err());
    }
    // The same bytes as header, payload and signature in the clear, so that the fuzzer need not learn base64.
    let mut parts = data.splitn(3, |byte| *byte == b'\n').map(|part| {
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, part)
    });
    let mut part = || parts.next().unwrap_or_default();
    let token = format!("{}.{}.{}", part(), part(), part());
    assert!(verify(&token, &RING, &issuer, now).is_err());
});
