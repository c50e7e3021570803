use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use der::asn1::{BitStringRef, ObjectIdentifier, UintRef};
use der::{AnyRef, Encode as _};
use latchkey_oauth::client::RegistryAdmin as _;
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::TenantSettings;
use latchkey_testkit::fixtures::{self, NOW};
use latchkey_testkit::memory::MemoryStore;
use pkcs1::RsaPublicKey;
use proptest::prelude::*;
use serde_json::{Value, json};
use spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use super::*;

fn spki(oid: &str, parameters: Option<AnyRef<'_>>, key: &[u8]) -> Vec<u8> {
    let info = SubjectPublicKeyInfo {
        algorithm: AlgorithmIdentifier {
            oid: ObjectIdentifier::new_unwrap(oid),
            parameters,
        },
        subject_public_key: BitStringRef::from_bytes(key).unwrap(),
    };
    info.to_der().unwrap()
}

/// A made-up Ed25519 public key: nothing is verified with it.
pub fn ed25519(seed: u8) -> Vec<u8> {
    spki("1.3.101.112", None, &[seed; 32])
}

fn kms_key(spec: &str, spki: Vec<u8>) -> KmsKey {
    KmsKey {
        id: "arn:key".to_owned(),
        signs: true,
        spec: spec.to_owned(),
        spki,
    }
}

fn published(spec: &str, alg: Option<Algorithm>, spki: Vec<u8>) -> Result<RingKey, KeyError> {
    ring_key(&kms_key(spec, spki), alg, NOW, NOW)
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
    spki(
        "1.2.840.113549.1.1.1",
        Some(AnyRef::NULL),
        &key.to_der().unwrap(),
    )
}

#[test]
fn an_rsa_key_is_published_as_rfc_7638_has_it() {
    let key = published("RSA_2048", None, rsa()).unwrap();
    assert_eq!((key.kid.as_str(), key.alg), (THUMBPRINT, Algorithm::RS256));
    let expected =
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": THUMBPRINT, "n": N, "e": "AQAB"});
    assert_eq!(serde_json::to_value(&key.jwk).unwrap(), expected);
    let key = published("RSA_4096", Some(Algorithm::PS256), rsa()).unwrap();
    assert_eq!(key.alg, Algorithm::PS256);
}

#[test]
fn curves() {
    let point: Vec<u8> = std::iter::once(4).chain([1; 32]).chain([2; 32]).collect();
    let key = published(
        "ECC_NIST_P256",
        None,
        spki("1.2.840.10045.2.1", None, &point),
    )
    .unwrap();
    let jwk: Value = serde_json::to_value(&key.jwk).unwrap();
    assert_eq!(jwk["crv"], "P-256");
    assert_eq!(jwk["y"], URL_SAFE_NO_PAD.encode([2; 32]));
    let point: Vec<u8> = std::iter::once(4).chain([1; 48]).chain([2; 48]).collect();
    let key = published(
        "ECC_NIST_P384",
        None,
        spki("1.2.840.10045.2.1", None, &point),
    )
    .unwrap();
    assert_eq!(key.alg, Algorithm::ES384);
    let key = published("ECC_NIST_EDWARDS25519", None, ed25519(7)).unwrap();
    assert_eq!(
        serde_json::to_value(&key.jwk).unwrap()["x"],
        URL_SAFE_NO_PAD.encode([7; 32])
    );
}

#[test]
fn keys_that_cannot_sign_tokens() {
    let encrypts = KmsKey {
        signs: false,
        ..kms_key("RSA_2048", rsa())
    };
    let told = [
        ring_key(&encrypts, None, NOW, NOW),
        published("ECC_SECG_P256K1", None, rsa()),
        published("RSA_2048", Some(Algorithm::ES256), rsa()),
        published("ECC_NIST_P256", None, rsa()),
        published("RSA_2048", None, vec![0x30, 0x80]),
    ]
    .map(|refused| refused.unwrap_err().to_string());
    insta::assert_snapshot!(told.join("\n"));
}

