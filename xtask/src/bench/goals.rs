//! The goals, and whether the figures reach them.

use super::figures::{Figures, FunctionFigures};
use super::kind::Kind;
use super::statistics::float;

const MEGABYTE: u64 = 1_000_000;
/// "Clearly smaller" than the token function, for those that never sign.
const CLEARLY_SMALLER: f64 = 0.9;
/// Medians of known and unknown names.
const ALIKE: f64 = 0.05;

#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    pub what: String,
    pub measured: f64,
    pub limit: f64,
    pub unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Times,
    Nanoseconds,
    Bytes,
}

impl Goal {
    fn new(what: &str, measured: f64, limit: f64, unit: Unit) -> Self {
        Self {
            what: what.to_owned(),
            measured,
            limit,
            unit,
        }
    }

    pub fn is_reached(&self) -> bool {
        self.measured <= self.limit
    }

    /// How far below or above the limit, in percent of it.
    pub fn margin(&self) -> String {
        let percent = (self.measured / self.limit - 1.0) * 100.0;
        if self.is_reached() {
            format!("{:.0} % below", -percent)
        } else {
            format!("{percent:.0} % above")
        }
    }
}

/// Those that the figures speak of.
pub fn of(figures: &Figures) -> Vec<Goal> {
    let mut goals = starts(figures);
    goals.extend(cpu(figures));
    goals.extend(sizes(figures));
    goals.extend(timing(figures));
    goals
}

fn starts(figures: &Figures) -> Vec<Goal> {
    let limits = [("token", 2.5), ("introspect", 2.0), ("discovery", 1.5)];
    let goal = |(name, limit): (&str, f64)| {
        let bare = figures.bare_function()?;
        let function = figures.functions.get(name)?;
        let times = float(function.start_wall) / float(bare.start_wall);
        let what = format!("start of {name}, times bare");
        Some(Goal::new(&what, times, limit, Unit::Times))
    };
    limits.into_iter().filter_map(goal).collect()
}

fn cpu(figures: &Figures) -> Vec<Goal> {
    let cpu = |kind: Kind| figures.kinds.get(&kind).map(|kind| float(kind.cpu));
    let yardsticks = &figures.yardsticks;
    let goal = |kind: Kind, limit: Option<f64>, words: &str| {
        let what = format!("CPU of {}: {words}", kind.label());
        Some(Goal::new(&what, cpu(kind)?, limit?, Unit::Nanoseconds))
    };
    let thrice = cpu(Kind::Bare).map(|bare| 3.0 * bare);
    let store = yardsticks.rs256.zip(yardsticks.batch_get);
    let introspect = thrice
        .zip(store)
        .map(|(bare, (rs256, batch_get))| bare + float(rs256) + float(batch_get));
    // The stricter of the two.
    let login = yardsticks
        .argon2id_in_a_row
        .map(|argon2id| 1.05 * float(argon2id));
    let goals = [
        goal(Kind::OpenidConfiguration, thrice, "3 bare"),
        goal(Kind::Jwks, thrice, "3 bare"),
        goal(
            Kind::Introspect,
            introspect,
            "3 bare, one RS256 check, one BatchGetItem",
        ),
        goal(Kind::Password, login, "1.05 Argon2id"),
        goal(Kind::PasswordOpenid, login, "1.05 Argon2id"),
    ];
    goals.into_iter().flatten().collect()
}

fn sizes(figures: &Figures) -> Vec<Goal> {
    let size = |name: &str| figures.functions.get(name).map(|it| float(it.size));
    let goal = |name: &str, limit: u64| {
        let what = format!("size of {name}");
        Some(Goal::new(&what, size(name)?, float(limit), Unit::Bytes))
    };
    let mut goals = vec![goal("token", 9 * MEGABYTE), goal("discovery", 6 * MEGABYTE)];
    // The management API has no such goal: it hashes passwords as well, and is for operators alone.
    let without_kms = |(name, _): &(&String, &FunctionFigures)| {
        !["bare", "manage", "token"].contains(&name.as_str())
    };
    for (name, function) in figures.functions.iter().filter(without_kms) {
        let limit = size("token").map(|token| CLEARLY_SMALLER * token);
        let what = format!("size of {name}, without KMS: 0.9 token");
        goals.push(limit.map(|limit| Goal::new(&what, float(function.size), limit, Unit::Bytes)));
    }
    goals.into_iter().flatten().collect()
}

