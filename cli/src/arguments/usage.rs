//! Usage lines that name what must be given, and not every option that a variable of the environment has set.

use clap::{CommandFactory as _, FromArgMatches as _};

use super::Arguments;

/// Reads the command line; where it is wrong, says so and ends the process.
pub fn parse() -> Arguments {
    let matches = command().get_matches();
    Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// The completions of a shell.
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "latchkey", &mut script);
    script
}

/// The command with usage lines of its own.
fn command() -> clap::Command {
    with_usage(Arguments::command(), "latchkey")
}

fn with_usage(command: clap::Command, path: &str) -> clap::Command {
    let mut usage = format!("{path} [OPTIONS]");
    for positional in command.get_positionals() {
        let names = positional.get_value_names().unwrap_or_default();
        for name in names {
            usage.push_str(&format!(" <{name}>"));
        }
    }
    if command.has_subcommands() {
        usage.push_str(" <COMMAND>");
    }
    command.override_usage(usage).mut_subcommands(|subcommand| {
        let path = format!("{path} {}", subcommand.get_name());
        with_usage(subcommand, &path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(words: &[&str]) -> String {
        let error = command().try_get_matches_from(words).unwrap_err();
        let text = error.to_string();
        let line = text.lines().find(|line| line.starts_with("Usage:"));
        line.unwrap_or_default().to_owned()
    }

    #[test]
    fn every_shell_completes_every_subcommand() {
        use clap::ValueEnum as _;

        for shell in clap_complete::Shell::value_variants() {
            let script = String::from_utf8(completions(*shell)).unwrap();
            for word in [
                "apply", "import", "export", "doctor", "--format", "--resume",
            ] {
                // Fish writes an option without its dashes.
                let word = word.trim_start_matches('-');
                assert!(script.contains(word), "{shell} without {word}");
            }
        }
    }

    /// What is to be pasted is not to be broken by the terminal.
    #[test]
    fn no_help_is_wider_than_a_terminal() {
        let mut commands = vec![command()];
        while let Some(command) = commands.pop() {
            let help = command.get_after_help().map(ToString::to_string);
            for line in help.unwrap_or_default().lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
            }
            commands.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn usage_names_what_must_be_given() {
        assert_eq!(
            usage(&["latchkey", "apply"]),
            "Usage: latchkey apply [OPTIONS] <FILE>"
        );
        assert_eq!(
            usage(&["latchkey", "user", "add", "--users-table", "t"]),
            "Usage: latchkey user add [OPTIONS] <USERNAME>"
        );
        assert_eq!(
            usage(&["latchkey", "user", "no"]),
            "Usage: latchkey user [OPTIONS] <COMMAND>"
        );
    }
}
