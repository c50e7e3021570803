//! `cargo xtask test`: format, lints, unit tests, and the black-box tests against a local stack of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result, bail};

use crate::demo_http::Http;
use crate::environment::Environment;
use crate::gateway::{self, Gateway};
use crate::progress::{BAD, Step, Timings, note, paint, say};
use crate::registry::Operator;
use crate::secrets::Notes;
use crate::stack::{self, Database, Stack};
use crate::test_counts::{self, Counts};
use crate::tools::{Emulator, PythonTools, Sam, Schemathesis};
use crate::{build, demo, demo_access, prerequisites, process, workspace};

#[derive(Debug, Default)]
struct Report {
    counts: Counts,
    timings: Timings,
    /// By name, where the runner tells names.
    failed_tests: Vec<String>,
}

pub fn run() -> Result<ExitCode> {
    let mut report = Report::default();
    if let Err(error) = everything(&mut report) {
        report.fault(&error);
    }
    process::wait_if_stopping();
    if report.counts == Counts::default() {
        report.fault(&anyhow::anyhow!("no test ran"));
    }
    report.timings.show();
    report.tell_failures();
    let Counts { passed, failed } = report.counts;
    say(&format!("\n{passed} passed, {failed} failed"));
    Ok(ExitCode::from(u8::from(failed > 0)))
}

fn everything(report: &mut Report) -> Result<()> {
    let (tools, database, runners) = report.stage("tools", || {
        prerequisites::for_tests()?;
        let runners = runners()?;
        // For `deploy-local`, so that its time is not theirs.
        Sam::ensure()?;
        Emulator::ensure()?;
        Schemathesis::ensure()?;
        Ok((PythonTools::ensure()?, Database::choose(false)?, runners))
    })?;
    report.check("format", &["fmt", "--all", "--check"]);
    report.stage("build", || build::binaries(false).map(|_| ()))?;
    report.check(
        "lints",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    );
    report.stage("build of the tests", || {
        process::run(build::cargo().args(["test", "--workspace", "--no-run"]))
    })?;

    let options = stack::Options {
        // Of its own even in a database that others use.
        prefix: format!("latchkey-test-{}", std::process::id()),
        logs: workspace::logs("test"),
        dynamodb_port: None,
        kms_port: None,
    };
    let stack = report.stage("stack", || Stack::start(&options, &tools, database))?;
    let outcome = against(report, &stack, &tools, &runners);
    if !stack.dynamodb.ours {
        report.stage("deletion of the tables", || stack.delete_tables())?;
    }
    drop(stack);
    report.task(&["deploy-local"]);
    report.task(&["fuzz", "--seconds", "4"]);
    outcome
}

fn against(
    report: &mut Report,
    stack: &Stack,
    tools: &PythonTools,
    runners: &[PathBuf],
) -> Result<()> {
    let (gateway, environment) = report.stage("functions", || {
        let port = stack::free_port(None)?;
        let environment = Environment::new(stack, &format!("http://127.0.0.1:{port}"));
        let options = gateway::Options {
            port,
            release: false,
            concurrency: 4,
        };
        fill(stack, &environment)?;
        let logs = workspace::logs("test");
        let gateway = Gateway::start(tools, &environment, &options, &logs)?;
        Ok((gateway, environment))
    })?;
    let notes = Notes::begin()?;
    let client = Client {
        environment: &environment,
        url: &gateway.url,
        notes: &notes,
    };
    report.cargo_test(&client);
    for runner in runners {
        report.third_party(&client, runner);
    }
    report.dialects(stack, &environment, &gateway.url);
    // Last of all: it changes whatever it can.
    report.openapi(&environment, &gateway.url);
    report.secrets(&notes, gateway.log());
    Ok(())
}

fn fill(stack: &Stack, environment: &Environment) -> Result<()> {
    let operator = Operator {
        environment,
        release: false,
    };
    operator.apply(&registry())?;
    operator.ensure_keys(stack)
}

/// What the third-party clients find.
fn registry() -> PathBuf {
    workspace::root().join("tests/registry.yaml")
}

