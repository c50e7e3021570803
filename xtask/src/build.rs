//! Builds what the local stack runs.

use std::process::Command;

use anyhow::Result;

use crate::progress::Step;
use crate::{process, workspace};

/// All binaries at once: `cargo lambda watch` starts each with `cargo run --bin NAME`, which finds nothing left to do
/// only if the same features were chosen, hence for the same packages.
pub fn binaries(release: bool) -> Result<Step> {
    let step = Step::slow("Building the functions and the command");
    let mut cargo = cargo();
    cargo.args(["build", "--bins"]);
    if release {
        cargo.arg("--release");
    }
    process::run(&mut cargo)?;
    Ok(step)
}

pub fn cargo() -> Command {
    let program = workspace::variable("CARGO").unwrap_or_else(|| "cargo".to_owned());
    let mut command = Command::new(program);
    command.current_dir(workspace::root());
    command
}
