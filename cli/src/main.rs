//! `latchkey`, the operator's command.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use latchkey::apply::Tools;
use latchkey::arguments::{self, Arguments, Command};
use latchkey::command::import::SomeRejected;
use latchkey::command::{self, Session};
use latchkey::connection::{self, Tables};
use latchkey::output::{self, Output};
use latchkey::surroundings::{Process, Terminal};
use latchkey_oauth::password::{Argon2Settings, PasswordHashing};
use latchkey_oauth::random::SystemRandom;
use latchkey_oauth::time::SystemClock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = arguments::parse();
    let json = arguments.json;
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told if this fails.
            let _ = anstream::stderr().write_all(output::error(&error, json).as_bytes());
            match error.downcast_ref::<SomeRejected>() {
                Some(_) => ExitCode::from(2),
                None => ExitCode::FAILURE,
            }
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout();
    let mut output = Output::new(&mut stdout, arguments.json);
    match &arguments.command {
        // Neither asks anything of AWS.
        Command::Doctor(doctor) => {
            let surroundings = Process::around(Path::new("-"));
            command::doctor::run(doctor, &surroundings, &SystemClock, &mut output)
        }
        Command::Completions(completions) => {
            let script = arguments::completions(completions.shell);
            Ok(output.raw(&String::from_utf8_lossy(&script))?)
        }
        Command::Apply(_)
        | Command::Tenant(_)
        | Command::Api(_)
        | Command::Client(_)
        | Command::User(_)
        | Command::Keys(_)
        | Command::Export(_) => on_store(arguments).await,
    }
}

async fn on_store(arguments: Arguments) -> anyhow::Result<()> {
    let settings = arguments
        .argon2()
        .map_or_else(Argon2Settings::default, Into::into);
    let hashing = PasswordHashing::new(settings).context("the --argon2 settings")?;
    let (surroundings, file) = match &arguments.command {
        // A faulty file is told of before anything is asked of AWS.
        Command::Apply(apply) => {
            let surroundings = Process::around(&apply.file);
            let file = command::apply::read(apply, &surroundings)?;
            (surroundings, Some(file))
        }
        Command::Tenant(_)
        | Command::Api(_)
        | Command::Client(_)
        | Command::User(_)
        | Command::Keys(_)
        | Command::Export(_)
        | Command::Doctor(_)
        | Command::Completions(_) => (Process::around(Path::new("-")), None),
    };
    if arguments.shows_hashes() && io::stdout().is_terminal() {
        warn(
            "these are hashes of passwords and secrets, and a terminal keeps what it shows: --output FILE writes a file that only you can read",
        );
    }
    let sdk = connection::aws().await?;
    let tables = Tables::open(&sdk, &arguments.place)?;
    let mut stdout = anstream::stdout();
    let mut tell = tell_progress;
    let mut session = Session {
        registry: &tables.registry,
        users: &tables.users,
        tools: Tools {
            hashing: &hashing,
            random: &SystemRandom,
            clock: &SystemClock,
            prompter: &Terminal,
        },
        surroundings: &surroundings,
        output: Output::new(&mut stdout, arguments.json),
        tell: &mut tell,
    };
    let ended = match (arguments.command, file) {
        (Command::Apply(apply), Some(file)) => session.apply(&file, &apply).await,
        // Read, and done, above.
        (Command::Apply(_), None) | (Command::Doctor(_) | Command::Completions(_), _) => Ok(()),
        (Command::Tenant(command), _) => session.tenant(command).await,
        (Command::Api(command), _) => session.api(command).await,
        (Command::Client(command), _) => session.client(command).await,
        (Command::User(command), _) => session.user(command).await,
        (Command::Export(export), _) => session.export(export).await,
        (Command::Keys(command), _) => {
            let kms = connection::public_keys(&sdk, &arguments.place);
            let signer = connection::signer(&sdk, &arguments.place);
            session.keys(command, &kms, &signer).await
        }
    };
    ended.map_err(|error| connection::with_place(error, &sdk, &arguments.place))
}

fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "note: {text}");
}

/// On a terminal one line that is written over, elsewhere a line each; nothing ends it.
fn tell_progress(text: &str) {
    let mut stderr = io::stderr();
    let line = match (stderr.is_terminal(), text.is_empty()) {
        (true, _) => format!("\r\x1b[K{text}"),
        (false, false) => format!("{text}\n"),
        (false, true) => String::new(),
    };
    // Progress that cannot be told is no reason to stop.
    let _ = stderr
        .write_all(line.as_bytes())
        .and_then(|()| stderr.flush());
}
