//! Reads JWTs as a resource server does, with a library that Latchkey does not issue them with.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

/// A JWT, read but not believed yet.
#[derive(Debug)]
pub struct Jwt {
    pub header: Value,
    pub claims: Value,
    message: String,
    signature: String,
}

impl Jwt {
    /// Nothing if it is no JWT.
    pub fn read(token: &str) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        Some(Self {
            header: decode_part(header)?,
            claims: decode_part(claims)?,
            message: message.to_owned(),
            signature: signature.to_owned(),
        })
    }

    /// Whether one of the published keys, the one the header names, made the signature.
    pub fn is_signed(&self, keys: &Value) -> bool {
        self.verify(keys).unwrap_or(false)
    }

    fn verify(&self, keys: &Value) -> Option<bool> {
        let keys: JwkSet = serde_json::from_value(keys.clone()).ok()?;
        let key = keys.find(self.header.get("kid")?.as_str()?)?;
        let algorithm: Algorithm = self.header.get("alg")?.as_str()?.parse().ok()?;
        let key = DecodingKey::from_jwk(key).ok()?;
        let message = self.message.as_bytes();
        jsonwebtoken::crypto::verify(&self.signature, message, &key, algorithm).ok()
    }
}

fn decode_part(part: &str) -> Option<Value> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 8037 appendix A.4, with a header that names the key.
    #[test]
    fn a_signature_is_verified_and_a_changed_token_is_not() {
        let key = jsonwebtoken::EncodingKey::from_ed_der(&ed25519_pkcs8());
        let mut header = jsonwebtoken::Header::new(Algorithm::EdDSA);
        header.kid = Some("k".to_owned());
        let token = jsonwebtoken::encode(&header, &json!({"sub": "x"}), &key).unwrap();
        let keys = json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "kid": "k",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }]});
        let mut jwt = Jwt::read(&token).unwrap();
        assert!(jwt.is_signed(&keys));
        assert!(!jwt.is_signed(&json!({"keys": []})));
        jwt.message.push('A');
        assert!(!jwt.is_signed(&keys));
    }

    /// RFC 8037 appendix A.1, in PKCS #8.
    fn ed25519_pkcs8() -> Vec<u8> {
        let mut der = vec![
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ];
        let seed = BASE64_URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
        der.extend(seed.unwrap());
        der
    }

    #[test]
    fn a_jwt_is_told_from_an_opaque_token() {
        let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
        let token = format!(
            "{}.{}.c2ln",
            part(r#"{"alg":"RS256"}"#),
            part(r#"{"sub":"x"}"#)
        );
        let jwt = Jwt::read(&token).unwrap();
        assert_eq!(
            (jwt.header["alg"].as_str(), jwt.claims["sub"].as_str()),
            (Some("RS256"), Some("x"))
        );
        assert!(Jwt::read("lk_at.opaque").is_none());
        assert!(Jwt::read("a.b.c.d").is_none());
    }
}
