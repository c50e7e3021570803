//! What is wrong with a registry file, where, and what to do about it.

use std::cell::RefCell;
use std::fmt;

use serde::Serialize;

/// A place in the text, counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

/// Whom a fault is about: `tenant default, client demo-web`.
#[derive(Debug, Clone, Default)]
pub struct Place(String);

impl Place {
    /// A place inside this one.
    #[must_use]
    pub fn inside(&self, what: &str) -> Self {
        if self.0.is_empty() {
            Self(what.to_owned())
        } else {
            Self(format!("{}, {what}", self.0))
        }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where, unless it came from the command line.
    #[serde(flatten)]
    pub at: Option<Position>,
    /// What is wrong and what to do.
    pub message: String,
}

/// Gathers faults, so that a file's are told all at once.
#[derive(Debug, Default)]
pub struct Faults(RefCell<Vec<Fault>>);

impl Faults {
    /// Adds a fault about `place`.
    pub fn at(&self, at: Option<Position>, place: &Place, message: impl fmt::Display) {
        let message = if place.0.is_empty() {
            message.to_string()
        } else {
            format!("{}: {message}", place.0)
        };
        self.push(Fault { at, message });
    }

    /// Adds a fault.
    pub fn push(&self, fault: Fault) {
        self.0.borrow_mut().push(fault);
    }

    /// Whether there is none so far.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// The value, if there is no fault.
    ///
    /// # Errors
    /// [`FaultyFile`] with the faults in the order of the file.
    pub fn or<T>(self, name: &str, value: impl FnOnce() -> T) -> Result<T, FaultyFile> {
        let mut faults = self.0.into_inner();
        if faults.is_empty() {
            return Ok(value());
        }
        faults.sort_by_key(|fault| fault.at);
        Err(FaultyFile {
            name: name.to_owned(),
            faults,
        })
    }
}

/// A registry file that cannot be applied.
#[derive(Debug, PartialEq, Eq)]
pub struct FaultyFile {
    /// The file, or what stands for it.
    pub name: String,
    /// Everything found.
    pub faults: Vec<Fault>,
}

impl fmt::Display for FaultyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            match fault.at {
                Some(Position { line, column }) => {
                    write!(f, "{}:{line}:{column}: {}", self.name, fault.message)?;
                }
                None if self.name.is_empty() => f.write_str(&fault.message)?,
                None => write!(f, "{}: {}", self.name, fault.message)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for FaultyFile {}
