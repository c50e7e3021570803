//! Fills the registry as an operator would: with the `latchkey` command.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use latchkey::registry_file;
use latchkey::surroundings::Process;
use latchkey_oauth::tenant::TenantId;
use serde::Deserialize;

use crate::environment::Environment;
use crate::progress::Step;
use crate::stack::Stack;
use crate::{process, workspace};

/// Tells a faulty file's faults before anything is built or started.
pub fn check(file: &Path) -> Result<()> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    match registry_file::parse(&workspace::shown(file), &text, &Process::around(file)) {
        Ok(_) => Ok(()),
        Err(faulty) => bail!("the registry file cannot be applied\n{faulty}"),
    }
}

/// What `latchkey apply --json` made up by itself, told once.
#[derive(Debug, Default, Deserialize)]
pub struct Applied {
    #[serde(default)]
    pub generated: Vec<Generated>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Generated {
    Client {
        tenant: String,
        client_id: String,
        client_secret: String,
    },
    User {
        tenant: String,
        username: String,
        password: String,
    },
}

#[derive(Debug, Deserialize)]
struct TenantRow {
    tenant: String,
    keys: usize,
}

#[derive(Debug)]
pub struct Operator<'a> {
    pub environment: &'a Environment,
    pub release: bool,
}

impl Operator<'_> {
    pub fn apply(&self, file: &Path) -> Result<Applied> {
        let step = Step::quick(&format!("Registry is as {} says", workspace::shown(file)));
        let output = process::capture(self.latchkey()?.arg("apply").arg(file).arg("--json"))?;
        let applied = serde_json::from_str(&output).context("the answer of `latchkey apply`")?;
        step.done();
        Ok(applied)
    }

    /// A client of the default tenant that acts for itself; what was made up for it.
    pub fn add_client(&self, id: &str, audience: &str, scope: &str) -> Result<Vec<Generated>> {
        let mut add = self.latchkey()?;
        add.args(["client", "add", id, "--grant-type", "client_credentials"])
            .args([
                "--auth-method",
                "client_secret_post",
                "--audience",
                audience,
            ])
            .args(["--scope", scope, "--json"]);
        let output = process::capture(&mut add)?;
        let applied: Applied =
            serde_json::from_str(&output).context("the answer of `latchkey client add`")?;
        Ok(applied.generated)
    }

    /// Every tenant gets a key that the KMS at hand can sign with.
    pub fn ensure_keys(&self, stack: &Stack) -> Result<()> {
        let step = Step::quick("Every tenant has a signing key");
        // A key in a database that outlived its KMS signs nothing any more.
        let stale = stack.kms.ours && !stack.dynamodb.ours;
        for tenant in self.tenants()? {
            if tenant.keys == 0 || stale {
                self.add_key(&stack.create_key()?, &tenant.tenant)?;
            }
        }
        step.done();
        Ok(())
    }

    /// The default tenant signs with the deployment's key, every other one with a key of its own.
    pub fn add_keys(&self, deployments: &str, make: impl Fn() -> Result<String>) -> Result<()> {
        for TenantRow { tenant, .. } in self.tenants()? {
            if tenant == TenantId::default_tenant().as_str() {
                self.add_key(deployments, &tenant)?;
            } else {
                self.add_key(&make()?, &tenant)?;
            }
        }
        Ok(())
    }

    fn tenants(&self) -> Result<Vec<TenantRow>> {
        let output = process::capture(self.latchkey()?.args(["tenant", "list", "--json"]))?;
        parse_tenants(&output)
    }

    fn add_key(&self, key: &str, tenant: &str) -> Result<()> {
        let mut add = self.latchkey()?;
        add.args(["keys", "add", key, "--tenant", tenant]);
        process::capture(&mut add).map(|_| ())
    }

    fn latchkey(&self) -> Result<Command> {
        let mut command = Command::new(workspace::binary("latchkey", self.release)?);
        command.current_dir(workspace::root());
        self.environment.apply(&mut command);
        Ok(command)
    }
}

fn parse_tenants(output: &str) -> Result<Vec<TenantRow>> {
    serde_json::from_str(output).context("the answer of `latchkey tenant list`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_the_command_are_understood() {
        let text = r#"{"created": 3, "generated": [
            {"tenant": "default", "client_id": "a", "client_secret": "s"},
            {"tenant": "acme", "username": "u", "password": "p"}]}"#;
        let applied: Applied = serde_json::from_str(text).unwrap();
        assert!(matches!(
            applied.generated.as_slice(),
            [Generated::Client { .. }, Generated::User { .. }]
        ));
        let tenants = parse_tenants(r#"[{"tenant": "default", "keys": 2}]"#).unwrap();
        assert_eq!(tenants.first().unwrap().keys, 2);
    }
}
