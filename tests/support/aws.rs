//! DynamoDB Local and the KMS emulator that `cargo xtask test` starts, and keys in the latter.

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use latchkey_aws::SdkConfig;
use latchkey_kms::{KmsSigner, PublicKeys};
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_oauth::token::jwk::{KeyRing, RingKey};
use latchkey_oauth::token::key_ring::{KeyManagement as _, ring_key};

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

/// A fresh key in the KMS emulator, in a ring by itself.
pub async fn key_ring(spec: KeySpec, alg: Algorithm) -> KeyRing {
    KeyRing {
        keys: vec![new_key(spec, alg).await],
    }
}

/// A fresh key in the KMS emulator; its id.
pub async fn create_key(spec: KeySpec, usage: KeyUsageType) -> String {
    let create = kms().await.create_key().key_spec(spec).key_usage(usage);
    let created = create.send().await.expect("a key in KMS");
    created.key_metadata.expect("its metadata").key_id
}

/// A fresh key in the KMS emulator, as a ring has it.
pub async fn new_key(spec: KeySpec, alg: Algorithm) -> RingKey {
    let id = create_key(spec, KeyUsageType::SignVerify).await;
    let kms = kms().await;
    let key = PublicKeys::new(move || kms).key(&id).await;
    let epoch = Timestamp::from_unix(0);
    ring_key(&key.expect("its public key"), Some(alg), epoch, epoch).expect("a key that signs")
}
