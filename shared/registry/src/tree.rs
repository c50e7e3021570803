//! YAML or JSON as a tree whose every node knows its place, so that all faults can be told at once:
//! a typed deserialisation stops at the first.

use std::fmt;

use serde_json::{Number, Value as Json};

use crate::fault::{At, Pointer};

/// A node and its place.
#[derive(Debug)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it stands; nowhere if it came from the command line.
    pub at: Option<At>,
}

/// What a node may be. It may be a secret.
pub enum Value {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in order.
    Mapping(Vec<Entry>),
}

/// A field of a mapping.
#[derive(Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub at: Option<At>,
    /// Its value.
    pub node: Node,
}

/// What it is, not what it says.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl Node {
    /// Text that came from the command line.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Value::Text(text.into()))
    }

    /// A node that came from the command line.
    pub fn new(value: Value) -> Self {
        Self { value, at: None }
    }

    /// A mapping that came from the command line.
    pub fn mapping(entries: impl IntoIterator<Item = (String, Self)>) -> Self {
        let entries = entries.into_iter().map(|(name, node)| Entry {
            name,
            at: None,
            node,
        });
        Self::new(Value::Mapping(entries.collect()))
    }

    /// A list that came from the command line.
    pub fn list(nodes: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Value::List(nodes.into_iter().collect()))
    }

    /// What it is, in the words of the language it was written in, for messages that must not tell what it says.
    pub fn kind(&self) -> &'static str {
        match (&self.value, &self.at) {
            (Value::Mapping(_), Some(At::Pointer(_))) => "an object",
            (value, _) => value.kind(),
        }
    }

    /// A list of texts that came from the command line.
    pub fn texts(texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::new(Value::List(texts.into_iter().map(Self::text).collect()))
    }
}

impl From<Json> for Node {
    fn from(document: Json) -> Self {
        from_json(document, Pointer::root())
    }
}

/// What it says, without its places.
impl From<Node> for Json {
    fn from(node: Node) -> Self {
        match node.value {
            Value::Null => Self::Null,
            Value::Boolean(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number),
            Value::Text(text) => Self::String(text),
            Value::List(nodes) => nodes.into_iter().map(Self::from).collect(),
            Value::Mapping(entries) => {
                let members = entries.into_iter().map(|it| (it.name, Self::from(it.node)));
                Self::Object(members.collect())
            }
        }
    }
}

fn from_json(json: Json, pointer: Pointer) -> Node {
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Boolean(value),
        Json::Number(number) => Value::Number(number),
        Json::String(text) => Value::Text(text),
        Json::Array(elements) => {
            let elements = elements.into_iter().enumerate();
            let nodes = elements.map(|(index, it)| from_json(it, pointer.then(&index.to_string())));
            Value::List(nodes.collect())
        }
        Json::Object(members) => {
            let entries = members.into_iter().map(|(name, it)| {
                let pointer = pointer.then(&name);
                Entry {
                    name,
                    at: Some(At::Pointer(pointer.clone())),
                    node: from_json(it, pointer),
                }
            });
            Value::Mapping(entries.collect())
        }
    };
    Node {
        value,
        at: Some(At::Pointer(pointer)),
    }
}

impl Value {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Boolean(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }
}
