//! What a process has used, as Linux tells it: CPU time to the nanosecond, and the most memory it ever held.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const PAUSE: Duration = Duration::from_micros(50);
const PATIENCE: Duration = Duration::from_secs(5);

/// CPU nanoseconds of all threads of a process, read once none of them runs: of a running thread the kernel tells only
/// what it had used at the last tick.
pub fn cpu_time(pid: u32) -> Result<u64> {
    let begun = Instant::now();
    while runs(pid)? {
        if begun.elapsed() > PATIENCE {
            bail!("process {pid} does not come to rest");
        }
        thread::sleep(PAUSE);
    }
    let used = threads(pid, "schedstat")?;
    used.iter().map(|text| parse_schedstat(text)).sum()
}

/// The peak of the resident memory, in KiB.
pub fn peak_memory(pid: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    parse_peak(&text)
}

fn runs(pid: u32) -> Result<bool> {
    for stat in threads(pid, "stat")? {
        if parse_state(&stat)? == 'R' {
            return Ok(true);
        }
    }
    Ok(false)
}

fn threads(pid: u32, file: &str) -> Result<Vec<String>> {
    let folder = format!("/proc/{pid}/task");
    let entries = fs::read_dir(&folder).with_context(|| {
        format!("cannot read {folder}: the bench needs Linux, and the function to be alive")
    })?;
    // A thread may end between the two reads.
    let texts = entries.filter_map(|entry| fs::read_to_string(entry.ok()?.path().join(file)).ok());
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() {
        bail!("{folder} has no thread");
    }
    Ok(texts)
}

/// Time on the CPU, time waiting for one, number of time slices.
fn parse_schedstat(text: &str) -> Result<u64> {
    let first = text.split_whitespace().next().context("empty schedstat")?;
    first.parse().context("schedstat")
}

/// The state follows the name, which may hold blanks and brackets.
fn parse_state(stat: &str) -> Result<char> {
    let (_, rest) = stat.rsplit_once(')').context("stat without a name")?;
    rest.trim_start().chars().next().context("stat ends early")
}

fn parse_peak(status: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let text = line.context("no VmHWM")?.trim();
    let number = text.strip_suffix("kB").context("VmHWM is not in kB")?;
    number.trim().parse().context("VmHWM")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_texts_are_understood() {
        assert_eq!(parse_schedstat("470346 12 3\n").unwrap(), 470_346);
        assert!(parse_schedstat("").is_err());
        assert_eq!(parse_state("7 (a) b) S 1 7 7").unwrap(), 'S');
        assert_eq!(parse_state("7 (token) R 1 7 7").unwrap(), 'R');
        assert!(parse_state("7 token").is_err());
        let status = "Name:\ttoken\nVmPeak:\t  90000 kB\nVmHWM:\t   12345 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(parse_peak(status).unwrap(), 12_345);
        assert!(parse_peak("VmRSS:\t 1 kB\n").is_err());
    }

    #[test]
    fn a_child_at_rest_has_used_something() {
        let mut child = std::process::Command::new("sleep")
            .arg("10")
            .spawn()
            .unwrap();
        let (cpu, memory) = (cpu_time(child.id()), peak_memory(child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(cpu.unwrap() > 0);
        assert!(memory.unwrap() > 0);
    }
}
