//! Child processes: run to their end or kept as services, and none of them outlives the task, be it ended by success,
//! by an error or by Ctrl-C.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::progress::{self, Step};
use crate::{process_tree, workspace};

const POLL: Duration = Duration::from_millis(20);
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

struct Live {
    stopping: bool,
    roots: Vec<u32>,
}

static LIVE: Mutex<Live> = Mutex::new(Live {
    stopping: false,
    roots: Vec::new(),
});

fn live() -> MutexGuard<'static, Live> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From here on Ctrl-C, `kill` and a closed terminal end the children first, then the task.
pub fn stop_on_signals() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("signal handling")?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let roots = {
                let mut live = live();
                live.stopping = true;
                live.roots.clone()
            };
            progress::note("\nStopping.");
            process_tree::end(&roots);
            process_tree::reap(&roots);
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// While a signal ends the task, whatever goes wrong elsewhere is its consequence and not worth a word.
pub fn wait_if_stopping() {
    while live().stopping {
        thread::sleep(POLL);
    }
}

/// In a process group of its own: Ctrl-C reaches the task alone, which then decides the order.
fn spawn(command: &mut Command) -> Result<Child> {
    let mut live = live();
    while live.stopping {
        drop(live);
        wait_if_stopping();
        live = self::live();
    }
    let child = command
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    live.roots.push(child.id());
    Ok(child)
}

fn forget(child: &Child) {
    live().roots.retain(|pid| *pid != child.id());
}

fn wait(child: &mut Child, step: Option<&Step>) -> Result<ExitStatus> {
    let mut next = Instant::now() + SIGN_OF_LIFE;
    loop {
        if let Some(status) = child.try_wait()? {
            forget(child);
            return Ok(status);
        }
        if let Some(step) = step.filter(|_| Instant::now() >= next) {
            step.still();
            next += SIGN_OF_LIFE;
        }
        thread::sleep(POLL);
    }
}

/// The command as somebody would type it, so far as it fits a line.
fn name(command: &Command) -> String {
    const LONGEST: usize = 100;
    let program = Path::new(command.get_program())
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut words = vec![program];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    let whole = words.join(" ");
    if whole.chars().count() <= LONGEST {
        return whole;
    }
    let beginning: String = whole.chars().take(LONGEST).collect();
    format!("{beginning}…")
}

fn require(status: ExitStatus, name: &str) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    wait_if_stopping();
    bail!("{name} failed ({status})")
}

/// Runs to the end with its output on the terminal.
pub fn run(command: &mut Command) -> Result<()> {
    let mut child = spawn(command)?;
    let status = wait(&mut child, None)?;
    require(status, &name(command))
}

/// Runs to the end with its output in a log, whose end is shown if it fails.
pub fn run_logged(command: &mut Command, log: &Path, step: &Step) -> Result<()> {
    let file = create_log(log)?;
    command.stdout(file.try_clone()?).stderr(file);
    let mut child = spawn(command)?;
    let status = wait(&mut child, Some(step))?;
    require(status, &name(command)).map_err(|error| with_log(error, log))
}

/// Runs to the end and returns its standard output; standard error stays on the terminal.
pub fn capture(command: &mut Command) -> Result<String> {
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    let mut text = String::new();
    if let Some(mut output) = child.stdout.take() {
        output.read_to_string(&mut text)?;
    }
    let status = wait(&mut child, None)?;
    require(status, &name(command))?;
    Ok(text)
}

/// What a command wrote, line by line.
#[derive(Debug, Default)]
pub struct Written {
    pub output: Vec<String>,
    pub errors: Vec<String>,
}

/// Runs to the end, passes on what it writes line by line and hands it back with the exit status.
pub fn run_and_read(command: &mut Command) -> Result<(ExitStatus, Written)> {
    let mut child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let errors = child.stderr.take();
    let errors = thread::spawn(move || lines(errors, progress::note));
    let output = lines(child.stdout.take(), progress::say)?;
    let errors = errors.join().map_err(|_| anyhow!("reading failed"))??;
    let status = wait(&mut child, None)?;
    wait_if_stopping();
    Ok((status, Written { output, errors }))
}

fn lines(from: Option<impl Read>, pass_on: fn(&str)) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for line in from
        .into_iter()
        .flat_map(|it| BufReader::new(it).split(b'\n'))
    {
        let line = String::from_utf8_lossy(&line?).into_owned();
        pass_on(&line);
        lines.push(line);
    }
    Ok(lines)
}

/// A process that stays up until it is stopped or dropped.
#[derive(Debug)]
pub struct Service {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Service {
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let file = create_log(log)?;
        command.stdout(file.try_clone()?).stderr(file);
        Ok(Self {
            name: name.to_owned(),
            child: spawn(command)?,
            log: log.to_owned(),
        })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    pub fn ensure_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                forget(&self.child);
                wait_if_stopping();
                let ended = anyhow!("{} ended by itself ({status})", self.name);
                Err(with_log(ended, &self.log))
            }
        }
    }

    /// Polls until `ready` says so; an early end or the deadline is an error that shows the log.
    pub fn wait_until(
        &mut self,
        limit: Duration,
        mut ready: impl FnMut() -> Result<bool>,
    ) -> Result<()> {
        let begun = Instant::now();
        while !ready().map_err(|error| with_log(error, &self.log))? {
            self.ensure_running()?;
            if begun.elapsed() > limit {
                let late = anyhow!(
                    "{} was not ready after {}",
                    self.name,
                    progress::seconds(limit)
                );
                return Err(with_log(late, &self.log));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Once it has been waited for, its number may be another process's.
        if matches!(self.child.try_wait(), Ok(None)) {
            process_tree::end(&[self.child.id()]);
            let _ = self.child.wait();
        }
        forget(&self.child);
    }
}

fn create_log(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create(path).with_context(|| format!("cannot write {}", path.display()))
}

fn with_log(error: anyhow::Error, log: &Path) -> anyhow::Error {
    const SHOWN: usize = 40;
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines
        .get(lines.len().saturating_sub(SHOWN)..)
        .unwrap_or_default();
    if tail.is_empty() {
        return error;
    }
    let shown = workspace::shown(log);
    let tail = tail.join("\n  ");
    anyhow!("{error:#}\nThe end of {shown}:\n  {tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_named_with_its_arguments() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["fmt", "--all", "--check"]);
        assert_eq!(name(&command), "cargo fmt --all --check");
        command.arg("x".repeat(100));
        assert!(name(&command).ends_with("xx…"));
    }
}
