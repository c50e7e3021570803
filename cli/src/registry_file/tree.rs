//! YAML as a tree whose every node knows its place, so that all faults of a file can be told at once:
//! a typed deserialisation stops at the first.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::{Location, Options, Spanned};

use super::fault::{Fault, Position};

/// A node and its place. Without `Debug`: it may be a secret.
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it stands; nowhere if it came from the command line.
    pub at: Option<Position>,
}

/// What a node may be.
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
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub at: Option<Position>,
    /// Its value.
    pub node: Node,
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

    /// A list of texts that came from the command line.
    pub fn texts(texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::new(Value::List(texts.into_iter().map(Self::text).collect()))
    }
}

impl Value {
    /// What it is, for messages that must not tell what it says.
    pub const fn kind(&self) -> &'static str {
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

/// What the reader says where a line begins too far left or right.
const INDENTATION: [&str; 3] = [
    "did not find expected",
    "mapping values are not allowed",
    "tabs disallowed",
];

/// Reads YAML.
///
/// # Errors
/// The one [`Fault`] that reading ended at.
pub fn parse(text: &str) -> Result<Node, Fault> {
    let options = serde_saphyr::options! {
        // A snippet of the text could show a secret.
        with_snippet: false,
        // Only `true` and `false`: the name `No` and the country NO stay text.
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        // The operator's own file may be long; aliases, which could blow up a short one, keep their limits.
        budget: serde_saphyr::budget! {
            max_events: 50_000_000,
            max_nodes: 50_000_000,
            max_total_scalar_bytes: 1 << 30,
        },
    };
    read(text, options).map(Node::from).map_err(|error| {
        let told = told(&error);
        let advice = if INDENTATION.iter().any(|sign| told.contains(sign)) {
            " Check the indentation of this line."
        } else {
            ""
        };
        Fault {
            at: error.location().and_then(position),
            message: format!("this is not YAML that can be read: {told}.{advice}"),
        }
    })
}

fn read(text: &str, options: Options) -> Result<Spanned<Value>, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, options)
}

/// The message alone: its place is told apart, in our form.
fn told(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let message = text.lines().next().unwrap_or_default();
    let message = message.split(" at line ").next().unwrap_or_default();
    // What a programmer may do about it is no advice for an operator.
    for advice in [", set DuplicateKeyPolicy", "; use from_str_multiple"] {
        if let Some((message, _)) = message.split_once(advice) {
            return message.to_owned();
        }
    }
    message.trim_end_matches(['.', ':']).to_owned()
}

fn position(location: Location) -> Option<Position> {
    (location != Location::UNKNOWN).then(|| Position {
        line: location.line(),
        column: location.column(),
    })
}

impl From<Spanned<Value>> for Node {
    fn from(spanned: Spanned<Value>) -> Self {
        Self {
            at: position(spanned.defined),
            value: spanned.value,
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = access.next_element::<Spanned<Value>>()? {
            nodes.push(node.into());
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<Spanned<Name>>()? {
            entries.push(Entry {
                name: key.value.0,
                at: position(key.defined),
                node: access.next_value::<Spanned<Value>>()?.into(),
            });
        }
        Ok(Value::Mapping(entries))
    }
}

/// The name of a field. YAML lets it be anything; the reader tells the place of what it does not take.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field, which is text")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Name, E> {
        Ok(Name(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Name, E> {
        Ok(Name(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Name, E> {
        Ok(Name(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Name, E> {
        Ok(Name(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Name, E> {
        Ok(Name(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Name, E> {
        Ok(Name(value))
    }
}
