//! JWTs as a client sees them, without trusting our own reader.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// Header and claims of a compact JWS; the signature is not looked at.
pub fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&bytes).unwrap_or_default()
    });
    let header = parts.next().expect("a header");
    let claims = parts.next().expect("claims");
    (header, claims)
}

/// The claims of a compact JWS.
pub fn claims(token: &str) -> Value {
    parts(token).1
}

/// Bytes as base64url without padding.
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
