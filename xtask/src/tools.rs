//! The tools of the local stack, installed into `.latchkey/tools/` from the pinned versions in `xtask/tools/`.
//! A tool is up to date while the pins it was installed from are the pins of today.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::progress::Step;
use crate::{build, prerequisites, process, workspace};

const STAMP: &str = ".pins";

/// cargo-lambda and MiniStack.
#[derive(Debug)]
pub struct PythonTools {
    bin: PathBuf,
}

impl PythonTools {
    pub fn ensure() -> Result<Self> {
        let home = workspace::tools().join("python");
        let pins = workspace::root().join("xtask/tools/requirements.txt");
        install("cargo-lambda and MiniStack", &home, &pins, |step| {
            virtual_environment(&home, &pins, step)
        })?;
        Ok(Self {
            bin: home.join("bin"),
        })
    }

    pub fn cargo_lambda(&self) -> Command {
        let mut command = Command::new(self.bin.join("cargo-lambda"));
        command.arg("lambda");
        command
    }

    pub fn ministack(&self) -> Command {
        Command::new(self.bin.join("ministack"))
    }

    /// The search path with these tools first: cargo-lambda looks for Zig through `python3`.
    pub fn search_path(&self) -> String {
        let path = workspace::variable("PATH").unwrap_or_default();
        format!("{}:{path}", self.bin.display())
    }
}

/// DynamoDB Local with the Java that runs it.
#[derive(Debug)]
pub struct DynamoDbLocal {
    java: PathBuf,
    jars: PathBuf,
}

impl DynamoDbLocal {
    pub fn ensure() -> Result<Self> {
        let java = prerequisites::java()?;
        let jars = workspace::tools().join("dynamodb-local");
        let pins = workspace::root().join("xtask/tools/pom.xml");
        install("DynamoDB Local", &jars, &pins, |step| {
            let mut maven = Command::new(prerequisites::maven()?);
            maven
                .args(["--quiet", "--batch-mode", "--file"])
                .arg(&pins)
                .arg("dependency:copy-dependencies")
                .arg("-DincludeScope=runtime")
                .arg(format!("-DoutputDirectory={}", jars.display()));
            process::run_logged(&mut maven, &log("dynamodb-local"), step)
        })?;
        Ok(Self { java, jars })
    }

    /// In memory, and one set of tables whatever the credentials and the Region of the caller.
    pub fn command(&self, port: u16) -> Command {
        let mut command = Command::new(&self.java);
        command
            .arg(format!("-Djava.library.path={}", self.jars.display()))
            .arg("-cp")
            .arg(self.jars.join("*"))
            .arg("software.amazon.dynamodb.services.local.main.ServerRunner")
            .args(["-inMemory", "-sharedDb", "-disableTelemetry", "-port"])
            .arg(port.to_string());
        command
    }
}

/// AWS SAM's command line, in an environment of its own.
#[derive(Debug)]
pub struct Sam {
    bin: PathBuf,
}

impl Sam {
    pub fn ensure() -> Result<Self> {
        let home = workspace::tools().join("sam");
        let pins = workspace::root().join("xtask/tools/requirements-sam.txt");
        install("AWS SAM CLI", &home, &pins, |step| {
            virtual_environment(&home, &pins, step)
        })?;
        Ok(Self {
            bin: home.join("bin"),
        })
    }

    pub fn command(&self) -> Command {
        Command::new(self.bin.join("sam"))
    }
}

/// schemathesis, whose dependencies are its own.
#[derive(Debug)]
pub struct Schemathesis {
    bin: PathBuf,
}

impl Schemathesis {
    pub fn ensure() -> Result<Self> {
        let home = workspace::tools().join("schemathesis");
        let pins = workspace::root().join("xtask/tools/requirements-schemathesis.txt");
        install("schemathesis", &home, &pins, |step| {
            virtual_environment(&home, &pins, step)
        })?;
        Ok(Self {
            bin: home.join("bin"),
        })
    }

    pub fn command(&self) -> Command {
        Command::new(self.bin.join("schemathesis"))
    }
}

/// cargo-fuzz, which builds for libFuzzer.
#[derive(Debug)]
pub struct CargoFuzz {
    bin: PathBuf,
}

impl CargoFuzz {
    pub fn ensure() -> Result<Self> {
        let home = workspace::tools().join("cargo-fuzz");
        let pins = workspace::root().join("xtask/tools/cargo-fuzz");
        install("cargo-fuzz", &home, &pins, |step| {
            let text = fs::read_to_string(&pins)?;
            let (name, version) = text
                .trim()
                .split_once(' ')
                .context("a name and a version")?;
            let mut cargo = build::cargo();
            cargo
                .args(["install", "--locked", name, "--version", version, "--root"])
                .arg(&home)
                .arg("--target-dir")
                .arg(home.join("target"));
            process::run_logged(&mut cargo, &log("cargo-fuzz"), step)?;
            Ok(fs::remove_dir_all(home.join("target"))?)
        })?;
        Ok(Self {
            bin: home.join("bin/cargo-fuzz"),
        })
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.bin);
        command.arg("fuzz");
        command
    }
}

