//! Signatures that are nearly right: RFC 7518 section 3, RFC 8032 section 5.1.7, and what the Wycheproof vectors try.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use latchkey_testkit::fixtures::SECRET;
use latchkey_tests::jwt::base64url;
use latchkey_tests::world::local_signer;
use serde_json::{Value, json};

use super::forge::{Forge, Key};

/// SEC 2 sections 2.4.2 and 2.5.1: the orders of P-256 and P-384.
const N_256: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const N_384: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf\
                     581a0db248b0a77aecec196accc52973";
/// RFC 8032 section 5.1: the order of edwards25519, least significant byte first.
const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// The sum of two numbers of the same length, least significant byte first; what goes beyond is lost.
fn sum(a: &[u8], b: &[u8]) -> (Vec<u8>, bool) {
    let mut carry = 0;
    let bytes = a.iter().zip(b).map(|(a, b)| {
        let sum = u16::from(*a) + u16::from(*b) + carry;
        carry = sum >> 8;
        (sum & 0xff) as u8
    });
    let bytes = bytes.collect();
    (bytes, carry > 0)
}

/// The same message with each of these signatures.
fn with_signatures(
    forge: &Forge,
    key: &Key,
    signatures: Vec<(&'static str, Vec<u8>)>,
) -> Vec<(String, String)> {
    let input = input(forge, key);
    let name = key.ring.alg.as_str();
    let rows = signatures.into_iter().map(|(what, signature)| {
        let token = format!("{input}.{}", base64url(&signature));
        (format!("{name}: {what}"), token)
    });
    rows.collect()
}

fn input(forge: &Forge, key: &Key) -> String {
    let header = base64url(key.header().to_string().as_bytes());
    let payload = base64url(forge.claims.to_string().as_bytes());
    format!("{header}.{payload}")
}

/// What is wrong for every algorithm.
fn mangled(good: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut flipped = good.to_vec();
    flipped[0] ^= 1;
    let mut flipped_last = good.to_vec();
    *flipped_last.last_mut().unwrap() ^= 1;
    let mut reversed = good.to_vec();
    reversed.reverse();
    vec![
        ("no signature", Vec::new()),
        ("one byte", vec![0]),
        ("a byte short", good[..good.len() - 1].to_vec()),
        ("a byte long", [good, &[0]].concat()),
        ("a zero before", [&[0], good].concat()),
        ("twice", [good, good].concat()),
        ("first bit flipped", flipped),
        ("last bit flipped", flipped_last),
        ("reversed", reversed),
        ("zeros", vec![0; good.len()]),
        ("ones", vec![0xff; good.len()]),
    ]
}

#[tokio::test]
async fn signatures_cut_stretched_and_flipped() {
    let forge = Forge::new().await;
    for key in forge.keys() {
        let good = key.sign(input(&forge, key).as_bytes());
        let rows = with_signatures(&forge, key, mangled(&good));
        forge.refused(rows).await;
        let other = key.sign(b"another message");
        let rows = with_signatures(&forge, key, vec![("another message's", other)]);
        forge.refused(rows).await;
    }
}

#[tokio::test]
async fn one_algorithms_signature_under_another() {
    let forge = Forge::new().await;
    let mut rows = Vec::new();
    let payload = forge.claims.to_string();
    for named in forge.keys() {
        for signing in forge.keys() {
            if named.ring.kid == signing.ring.kid {
                continue;
            }
            let what = format!(
                "{} signs for {}",
                signing.ring.alg.as_str(),
                named.ring.alg.as_str()
            );
            // Under the other's name; with the other's algorithm; with the other's key identifier.
            let mut algorithm = signing.header();
            algorithm["alg"] = named.header()["alg"].clone();
            let mut kid = signing.header();
            kid["kid"] = named.header()["kid"].clone();
            for header in [named.header(), algorithm, kid] {
                rows.push((what.clone(), signing.jws(header.to_string(), &payload)));
            }
        }
    }
    // RFC 8725 section 3.1: what the key could do as well, said so by the header, is still not what the key is for.
    for (key, algorithm, encoding) in [
        (&forge.rs256, "PS256", &RSA_PSS_SHA256),
        (&forge.rs256, "RS384", &RSA_PKCS1_SHA384),
        (&forge.rs256, "RS512", &RSA_PKCS1_SHA512),
        (&forge.ps256, "RS256", &RSA_PKCS1_SHA256),
        (&forge.ps256, "PS384", &RSA_PSS_SHA384),
    ] {
        let mut header = key.header();
        header["alg"] = Value::from(algorithm);
        let header = base64url(header.to_string().as_bytes());
        let input = format!("{header}.{}", base64url(payload.as_bytes()));
        let signature = key.sign_rsa(encoding, input.as_bytes());
        rows.push((
            format!("{} said to be {algorithm}", key.ring.alg.as_str()),
            format!("{input}.{}", base64url(&signature)),
        ));
    }
    let input_of = |key: &Key| input(&forge, key).into_bytes();
    let rs256 = input_of(&forge.rs256);
    let other_makes = vec![
        ("PSS", forge.rs256.sign_rsa(&RSA_PSS_SHA256, &rs256)),
        ("SHA-384", forge.rs256.sign_rsa(&RSA_PKCS1_SHA384, &rs256)),
        ("SHA-512", forge.rs256.sign_rsa(&RSA_PKCS1_SHA512, &rs256)),
    ];
    rows.extend(with_signatures(&forge, &forge.rs256, other_makes));
    let ps256 = input_of(&forge.ps256);
    let other_makes = vec![
        ("PKCS #1", forge.ps256.sign_rsa(&RSA_PKCS1_SHA256, &ps256)),
        ("SHA-384", forge.ps256.sign_rsa(&RSA_PSS_SHA384, &ps256)),
    ];
    rows.extend(with_signatures(&forge, &forge.ps256, other_makes));
    forge.refused(rows).await;
}

#[tokio::test]
async fn rsa_signatures_of_another_length_or_beyond_the_modulus() {
    let forge = Forge::new().await;
    let key = &forge.rs256;
    // One in 256 signatures begins with a zero, which an integer would lose and an octet string must keep.
    let mut claims = forge.claims.clone();
    let (input, signature) = (0..)
        .map(|count| {
            claims["count"] = json!(count);
            let header = base64url(key.header().to_string().as_bytes());
            let input = format!("{header}.{}", base64url(claims.to_string().as_bytes()));
            let signature = key.sign(input.as_bytes());
            (input, signature)
        })
        .find(|(_, signature)| signature[0] == 0)
        .unwrap();
    let token = |signature: &[u8]| format!("{input}.{}", base64url(signature));
    forge.taken([("a leading zero", token(&signature))]).await;
    let jwk = serde_json::to_value(&key.ring.jwk).unwrap();
    let n = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
    let (beyond, lost) = sum(&reversed(&signature), &reversed(&n));
    assert!(!lost, "a leading zero leaves room for the modulus");
    forge
        .refused([
            ("RS256: the zero stripped", token(&signature[1..])),
            ("RS256: a zero more", token(&[&[0], &*signature].concat())),
            ("RS256: plus the modulus", token(&reversed(&beyond))),
            (
                "RS256: one",
                token(&[vec![0; n.len() - 1], vec![1]].concat()),
            ),
        ])
        .await;
}

#[tokio::test]
async fn ecdsa_numbers_out_of_range_and_in_der() {
    let forge = Forge::new().await;
    for (key, n, asn1) in [
        (&forge.es256, N_256, &ECDSA_P256_SHA256_ASN1_SIGNING),
        (&forge.es384, N_384, &ECDSA_P384_SHA384_ASN1_SIGNING),
    ] {
        let n = hex(n);
        let message = input(&forge, key).into_bytes();
        let good = key.sign(&message);
        let (r, s) = good.split_at(n.len());
        assert_eq!(s.len(), n.len());
        let zero = vec![0; n.len()];
        let one = [&zero[1..], &[1]].concat();
        let max = vec![0xff; n.len()];
        let pair = |r: &[u8], s: &[u8]| [r, s].concat();
        let mut rows = vec![
            ("r and s swapped", pair(s, r)),
            (
                "each padded by a zero",
                pair(&pair(&[0], r), &pair(&[0], s)),
            ),
            ("in DER", key.sign_der(asn1, &message)),
            ("in DER, cut to length", {
                let mut der = key.sign_der(asn1, &message);
                der.truncate(2 * n.len());
                der
            }),
        ];
        for (what, number) in [("0", &zero), ("1", &one), ("n", &n), ("all ones", &max)] {
            let named = |text: String| -> &'static str { text.leak() };
            rows.push((named(format!("r = {what}")), pair(number, s)));
            rows.push((named(format!("s = {what}")), pair(r, number)));
            rows.push((named(format!("r = s = {what}")), pair(number, number)));
        }
        forge.refused(with_signatures(&forge, key, rows)).await;
    }
}

#[tokio::test]
async fn ed25519_scalars_that_are_not_canonical() {
    let forge = Forge::new().await;
    let key = &forge.eddsa;
    let good = key.sign(input(&forge, key).as_bytes());
    let (r, s) = good.split_at(32);
    // S + L is the same scalar: without the check of RFC 8032 section 5.1.7, every signature has a twin.
    let (twin, lost) = sum(s, &hex(L));
    assert!(!lost);
    let mut high = s.to_vec();
    high[31] |= 0xe0;
    let rows = vec![
        ("S + L", [r, &twin].concat()),
        ("S with high bits", [r, &high].concat()),
        ("S = 0", [r, &[0; 32]].concat()),
        ("S = L", [r, &hex(L)].concat()),
        ("R = 0", [&[0; 32], s].concat()),
        ("R all ones", [&[0xff; 32], s].concat()),
        ("R and S swapped", [s, r].concat()),
        ("half of it", r.to_vec()),
    ];
    forge.refused(with_signatures(&forge, key, rows)).await;
}

/// RFC 8725 section 2.1: whatever of the public key a library might take for an HMAC secret.
#[tokio::test]
async fn hmacs_with_what_everybody_knows() {
    let forge = Forge::new().await;
    let pair = KeyPair::from_pkcs8(&local_signer().pkcs8()).unwrap();
    let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let spki = spki.as_ref().to_vec();
    let pkcs1 = pair.public_key().as_ref().to_vec();
    let pem = |label: &str, der: &[u8], line: usize, end: &str| {
        let text = STANDARD.encode(der);
        let lines = text.as_bytes().chunks(line);
        let lines = lines.map(|line| std::str::from_utf8(line).unwrap());
        let body = lines.collect::<Vec<_>>().join("\n");
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----{end}").into_bytes()
    };
    let jwk = serde_json::to_value(&forge.rs256.ring.jwk).unwrap();
    let n = jwk["n"].as_str().unwrap();
    let secrets: Vec<(&str, Vec<u8>)> = vec![
        ("SPKI in PEM", pem("PUBLIC KEY", &spki, 64, "\n")),
        (
            "SPKI in PEM without an end of line",
            pem("PUBLIC KEY", &spki, 64, ""),
        ),
        (
            "SPKI in PEM on one line",
            pem("PUBLIC KEY", &spki, 10_000, "\n"),
        ),
        ("SPKI in base64", STANDARD.encode(&spki).into_bytes()),
        ("SPKI in DER", spki),
        ("PKCS #1 in PEM", pem("RSA PUBLIC KEY", &pkcs1, 64, "\n")),
        ("PKCS #1 in DER", pkcs1),
        ("JWK", jwk.to_string().into_bytes()),
        ("JWK set", json!({"keys": [jwk]}).to_string().into_bytes()),
        ("modulus in base64url", n.as_bytes().to_vec()),
        ("modulus", URL_SAFE_NO_PAD.decode(n).unwrap()),
        ("kid", forge.rs256.ring.kid.clone().into_bytes()),
        ("nothing", Vec::new()),
        ("a client's secret", SECRET.as_bytes().to_vec()),
    ];
    let mut rows = Vec::new();
    for (what, secret) in secrets {
        for (name, algorithm) in [
            ("HS256", jsonwebtoken::Algorithm::HS256),
            ("HS384", jsonwebtoken::Algorithm::HS384),
            ("HS512", jsonwebtoken::Algorithm::HS512),
        ] {
            let key = jsonwebtoken::EncodingKey::from_secret(&secret);
            // Said to be an HMAC, and passed off as the key's own algorithm.
            for named in [name, "RS256"] {
                let mut header = forge.rs256.header();
                header["alg"] = Value::from(named);
                let header = base64url(header.to_string().as_bytes());
                let payload = base64url(forge.claims.to_string().as_bytes());
                let input = format!("{header}.{payload}");
                let mac = jsonwebtoken::crypto::sign(input.as_bytes(), &key, algorithm).unwrap();
                rows.push((
                    format!("{name} with {what}, as {named}"),
                    format!("{input}.{mac}"),
                ));
            }
        }
    }
    forge.refused(rows).await;
}
