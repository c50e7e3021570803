//! What is wrong with a description of tenants, clients and users, where, and what to do about it.

use std::cell::RefCell;
use std::fmt;

use serde::Serialize;

use crate::shape::Asked;

/// A place in the text, counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum At {
    /// In a registry file, which is YAML.
    Line(Position),
    /// In a JSON document, by its JSON Pointer (RFC 6901).
    Pointer(Pointer),
}

/// A JSON Pointer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Pointer {
    /// `/users/0/email`; empty for the whole document.
    pub pointer: String,
}

impl Pointer {
    /// The whole document.
    pub const fn root() -> Self {
        Self {
            pointer: String::new(),
        }
    }

    /// A member or an element of what this points at.
    #[must_use]
    pub fn then(&self, token: &str) -> Self {
        let token = token.replace('~', "~0").replace('/', "~1");
        Self {
            pointer: format!("{}/{token}", self.pointer),
        }
    }
}

impl At {
    /// Where a member belongs that is not there: a line has no place for it but where its mapping begins.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        match self {
            Self::Line(position) => Self::Line(*position),
            Self::Pointer(pointer) => Self::Pointer(pointer.then(name)),
        }
    }

    /// Whether what stands there was read by YAML's rules, which take `1` or `true` for no text.
    pub fn is_yaml(at: Option<&Self>) -> bool {
        matches!(at, Some(Self::Line(_)))
    }
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
    pub at: Option<At>,
    /// What is wrong and what to do.
    pub message: String,
}

/// Gathers faults, so that a file's are told all at once.
#[derive(Debug, Default)]
pub struct Faults {
    found: RefCell<Vec<Fault>>,
    /// What fields were asked for, where that is what is wanted.
    pub(crate) asked: Option<RefCell<Vec<Asked>>>,
}

impl Faults {
    /// Notes what is asked for as well.
    pub(crate) fn asking() -> Self {
        Self {
            found: RefCell::default(),
            asked: Some(RefCell::default()),
        }
    }

    /// Adds a fault about `place`.
    pub fn at(&self, at: Option<At>, place: &Place, message: impl fmt::Display) {
        let message = if place.0.is_empty() {
            message.to_string()
        } else {
            format!("{}: {message}", place.0)
        };
        self.push(Fault { at, message });
    }

    /// Adds a fault.
    pub fn push(&self, fault: Fault) {
        self.found.borrow_mut().push(fault);
    }

    /// Whether there is none so far.
    pub fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// The value, if there is no fault.
    ///
    /// # Errors
    /// [`FaultyFile`] with the faults in the order of the text.
    pub fn or<T>(self, name: &str, value: impl FnOnce() -> T) -> Result<T, FaultyFile> {
        let mut faults = self.found.into_inner();
        if faults.is_empty() {
            return Ok(value());
        }
        faults.sort_by(|a, b| a.at.cmp(&b.at));
        Err(FaultyFile {
            name: name.to_owned(),
            faults,
        })
    }
}

/// A description, a registry file say, that cannot be taken.
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
            match &fault.at {
                Some(At::Line(Position { line, column })) => {
                    write!(f, "{}:{line}:{column}: {}", self.name, fault.message)?;
                }
                Some(At::Pointer(Pointer { pointer })) => {
                    write!(f, "{pointer}: {}", fault.message)?;
                }
                None if self.name.is_empty() => f.write_str(&fault.message)?,
                None => write!(f, "{}: {}", self.name, fault.message)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for FaultyFile {}
