//! The JWK set.

use latchkey_oauth::time::{Clock, Timestamp};
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_oauth::token::jwk::{KeyRing, PublicKey, RingKey, publish};
use latchkey_oauth::token::verifying_key::VerifyingKey;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::metadata::Endpoints;
use super::probe::Probe;
use super::report::Report;

/// The least bits of an RSA modulus (RFC 7518 section 3.3).
const LEAST_RSA: usize = 2_048;

/// Looks at the keys. The ring of those that can be used.
pub fn examine(
    endpoints: &Endpoints,
    metadata: &Value,
    probe: &Probe,
    clock: &dyn Clock,
    report: &mut Report,
) -> KeyRing {
    let document = match probe.document(&endpoints.jwks) {
        Ok((_, document)) => document,
        Err(fault) => {
            report.wrong("keys", fault);
            return KeyRing::default();
        }
    };
    let keys = document.get("keys").and_then(Value::as_array);
    let keys = keys.map(Vec::as_slice).unwrap_or_default();
    let mut faults = Vec::new();
    if keys.is_empty() {
        faults.push("the JWK set is empty: `latchkey keys add` puts a key into it".to_owned());
    }
    let mut ring = KeyRing::default();
    let mut told = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        match read(key, clock.now()) {
            Ok(found) => {
                if ring.keys.iter().any(|other| other.kid == found.kid) {
                    faults.push(format!("two keys have the kid {}", found.kid));
                }
                told.push(format!("{} {}", found.alg.as_str(), found.kid));
                ring.keys.push(found);
            }
            Err(fault) => faults.push(format!("key {}: {fault}", index + 1)),
        }
    }
    let promised = metadata.get("id_token_signing_alg_values_supported");
    let promised = promised.and_then(Value::as_array).into_iter().flatten();
    for alg in promised.filter_map(Value::as_str) {
        if !ring.keys.iter().any(|key| key.alg.as_str() == alg) {
            faults.push(format!("metadata promises {alg}, and no key signs with it"));
        }
    }
    report.add("keys", told.join(", "), faults);
    ring
}

/// A key, made again from its numbers: so is its `kid`, the thumbprint of RFC 7638.
fn read(key: &Value, now: Timestamp) -> Result<RingKey, String> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    for private in ["d", "p", "q", "k"] {
        if key.get(private).is_some() {
            return Err(format!(
                "`{private}` is there: the private key is published"
            ));
        }
    }
    let kid = text("kid").ok_or("`kid` is missing")?;
    let name = text("alg").ok_or_else(|| format!("{kid}: `alg` is missing"))?;
    let alg = serde_json::from_value::<Algorithm>(Value::from(name))
        .map_err(|_| format!("{kid}: `alg` is {name}, which nothing here signs with"))?;
    if text("use") != Some("sig") {
        return Err(format!("{kid}: `use` is not sig"));
    }
    let number = |name: &str| {
        let bytes = text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        bytes.ok_or_else(|| format!("{kid}: `{name}` is missing or not base64url"))
    };
    let public = match alg {
        Algorithm::RS256 | Algorithm::PS256 => {
            let (n, e) = (number("n")?, number("e")?);
            let bits = n.len() * 8;
            if bits < LEAST_RSA {
                return Err(format!(
                    "{kid}: an RSA key of {bits} bits; 2048 is the least"
                ));
            }
            PublicKey::Rsa { n, e }
        }
        Algorithm::ES256 | Algorithm::ES384 => PublicKey::Ec {
            x: number("x")?,
            y: number("y")?,
        },
        Algorithm::EdDSA => PublicKey::Ed25519 { x: number("x")? },
    };
    let jwk = publish(&public, alg)
        .ok_or_else(|| format!("{kid}: its numbers do not go with {}", alg.as_str()))?;
    let thumbprint = jwk.common.key_id.clone().unwrap_or_default();
    if thumbprint != kid {
        return Err(format!(
            "{kid}: the key's thumbprint (RFC 7638) is {thumbprint}"
        ));
    }
    Ok(RingKey {
        kid: thumbprint,
        alg,
        kms_key_id: String::new(),
        jwk,
        published_from: now,
        signs_from: now,
        signs_until: None,
        published_until: None,
        verifying: VerifyingKey::default(),
    })
}
