//! Clients' certificates: RFC 8705. Who shows one has proved that they have its key, and who stands in front (API Gateway with
//! mutual TLS) that an authority in its trust store vouches for it; here is only whose it is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use x509_cert::Certificate;
use x509_cert::der::pem::PemLabel as _;
use x509_cert::der::{Decode as _, Document};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};
use x509_cert::name::Name;

use crate::hash::{Sha256Hash, sha256};

/// The longest certificate, in bytes. One for RSA with 4,096 bits and some names has two thousand.
const MAX_CERTIFICATE: usize = 16 * 1_024;
/// The same in base64, in characters.
pub const MAX_BASE64: usize = MAX_CERTIFICATE.div_ceil(3) * 4;

/// A certificate that was shown in a TLS handshake. It is read where somebody asks what it says: most requests do not, and some
/// functions never.
#[derive(Clone)]
pub struct ClientCertificate {
    der: Document,
    hash: Sha256Hash,
}

/// Who it names is personal, as a client's certificate may be.
impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate(..)")
    }
}

impl ClientCertificate {
    /// Reads one as the front hands it on (RFC 7468 section 5); `None` for text that is none.
    pub fn from_pem(text: &str) -> Option<Self> {
        if text.len() > 2 * MAX_CERTIFICATE {
            return None;
        }
        // Its bytes as they are: written anew they may be others, and others hash what was shown (RFC 8705 section 3.1).
        let (label, der) = Document::from_pem(text.trim()).ok()?;
        Certificate::validate_pem_label(label).ok()?;
        let hash = sha256(der.as_bytes());
        Some(Self { der, hash })
    }

    /// Whether it names this one.
    pub fn names(&self, wanted: &CertificateName) -> bool {
        let Ok(certificate) = Certificate::from_der(self.der.as_bytes()) else {
            return false;
        };
        let tbs = certificate.tbs_certificate();
        let names = match tbs.get_extension::<SubjectAltName>() {
            Ok(Some((_, names))) => names.0,
            Ok(None) | Err(_) => Vec::new(),
        };
        let mut names = names.iter();
        match wanted {
            CertificateName::SubjectDn(wanted) => wanted.0 == tbs.subject().to_string(),
            CertificateName::SanDns(wanted) => {
                // RFC 4343: names in DNS are case-insensitive.
                names.any(|it| matches!(it, GeneralName::DnsName(name) if name.as_str().eq_ignore_ascii_case(wanted)))
            }
            CertificateName::SanUri(wanted) => names.any(|it| {
                matches!(it, GeneralName::UniformResourceIdentifier(uri) if uri.as_str() == wanted)
            }),
            CertificateName::SanEmail(wanted) => {
                names.any(|it| matches!(it, GeneralName::Rfc822Name(name) if name.as_str() == wanted))
            }
            CertificateName::SanIp(wanted) => {
                let octets = match wanted {
                    IpAddr::V4(address) => address.octets().to_vec(),
                    IpAddr::V6(address) => address.octets().to_vec(),
                };
                names.any(|it| matches!(it, GeneralName::IpAddress(found) if found.as_bytes() == octets))
            }
        }
    }

    /// What a token says that is bound to it.
    pub const fn confirmation(&self) -> Confirmation {
        Confirmation {
            certificate: self.hash,
        }
    }

    /// Whether it is this one.
    pub fn is(&self, known: &KnownCertificate) -> bool {
        self.hash.ct_eq(&sha256(&known.0))
    }
}

/// What a token is bound to (RFC 7800 section 3.1): a certificate, by its thumbprint (RFC 8705 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    #[serde(rename = "x5t#S256")]
    certificate: Sha256Hash,
}

impl Confirmation {
    /// Whether this is the certificate.
    pub fn is_by(&self, certificate: &ClientCertificate) -> bool {
        self.certificate.ct_eq(&certificate.hash)
    }
}

/// By what a client's certificate is known: RFC 8705 section 2.1.2, one of the five.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateName {
    /// `tls_client_auth_subject_dn`.
    SubjectDn(DistinguishedName),
    /// `tls_client_auth_san_dns`.
    SanDns(String),
    /// `tls_client_auth_san_uri`.
    SanUri(String),
    /// `tls_client_auth_san_ip`.
    SanIp(IpAddr),
    /// `tls_client_auth_san_email`.
    SanEmail(String),
}

/// A distinguished name as RFC 4514 writes it, in the one spelling it is compared in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DistinguishedName(String);

impl DistinguishedName {
    /// Reads one; `None` for text that is none.
    pub fn parse(text: &str) -> Option<Self> {
        let name = Name::from_str(text).ok()?;
        (!name.is_empty() && text.len() <= 1_024).then(|| Self(name.to_string()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A certificate that a client is known by: as `x5c` has it (RFC 7517 section 4.7), DER in base64.
#[derive(Clone, PartialEq, Eq)]
pub struct KnownCertificate(Vec<u8>);

impl fmt::Debug for KnownCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KnownCertificate(..)")
    }
}

impl KnownCertificate {
    /// Reads one; `None` for text that is none, and for an authority's: in a trust store it would vouch for any name.
    pub fn from_base64(text: &str) -> Option<Self> {
        let der = STANDARD.decode(text).ok()?;
        let bounded = der.len() <= MAX_CERTIFICATE;
        let read = bounded
            .then(|| Certificate::from_der(&der).ok())
            .flatten()?;
        let constraints = read.tbs_certificate().get_extension::<BasicConstraints>();
        let authority = constraints
            .ok()?
            .is_some_and(|(_, constraints)| constraints.ca);
        (!authority).then_some(Self(der))
    }

    /// As `x5c` has it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.0)
    }
}

impl Serialize for KnownCertificate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64())
    }
}

impl<'de> Deserialize<'de> for KnownCertificate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_base64(&text).ok_or_else(|| serde::de::Error::custom("no certificate"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With an extension that says `critical FALSE`, which DER has left out (X.690 section 11.5) and some certificates have.
    const EXPLICIT_FALSE: &str = include_str!("testdata/explicit_false.pem");

    #[test]
    fn a_certificate_is_hashed_as_it_was_shown() {
        let lines = EXPLICIT_FALSE.lines().filter(|it| !it.starts_with('-'));
        let base64: String = lines.collect();
        let der = STANDARD.decode(&base64).unwrap();
        let shown = ClientCertificate::from_pem(EXPLICIT_FALSE).unwrap();
        assert!(shown.hash.ct_eq(&sha256(&der)));
        assert!(shown.is(&KnownCertificate::from_base64(&base64).unwrap()));
        let said = serde_json::to_value(shown.confirmation()).unwrap();
        assert_eq!(said["x5t#S256"], sha256(&der).to_string());
    }

    #[test]
    fn what_is_no_certificate() {
        let key = EXPLICIT_FALSE.replace("CERTIFICATE", "PRIVATE KEY");
        let cut = EXPLICIT_FALSE.replace("MII", "MIJ");
        // In form, and nothing in substance: nobody is known by it.
        let nonsense = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";
        let wanted = CertificateName::SubjectDn(DistinguishedName::parse("CN=client1").unwrap());
        for (text, named) in [(nonsense, false), (EXPLICIT_FALSE, true)] {
            let shown = ClientCertificate::from_pem(text).unwrap();
            assert_eq!(shown.names(&wanted), named, "{text}");
        }
        for text in [
            "",
            "x",
            &key,
            &cut,
            &format!("{EXPLICIT_FALSE}{EXPLICIT_FALSE}"),
        ] {
            assert!(ClientCertificate::from_pem(text).is_none(), "{text}");
        }
    }
}
