//! By what certificates a client is known: RFC 8705 section 2.

use latchkey_oauth::certificate::{
    CertificateName, DistinguishedName, KnownCertificate, MAX_BASE64,
};
use latchkey_oauth::client::{Client, ClientAuthMethod};

use crate::fields::Fields;

/// RFC 8705 section 2.1.2.
const CERTIFICATE_NAMES: [&str; 5] = [
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
];

/// The one name that the client's certificate is known by: RFC 8705 section 2.1.2.
pub fn read_name(fields: &mut Fields<'_>) -> Option<CertificateName> {
    let [subject, dns, uri, address, email] = CERTIFICATE_NAMES;
    let subject = fields.parsed(subject, |text| {
        DistinguishedName::parse(text).ok_or(
            "a distinguished name as RFC 4514 writes it, without spaces around its commas: CN=job,O=Example",
        )
    });
    let dns = fields.parsed(dns, printable);
    let uri = fields.parsed(uri, printable);
    let address = fields.parsed(address, |text| text.parse().map_err(|_| "an IP address"));
    let email = fields.parsed(email, printable);
    let mut names = [
        subject.map(CertificateName::SubjectDn),
        dns.map(CertificateName::SanDns),
        uri.map(CertificateName::SanUri),
        address.map(CertificateName::SanIp),
        email.map(CertificateName::SanEmail),
    ]
    .into_iter()
    .flatten();
    let name = names.next();
    if names.next().is_some() {
        fields.fault(
            "token_endpoint_auth_method",
            "a certificate is known by one name (RFC 8705 section 2.1.2). Take the others out.",
        );
    }
    name
}

fn printable(text: &str) -> Result<String, &'static str> {
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    if printable && (1..=255).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("1 to 255 printable ASCII characters without spaces")
    }
}

/// The most certificates a client may have: the old one and the new one, and one to spare.
const MAX_CERTIFICATES: usize = 3;

/// `jwks: {keys: [{x5c: [MII...]}]}` (RFC 8705 section 2.2.2): of each key the certificate, which says all else.
pub fn read_own(fields: &mut Fields<'_>) -> Vec<KnownCertificate> {
    let place = fields.place.inside("jwks");
    let faults = fields.faults;
    let opened = fields
        .take("jwks")
        .and_then(|node| Fields::open(node, place, faults));
    let Some(mut inner) = opened else {
        return Vec::new();
    };
    let nodes = inner.list("keys");
    let nodes = inner.require("keys", nodes).unwrap_or_default();
    if nodes.len() > MAX_CERTIFICATES {
        inner.fault(
            "keys",
            format!("`keys` lists more than {MAX_CERTIFICATES}."),
        );
    }
    let mut certificates = Vec::new();
    for node in nodes {
        let Some(mut key) = Fields::open(node, inner.place.inside("a key"), faults) else {
            continue;
        };
        let chain = key.texts_up_to("x5c", MAX_BASE64, |text| {
            KnownCertificate::from_base64(text)
                .ok_or("a certificate: DER in base64, and no authority's (CA:FALSE)")
        });
        // RFC 7517 section 4.7: the first is the key's own.
        certificates.extend(key.require("x5c", chain).into_iter().flatten().next());
        for other in ["kty", "use", "alg", "kid", "n", "e", "crv", "x", "y"] {
            let _ = key.text(other);
        }
        key.close();
    }
    inner.close();
    certificates
}

/// RFC 8705 sections 2.1.2 and 2.2.2.
pub fn check(client: &Client, fields: &Fields<'_>) {
    let method = client.token_endpoint_auth_method;
    let (by_name, by_itself) = (
        method == ClientAuthMethod::TlsClientAuth,
        method == ClientAuthMethod::SelfSignedTlsClientAuth,
    );
    // Where a name was given that could not be read, that is fault enough.
    let named = CERTIFICATE_NAMES.into_iter().find(|name| fields.has(name));
    match named {
        None if by_name => {
            let names = CERTIFICATE_NAMES.map(|name| format!("`{name}`"));
            let message = format!("`tls_client_auth` needs one of {}.", names.join(", "));
            fields.fault("token_endpoint_auth_method", message);
        }
        Some(name) if !by_name => {
            let message = format!(
                "`{name}` says nothing without `token_endpoint_auth_method: tls_client_auth`. Add that, or take `{name}` out."
            );
            fields.fault(name, message);
        }
        None | Some(_) => {}
    }
    match fields.has("jwks") {
        false if by_itself => {
            let message = "`self_signed_tls_client_auth` needs `jwks` with the client's certificates (`--certificate` of the command).";
            fields.fault("token_endpoint_auth_method", message);
        }
        true if by_itself && client.certificates.is_empty() => {
            fields.fault("jwks", "`jwks` has no certificate that could be read.");
        }
        true if !by_itself => {
            let message = "`jwks` says nothing without `token_endpoint_auth_method: self_signed_tls_client_auth`. Add that, or take `jwks` out.";
            fields.fault("jwks", message);
        }
        true | false => {}
    }
    // RFC 8705 section 4 would have a public client's refresh tokens bound as well.
    if client.tls_client_certificate_bound_access_tokens && !method.is_confidential() {
        let message = "a public client (`token_endpoint_auth_method: none`) has no tokens that are bound to a certificate. Take `tls_client_certificate_bound_access_tokens` out.";
        fields.fault("tls_client_certificate_bound_access_tokens", message);
    }
}
