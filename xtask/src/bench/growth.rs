//! `cargo xtask bench --growth`: the same calls and the same CPU however many users and families there are.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use latchkey_oauth::random::{self, SystemRandom};
use serde::{Deserialize, Serialize};

use super::figures::Machine;
use super::fill::{self, Model};
use super::function::{Function, Place};
use super::kind::Kind;
use super::measure::{self, Warm};
use super::names::USER;
use super::session::Session;
use super::statistics::{median, percentile};
use super::table::{render, row, time, times};
use super::wire::{self, Calls, Wire};
use super::world::World;
use super::{report, usage};
use crate::progress::{self, Step};

const KINDS: [Kind; 4] = [
    Kind::Password,
    Kind::RefreshToken,
    Kind::Introspect,
    Kind::UserInfo,
];
/// What one stage may take to fill.
const FILL_LIMIT: Duration = Duration::from_secs(30 * 60);
/// Requests whose calls are counted.
const COUNTED: u32 = 5;
const KIB_A_MIB: u64 = 1024;

#[derive(Debug, Serialize, Deserialize)]
pub struct Growth {
    pub machine: Machine,
    pub stages: Vec<Stage>,
    /// Where and why the store took no more.
    pub stopped: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Stage {
    /// Users, and families.
    pub users: u64,
    /// To fill from the stage before.
    pub seconds: u64,
    /// Peak of DynamoDB Local.
    pub database_kib: Option<u64>,
    pub kinds: BTreeMap<Kind, Of>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Of {
    pub calls: String,
    pub cpu: u64,
    pub p50: u64,
}

pub fn run(world: &World, sizes: &[u64], blocks: u32) -> Result<Growth> {
    Session::begin_as(&mut Function::start(&world.place, "token")?, USER)?;
    let model = Model::read(world)?;
    model.prove()?;
    let mut growth = Growth {
        machine: Machine::this(),
        stages: Vec::new(),
        stopped: None,
    };
    let mut users = 0;
    for size in sizes {
        let step = Step::slow(&format!("Filling the store to {size} users"));
        let filled = model.fill(users, *size, FILL_LIMIT);
        users = filled.users;
        growth.stopped = filled.stopped.map(|why| {
            let memory = memory(world).map_or_else(String::new, |kib| {
                format!(", DynamoDB Local at {} MiB", kib / KIB_A_MIB)
            });
            format!(
                "at {users} of {size} users after {}{memory}: {why}",
                progress::seconds(filled.took)
            )
        });
        if let Some(stopped) = &growth.stopped {
            step.failed();
            progress::note(stopped);
            break;
        }
        step.done();
        growth.stages.push(Stage {
            users,
            seconds: filled.took.as_secs(),
            database_kib: memory(world),
            kinds: kinds(world, users, blocks)?,
        });
    }
    Ok(growth)
}

fn memory(world: &World) -> Option<u64> {
    usage::peak_memory(world.stack.dynamodb_process()?).ok()
}

fn kinds(world: &World, users: u64, blocks: u32) -> Result<BTreeMap<Kind, Of>> {
    let step = Step::slow(&format!("Requests among {users} users"));
    let mut token = Function::start(&world.place, "token")?;
    let mut functions = Vec::new();
    for kind in KINDS {
        let function = Function::start(&world.place, kind.function())?;
        functions.push((kind, function, Warm::default()));
    }
    for _ in 0..blocks {
        for (kind, function, warm) in &mut functions {
            let mut session = Session::begin_as(&mut token, &somebody(users)?)?;
            measure::block(function, &mut session, *kind, warm).context(kind.label())?;
        }
    }
    let mut all = BTreeMap::new();
    for (kind, _, warm) in functions {
        let of = Of {
            calls: calls(
                world,
                kind,
                &mut Session::begin_as(&mut token, &somebody(users)?)?,
            )?,
            cpu: median(&warm.cpu).context("nothing was measured")?,
            p50: percentile(&warm.walls, 50).context("nothing was measured")?,
        };
        all.insert(kind, of);
    }
    step.done();
    Ok(all)
}

/// The name of any one of the users.
fn somebody(users: u64) -> Result<String> {
    let number = u64::from_le_bytes(random::bytes(&SystemRandom)?);
    Ok(fill::username(number % users.max(1)))
}

/// The AWS calls of one warm request, as they are on the wire.
fn calls(world: &World, kind: Kind, session: &mut Session) -> Result<String> {
    let calls = Calls::default();
    let dynamodb = Wire::to(&world.stack.dynamodb.url, &calls)?;
    let kms = Wire::to(&world.stack.kms.url, &calls)?;
    let place = Place {
        through: Some((dynamodb.url.clone(), kms.url.clone())),
        ..world.place.clone()
    };
    let mut function = Function::start(&place, kind.function())?;
    for _ in 0..2 {
        let answer = function.invoke(session.event(kind))?;
        session.take(kind, &answer)?;
    }
    calls.take();
    for _ in 0..COUNTED {
        let answer = function.invoke(session.event(kind))?;
        session.take(kind, &answer)?;
    }
    Ok(wire::of_each(&calls.take(), COUNTED))
}

pub fn table(growth: &Growth) -> String {
    let mut rows = vec![row([
        "request",
        "users and families",
        "CPU",
        "×",
        "p50",
        "calls of AWS",
    ])];
    for kind in KINDS {
        let mut first = None;
        for stage in &growth.stages {
            let Some(it) = stage.kinds.get(&kind) else {
                continue;
            };
            let first = *first.get_or_insert(it.cpu);
            rows.push(row([
                kind.label(),
                &stage.users.to_string(),
                &time(it.cpu),
                &times(it.cpu, Some(first)),
                &time(it.p50),
                &it.calls,
            ]));
        }
    }
    let requests = render(&rows);
    let mut rows = vec![row([
        "users and families",
        "items",
        "filled in",
        "DynamoDB Local, peak",
    ])];
    for stage in &growth.stages {
        let memory = stage
            .database_kib
            .map_or_else(|| "–".to_owned(), |kib| format!("{} MiB", kib / KIB_A_MIB));
        rows.push(row([
            &stage.users.to_string(),
            &(stage.users * fill::ITEMS).to_string(),
            &progress::seconds(Duration::from_secs(stage.seconds)),
            &memory,
        ]));
    }
    let stopped = growth.stopped.as_ref().map_or_else(
        || "It took every size.".to_owned(),
        |stopped| format!("It stopped {stopped}."),
    );
    format!(
        "{}\n\nEach block of requests is of a user chosen at random. × is to the fewest users. p50 is mostly DynamoDB Local's own time.\n\n\
         {requests}\n\n**The store.** {stopped}\n\n{}",
        report::machine(&growth.machine),
        render(&rows)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_told_beside_the_fewest_users() {
        let stage = |users, cpu| Stage {
            users,
            seconds: 3,
            database_kib: Some(2_048),
            kinds: BTreeMap::from([(
                Kind::UserInfo,
                Of {
                    calls: "BatchGetItem".to_owned(),
                    cpu,
                    p50: 9_000,
                },
            )]),
        };
        let growth = Growth {
            machine: Machine::default(),
            stages: vec![stage(1_000, 2_000), stage(100_000, 3_000)],
            stopped: Some("at 7 users".to_owned()),
        };
        let text = table(&growth);
        let line = text.lines().find(|line| line.contains("100000 | 3 µs"));
        assert!(line.is_some_and(|line| line.contains("1.50")), "{text}");
        assert!(text.contains("It stopped at 7 users."), "{text}");
        assert!(text.contains("400000"), "{text}");
        assert!(text.contains("2 MiB"), "{text}");
    }
}
