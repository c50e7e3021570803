//! `cargo xtask deploy-local`: `sam deploy` of template.yaml to MiniStack, an operator's first steps on it, and whether
//! what is there is what is written. Twice: as stage `dev` of samconfig.toml, then with every parameter changed.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use self::emulator::Account;
use self::resolve::Resolver;
use self::tally::Checks;
use crate::demo_access::{self, Access};
use crate::demo_http::Http;
use crate::environment::Environment;
use crate::progress::{HEAD, QUIET, Step, Timings, note, paint, say};
use crate::registry::{self, Operator};
use crate::template::Template;
use crate::tools::{Emulator, Sam};
use crate::{aws, build, demo, prerequisites, process, tables, workspace};

mod checks;
mod emulator;
mod requests;
mod resolve;
mod staging;
mod tally;

const STAGE: &str = "dev";
const STACK: &str = "latchkey-dev";
const OTHER_ISSUER: &str = "https://id.example.org";
/// Every parameter but the architecture, each with another value than the stage's.
const CHANGED: [(&str, &str); 14] = [
    ("Stage", "other"),
    ("Issuer", OTHER_ISSUER),
    ("LogRetentionDays", "90"),
    ("RegistrationsPerSecond", "7"),
    ("MutualTlsDomain", "clients.example.com"),
    (
        "MutualTlsCertificate",
        "arn:aws:acm:us-east-1:000000000000:certificate/0",
    ),
    ("MutualTlsTrustStore", "s3://trust/clients.pem"),
    ("Tracing", "PassThrough"),
    ("Monitoring", "on"),
    ("AlarmTopic", "arn:aws:sns:us-east-1:000000000000:alarms"),
    ("TokenMemory", "2048"),
    ("Argon2MemoryKib", "20480"),
    ("Argon2Iterations", "3"),
    ("Argon2Parallelism", "2"),
];
/// What is done here because MiniStack does not do as AWS does, and docs/operations.md says as well.
const WORKAROUNDS: [&str; 4] = [
    "the copy of template.yaml has each CodeUri at a binary that cargo built (on AWS `sam build` does that)",
    "the functions find DynamoDB and KMS through two variables of MiniStack's own environment (on AWS there are none)",
    "requests go to MiniStack's port with the API's host name, over plain HTTP (on AWS the host is in DNS and speaks TLS)",
    "alarms on metric math are left out, which MiniStack refuses",
];

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Deploy the functions as built for release (minutes to build)
    #[arg(long)]
    release: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut timings = Timings::default();
    let mut checks = Checks::default();
    let registry = workspace::root().join("examples/registry.yaml");
    registry::check(&registry)?;
    prerequisites::for_dev()?;
    let step = Step::quick("Tools");
    let (sam, emulator) = (Sam::ensure()?, Emulator::ensure()?);
    timings.add("tools", step.elapsed(), false);
    let step = build::binaries(arguments.release)?;
    timings.add("build", step.done(), false);

    let folder = workspace::state().join("deploy");
    let text = fs::read_to_string(workspace::root().join("template.yaml"))?;
    staging::stage(&folder, &staging::functions(&text), arguments.release)?;
    let step = Step::quick("MiniStack");
    let account = Account::open(&emulator, &folder)?;
    let template = account.ask("template", workspace::root().join("template.yaml"))?;
    timings.add("MiniStack", step.elapsed(), false);
    let mut deployment = Deployment {
        account,
        sam,
        folder,
        text,
        template,
        registry,
        release: arguments.release,
    };
    let outcome = deployment.everything(&mut checks, &mut timings);
    if let Err(error) = &outcome {
        deployment.account.ensure_running()?;
        checks.expect(false, format!("{error:#}"));
        checks.tell("the rest was not reached");
    }
    process::wait_if_stopping();
    let folder = deployment.folder.clone();
    drop(deployment);
    fs::remove_dir_all(folder)?;
    Ok(closing(&checks, &timings))
}

fn closing(checks: &Checks, timings: &Timings) -> ExitCode {
    say("");
    say(&paint(HEAD, "Done otherwise than on AWS:"));
    for workaround in WORKAROUNDS {
        say(&format!("  {workaround}"));
    }
    say(&paint(
        HEAD,
        "Written, and not shown here (docs/operations.md, \"As deployed\"):",
    ));
    for gap in &checks.not_shown {
        say(&format!("  {gap}"));
    }
    timings.show();
    let (passed, failed) = (checks.passed, checks.failed.len());
    say(&format!("\n{passed} passed, {failed} failed"));
    ExitCode::from(u8::from(failed > 0))
}

#[derive(Debug)]
struct Deployment<'a> {
    account: Account<'a>,
    sam: Sam,
    folder: PathBuf,
    /// template.yaml as it is written, and as JSON.
    text: String,
    template: Value,
    registry: PathBuf,
    release: bool,
}

