//! `Authorization: Basic` as these pages have it: the two parts as they are, where RFC 6749 section 2.3.1 has each form-encoded.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

/// The `Authorization` header, of whatever scheme, if there is one and no more.
pub fn header(parts: &Parts) -> Option<&str> {
    let mut given = parts.headers.get_all(AUTHORIZATION).iter();
    match (given.next(), given.next()) {
        (Some(header), None) => header.to_str().ok(),
        _ => None,
    }
}

/// Puts another in its place.
pub fn replace(parts: &mut Parts, header: &str) {
    if let Ok(mut header) = HeaderValue::from_str(header) {
        header.set_sensitive(true);
        parts.headers.insert(AUTHORIZATION, header);
    }
}

/// What the header says, if it is one header and Basic.
pub fn read(parts: &Parts) -> Option<Zeroizing<String>> {
    let (scheme, encoded) = header(parts)?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = BASE64_STANDARD.decode(encoded.trim_matches(' ')).ok()?;
    String::from_utf8(decoded).ok().map(Zeroizing::new)
}

/// Encodes both parts, as the standard's reader expects them. What looks encoded already is left: a library that knows the
/// standard has done it.
pub fn encode(parts: &mut Parts) {
    let Some(pair) = read(parts) else {
        return;
    };
    if is_encoded(&pair) {
        return;
    }
    let Some((client_id, secret)) = pair.split_once(':') else {
        return;
    };
    set(parts, client_id, secret);
}

/// Both parts as the client knows them, encoded or not.
pub fn plain(parts: &Parts) -> Option<Zeroizing<String>> {
    let pair = read(parts)?;
    if !is_encoded(&pair) {
        return Some(pair);
    }
    let decoded = percent_decode_str(&pair).decode_utf8().ok()?;
    Some(Zeroizing::new(decoded.into_owned()))
}

/// Whether there is a `%XX` in it and nothing that encoding would have changed, but for what stands between the two.
fn is_encoded(pair: &str) -> bool {
    if pair.matches(':').count() != 1 {
        return false;
    }
    let mut rest = pair.split('%');
    let plain = |text: &str| {
        text.bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"-._~*:".contains(&it))
    };
    let first = rest.next().is_some_and(plain);
    let mut escapes = 0;
    let others = rest.all(|part| {
        escapes += 1;
        let digits = part.as_bytes().first_chunk::<2>();
        digits.is_some_and(|it| it.iter().all(u8::is_ascii_hexdigit)) && plain(part)
    });
    first && others && escapes > 0
}

/// Says it as the standard does.
pub fn set(parts: &mut Parts, client_id: &str, secret: &str) {
    let encode = |part: &str| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encode(client_id), encode(secret)));
    let header = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(&*pair)));
    replace(parts, &header);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_already() {
        for (pair, encoded) in [
            ("id:a%2Bb%2f", true),
            ("i%20d:secret", true),
            ("0f8f-4c%2D:x%5Fy", true),
            ("id:secret-_.", false),
            ("id:a+b%2F/=", false),
            ("id:100%", false),
            ("id:50%zz", false),
            ("id:a%2Fb/c", false),
            ("id:a:b%2F", false),
            ("", false),
        ] {
            assert_eq!(is_encoded(pair), encoded, "{pair}");
        }
    }
}
