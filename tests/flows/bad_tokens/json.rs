//! Headers and claims that are no JSON object of ours, signed as they stand: RFC 7515 section 4, RFC 7519 sections 4 and 7.2,
//! RFC 8259.

use latchkey_testkit::fixtures::NOW;
use serde_json::{Value, json};

use super::forge::Forge;

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
