//! What must be on the machine already, and how to get it there.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::workspace;

const OLDEST_JAVA: u32 = 17;
const OLDEST_NODE: u32 = 20;

/// Something that only the developer can install, and how.
#[derive(Debug)]
pub struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

fn missing<T>(what: impl Into<String>) -> Result<T> {
    Err(Missing(what.into()).into())
}

/// Everything that `dev` cannot do without, told at once.
pub fn for_dev() -> Result<()> {
    all([compiler(), python().map(|_| ())])
}

/// Everything that `test` cannot do without, told at once.
pub fn for_tests() -> Result<()> {
    let given = workspace::variable("LATCHKEY_DYNAMODB_ENDPOINT").is_some();
    let java = if given { Ok(()) } else { java().map(|_| ()) };
    all([
        compiler(),
        cxx_compiler(),
        python().map(|_| ()),
        java,
        node(),
    ])
}

/// Everything that `fuzz` cannot do without, told at once.
pub fn for_fuzzing() -> Result<()> {
    all([compiler(), cxx_compiler()])
}

fn all<const N: usize>(checks: [Result<()>; N]) -> Result<()> {
    let missing: Vec<String> = checks
        .into_iter()
        .filter_map(|check| Some(check.err()?.to_string()))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("{}", missing.join("\n"))
}

/// What links every crate, and compiles the cryptography.
fn compiler() -> Result<()> {
    compiles("CC", "cc", "A C compiler", "to build")
}

/// What compiles libFuzzer.
fn cxx_compiler() -> Result<()> {
    compiles("CXX", "c++", "A C++ compiler", "to fuzz")
}

fn compiles(variable: &str, default: &str, what: &str, why: &str) -> Result<()> {
    let compiler = workspace::variable(variable).unwrap_or_else(|| default.to_owned());
    // The variable may hold arguments.
    let program = compiler.split(' ').next().unwrap_or_default();
    if succeeds(Command::new(program).arg("--version")) {
        return Ok(());
    }
    missing(format!(
        "{what} (`{compiler}`) is needed {why}. Install one with\n  \
         Debian, Ubuntu: sudo apt-get install build-essential\n  \
         macOS:          xcode-select --install"
    ))
}

/// What the JavaScript clients of `tests/clients/javascript` run on.
fn node() -> Result<()> {
    let node = output(Command::new("node").arg("--version"));
    let version = node.as_deref().and_then(node_version);
    let has_npm = succeeds(Command::new("npm").arg("--version"));
    if has_npm && version.is_some_and(|version| version >= OLDEST_NODE) {
        return Ok(());
    }
    let found = match (version, has_npm) {
        (Some(version), true) => format!(" (this is Node.js {version})"),
        (Some(_), false) => " (npm is not there)".to_owned(),
        (None, _) => String::new(),
    };
    missing(format!(
        "Node.js {OLDEST_NODE} or later with npm is needed for the tests with JavaScript clients{found}. Install it with\n  \
         Debian, Ubuntu: sudo apt-get install nodejs npm\n  \
         macOS:          brew install node\n\
         or, where that is an older one, from https://nodejs.org"
    ))
}

/// A Python that can make virtual environments.
pub fn python() -> Result<PathBuf> {
    const CHECK: &str =
        "import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 10) else 1)";
    for name in ["python3", "python"] {
        if succeeds(Command::new(name).args(["-c", CHECK])) {
            return Ok(PathBuf::from(name));
        }
    }
    let found = output(Command::new("python3").arg("--version"))
        .map_or_else(String::new, |found| {
            format!(" (this is {}, perhaps without venv)", found.trim())
        });
    missing(format!(
        "Python 3.10 or later with its venv module is needed for the local stack{found}. Install it with\n  \
         Debian, Ubuntu: sudo apt-get install python3 python3-venv\n  \
         macOS:          brew install python"
    ))
}

/// The Java that runs DynamoDB Local.
pub fn java() -> Result<PathBuf> {
    let java = workspace::variable("JAVA_HOME")
        .map(|home| Path::new(&home).join("bin/java"))
        .filter(|java| java.is_file())
        .unwrap_or_else(|| PathBuf::from("java"));
    let version = Command::new(&java)
        .arg("-version")
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| java_version(&String::from_utf8_lossy(&output.stderr)));
    match version {
        Some(version) if version >= OLDEST_JAVA => Ok(java),
        Some(_) | None => missing(format!(
            "Java {OLDEST_JAVA} or later is needed for DynamoDB Local{}. Install it with\n  \
             Debian, Ubuntu: sudo apt-get install openjdk-17-jre-headless\n  \
             macOS:          brew install openjdk@17\n\
             or point LATCHKEY_DYNAMODB_ENDPOINT at a DynamoDB Local that runs already",
            version.map_or_else(String::new, |version| format!(" (this is Java {version})"))
        )),
    }
}

/// The Maven that fetches DynamoDB Local.
pub fn maven() -> Result<PathBuf> {
    if succeeds(Command::new("mvn").arg("--version")) {
        return Ok(PathBuf::from("mvn"));
    }
    missing(
        "Maven is needed to fetch DynamoDB Local. Install it with\n  \
         Debian, Ubuntu: sudo apt-get install maven\n  \
         macOS:          brew install maven\n\
         or point LATCHKEY_DYNAMODB_ENDPOINT at a DynamoDB Local that runs already",
    )
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

/// `v20.20.2`.
fn node_version(text: &str) -> Option<u32> {
    text.trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// The number after `version "`; Java 8 and older call themselves 1.8.
fn java_version(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("version \"")?;
    version
        .split(|character: char| !character.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions() {
        assert_eq!(node_version("v20.20.2\n"), Some(20));
        assert_eq!(node_version("no"), None);
    }

    #[test]
    fn everything_missing_is_told_at_once() {
        let checks = [missing("Java"), Ok(()), missing("Node")];
        assert_eq!(all(checks).unwrap_err().to_string(), "Java\nNode");
    }

    #[test]
    fn java_versions_old_and_new() {
        let modern = "openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime Environment";
        assert_eq!(java_version(modern), Some(17));
        assert_eq!(java_version("java version \"1.8.0_402\""), Some(1));
        assert_eq!(java_version("openjdk version \"25\" 2025-09-16"), Some(25));
        assert_eq!(java_version("No Java runtime present"), None);
    }
}
