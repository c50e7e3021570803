use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA384_FIXED_SIGNING, ED25519, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use latchkey_oauth::token::jwk::PublicKey;
use latchkey_oauth::token::jws::SignError;
use latchkey_oauth::token::key_ring::{KmsKey, ring_key};
use latchkey_testkit::fixtures::NOW;
use latchkey_testkit::random::SeededRandom;
use latchkey_testkit::signer::LocalKms;
use x509_cert::Certificate;

use super::*;

/// Keys that are not RSA, signing as KMS and its adapter do.
enum Local {
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Local {
    fn ec(algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        Self::Ec(EcdsaKeyPair::generate(algorithm).unwrap())
    }

    fn key(&self) -> RingKey {
        let public = match self {
            Self::Ec(pair) => {
                let point = pair.public_key().as_ref()[1..].to_vec();
                let (x, y) = point.split_at(point.len() / 2);
                PublicKey::Ec {
                    x: x.to_vec(),
                    y: y.to_vec(),
                }
            }
            Self::Ed25519(pair) => PublicKey::Ed25519 {
                x: pair.public_key().as_ref().to_vec(),
            },
        };
        ring(public, None)
    }
}

impl JwsSigner for Local {
    async fn sign(&self, _: &RingKey, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(match self {
            Self::Ec(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).unwrap();
                signature.as_ref().to_vec()
            }
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        })
    }
}

fn ring(public: PublicKey, alg: Option<Algorithm>) -> RingKey {
    let key = KmsKey {
        id: "arn:key".to_owned(),
        spec: "A_SPEC".to_owned(),
        public,
    };
    ring_key(&key, alg, NOW, NOW).unwrap()
}

async fn certificate<S: JwsSigner>(key: &RingKey, valid_for: Seconds, signer: &S) -> Certificate {
    let random = SeededRandom::new(7);
    let der = self_issued(key, NOW, valid_for, &random, signer).await;
    Certificate::from_der(&der.unwrap()).unwrap()
}

/// Verifies a certificate by the key in it, with nothing of ours.
fn is_its_own(certificate: &Certificate, by: &'static dyn VerificationAlgorithm) -> bool {
    let tbs = certificate.tbs_certificate();
    assert_eq!(certificate.signature_algorithm(), tbs.signature());
    let public = tbs.subject_public_key_info().subject_public_key.raw_bytes();
    let signature = certificate.signature().raw_bytes();
    let message = tbs.to_der().unwrap();
    UnparsedPublicKey::new(by, public)
        .verify(&message, signature)
        .is_ok()
}

#[tokio::test]
async fn an_rsa_key_signs_what_it_is() {
    let signer = LocalKms::at(0);
    for alg in [Algorithm::RS256, Algorithm::PS256] {
        let key = ring(signer.kms_key().public, Some(alg));
        let days = Seconds::days(3_650);
        let certificate = certificate(&key, days, &signer).await;
        assert!(is_its_own(&certificate, &RSA_PKCS1_2048_8192_SHA256));
        let tbs = certificate.tbs_certificate();
        assert_eq!(tbs.version(), x509_cert::Version::V3);
        for name in [tbs.subject(), tbs.issuer()] {
            assert_eq!(name.to_string(), format!("CN={}", key.kid));
        }
        let unix = |time: Time| time.to_unix_duration().as_secs();
        let validity = tbs.validity();
        assert_eq!(unix(validity.not_before), NOW.as_unix());
        assert_eq!(unix(validity.not_after), NOW.plus(days).as_unix());
        assert!(!tbs.serial_number().as_bytes().is_empty());
        let constraints = tbs.get_extension::<BasicConstraints>().unwrap();
        assert!(constraints.is_some_and(|(_, it)| !it.ca));
        let (critical, usage) = tbs.get_extension::<KeyUsage>().unwrap().unwrap();
        assert!(critical);
        assert_eq!(usage, KeyUsage(KeyUsages::DigitalSignature.into()));
        let info = tbs.subject_public_key_info().to_der().unwrap();
        let public = public_keys::public_key("RSA_2048", &info);
        assert_eq!(public, public_key(&key.jwk));
    }
}

#[tokio::test]
async fn so_does_every_other_kind_of_key() {
    let ed25519 = Ed25519KeyPair::generate().unwrap();
    let cases: [(_, &str, &'static dyn VerificationAlgorithm); 3] = [
        (
            Local::ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
            "ECC_NIST_P256",
            &ECDSA_P256_SHA256_ASN1,
        ),
        (
            Local::ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
            "ECC_NIST_P384",
            &ECDSA_P384_SHA384_ASN1,
        ),
        (Local::Ed25519(ed25519), "ECC_NIST_EDWARDS25519", &ED25519),
    ];
    for (signer, spec, by) in cases {
        let key = signer.key();
        let certificate = certificate(&key, Seconds::days(1), &signer).await;
        assert!(is_its_own(&certificate, by), "{spec}");
        let tbs = certificate.tbs_certificate();
        let info = tbs.subject_public_key_info().to_der().unwrap();
        let public = public_keys::public_key(spec, &info);
        assert_eq!(public, public_key(&key.jwk), "{spec}");
    }
}

/// RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime from then on.
#[tokio::test]
async fn a_certificate_that_outlives_2049() {
    let signer = LocalKms::at(0);
    let key = signer.ring_key();
    let certificate = certificate(&key, Seconds::days(40 * 365), &signer).await;
    let validity = certificate.tbs_certificate().validity();
    assert!(matches!(validity.not_before, Time::UtcTime(_)));
    assert!(matches!(validity.not_after, Time::GeneralTime(_)));
}
