//! What was measured, as it is kept: nanoseconds, bytes and counts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::kind::{BARE, Kind};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub machine: Machine,
    /// By name, `bare` among them.
    pub functions: BTreeMap<String, FunctionFigures>,
    pub kinds: BTreeMap<Kind, KindFigures>,
    pub yardsticks: Yardsticks,
    pub timing: Vec<Comparison>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    pub cores: usize,
    pub processor: String,
    pub memory_gib: u64,
}

/// Medians over all starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionFigures {
    pub starts: usize,
    pub start_wall: u64,
    pub start_cpu: u64,
    pub size: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KindFigures {
    /// Medians of the first request of a process.
    pub first_wall: u64,
    pub first_cpu: u64,
    pub requests: usize,
    pub p50: u64,
    pub p99: u64,
    /// Of one warm request: the median of the blocks' means.
    pub cpu: u64,
    pub peak_memory_kib: u64,
}

/// CPU of what a request cannot do without: medians.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Yardsticks {
    /// With a pause before each hash, as a function has it.
    pub argon2id: Option<u64>,
    /// Hash after hash, the memory still in the caches.
    pub argon2id_in_a_row: Option<u64>,
    pub rs256: Option<u64>,
    pub batch_get: Option<u64>,
}

/// Two kinds of guesses that should look the same from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub what: String,
    pub samples: usize,
    /// Medians.
    pub known_wall: u64,
    pub unknown_wall: u64,
    pub known_cpu: u64,
    pub unknown_cpu: u64,
}

impl Figures {
    pub fn bare(&self) -> Option<&KindFigures> {
        self.kinds.get(&Kind::Bare)
    }

    pub fn bare_function(&self) -> Option<&FunctionFigures> {
        self.functions.get(BARE)
    }
}

impl Machine {
    pub fn this() -> Self {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            processor: field(&cpus, "model name").unwrap_or("unknown").to_owned(),
            memory_gib: field(&memory, "MemTotal")
                .and_then(|text| text.strip_suffix("kB")?.trim().parse::<u64>().ok())
                .map_or(0, |kib| kib.div_ceil(1024 * 1024)),
        }
    }
}

/// `name : value` of the kernel's tables.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the figures of {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("the figures of {}", path.display()))
}

pub fn keep<T: Serialize>(figures: &T, path: &Path) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let text = serde_json::to_string_pretty(figures)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let text = "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nMemTotal:  24000000 kB\n";
        assert_eq!(field(text, "model name"), Some("A CPU @ 2 GHz"));
        assert_eq!(field(text, "MemTotal"), Some("24000000 kB"));
        assert_eq!(field(text, "none"), None);
    }

    #[test]
    fn figures_come_back_as_they_were_kept() {
        let figures = KindFigures {
            first_wall: 1,
            first_cpu: 2,
            requests: 3,
            p50: 4,
            p99: 5,
            cpu: 6,
            peak_memory_kib: 7,
        };
        let all = Figures {
            kinds: BTreeMap::from([(Kind::UserInfo, figures)]),
            ..Figures::default()
        };
        let text = serde_json::to_string(&all).unwrap();
        assert!(text.contains("\"user_info\""), "{text}");
        assert_eq!(serde_json::from_str::<Figures>(&text).unwrap(), all);
    }
}
