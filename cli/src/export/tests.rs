//! Whatever a text says: it is the same text when the registry file is read again.

use latchkey_oauth::store::{Version, Versioned};
use latchkey_oauth::tenant::{Tenant, TenantId, TenantSettings};
use latchkey_registry::door::Surroundings;
use latchkey_testkit::fixtures;
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::registry_file::{Exported, UsersAre, write};
use crate::registry_file::parse;

struct Nowhere;

impl Surroundings for Nowhere {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn read(&self, _: &std::path::Path) -> std::io::Result<String> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

fn of_now<T>(value: T) -> Versioned<T> {
    Versioned {
        value,
        version: Version::NONE,
    }
}

/// What YAML might take for something else, or what a person might type.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "yes",
            "No",
            "null",
            "~",
            "true",
            "1",
            "007",
            "1_000",
            "1.5",
            "1e3",
            "0x1F",
            "1:30",
            "2001-01-01",
            ".inf",
            "-",
            "?",
            ":",
            "#",
            "- a",
            "a: b",
            "a #b",
            "[",
            "{}",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "|",
            ">",
            "\"",
            "'",
            "=",
            "<<",
        ])
        .prop_map(str::to_owned),
        "[a-z0-9:#&*!|>'\"%@`{}, \\\\-]{1,12}",
        "\\PC{1,40}",
        "\\PC{90,120}",
    ]
}

proptest! {
    #[test]
    fn a_text_is_the_same_text(name in text(), attribute in text(), key in text(), lines in text()) {
        let mut user = fixtures::user("alice");
        let inner = Map::from_iter([(key, Value::from(attribute))]);
        user.profile.claims.insert("inner".to_owned(), Value::from(inner));
        let address = Map::from_iter([("formatted".to_owned(), Value::from(format!("{lines}\n{lines}")))]);
        user.profile.claims.insert("address".to_owned(), Value::from(address));
        let exported = Exported {
            tenant: of_now(Tenant {
                id: TenantId::parse("acme").unwrap(),
                settings: TenantSettings { name: Some(name), ..TenantSettings::default() },
                keys: Default::default(),
            }),
            apis: Vec::new(),
            clients: Vec::new(),
            users: vec![of_now(user)],
        };
        let text = write(std::slice::from_ref(&exported), UsersAre::Inside, fixtures::NOW).unwrap();
        let file = parse("file", &text, &Nowhere).map_err(|faults| {
            TestCaseError::fail(format!("{faults}\n{text}"))
        })?;
        let read = &file.tenants[0];
        prop_assert_eq!(&read.settings, &exported.tenant.settings, "{}", text);
        let claims = &read.users.as_ref().unwrap()[0].claims;
        prop_assert_eq!(claims, &exported.users[0].profile.claims, "{}", text);
    }
}
