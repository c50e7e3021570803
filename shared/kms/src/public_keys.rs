//! Public keys, as `kms:GetPublicKey` tells them.

use std::fmt;
use std::sync::LazyLock;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_kms::operation::get_public_key::GetPublicKeyError;
use aws_sdk_kms::types::KeyUsageType;
use latchkey_oauth::token::jws::SignError;
use latchkey_oauth::token::key_ring::{KeyFault, KeyLookupError, KeyManagement, KmsKey};

use crate::{Make, sign_error, spki};

/// Asks KMS for public keys.
pub struct PublicKeys(LazyLock<Client, Make>);

impl PublicKeys {
    /// By a client that is made for the first question: hardly any request of the management API has one.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(client)))
    }
}

impl fmt::Debug for PublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKeys")
    }
}

impl KeyManagement for PublicKeys {
    async fn key(&self, id: &str) -> Result<KmsKey, KeyLookupError> {
        let answer = self.0.get_public_key().key_id(id).send().await;
        let answer = answer.map_err(refusal)?;
        if answer.key_usage != Some(KeyUsageType::SignVerify) {
            return Err(KeyFault::DoesNotSign.into());
        }
        let (Some(spec), Some(public)) = (answer.key_spec, answer.public_key) else {
            return Err(SignError::Internal("KMS answered without a key".into()).into());
        };
        let spec = spec.as_str().to_owned();
        if !spki::is_known(&spec) {
            return Err(KeyFault::UnknownSpec(spec).into());
        }
        let public = spki::public_key(&spec, public.as_ref())
            .ok_or_else(|| KeyFault::Unreadable(spec.clone()))?;
        Ok(KmsKey {
            id: answer.key_id.unwrap_or_else(|| id.to_owned()),
            spec,
            public,
        })
    }
}

/// What KMS says of the key that was named, and not of who asks or of itself. `AccessDeniedException` is among it: a policy
/// names keys, so what it does not allow is another key.
const OF_THE_KEY: [&str; 7] = [
    "AccessDeniedException",
    "DisabledException",
    "InvalidArnException",
    "InvalidKeyUsageException",
    "KMSInvalidStateException",
    "NotFoundException",
    "ValidationException",
];

fn refusal(error: SdkError<GetPublicKeyError>) -> KeyLookupError {
    // A symmetric key has no public half.
    if error.code() == Some("UnsupportedOperationException") {
        KeyFault::DoesNotSign.into()
    } else if !latchkey_aws::may_pass(&error)
        && error.code().is_some_and(|code| OF_THE_KEY.contains(&code))
    {
        KeyFault::NotTold(error.into()).into()
    } else {
        sign_error(error).into()
    }
}
