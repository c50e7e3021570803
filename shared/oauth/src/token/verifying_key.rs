//! A public key as signatures are checked with it, parsed once: a ring is remembered for a minute, and parsing an RSA
//! key costs a quarter of checking a signature.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};

use super::algorithm::Algorithm;

/// What a JWK is to its algorithm; `None` if they do not go together, and then no signature holds.
#[derive(Clone, Default)]
pub struct VerifyingKey(OnceLock<Option<Arc<ParsedPublicKey>>>);

impl VerifyingKey {
    /// Whether `signature` over `message` holds under `jwk`, which is the same at every call.
    pub(super) fn holds(
        &self,
        jwk: &Jwk,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let parsed = self.0.get_or_init(|| parse(jwk, algorithm).map(Arc::new));
        parsed
            .as_ref()
            .is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

fn parse(jwk: &Jwk, algorithm: Algorithm) -> Option<ParsedPublicKey> {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let parsed = match (algorithm, &jwk.algorithm) {
        (Algorithm::RS256, AlgorithmParameters::RSA(key)) => rsa(
            decode(&key.n)?,
            decode(&key.e)?,
            &RSA_PKCS1_2048_8192_SHA256,
        ),
        (Algorithm::PS256, AlgorithmParameters::RSA(key)) => {
            rsa(decode(&key.n)?, decode(&key.e)?, &RSA_PSS_2048_8192_SHA256)
        }
        (Algorithm::ES256, AlgorithmParameters::EllipticCurve(key)) => {
            let point = point(&decode(&key.x)?, &decode(&key.y)?);
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        }
        (Algorithm::ES384, AlgorithmParameters::EllipticCurve(key)) => {
            let point = point(&decode(&key.x)?, &decode(&key.y)?);
            ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point)
        }
        (Algorithm::EdDSA, AlgorithmParameters::OctetKeyPair(key)) => {
            ParsedPublicKey::new(&ED25519, decode(&key.x)?)
        }
        (
            Algorithm::RS256
            | Algorithm::PS256
            | Algorithm::ES256
            | Algorithm::ES384
            | Algorithm::EdDSA,
            _,
        ) => return None,
    };
    parsed.ok()
}

fn rsa(
    n: Vec<u8>,
    e: Vec<u8>,
    parameters: &'static aws_lc_rs::rsa::RsaParameters,
) -> Result<ParsedPublicKey, KeyRejected> {
    RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters)
}

/// SEC 1 section 2.3.3: `0x04 || x || y`.
fn point(x: &[u8], y: &[u8]) -> Vec<u8> {
    [&[4], x, y].concat()
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey")
    }
}

impl PartialEq for VerifyingKey {
    /// It follows from the JWK beside it.
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for VerifyingKey {}
