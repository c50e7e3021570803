//! A forge: the tenant's own keys, of every algorithm, and hands that sign with them whatever is wanted.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding,
};
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_oauth::token::jwk::{KeyRing, PublicKey, RingKey, publish};
use latchkey_testkit::signer::LocalSigner;
use latchkey_tests::jwt::{self, base64url};
use latchkey_tests::world::{World, local_signer};
use serde_json::{Value, json};

use super::nobody_takes;

enum Pair {
    Rsa(RsaPair, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A key of the ring with its private half.
pub struct Key {
    pub ring: RingKey,
    pair: Pair,
}

impl Key {
    fn rsa(signer: &LocalSigner, alg: Algorithm, encoding: &'static dyn RsaEncoding) -> Self {
        let pair = RsaPair::from_pkcs8(&signer.pkcs8()).unwrap();
        let public = pair.public_key();
        let (n, e) = (public.modulus(), public.exponent());
        let n = n.big_endian_without_leading_zero().to_vec();
        let e = e.big_endian_without_leading_zero().to_vec();
        let ring = ring_key(&PublicKey::Rsa { n, e }, alg);
        let pair = Pair::Rsa(pair, encoding);
        Self { ring, pair }
    }

    fn ec(alg: Algorithm, signing: &'static EcdsaSigningAlgorithm) -> Self {
        let pair = EcdsaKeyPair::generate(signing).unwrap();
        // SEC 1 section 2.3.3: 0x04 || x || y
        let public = &pair.public_key().as_ref()[1..];
        let (x, y) = public.split_at(public.len() / 2);
        let (x, y) = (x.to_vec(), y.to_vec());
        let ring = ring_key(&PublicKey::Ec { x, y }, alg);
        let pair = Pair::Ec(pair);
        Self { ring, pair }
    }

    fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let x = pair.public_key().as_ref().to_vec();
        let ring = ring_key(&PublicKey::Ed25519 { x }, Algorithm::EdDSA);
        let pair = Pair::Ed25519(pair);
        Self { ring, pair }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(_, encoding) => self.sign_rsa(*encoding, message),
            Pair::Ec(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).unwrap();
                signature.as_ref().to_vec()
            }
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// An RSA signature of another make than the key's own.
    pub fn sign_rsa(&self, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
        let Pair::Rsa(pair, _) = &self.pair else {
            panic!("no RSA key");
        };
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message, &mut signature)
            .unwrap();
        signature
    }

    /// An ECDSA signature as it is written in DER (RFC 3279 section 2.2.3) instead of `r || s`.
    pub fn sign_der(&self, asn1: &'static EcdsaSigningAlgorithm, message: &[u8]) -> Vec<u8> {
        let Pair::Ec(pair) = &self.pair else {
            panic!("no elliptic curve");
        };
        let document = pair.to_pkcs8v1().unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(asn1, document.as_ref()).unwrap();
        let signature = pair.sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().to_vec()
    }

    /// The header of its access tokens.
    pub fn header(&self) -> Value {
        json!({"typ": "at+jwt", "alg": self.ring.alg.as_str(), "kid": self.ring.kid})
    }

    /// Signs a signing input, whatever it is.
    pub fn over(&self, input: &str) -> String {
        format!("{input}.{}", base64url(&self.sign(input.as_bytes())))
    }

    /// A compact JWS of any header and payload.
    pub fn jws(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        let (header, payload) = (base64url(header.as_ref()), base64url(payload.as_ref()));
        self.over(&format!("{header}.{payload}"))
    }
}

/// Published, but only the first of a ring signs.
fn ring_key(key: &PublicKey, alg: Algorithm) -> RingKey {
    let jwk = publish(key, alg).unwrap();
    RingKey {
        kid: jwk.common.key_id.clone().unwrap(),
        alg,
        kms_key_id: local_signer().kms_key().id,
        jwk,
        published_from: Timestamp::from_unix(0),
        signs_from: Timestamp::from_unix(0),
        signs_until: Some(Timestamp::from_unix(0)),
        published_until: None,
        verifying: Default::default(),
    }
}

/// A tenant with a key of every algorithm, and a good access token of it.
pub struct Forge {
    pub world: World,
    pub rs256: Key,
    pub ps256: Key,
    pub es256: Key,
    pub es384: Key,
    pub eddsa: Key,
    /// The claims of the good token.
    pub claims: Value,
    good: String,
}

impl Forge {
    pub async fn new() -> Self {
        let world = World::on_memory().await;
        let mut forge = Self {
            rs256: Key::rsa(&local_signer(), Algorithm::RS256, &RSA_PKCS1_SHA256),
            ps256: Key::rsa(&LocalSigner::generate(), Algorithm::PS256, &RSA_PSS_SHA256),
            es256: Key::ec(Algorithm::ES256, &ECDSA_P256_SHA256_FIXED_SIGNING),
            es384: Key::ec(Algorithm::ES384, &ECDSA_P384_SHA384_FIXED_SIGNING),
            eddsa: Key::ed25519(),
            world,
            claims: Value::Null,
            good: String::new(),
        };
        forge.rs256.ring.signs_until = None;
        let keys = forge.keys().iter().map(|key| key.ring.clone()).collect();
        let world = &forge.world;
        let ring = KeyRing { keys };
        world
            .store
            .put_keys(&world.tenant, &world.keys, &ring)
            .await;
        let login = world.login("alice", "openid").await.ok();
        forge.good = login.string("access_token");
        forge.claims = jwt::claims(&forge.good);
        for key in forge.keys() {
            let token = key.jws(key.header().to_string(), forge.claims.to_string());
            assert!(
                forge.world.is_active(&token).await,
                "the forge itself works"
            );
        }
        forge
    }

    pub fn keys(&self) -> [&Key; 5] {
        [
            &self.rs256,
            &self.ps256,
            &self.es256,
            &self.es384,
            &self.eddsa,
        ]
    }

    /// Nobody takes any of these, and the good token, whose `jti` and family theirs are, is as good as before.
    pub async fn refused<W: AsRef<str>>(&self, rows: impl IntoIterator<Item = (W, String)>) {
        let mut count = 0;
        for (what, token) in rows {
            let what = what.as_ref();
            assert_ne!(token, self.good, "{what} is the good token");
            nobody_takes(&self.world, &token, what).await;
            assert!(self.world.is_active(&self.good).await, "revoked by {what}");
            count += 1;
        }
        assert!(count > 0);
    }

    /// These are odd but right.
    pub async fn taken<W: AsRef<str>>(&self, rows: impl IntoIterator<Item = (W, String)>) {
        for (what, token) in rows {
            assert!(self.world.is_active(&token).await, "{}", what.as_ref());
        }
    }
}