async fn store() -> (MemoryStore, TenantId) {
    let (store, tenant) = (MemoryStore::default(), fixtures::tenant("default"));
    store
        .put_tenant(&tenant, &TenantSettings::default(), Expected::Absent)
        .await
        .unwrap();
    (store, tenant)
}

fn key(seed: u8) -> KmsKey {
    kms_key("ECC_NIST_EDWARDS25519", ed25519(seed))
}

#[tokio::test]
async fn a_new_key_takes_over_without_a_gap_and_the_old_one_still_verifies() {
    let (store, tenant) = store().await;
    let (_, first) = add(&store, &tenant, &key(1), None, None, NOW)
        .await
        .unwrap();
    assert_eq!(first.signs_from, NOW);
    let (added, second) = add(&store, &tenant, &key(2), None, None, NOW)
        .await
        .unwrap();
    assert_eq!(added, Added::Added);
    let (added, _) = add(&store, &tenant, &key(2), None, None, NOW)
        .await
        .unwrap();
    assert_eq!(added, Added::AlreadyThere);
    let ring = tenant_of(&store, &tenant).await.unwrap().keys;
    let signing = |after: u64| {
        ring.signing_key(None, NOW.plus(Seconds(after)))
            .unwrap()
            .kid
            .clone()
    };
    assert_eq!(signing(0), first.kid);
    assert_eq!(signing(3 * 3_600 - 1), first.kid);
    assert_eq!(signing(3 * 3_600), second.kid);
    let later = NOW.plus(Seconds::days(30));
    assert_eq!(ring.published(later).count(), 2);
}

#[tokio::test]
async fn a_withdrawn_key_verifies_no_more_and_does_not_come_back() {
    let (store, tenant) = store().await;
    let (_, first) = add(&store, &tenant, &key(1), None, None, NOW)
        .await
        .unwrap();
    let refused = withdraw(&store, &tenant, &first.kid, NOW)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("--signs-from now"),
        "{refused}"
    );
    add(&store, &tenant, &key(2), None, Some(Seconds(0)), NOW)
        .await
        .unwrap();
    withdraw(&store, &tenant, &first.kid, NOW).await.unwrap();
    let ring = tenant_of(&store, &tenant).await.unwrap().keys;
    assert!(ring.verifying_key(&first.kid, NOW).is_none());
    assert!(
        add(&store, &tenant, &key(1), None, None, NOW)
            .await
            .is_err()
    );
    assert!(withdraw(&store, &tenant, "nobody", NOW).await.is_err());
}

proptest! {
    #[test]
    fn no_public_key_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), damage in 0_usize..290, with: u8) {
        for spec in ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_EDWARDS25519"] {
            let _ = published(spec, None, bytes.clone());
            let mut damaged = rsa();
            if let Some(byte) = damaged.get_mut(damage) {
                *byte = with;
            }
            let _ = published(spec, None, damaged);
        }
    }

    /// Whatever was added when, from the first key on there is always one that signs.
    #[test]
    fn there_is_always_a_key_that_signs(additions in proptest::collection::vec((0_u64..5_000, proptest::option::of(0_u64..20_000)), 1..6), at in 0_u64..60_000) {
        let mut ring = KeyRing::default();
        let mut now = NOW;
        for (index, (pause, after)) in additions.into_iter().enumerate() {
            now = now.plus(Seconds(pause));
            let after = match after {
                Some(after) if index > 0 => Seconds(after),
                _ => Seconds(0),
            };
            let seed = u8::try_from(index).unwrap();
            let new = ring_key(&key(seed), None, now, now.plus(after)).unwrap();
            ring = with(&ring, new);
            prop_assert!(ring.signing_key(None, now).is_some());
        }
        prop_assert!(ring.signing_key(None, now.plus(Seconds(at))).is_some());
    }
}
