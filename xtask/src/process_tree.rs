//! Ends processes with everything they started. `cargo lambda watch` puts each function into a session of its own, so
//! that a signal to its process group alone would leave the functions behind.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

const PATIENCE: Duration = Duration::from_secs(4);
const PAUSE: Duration = Duration::from_millis(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    pid: u32,
    parent: u32,
    zombie: bool,
}

/// Asks the processes and all their descendants to end, waits a little, then ends them.
pub fn end(roots: &[u32]) {
    end_within(roots, PATIENCE);
}

fn end_within(roots: &[u32], patience: Duration) {
    let mut family: BTreeSet<u32> = roots.iter().copied().collect();
    let mut asked = BTreeSet::new();
    let begun = Instant::now();
    loop {
        let table = snapshot();
        add_descendants(&mut family, &table);
        let living = living(&family, &table);
        if living.is_empty() {
            return;
        }
        if begun.elapsed() > patience {
            signal(&living, Signal::KILL);
        } else {
            let new = living.difference(&asked).copied().collect();
            signal(&new, Signal::TERM);
            asked.extend(new);
        }
        if begun.elapsed() > 2 * patience {
            return;
        }
        thread::sleep(PAUSE);
    }
}

/// Takes note of the ends of the task's own children, so that none is left as a zombie.
pub fn reap(roots: &[u32]) {
    for pid in roots {
        let _ = waitpid(number(*pid), WaitOptions::NOHANG);
    }
}

fn number(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

fn signal(pids: &BTreeSet<u32>, signal: Signal) {
    for pid in pids {
        if let Some(pid) = number(*pid) {
            // It may have ended by itself meanwhile.
            let _ = kill_process(pid, signal);
        }
    }
}

fn add_descendants(family: &mut BTreeSet<u32>, table: &[Entry]) {
    loop {
        let before = family.len();
        for entry in table {
            if family.contains(&entry.parent) {
                family.insert(entry.pid);
            }
        }
        if family.len() == before {
            return;
        }
    }
}

fn living(family: &BTreeSet<u32>, table: &[Entry]) -> BTreeSet<u32> {
    table
        .iter()
        .filter(|entry| !entry.zombie && family.contains(&entry.pid))
        .map(|entry| entry.pid)
        .collect()
}

/// All processes: from /proc where there is one, else from `ps`.
fn snapshot() -> Vec<Entry> {
    let Ok(folder) = fs::read_dir("/proc") else {
        return from_ps();
    };
    let entries: Vec<Entry> = folder
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok())
        .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok())
        .filter_map(|stat| parse_stat(&stat))
        .collect();
    if entries.is_empty() {
        return from_ps();
    }
    entries
}

fn from_ps() -> Vec<Entry> {
    let output = Command::new("ps")
        .args(["-A", "-o", "pid=,ppid=,stat="])
        .output();
    output.map_or_else(
        |_| Vec::new(),
        |output| {
            String::from_utf8_lossy(&output.stdout)
                .lines()
                .filter_map(parse_ps)
                .collect()
        },
    )
}

/// `PID (name, which may hold anything) STATE PPID …`
fn parse_stat(stat: &str) -> Option<Entry> {
    let (pid, _) = stat.split_once(' ')?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?;
    Some(Entry {
        pid: pid.parse().ok()?,
        parent: parent.parse().ok()?,
        zombie: matches!(state, "Z" | "X"),
    })
}

fn parse_ps(line: &str) -> Option<Entry> {
    let mut fields = line.split_whitespace();
    Some(Entry {
        pid: fields.next()?.parse().ok()?,
        parent: fields.next()?.parse().ok()?,
        zombie: fields.next()?.starts_with('Z'),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::process::CommandExt;
    use std::process::Stdio;

    use super::*;

    fn entry(pid: u32, parent: u32) -> Entry {
        Entry {
            pid,
            parent,
            zombie: false,
        }
    }

    #[test]
    fn stat_survives_a_hostile_name() {
        assert_eq!(
            parse_stat("12 (a) R 1) S 7 12 12 0"),
            Some(entry(12, 7)),
            "the name ends at the last parenthesis"
        );
        assert_eq!(parse_ps(" 12  7 Ss+"), Some(entry(12, 7)));
        assert_eq!(parse_stat(""), None);
    }

    #[test]
    fn descendants_are_found_in_any_order() {
        let mut family = BTreeSet::from([2]);
        add_descendants(&mut family, &[entry(9, 4), entry(4, 2), entry(5, 1)]);
        assert_eq!(family, BTreeSet::from([2, 4, 9]));
    }

    #[test]
    fn a_grandchild_that_ignores_the_request_is_ended() {
        let stubborn = "trap '' TERM; echo ready; while :; do sleep 0.1; done";
        let mut child = Command::new("sh")
            .args(["-c", "sh -c \"$0\" & wait", stubborn])
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut ready = [0; 6];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut ready)
            .unwrap();
        let mut family = BTreeSet::from([child.id()]);
        add_descendants(&mut family, &snapshot());
        assert!(family.len() >= 2, "{family:?}");
        end_within(&[child.id()], Duration::from_millis(300));
        child.wait().unwrap();
        assert_eq!(living(&family, &snapshot()), BTreeSet::new());
    }
}
