//! MiniStack as an account of AWS: it takes `sam deploy`, runs the functions as processes, enforces their roles.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::{self, Service};
use crate::progress::Step;
use crate::tools::Emulator;
use crate::{aws, stack, workspace};

pub const ACCOUNT: &str = "000000000000";
const SERVICES: &str =
    "apigateway,cloudformation,dynamodb,iam,kms,lambda,logs,monitoring,s3,sts,xray";
const START_LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Account<'a> {
    tools: &'a Emulator,
    service: Service,
    pub url: String,
}

impl<'a> Account<'a> {
    pub fn open(tools: &'a Emulator, folder: &Path) -> Result<Self> {
        let step = Step::quick("MiniStack is up");
        let scratch = folder.join("tmp");
        fs::create_dir_all(&scratch)?;
        let port = stack::free_port(None)?;
        let url = format!("http://127.0.0.1:{port}");
        let mut command = tools.gateway(port);
        // Its environment is the functions' as well, below what template.yaml gives them: nothing of the developer's
        // may fill a gap there.
        command
            .env_clear()
            .env("PATH", workspace::variable("PATH").unwrap_or_default())
            .env("TMPDIR", &scratch)
            .env("GATEWAY_PORT", port.to_string())
            .env("SERVICES", SERVICES)
            // IAM is enforced: functions come with the credentials of their roles.
            .env("AUTH", "true")
            // An API's own URL begins with https, as on AWS; what is served here is HTTP all the same.
            .env("USE_SSL", "1")
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            .env("LATCHKEY_DYNAMODB_ENDPOINT", &url)
            .env("LATCHKEY_KMS_ENDPOINT", &url);
        credentials(&mut command);
        let log = workspace::logs("deploy-local").join("ministack.log");
        let mut service = Service::start("MiniStack", &mut command, &log)?;
        service.wait_until(START_LIMIT, || Ok(stack::answers(&url)))?;
        step.done();
        Ok(Self {
            tools,
            service,
            url,
        })
    }

    /// For whoever calls this account: its endpoint and its root's credentials, and no file of the developer's.
    pub fn enter<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        for name in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"] {
            command.env_remove(name);
        }
        credentials(command)
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_DEFAULT_REGION", aws::REGION)
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    }

    /// What `xtask/tools/deployed.py` answers.
    pub fn ask(&self, command: &str, argument: impl AsRef<Path>) -> Result<Value> {
        let mut client = self.tools.client();
        client.arg(command).arg(argument.as_ref());
        let answer = process::capture(self.enter(&mut client))?;
        serde_json::from_str(&answer).with_context(|| format!("the answer of `{command}`"))
    }

    pub fn ensure_running(&mut self) -> Result<()> {
        self.service.ensure_running()
    }
}

fn credentials(command: &mut Command) -> &mut Command {
    command
        .env("AWS_REGION", aws::REGION)
        .env("AWS_ACCESS_KEY_ID", aws::ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", aws::ACCESS_KEY)
}
