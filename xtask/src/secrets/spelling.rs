//! The ways a secret may be written down.

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// As it is, in base64 and base64url wherever in a longer text it begins, percent-encoded, form-encoded, and as JSON and
/// Rust write strings.
pub fn all(secret: &str) -> Vec<Vec<u8>> {
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let json = serde_json::Value::from(secret).to_string();
    let debug = format!("{secret:?}");
    let quoted = |text: &str| text.trim_matches('"').to_owned();
    let mut spellings = vec![
        secret.to_owned(),
        form.replace('+', "%20"),
        form,
        quoted(&json),
        quoted(&debug),
    ];
    for before in 0..3 {
        spellings.push(inside(&STANDARD_NO_PAD, secret, before));
        spellings.push(inside(&URL_SAFE_NO_PAD, secret, before));
    }
    spellings.sort();
    spellings.dedup();
    spellings.into_iter().map(String::into_bytes).collect()
}

/// Those characters of the base64 that the secret alone decides, with `before` bytes before it.
fn inside(engine: &impl base64::Engine, secret: &str, before: usize) -> String {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret.as_bytes());
    let text = engine.encode(&bytes);
    // Six bits a character: one that shares bits with what is around is another one elsewhere.
    let first = (before * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    text.get(first..last).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    #[test]
    fn wherever_it_begins_in_base64() {
        let secret = "a secret of some length: ÿ?>";
        let spellings = all(secret);
        for before in ["", "x", "xy", "web:", "web:x"] {
            for after in ["", "z", "zz"] {
                let whole = format!("{before}{secret}{after}");
                for text in [
                    STANDARD_NO_PAD.encode(&whole),
                    URL_SAFE_NO_PAD.encode(&whole),
                ] {
                    let found =
                        |it: &Vec<u8>| text.as_bytes().windows(it.len()).any(|window| window == it);
                    assert!(spellings.iter().any(found), "{before:?} {after:?}");
                }
            }
        }
    }

    #[test]
    fn as_forms_and_strings_have_it() {
        let spellings = all("a \"b\" ü+\n");
        for expected in [
            "a+%22b%22+%C3%BC%2B%0A",
            "a%20%22b%22%20%C3%BC%2B%0A",
            r#"a \"b\" ü+\n"#,
        ] {
            assert!(
                spellings.contains(&expected.as_bytes().to_vec()),
                "{expected}"
            );
        }
    }
}
