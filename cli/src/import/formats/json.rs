//! JSON, a value at a time: one a line, or the elements of a list that may be gigabytes long.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use anyhow::{Context as _, bail};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

use super::{Members, NoUser, Row, Take};

/// The longest line: a user of DynamoDB fits into 400 KB.
const MAX_LINE: u64 = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Who an object is.
pub type Translate = fn(Members) -> Result<Members, NoUser>;

/// A JSON object a line. Lines without one are passed over.
pub fn lines(
    input: &mut dyn BufRead,
    translate: Translate,
    take: &mut Take<'_>,
) -> anyhow::Result<()> {
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let length = input
            .take(MAX_LINE)
            .read_until(b'\n', &mut text)
            .with_context(|| format!("line {line} cannot be read"))?;
        if length == 0 {
            break;
        }
        let whole = text.last() == Some(&b'\n') || (length as u64) < MAX_LINE;
        let found = text.trim_ascii();
        let found = match line {
            1 => found.strip_prefix(BYTE_ORDER_MARK).unwrap_or(found),
            _ => found,
        };
        if found.is_empty() && whole {
            continue;
        }
        let user = if whole {
            of_line(found).and_then(translate)
        } else {
            input.skip_until(b'\n')?;
            Err(NoUser::bad("the line is longer than a megabyte"))
        };
        if take(Row { line, user }).is_break() {
            break;
        }
    }
    Ok(())
}

fn of_line(text: &[u8]) -> Result<Members, NoUser> {
    let value = serde_json::from_slice(text)
        .map_err(|error| NoUser::Bad(format!("this is not JSON: see column {}", error.column())));
    of_value(value?)
}

fn of_value(value: Value) -> Result<Members, NoUser> {
    match value {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(NoUser::bad("this is not a JSON object"))
        }
    }
}

/// A JSON object a line, or a list of objects.
pub fn lines_or_list(
    input: &mut dyn BufRead,
    translate: Translate,
    take: &mut Take<'_>,
) -> anyhow::Result<()> {
    let beginning = input.fill_buf()?;
    let beginning = beginning.strip_prefix(BYTE_ORDER_MARK).unwrap_or(beginning);
    if beginning.trim_ascii_start().first() == Some(&b'[') {
        document(input, Wanted::TheList, translate, take)
    } else {
        lines(input, translate, take)
    }
}

/// The list that is the member `name` of the one object there is.
pub fn list_in(
    input: &mut dyn BufRead,
    name: &'static str,
    translate: Translate,
    take: &mut Take<'_>,
) -> anyhow::Result<()> {
    document(input, Wanted::Member(name), translate, take)
}

#[derive(Clone, Copy)]
enum Wanted {
    TheList,
    Member(&'static str),
}

fn document(
    input: &mut dyn BufRead,
    wanted: Wanted,
    translate: Translate,
    take: &mut Take<'_>,
) -> anyhow::Result<()> {
    if input.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
        input.consume(BYTE_ORDER_MARK.len());
    }
    let line = Cell::new(1);
    let counted = Counted { input, line: &line };
    let stopped = Cell::new(false);
    let elements = Elements {
        line: &line,
        stopped: &stopped,
        translate,
        take,
    };
    let mut json = serde_json::Deserializer::from_reader(counted);
    let read = match wanted {
        Wanted::TheList => elements.deserialize(&mut json).map(|()| true),
        Wanted::Member(name) => json.deserialize_map(Holder { name, elements }),
    };
    let read = read.and_then(|found| json.end().map(|()| found));
    match (read, wanted) {
        (Err(_), _) if stopped.get() => Ok(()),
        (Err(error), _) => bail!("this is not the JSON that was expected: {error}"),
        (Ok(false), Wanted::Member(name)) => bail!("there is no list `{name}` in this file"),
        (Ok(_), _) => Ok(()),
    }
}

/// Counts lines as they are read. serde_json asks for a byte at a time and looks one ahead.
struct Counted<'a> {
    input: &'a mut dyn BufRead,
    line: &'a Cell<u64>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        let read = buffer.get(..length).unwrap_or_default();
        let ended = read.iter().filter(|byte| **byte == b'\n').count();
        self.line.set(self.line.get() + ended as u64);
        Ok(length)
    }
}

/// A list whose elements are handed on one by one.
struct Elements<'a, 'b> {
    line: &'a Cell<u64>,
    stopped: &'a Cell<bool>,
    translate: Translate,
    take: &'a mut Take<'b>,
}

impl<'de> DeserializeSeed<'de> for Elements<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of users")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while let Some((line, value)) = access.next_element_seed(Element(self.line))? {
            let user = of_value(value).and_then(self.translate);
            if let ControlFlow::Break(()) = (self.take)(Row { line, user }) {
                self.stopped.set(true);
                return Err(A::Error::custom("nobody wants more"));
            }
        }
        Ok(())
    }
}

/// A value, and the line on which it begins.
struct Element<'a>(&'a Cell<u64>);

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = (u64, Value);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        use serde::Deserialize as _;

        let line = self.0.get();
        Ok((line, Value::deserialize(deserializer)?))
    }
}

/// The object that holds the list. Whether it did is the value.
struct Holder<'a, 'b> {
    name: &'static str,
    elements: Elements<'a, 'b>,
}

impl<'de> Visitor<'de> for Holder<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one object with a list `{}`", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<bool, A::Error> {
        let mut elements = Some(self.elements);
        while let Some(name) = access.next_key::<String>()? {
            match elements.take_if(|_| name == self.name) {
                Some(elements) => access.next_value_seed(elements)?,
                None => {
                    access.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(elements.is_none())
    }
}
