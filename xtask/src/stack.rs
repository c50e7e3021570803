//! The local stack: DynamoDB Local and MiniStack's KMS, or the ones that LATCHKEY_DYNAMODB_ENDPOINT and
//! LATCHKEY_KMS_ENDPOINT name, with the tables of template.yaml in it.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::prerequisites::Missing;
use crate::process::Service;
use crate::progress::{self, QUIET, Step, paint};
use crate::template::{SigningKey, Template};
use crate::tools::{DynamoDbLocal, PythonTools};
use crate::{aws, tables, workspace};

const START_LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Options {
    /// What the tables' names begin with.
    pub prefix: String,
    pub logs: PathBuf,
    pub dynamodb_port: Option<u16>,
    pub kms_port: Option<u16>,
}

#[derive(Debug)]
pub struct Stack {
    pub dynamodb: Endpoint,
    pub kms: Endpoint,
    prefix: String,
    signing_key: SigningKey,
    tables: Vec<String>,
    /// Each with the URL at which it answers.
    services: Services,
}

#[derive(Debug, Clone)]
pub struct Endpoint {
    pub url: String,
    /// Started here, hence empty.
    pub ours: bool,
}

/// Where the database comes from. Chosen before anything is built, so that what is missing is named at once.
#[derive(Debug)]
pub enum Database {
    Given(String),
    Local(DynamoDbLocal),
    MiniStack,
}

impl Stack {
    pub fn start(options: &Options, tools: &PythonTools, database: Database) -> Result<Self> {
        let template = Template::read()?;
        let step = Step::quick("DynamoDB and KMS are up");
        let mut services = Vec::new();
        let given_kms = workspace::variable("LATCHKEY_KMS_ENDPOINT");
        let ministack = if given_kms.is_none() || matches!(database, Database::MiniStack) {
            Some(start_ministack(tools, options, &mut services)?)
        } else {
            None
        };
        let dynamodb = match (database, &ministack) {
            (Database::Given(url), _) => Endpoint { url, ours: false },
            (Database::MiniStack, Some(endpoint)) => endpoint.clone(),
            (Database::MiniStack, None) => bail!("MiniStack was not started"),
            (Database::Local(local), _) => start_dynamodb(&local, options, &mut services)?,
        };
        let kms = match (given_kms, ministack) {
            (Some(url), _) => Endpoint { url, ours: false },
            (None, Some(endpoint)) => endpoint,
            (None, None) => bail!("MiniStack was not started"),
        };
        let mut stack = Self {
            dynamodb,
            kms,
            prefix: options.prefix.clone(),
            signing_key: template.signing_key()?,
            tables: Vec::new(),
            services,
        };
        stack.wait_until_ready()?;
        step.done();
        stack.tell();
        stack.create_tables(&template)?;
        Ok(stack)
    }

    pub fn table(&self, logical: &str) -> String {
        tables::local_name(&self.prefix, logical)
    }

    /// Of the database, if it was started here.
    pub fn dynamodb_process(&self) -> Option<u32> {
        let mut services = self.services.iter();
        let (service, _) = services.find(|(_, url)| *url == self.dynamodb.url)?;
        Some(service.id())
    }

    pub fn create_key(&self) -> Result<String> {
        let client = aws::kms(&self.kms.url);
        aws::wait_for(tables::create_key(&client, &self.signing_key, &self.prefix))
    }

    pub fn ensure_running(&mut self) -> Result<()> {
        self.services
            .iter_mut()
            .try_for_each(|(service, _)| service.ensure_running())
    }

    /// For a database that outlives the task.
    pub fn delete_tables(&self) -> Result<()> {
        let client = aws::dynamodb(&self.dynamodb.url);
        aws::wait_for(async {
            for table in &self.tables {
                tables::delete(&client, table).await?;
            }
            Ok(())
        })
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        for (service, url) in &mut self.services {
            service.wait_until(START_LIMIT, || Ok(answers(url)))?;
        }
        for endpoint in [&self.dynamodb, &self.kms] {
            if !answers(&endpoint.url) {
                bail!("nothing answers at {}", endpoint.url);
            }
        }
        Ok(())
    }

    fn tell(&self) {
        for (name, endpoint) in [("DynamoDB", &self.dynamodb), ("KMS", &self.kms)] {
            let whose = if endpoint.ours { "" } else { " (yours)" };
            progress::note(&paint(
                QUIET,
                &format!("  {name:<8}  {}{whose}", endpoint.url),
            ));
        }
    }

    fn create_tables(&mut self, template: &Template) -> Result<()> {
        let step = Step::quick("Tables are as template.yaml defines them");
        let client = aws::dynamodb(&self.dynamodb.url);
        for (logical, table) in template.tables()? {
            let name = self.table(&logical);
            aws::wait_for(tables::create(&client, &name, &table))?;
            self.tables.push(name);
        }
        step.done();
        Ok(())
    }
}

impl Endpoint {
    fn on(port: u16) -> Self {
        Self {
            url: format!("http://127.0.0.1:{port}"),
            ours: true,
        }
    }
}

impl Database {
    /// Without Java, and if that is good enough, MiniStack's instead of an error.
    pub fn choose(without_java: bool) -> Result<Self> {
        if let Some(url) = workspace::variable("LATCHKEY_DYNAMODB_ENDPOINT") {
            return Ok(Self::Given(url));
        }
        match DynamoDbLocal::ensure() {
            Ok(local) => Ok(Self::Local(local)),
            Err(error) => match error.downcast_ref::<Missing>() {
                Some(missing) if without_java => {
                    progress::note(&format!(
                        "{missing}.\nUntil then MiniStack's DynamoDB takes its place."
                    ));
                    Ok(Self::MiniStack)
                }
                Some(_) | None => Err(error),
            },
        }
    }
}

type Services = Vec<(Service, String)>;

fn start_ministack(
    tools: &PythonTools,
    options: &Options,
    services: &mut Services,
) -> Result<Endpoint> {
    let port = free_port(options.kms_port)?;
    let mut command = tools.ministack();
    command
        // Its default is every interface.
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("SERVICES", "kms,dynamodb")
        // Listeners of other services, on fixed ports.
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        .env_remove("PERSIST_STATE");
    let log = options.logs.join("ministack.log");
    let endpoint = Endpoint::on(port);
    let service = Service::start("MiniStack", &mut command, &log)?;
    services.push((service, endpoint.url.clone()));
    Ok(endpoint)
}

/// It listens on every interface and has no option for that; what it holds is made up, and gone when it ends.
fn start_dynamodb(
    local: &DynamoDbLocal,
    options: &Options,
    services: &mut Services,
) -> Result<Endpoint> {
    let port = free_port(options.dynamodb_port)?;
    let log = options.logs.join("dynamodb.log");
    let endpoint = Endpoint::on(port);
    let service = Service::start("DynamoDB Local", &mut local.command(port), &log)?;
    services.push((service, endpoint.url.clone()));
    Ok(endpoint)
}

/// Both services speak HTTP; any answer means that they are up.
pub fn answers(url: &str) -> bool {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(2)))
        .http_status_as_error(false)
        .build()
        .into();
    agent.get(url).call().is_ok()
}

/// The port asked for, if it is free, or any free one.
pub fn free_port(wanted: Option<u16>) -> Result<u16> {
    let port = wanted.unwrap_or(0);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
        format!("port {port} is taken: end what uses it or choose another with --port")
    })?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_refused() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(free_port(Some(port)).is_err());
        assert_ne!(free_port(None).unwrap(), 0);
    }
}
