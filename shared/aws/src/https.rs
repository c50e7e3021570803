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

/// Whether a Region's endpoints are certified by Amazon Trust Services: all but those in China and the isolated ones.
fn is_amazons(region: &str) -> bool {
    !region.starts_with("cn-") && !region.contains("-iso")
}

#[cfg(test)]
mod tests {
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
        ] {
            assert!(!is_amazons(region), "{region}");
        }
    }

    #[test]
    fn five_roots_are_trusted() {
        let text = std::str::from_utf8(AMAZON_TRUST_SERVICES).unwrap();
        assert_eq!(text.matches("-----BEGIN CERTIFICATE-----").count(), 5);
    }
}
