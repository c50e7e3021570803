//! The signer: RSA, ECDSA and Ed25519 keys that never leave AWS KMS; and their public halves.

pub mod der;
mod public_keys;
pub mod spki;

use std::fmt;
use std::sync::{Arc, LazyLock};

pub use aws_sdk_kms::Client;
use aws_sdk_kms::config::Builder;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use latchkey_aws::{Metered, SdkConfig};
use latchkey_oauth::meter::{Backend, Meter};
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_oauth::token::jwk::RingKey;
use latchkey_oauth::token::jws::{JwsSigner, SignError};

pub use public_keys::PublicKeys;

/// How a client is set up: as `sdk` says, at `endpoint` if there is one.
pub fn config(sdk: &SdkConfig, endpoint: Option<&str>) -> Builder {
    let mut builder = Builder::from(sdk);
    builder.set_endpoint_url(endpoint.map(str::to_owned));
    builder
}

/// A client for KMS.
pub fn client(sdk: &SdkConfig, endpoint: Option<&str>) -> Client {
    Client::from_conf(config(sdk, endpoint).build())
}

/// The same, whose calls are noted in `meter`.
pub fn metered(sdk: &SdkConfig, endpoint: Option<&str>, meter: &Meter) -> Client {
    let metered = Metered::new(Backend::Kms, meter.clone());
    Client::from_conf(config(sdk, endpoint).interceptor(metered).build())
}

/// Makes a client.
type Make = Box<dyn FnOnce() -> Client + Send>;

/// Signs with keys in KMS.
#[derive(Clone)]
pub struct KmsSigner(Arc<LazyLock<Client, Make>>);

impl KmsSigner {
    /// A signer that asks `client`.
    pub fn new(client: Client) -> Self {
        Self::at_first_use(move || client)
    }

    /// A signer whose client is made for the first signature, in a function where hardly any request has one.
    pub fn at_first_use(client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(client))))
    }
}

impl fmt::Debug for KmsSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KmsSigner")
    }
}

impl JwsSigner for KmsSigner {
    async fn sign(&self, key: &RingKey, signing_input: &[u8]) -> Result<Vec<u8>, SignError> {
        let (message_type, message) = match key.alg {
            // KMS takes at most 4,096 bytes as they are, so it is sent the digest wherever it takes one.
            Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 | Algorithm::ES384 => {
                let digest = aws_lc_rs::digest::digest(key.alg.digest(), signing_input);
                (MessageType::Digest, digest.as_ref().to_vec())
            }
            // Ed25519 hashes twice by itself: it cannot take a digest.
            Algorithm::EdDSA => (MessageType::Raw, signing_input.to_vec()),
        };
        let answer = self
            .0
            .sign()
            .key_id(&key.kms_key_id)
            .signing_algorithm(signing_algorithm(key.alg))
            .message_type(message_type)
            .message(Blob::new(message))
            .send()
            .await
            .map_err(sign_error)?;
        let signature = answer
            .signature
            .ok_or_else(|| SignError::Internal("KMS answered without a signature".into()))?
            .into_inner();
        let coordinate = match key.alg {
            Algorithm::RS256 | Algorithm::PS256 | Algorithm::EdDSA => return Ok(signature),
            Algorithm::ES256 => 32,
            Algorithm::ES384 => 48,
        };
        der::fixed_length(&signature, coordinate)
            .ok_or_else(|| SignError::Internal("KMS answered no ECDSA signature".into()))
    }
}

/// KMS's name for an algorithm.
pub const fn signing_algorithm(algorithm: Algorithm) -> SigningAlgorithmSpec {
    match algorithm {
        Algorithm::RS256 => SigningAlgorithmSpec::RsassaPkcs1V15Sha256,
        Algorithm::PS256 => SigningAlgorithmSpec::RsassaPssSha256,
        Algorithm::ES256 => SigningAlgorithmSpec::EcdsaSha256,
        Algorithm::ES384 => SigningAlgorithmSpec::EcdsaSha384,
        Algorithm::EdDSA => SigningAlgorithmSpec::Ed25519Sha512,
    }
}

fn sign_error<E>(error: SdkError<E>) -> SignError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    if latchkey_aws::may_pass(&error) {
        SignError::Unavailable(error.into())
    } else {
        SignError::Internal(error.into())
    }
}
