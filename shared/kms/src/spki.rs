//! Public keys as KMS tells them and certificates have them: DER, RFC 5280 section 4.1.2.7.

use der::asn1::{BitStringRef, ObjectIdentifier, UintRef};
use der::{AnyRef, Decode as _, Encode as _};
use latchkey_oauth::token::jwk::PublicKey;
use pkcs1::{RsaPublicKey, RsaPublicKeyRef};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

/// RFC 5480 section 2.1.1.
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// RFC 8410 section 3.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// What is in the DER of a key of a `KeySpec`.
#[derive(Debug, Clone, Copy)]
enum Form {
    Rsa,
    Ec,
    Ed25519,
}

fn form(spec: &str) -> Option<Form> {
    match spec {
        "RSA_2048" | "RSA_3072" | "RSA_4096" => Some(Form::Rsa),
        "ECC_NIST_P256" | "ECC_NIST_P384" => Some(Form::Ec),
        "ECC_NIST_EDWARDS25519" => Some(Form::Ed25519),
        _ => None,
    }
}

/// Whether a JWS algorithm goes with keys of a `KeySpec`.
pub fn is_known(spec: &str) -> bool {
    form(spec).is_some()
}

/// The numbers of a public key; `None` for what is no key of that `KeySpec`.
pub fn public_key(spec: &str, spki: &[u8]) -> Option<PublicKey> {
    let info = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
    let key = info.subject_public_key.as_bytes()?;
    match form(spec)? {
        Form::Rsa => {
            let rsa = RsaPublicKeyRef::from_der(key).ok()?;
            Some(PublicKey::Rsa {
                n: rsa.modulus.as_bytes().to_vec(),
                e: rsa.public_exponent.as_bytes().to_vec(),
            })
        }
        Form::Ec => {
            // SEC 1 section 2.3.3: 0x04, then x and y.
            let (&4, point) = key.split_first()? else {
                return None;
            };
            let (x, y) = point.split_at(point.len() / 2);
            Some(PublicKey::Ec {
                x: x.to_vec(),
                y: y.to_vec(),
            })
        }
        Form::Ed25519 => Some(PublicKey::Ed25519 { x: key.to_vec() }),
    }
}

