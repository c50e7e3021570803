//! `cargo xtask deploy-check`: whether template.yaml is valid and the functions build as for a deployment, without an
//! account.

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::progress::{Step, Timings, say};
use crate::tools::{PythonTools, Sam};
use crate::{process, workspace};

pub fn run() -> Result<ExitCode> {
    let mut timings = Timings::default();
    let step = Step::quick("Tools");
    let tools = PythonTools::ensure()?;
    let sam = Sam::ensure()?;
    timings.add("tools", step.elapsed(), false);

    let step = Step::slow("sam validate --lint");
    process::run(offline(&tools, sam.command().args(["validate", "--lint"])))?;
    timings.add("sam validate", step.done(), false);

    // The other architecture needs its standard library, which a machine may not have; what is checked is the same.
    let step = Step::slow("sam build for x86_64");
    let mut build = sam.command();
    build.args(["build", "--parameter-overrides", "Architecture=x86_64"]);
    process::run(offline(&tools, &mut build))?;
    timings.add("sam build", step.done(), false);

    show_sizes()?;
    timings.show();
    Ok(ExitCode::SUCCESS)
}

/// No account is asked and nothing reported.
fn offline<'a>(tools: &PythonTools, command: &'a mut Command) -> &'a mut Command {
    command
        .current_dir(workspace::root())
        .env("PATH", tools.search_path())
        .env("SAM_CLI_TELEMETRY", "0")
        .env_remove("AWS_PROFILE")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
}

fn show_sizes() -> Result<()> {
    let mut lines = Vec::new();
    for folder in fs::read_dir(workspace::root().join(".aws-sam/build"))?.flatten() {
        if let Ok(file) = folder.path().join("bootstrap").metadata() {
            let name = folder.file_name().to_string_lossy().into_owned();
            lines.push(format!("  {name:<20} {:>8} KiB", file.len() / 1024));
        }
    }
    lines.sort();
    say("");
    lines.iter().for_each(|line| say(line));
    Ok(())
}
