//! Builds what is measured, each as it is deployed: alone, so that no other package's features come in.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::progress::Step;
use crate::{build, process, workspace};

/// Functions with the same dependencies are built in one go, which leaves each as if it were built alone.
const BUILDS: [&[&str]; 5] = [
    &["bare"],
    &["token"],
    &["discovery", "introspect", "register", "revoke", "userinfo"],
    &["manage"],
    &["yardstick"],
];

pub fn names() -> impl Iterator<Item = &'static str> {
    BUILDS.into_iter().flatten().copied()
}

/// Copies of the release binaries: a build that goes on elsewhere must not change what is being measured.
pub fn folder() -> PathBuf {
    workspace::state().join("bench/bin")
}

pub fn build() -> Result<()> {
    let step = Step::slow("Building the command");
    process::run(build::cargo().args(["build", "--bin", "latchkey"]))?;
    step.done();
    for names in BUILDS {
        let step = Step::slow(&format!("Building for release: {}", names.join(", ")));
        let mut cargo = build::cargo();
        cargo.args(["build", "--release"]);
        for name in names {
            cargo.args(["-p", name]);
        }
        process::run(&mut cargo)?;
        for name in names {
            keep(name)?;
        }
        step.done();
    }
    Ok(())
}

fn keep(name: &str) -> Result<()> {
    let built = workspace::binary(name, true)?;
    fs::create_dir_all(folder())?;
    fs::copy(&built, folder().join(name))
        .with_context(|| format!("cannot copy {}", built.display()))?;
    Ok(())
}

pub fn size(folder: &Path, name: &str) -> Result<u64> {
    let binary = folder.join(name);
    let found = fs::metadata(&binary)
        .with_context(|| format!("{} is not built: leave --skip-build out", binary.display()))?;
    Ok(found.len())
}
