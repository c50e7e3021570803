//! `cargo xtask fuzz`: whatever reads what comes from outside, fed with what nobody would send (`fuzz/fuzz_targets/`).
//! A short run is part of `cargo xtask test`; a long one is for a night.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::progress::{BAD, Step, Timings, note, paint, say};
use crate::tools::CargoFuzz;
use crate::{prerequisites, process, workspace};

/// Long enough for any input here; a target that needs more has found something.
const ONE_INPUT: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub struct Arguments {
    /// How long each target runs, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only one target (the names of fuzz/fuzz_targets/)
    #[arg(long)]
    only: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    prerequisites::for_fuzzing()?;
    let all = targets()?;
    let chosen: Vec<String> = match &arguments.only {
        None => all,
        Some(name) if all.contains(name) => vec![name.clone()],
        Some(name) => bail!("there is no target {name}; there are {}", all.join(", ")),
    };
    let fuzz = Fuzz::build()?;
    let mut timings = Timings::default();
    let mut failed = 0;
    for target in &chosen {
        let step = Step::slow(&format!("{target}, {} s", arguments.seconds));
        let outcome = fuzz.target(target, Duration::from_secs(arguments.seconds));
        timings.add(target, step.elapsed(), outcome.is_err());
        match outcome {
            Ok(found) => {
                say(&format!("  {found}"));
                step.done();
            }
            Err(error) => {
                failed += 1;
                step.failed();
                note(&format!("{} {error:#}", paint(BAD, "error:")));
            }
        }
    }
    timings.show();
    say(&format!(
        "\n{} passed, {failed} failed",
        chosen.len() - failed
    ));
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// Every file of fuzz/fuzz_targets/.
fn targets() -> Result<Vec<String>> {
    let folder = workspace::root().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| workspace::shown(&folder))? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "rs") {
            let name = path.file_stem().context("a target without a name")?;
            names.push(name.to_string_lossy().into_owned());
        }
    }
    if names.is_empty() {
        bail!("{} has no target", workspace::shown(&folder));
    }
    names.sort();
    Ok(names)
}

struct Fuzz {
    cargo_fuzz: CargoFuzz,
}

impl Fuzz {
    fn build() -> Result<Self> {
        let cargo_fuzz = CargoFuzz::ensure()?;
        let step = Step::slow("Building the fuzz targets");
        let log = workspace::logs("fuzz").join("build.log");
        let mut build = command(&cargo_fuzz, "build");
        process::run_logged(&mut build, &log, &step)?;
        step.done();
        Ok(Self { cargo_fuzz })
    }

    fn target(&self, name: &str, time: Duration) -> Result<String> {
        // What it finds interesting is kept for the next run; the seeds stay as they are.
        let corpus = workspace::state().join("fuzz/corpus").join(name);
        let found = workspace::state().join("fuzz/found").join(name);
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&found)?;
        let log = workspace::logs("fuzz").join(format!("{name}.log"));
        let mut run = command(&self.cargo_fuzz, "run");
        run.arg(name)
            .arg(&corpus)
            .arg(workspace::root().join("fuzz/seeds").join(name))
            .arg("--")
            .arg(format!("-max_total_time={}", time.as_secs()))
            .arg(format!("-timeout={}", ONE_INPUT.as_secs()))
            .arg(format!("-artifact_prefix={}/", found.display()))
            .args([
                "-rss_limit_mb=1024",
                "-max_len=20000",
                "-print_final_stats=1",
            ]);
        let step = Step::quick(name);
        process::run_logged(&mut run, &log, &step)
            .with_context(|| format!("inputs are in {}", workspace::shown(&found)))?;
        told(&log)
    }
}

/// Stable Rust has no sanitizers, and there is no unsafe code of ours for them to look at.
fn command(cargo_fuzz: &CargoFuzz, verb: &str) -> Command {
    let mut command = cargo_fuzz.command();
    command
        .current_dir(workspace::root())
        .args([verb, "--sanitizer", "none"]);
    command
}

/// How many inputs, and how much of the code they reach.
fn told(log: &Path) -> Result<String> {
    let text = fs::read_to_string(log)?;
    let inputs = text
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .map(str::trim)
        .context("libFuzzer told nothing")?;
    let covered = text
        .lines()
        .rev()
        .find_map(|line| line.split_once(" cov: ")?.1.split_whitespace().next())
        .context("libFuzzer told no coverage")?;
    if inputs == "0" {
        bail!("no input was tried");
    }
    Ok(format!("{inputs} inputs, {covered} edges"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_seeds() {
        for target in targets().unwrap() {
            let seeds = workspace::root().join("fuzz/seeds").join(&target);
            let count = fs::read_dir(&seeds).map_or(0, Iterator::count);
            assert!(count > 0, "{target}");
        }
    }

    #[test]
    fn what_libfuzzer_tells() {
        let log = std::env::temp_dir().join(format!("latchkey-fuzz-{}.log", std::process::id()));
        let text = "#2 INITED cov: 12 ft: 13\n#9 DONE   cov: 214 ft: 5 corp: 3\nstat::number_of_executed_units: 9\n";
        fs::write(&log, text).unwrap();
        assert_eq!(told(&log).unwrap(), "9 inputs, 214 edges");
        fs::write(&log, "nothing").unwrap();
        assert!(told(&log).is_err());
        let _ = fs::remove_file(&log);
    }
}
