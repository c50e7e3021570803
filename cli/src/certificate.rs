//! A self-issued certificate for a key of a ring, signed by whoever holds its private half: for clients that verify tokens by a
//! certificate (`x5c`, RFC 7517 section 4.7). Nobody vouches for it; it says what the JWK says, in their form.

use std::str::FromStr as _;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_kms::{der as ecdsa, spki as public_keys};
use latchkey_oauth::random::{self, Random};
use latchkey_oauth::time::{Seconds, Timestamp};
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_oauth::token::jwk::{RingKey, public_key};
use latchkey_oauth::token::jws::JwsSigner;
use signature::Keypair;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{self, Builder as _, CertificateBuilder};
use x509_cert::der::asn1::{Any, BitString, GeneralizedTime};
use x509_cert::der::oid::db::{rfc5912, rfc8410};
use x509_cert::der::{Decode as _, Document, Encode as _};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages};
use x509_cert::ext::{Extension, ToExtension as _};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    self, AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey,
    SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate};

/// A certificate for `key` in DER, good from `now` on.
///
/// # Errors
/// Where the key cannot be read, and where nobody signs.
pub async fn self_issued<S: JwsSigner>(
    key: &RingKey,
    now: Timestamp,
    valid_for: Seconds,
    random: &dyn Random,
    signer: &S,
) -> anyhow::Result<Vec<u8>> {
    let (signing, algorithm) = signing(key);
    let public = public_key(&key.jwk).ok_or_else(|| anyhow!("the key's JWK cannot be read"))?;
    let holder = Holder {
        public: PublicKeyInfo(public_keys::encode(&public)?),
        algorithm,
    };
    let validity = Validity::new(time(now)?, time(now.plus(valid_for))?);
    // RFC 5280 section 4.1.2.2: positive, at most 20 octets. A certificate that is made anew has another.
    let serial = SerialNumber::new(&random::bytes::<16>(random)?)?;
    let subject = Name::from_str(&format!("CN={}", key.kid))?;
    let info = SubjectPublicKeyInfoOwned::from_der(&holder.public.0)?;
    let mut builder = CertificateBuilder::new(SelfIssued(subject), serial, validity, info)?;
    let message = builder.finalize(&holder)?;
    let signature = signer.sign(&signing, &message).await.with_context(|| {
        format!(
            "KMS key {}, for which whoever runs this command needs kms:Sign",
            key.kms_key_id
        )
    })?;
    let signature = match signing.alg {
        Algorithm::RS256 | Algorithm::PS256 | Algorithm::EdDSA => signature,
        Algorithm::ES256 | Algorithm::ES384 => ecdsa::sequence(&signature)?,
    };
    let certificate = builder.assemble(BitString::from_bytes(&signature)?, &holder)?;
    Ok(certificate.to_der()?)
}

/// When the certificate of a key ends, if it has one.
pub fn ends(key: &RingKey) -> Option<Timestamp> {
    let own = key.jwk.common.x509_chain.as_ref()?.first()?;
    let certificate = Certificate::from_der(&STANDARD.decode(own).ok()?).ok()?;
    let ends = certificate.tbs_certificate().validity().not_after;
    Some(Timestamp::from_unix(ends.to_unix_duration().as_secs()))
}

/// The key as it signs its certificate, and how a certificate calls that.
fn signing(key: &RingKey) -> (RingKey, AlgorithmIdentifierOwned) {
    let (alg, oid, parameters) = match key.alg {
        // An RSA key of KMS signs either way, and RSASSA-PKCS1-v1_5 is what every reader of certificates verifies.
        Algorithm::RS256 | Algorithm::PS256 => (
            Algorithm::RS256,
            rfc5912::SHA_256_WITH_RSA_ENCRYPTION,
            // RFC 4055 section 5.
            Some(Any::null()),
        ),
        Algorithm::ES256 => (Algorithm::ES256, rfc5912::ECDSA_WITH_SHA_256, None),
        Algorithm::ES384 => (Algorithm::ES384, rfc5912::ECDSA_WITH_SHA_384, None),
        Algorithm::EdDSA => (Algorithm::EdDSA, rfc8410::ID_ED_25519, None),
    };
    let signing = RingKey {
        alg,
        // What was parsed for another algorithm is not for this one.
        verifying: Default::default(),
        ..key.clone()
    };
    (signing, AlgorithmIdentifierOwned { oid, parameters })
}

fn time(moment: Timestamp) -> anyhow::Result<Time> {
    let since_epoch = Duration::from_secs(moment.as_unix());
    // The builder writes it as UTCTime up to 2049 (RFC 5280 section 4.1.2.5).
    Ok(GeneralizedTime::from_unix_duration(since_epoch)?.into())
}

/// What its certificate says of a key: it is nobody's authority, and signs.
struct SelfIssued(Name);

impl BuilderProfile for SelfIssued {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.0.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let constraints = BasicConstraints {
            ca: false,
            path_len_constraint: None,
        };
        let usage = KeyUsage(KeyUsages::DigitalSignature.into());
        let subject = tbs.subject();
        Ok(vec![
            constraints.to_extension(subject, &[])?,
            usage.to_extension(subject, &[])?,
        ])
    }
}

/// Who signs, as the builder asks for it: the private half is elsewhere.
struct Holder {
    public: PublicKeyInfo,
    algorithm: AlgorithmIdentifierOwned,
}

/// A SubjectPublicKeyInfo in DER.
#[derive(Clone)]
struct PublicKeyInfo(Vec<u8>);

impl EncodePublicKey for PublicKeyInfo {
    fn to_public_key_der(&self) -> spki::Result<Document> {
        Ok(Document::try_from(self.0.as_slice())?)
    }
}

impl Keypair for Holder {
    type VerifyingKey = PublicKeyInfo;

    fn verifying_key(&self) -> PublicKeyInfo {
        self.public.clone()
    }
}

impl DynSignatureAlgorithmIdentifier for Holder {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        Ok(self.algorithm.clone())
    }
}

#[cfg(test)]
mod tests;
