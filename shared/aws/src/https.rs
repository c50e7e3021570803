//! HTTPS to AWS. Reading a system's hundred and more root certificates is nine tenths of a function's start
//! (docs/performance.md), and AWS's endpoints need five of them: Amazon Trust Services asks clients to trust Amazon Root
//! CA 1 to 4 and Starfield Services Root CA G2.

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// The five roots, as Amazon Trust Services publishes them.
const AMAZON_TRUST_SERVICES: &[u8] = include_bytes!("amazon-trust-services.pem");

/// A client that trusts what AWS's endpoints in `region` need. All services' clients may share it.
pub(crate) fn client(region: &str) -> SharedHttpClient {
    let trust = if is_amazons(region) {
        TrustStore::empty().with_pem_certificate(AMAZON_TRUST_SERVICES)
    } else {
        TrustStore::default()
    };
    let builder = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    match TlsContext::builder().with_trust_store(trust).build() {
        Ok(context) => builder.tls_context(context).build_https(),
        // It fails for nothing that is set here; the system's roots are a superset.
        Err(_) => builder.build_https(),
    }
}

/// Whether a Region's endpoints are certified under the five roots: all but those in China, the European sovereign cloud
/// and the isolated ones, which have the system's roots and a slower start.
fn is_amazons(region: &str) -> bool {
    !region.starts_with("cn-") && !region.starts_with("eusc-") && !region.contains("-iso")
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn regions_of_other_authorities() {
        for region in [
            "us-east-1",
            "eu-central-1",
            "us-gov-west-1",
            "ap-southeast-7",
        ] {
            assert!(is_amazons(region), "{region}");
        }
        for region in [
            "cn-north-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "eusc-de-east-1",
        ] {
            assert!(!is_amazons(region), "{region}");
        }
    }

    /// SHA-256 of each root's DER, as Amazon Trust Services publishes them.
    const FINGERPRINTS: [&str; 5] = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    #[test]
    fn five_roots_are_trusted() {
        let text = std::str::from_utf8(AMAZON_TRUST_SERVICES).unwrap();
        let found: Vec<String> = text
            .split("-----BEGIN CERTIFICATE-----")
            .skip(1)
            .map(|rest| {
                let (body, _) = rest.split_once("-----END CERTIFICATE-----").unwrap();
                let der = STANDARD.decode(body.replace('\n', "")).unwrap();
                let hash = latchkey_oauth::hash::sha256(&der);
                hash.as_bytes()
                    .iter()
                    .map(|it| format!("{it:02x}"))
                    .collect()
            })
            .collect();
        assert_eq!(found, FINGERPRINTS);
        let trust = TrustStore::empty().with_pem_certificate(AMAZON_TRUST_SERVICES);
        assert!(
            TlsContext::builder()
                .with_trust_store(trust)
                .build()
                .is_ok()
        );
    }
}
