//! What `sam deploy` is given: the binaries as `bootstrap`, each in a folder of its own, and template.yaml pointing there.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace;

const CODE: &str = "CodeUri: functions/";

/// The functions by the names of their binaries.
pub fn functions(template: &str) -> Vec<&str> {
    template
        .lines()
        .filter_map(|line| line.trim().strip_prefix(CODE))
        .collect()
}

/// template.yaml with each `CodeUri` pointing beside the copy, and without the resources that are `left_out`.
pub fn copy(template: &str, left_out: &[&str]) -> Result<String> {
    if functions(template).is_empty() {
        bail!("template.yaml has no `{CODE}...`");
    }
    let mut copy = String::new();
    let mut skipped = 0;
    let mut skipping = false;
    for line in template.split_inclusive('\n') {
        // The resources are two spaces in, what is in them further.
        if let Some(rest) = line.strip_prefix("  ").filter(|it| !it.starts_with(' ')) {
            skipping = rest
                .trim_end()
                .strip_suffix(':')
                .is_some_and(|name| left_out.contains(&name));
            skipped += usize::from(skipping);
        } else if line.starts_with(|first: char| !first.is_whitespace()) {
            skipping = false;
        }
        if !skipping {
            copy.push_str(&line.replacen(CODE, "CodeUri: ", 1));
        }
    }
    if skipped != left_out.len() {
        bail!(
            "template.yaml should have each once: {}",
            left_out.join(", ")
        );
    }
    Ok(copy)
}

/// The value of `parameter_overrides` of a stage, pair by pair.
pub fn parameters(samconfig: &str, stage: &str) -> Result<Vec<(String, String)>> {
    let section = format!("[{stage}.deploy.parameters]");
    let (_, rest) = samconfig
        .split_once(&section)
        .with_context(|| format!("samconfig.toml has no {section}"))?;
    let own = rest.split("\n[").next().unwrap_or_default();
    let overrides = own
        .lines()
        .find_map(|line| line.strip_prefix("parameter_overrides = "))
        .with_context(|| format!("{section} has no parameter_overrides"))?;
    overrides
        .trim()
        .trim_matches('"')
        .split_whitespace()
        .map(|pair| {
            let (name, value) = pair.split_once('=').context("a parameter is NAME=VALUE")?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// The binaries, without what only a debugger reads: that makes them half as big to pack.
pub fn stage(folder: &Path, functions: &[&str], release: bool) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for function in functions {
        let own = folder.join(function);
        fs::create_dir_all(&own)?;
        let bootstrap = own.join("bootstrap");
        let binary = workspace::binary(function, release)?;
        fs::copy(&binary, &bootstrap)
            .with_context(|| format!("{} is not there", workspace::shown(&binary)))?;
        // Without binutils they are just bigger.
        let _ = Command::new("strip").arg(&bootstrap).output();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> String {
        fs::read_to_string(workspace::root().join("template.yaml")).unwrap()
    }

    /// The lines that only one of them has, in order.
    fn differences(before: &str, after: &str) -> Vec<(String, String)> {
        assert_eq!(before.lines().count(), after.lines().count());
        before
            .lines()
            .zip(after.lines())
            .filter(|(before, after)| before != after)
            .map(|(before, after)| (before.trim().to_owned(), after.trim().to_owned()))
            .collect()
    }

    #[test]
    fn a_copy_differs_in_code_uri_alone() {
        let template = template();
        let copy = copy(&template, &[]).unwrap();
        let wanted: Vec<(String, String)> = functions(&template)
            .into_iter()
            .map(|name| {
                (
                    format!("CodeUri: functions/{name}"),
                    format!("CodeUri: {name}"),
                )
            })
            .collect();
        assert_eq!(wanted.len(), 7);
        assert_eq!(differences(&template, &copy), wanted);
    }

    #[test]
    fn what_is_left_out_goes_whole_and_alone() {
        let template = "Resources:\n  A:\n    CodeUri: functions/a\n\n  # ---- b\n  B:\n    Type: X\n      y: 1\n\n  C:\n    Type: Z\n\nOutputs:\n  B:\n";
        // Outputs have names of their own: this B would be one too many.
        assert!(copy(template, &["B"]).is_err());
        let template = template.replace("Outputs:\n  B:\n", "Outputs:\n  Out:\n");
        let left = copy(&template, &["B"]).unwrap();
        assert_eq!(
            left,
            "Resources:\n  A:\n    CodeUri: a\n\n  # ---- b\n  C:\n    Type: Z\n\nOutputs:\n  Out:\n"
        );
        let left = copy(&template, &["C"]).unwrap();
        assert!(left.ends_with("      y: 1\n\nOutputs:\n  Out:\n"), "{left}");
        assert!(copy(&template, &["D"]).is_err(), "it is not there");
    }

    #[test]
    fn parameters_are_those_of_the_stage() {
        let samconfig = "[dev.deploy.parameters]\nresolve_s3 = true\nparameter_overrides = \"A=1 B=https://x?y=z\"\n\n[prod.deploy.parameters]\nparameter_overrides = \"A=2\"\n\n[none.deploy.parameters]\n";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            parameters(samconfig, "dev").unwrap(),
            [pair("A", "1"), pair("B", "https://x?y=z")]
        );
        assert_eq!(parameters(samconfig, "prod").unwrap(), [pair("A", "2")]);
        assert!(parameters(samconfig, "none").is_err());
        assert!(parameters(samconfig, "test").is_err());
    }
}