/// Whoever tests over HTTP, and where.
#[derive(Debug)]
struct Client<'a> {
    environment: &'a Environment,
    url: &'a str,
    notes: &'a Notes,
}

impl Client<'_> {
    fn tell<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        self.environment
            .apply(command)
            .env("LATCHKEY_TEST_URL", self.url)
            .env("LATCHKEY_SECRETS_FOLDER", self.notes.folder())
            .env("LATCHKEY_TOOLS_DIR", workspace::tools())
    }
}

impl Report {
    /// What everything after it needs.
    fn stage<T>(&mut self, label: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let step = Step::quick(label);
        let outcome = work();
        self.timings.add(label, step.elapsed(), outcome.is_err());
        outcome
    }

    /// A check of cargo's that is no test, but whose failure counts as one.
    fn check(&mut self, label: &str, arguments: &[&str]) {
        let step = Step::slow(&format!("cargo {}", arguments.join(" ")));
        let outcome = process::run(build::cargo().args(arguments));
        self.timings.add(label, step.elapsed(), outcome.is_err());
        match outcome {
            Ok(()) => {
                step.done();
            }
            Err(error) => {
                step.failed();
                self.fault(&error);
            }
        }
    }

    fn cargo_test(&mut self, client: &Client<'_>) {
        let mut cargo = build::cargo();
        cargo.args(["test", "--workspace", "--no-fail-fast"]);
        let notes = Some(client.notes);
        self.tests("cargo test", notes, client.tell(&mut cargo), |lines| {
            let counts = test_counts::of_cargo_test(lines);
            (Some(counts), test_counts::failed_in_cargo_test(lines))
        });
    }

    fn third_party(&mut self, client: &Client<'_>, runner: &Path) {
        let folder = runner.parent().unwrap_or(runner);
        let mut command = Command::new("bash");
        command.arg(runner).current_dir(folder);
        let (label, notes) = (workspace::shown(folder), Some(client.notes));
        self.tests(&label, notes, client.tell(&mut command), |lines| {
            (test_counts::of_closing_line(lines), Vec::new())
        });
    }

    /// The example of other products' clients, as `cargo xtask dev --registry` shows it.
    fn dialects(&mut self, stack: &Stack, environment: &Environment, url: &str) {
        let outcome = self.stage("other products' clients", || {
            let example = workspace::root().join("examples/dialects.yaml");
            // It names the issuer that `dev` has.
            let text = fs::read_to_string(&example)?.replace("http://127.0.0.1:9000", url);
            let example = workspace::state().join("dialects.yaml");
            fs::write(&example, text)?;
            let operator = Operator {
                environment,
                release: false,
            };
            let applied = operator.apply(&example)?;
            operator.ensure_keys(stack)?;
            let accesses = demo_access::read(&example, &applied)?;
            demo::run_silently(&Http::new(url), url, &accesses)
        });
        match outcome {
            Ok((passed, faults)) => {
                self.counts.passed += u64::try_from(passed).unwrap_or_default();
                for fault in faults {
                    self.fault(&anyhow::anyhow!(fault));
                }
            }
            Err(error) => self.fault(&error),
        }
    }

    /// The management API against its own document.
    fn openapi(&mut self, environment: &Environment, url: &str) {
        let operator = Operator {
            environment,
            release: false,
        };
        let command = Schemathesis::ensure()
            .and_then(|tools| crate::openapi::command(&tools, &operator, url));
        match command {
            Ok(mut command) => self.tests("schemathesis", None, &mut command, |lines| {
                (crate::openapi::counts(lines), Vec::new())
            }),
            Err(error) => self.fault(&error),
        }
    }

    /// A task of its own, with what it needs: `deploy-local` deploys to an emulator with a database of its own.
    fn task(&mut self, arguments: &[&str]) {
        let label = arguments.first().copied().unwrap_or_default();
        match std::env::current_exe() {
            Ok(xtask) => {
                let mut command = Command::new(xtask);
                command.args(arguments);
                self.tests(label, None, &mut command, |lines| {
                    (test_counts::of_closing_line(lines), Vec::new())
                });
            }
            Err(error) => self.fault(&error.into()),
        }
    }

