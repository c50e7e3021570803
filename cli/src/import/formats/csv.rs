//! CSV: what a column is, its header says.

use std::io::BufRead;

use anyhow::{Context as _, bail};
use latchkey_registry::claims::{ADDRESS, CLAIMS, Kind};
use serde_json::{Map, Value};

use super::{Members, NoUser, Row, Take, set, set_attribute};

/// What separates the values of a list within one cell.
const SEPARATOR: char = ';';

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// A member, as text.
    Text(String),
    /// A member that is true or false.
    Boolean(String),
    /// Its opposite: Cognito says who is enabled.
    Not(String),
    /// A member that is a number.
    Number(String),
    /// A member that is a list.
    List(String),
    /// A member of the address.
    Address(String),
    /// An attribute of the tenant's own.
    Attribute(String),
    /// Nothing of ours.
    LeftOut,
}

impl Column {
    /// The column of our own format, by its name.
    pub fn of_ours(name: &str) -> Option<Self> {
        if let Some(name) = name.strip_prefix("attributes.") {
            return Some(Self::Attribute(name.to_owned()));
        }
        if let Some(member) = name.strip_prefix("address.") {
            return ADDRESS
                .contains(&member)
                .then(|| Self::Address(member.to_owned()));
        }
        match name {
            "username" | "sub" | "password_hash" => Some(Self::Text(name.to_owned())),
            "disabled" => Some(Self::Boolean(name.to_owned())),
            _ => Self::of_claim(name),
        }
    }

    /// The column of a standard claim.
    pub fn of_claim(name: &str) -> Option<Self> {
        let (_, kind) = CLAIMS.iter().find(|(known, _)| *known == name)?;
        let name = name.to_owned();
        match kind {
            Kind::Boolean => Some(Self::Boolean(name)),
            Kind::Time => Some(Self::Number(name)),
            Kind::List => Some(Self::List(name)),
            Kind::Text | Kind::Url | Kind::Email | Kind::Birthdate => Some(Self::Text(name)),
            // Its members have columns of their own.
            Kind::Address => None,
        }
    }

    /// Puts a cell where it belongs. What is not of the column's type stays text, which the reading refuses.
    fn put(&self, cell: &str, members: &mut Members) {
        if cell.is_empty() {
            return;
        }
        let (name, value) = match self {
            Self::LeftOut => return,
            Self::Attribute(name) => return set_attribute(members, name, Value::from(cell)),
            Self::Address(member) => {
                let address = members
                    .entry("address")
                    .or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(address) = address {
                    set(address, member, Some(Value::from(cell)));
                }
                return;
            }
            Self::Text(name) => (name, Value::from(cell)),
            Self::Boolean(name) => (name, boolean(cell).map_or(Value::from(cell), Value::from)),
            Self::Not(name) => {
                let not = boolean(cell).map(|value| !value);
                (name, not.map_or(Value::from(cell), Value::from))
            }
            Self::Number(name) => {
                let number = cell.parse::<u64>();
                (name, number.map_or(Value::from(cell), Value::from))
            }
            Self::List(name) => {
                let values = cell.split(SEPARATOR).map(str::trim);
                let values = values.filter(|value| !value.is_empty());
                (name, values.collect::<Vec<_>>().into())
            }
        };
        set(members, name, Some(value));
    }
}

fn boolean(cell: &str) -> Option<bool> {
    match cell.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Reads a header and the rows below it.
pub fn read(
    input: &mut dyn BufRead,
    column: fn(&str) -> Option<Column>,
    take: &mut Take<'_>,
) -> anyhow::Result<()> {
    let mut reader = csv::ReaderBuilder::new().from_reader(input);
    let header = reader.headers().context("the header cannot be read")?;
    let columns = columns(header, column)?;
    loop {
        let mut record = csv::StringRecord::new();
        let line = reader.position().line();
        let user = match reader.read_record(&mut record) {
            Ok(true) => Ok(members(&columns, &record)),
            Ok(false) => return Ok(()),
            Err(error) => Err(bad(error)?),
        };
        let line = record.position().map_or(line, csv::Position::line);
        if take(Row { line, user }).is_break() {
            return Ok(());
        }
    }
}

/// What the header says; a column that nobody knows would be lost in silence.
fn columns(
    header: &csv::StringRecord,
    column: fn(&str) -> Option<Column>,
) -> anyhow::Result<Vec<Column>> {
    let mut columns: Vec<Column> = Vec::new();
    for name in header {
        match column(name.trim()) {
            None => bail!(
                "nobody knows the column `{name}`. A column has the name of a field of a user (docs/moving-in.md), `address.MEMBER`, or `attributes.NAME` for an attribute of the tenant's own"
            ),
            Some(found) if found != Column::LeftOut && columns.contains(&found) => {
                bail!("there are two columns `{name}`")
            }
            Some(found) => columns.push(found),
        }
    }
    if !columns.contains(&Column::Text("username".to_owned())) {
        bail!("the first line is to be a header, and names no user name");
    }
    Ok(columns)
}

fn members(columns: &[Column], record: &csv::StringRecord) -> Members {
    let mut members = Members::new();
    for (column, cell) in columns.iter().zip(record) {
        column.put(cell, &mut members);
    }
    members
}

/// What is wrong with one record, if it is only that one.
fn bad(error: csv::Error) -> anyhow::Result<NoUser> {
    if let csv::ErrorKind::UnequalLengths {
        expected_len, len, ..
    } = error.kind()
    {
        return Ok(NoUser::Bad(format!(
            "the row has {len} cells, and the header {expected_len}"
        )));
    }
    if let csv::ErrorKind::Utf8 { .. } = error.kind() {
        return Ok(NoUser::bad("the row is not UTF-8"));
    }
    Err(error).context("the file cannot be read")
}
