//! Starts, first requests and warm requests of every kind, in turns, so that a drift of the machine hits all alike.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::binaries;
use super::figures::{FunctionFigures, KindFigures, Yardsticks};
use super::function::{Cost, Function};
use super::kind::Kind;
use super::session::Session;
use super::statistics::{median, percentile};
use super::world::World;
use super::yardsticks::Yardstick;
use crate::progress::Step;

const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// Before each block: what a minute's pause made the function forget is read again.
const WARM_UP: u32 = 3;

#[derive(Debug, Default)]
struct Fresh {
    start: Vec<Cost>,
    first: Vec<Cost>,
}

#[derive(Debug, Default)]
pub struct Warm {
    pub walls: Vec<u64>,
    /// CPU of a request, a block's mean.
    pub cpu: Vec<u64>,
}

pub type Measured = (
    BTreeMap<String, FunctionFigures>,
    BTreeMap<Kind, KindFigures>,
    Yardsticks,
);

pub fn all(
    world: &World,
    session: &mut Session,
    kinds: &[Kind],
    rounds: (u32, u32),
) -> Result<Measured> {
    let (starts, blocks) = rounds;
    let fresh = fresh(world, session, kinds, starts)?;
    let mut yardstick = Yardstick::ready(world, session)?;
    let mut warm = warm(world, session, kinds, &mut yardstick, blocks)?;
    let mut functions: BTreeMap<String, Vec<Cost>> = BTreeMap::new();
    let mut figures = BTreeMap::new();
    for (kind, fresh) in fresh {
        let (warm, peak) = warm.remove(&kind).context("a kind without warm requests")?;
        let of = |of: fn(&Cost) -> u64| middle(fresh.first.iter().map(of).collect());
        let kind_figures = KindFigures {
            first_wall: of(|cost| cost.wall)?,
            first_cpu: of(|cost| cost.cpu)?,
            requests: warm.walls.len(),
            p50: middle(warm.walls.clone())?,
            p99: percentile(&warm.walls, 99).context("no request")?,
            cpu: middle(warm.cpu)?,
            peak_memory_kib: peak,
        };
        figures.insert(kind, kind_figures);
        let function = functions.entry(kind.function().to_owned()).or_default();
        function.extend(fresh.start);
    }
    let functions = functions.into_iter().map(|(name, starts)| {
        let of = |of: fn(&Cost) -> u64| middle(starts.iter().map(of).collect());
        let figures = FunctionFigures {
            starts: starts.len(),
            start_wall: of(|cost| cost.wall)?,
            start_cpu: of(|cost| cost.cpu)?,
            size: binaries::size(&world.place.binaries, &name)?,
        };
        Ok((name, figures))
    });
    let functions = functions.collect::<Result<_>>()?;
    Ok((functions, figures, yardstick.figures()))
}

fn middle(samples: Vec<u64>) -> Result<u64> {
    median(&samples).context("nothing was measured")
}

fn fresh(
    world: &World,
    session: &mut Session,
    kinds: &[Kind],
    starts: u32,
) -> Result<BTreeMap<Kind, Fresh>> {
    let step = Step::slow(&format!("Starts and first requests, {starts} of each kind"));
    let mut life = Instant::now();
    let mut all: BTreeMap<Kind, Fresh> = BTreeMap::new();
    for _ in 0..starts {
        for &kind in kinds {
            let mut function = Function::start(&world.place, kind.function())?;
            let (answer, cost) = function.invoke_alone(session.event(kind))?;
            session.take(kind, &answer).context(kind.label())?;
            let fresh = all.entry(kind).or_default();
            fresh.start.push(function.start);
            fresh.first.push(cost);
        }
        still(&step, &mut life);
    }
    step.done();
    Ok(all)
}

fn warm(
    world: &World,
    session: &mut Session,
    kinds: &[Kind],
    yardstick: &mut Yardstick,
    blocks: u32,
) -> Result<BTreeMap<Kind, (Warm, u64)>> {
    let step = Step::slow(&format!("Warm requests, {blocks} blocks of each kind"));
    let mut life = Instant::now();
    let mut functions = Vec::new();
    for &kind in kinds {
        let function = Function::start(&world.place, kind.function())?;
        functions.push((kind, function, Warm::default()));
    }
    for _ in 0..blocks {
        for (kind, function, warm) in &mut functions {
            block(function, session, *kind, warm).context(kind.label())?;
            still(&step, &mut life);
        }
        yardstick.measure(world)?;
    }
    let mut all = BTreeMap::new();
    for (kind, function, warm) in functions {
        let peak = function.peak_memory()?;
        if kind == Kind::Revoke {
            revocation_holds(world, session)?;
        }
        all.insert(kind, (warm, peak));
    }
    step.done();
    Ok(all)
}

/// Some requests in a row, after some that do not count.
pub fn block(
    function: &mut Function,
    session: &mut Session,
    kind: Kind,
    warm: &mut Warm,
) -> Result<()> {
    for _ in 0..WARM_UP {
        let answer = function.invoke(session.event(kind))?;
        session.take(kind, &answer)?;
    }
    let before = function.cpu()?;
    for _ in 0..kind.block() {
        let answer = function.invoke(session.event(kind))?;
        session.take(kind, &answer)?;
        warm.walls.push(answer.wall);
    }
    let used = function.cpu()? - before;
    warm.cpu.push(used / u64::from(kind.block()));
    Ok(())
}

/// What was answered 200 so often did happen: RFC 7009 says 200 to anything.
fn revocation_holds(world: &World, session: &Session) -> Result<()> {
    let mut introspect = Function::start(&world.place, "introspect")?;
    if session.is_revocable_active(&mut introspect)? {
        bail!("the revoked token is active");
    }
    Ok(())
}

fn still(step: &Step, last: &mut Instant) {
    if last.elapsed() >= SIGN_OF_LIFE {
        step.still();
        *last = Instant::now();
    }
}
