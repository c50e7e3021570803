//! `latchkey doctor`.

use std::fmt;

use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use latchkey_oauth::time::Clock;
use latchkey_registry::door::Surroundings;
use secrecy::SecretString;
use serde_json::json;

use crate::arguments::Doctor;
use crate::doctor::report::{Finding, Report, Verdict};
use crate::doctor::{self, Patient};
use crate::output::{self, Output};

/// Something is wrong with the deployment.
#[derive(Debug)]
pub struct Unwell(usize);

impl fmt::Display for Unwell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => write!(f, "1 check is wrong"),
            checks => write!(f, "{checks} checks are wrong"),
        }
    }
}

impl std::error::Error for Unwell {}

/// Looks at a deployment from outside and tells what is wrong.
///
/// # Errors
/// [`Unwell`], or a secret that is not there.
pub fn run(
    arguments: &Doctor,
    surroundings: &dyn Surroundings,
    clock: &dyn Clock,
    output: &mut Output<'_>,
) -> anyhow::Result<()> {
    let patient = patient(arguments, surroundings)?;
    let report = doctor::examine(&arguments.issuer, patient.as_ref(), clock);
    tell(&report, arguments, output)?;
    match report.wrong_checks() {
        0 => Ok(()),
        checks => Err(Unwell(checks).into()),
    }
}

fn patient(arguments: &Doctor, surroundings: &dyn Surroundings) -> anyhow::Result<Option<Patient>> {
    let secret = |variable: &str| {
        let value = surroundings.variable(variable).map(SecretString::from);
        value.with_context(|| format!("the environment variable {variable} is not set"))
    };
    let (Some(client_id), Some(variable)) = (&arguments.client_id, &arguments.client_secret_env)
    else {
        return Ok(None);
    };
    let user = match (&arguments.username, &arguments.password_env) {
        (Some(name), Some(variable)) => Some((name.clone(), secret(variable)?)),
        _ => None,
    };
    Ok(Some(Patient {
        client_id: client_id.clone(),
        client_secret: secret(variable)?,
        user,
    }))
}

fn tell(report: &Report, arguments: &Doctor, output: &mut Output<'_>) -> anyhow::Result<()> {
    for finding in &report.findings {
        output.say(&line(finding))?;
    }
    Ok(output.document(&json!({
        "issuer": arguments.issuer.issuer.as_str(),
        "faults": report.faults(),
        "findings": report.findings,
    }))?)
}

fn line(finding: &Finding) -> String {
    let (word, colour) = match finding.verdict {
        Verdict::Right => ("ok   ", AnsiColor::Green),
        Verdict::Wrong => ("WRONG", AnsiColor::Red),
        Verdict::NotLooked => ("-    ", AnsiColor::Yellow),
    };
    let style = Style::new().fg_color(Some(colour.into()));
    let said = output::printable(&finding.said);
    format!("{style}{word}{style:#}  {:<13}  {said}\n", finding.check)
}
