//! Texts that are nearly a compact JWS of ours, most of them signed as they stand: RFC 7515 sections 3, 4, 7 and appendix F,
//! RFC 4648 sections 3.1 to 3.5, RFC 8259.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE};
use latchkey_testkit::fixtures::NOW;
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

/// Bytes that are no JSON object, or one that different readers read differently.
fn no_objects(good: &str) -> Vec<(&'static str, Vec<u8>)> {
    let inside = good.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    let text = |text: String| text.into_bytes();
    let deep = |open: &str, close: &str| text(open.repeat(4_000) + &close.repeat(4_000));
    vec![
        ("nothing", Vec::new()),
        ("null", text("null".to_owned())),
        ("true", text("true".to_owned())),
        ("a number", text("1".to_owned())),
        ("a string", text("\"x\"".to_owned())),
        ("a list", text("[]".to_owned())),
        ("a list of it", text(format!("[{good}]"))),
        ("an empty object", text("{}".to_owned())),
        ("an open object", text(format!("{{{inside}"))),
        ("a BOM before", text(format!("\u{feff}{good}"))),
        (
            "UTF-16",
            good.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        ("no UTF-8", [good.as_bytes(), b"\xff"].concat()),
        (
            "no UTF-8 in a name",
            [b"{\"\xff\":1,", inside.as_bytes(), b"}"].concat(),
        ),
        (
            "an overlong slash in a string",
            [b"{\"x\":\"\xc0\xaf\",", inside.as_bytes(), b"}"].concat(),
        ),
        ("something after", text(format!("{good}x"))),
        ("another after", text(format!("{good}{good}"))),
        ("a comma after", text(format!("{{{inside},}}"))),
        ("a comma before", text(format!("{{,{inside}}}"))),
        ("a comment", text(format!("{{/**/{inside}}}"))),
        ("single quotes", text(good.replace('"', "'"))),
        ("NaN", text(format!("{{\"x\":NaN,{inside}}}"))),
        ("a leading zero", text(format!("{{\"x\":01,{inside}}}"))),
        ("a plus", text(format!("{{\"x\":+1,{inside}}}"))),
        (
            "a raw line feed in a string",
            text(format!("{{\"x\":\"\n\",{inside}}}")),
        ),
        (
            "half a surrogate pair in a name",
            text(format!("{{\"\\ud800\":1,{inside}}}")),
        ),
        ("deep lists", deep("[", "]")),
        ("deep objects", deep("{\"a\":", "}")),
        ("open for ever", text("[".repeat(8_000))),
    ]
}

#[tokio::test]
async fn headers_and_payloads_that_are_no_json_objects() {
    let forge = Forge::new().await;
    let key = &forge.rs256;
    let (header, claims) = (key.header().to_string(), forge.claims.to_string());
    let headers = no_objects(&header)
        .into_iter()
        .map(|(what, bytes)| (format!("header: {what}"), key.jws(bytes, &claims)));
    forge.refused(headers.collect::<Vec<_>>()).await;
    let payloads = no_objects(&claims)
        .into_iter()
        .map(|(what, bytes)| (format!("payload: {what}"), key.jws(&header, bytes)));
    forge.refused(payloads.collect::<Vec<_>>()).await;
    // A list of the values is no object, though some readers fill a record from either.
    let name = |value: &Value, name: &str| value[name].clone();
    let values = ["typ", "alg", "kid"].map(|it| name(&key.header(), it));
    let listed = json!(values).to_string();
    let members = [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "nbf",
        "jti",
        "client_id",
        "scope",
        "auth_time",
    ];
    let mut claimed: Vec<Value> = members.iter().map(|it| name(&forge.claims, it)).collect();
    claimed.extend([Value::Null, name(&forge.claims, "amr")]);
    claimed.extend(["family", "generation"].map(|it| name(&forge.claims, it)));
    let id_token = json!({"typ": "JWT", "alg": "RS256", "kid": key.ring.kid});
    forge
        .refused([
            ("a header as a list of its values", key.jws(listed, &claims)),
            (
                "claims as a list of their values",
                key.jws(&header, json!(claimed).to_string()),
            ),
            (
                "an ID token's claims as a list",
                key.jws(id_token.to_string(), json!(claimed).to_string()),
            ),
        ])
        .await;
}

#[tokio::test]
async fn members_twice_however_they_are_spelt() {
    let forge = Forge::new().await;
    let key = &forge.rs256;
    let (header, claims) = (key.header().to_string(), forge.claims.to_string());
    let double = |whole: &str, member: &str, first: bool| {
        let inside = whole.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
        if first {
            format!("{{{member},{inside}}}")
        } else {
            format!("{{{inside},{member}}}")
        }
    };
    let mut rows = Vec::new();
    for first in [true, false] {
        for member in [
            r#""alg":"none""#,
            r#""alg":"RS256""#,
            r#""kid":"x""#,
            r#""typ":"JWT""#,
            r#""\u0061lg":"RS256""#,
            r#""a\u006cg":"none""#,
            r#""\u006b\u0069\u0064":"x""#,
            r#""ty\u0070":"at+jwt""#,
        ] {
            let header = double(&header, member, first);
            rows.push((
                format!("header: {member}, first: {first}"),
                key.jws(header, &claims),
            ));
        }
        for member in [
            r#""sub":"subject-of-carol""#,
            r#""s\u0075b":"subject-of-carol""#,
            r#""exp":4000000000"#,
            r#""\u0065xp":4000000000"#,
            r#""iss":"https://evil.example""#,
            r#""aud":"api""#,
            r#""scope":"openid email""#,
            r#""sc\u006fpe":"openid email""#,
            r#""client_id":"other""#,
            r#""generation":1"#,
            r#""family":null"#,
            r#""jti":"x""#,
            r#""nbf":0"#,
        ] {
            let claims = double(&claims, member, first);
            rows.push((
                format!("payload: {member}, first: {first}"),
                key.jws(&header, claims),
            ));
        }
    }
    forge.refused(rows).await;
    // RFC 8259 section 8.3: once, an escaped name is the name.
    let escaped = |text: &str| {
        text.replace("\"exp\"", r#""\u0065xp""#)
            .replace("\"kid\"", r#""k\u0069d""#)
    };
    forge
        .taken([("escaped names", key.jws(escaped(&header), escaped(&claims)))])
        .await;
}

#[tokio::test]
async fn numbers_and_types_that_are_not_the_claims() {
    let forge = Forge::new().await;
    let key = &forge.rs256;
    let header = key.header().to_string();
    let soon = NOW.as_unix() + 60;
    let (float, text) = (format!("{soon}.0"), format!("\"{soon}\""));
    let mut rows = Vec::new();
    for (name, values) in [
        (
            "exp",
            vec![
                "1e9",
                "4e9",
                "4E+9",
                "1.5",
                "-1",
                "-0.0",
                "1e400",
                "-1e400",
                "99999999999999999999",
                &float,
                &text,
                "null",
                "true",
                "[]",
                "{}",
                "\"\"",
                "[4000000000]",
                "0",
            ],
        ),
        (
            "nbf",
            vec![
                "4e9",
                "4000000000",
                "18446744073709551615",
                "null",
                "\"0\"",
                "-1",
                "1e9",
                "[]",
            ],
        ),
        ("iat", vec!["null", "\"0\"", "-1", "1e9", "[]", "{}"]),
        ("iss", vec!["null", "1", "[]", "{}", "\"\""]),
        (
            "sub",
            vec!["null", "1", "[]", "\"\"", "\"\\u0000\"", "\"s\\u00fcb\""],
        ),
        (
            "aud",
            vec!["null", "1", "{}", "[1]", "[[\"web\"]]", "[null]"],
        ),
        ("jti", vec!["null", "1", "[]"]),
        (
            "client_id",
            vec!["null", "1", "[]", "\"\"", "\"a#b\"", "\"\\u0000\""],
        ),
        (
            "scope",
            vec![
                "null",
                "1",
                "[\"openid\"]",
                "\"openid  read\"",
                "\" \"",
                "\"\\\"\"",
            ],
        ),
        ("family", vec!["1", "\"\"", "\"AAAA\"", "[]", "\"*\""]),
        (
            "generation",
            vec!["-1", "1.5", "\"1\"", "1e400", "[]", "99999999999999999999"],
        ),
        ("amr", vec!["1", "\"pwd\"", "[1]", "null"]),
    ] {
        for value in values {
            let mut claims = forge.claims.clone();
            claims[name] = json!("PLACE");
            let claims = claims.to_string().replace("\"PLACE\"", value);
            rows.push((format!("{name} = {value}"), key.jws(&header, claims)));
        }
    }
    for (name, values) in [
        (
            "alg",
            vec![
                "null",
                "1",
                "[\"RS256\"]",
                "\"rs256\"",
                "\"RS256 \"",
                "\"\\u0000\"",
                "{}",
            ],
        ),
        (
            "typ",
            vec![
                "null",
                "1",
                "[\"at+jwt\"]",
                "\"at+jwt \"",
                "\"text/at+jwt\"",
                "\"application/\"",
            ],
        ),
        (
            "kid",
            vec![
                "null",
                "1",
                "[]",
                "{}",
                "\"\"",
                "\"../../etc/passwd\"",
                "\"' OR 1=1 --\"",
                "\"\\u0000\"",
            ],
        ),
    ] {
        for value in values {
            let mut header = key.header();
            header[name] = json!("PLACE");
            let header = header.to_string().replace("\"PLACE\"", value);
            rows.push((
                format!("{name} = {value}"),
                key.jws(header, forge.claims.to_string()),
            ));
        }
    }
    forge.refused(rows).await;
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
            claims["x"] = json!("x".repeat(filler));
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
