//! A signer with an RSA key of its own, for tests without KMS.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_oauth::token::jwk::{KeyRing, PublicKey, RingKey, publish};
use latchkey_oauth::token::jws::{JwsSigner, SignError};

/// Signs RS256 with one key, whatever key it is asked for.
#[derive(Debug, Clone)]
pub struct LocalSigner(Arc<KeyPair>);

impl LocalSigner {
    /// A signer with a fresh 2,048-bit key. Takes a good part of a second.
    pub fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("an RSA key");
        Self(Arc::new(pair))
    }

    /// Its key as a ring has it, published and signing since the epoch.
    pub fn ring_key(&self) -> RingKey {
        let public = self.0.public_key();
        let components: PublicKeyComponents<Vec<u8>> = public.into();
        let key = PublicKey::Rsa {
            n: &components.n,
            e: &components.e,
        };
        let jwk = publish(key, Algorithm::RS256).expect("an RSA JWK");
        RingKey {
            kid: jwk.common.key_id.clone().expect("a kid"),
            alg: Algorithm::RS256,
            kms_key_id: "local".to_owned(),
            jwk,
            published_from: Timestamp::from_unix(0),
            signs_from: Timestamp::from_unix(0),
            signs_until: None,
            published_until: None,
            verifying: Default::default(),
        }
    }

    /// A ring with its key alone.
    pub fn key_ring(&self) -> KeyRing {
        KeyRing {
            keys: vec![self.ring_key()],
        }
    }

    /// The private key, for handing to another JWT library.
    pub fn pkcs8(&self) -> Vec<u8> {
        let der: Pkcs8V1Der<'_> = self.0.as_der().expect("a PKCS#8 document");
        der.as_ref().to_vec()
    }
}

impl JwsSigner for LocalSigner {
    async fn sign(&self, _key: &RingKey, signing_input: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signing_input,
                &mut signature,
            )
            .map_err(|error| SignError::Internal(error.into()))?;
        Ok(signature)
    }
}
