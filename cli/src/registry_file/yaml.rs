//! YAML, read into the tree of the registry's vocabulary.

use std::fmt;

use latchkey_registry::fault::{At, Fault, Position};
use latchkey_registry::tree::{Entry, Node, Value};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::{Location, Options, Spanned};

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
    read(text, options).map(node).map_err(|error| {
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

fn read(text: &str, options: Options) -> Result<Spanned<Yaml>, serde_saphyr::Error> {
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

fn position(location: Location) -> Option<At> {
    (location != Location::UNKNOWN).then(|| {
        At::Line(Position {
            line: location.line(),
            column: location.column(),
        })
    })
}

fn node(spanned: Spanned<Yaml>) -> Node {
    Node {
        at: position(spanned.defined),
        value: spanned.value.0,
    }
}

/// A value, as serde fills it in.
struct Yaml(Value);

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor).map(Self)
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
        while let Some(node) = access.next_element::<Spanned<Yaml>>()? {
            nodes.push(self::node(node));
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<Spanned<Name>>()? {
            entries.push(Entry {
                name: key.value.0,
                at: position(key.defined),
                node: node(access.next_value::<Spanned<Yaml>>()?),
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
