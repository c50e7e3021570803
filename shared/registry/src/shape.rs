//! What fields there are, by running the very readers that read them: they are given an empty description, and what they
//! ask for is noted. So a document about the fields (OpenAPI) is no second list of them.

use std::cell::RefCell;

use crate::fault::{At, Faults, Pointer};
use crate::tree::{Node, Value};

/// A field that a reader asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Where it would be: `/lockout/user/free`; `0` stands for each element of a list.
    pub pointer: String,
    /// What it is.
    pub shape: Shape,
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Number {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// A duration, `15m`.
    Duration,
    /// A list of texts.
    Texts,
    /// A list of objects, or of texts that stand for such.
    List,
    /// An object.
    Object,
    /// Anything.
    Json,
    /// A secret: text, or where it is to come from.
    Secret,
    /// Not a field: what was asked for before must be there.
    Required,
}

/// What `read` asks for of a description.
pub fn of<T>(read: impl FnOnce(Node, &Faults) -> Option<T>) -> Vec<Asked> {
    let faults = Faults::asking();
    let nothing = probe(Pointer::root());
    // What is read of it is nothing, and what is wrong with that is of no interest.
    let _ = read(nothing, &faults);
    faults.asked.map(RefCell::into_inner).unwrap_or_default()
}

/// An object without members.
pub(crate) fn probe(pointer: Pointer) -> Node {
    Node {
        value: Value::Mapping(Vec::new()),
        at: Some(At::Pointer(pointer)),
    }
}
