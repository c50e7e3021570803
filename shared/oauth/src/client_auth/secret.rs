//! `client_secret_basic` and `client_secret_post`: RFC 6749 section 2.3.1.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{ClientCredentials, refusal, two_client_ids};
use crate::client::{Client, ClientId, ClientSecretHash};
use crate::error::{Challenge, OAuthError};
use crate::form::Form;

/// The longest secret, in bytes.
const MAX_SECRET: usize = 1_024;

pub(super) fn from_basic(
    header: &HeaderValue,
    form: &Form,
) -> Result<ClientCredentials, OAuthError> {
    let (client_id, secret) = parse_basic(header)
        .ok_or_else(|| refusal("malformed_basic").challenged(Challenge::Basic))?;
    if form
        .get("client_id")
        .is_some_and(|named| named != client_id.as_str())
    {
        return Err(two_client_ids());
    }
    Ok(ClientCredentials::SecretBasic { client_id, secret })
}

/// RFC 7617 section 2 with both parts form-encoded, as RFC 6749 section 2.3.1 has it.
fn parse_basic(header: &HeaderValue) -> Option<(ClientId, SecretString)> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim_matches(' ')).ok()?);
    let text = std::str::from_utf8(&decoded).ok()?;
    let (client_id, secret) = text.split_once(':')?;
    let client_id = ClientId::parse(&form_decode(client_id)?).ok()?;
    Some((client_id, bounded(&form_decode(secret)?)?))
}

fn form_decode(part: &str) -> Option<Zeroizing<String>> {
    let spaced = Zeroizing::new(part.replace('+', " "));
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(Zeroizing::new(decoded.into_owned()))
}

fn bounded(secret: &str) -> Option<SecretString> {
    (1..=MAX_SECRET)
        .contains(&secret.len())
        .then(|| SecretString::from(secret))
}

pub(super) fn from_post(form: &Form) -> Result<ClientCredentials, OAuthError> {
    let client_id = form.get("client_id").map(ClientId::parse);
    let secret = form.get("client_secret").and_then(bounded);
    match (client_id, secret) {
        (Some(Ok(client_id)), Some(secret)) => {
            Ok(ClientCredentials::SecretPost { client_id, secret })
        }
        _ => Err(refusal("malformed_post")),
    }
}

/// Whether `secret` is one of the client's, in constant time for each, and with the same work for no client.
pub(super) fn matches(secret: &SecretString, client: Option<&Client>) -> bool {
    let presented = secret.expose_secret();
    match client {
        Some(client) if !client.client_secret_hashes.is_empty() => client
            .client_secret_hashes
            .iter()
            .fold(false, |found, hash| found | hash.matches(presented)),
        _ => {
            let nobody = ClientSecretHash::of("");
            std::hint::black_box(nobody.matches(presented));
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(text: &str) -> HeaderValue {
        HeaderValue::from_str(text).unwrap()
    }

    fn basic(pair: &str) -> Option<(ClientId, SecretString)> {
        parse_basic(&header(&format!("Basic {}", STANDARD.encode(pair))))
    }

    #[test]
    fn parts_are_form_decoded() {
        let (client_id, secret) = basic("a%3Ab:c+d%2B%C3%A9").unwrap();
        assert_eq!(client_id.as_str(), "a:b");
        assert_eq!(secret.expose_secret(), "c d+é");
    }

    #[test]
    fn the_scheme_is_case_insensitive() {
        assert!(parse_basic(&header("bAsIc YTpi")).is_some());
    }

    #[test]
    fn refuses_what_is_not_basic() {
        for pair in ["", "a", ":b", "a:", "a%ff:b", "é:b"] {
            assert!(basic(pair).is_none(), "{pair}");
        }
        for text in ["", "Basic", "Basic ", "Basic !!!", "Bearer YTpi", "YTpi"] {
            assert!(parse_basic(&header(text)).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_a_client_encodes(id in "[ -\"$-~]{1,40}", secret in "[^\u{0}]{1,40}") {
            let encode = |part: &str| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
            let (client_id, read) = basic(&format!("{}:{}", encode(&id), encode(&secret))).unwrap();
            prop_assert_eq!(client_id.as_str(), id);
            prop_assert_eq!(read.expose_secret(), secret);
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse_basic(&header(&format!("Basic {}", STANDARD.encode(&bytes))));
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let _ = parse_basic(&value);
            }
        }
    }
}
