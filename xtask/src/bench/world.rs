//! What the functions are measured against: the local stack with one tenant, and in it whom the measurements need.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use latchkey_oauth::password::{Argon2Settings, Password, PasswordHashing};
use latchkey_oauth::random::SystemRandom;

use super::event::HOST;
use super::function::Place;
use super::names::{
    API, API_CLIENT, CHANGING_USER, CLIENT, OPAQUE_CLIENT, OPERATOR, PASSWORD, RESOURCE_SERVER,
    SECRET, TENANT, USER,
};
use crate::environment::Environment;
use crate::registry::{self, Operator};
use crate::stack::{self, Database, Stack};
use crate::tools::PythonTools;
use crate::workspace;

#[derive(Debug)]
pub struct World {
    pub stack: Stack,
    pub place: Place,
}

impl World {
    /// With `known` further users and clients, each known by its number.
    pub fn start(binaries: PathBuf, known: u32) -> Result<Self> {
        let tools = PythonTools::ensure()?;
        let database = Database::choose(false)?;
        let logs = workspace::logs("bench");
        let options = stack::Options {
            // Of its own even in a database that others use.
            prefix: format!("latchkey-bench-{}", std::process::id()),
            logs: logs.clone(),
            dynamodb_port: None,
            kms_port: None,
        };
        let stack = Stack::start(&options, &tools, database)?;
        let environment = Environment::new(&stack, &format!("https://{HOST}"));
        let world = Self {
            stack,
            place: Place {
                binaries,
                logs,
                environment,
                through: None,
            },
        };
        world.fill(known)?;
        Ok(world)
    }

    fn fill(&self, known: u32) -> Result<()> {
        let file = workspace::state().join("bench/registry.yaml");
        let text = registry_file(&password_hash()?, known);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        registry::check(&file)?;
        let operator = Operator {
            environment: &self.place.environment,
            release: false,
        };
        operator.apply(&file)?;
        operator.ensure_keys(&self.stack)
    }

    /// A database that outlives the task is left as it was found.
    pub fn end(self) -> Result<()> {
        if !self.stack.dynamodb.ours {
            self.stack.delete_tables()?;
        }
        Ok(())
    }
}

pub fn known(number: u32) -> String {
    format!("known-{number:04}")
}

/// Every name is as long as any other, known or not.
pub fn stranger(number: u32) -> String {
    format!("guess-{number:04}")
}

fn password_hash() -> Result<String> {
    let hashing = PasswordHashing::new(Argon2Settings::default())?;
    let hash = hashing.hash(&Password::parse(PASSWORD)?, &SystemRandom)?;
    Ok(serde_json::from_value(serde_json::to_value(hash)?)?)
}

fn registry_file(hash: &str, known_ones: u32) -> String {
    let mut text = format!(
        "\
tenants:
  - tenant: {TENANT}
    access_token_lifetime: 12h
    id_token_lifetime: 12h
    registration: {{open: true, grant_types: [client_credentials], scope: read write}}
    apis:
      - resource: {API}
        audience: [{API}, {RESOURCE_SERVER}]
        scopes: [orders:read, orders:write]
        claims:
          - {{name: email_address, attribute: email}}
          - {{name: tier, constant: gold}}
    clients:
      - client_id: {RESOURCE_SERVER}
        client_secret: {SECRET}
        grant_types: []
      - client_id: {OPERATOR}
        client_secret: {SECRET}
        grant_types: [client_credentials]
        audience: [https://{HOST}/admin/v1]
        scope: manage:clients:read manage:users:read
"
    );
    let mut client = |id: &str, more: &str| {
        let _ = write!(
            text,
            "      - client_id: {id}\n        client_secret: {SECRET}\n        \
             grant_types: [password, client_credentials, refresh_token]\n        \
             scope: openid profile email read write\n        default_scope: openid read\n{more}"
        );
    };
    client(CLIENT, "");
    let assigned =
        format!("        apis: [{{resource: {API}, scope: orders:read orders:write}}]\n");
    client(API_CLIENT, &assigned);
    client(OPAQUE_CLIENT, "        access_token_format: opaque\n");
    (0..known_ones).for_each(|number| client(&known(number), ""));
    text.push_str("    users:\n");
    let mut user = |name: &str| {
        let _ = write!(
            text,
            "      - username: {name}\n        password: {{hash: \"{hash}\"}}\n        \
             name: Erika Mustermann\n        given_name: Erika\n        family_name: Mustermann\n        \
             email: erika@example.com\n        email_verified: true\n"
        );
    };
    user(USER);
    user(CHANGING_USER);
    (0..known_ones).for_each(|number| user(&known(number)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_file_is_one() {
        let text = registry_file(&password_hash().unwrap(), 3);
        let folder = std::env::temp_dir().join(format!("latchkey-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("registry.yaml");
        fs::write(&file, &text).unwrap();
        let checked = registry::check(&file);
        fs::remove_dir_all(&folder).unwrap();
        checked.unwrap();
        assert_eq!(text.matches("client_id:").count(), 8);
        assert_eq!(text.matches("username:").count(), 5);
    }
}
