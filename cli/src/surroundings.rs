//! What a registry file may refer to: variables of the environment, files, and the person at the terminal.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use latchkey_registry::door::Surroundings;
use secrecy::SecretString;

/// Asks a person.
pub trait Prompter {
    /// Whether there is somebody to ask.
    fn is_there(&self) -> bool;

    /// Whether somebody at the terminal types `yes` when told `what` would happen.
    ///
    /// # Errors
    /// When there is no terminal.
    fn confirm(&self, what: &str) -> io::Result<bool>;

    /// A secret, typed unseen.
    ///
    /// # Errors
    /// When there is no terminal, or the two answers differ.
    fn ask(&self, what: &str) -> io::Result<SecretString>;
}

/// The process's own surroundings.
#[derive(Debug)]
pub struct Process {
    folder: PathBuf,
}

impl Process {
    /// For a registry file at `path`; `-`, standard input, counts as one in the working directory.
    pub fn around(path: &Path) -> Self {
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Self { folder }
    }
}

impl Surroundings for Process {
    #[expect(
        clippy::disallowed_methods,
        reason = "`{env: NAME}` is read here and nowhere else"
    )]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(self.folder.join(path))
    }
}

const TERMINAL: &str = if cfg!(windows) { "CON" } else { "/dev/tty" };

/// The terminal the command was started from.
#[derive(Debug)]
pub struct Terminal;

impl Prompter for Terminal {
    fn is_there(&self) -> bool {
        // What is asked is asked at the terminal itself, wherever the standard streams lead.
        if cfg!(unix) {
            std::fs::File::open(TERMINAL).is_ok()
        } else {
            io::stdin().is_terminal()
        }
    }

    fn confirm(&self, what: &str) -> io::Result<bool> {
        use io::{BufRead as _, Write as _};

        let mut terminal = std::fs::File::options()
            .read(true)
            .write(true)
            .open(TERMINAL)?;
        write!(terminal, "{what} Type yes to go on: ")?;
        terminal.flush()?;
        let mut answer = String::new();
        io::BufReader::new(terminal).read_line(&mut answer)?;
        Ok(answer.trim() == "yes")
    }

    fn ask(&self, what: &str) -> io::Result<SecretString> {
        let no_terminal = |error: io::Error| io::Error::new(error.kind(), nobody_to_ask(what));
        let once = rpassword::prompt_password(format!("{what}: ")).map_err(no_terminal)?;
        let again = rpassword::prompt_password(format!("{what}, again: ")).map_err(no_terminal)?;
        if once == again {
            Ok(SecretString::from(once))
        } else {
            Err(io::Error::other(format!(
                "the two answers for the {what} differ: run the command again"
            )))
        }
    }
}

/// What is wrong where a secret is to be asked for and there is no terminal.
pub fn nobody_to_ask(what: &str) -> String {
    format!(
        "there is no terminal to ask for the {what}: let it come from a variable or a file, or be generated"
    )
}