fn timing(figures: &Figures) -> Vec<Goal> {
    let goals = figures.timing.iter().flat_map(|it| {
        [
            ("wall", it.known_wall, it.unknown_wall),
            ("CPU", it.known_cpu, it.unknown_cpu),
        ]
        .map(|(of, known, unknown)| {
            let what = format!("{of}, known to unknown {}", it.what);
            Goal::new(&what, apart(known, unknown), 1.0 + ALIKE, Unit::Times)
        })
    });
    goals.collect()
}

/// The greater by the smaller: no side may be told from the other.
fn apart(one: u64, other: u64) -> f64 {
    float(one.max(other)) / float(one.min(other).max(1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::figures::{Comparison, KindFigures, Yardsticks};
    use super::*;

    fn kind(cpu: u64) -> KindFigures {
        KindFigures {
            first_wall: 1,
            first_cpu: 1,
            requests: 1,
            p50: 1,
            p99: 1,
            cpu,
            peak_memory_kib: 1,
        }
    }

    fn function(start_wall: u64, size: u64) -> FunctionFigures {
        FunctionFigures {
            starts: 1,
            start_wall,
            start_cpu: 1,
            size,
        }
    }

    fn reached(figures: &Figures) -> Vec<(String, bool)> {
        let goals = of(figures).into_iter();
        goals
            .map(|goal| (goal.what.clone(), goal.is_reached()))
            .collect()
    }

    #[test]
    fn each_goal_is_held_against_its_own_measure() {
        let figures = Figures {
            functions: BTreeMap::from([
                ("bare".to_owned(), function(100, 2_000_000)),
                ("token".to_owned(), function(250, 9_000_001)),
                ("introspect".to_owned(), function(201, 8_000_000)),
                ("discovery".to_owned(), function(150, 6_000_000)),
                ("manage".to_owned(), function(150, 9_000_000)),
                ("register".to_owned(), function(150, 8_200_000)),
            ]),
            kinds: BTreeMap::from([
                (Kind::Bare, kind(100)),
                (Kind::Jwks, kind(300)),
                (Kind::OpenidConfiguration, kind(301)),
                (Kind::Introspect, kind(360)),
                (Kind::Password, kind(1_051)),
            ]),
            yardsticks: Yardsticks {
                argon2id: Some(1_100),
                argon2id_in_a_row: Some(1_000),
                rs256: Some(20),
                batch_get: Some(40),
            },
            ..Figures::default()
        };
        let expected = [
            ("start of token, times bare", true),
            ("start of introspect, times bare", false),
            ("start of discovery, times bare", true),
            ("CPU of openid-configuration: 3 bare", false),
            ("CPU of jwks: 3 bare", true),
            (
                "CPU of introspect, access token: 3 bare, one RS256 check, one BatchGetItem",
                true,
            ),
            ("CPU of password: 1.05 Argon2id", false),
            ("size of token", false),
            ("size of discovery", true),
            ("size of discovery, without KMS: 0.9 token", true),
            ("size of introspect, without KMS: 0.9 token", true),
            ("size of register, without KMS: 0.9 token", false),
        ];
        let expected = expected.map(|(what, reached)| (what.to_owned(), reached));
        assert_eq!(reached(&figures), expected);
    }

    #[test]
    fn what_was_not_measured_is_no_goal() {
        assert_eq!(of(&Figures::default()), []);
    }

    #[test]
    fn either_side_may_be_the_slower() {
        let comparison = |known_wall, unknown_wall| Comparison {
            what: "user".to_owned(),
            samples: 1,
            known_wall,
            unknown_wall,
            known_cpu: 100,
            unknown_cpu: 100,
        };
        for (known, unknown, alike) in [
            (100, 105, true),
            (105, 100, true),
            (100, 106, false),
            (106, 100, false),
        ] {
            let figures = Figures {
                timing: vec![comparison(known, unknown)],
                ..Figures::default()
            };
            let goals = of(&figures);
            assert_eq!(goals[0].is_reached(), alike, "{known} {unknown}");
            assert!(goals[1].is_reached());
        }
    }

    #[test]
    fn margins_are_of_the_limit() {
        assert_eq!(Goal::new("a", 3.0, 2.0, Unit::Times).margin(), "50 % above");
        assert_eq!(Goal::new("a", 1.5, 2.0, Unit::Times).margin(), "25 % below");
    }
}
