//! schemathesis against the management API: whatever docs/openapi.yaml allows and forbids is tried on the running function.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::registry::{Generated, Operator};
use crate::test_counts::Counts;
use crate::tools::Schemathesis;
use crate::workspace;

/// How long it may try, in seconds.
const MAX_TIME: &str = "40";
const CLIENT: &str = "openapi-operator";

#[derive(Debug, Deserialize)]
struct Token {
    access_token: String,
}

/// The command, with a token that has every scope. A fixed seed: what fails once fails again.
pub fn command(tools: &Schemathesis, operator: &Operator<'_>, url: &str) -> Result<Command> {
    let base = format!("{url}/admin/v1");
    let document = workspace::root().join("docs/openapi.yaml");
    let token = token(operator, url, &base, &fs::read_to_string(&document)?)?;
    let folder = workspace::state().join("schemathesis");
    fs::create_dir_all(&folder)?;
    let own = workspace::root().join("xtask/tools");
    let mut command = tools.command();
    command
        .current_dir(folder)
        .arg("--config-file")
        .arg(own.join("schemathesis.toml"))
        .arg("run")
        .arg(document)
        .args(["--url", &base])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--phases", "coverage,fuzzing", "--max-examples", "30"])
        .args(["--max-time", MAX_TIME, "--seed", "1", "--no-color"])
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .env("PYTHONPATH", own)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// Every scope that the document names, as an operator would get it.
fn token(operator: &Operator<'_>, url: &str, base: &str, document: &str) -> Result<String> {
    let mut scopes: Vec<&str> = document
        .split('`')
        .filter(|text| text.starts_with("manage:"))
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    let generated = operator.add_client(CLIENT, base, &scopes.join(" "))?;
    let secret = generated.into_iter().find_map(|it| match it {
        Generated::Client { client_secret, .. } => Some(client_secret),
        Generated::User { .. } => None,
    });
    let secret = secret.context("the operator's client got no secret")?;
    let mut answer = ureq::post(format!("{url}/token"))
        .send_form([
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("client_secret", &secret),
        ])
        .context("a token for the management API")?;
    let token: Token = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
    Ok(token.access_token)
}

/// `2962 generated, 2962 passed, 42 skipped`, or `... 41 found 47 unique failures ...`.
pub fn counts(lines: &[String]) -> Option<Counts> {
    let line = lines.iter().rev().find(|it| it.contains(" generated, "))?;
    let before = |word: &str| {
        let (text, _) = line.split_once(word)?;
        text.rsplit(' ').next()?.parse().ok()
    };
    let generated: u64 = before(" generated,")?;
    let failed: u64 = before(" found ").unwrap_or_default();
    Some(Counts {
        passed: generated.saturating_sub(failed),
        failed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_understood() {
        let counted = |line: &str| counts(&["x".to_owned(), line.to_owned(), "Seed: 1".to_owned()]);
        let good = counted("  2962 generated, 2962 passed, 42 skipped");
        assert_eq!(good.map(|it| (it.passed, it.failed)), Some((2962, 0)));
        let bad = counted("  2906 generated, 41 found 47 unique failures, 28 skipped");
        assert_eq!(bad.map(|it| (it.passed, it.failed)), Some((2865, 41)));
        assert!(counted("nothing").is_none());
    }
}