/// The same as a certificate has it; a point of 32-byte coordinates is one of P-256, any other of P-384.
///
/// # Errors
/// For numbers that DER does not take.
pub fn encode(key: &PublicKey) -> der::Result<Vec<u8>> {
    let (algorithm, bytes) = match key {
        PublicKey::Rsa { n, e } => {
            let key = RsaPublicKey {
                modulus: UintRef::new(n)?,
                public_exponent: UintRef::new(e)?,
            };
            (pkcs1::ALGORITHM_ID, key.to_der()?)
        }
        PublicKey::Ec { x, y } => {
            let curve = if x.len() == 32 { &P256 } else { &P384 };
            let algorithm = AlgorithmIdentifierRef {
                oid: EC_PUBLIC_KEY,
                parameters: Some(AnyRef::from(curve)),
            };
            // SEC 1 section 2.3.3: 0x04, then x and y.
            (algorithm, [&[4], x.as_slice(), y.as_slice()].concat())
        }
        PublicKey::Ed25519 { x } => {
            let algorithm = AlgorithmIdentifierRef {
                oid: ED25519,
                parameters: None,
            };
            (algorithm, x.clone())
        }
    };
    let info = SubjectPublicKeyInfoRef {
        algorithm,
        subject_public_key: BitStringRef::from_bytes(&bytes)?,
    };
    info.to_der()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use latchkey_oauth::time::Timestamp;
    use latchkey_oauth::token::jwk::RingKey;
    use latchkey_oauth::token::key_ring::{KmsKey, ring_key};
    use proptest::prelude::*;
    use serde_json::json;
    use spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};

    use super::*;

    fn encoded(oid: &str, parameters: Option<AnyRef<'_>>, key: &[u8]) -> Vec<u8> {
        let info = SubjectPublicKeyInfo {
            algorithm: AlgorithmIdentifier {
                oid: ObjectIdentifier::new_unwrap(oid),
                parameters,
            },
            subject_public_key: BitStringRef::from_bytes(key).unwrap(),
        };
        info.to_der().unwrap()
    }

    /// The key of RFC 7638 section 3.1, with the thumbprint it has there.
    const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    const THUMBPRINT: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

    fn rsa() -> Vec<u8> {
        let n = URL_SAFE_NO_PAD.decode(N).unwrap();
        let key = RsaPublicKey {
            modulus: UintRef::new(&n).unwrap(),
            public_exponent: UintRef::new(&[1, 0, 1]).unwrap(),
        };
        let null = Some(AnyRef::NULL);
        encoded("1.2.840.113549.1.1.1", null, &key.to_der().unwrap())
    }

    fn published(spec: &str, spki: &[u8]) -> Option<RingKey> {
        let key = KmsKey {
            id: "arn:key".to_owned(),
            spec: spec.to_owned(),
            public: public_key(spec, spki)?,
        };
        let now = Timestamp::from_unix(0);
        ring_key(&key, None, now, now).ok()
    }

    #[test]
    fn an_rsa_key_is_published_as_rfc_7638_has_it() {
        let key = published("RSA_2048", &rsa()).unwrap();
        assert_eq!(key.kid, THUMBPRINT);
        let read = public_key("RSA_2048", &rsa()).unwrap();
        assert_eq!(encode(&read).unwrap(), rsa());
        let expected = json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": THUMBPRINT, "n": N, "e": "AQAB"});
        assert_eq!(serde_json::to_value(&key.jwk).unwrap(), expected);
    }

    #[test]
    fn curves() {
        for (spec, size, curve) in [
            ("ECC_NIST_P256", 32, "P-256"),
            ("ECC_NIST_P384", 48, "P-384"),
        ] {
            let mut point = vec![4];
            point.extend(vec![1; size]);
            point.extend(vec![2; size]);
            let key = published(spec, &encoded("1.2.840.10045.2.1", None, &point)).unwrap();
            let jwk = serde_json::to_value(&key.jwk).unwrap();
            assert_eq!(jwk["crv"], curve);
            assert_eq!(jwk["y"], URL_SAFE_NO_PAD.encode(vec![2; size]));
        }
        let key = encoded("1.3.101.112", None, &[7; 32]);
        let key = published("ECC_NIST_EDWARDS25519", &key).unwrap();
        let jwk = serde_json::to_value(&key.jwk).unwrap();
        assert_eq!(jwk["x"], URL_SAFE_NO_PAD.encode([7; 32]));
    }

    #[test]
    fn what_is_written_is_read() {
        let rsa = public_key("RSA_2048", &rsa()).unwrap();
        let ec = |length| PublicKey::Ec {
            x: vec![1; length],
            y: vec![2; length],
        };
        for (spec, key) in [
            ("RSA_2048", rsa),
            ("ECC_NIST_P256", ec(32)),
            ("ECC_NIST_P384", ec(48)),
            (
                "ECC_NIST_EDWARDS25519",
                PublicKey::Ed25519 { x: vec![7; 32] },
            ),
        ] {
            assert_eq!(public_key(spec, &encode(&key).unwrap()), Some(key));
        }
    }

    #[test]
    fn what_is_no_key_of_its_kind() {
        assert!(!is_known("ECC_SECG_P256K1"));
        assert_eq!(public_key("ECC_SECG_P256K1", &rsa()), None);
        assert_eq!(public_key("ECC_NIST_P256", &rsa()), None);
        assert_eq!(public_key("RSA_2048", &[0x30, 0x80]), None);
        let compressed = encoded("1.2.840.10045.2.1", None, &[3; 33]);
        assert_eq!(public_key("ECC_NIST_P256", &compressed), None);
    }

    proptest! {
        #[test]
        fn no_public_key_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), damage in 0_usize..290, with: u8) {
            for spec in ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_EDWARDS25519"] {
                let _ = published(spec, &bytes);
                let mut damaged = rsa();
                if let Some(byte) = damaged.get_mut(damage) {
                    *byte = with;
                }
                let _ = published(spec, &damaged);
            }
        }
    }
}
