//! DynamoDB Local and the KMS emulator that `cargo xtask test` starts, and a key in the latter.

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use latchkey_aws::SdkConfig;
use latchkey_kms::KmsSigner;
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_oauth::token::jwk::{KeyRing, PublicKey, RingKey, publish};
use pkcs1::RsaPublicKeyRef;
use spki::SubjectPublicKeyInfoRef;
use spki::der::Decode as _;
use tokio::sync::OnceCell;

/// A setting that `cargo xtask test` gives.
pub fn setting(name: &str) -> String {
    setting_if_given(name).unwrap_or_else(|| {
        panic!(
            "{name} is not set: run the tests with `cargo xtask test`, which starts what they need"
        )
    })
}

/// A setting that need not be there.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told where the stack is"
)]
pub fn setting_if_given(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The SDK as the functions set it up.
pub async fn sdk() -> SdkConfig {
    latchkey_aws::load().await
}

/// A client of DynamoDB Local.
pub async fn dynamodb() -> latchkey_dynamodb::Client {
    let endpoint = setting("LATCHKEY_DYNAMODB_ENDPOINT");
    latchkey_dynamodb::client(&sdk().await, Some(&endpoint))
}

/// A client of the KMS emulator.
pub async fn kms() -> latchkey_kms::Client {
    let endpoint = setting("LATCHKEY_KMS_ENDPOINT");
    latchkey_kms::client(&sdk().await, Some(&endpoint))
}

/// A signer on the KMS emulator.
pub async fn signer() -> KmsSigner {
    KmsSigner::new(kms().await)
}

/// A ring with one RSA key in the KMS emulator, the same for the whole process.
pub async fn key_ring() -> KeyRing {
    static RING: OnceCell<KeyRing> = OnceCell::const_new();
    let make = async || KeyRing {
        keys: vec![new_key(KeySpec::Rsa2048, Algorithm::RS256).await],
    };
    RING.get_or_init(make).await.clone()
}

/// A fresh key in the KMS emulator, as a ring has it.
pub async fn new_key(spec: KeySpec, alg: Algorithm) -> RingKey {
    let kms = kms().await;
    let created = kms
        .create_key()
        .key_spec(spec)
        .key_usage(KeyUsageType::SignVerify)
        .send()
        .await
        .expect("a key in KMS");
    let id = created.key_metadata.expect("its metadata").key_id;
    let public = kms.get_public_key().key_id(&id).send().await;
    let public = public
        .expect("its public key")
        .public_key
        .expect("its bytes");
    let info = SubjectPublicKeyInfoRef::from_der(public.as_ref()).expect("an SPKI");
    let bytes = info.subject_public_key.as_bytes().expect("whole bytes");
    let jwk = match alg {
        Algorithm::RS256 | Algorithm::PS256 => {
            let key = RsaPublicKeyRef::from_der(bytes).expect("an RSA public key");
            let (n, e) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
            publish(PublicKey::Rsa { n, e }, alg)
        }
        Algorithm::ES256 | Algorithm::ES384 => {
            // SEC 1 section 2.3.3: 0x04 || x || y
            let (x, y) = bytes.split_at(1).1.split_at(bytes.len() / 2);
            publish(PublicKey::Ec { x, y }, alg)
        }
        Algorithm::EdDSA => publish(PublicKey::Ed25519 { x: bytes }, alg),
    };
    let jwk = jwk.expect("a JWK");
    RingKey {
        kid: jwk.common.key_id.clone().expect("a kid"),
        alg,
        kms_key_id: id,
        jwk,
        published_from: Timestamp::from_unix(0),
        signs_from: Timestamp::from_unix(0),
        signs_until: None,
        published_until: None,
        verifying: Default::default(),
    }
}
