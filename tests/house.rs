//! The house rules of docs/architecture.md, held by tests: who may depend on whom, what a module may name, and what
//! every crate is linted for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use latchkey_oauth::dialect::Dialect;

const FUNCTIONS: [&str; 7] = [
    "discovery",
    "introspect",
    "manage",
    "register",
    "revoke",
    "token",
    "userinfo",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// Every package that a member of the workspace links, itself included: normal dependencies only.
fn links(member: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "-e", "normal", "--prefix", "none"])
        .args(["--format", "{p}", "-p", member])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

fn assert_never(who: &str, what: &[&str]) {
    let links = links(who);
    let banned = |name: &&String| what.iter().any(|what| name.starts_with(what));
    let found: Vec<_> = links.iter().filter(banned).collect();
    assert!(found.is_empty(), "{who} links {found:?}");
}

#[test]
fn arrows_point_one_way() {
    assert_never(
        "latchkey-oauth",
        &["aws-config", "aws-sdk-", "aws-smithy-", "lambda_", "tokio"],
    );
    // The vocabulary knows neither the syntax it is written in nor the store it is kept in.
    assert_never(
        "latchkey-registry",
        &[
            "aws-config",
            "aws-sdk-",
            "aws-smithy-",
            "lambda_",
            "tokio",
            "clap",
            "serde-saphyr",
        ],
    );
    assert_never(
        "latchkey-admin",
        &[
            "aws-config",
            "aws-sdk-",
            "aws-smithy-",
            "lambda_",
            "tokio",
            "clap",
        ],
    );
    for pure in ["latchkey-registration", "latchkey-dialects"] {
        assert_never(
            pure,
            &["aws-config", "aws-sdk-", "aws-smithy-", "lambda_", "tokio"],
        );
    }
    // The core never knows how a product says something.
    for core in ["latchkey-lambda", "latchkey-admin", "latchkey-registration"] {
        assert_never(core, &["latchkey-dialects"]);
    }
    assert_never("latchkey-dynamodb", &["latchkey-kms", "aws-sdk-kms"]);
    assert_never("latchkey-kms", &["latchkey-dynamodb", "aws-sdk-dynamodb"]);
    assert_never("latchkey-lambda", &["aws-sdk-", "latchkey-aws"]);
    // STS comes with aws-config, for the operator's command.
    assert_never(
        "latchkey-aws",
        &["aws-sdk-dynamodb", "aws-sdk-kms", "lambda_"],
    );
    assert_never("latchkey-testkit", &["aws-sdk-"]);
    // What ours is measured by does not move with it.
    for who in ["bare", "yardstick"] {
        assert_never(who, &["latchkey"]);
    }
    let libraries = [
        "oauth",
        "registry",
        "registration",
        "admin",
        "aws",
        "dialects",
        "dynamodb",
        "kms",
        "lambda",
    ]
    .map(|it| format!("latchkey-{it}"));
    let shipped = FUNCTIONS.into_iter().chain(["latchkey"]);
    for who in shipped.chain(libraries.iter().map(String::as_str)) {
        assert_never(who, &["latchkey-testkit", "proptest", "insta"]);
    }
}

#[test]
fn a_function_links_only_what_it_may_call() {
    for function in FUNCTIONS {
        let asks_kms = links(function).contains("aws-sdk-kms");
        let may = ["manage", "token", "userinfo"].contains(&function);
        assert_eq!(asks_kms, may, "{function}");
        // One TLS stack, and no way of finding credentials that Lambda does not have.
        assert_never(
            function,
            &["ring", "native-tls", "openssl-sys", "aws-sdk-sso", "clap"],
        );
    }
}

/// The code of a source file, without its tests and comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let shipped = text.split("#[cfg(test)]").next().unwrap();
    let lines = shipped
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn sources(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "{folder} has no source");
    files
}

