//! Takes fields out of a mapping; whatever is missing, of the wrong kind or unknown becomes a fault.

use std::fmt::Display;

use crate::claim_rule;
use crate::duration::{self, Bounds};
use crate::fault::{At, Faults, Place, Pointer};
use crate::shape::{self, Asked, Shape};
use crate::tree::{Entry, Node, Value};
use latchkey_oauth::time::Seconds;
use serde_json::Value as Json;

/// The longest text of a field, in characters.
const MAX_TEXT: usize = 1_024;

/// The fields of one mapping.
#[derive(Debug)]
pub struct Fields<'a> {
    /// Whom they are about.
    pub place: Place,
    /// Where faults go.
    pub faults: &'a Faults,
    at: Option<At>,
    entries: Vec<Entry>,
    asked: Vec<&'static str>,
    taken: Vec<(&'static str, Option<At>)>,
}

impl<'a> Fields<'a> {
    /// The fields of `node`; `None` and a fault if it is no mapping.
    pub fn open(node: Node, place: Place, faults: &'a Faults) -> Option<Self> {
        let kind = node.kind();
        let Value::Mapping(entries) = node.value else {
            let message = match &node.at {
                Some(At::Pointer(_)) => format!("an object is expected here, but there is {kind}."),
                Some(At::Line(_)) | None => format!(
                    "fields are expected here, `name: value` on lines of their own, but there is {kind}."
                ),
            };
            faults.at(node.at, &place, message);
            return None;
        };
        Some(Self {
            place,
            faults,
            at: node.at,
            entries,
            asked: Vec::new(),
            taken: Vec::new(),
        })
    }

    /// Where a field that was taken stands; where the mapping begins if it is not there.
    pub fn at(&self, name: &str) -> Option<At> {
        let taken = self.taken.iter().find(|(taken, _)| *taken == name);
        match taken {
            Some((_, Some(at))) => Some(at.clone()),
            Some((_, None)) | None => self.at.as_ref().map(|at| at.member(name)),
        }
    }

    /// Adds a fault about a field.
    pub fn fault(&self, name: &str, message: impl Display) {
        self.faults.at(self.at(name), &self.place, message);
    }

    /// Notes what is asked for, where that is what is wanted: its place then.
    fn notes(&self, name: &str, shape: Shape) -> Option<Pointer> {
        let asked = self.faults.asked.as_ref()?;
        let pointer = match self.at.as_ref()?.member(name) {
            At::Pointer(pointer) => pointer,
            At::Line(_) => return None,
        };
        asked.borrow_mut().push(Asked {
            pointer: pointer.pointer.clone(),
            shape,
        });
        Some(pointer)
    }

    /// A secret's node.
    pub fn secret(&mut self, name: &'static str) -> Option<Node> {
        if self.notes(name, Shape::Secret).is_some() {
            return None;
        }
        self.take(name)
    }

    /// A field's node. One without a value is as good as absent.
    pub fn take(&mut self, name: &'static str) -> Option<Node> {
        if let Some(pointer) = self.notes(name, Shape::Object) {
            return Some(shape::probe(pointer));
        }
        self.asked.push(name);
        let index = self.entries.iter().position(|entry| entry.name == name)?;
        let node = self.entries.remove(index).node;
        if matches!(node.value, Value::Null) {
            return None;
        }
        self.taken.push((name, node.at.clone()));
        Some(node)
    }

    /// Whether a field that was asked for is there, be it right or wrong.
    pub fn has(&self, name: &str) -> bool {
        self.taken.iter().any(|(taken, _)| *taken == name)
    }

    /// Says that a field is missing, if it is.
    pub fn require<T>(&self, name: &'static str, value: Option<T>) -> Option<T> {
        if self.notes(name, Shape::Required).is_some() {
            return value;
        }
        if value.is_none() && !self.has(name) {
            self.fault(name, format!("`{name}` is missing. Add it."));
        }
        value
    }

