//! The environment of the functions and of the `latchkey` command on the local stack.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::aws;
use crate::stack::Stack;

/// Where AWS is.
fn account(dynamodb: &str, kms: &str) -> [(&'static str, String); 7] {
    [
        ("LATCHKEY_DYNAMODB_ENDPOINT", dynamodb.to_owned()),
        ("LATCHKEY_KMS_ENDPOINT", kms.to_owned()),
        ("AWS_REGION", aws::REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", aws::ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", aws::ACCESS_KEY.to_owned()),
        // No file of the developer's has a say.
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
    ]
}

#[derive(Debug, Clone)]
pub struct Environment {
    variables: Vec<(&'static str, String)>,
}

/// What would lead a child to a real account or to another endpoint.
const UNWANTED: [&str; 5] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_DEFAULT_REGION",
];

impl Environment {
    pub fn new(stack: &Stack, issuer: &str) -> Self {
        let mut variables = vec![
            ("LATCHKEY_ISSUER", issuer.to_owned()),
            ("LATCHKEY_REGISTRY_TABLE", stack.table("RegistryTable")),
            ("LATCHKEY_USERS_TABLE", stack.table("UsersTable")),
            ("LATCHKEY_GRANTS_TABLE", stack.table("GrantsTable")),
            ("LATCHKEY_ARGON2_MEMORY_KIB", "19456".to_owned()),
            ("LATCHKEY_ARGON2_ITERATIONS", "2".to_owned()),
            ("LATCHKEY_ARGON2_PARALLELISM", "1".to_owned()),
        ];
        variables.extend(account(&stack.dynamodb.url, &stack.kms.url));
        Self { variables }
    }

    /// An operator's: the tables that a deployment printed, in an account at `url`.
    pub fn of_operator(tables: [(&'static str, String); 3], url: &str) -> Self {
        let mut variables = tables.to_vec();
        variables.extend(account(url, url));
        Self { variables }
    }

    pub fn apply<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for name in UNWANTED {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)))
    }

    /// For whoever starts `cargo lambda watch` or the `latchkey` command by hand.
    pub fn write(&self, path: &Path) -> Result<()> {
        // cargo-lambda ends a value at its first space, so nothing here may need quotes.
        let text = self
            .variables
            .iter()
            .fold(String::new(), |mut text, (name, value)| {
                let _ = writeln!(text, "{name}={value}");
                text
            });
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}
