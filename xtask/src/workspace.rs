//! Where things are: the workspace, the ignored folder `.latchkey/` and the binaries that cargo built.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The tasks' only door to the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "tasks are configured by the developer's environment; this is their one door to it"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The workspace's root folder.
pub fn root() -> PathBuf {
    let manifest =
        variable("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&manifest)
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// What the tasks install and write: ignored by git, safe to delete.
pub fn state() -> PathBuf {
    root().join(".latchkey")
}

pub fn tools() -> PathBuf {
    state().join("tools")
}

/// The folder of one command's logs, so that `test` can run beside `dev`.
pub fn logs(command: &str) -> PathBuf {
    state().join("logs").join(command)
}

/// A binary of this workspace, beside the running `xtask` whatever the target folder is called.
pub fn binary(name: &str, release: bool) -> Result<PathBuf> {
    let xtask = std::env::current_exe().context("where xtask itself is")?;
    let target = xtask
        .parent()
        .and_then(Path::parent)
        .context("the target folder")?;
    let profile = if release { "release" } else { "debug" };
    Ok(target.join(profile).join(name))
}

/// A path as a person at the workspace's root would write it.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}