fn assert_never_named(folder: &str, words: &[&str]) {
    for path in sources(folder) {
        let code = code(&path);
        for word in words {
            assert!(!code.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn a_grant_knows_no_http_no_signature_and_no_other_grant() {
    let oauth = "shared/oauth/src";
    assert_never_named(
        &format!("{oauth}/grant"),
        &["http::", "jws", "token::issue", "Response<"],
    );
    let grants = ["password", "client_credentials", "refresh_token"];
    for grant in grants {
        let path = root().join(format!("{oauth}/grant/{grant}.rs"));
        let code = code(&path);
        for other in grants.iter().filter(|other| **other != grant) {
            for form in [format!("grant::{other}"), format!("super::{other}")] {
                assert!(!code.contains(&form), "{grant} knows {other}");
            }
        }
    }
    assert_never_named(&format!("{oauth}/client_auth"), &["grant"]);
}

#[test]
fn products_are_named_where_they_are_translated() {
    let oauth = "shared/oauth/src";
    let places = ["dialect.rs", "route/foreign.rs"].map(|it| root().join(oauth).join(it));
    for folder in ["functions", "shared", "cli"] {
        for path in sources(folder) {
            if places.contains(&path) || path.starts_with(root().join("shared/dialects")) {
                continue;
            }
            let code = code(&path).to_lowercase();
            for dialect in Dialect::ALL {
                let name = dialect.as_str();
                assert!(!code.contains(name), "{} names {name}", path.display());
            }
        }
    }
}

#[test]
fn only_issue_mints() {
    for path in sources("shared/oauth/src") {
        // A signed UserInfo answer is no token: nobody takes it back.
        let signs = ["token/issue.rs", "token/jws.rs", "token/user_info.rs"];
        if signs.iter().any(|it| path.ends_with(it)) {
            continue;
        }
        let code = code(&path);
        for word in [
            "jws::encode",
            "encode(signer",
            "AccessTokenClaims {",
            "IdTokenClaims {",
        ] {
            let definition = code.contains("pub struct AccessTokenClaims {")
                || code.contains("pub struct IdTokenClaims {");
            assert!(
                definition || !code.contains(word),
                "{} mints",
                path.display()
            );
        }
    }
}

#[test]
fn every_crate_keeps_the_lints() {
    let mut members = 0;
    for folder in ["functions", "shared"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            members += has_lints(&entry.unwrap().path());
        }
    }
    for member in ["cli", "xtask", "xtask/bare", "xtask/yardstick"] {
        members += has_lints(&root().join(member));
    }
    assert_eq!(members, FUNCTIONS.len() + 10 + 4);

    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for lint in [
        "unsafe_code = \"forbid\"",
        "unwrap_used = \"deny\"",
        "indexing_slicing = \"deny\"",
        "wildcard_enum_match_arm = \"deny\"",
        "allow_attributes = \"deny\"",
    ] {
        assert!(workspace.contains(lint), "{lint}");
    }
    let clippy = fs::read_to_string(root().join("clippy.toml")).unwrap();
    for banned in [
        "std::time::SystemTime::now",
        "std::env::var",
        "getrandom::fill",
    ] {
        assert!(clippy.contains(&format!("path = \"{banned}\"")), "{banned}");
    }
}

fn has_lints(folder: &Path) -> usize {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("[lints]\nworkspace = true"),
        "{}",
        folder.display()
    );
    1
}

#[test]
fn the_doors_are_few() {
    // Each exception from a ban is a door; a new one should be argued for here.
    let mut doors: Vec<String> = Vec::new();
    for folder in ["functions", "shared", "cli"] {
        for path in sources(folder) {
            if code(&path).contains("clippy::disallowed_methods") {
                let path = path.strip_prefix(root()).unwrap();
                doors.push(path.to_string_lossy().into_owned());
            }
        }
    }
    doors.sort();
    assert_eq!(
        doors,
        [
            "cli/src/surroundings.rs",
            "shared/lambda/src/lib.rs",
            "shared/oauth/src/random.rs",
            "shared/oauth/src/time.rs",
        ]
    );
}

#[test]
fn a_functions_main_is_short() {
    for function in FUNCTIONS {
        let path = root().join(format!("functions/{function}/src/main.rs"));
        let lines = fs::read_to_string(path).unwrap().lines().count();
        assert!(lines <= 40, "{function}: {lines} lines");
        assert_eq!(sources(&format!("functions/{function}")).len(), 1);
    }
}
