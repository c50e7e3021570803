use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use latchkey_oauth::client::ClientAuthMethod;
use latchkey_oauth::time::Seconds;
use latchkey_registry::{ClientSecrets, UserPassword};
use proptest::prelude::*;

use super::*;

/// Variables and files that a test makes up.
#[derive(Default)]
struct MadeUp {
    variables: BTreeMap<&'static str, &'static str>,
    files: BTreeMap<&'static str, &'static str>,
}

impl Surroundings for MadeUp {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| (*value).to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        let text = path.to_str().and_then(|path| self.files.get(path));
        text.map(|text| (*text).to_owned())
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

fn parse_with(text: &str, surroundings: &MadeUp) -> Result<RegistryFile, FaultyFile> {
    parse("registry.yaml", text, surroundings)
}

fn faults(text: &str) -> String {
    parse_with(text, &MadeUp::default())
        .unwrap_err()
        .to_string()
}

/// A file with one client, its fields indented by eight.
fn client(fields: &str) -> String {
    format!("tenants:\n  - tenant: default\n    clients:\n      - client_id: shop\n{fields}")
}

#[test]
fn the_example_is_without_fault() {
    let text = include_str!("../../../examples/registry.yaml");
    let file = parse_with(text, &MadeUp::default()).unwrap();
    let names: Vec<&str> = file
        .tenants
        .iter()
        .map(|entry| entry.tenant.as_str())
        .collect();
    assert_eq!(names, ["default", "acme"]);
}

#[test]
fn every_field_arrives() {
    let text = r#"
tenants:
  - tenant: default
    lockout: { user: { free: 3 } }
    clients:
      - client_id: shop
        token_endpoint_auth_method: client_secret_post
        client_secret: [ { env: NEW }, { hash: "sha256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg" } ]
        grant_types: [password, refresh_token]
        scope: openid a
        default_scope: a
        access_token_lifetime: 7d
        refresh_token_retry_window: 1m
        disabled: true
    users:
      - username: Alice
        sub: a-1
        password: { file: alice.txt }
        address: { street_address: "1 Road\nHouse", country: Austria }
        updated_at: 1700000000
        groups: [staff]
"#;
    let surroundings = MadeUp {
        variables: [("NEW", "a secret of sixteen and more")].into(),
        files: [("alice.txt", "s3cret of hers\n")].into(),
    };
    let file = parse_with(text, &surroundings).unwrap();
    let tenant = &file.tenants[0];
    assert_eq!(tenant.settings.lockout.user.free, 3);
    assert_eq!(tenant.settings.lockout.user.longest, Seconds::minutes(15));
    let entry = &tenant.clients.as_ref().unwrap()[0];
    assert_eq!(
        entry.client.token_endpoint_auth_method,
        ClientAuthMethod::ClientSecretPost
    );
    assert_eq!(entry.client.lifetimes.access_token, Some(Seconds::days(7)));
    assert_eq!(entry.client.refresh_token_retry_window, Seconds(60));
    assert_eq!(entry.disabled, Some(true));
    let ClientSecrets::Known(hashes) = &entry.secrets else {
        panic!("{entry:?}");
    };
    assert!(hashes[0].matches("a secret of sixteen and more") && hashes[1].matches("test"));
    let user = &tenant.users.as_ref().unwrap()[0];
    assert_eq!(user.username.as_str(), "alice");
    assert_eq!(user.claims["address"]["street_address"], "1 Road\nHouse");
    assert_eq!(user.claims["updated_at"], 1_700_000_000);
    // The line break at the end of the file is no part of the password, and nothing of it is told.
    assert!(matches!(user.password, Some(UserPassword::Plain(_))));
    assert!(!format!("{file:?}").contains("s3cret"));
}

#[test]
fn one_client_may_be_like_another() {
    let text =
        client("        client_secret: { generate: true }\n        grant_types: [password]\n")
            .replace("- client_id: shop", "- &shop\n        client_id: shop")
            + "      - <<: *shop\n        client_id: branch\n";
    let file = parse_with(&text, &MadeUp::default()).unwrap();
    let clients = file.tenants[0].clients.as_ref().unwrap();
    assert_eq!(clients[1].client.client_id.as_str(), "branch");
    assert_eq!(clients[1].client.grant_types, clients[0].client.grant_types);
}

#[test]
fn silence_about_clients_is_not_the_same_as_no_clients() {
    let file = parse_with(
        "tenants: [{tenant: a}, {tenant: b, clients: [], users: []}]",
        &MadeUp::default(),
    )
    .unwrap();
    assert!(file.tenants[0].clients.is_none() && file.tenants[0].users.is_none());
    assert_eq!(file.tenants[1].clients.as_ref().map(Vec::len), Some(0));
}

#[test]
fn faults_of_a_file_are_told_all_at_once_with_their_places() {
    insta::assert_snapshot!(faults(include_str!("tests/faulty.yaml")));
}

#[test]
fn faults_that_end_the_reading() {
    let cases = [
        "",
        "- a\n",
        "tenants: []\n",
        "tenants: {}\n",
        "tenant: default\n",
        "tenants:\n  - tenant: default\n    name: \"unclosed\n",
        "tenants:\n  - tenant: default\n   name: badly indented\n",
        "tenants:\n  - tenant: default\n    tenant: again\n",
        "tenants:\n  - tenant: default\n    name: !include secret.txt\n",
        "tenants:\n  - tenant: default\n    name: *nobody\n",
        "a: 1\n---\nb: 2\n",
        "tenants:\n\t- tenant: default\n",
        "1: 2\n",
    ];
    let told: Vec<String> = cases
        .map(|text| format!("{text:?}\n{}", faults(text)))
        .into();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn contradictions_of_a_client() {
    let cases = [
        "        grant_types: [password]\n",
        "        token_endpoint_auth_method: none\n        client_secret: a secret of sixteen and more\n        grant_types: [password, client_credentials]\n",
        "        client_secret: { generate: true }\n        grant_types: [client_credentials]\n        scope: a b\n        default_scope: a c\n",
        "        client_secret: { generate: true }\n        grant_types: [client_credentials]\n        refresh_token_lifetime: 1d\n        refresh_token_retry_window: 10s\n        id_token_lifetime: 5m\n",
        "        client_secret: [ { generate: true }, { env: NEW } ]\n        grant_types: []\n",
        "        client_secret: { hash: abc }\n        grant_types: [refresh_token]\n        refresh_token_lifetime: 2d\n        refresh_token_family_lifetime: 1d\n",
        "        client_secret: { generate: true }\n        grant_types: []\n        audience: [demo-apl, 'https://a.example/#x']\n",
        "        token_endpoint_auth_method: none\n        grant_types: [refresh_token]\n        tls_client_certificate_bound_access_tokens: true\n        client_credentials_access_token_lifetime: 1h\n",
        "        token_endpoint_auth_method: self_signed_tls_client_auth\n        grant_types: [client_credentials]\n        jwks: { keys: [{ x5c: [] }] }\n",
        "        token_endpoint_auth_method: self_signed_tls_client_auth\n        grant_types: [client_credentials]\n        jwks: { keys: [] }\n",
        "        token_endpoint_auth_method: self_signed_tls_client_auth\n        grant_types: [client_credentials]\n",
        "        client_secret: { generate: true }\n        grant_types: [client_credentials]\n        jwks: { keys: [] }\n        tls_client_auth_san_dns: a.example\n",
    ];
    let told: Vec<String> = cases
        .map(|fields| format!("{fields}{}", faults(&client(fields))))
        .into();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn a_fault_never_tells_a_secret() {
    const SECRET: &str = "hunter2-hunter2-hunter2";
    let secrets = [
        format!("{SECRET}\u{e4}"),
        format!("[{SECRET}, {SECRET}, {SECRET}]"),
        format!("{{ {SECRET}: true }}x"),
        format!("{{ hash: {SECRET} }}"),
        format!("{{ generate: {SECRET} }}"),
        format!("\"{SECRET}"),
        format!("{SECRET}: {SECRET}: x"),
        format!("!{SECRET} x"),
        format!("!secret {SECRET}"),
        format!("*{SECRET}"),
        format!("|9\n {SECRET}"),
    ];
    for secret in &secrets {
        for field in ["client_secret", "password"] {
            let text = match field {
                "password" => format!(
                    "tenants:\n  - tenant: a\n    users:\n      - username: u\n        password: {secret}\n        x: 1\n"
                ),
                _ => client(&format!("        client_secret: {secret}\n        x: 1\n")),
            };
            let told = faults(&text);
            // What stands where a name or a tag belongs is taken for one.
            let named =
                secret.contains(": ") && !secret.contains("hash") && !secret.contains("generate")
                    || secret.starts_with(['!', '*']);
            assert!(named || !told.contains(SECRET), "{text}\n{told}");
        }
    }
}

proptest! {
    #[test]
    fn never_panics(text in "(?s)[ -~\n]{0,200}") {
        let _ = parse_with(&text, &MadeUp::default());
    }

    /// Whatever is cut out of the example, the answer is a file or faults.
    #[test]
    fn a_damaged_file_never_panics(from in 0_usize..4_000, length in 0_usize..200) {
        let text = include_str!("../../../examples/registry.yaml");
        let damaged: String = text.chars().take(from).chain(text.chars().skip(from + length)).collect();
        let _ = parse_with(&damaged, &MadeUp::default());
    }
}

/// Found by fuzzing: such a fault had no place, and then not even the file's name.
#[test]
fn a_field_named_by_no_text_is_told_with_its_place() {
    for text in [
        "? [a]\n: b\n",
        "tenants:\n  - {? {a: b} : c}\n",
        "~: x\n",
        "tenants:\n  - ~: x\n",
    ] {
        let told = parse_with(text, &MadeUp::default())
            .unwrap_err()
            .to_string();
        let (_, place) = told.split_once("registry.yaml:").unwrap();
        assert!(place.starts_with(|it: char| it.is_ascii_digit()), "{told}");
    }
}
