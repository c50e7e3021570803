//! Texts that are nearly a compact JWS of ours, most of them signed as they stand: RFC 7515 sections 3, 7 and appendix F,
//! RFC 4648 sections 3.1 to 3.5.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE};
use latchkey_tests::jwt::base64url;
use serde_json::{Value, json};

use super::forge::Forge;

/// The good token's three parts.
fn parts(forge: &Forge) -> [String; 3] {
    let key = &forge.rs256;
    let token = key.jws(key.header().to_string(), forge.claims.to_string());
    let parts: Vec<&str> = token.split('.').collect();
    [parts[0], parts[1], parts[2]].map(str::to_owned)
}

#[tokio::test]
async fn other_numbers_of_parts_and_other_serialisations() {
    let forge = Forge::new().await;
    let [header, payload, signature] = parts(&forge);
    let flattened = json!({"protected": header, "payload": payload, "signature": signature});
    let general = json!({
        "payload": payload,
        "signatures": [{"protected": header, "signature": signature}],
    });
    let unprotected = json!({
        "protected": header, "header": {"kid": "x"}, "payload": payload, "signature": signature,
    });
    let rows = [
        ("one part", header.clone()),
        ("two parts", format!("{header}.{payload}")),
        ("no signature", format!("{header}.{payload}.")),
        (
            "four parts",
            format!("{header}.{payload}.{signature}.{signature}"),
        ),
        (
            "a fourth, empty part",
            format!("{header}.{payload}.{signature}."),
        ),
        (
            "an empty part before",
            format!(".{header}.{payload}.{signature}"),
        ),
        (
            "five parts, as a JWE",
            format!("{header}.{payload}.{signature}.{payload}.{signature}"),
        ),
        ("five parts, four empty", format!("{header}....")),
        ("no header", format!(".{payload}.{signature}")),
        ("a detached payload", format!("{header}..{signature}")),
        ("only a signature", format!("..{signature}")),
        ("two dots", "..".to_owned()),
        ("a dot", ".".to_owned()),
        ("other order", format!("{payload}.{header}.{signature}")),
        ("commas", format!("{header},{payload},{signature}")),
        ("flattened JSON", flattened.to_string()),
        ("general JSON", general.to_string()),
        ("an unprotected header", unprotected.to_string()),
        (
            "flattened JSON in base64url",
            base64url(flattened.to_string().as_bytes()),
        ),
        (
            "in base64url once more",
            base64url(format!("{header}.{payload}.{signature}").as_bytes()),
        ),
        (
            "with its scheme",
            format!("Bearer {header}.{payload}.{signature}"),
        ),
        ("in quotes", format!("\"{header}.{payload}.{signature}\"")),
        (
            "twice",
            format!("{header}.{payload}.{signature} {header}.{payload}.{signature}"),
        ),
    ];
    forge.refused(rows).await;
}

/// RFC 7515 section 2: base64url "with all trailing '=' characters omitted and without the inclusion of any line breaks,
/// whitespace, or other additional characters".
#[tokio::test]
async fn other_ways_to_write_base64() {
    let forge = Forge::new().await;
    let key = &forge.rs256;
    let [header, payload, signature] = parts(&forge);
    let mut rows: Vec<(String, String)> = Vec::new();
    for (what, inserted) in [
        ("a space", " "),
        ("a tab", "\t"),
        ("a line feed", "\n"),
        ("a line break", "\r\n"),
        ("a padding", "="),
        ("a letter of another alphabet", "é"),
        ("an asterisk", "*"),
        ("a percent sign", "%3D"),
    ] {
        let into = |part: &str, at: usize| format!("{}{inserted}{}", &part[..at], &part[at..]);
        for (whole, place) in [
            (&header, "header"),
            (&payload, "payload"),
            (&signature, "signature"),
        ] {
            for at in [0, 8, whole.len()] {
                let changed = into(whole, at);
                let token = match place {
                    // Signed with it, so that only the spelling is wrong.
                    "header" => key.over(&format!("{changed}.{payload}")),
                    "payload" => key.over(&format!("{header}.{changed}")),
                    _ => format!("{header}.{payload}.{changed}"),
                };
                rows.push((format!("{what} in the {place} at {at}"), token));
            }
        }
    }
    forge.refused(rows).await;
    let padded = |value: &Value| {
        let mut value = value.clone();
        // As many characters more as make the padding necessary.
        while URL_SAFE.encode(value.to_string()).ends_with('A') || value.to_string().len() % 3 != 1
        {
            let more = format!(
                "{}x",
                value["kid"].as_str().or(value["jti"].as_str()).unwrap()
            );
            let name = if value.get("kid").is_some() {
                "kid"
            } else {
                "jti"
            };
            value[name] = json!(more);
        }
        value
    };
    let claims = padded(&forge.claims).to_string();
    let whole = base64url(claims.as_bytes());
    forge
        .taken([("as it should be", key.over(&format!("{header}.{whole}")))])
        .await;
    let mut spare = whole.clone();
    // Two characters for one byte leave four bits, which must be zero (RFC 4648 section 3.5).
    let last = spare.pop().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(last).unwrap();
    assert_eq!(at % 16, 0);
    spare.push(alphabet[at + 1..].chars().next().unwrap());
    let standard = STANDARD_NO_PAD.encode(json!({"x": "ÿþ>?ÿ"}).to_string());
    assert!(standard.contains(['+', '/']));
    forge
        .refused([
            (
                "padded",
                key.over(&format!("{header}.{}", URL_SAFE.encode(&claims))),
            ),
            ("padded by one", key.over(&format!("{header}.{whole}="))),
            ("spare bits set", key.over(&format!("{header}.{spare}"))),
            (
                "a character too many",
                key.over(&format!("{header}.{whole}AAA")),
            ),
            (
                "the alphabet of base64",
                key.over(&format!("{header}.{standard}")),
            ),
        ])
        .await;
}

/// As long as is looked at, and a character more.
#[tokio::test]
async fn the_longest_token() {
    let forge = Forge::new().await;
    let key = &forge.rs256;
    let sized = |length: usize| {
        let mut claims = forge.claims.clone();
        let short = key.jws(key.header().to_string(), claims.to_string()).len();
        // Four characters for three bytes, as nearly as that goes.
        let mut filler = (length - short) * 3 / 4 - 16;
        loop {
            claims["x"] = json!("y".repeat(filler));
            let token = key.jws(key.header().to_string(), claims.to_string());
            if token.len() >= length {
                return token;
            }
            filler += 1;
        }
    };
    let longest = (16_380..=16_384)
        .rev()
        .map(sized)
        .find(|it| it.len() <= 16_384);
    forge.taken([("the longest", longest.unwrap())]).await;
    forge
        .refused([
            ("a little longer", sized(16_385)),
            ("much longer", sized(40_000)),
            ("nothing but letters", "A".repeat(60_000)),
            ("nothing but dots", ".".repeat(60_000)),
            (
                "an endless header",
                format!("{}.e30.AAAA", "A".repeat(50_000)),
            ),
        ])
        .await;
    // Beyond what a form may be, it is the request that is refused.
    let world = &forge.world;
    let form = [("token", &*"A".repeat(70_000))];
    for path in ["/introspect", "/revoke"] {
        let ask = latchkey_tests::request::post(path, &form);
        let ask = ask.basic("web", latchkey_testkit::fixtures::SECRET);
        let _ = world.send(ask).await.refused(400, "invalid_request");
    }
}