    /// Text on one line.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        if self.notes(name, Shape::Text).is_some() {
            return None;
        }
        let node = self.take(name)?;
        self.as_text(name, node, char::is_control)
    }

    /// Text on one line or several.
    pub fn lines(&mut self, name: &'static str) -> Option<String> {
        if self.notes(name, Shape::Text).is_some() {
            return None;
        }
        let node = self.take(name)?;
        self.as_text(name, node, |c| c.is_control() && c != '\n')
    }

    fn as_text(&self, name: &str, node: Node, unwanted: fn(char) -> bool) -> Option<String> {
        self.as_text_up_to(name, node, MAX_TEXT, unwanted)
    }

    fn as_text_up_to(
        &self,
        name: &str,
        node: Node,
        most: usize,
        unwanted: fn(char) -> bool,
    ) -> Option<String> {
        match node.value {
            Value::Text(text) => match text_fault(&text, most, unwanted) {
                None => Some(text),
                Some(fault) => {
                    self.faults
                        .at(node.at, &self.place, format!("`{name}` {fault}"));
                    None
                }
            },
            Value::Number(_) | Value::Boolean(_) if At::is_yaml(node.at.as_ref()) => {
                let message = format!(
                    "`{name}` is text, and YAML reads this as {}. Put it in quotes.",
                    node.kind()
                );
                self.faults.at(node.at, &self.place, message);
                None
            }
            Value::Null
            | Value::Number(_)
            | Value::Boolean(_)
            | Value::List(_)
            | Value::Mapping(_) => {
                self.wrong_kind(name, "text", &node);
                None
            }
        }
    }

    fn wrong_kind(&self, name: &str, wanted: &str, node: &Node) {
        let message = format!("`{name}` is {wanted}, not {}.", node.kind());
        self.faults.at(node.at.clone(), &self.place, message);
    }

    /// Text that is read further.
    pub fn parsed<T, E: Display>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(name)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(name, format!("`{name}`: {error}."));
                None
            }
        }
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &'static str) -> Option<bool> {
        if self.notes(name, Shape::Boolean).is_some() {
            return None;
        }
        let node = self.take(name)?;
        if let Value::Boolean(value) = node.value {
            return Some(value);
        }
        self.wrong_kind(name, "true or false", &node);
        None
    }

    /// A whole number within bounds.
    pub fn number(&mut self, name: &'static str, least: u64, most: u64) -> Option<u64> {
        if self.notes(name, Shape::Number { least, most }).is_some() {
            return None;
        }
        let node = self.take(name)?;
        let value = match &node.value {
            Value::Number(number) => number.as_u64(),
            Value::Null
            | Value::Boolean(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Mapping(_) => None,
        };
        let value = value.filter(|value| (least..=most).contains(value));
        if value.is_none() {
            self.fault(
                name,
                format!("`{name}` is a whole number from {least} to {most}."),
            );
        }
        value
    }

    /// A duration within bounds.
    pub fn duration(&mut self, name: &'static str, bounds: Bounds) -> Option<Seconds> {
        if self.notes(name, Shape::Duration).is_some() {
            return None;
        }
        let node = self.take(name)?;
        let text = match &node.value {
            Value::Text(text) => text.as_str(),
            // Read below as a number without its unit.
            Value::Null
            | Value::Boolean(_)
            | Value::Number(_)
            | Value::List(_)
            | Value::Mapping(_) => "",
        };
        match duration::parse(text).map(|span| bounds.check(span)) {
            Some(Ok(span)) => Some(span),
            Some(Err(outside)) => {
                self.fault(name, format!("`{name}` {outside}."));
                None
            }
            None => {
                self.fault(
                    name,
                    format!("`{name}` is a duration with its unit: 90s, 15m, 12h or 7d."),
                );
                None
            }
        }
    }

    /// A list.
    pub fn list(&mut self, name: &'static str) -> Option<Vec<Node>> {
        if let Some(pointer) = self.notes(name, Shape::List) {
            return Some(vec![shape::probe(pointer.then("0"))]);
        }
        let node = self.take(name)?;
        if let Value::List(nodes) = node.value {
            return Some(nodes);
        }
        self.wrong_kind(name, "a list", &node);
        None
    }

    /// A list of texts, each read further and none there twice.
    pub fn texts<T: PartialEq, E: Display>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        self.texts_up_to(name, MAX_TEXT, parse)
    }

    /// The same, of at most so many characters each.
    pub fn texts_up_to<T: PartialEq, E: Display>(
        &mut self,
        name: &'static str,
        most: usize,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        if self.notes(name, Shape::Texts).is_some() {
            return None;
        }
        let nodes = self.list(name)?;
        let mut values = Vec::new();
        for node in nodes {
            let at = node.at.clone();
            let Some(text) = self.as_text_up_to(name, node, most, char::is_control) else {
                continue;
            };
            match parse(&text) {
                Ok(value) if values.contains(&value) => {
                    let message = format!("`{name}` has {text} twice. Take one out.");
                    self.faults.at(at, &self.place, message);
                }
                Ok(value) => values.push(value),
                Err(error) => self
                    .faults
                    .at(at, &self.place, format!("`{name}`: {error}.")),
            }
        }
        Some(values)
    }

    /// A value of whatever kind, at most so many bytes as JSON.
    pub fn json(&mut self, name: &'static str, most: usize) -> Option<Json> {
        if self.notes(name, Shape::Json).is_some() {
            return None;
        }
        let node = self.take(name)?;
        match claim_rule::bounded(node.into(), most) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.fault(name, format!("`{name}` {fault}"));
                None
            }
        }
    }

    /// Ends the reading: what nobody asked for is unknown.
    pub fn close(self) {
        for entry in &self.entries {
            let name = &entry.name;
            let message = match nearest(name, &self.asked) {
                Some(known) => format!("unknown field `{name}`. Did you mean `{known}`?"),
                None => format!(
                    "unknown field `{name}`. Known here: {}.",
                    self.asked.join(", ")
                ),
            };
            self.faults.at(entry.at.clone(), &self.place, message);
        }
    }
}

/// What is wrong with a text, so far as all texts go.
fn text_fault(text: &str, most: usize, unwanted: fn(char) -> bool) -> Option<String> {
    if text.is_empty() {
        Some("is empty. Say something or take the field out.".to_owned())
    } else if text.chars().count() > most {
        Some(format!("is longer than {most} characters."))
    } else if text.chars().any(unwanted) {
        Some("has a control character (a line break?) in it. Write it on one line.".to_owned())
    } else {
        None
    }
}

/// The known name that somebody who typed `name` most likely meant.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let distances = known.iter().map(|known| (distance(name, known), *known));
    let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= name.len() / 3).then_some(nearest)
}

/// How many letters must be changed, added or taken out (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, a) in from.chars().enumerate() {
        let mut next = vec![line + 1];
        let cells = row.iter().zip(row.iter().skip(1)).zip(to.chars());
        for ((diagonal, above), b) in cells {
            let left = next.last().copied().unwrap_or_default();
            let changed = diagonal + usize::from(a != b);
            next.push(changed.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_field() {
        let known = ["client_id", "scope", "grant_types"];
        assert_eq!(nearest("scopes", &known), Some("scope"));
        assert_eq!(nearest("grant_type", &known), Some("grant_types"));
        assert_eq!(nearest("clientid", &known), Some("client_id"));
        assert_eq!(nearest("redirect_uris", &known), None);
        assert_eq!(nearest("x", &[]), None);
    }
}
