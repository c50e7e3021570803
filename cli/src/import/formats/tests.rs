//! Each format by the examples in `examples/moving-in/`, read as an import reads them.

use std::fmt::Write as _;

use latchkey_oauth::password::{Password, Verdict};
use latchkey_registry::UserPassword;
use latchkey_testkit::fixtures;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::import::entry;

fn rows(format: Format, mut text: &[u8]) -> (Vec<Row>, anyhow::Result<()>) {
    let mut rows = Vec::new();
    let ended = read(format, &mut text, &mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    });
    (rows, ended)
}

/// What an import would make of a file, a line for each row.
fn told(format: Format, text: &str) -> String {
    let (rows, ended) = rows(format, text.as_bytes());
    let mut told = String::new();
    for row in rows {
        let line = row.line;
        let user = row
            .user
            .and_then(|members| entry::read(members).map_err(NoUser::Bad));
        let _ = match user {
            Err(NoUser::Other) => writeln!(told, "{line}: no user"),
            Err(NoUser::Bad(reason)) => writeln!(told, "{line}: REJECTED {reason}"),
            Ok(entry) => {
                let hash = matches!(entry.password, Some(UserPassword::Hash(_)));
                let sub = entry.subject.map(|sub| sub.to_string());
                writeln!(
                    told,
                    "{line}: {} sub={sub:?} hash={hash} disabled={:?} {}",
                    entry.username,
                    entry.disabled,
                    Value::from(entry.claims)
                )
            }
        };
    }
    if let Err(error) = ended {
        let _ = writeln!(told, "ENDED {error:#}");
    }
    told
}

const KEYCLOAK: &str = include_str!("../../../../examples/moving-in/keycloak-realm.json");
const AUTH0: [&str; 3] = [
    include_str!("../../../../examples/moving-in/auth0-users.jsonl"),
    include_str!("../../../../examples/moving-in/auth0-passwords.jsonl"),
    include_str!("../../../../examples/moving-in/auth0-import.json"),
];
const COGNITO: &str = include_str!("../../../../examples/moving-in/cognito.csv");
const CSV: &str = include_str!("../../../../examples/moving-in/users.csv");
const JSON_LINES: &str = include_str!("../../../../examples/moving-in/users.jsonl");

#[test]
fn csv() {
    insta::assert_snapshot!(told(Format::Csv, CSV));
}

#[test]
fn json_lines() {
    insta::assert_snapshot!(told(Format::Jsonl, JSON_LINES));
}

#[test]
fn keycloak() {
    insta::assert_snapshot!(told(Format::Keycloak, KEYCLOAK));
}

#[test]
fn auth0() {
    insta::assert_snapshot!(AUTH0.map(|text| told(Format::Auth0, text)).join("\n"));
}

#[test]
fn cognito() {
    insta::assert_snapshot!(told(Format::Cognito, COGNITO));
}

/// The examples' passwords, by the hashes that each product has of them.
#[test]
fn a_password_that_moved_in_is_the_same_password() {
    let mut checked = 0;
    for (format, text, suffix) in [
        (Format::Keycloak, KEYCLOAK, ""),
        (Format::Auth0, AUTH0[2], "@example.com"),
    ] {
        for row in rows(format, text.as_bytes()).0 {
            let Ok(Ok(user)) = row.user.map(entry::read) else {
                continue;
            };
            let Some(UserPassword::Hash(hash)) = user.password else {
                continue;
            };
            let name = user.username.as_str().trim_end_matches(suffix);
            let verify = |text: String| {
                fixtures::hashing().verify(&Password::parse(&text).unwrap(), Some(&hash))
            };
            let right = format!("{name}'s password");
            assert_eq!(verify(right.clone()), Verdict::RightButStale, "{name}");
            assert_eq!(verify(right + "."), Verdict::Wrong, "{name}");
            checked += 1;
        }
    }
    // Argon2, PBKDF2 with three digests, once as before Keycloak 8; scrypt and PBKDF2 of Auth0.
    assert_eq!(checked, 6);
}

