//! The only place that writes: what a person reads, or what a script does.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use latchkey_registry::fault::FaultyFile;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::{Value, json};

use crate::apply::{Generated, GeneratedFor};
use crate::plan::diff::Field;
use crate::plan::{Change, Verb};

/// Where the answer goes, and in which form.
pub struct Output<'a> {
    /// In JSON.
    pub json: bool,
    writer: &'a mut dyn Write,
}

impl std::fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").finish_non_exhaustive()
    }
}

impl<'a> Output<'a> {
    /// An answer written to `writer`.
    pub fn new(writer: &'a mut dyn Write, json: bool) -> Self {
        Self { json, writer }
    }

    /// Says something to a person; a script is told by [`Self::document`].
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        if self.json {
            Ok(())
        } else {
            write_all(self.writer, text)
        }
    }

    /// Gives out what was asked for, to a person and a script alike.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn raw(&mut self, text: &str) -> io::Result<()> {
        write_all(self.writer, text)
    }

    /// Answers a script; a person is told by [`Self::say`].
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn document(&mut self, document: &impl Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let mut text = serde_json::to_string_pretty(document)?;
        text.push('\n');
        write_all(self.writer, &text)
    }

    /// Answers with rows: a table for a person, an array for a script.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn rows<T: Serialize, const N: usize>(
        &mut self,
        rows: &[T],
        header: [&str; N],
        cells: impl Fn(&T) -> [String; N],
    ) -> io::Result<()> {
        self.document(&rows)?;
        let cells: Vec<[String; N]> = rows.iter().map(cells).collect();
        self.say(&table(header, &cells))
    }
}

/// A file that nobody else may read, emptied if it was there.
///
/// # Errors
/// As opening a file has them.
pub fn create_private(path: &Path) -> io::Result<File> {
    open_private(path, true)
}

/// The same, with what is in it.
///
/// # Errors
/// As opening a file has them.
pub fn reopen_private(path: &Path) -> io::Result<File> {
    open_private(path, false)
}

fn open_private(path: &Path, empty: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(empty);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};

        let file = options.mode(0o600).open(path)?;
        // The mode is a new file's only.
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
}

/// A reader that stops reading (`| head`) is no fault.
fn write_all(writer: &mut dyn Write, text: &str) -> io::Result<()> {
    match writer
        .write_all(text.as_bytes())
        .and_then(|()| writer.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| printable(cell)))
        .collect();
    let mut widths = header.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let header = header.map(str::to_owned);
    let mut text = String::new();
    for row in std::iter::once(&header).chain(&rows) {
        let cells = row.iter().zip(widths);
        let line: String = cells
            .map(|(cell, width)| format!("{cell:<width$}  "))
            .collect();
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Text from the store that a terminal cannot be led astray with.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// A change as a line, and its fields below or beside it.
pub fn change(change: &Change) -> String {
    let (sign, colour) = match change.verb {
        Verb::Create => ('+', AnsiColor::Green),
        Verb::Change => ('~', AnsiColor::Yellow),
        Verb::Delete => ('-', AnsiColor::Red),
    };
    let style = Style::new().fg_color(Some(colour.into()));
    let mut text = format!("{style}{sign}{style:#} {}", named(change));
    // Of people little more than the names of fields is told, so they fit beside.
    if change.subject().0 == "user" {
        text.push_str(&beside(change));
        text.push('\n');
        return text;
    }
    text.push('\n');
    for field in &change.fields {
        let _ = writeln!(text, "    {}", below(field, change.verb));
    }
    text
}

fn beside(change: &Change) -> String {
    let fields = change.fields.iter().map(|field| match &field.new {
        Some(new) => format!("{} ({new})", field.name),
        None => field.name.clone(),
    });
    let fields: Vec<String> = fields.collect();
    match (fields.is_empty(), change.ends_tokens()) {
        (true, _) => String::new(),
        (false, false) => format!(": {}", fields.join(", ")),
        (false, true) => format!(": {}; their tokens end", fields.join(", ")),
    }
}

fn below(field: &Field, verb: Verb) -> String {
    let name = &field.name;
    let text = match (&field.old, &field.new) {
        (None, None) if verb == Verb::Create => format!("{name}: set"),
        (None, None) => format!("{name}: changed"),
        (None, Some(new)) => format!("{name}: {new}"),
        (Some(old), None) => format!("{name}: {old} -> not set"),
        (Some(old), Some(new)) => format!("{name}: {old} -> {new}"),
    };
    printable(&text)
}

/// `client acme/shop`, `tenant acme`.
fn named(change: &Change) -> String {
    let (kind, id) = change.subject();
    let id = printable(id);
    if kind == "tenant" {
        format!("tenant {id}")
    } else {
        format!("{kind} {}/{id}", change.tenant)
    }
}

/// A change for a script.
pub fn change_document(change: &Change) -> Value {
    let (kind, id) = change.subject();
    let fields: Vec<&str> = change
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    json!({
        "action": change.verb,
        "tenant": change.tenant,
        "kind": kind,
        "id": id,
        "fields": fields,
    })
}

/// A secret that was made up, for a person. The only time it is told.
pub fn generated(generated: &Generated) -> String {
    let bold = Style::new().bold();
    let whose = match &generated.of {
        GeneratedFor::Client(id) => format!("secret of client {}/{id}", generated.tenant),
        GeneratedFor::User(name) => format!("password of user {}/{name}", generated.tenant),
    };
    format!(
        "{}: {bold}{}{bold:#}\n",
        printable(&whose),
        generated.secret.expose_secret()
    )
}

/// A secret that was made up, for a script.
pub fn generated_document(generated: &Generated) -> Value {
    let tenant = &generated.tenant;
    let secret = generated.secret.expose_secret();
    match &generated.of {
        GeneratedFor::Client(id) => {
            json!({"tenant": tenant, "client_id": id, "client_secret": secret})
        }
        GeneratedFor::User(name) => {
            json!({"tenant": tenant, "username": name, "password": secret})
        }
    }
}

/// A fault, with what lies behind it.
pub fn error(error: &anyhow::Error, json: bool) -> String {
    let faulty = error.downcast_ref::<FaultyFile>();
    let text = faulty.map_or_else(|| printable(&chain(error)), ToString::to_string);
    if json {
        return match faulty {
            Some(faulty) => format!("{}\n", json!({"error": text, "faults": faulty.faults})),
            None => format!("{}\n", json!({"error": text})),
        };
    }
    let red = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
    match faulty {
        Some(faulty) if !faulty.name.is_empty() => {
            let faults = match faulty.faults.len() {
                1 => "1 fault".to_owned(),
                count => format!("{count} faults"),
            };
            format!(
                "{text}\n{red}{faults}{red:#} in {}. Nothing was written.\n",
                faulty.name
            )
        }
        Some(_) | None => format!("{red}error{red:#}: {text}\n"),
    }
}

/// An error and its causes; one that only says again what its effect said is left out.
pub fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    if text.contains("ResourceNotFoundException") {
        text.push_str(". Are --registry-table, --users-table, --grants-table and AWS_REGION those of the deployment?");
    }
    text
}
