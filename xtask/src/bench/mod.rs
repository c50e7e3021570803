//! `cargo xtask bench`: how fast, how cheap and how small each function is, beside a function that does nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::progress::{note, say};
use crate::{prerequisites, workspace};

mod binaries;
mod event;
mod figures;
mod fill;
mod function;
mod goals;
mod growth;
mod kind;
mod measure;
mod names;
mod report;
mod runtime_api;
mod session;
mod statistics;
mod table;
mod timing;
mod usage;
mod wire;
mod world;
mod yardsticks;

use figures::{Figures, Machine};
use function::Function;
use kind::Kind;
use session::Session;
use world::World;

const DOCUMENT: &str = "docs/performance.md";
const MARKER: &str = "figures: cargo xtask bench";
const GROWTH_MARKER: &str = "figures: cargo xtask bench --growth";

/// A load from which on the figures suffer.
const BUSY: f64 = 1.0;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Fewer samples: for a look, not for a record
    #[arg(long)]
    quick: bool,
    /// Measure the binaries of the last run
    #[arg(long)]
    skip_build: bool,
    /// Instead: requests among 10^3, 10^5 and 10^6 users and refresh families (an hour)
    #[arg(long, conflicts_with_all = ["only", "against"])]
    growth: bool,
    /// Only one function, beside bare
    #[arg(long, value_name = "FUNCTION", value_parser = ["discovery", "introspect", "manage", "register", "revoke", "token", "userinfo"])]
    only: Option<String>,
    /// Also write the tables into docs/performance.md
    #[arg(long, conflicts_with_all = ["quick", "only"])]
    write: bool,
    /// Also print what each figure is to that of another run, whose file is .latchkey/bench/figures.json
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Effort {
    starts: u32,
    blocks: u32,
    guesses: u32,
}

impl Arguments {
    const fn effort(&self) -> Effort {
        if self.quick {
            Effort {
                starts: 5,
                blocks: 3,
                guesses: 20,
            }
        } else {
            Effort {
                starts: 30,
                blocks: 20,
                guesses: 200,
            }
        }
    }

    fn write(&self, marker: &str, text: &str) -> Result<()> {
        if self.write {
            table::write_between(&workspace::root().join(DOCUMENT), marker, text)?;
        }
        Ok(())
    }

    fn measures(&self, kind: Kind) -> bool {
        let only = self.only.as_deref();
        only.is_none_or(|only| kind == Kind::Bare || kind.function() == only)
    }
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    // Before minutes of building and measuring.
    let then: Option<Figures> = arguments
        .against
        .as_deref()
        .map(figures::read)
        .transpose()?;
    prerequisites::for_dev()?;
    if !arguments.skip_build {
        binaries::build()?;
    }
    for name in binaries::names() {
        binaries::size(&binaries::folder(), name)?;
    }
    if arguments.growth {
        return grow(arguments);
    }
    let figures = in_world(arguments.effort().guesses, |world| {
        measured(arguments, world)
    })?;
    let file = workspace::state().join("bench/figures.json");
    figures::keep(&figures, &file)?;
    let text = report::whole(&figures);
    say(&format!("\n{text}"));
    if let Some(then) = then {
        say(&format!("\n{}", report::against(&figures, &then)));
    }
    arguments.write(MARKER, &text)?;
    tell_file(&file);
    Ok(ExitCode::SUCCESS)
}

fn grow(arguments: &Arguments) -> Result<ExitCode> {
    let (sizes, blocks): (&[u64], u32) = if arguments.quick {
        (&[1_000, 10_000], 3)
    } else {
        (&[1_000, 100_000, 1_000_000], 20)
    };
    let growth = in_world(0, |world| growth::run(world, sizes, blocks))?;
    let file = workspace::state().join("bench/growth.json");
    figures::keep(&growth, &file)?;
    let text = growth::table(&growth);
    say(&format!("\n{text}"));
    arguments.write(GROWTH_MARKER, &text)?;
    tell_file(&file);
    Ok(ExitCode::SUCCESS)
}

fn tell_file(file: &Path) {
    note(&format!("\nThe figures are in {}.", workspace::shown(file)));
}

fn in_world<T>(known: u32, work: impl FnOnce(&World) -> Result<T>) -> Result<T> {
    tell_load();
    let world = World::start(binaries::folder(), known)?;
    let outcome = work(&world);
    world.end()?;
    outcome
}

/// What else runs on this machine is in every wall time, and a little in every CPU time.
fn tell_load() {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = text.split(' ').next().and_then(|load| load.parse().ok());
    if let Some(load) = load.filter(|load: &f64| *load > BUSY) {
        note(&format!(
            "The machine is at work already (load {load}): end what else runs, or take the wall times for what they are."
        ));
    }
}

fn measured(arguments: &Arguments, world: &World) -> Result<Figures> {
    let effort = arguments.effort();
    let mut session = Session::begin(&world.place)?;
    let mut introspect = Function::start(&world.place, "introspect")?;
    if !session.is_revocable_active(&mut introspect)? {
        bail!("the token to be revoked is not active to begin with");
    }
    drop(introspect);
    let kinds: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|kind| arguments.measures(*kind))
        .collect();
    let (functions, kinds, yardsticks) =
        measure::all(world, &mut session, &kinds, (effort.starts, effort.blocks))?;
    let timing = if arguments.measures(Kind::Password) {
        timing::all(world, effort.guesses)?
    } else {
        Vec::new()
    };
    Ok(Figures {
        machine: Machine::this(),
        functions,
        kinds,
        yardsticks,
        timing,
    })
}
