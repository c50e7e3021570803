//! The figures as tables.

use super::figures::{Figures, Machine};
use super::goals::{self, Goal};
use super::kind::Kind;
use super::table::{in_unit, megabytes, render, row, time, times};

const KIB: u64 = 1024;

/// Everything, as docs/performance.md and the terminal have it.
pub fn whole(figures: &Figures) -> String {
    let mut parts = vec![
        machine(&figures.machine),
        format!("**Starts** (medians) and sizes.\n\n{}", functions(figures)),
        format!(
            "**Requests.** First: of a process just started. CPU: of one warm request. × is to bare.\n\n{}",
            kinds(figures)
        ),
    ];
    parts.extend(yardsticks(figures).map(|table| {
        format!("**By itself**, CPU in a process of its own, built alike (medians).\n\n{table}")
    }));
    if !figures.timing.is_empty() {
        parts.push(format!(
            "**Guesses** at known and unknown names (medians).\n\n{}",
            timing(figures)
        ));
    }
    parts.push(format!("**Goals.**\n\n{}", goals(&goals::of(figures))));
    parts.join("\n\n")
}

pub fn machine(machine: &Machine) -> String {
    let Machine {
        cores,
        processor,
        memory_gib,
    } = machine;
    format!(
        "On {cores} cores ({processor}) and {memory_gib} GiB, with DynamoDB Local and a KMS emulator on the same cores: their \
         time is in every wall time, never in a CPU time. MB are 10^6 bytes, MiB 2^20."
    )
}

fn functions(figures: &Figures) -> String {
    let bare = figures.bare_function();
    let mut rows = vec![row([
        "function",
        "start",
        "×",
        "start, CPU",
        "×",
        "size",
        "×",
    ])];
    for (name, it) in &figures.functions {
        rows.push(row([
            name,
            &time(it.start_wall),
            &times(it.start_wall, bare.map(|bare| bare.start_wall)),
            &time(it.start_cpu),
            &times(it.start_cpu, bare.map(|bare| bare.start_cpu)),
            &megabytes(it.size),
            &times(it.size, bare.map(|bare| bare.size)),
        ]));
    }
    render(&rows)
}

fn kinds(figures: &Figures) -> String {
    let bare = figures.bare();
    let mut rows = vec![row([
        "request",
        "first",
        "×",
        "first, CPU",
        "×",
        "p50",
        "×",
        "p99",
        "×",
        "CPU",
        "×",
        "peak memory",
        "×",
        "requests",
    ])];
    for kind in Kind::ALL {
        let Some(it) = figures.kinds.get(&kind) else {
            continue;
        };
        let memory = it.peak_memory_kib;
        rows.push(row([
            kind.label(),
            &time(it.first_wall),
            &times(it.first_wall, bare.map(|bare| bare.first_wall)),
            &time(it.first_cpu),
            &times(it.first_cpu, bare.map(|bare| bare.first_cpu)),
            &time(it.p50),
            &times(it.p50, bare.map(|bare| bare.p50)),
            &time(it.p99),
            &times(it.p99, bare.map(|bare| bare.p99)),
            &time(it.cpu),
            &times(it.cpu, bare.map(|bare| bare.cpu)),
            &format!("{}.{} MiB", memory / KIB, memory % KIB * 10 / KIB),
            &times(memory, bare.map(|bare| bare.peak_memory_kib)),
            &it.requests.to_string(),
        ]));
    }
    render(&rows)
}

fn yardsticks(figures: &Figures) -> Option<String> {
    let of = &figures.yardsticks;
    Some(render(&[
        row(["work", "CPU"]),
        row([
            "one Argon2id (19456 KiB, t = 2, p = 1), 5 ms after the last",
            &time(of.argon2id?),
        ]),
        row([
            "the same, one right after the other",
            &time(of.argon2id_in_a_row?),
        ]),
        row([
            "one check of an RS256 signature (RSA 2048)",
            &time(of.rs256?),
        ]),
        row(["one BatchGetItem of 3 keys", &time(of.batch_get?)]),
    ]))
}

fn timing(figures: &Figures) -> String {
    let mut rows = vec![row([
        "guess",
        "known",
        "unknown",
        "ratio",
        "known, CPU",
        "unknown, CPU",
        "ratio",
        "samples of each",
    ])];
    for it in &figures.timing {
        rows.push(row([
            &it.what,
            &time(it.known_wall),
            &time(it.unknown_wall),
            &times(it.unknown_wall, Some(it.known_wall)),
            &time(it.known_cpu),
            &time(it.unknown_cpu),
            &times(it.unknown_cpu, Some(it.known_cpu)),
            &it.samples.to_string(),
        ]));
    }
    render(&rows)
}

fn goals(goals: &[Goal]) -> String {
    let mut rows = vec![row(["goal", "at most", "measured", "", "by"])];
    for goal in goals {
        let outcome = if goal.is_reached() {
            "reached"
        } else {
            "MISSED"
        };
        rows.push(row([
            &goal.what,
            &in_unit(goal.limit, goal.unit),
            &in_unit(goal.measured, goal.unit),
            outcome,
            &goal.margin(),
        ]));
    }
    render(&rows)
}

/// Each figure as a part of what it was in another run.
pub fn against(now: &Figures, then: &Figures) -> String {
    let mut rows = vec![row([
        "function, now to then",
        "start",
        "start, CPU",
        "size",
    ])];
    for (name, now) in &now.functions {
        let Some(then) = then.functions.get(name) else {
            continue;
        };
        rows.push(row([
            name,
            &times(now.start_wall, Some(then.start_wall)),
            &times(now.start_cpu, Some(then.start_cpu)),
            &times(now.size, Some(then.size)),
        ]));
    }
    let functions = render(&rows);
    let mut rows = vec![row([
        "request, now to then",
        "first",
        "first, CPU",
        "p50",
        "p99",
        "CPU",
        "peak memory",
    ])];
    for (kind, now) in &now.kinds {
        let Some(then) = then.kinds.get(kind) else {
            continue;
        };
        rows.push(row([
            kind.label(),
            &times(now.first_wall, Some(then.first_wall)),
            &times(now.first_cpu, Some(then.first_cpu)),
            &times(now.p50, Some(then.p50)),
            &times(now.p99, Some(then.p99)),
            &times(now.cpu, Some(then.cpu)),
            &times(now.peak_memory_kib, Some(then.peak_memory_kib)),
        ]));
    }
    format!("{functions}\n\n{}", render(&rows))
}
