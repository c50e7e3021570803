//! `cargo xtask`: the developer's tasks.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod aws;
mod bench;
mod build;
mod demo;
mod demo_access;
mod demo_checks;
mod demo_dialects;
mod demo_http;
mod demo_jwt;
mod demo_shell;
mod demo_show;
mod demo_story;
mod deploy_check;
mod deploy_local;
mod dev;
mod environment;
mod fuzz;
mod gateway;
mod openapi;
mod prerequisites;
mod process;
mod process_tree;
mod progress;
mod registry;
mod secrets;
mod stack;
mod tables;
mod template;
mod test;
mod test_counts;
mod tools;
mod workspace;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The developer's tasks")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build, start the local stack and the functions, show one password login, stay up
    Dev(dev::Arguments),
    /// Everything that must hold before a change is merged
    Test,
    /// Measure the functions as built for release, beside one that does nothing (minutes)
    Bench(bench::Arguments),
    /// Feed whatever reads requests, tokens, keys and registry files with what nobody would send (a minute a target, after a
    /// build of minutes; findings are kept in .latchkey/fuzz/found/)
    Fuzz(fuzz::Arguments),
    /// Check template.yaml and build the functions as for a deployment (minutes)
    DeployCheck,
    /// Deploy template.yaml to a local emulator of AWS and check what is there (half a minute)
    DeployLocal(deploy_local::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = process::stop_on_signals().and_then(|()| match arguments.task {
        Task::Dev(arguments) => dev::run(&arguments),
        Task::Test => test::run(),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::DeployCheck => deploy_check::run(),
        Task::DeployLocal(arguments) => deploy_local::run(&arguments),
    });
    process::wait_if_stopping();
    match outcome {
        Ok(code) => code,
        Err(error) => {
            progress::note(&format!(
                "{} {error:#}",
                progress::paint(progress::BAD, "error:")
            ));
            ExitCode::FAILURE
        }
    }
}
