//! The functions behind one port: `cargo lambda watch` with the routes of the top Cargo.toml.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::environment::Environment;
use crate::process::Service;
use crate::progress::Step;
use crate::tools::PythonTools;
use crate::workspace;

const START_LIMIT: Duration = Duration::from_secs(120);
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// How cargo-lambda reports a function that ended instead of serving.
const ENDED: &str = "command exited code";

#[derive(Debug)]
pub struct Options {
    pub port: u16,
    pub release: bool,
    /// Instances of one function that may run at the same time.
    pub concurrency: u16,
}

#[derive(Debug)]
pub struct Gateway {
    service: Service,
    pub url: String,
}

impl Gateway {
    /// Returns when the metadata document is served.
    pub fn start(
        tools: &PythonTools,
        environment: &Environment,
        options: &Options,
        logs: &Path,
    ) -> Result<Self> {
        let step = Step::quick("Functions answer");
        let mut command = tools.cargo_lambda();
        command
            .current_dir(workspace::root())
            // Its default is every interface, and CORS is the functions' own business.
            .args(["watch", "--invoke-address", "127.0.0.1", "--invoke-port"])
            .arg(options.port.to_string())
            .args(["--ignore-changes", "--disable-cors", "--color", "never"])
            .arg("--concurrency")
            .arg(options.concurrency.to_string())
            .env("PATH", tools.search_path());
        if options.release {
            command.arg("--release");
        }
        environment.apply(&mut command);
        let log = logs.join("functions.log");
        let mut gateway = Self {
            service: Service::start("cargo lambda watch", &mut command, &log)?,
            url: format!("http://127.0.0.1:{}", options.port),
        };
        gateway.wait_until_ready()?;
        step.done();
        Ok(gateway)
    }

    pub fn log(&self) -> &Path {
        self.service.log()
    }

    pub fn ensure_running(&mut self) -> Result<()> {
        self.service.ensure_running()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(CALL_LIMIT))
            .http_status_as_error(false)
            .build()
            .into();
        let document = format!("{}/.well-known/openid-configuration", self.url);
        let log = self.service.log().to_owned();
        self.service.wait_until(START_LIMIT, || {
            // 404 where the registry has no default tenant.
            let answer = agent.get(&document).call();
            let served = answer.is_ok_and(|answer| answer.status().as_u16() < 500);
            let ended = fs::read_to_string(&log).is_ok_and(|log| log.contains(ENDED));
            if ended && !served {
                bail!("a function ended instead of serving");
            }
            Ok(served)
        })
    }
}