impl Deployment<'_> {
    fn everything(&mut self, checks: &mut Checks, timings: &mut Timings) -> Result<()> {
        let samconfig = fs::read_to_string(workspace::root().join("samconfig.toml"))?;
        let mut given = staging::parameters(&samconfig, STAGE)?;
        given.push(("Architecture".to_owned(), architecture()?.to_owned()));

        let first = self.deploy("as stage dev", &given, &[], timings)?;
        self.as_written(checks, &given, &first, &[])?;
        let step = Step::quick("Registry and key");
        let accesses = self.fill(&first)?;
        timings.add("registry and key", step.done(), false);
        let step = Step::quick("requests");
        let api = self.http(&first)?;
        self.without_policies(checks, &api, &accesses)?;
        let issuer = output(&first, "ApiUrl")?;
        self.requests(checks, &api, &issuer, &accesses, None)?;
        self.keys(checks, &first, &api, &issuer)?;
        timings.add("requests", step.elapsed(), false);

        for (name, value) in CHANGED {
            given.retain(|(given, _)| given != name);
            given.push((name.to_owned(), value.to_owned()));
        }
        let refused = metric_math(&self.template)?;
        let second = self.deploy("with every parameter changed", &given, &refused, timings)?;
        self.as_written(checks, &given, &second, &refused)?;
        let step = Step::quick("requests");
        let namespace = format!("Latchkey/{STACK}");
        self.requests(checks, &api, OTHER_ISSUER, &accesses, Some(&namespace))?;
        let logs = self.account.ask("logs", STACK)?;
        requests::watched(
            checks,
            &logs,
            second.get("Resources").unwrap_or(&Value::Null),
        )?;
        checks.tell("alarms watch metrics that the functions write");
        timings.add("requests", step.elapsed(), false);
        for name in refused {
            checks
                .not_shown
                .insert(format!("{name}: MiniStack refuses metric math"));
        }

        let step = Step::quick("deletion");
        let left = self.account.ask("delete", STACK)?;
        checks::what_is_left(checks, &self.template, &left)?;
        checks.tell("the stack is deleted, tables and key are kept");
        timings.add("deletion", step.elapsed(), false);
        Ok(())
    }

    /// `sam deploy`; what is there then.
    fn deploy(
        &self,
        how: &str,
        given: &[(String, String)],
        left_out: &[&str],
        timings: &mut Timings,
    ) -> Result<Value> {
        let path = self.folder.join("template.yaml");
        fs::write(&path, staging::copy(&self.text, left_out)?)?;
        let pairs: Vec<String> = given
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        note("");
        let step = Step::slow(&format!("sam deploy {how}"));
        note(&paint(QUIET, &format!("  {}", pairs.join(" "))));
        let mut sam = self.sam.command();
        sam.current_dir(&self.folder)
            .args(["deploy", "--config-env", STAGE, "--config-file"])
            .arg(workspace::root().join("samconfig.toml"))
            .arg("--template-file")
            .arg(&path)
            .args(["--no-confirm-changeset", "--no-progressbar"])
            .arg("--parameter-overrides")
            .args(&pairs)
            .env("SAM_CLI_TELEMETRY", "0");
        let log = workspace::logs("deploy-local").join("sam.log");
        process::run_logged(self.account.enter(&mut sam), &log, &step)?;
        timings.add(&format!("sam deploy {how}"), step.done(), false);
        self.account.ask("describe", STACK)
    }

    fn as_written(
        &self,
        checks: &mut Checks,
        given: &[(String, String)],
        description: &Value,
        left_out: &[&str],
    ) -> Result<()> {
        let resources = description.get("Resources").context("no resources")?;
        let resolver = Resolver::new(&self.template, given, STACK, resources);
        checks::as_written(checks, &resolver, description, left_out)?;
        checks.tell("what is deployed is what template.yaml says, property by property");
        Ok(())
    }

    /// What an operator has: the tables that the deployment printed.
    fn environment(&self, description: &Value) -> Result<Environment> {
        let tables = [
            ("LATCHKEY_REGISTRY_TABLE", "RegistryTable"),
            ("LATCHKEY_USERS_TABLE", "UsersTable"),
            ("LATCHKEY_GRANTS_TABLE", "GrantsTable"),
        ];
        let [registry, users, grants] =
            tables.map(|(variable, name)| output(description, name).map(|it| (variable, it)));
        let tables = [registry?, users?, grants?];
        Ok(Environment::of_operator(tables, &self.account.url))
    }

    /// A key that this stack may sign with, or another one.
    fn create_key(&self, stack: &str) -> Result<String> {
        let like = Template::read()?.signing_key()?;
        let kms = aws::kms(&self.account.url);
        aws::wait_for(tables::create_key(&kms, &like, stack))
    }

    /// As the README says, with what the deployment printed.
    fn fill(&self, description: &Value) -> Result<Vec<Access>> {
        let environment = self.environment(description)?;
        let operator = Operator {
            environment: &environment,
            release: self.release,
        };
        let applied = operator.apply(&self.registry)?;
        let own = output(description, "SigningKeyId")?;
        operator.add_keys(&own, || self.create_key(STACK))?;
        demo_access::read(&self.registry, &applied)
    }

    /// That the tag of a key decides, and nothing else.
    fn keys(
        &self,
        checks: &mut Checks,
        description: &Value,
        api: &Http,
        issuer: &str,
    ) -> Result<()> {
        let environment = self.environment(description)?;
        let operator = Operator {
            environment: &environment,
            release: self.release,
        };
        let token = requests::manager(&operator, api, issuer, "manage:keys:write")?;
        let (ours, others) = (self.create_key(STACK)?, self.create_key("another-stack")?);
        requests::adds_key(checks, api, &token, &ours, 201)?;
        requests::adds_key(checks, api, &token, &others, 422)?;
        checks.tell("the management API reads public keys of this stack's, and of no other's");
        Ok(())
    }

    /// To the API's own host name, wherever it is.
    fn http(&self, description: &Value) -> Result<Http> {
        let url = output(description, "ApiUrl")?;
        let host = url.strip_prefix("https://").context("the API's URL")?;
        Ok(Http::behind(&self.account.url, host))
    }

    /// That the policies are enforced, or the rest would not show that they suffice.
    fn without_policies(&self, checks: &mut Checks, api: &Http, accesses: &[Access]) -> Result<()> {
        let access = accesses.first().context("nobody can sign in")?;
        let taken = self.account.ask("take", STACK)?;
        let path = self.folder.join("policies.json");
        fs::write(&path, taken.to_string())?;
        requests::refused(checks, api, access)?;
        self.account.ask("give", &path)?;
        checks.tell("no function may do anything without its policy");
        Ok(())
    }

    fn requests(
        &self,
        checks: &mut Checks,
        api: &Http,
        issuer: &str,
        accesses: &[Access],
        namespace: Option<&str>,
    ) -> Result<()> {
        let (passed, faults) = demo::run_silently(api, issuer, accesses)?;
        checks.add(passed, faults);
        checks.tell(&format!(
            "discovery, login, introspection, userinfo, refresh, revocation and reuse of {issuer}"
        ));
        for access in accesses.iter().take(1) {
            requests::reach_every_function(api, access)?;
        }
        let logs = self.account.ask("logs", STACK)?;
        requests::logged(checks, &logs, namespace)?;
        checks.tell(if namespace.is_some() {
            "every function's log has its requests, with metrics"
        } else {
            "every function's log has its requests, without metrics"
        });
        Ok(())
    }
}