#[test]
fn what_is_no_such_file_is_told_and_what_was_read_by_then_is_kept() {
    for (format, text, rows_read, told) in [
        (Format::Csv, "", 0, "the first line is to be a header"),
        (
            Format::Csv,
            "username,usrname\na,b",
            0,
            "nobody knows the column `usrname`",
        ),
        (Format::Csv, "username,sub,sub\n", 0, "two columns `sub`"),
        (Format::Csv, "name\nAlice", 0, "names no user name"),
        (
            Format::Cognito,
            "username\nalice",
            0,
            "nobody knows the column `username`",
        ),
        (Format::Keycloak, "", 0, "EOF"),
        (Format::Keycloak, "[]", 0, "one object with a list `users`"),
        (Format::Keycloak, "{\"realm\": \"a\"}", 0, "no list `users`"),
        (Format::Keycloak, "{\"users\": {}}", 0, "a list of users"),
        (
            Format::Keycloak,
            "{\"users\": [{\"username\": \"a\"}, {",
            1,
            "EOF",
        ),
        (Format::Auth0, "[{\"email\": \"a@b\"},", 1, "EOF"),
    ] {
        let (rows, ended) = rows(format, text.as_bytes());
        let error = format!("{:#}", ended.unwrap_err());
        assert!(error.contains(told), "{text}: {error}");
        assert_eq!(rows.len(), rows_read, "{text}");
    }
}

#[test]
fn a_line_that_is_too_long_is_one_bad_row() {
    let text = format!(
        "{{\"username\": \"{}\"}}\n{{\"username\": \"b\"}}",
        "a".repeat(1 << 20)
    );
    let (rows, ended) = rows(Format::Jsonl, text.as_bytes());
    ended.unwrap();
    let bad = NoUser::bad("the line is longer than a megabyte");
    assert_eq!(
        rows[0],
        Row {
            line: 1,
            user: Err(bad)
        }
    );
    assert_eq!(rows[1].line, 2);
    assert!(rows[1].user.is_ok());
}

#[test]
fn what_excel_puts_before_a_file_is_passed_over() {
    for (format, text) in [
        (Format::Csv, "\u{feff}username\nalice"),
        (Format::Jsonl, "\u{feff}{\"username\": \"alice\"}"),
        (Format::Auth0, "\u{feff}[{\"username\": \"alice\"}]"),
        (
            Format::Keycloak,
            "\u{feff}{\"users\": [{\"username\": \"alice\"}]}",
        ),
    ] {
        let (rows, ended) = rows(format, text.as_bytes());
        ended.unwrap();
        let user = rows.into_iter().next().unwrap().user.unwrap();
        assert_eq!(user["username"], json!("alice"), "{text}");
    }
}

#[test]
fn whoever_wants_no_more_gets_no_more() {
    for (format, text) in [
        (Format::Csv, CSV),
        (Format::Jsonl, JSON_LINES),
        (Format::Keycloak, KEYCLOAK),
        (Format::Auth0, AUTH0[2]),
    ] {
        let mut taken = 0;
        let ended = read(format, &mut text.as_bytes(), &mut |_| {
            taken += 1;
            ControlFlow::Break(())
        });
        ended.unwrap();
        assert_eq!(taken, 1, "{format:?}");
    }
}

proptest! {
    /// Whatever a file says: no panic, and no reason tells a hash.
    #[test]
    fn no_reason_tells_a_hash(
        hash in "[$]2[aby][$][a-z0-9./]{8,60}|[a-z0-9]{8,64}",
        name in "[a-z]{0,8}",
        format in prop::sample::select(vec![Format::Jsonl, Format::Auth0]),
    ) {
        let member = if format == Format::Jsonl { "password_hash" } else { "passwordHash" };
        let row = json!({"username": name, "email": name, member: hash}).to_string();
        let told = told(format, &row);
        prop_assert!(!told.contains(&hash), "{told}");
    }

    #[test]
    fn no_file_makes_it_panic(
        text in prop::collection::vec(prop::sample::select(b"[]{}\",:;\n01au\\ \xff".to_vec()), 0..60),
        format in prop::sample::select(Format::value_variants().to_vec()),
    ) {
        let mut headed = b"username,sub\n".to_vec();
        headed.extend(&text);
        for text in [text, headed] {
            for row in rows(format, &text).0 {
                let _ = row.user.map(entry::read);
            }
        }
    }
}