    fn tests(
        &mut self,
        label: &str,
        notes: Option<&Notes>,
        command: &mut Command,
        read: impl FnOnce(&[String]) -> (Option<Counts>, Vec<&str>),
    ) {
        let step = Step::slow(label);
        let outcome = process::run_and_read(command).and_then(|(status, written)| {
            let (counts, failed) = read(&written.output);
            self.failed_tests
                .extend(failed.into_iter().map(str::to_owned));
            // A test that fails shows the answer it got, tokens and all: that is for who mends it.
            if let Some(notes) = notes.filter(|_| status.success()) {
                let name = label.replace(['/', ' '], "-");
                notes.keep(&format!("{name}-output"), &written.output)?;
                notes.keep(&format!("{name}-errors"), &written.errors)?;
            }
            judge(label, status, counts)
        });
        let failed = !matches!(&outcome, Ok(counts) if counts.failed == 0);
        self.timings.add(label, step.elapsed(), failed);
        match outcome {
            Ok(counts) => {
                self.counts.add(counts);
                if counts.failed == 0 {
                    step.done();
                } else {
                    step.failed();
                }
            }
            Err(error) => {
                step.failed();
                self.fault(&error);
            }
        }
    }

    /// One more test, of all that the others did: nothing of theirs that was written tells a secret of theirs.
    fn secrets(&mut self, notes: &Notes, functions: &Path) {
        let label = "secrets in logs";
        let step = Step::slow(label);
        let looked = notes.look(&registry(), &[functions.to_owned()]);
        let failed = !matches!(&looked, Ok(found) if found.hits.is_empty());
        self.timings.add(label, step.elapsed(), failed);
        match looked {
            Ok(found) => {
                say(&format!(
                    "{} secrets looked for in {:.1} MB of logs, errors and Debug texts: {} found",
                    found.secrets,
                    found.bytes as f64 / 1e6,
                    found.hits.len()
                ));
                for hit in &found.hits {
                    say(&format!("  {hit}"));
                }
                self.counts.add(Counts {
                    passed: u64::from(!failed),
                    failed: u64::from(failed),
                });
                if failed {
                    step.failed();
                } else {
                    step.done();
                }
            }
            Err(error) => {
                step.failed();
                self.fault(&error);
            }
        }
    }

    /// What failed, where nobody has to scroll for it.
    fn tell_failures(&self) {
        let labels: Vec<&str> = self.timings.failed().collect();
        if !labels.is_empty() {
            say("");
            say(&paint(BAD, &format!("failed: {}", labels.join(", "))));
        }
        for test in &self.failed_tests {
            say(&format!("  {test}"));
        }
    }

    fn fault(&mut self, error: &anyhow::Error) {
        process::wait_if_stopping();
        note(&format!("{} {error:#}", paint(BAD, "error:")));
        self.counts.failed += 1;
    }
}

/// A runner that counts no failure and fails all the same has failed once more.
fn judge(label: &str, status: ExitStatus, counts: Option<Counts>) -> Result<Counts> {
    let mut counts =
        counts.with_context(|| format!("{label} did not close with `N passed, M failed`"))?;
    if counts == Counts::default() && status.success() {
        bail!("{label} ran no test");
    }
    if !status.success() && counts.failed == 0 {
        note(&format!(
            "{} {label} failed ({status})",
            paint(BAD, "error:")
        ));
        counts.failed = 1;
    }
    Ok(counts)
}

/// The third-party clients: every `tests/clients/*/run`.
fn runners() -> Result<Vec<PathBuf>> {
    let clients = workspace::root().join("tests/clients");
    let mut runners: Vec<PathBuf> = std::fs::read_dir(&clients)
        .map(|folders| {
            folders
                .flatten()
                .map(|folder| folder.path().join("run"))
                .filter(|runner| runner.is_file())
                .collect()
        })
        .unwrap_or_default();
    if runners.is_empty() {
        bail!("there is no {}/*/run", workspace::shown(&clients));
    }
    runners.sort();
    Ok(runners)
}