fn output(description: &Value, name: &str) -> Result<String> {
    let value = description
        .get("Outputs")
        .and_then(|it| it.get(name)?.as_str());
    value
        .map(str::to_owned)
        .with_context(|| format!("the deployment has no output {name}"))
}

/// Alarms on an expression of several metrics.
fn metric_math(template: &Value) -> Result<Vec<&str>> {
    Ok(checks::members(template, "Resources")?
        .iter()
        .filter(|(_, resource)| {
            resource.get("Type") == Some(&Value::from("AWS::CloudWatch::Alarm"))
        })
        .filter(|(_, resource)| resource.pointer("/Properties/Metrics").is_some())
        .map(|(name, _)| name.as_str())
        .collect())
}

/// The functions run here.
fn architecture() -> Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("x86_64"),
        "aarch64" => Ok("arm64"),
        other => bail!("Lambda has no {other}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn outputs_are_read_by_name() {
        let description = json!({"Outputs": {"Issuer": "https://a"}});
        assert_eq!(output(&description, "Issuer").unwrap(), "https://a");
        let error = output(&description, "Tables").unwrap_err().to_string();
        assert!(error.contains("Tables"), "{error}");
    }

    #[test]
    fn alarms_on_expressions_are_found() {
        let alarm =
            |properties: Value| json!({"Type": "AWS::CloudWatch::Alarm", "Properties": properties});
        let template = json!({"Resources": {
            "Math": alarm(json!({"Metrics": []})),
            "One": alarm(json!({"MetricName": "faults"})),
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"Metrics": []}},
        }});
        assert_eq!(metric_math(&template).unwrap(), ["Math"]);
    }

    #[test]
    fn the_second_deployment_changes_every_parameter() {
        let read = |name: &str| fs::read_to_string(workspace::root().join(name)).unwrap();
        let template = read("template.yaml");
        let (_, rest) = template.split_once("\nParameters:\n").unwrap();
        let (parameters, _) = rest.split_once("\n\n").unwrap();
        let mut declared: Vec<&str> = parameters
            .lines()
            .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'))
            .filter(|name| !name.starts_with(' ') && *name != "Architecture")
            .collect();
        let mut changed: Vec<&str> = CHANGED.iter().map(|(name, _)| *name).collect();
        declared.sort_unstable();
        changed.sort_unstable();
        assert_eq!(changed, declared);
        let first = staging::parameters(&read("samconfig.toml"), STAGE).unwrap();
        for (name, value) in &first {
            let other = CHANGED.iter().find(|(changed, _)| changed == name);
            assert_ne!(other.unwrap().1, value, "{name}");
        }
        assert!(read("samconfig.toml").contains(&format!("stack_name = \"{STACK}\"")));
    }
}
