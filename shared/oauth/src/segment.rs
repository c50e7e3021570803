//! Identifiers in paths. API Gateway hands a function the path of an HTTP API decoded, and what was `%2F` is then `/`:
//! percent-encoding cannot be relied on. So an identifier stands in a path as it is if it is made of what needs no encoding,
//! and otherwise as `~` and its base64url. Each has one spelling.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The longest identifier, in bytes: a resource's is 512.
const MAX: usize = 512;

fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._@+:".contains(&byte);
    // Dots alone mean places to whatever is in between.
    !id.is_empty() && id.len() <= MAX && id.bytes().all(plain) && id != "." && id != ".."
}

/// An identifier as it stands in a path.
pub fn of(id: &str) -> String {
    if is_plain(id) {
        id.to_owned()
    } else {
        format!("~{}", URL_SAFE_NO_PAD.encode(id))
    }
}

/// The identifier that a segment stands for.
pub fn parse(segment: &str) -> Option<String> {
    let Some(encoded) = segment.strip_prefix('~') else {
        return is_plain(segment).then(|| segment.to_owned());
    };
    let id = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()?;
    (!id.is_empty() && id.len() <= MAX && of(&id) == segment).then_some(id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_spelling_each() {
        assert_eq!(of("alice@example.com"), "alice@example.com");
        assert_eq!(of("a/b"), "~YS9i");
        assert_eq!(parse("~YS9i").as_deref(), Some("a/b"));
        for bad in [
            "", ".", "..", "a b", "a%2Fb", "~", "~YQ", "~!", "~YS9i=", "ä", "~gA",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(id in ".{1,100}") {
            let segment = of(&id);
            prop_assert_eq!(parse(&segment), Some(id));
            prop_assert!(segment.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/' && byte != b'%'));
        }

        #[test]
        fn what_is_read_is_written_so(segment in "~?[A-Za-z0-9_.%-]{0,20}") {
            if let Some(id) = parse(&segment) {
                prop_assert_eq!(of(&id), segment);
            }
        }
    }
}
