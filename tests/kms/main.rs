//! The signer on the KMS emulator: every algorithm's signature is checked by another library. And public keys, as it tells
//! them.

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use jsonwebtoken::DecodingKey;
use latchkey_kms::PublicKeys;
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_oauth::token::jwk::RingKey;
use latchkey_oauth::token::jws::{JwsSigner as _, SignError};
use latchkey_oauth::token::key_ring::{KeyFault, KeyLookupError, KeyManagement as _};
use latchkey_tests::aws::{create_key, kms, new_key, sdk, signer};
use latchkey_tests::jwt::base64url;

/// More than the 4,096 bytes that KMS takes undigested.
const LONG: usize = 6_000;

async fn signs(
    spec: KeySpec,
    alg: Algorithm,
    verified_as: jsonwebtoken::Algorithm,
    message: &[u8],
) {
    let key = new_key(spec, alg).await;
    let signer = signer().await;
    let public = DecodingKey::from_jwk(&key.jwk).unwrap();
    for _ in 0..4 {
        let signature = signer.sign(&key, message).await.unwrap();
        let text = base64url(&signature);
        let verify = |message| jsonwebtoken::crypto::verify(&text, message, &public, verified_as);
        assert!(verify(message).unwrap(), "{alg:?}");
        assert!(!verify(b"another message").unwrap(), "{alg:?}");
    }
}

#[tokio::test]
async fn rs256() {
    let message = vec![b'x'; LONG];
    signs(
        KeySpec::Rsa2048,
        Algorithm::RS256,
        jsonwebtoken::Algorithm::RS256,
        &message,
    )
    .await;
}

#[tokio::test]
async fn ps256() {
    let message = vec![b'x'; LONG];
    signs(
        KeySpec::Rsa2048,
        Algorithm::PS256,
        jsonwebtoken::Algorithm::PS256,
        &message,
    )
    .await;
}

#[tokio::test]
async fn es256() {
    let message = vec![b'x'; LONG];
    signs(
        KeySpec::EccNistP256,
        Algorithm::ES256,
        jsonwebtoken::Algorithm::ES256,
        &message,
    )
    .await;
}

#[tokio::test]
async fn es384() {
    let message = vec![b'x'; LONG];
    signs(
        KeySpec::EccNistP384,
        Algorithm::ES384,
        jsonwebtoken::Algorithm::ES384,
        &message,
    )
    .await;
}

#[tokio::test]
async fn eddsa() {
    let message = vec![b'x'; 1_000];
    let spec = KeySpec::EccNistEdwards25519;
    signs(
        spec,
        Algorithm::EdDSA,
        jsonwebtoken::Algorithm::EdDSA,
        &message,
    )
    .await;
}

#[tokio::test]
async fn a_key_that_is_not_there_is_no_matter_of_trying_again() {
    let key = RingKey {
        kms_key_id: "00000000-0000-0000-0000-000000000000".to_owned(),
        ..new_key(KeySpec::Rsa2048, Algorithm::RS256).await
    };
    let refused = signer().await.sign(&key, b"x").await;
    assert!(
        matches!(refused, Err(SignError::Internal(_))),
        "{refused:?}"
    );
    let _ = kms().await;
}

#[tokio::test]
async fn a_signer_that_does_not_answer_may_answer_later() {
    let key = new_key(KeySpec::Rsa2048, Algorithm::RS256).await;
    let nowhere = latchkey_kms::client(&sdk().await, Some("http://127.0.0.1:1"));
    let refused = latchkey_kms::KmsSigner::new(nowhere).sign(&key, b"x").await;
    assert!(
        matches!(refused, Err(SignError::Unavailable(_))),
        "{refused:?}"
    );
}

async fn public_keys() -> PublicKeys {
    let kms = kms().await;
    PublicKeys::new(move || kms)
}

/// A key is told by its ARN, whatever it was asked for by, and so it is one key in every ring.
#[tokio::test]
async fn a_key_is_the_same_by_every_name() {
    let id = create_key(KeySpec::EccNistP256, KeyUsageType::SignVerify).await;
    let alias = format!("alias/{id}");
    let create = kms().await.create_alias().alias_name(&alias);
    create.target_key_id(&id).send().await.unwrap();
    let keys = public_keys().await;
    let first = keys.key(&id).await.unwrap();
    assert!(first.id.starts_with("arn:") && first.id.ends_with(&id));
    for name in [&alias, &first.id] {
        let same = keys.key(name).await.unwrap();
        assert_eq!((&same.id, &same.public), (&first.id, &first.public));
    }
}

#[tokio::test]
async fn keys_that_cannot_sign_tokens() {
    let keys = public_keys().await;
    for (spec, usage) in [
        (KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt),
        (KeySpec::Rsa2048, KeyUsageType::EncryptDecrypt),
    ] {
        let id = create_key(spec, usage).await;
        let told = keys.key(&id).await.unwrap_err();
        assert!(
            matches!(told, KeyLookupError::Refused(KeyFault::DoesNotSign)),
            "{told:?}"
        );
    }
    let id = create_key(KeySpec::EccSecgP256K1, KeyUsageType::SignVerify).await;
    let told = keys.key(&id).await.unwrap_err();
    assert!(
        matches!(&told, KeyLookupError::Refused(KeyFault::UnknownSpec(spec)) if spec == "ECC_SECG_P256K1"),
        "{told:?}"
    );
    // A disabled one is a DisabledException on AWS; the emulator tells it.
    for id in ["alias/nobody", "arn:aws:kms:nowhere"] {
        let told = keys.key(id).await.unwrap_err();
        assert!(
            matches!(told, KeyLookupError::Refused(KeyFault::NotTold(_))),
            "{id}: {told:?}"
        );
    }
}

#[tokio::test]
async fn a_kms_that_does_not_answer_may_answer_later() {
    let nowhere = latchkey_kms::client(&sdk().await, Some("http://127.0.0.1:1"));
    let told = PublicKeys::new(move || nowhere).key("alias/a").await;
    assert!(
        matches!(told, Err(KeyLookupError::Failed(SignError::Unavailable(_)))),
        "{told:?}"
    );
}
