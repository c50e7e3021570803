//! `Authorization: Basic` as these pages have it: the two parts as they are, where RFC 6749 section 2.3.1 has each form-encoded.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::request::Parts;
use zeroize::Zeroizing;

/// What the header says, if it is one header and Basic.
pub fn read(parts: &Parts) -> Option<Zeroizing<String>> {
    let mut given = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(header), None) = (given.next(), given.next()) else {
        return None;
    };
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = BASE64_STANDARD.decode(encoded.trim_matches(' ')).ok()?;
    String::from_utf8(decoded).ok().map(Zeroizing::new)
}

/// Encodes both parts, as the standard's reader expects them.
pub fn encode(parts: &mut Parts) {
    let Some(pair) = read(parts) else {
        return;
    };
    let Some((client_id, secret)) = pair.split_once(':') else {
        return;
    };
    set(parts, client_id, secret);
}

/// Says it as the standard does.
pub fn set(parts: &mut Parts, client_id: &str, secret: &str) {
    let encode = |part: &str| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encode(client_id), encode(secret)));
    let header = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(&*pair)));
    if let Ok(mut header) = HeaderValue::from_str(&header) {
        header.set_sensitive(true);
        parts.headers.insert(AUTHORIZATION, header);
    }
}
