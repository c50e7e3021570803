//! Signers with RSA keys of their own, for tests without KMS.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::jwk::{KeyRing, PublicKey, RingKey};
use latchkey_oauth::token::jws::{JwsSigner, SignError};
use latchkey_oauth::token::key_ring::{KeyFault, KeyLookupError, KeyManagement, KmsKey, ring_key};

/// Signs RS256 with one key, whatever key it is asked for.
#[derive(Debug, Clone)]
pub struct LocalSigner {
    pair: Arc<KeyPair>,
    id: String,
}

impl LocalSigner {
    /// A signer with a fresh 2,048-bit key. Takes a good part of a second.
    pub fn generate() -> Self {
        Self::called("local".to_owned())
    }

    fn called(id: String) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("an RSA key");
        Self {
            pair: Arc::new(pair),
            id,
        }
    }

    /// Its key as KMS would tell of it.
    pub fn kms_key(&self) -> KmsKey {
        let components: PublicKeyComponents<Vec<u8>> = self.pair.public_key().into();
        KmsKey {
            id: self.id.clone(),
            spec: "RSA_2048".to_owned(),
            public: PublicKey::Rsa {
                n: components.n,
                e: components.e,
            },
        }
    }

    /// Its key as a ring has it, published and signing since the epoch.
    pub fn ring_key(&self) -> RingKey {
        let epoch = Timestamp::from_unix(0);
        ring_key(&self.kms_key(), None, epoch, epoch).expect("an RSA key signs")
    }

    /// A ring with its key alone.
    pub fn key_ring(&self) -> KeyRing {
        KeyRing {
            keys: vec![self.ring_key()],
        }
    }

    /// The private key, for handing to another JWT library.
    pub fn pkcs8(&self) -> Vec<u8> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().expect("a PKCS#8 document");
        der.as_ref().to_vec()
    }
}

impl JwsSigner for LocalSigner {
    async fn sign(&self, _key: &RingKey, signing_input: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
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

/// Takes the place of KMS. Each has as many keys as were made in it; clones have the same. The first of each is the same in
/// the whole process, and so is the second, as making an RSA key takes long.
#[derive(Debug, Clone, Default)]
pub struct LocalKms(Arc<AtomicUsize>);

impl LocalKms {
    /// A key that nobody has yet.
    pub fn create_key(&self) -> LocalSigner {
        Self::at(self.0.fetch_add(1, Ordering::SeqCst))
    }

    /// The key that was or will be made as number `index`, counted from 0.
    pub fn at(index: usize) -> LocalSigner {
        static KEYS: Mutex<Vec<LocalSigner>> = Mutex::new(Vec::new());
        let mut keys = KEYS.lock().expect("keys");
        while keys.len() <= index {
            let id = format!("local/{}", keys.len());
            keys.push(LocalSigner::called(id));
        }
        keys.get(index).cloned().expect("a key")
    }

    fn find(&self, id: &str) -> Option<LocalSigner> {
        let index = id.strip_prefix("local/")?.parse().ok()?;
        (index < self.0.load(Ordering::SeqCst)).then(|| Self::at(index))
    }
}

impl JwsSigner for LocalKms {
    async fn sign(&self, key: &RingKey, signing_input: &[u8]) -> Result<Vec<u8>, SignError> {
        let signer = self.find(&key.kms_key_id);
        let signer = signer.ok_or_else(|| SignError::Internal("no such key".into()))?;
        signer.sign(key, signing_input).await
    }
}

impl KeyManagement for LocalKms {
    async fn key(&self, id: &str) -> Result<KmsKey, KeyLookupError> {
        let found = self.find(id).map(|signer| signer.kms_key());
        found.ok_or_else(|| KeyFault::NotTold("no such key".into()).into())
    }
}