/// MiniStack with AWS's translator of SAM templates, whose dependencies agree with neither of the other two.
#[derive(Debug)]
pub struct Emulator {
    python: PathBuf,
}

impl Emulator {
    pub fn ensure() -> Result<Self> {
        let home = workspace::tools().join("deploy");
        let pins = workspace::root().join("xtask/tools/requirements-deploy.txt");
        install("MiniStack for deployments", &home, &pins, |step| {
            virtual_environment(&home, &pins, step)
        })?;
        Ok(Self {
            python: home.join("bin/python"),
        })
    }

    /// As its own command line starts it to run in the background: plain HTTP whatever `USE_SSL` says.
    pub fn gateway(&self, port: u16) -> Command {
        let mut command = Command::new(&self.python);
        command
            .args(["-m", "hypercorn", "ministack.app:app", "--keep-alive", "75"])
            .arg("--bind")
            .arg(format!("127.0.0.1:{port}"));
        command
    }

    /// AWS's own client: `xtask/tools/deployed.py`.
    pub fn client(&self) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(workspace::root().join("xtask/tools/deployed.py"));
        command
    }
}

fn log(tool: &str) -> PathBuf {
    workspace::logs("tools").join(format!("{tool}.log"))
}

fn virtual_environment(home: &Path, pins: &Path, step: &Step) -> Result<()> {
    let tool = home
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut venv = Command::new(prerequisites::python()?);
    venv.args(["-m", "venv"]).arg(home);
    process::run_logged(&mut venv, &log(&format!("{tool}-venv")), step)?;
    let mut pip = Command::new(home.join("bin/python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check"])
        .arg("--requirement")
        .arg(pins);
    process::run_logged(&mut pip, &log(&format!("{tool}-pip")), step)
}

/// Runs `make` unless `home` was made from the same pins. Two tasks that start together take turns.
fn install(
    what: &str,
    home: &Path,
    pins: &Path,
    make: impl FnOnce(&Step) -> Result<()>,
) -> Result<()> {
    let wanted = fs::read(pins).with_context(|| format!("cannot read {}", pins.display()))?;
    let stamp = home.join(STAMP);
    if is_current(&stamp, &wanted) {
        return Ok(());
    }
    fs::create_dir_all(workspace::tools())?;
    let lock = File::create(workspace::tools().join("lock"))?;
    lock.lock()?;
    if is_current(&stamp, &wanted) {
        return Ok(());
    }
    let step = Step::slow(&format!(
        "Installing {what} into {}",
        workspace::shown(home)
    ));
    if home.exists() {
        fs::remove_dir_all(home)?;
    }
    fs::create_dir_all(home)?;
    make(&step).with_context(|| format!("installing {what}"))?;
    fs::write(&stamp, &wanted)?;
    step.done();
    Ok(())
}

fn is_current(stamp: &Path, wanted: &[u8]) -> bool {
    fs::read(stamp).is_ok_and(|found| found == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_exact() {
        for file in [
            "requirements.txt",
            "requirements-sam.txt",
            "requirements-deploy.txt",
            "requirements-schemathesis.txt",
        ] {
            let text = read_pins(file);
            for line in text.lines().filter(|line| !line.is_empty()) {
                assert!(
                    line.starts_with('#') || line.contains("=="),
                    "{file}: {line} is not pinned"
                );
            }
        }
    }

    fn read_pins(file: &str) -> String {
        fs::read_to_string(workspace::root().join("xtask/tools").join(file)).unwrap()
    }

    #[test]
    fn there_is_one_ministack_and_one_translator() {
        let pin = |file: &str, name: &str| {
            let text = read_pins(file);
            let pin = text.lines().find(|line| line.starts_with(name));
            pin.unwrap_or_else(|| panic!("{file} has no {name}"))
                .to_owned()
        };
        let of_deploy = |name| pin("requirements-deploy.txt", name);
        for name in ["ministack==", "cryptography=="] {
            assert_eq!(of_deploy(name), pin("requirements.txt", name));
        }
        // What is said of MiniStack is said of this version.
        let version = of_deploy("ministack==").replace("==", " ");
        let operations = workspace::root().join("docs/operations.md");
        let operations = fs::read_to_string(operations).unwrap();
        assert!(operations.to_lowercase().contains(&version), "{version}");
        let translator = "aws-sam-translator==";
        assert_eq!(
            of_deploy(translator),
            pin("requirements-sam.txt", translator)
        );
    }
}
