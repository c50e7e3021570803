//! `cargo xtask dev`: from a fresh clone to a running authorization server and a login to look at.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use latchkey_oauth::issuer::BaseUrl;

use crate::demo_access::Access;
use crate::environment::Environment;
use crate::gateway::{self, Gateway};
use crate::progress::{BAD, GOOD, HEAD, QUIET, paint, say};
use crate::registry::{self, Operator};
use crate::stack::{self, Database, Stack};
use crate::tools::PythonTools;
use crate::{build, demo, demo_access, demo_shell, prerequisites, workspace};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Stop after the demonstration; fails if any of its steps is not as it should be
    #[arg(long, conflicts_with = "no_watch")]
    once: bool,
    /// Port of the endpoints on 127.0.0.1
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// The issuer, if a front with TLS stands before the port [default: http://127.0.0.1:PORT]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Build with optimisations, as deployed (minutes)
    #[arg(long)]
    release: bool,
    /// Write what a client needs to know into a file that a shell can read
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Tenants, clients and users to start with [default: examples/registry.yaml]
    #[arg(long, value_name = "FILE")]
    registry: Option<PathBuf>,
    /// Only the stack, its tables and the registry, for a `cargo lambda watch` of your own
    #[arg(long)]
    no_watch: bool,
    /// Port of DynamoDB Local [default: a free one]
    #[arg(long, value_name = "PORT")]
    dynamodb_port: Option<u16>,
    /// Port of MiniStack's KMS [default: a free one]
    #[arg(long, value_name = "PORT")]
    kms_port: Option<u16>,
}

/// What is up, in the order in which it ends: the functions before what they call.
#[derive(Debug)]
struct Running {
    gateway: Option<Gateway>,
    stack: Stack,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let registry = arguments.registry()?;
    let issuer = arguments.issuer()?;
    if !arguments.no_watch {
        stack::free_port(Some(arguments.port))?;
    }
    prerequisites::for_dev()?;
    registry::check(&registry)?;
    let tools = PythonTools::ensure()?;
    let database = Database::choose(true)?;
    let built = build::binaries(arguments.release)?;
    built.done();

    let stack = Stack::start(&arguments.stack(), &tools, database)?;
    let environment = Environment::new(&stack, &issuer);
    environment.write(&workspace::state().join("watch.env"))?;
    let mut running = Running {
        gateway: None,
        stack,
    };
    let operator = Operator {
        environment: &environment,
        release: arguments.release,
    };
    let applied = operator.apply(&registry)?;
    operator.ensure_keys(&running.stack)?;
    let accesses = demo_access::read(&registry, &applied)?;
    let passed_over = demo_access::passed_over(&registry, &applied)?;
    arguments.tell_clients(&issuer, &accesses)?;

    if arguments.no_watch {
        tell_by_hand(arguments.port);
        return stay_up(&mut running);
    }
    let options = gateway::Options {
        port: arguments.port,
        release: arguments.release,
        concurrency: 2,
    };
    let logs = workspace::logs("dev");
    let gateway = Gateway::start(&tools, &environment, &options, &logs)?;
    let url = gateway.url.clone();
    let log = workspace::shown(gateway.log());
    running.gateway = Some(gateway);

    let faults = demo::run(&url, &issuer, &accesses, &passed_over)?;
    let code = tell_outcome(&faults);
    if arguments.once {
        return Ok(code);
    }
    tell_next(&url, &log, &accesses);
    stay_up(&mut running)
}

impl Arguments {
    fn registry(&self) -> Result<PathBuf> {
        let path = match &self.registry {
            Some(path) => std::path::absolute(path)?,
            None => workspace::root().join("examples/registry.yaml"),
        };
        if !path.is_file() {
            bail!("there is no registry file {}", path.display());
        }
        Ok(path)
    }

    /// To the letter as it will be written into every token.
    fn issuer(&self) -> Result<String> {
        let issuer = self
            .issuer
            .clone()
            .unwrap_or_else(|| format!("http://127.0.0.1:{}", self.port));
        BaseUrl::parse(&issuer).with_context(|| format!("--issuer {issuer}"))?;
        Ok(issuer)
    }

    fn stack(&self) -> stack::Options {
        stack::Options {
            prefix: "latchkey".to_owned(),
            logs: workspace::logs("dev"),
            dynamodb_port: self.dynamodb_port,
            kms_port: self.kms_port,
        }
    }

    /// For the curl lines and for the file asked for.
    fn tell_clients(&self, issuer: &str, accesses: &[Access]) -> Result<()> {
        let text = demo_shell::shell_variables(issuer, accesses);
        let own = workspace::state().join("client.env");
        for path in std::iter::once(&own).chain(&self.env_file) {
            fs::write(path, &text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

fn tell_outcome(faults: &[String]) -> ExitCode {
    if faults.is_empty() {
        say(&paint(GOOD, "Everything was as it should be."));
        return ExitCode::SUCCESS;
    }
    say(&paint(BAD, "What should be, and was not:"));
    for fault in faults {
        say(&format!("  {fault}"));
    }
    ExitCode::FAILURE
}

fn tell_by_hand(port: u16) {
    say("");
    say(&paint(HEAD, "The stack is up. Start the functions with"));
    say(&format!(
        "  .latchkey/tools/python/bin/cargo-lambda lambda watch -A 127.0.0.1 -P {port} --disable-cors \
         --env-file .latchkey/watch.env"
    ));
    say(&paint(QUIET, "Ctrl-C ends it."));
}

fn tell_next(url: &str, log: &str, accesses: &[Access]) {
    say("");
    if let Some(access) = accesses.first() {
        say(&paint(HEAD, "Try it yourself. In a browser:"));
        let issuer = format!("{url}{}{}", access.tenant_path(), access.issuer_path);
        say(&format!("  {issuer}/.well-known/openid-configuration"));
        say(&paint(HEAD, "In another terminal, line by line:"));
        for line in demo_shell::curl_lines(url, access) {
            say(&format!("  {line}"));
        }
    }
    let others = demo_shell::others(accesses);
    if !others.is_empty() {
        say(&paint(
            HEAD,
            ".latchkey/client.env has the others' variables too, each with its secret:",
        ));
        say(&format!("  {}", others.join(", ")));
    }
    say(&paint(HEAD, "As the operator of this stack:"));
    say("  (set -a; . .latchkey/watch.env; cargo run --bin latchkey -- tenant list)");
    say(&paint(
        QUIET,
        &format!("The functions' log: {log}. Ctrl-C ends everything."),
    ));
}

fn stay_up(running: &mut Running) -> Result<ExitCode> {
    loop {
        thread::sleep(Duration::from_millis(500));
        running.stack.ensure_running()?;
        if let Some(gateway) = &mut running.gateway {
            gateway.ensure_running()?;
        }
    }
}
