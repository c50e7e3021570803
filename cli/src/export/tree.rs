//! A document whose members stand in the order they are to be read in.

use latchkey_oauth::time::Seconds;
use latchkey_registry::duration;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

/// Members in order. Those that say nothing are left out.
#[derive(Debug, Default)]
pub struct Members(Vec<(String, Node)>);

/// The value of a member.
#[derive(Debug)]
pub enum Node {
    /// As it is.
    Plain(Value),
    /// A list.
    List(Vec<Self>),
    /// More members.
    Members(Members),
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, node) in &self.0 {
            map.serialize_entry(name, node)?;
        }
        map.end()
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => value.serialize(serializer),
            Self::List(nodes) => nodes.serialize(serializer),
            Self::Members(members) => members.serialize(serializer),
        }
    }
}

impl Members {
    /// Adds a member as it is stored, if it says something.
    pub fn add(&mut self, name: &str, value: impl Serialize) {
        // What cannot be serialised could not have been stored either.
        let value = serde_json::to_value(value).unwrap_or_default();
        let silent = match &value {
            Value::Null => true,
            Value::Bool(value) => !value,
            Value::String(text) => text.is_empty(),
            Value::Array(values) => values.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::Number(_) => false,
        };
        if !silent {
            self.always(name, Node::Plain(value));
        }
    }

    /// Adds a duration, if there is one.
    pub fn duration(&mut self, name: &str, span: Option<Seconds>) {
        self.add(name, span.map(duration::show));
    }

    /// Adds a list, if there is something in it.
    pub fn list(&mut self, name: &str, elements: impl Iterator<Item = Self>) {
        let elements: Vec<Node> = elements.map(Node::Members).collect();
        if !elements.is_empty() {
            self.always(name, Node::List(elements));
        }
    }

    /// Adds a member.
    pub fn always(&mut self, name: &str, node: Node) {
        self.0.push((name.to_owned(), node));
    }
}

impl From<Members> for Node {
    fn from(members: Members) -> Self {
        Self::Members(members)
    }
}

impl FromIterator<Members> for Node {
    fn from_iter<I: IntoIterator<Item = Members>>(iter: I) -> Self {
        Self::List(iter.into_iter().map(Self::Members).collect())
    }
}
