//! The claims of OIDC Core section 5.1, each by its own name and of its own type, and groups and roles.

use latchkey_oauth::api::ClaimName;
use latchkey_oauth::claims::names;
use serde_json::{Map, Value as Json};
use url::Url;

use crate::claim_rule::bounded;
use crate::fields::Fields;
use crate::tree::Value;

/// What a claim's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// An `https` or `http` URL.
    Url,
    /// An address with one `@`.
    Email,
    /// `YYYY-MM-DD`, `0000-MM-DD` or `YYYY`.
    Birthdate,
    /// True or false.
    Boolean,
    /// Seconds since 1970.
    Time,
    /// The members of OIDC Core section 5.1.1.
    Address,
    /// A list of texts.
    List,
}

/// Every claim a user may have.
pub const CLAIMS: [(&str, Kind); 21] = [
    ("name", Kind::Text),
    ("given_name", Kind::Text),
    ("family_name", Kind::Text),
    ("middle_name", Kind::Text),
    ("nickname", Kind::Text),
    ("preferred_username", Kind::Text),
    ("profile", Kind::Url),
    ("picture", Kind::Url),
    ("website", Kind::Url),
    ("email", Kind::Email),
    ("email_verified", Kind::Boolean),
    ("gender", Kind::Text),
    ("birthdate", Kind::Birthdate),
    ("zoneinfo", Kind::Text),
    ("locale", Kind::Text),
    ("phone_number", Kind::Text),
    ("phone_number_verified", Kind::Boolean),
    ("address", Kind::Address),
    ("updated_at", Kind::Time),
    ("groups", Kind::List),
    ("roles", Kind::List),
];

/// The members of `address`.
pub const ADDRESS: [&str; 6] = [
    "formatted",
    "street_address",
    "locality",
    "region",
    "postal_code",
    "country",
];

/// The last second of the year 9999.
const MAX_TIME: u64 = 253_402_300_799;

/// The most attributes of a tenant's own that a user may have.
const MAX_ATTRIBUTES: usize = 100;
/// The longest of them, as JSON, in bytes.
const MAX_ATTRIBUTE: usize = 4_096;

/// Reads every claim there is, and the attributes of the tenant's own.
pub fn read(fields: &mut Fields<'_>) -> Map<String, Json> {
    let mut claims = Map::new();
    for (name, kind) in CLAIMS {
        if let Some(value) = read_one(fields, name, kind) {
            claims.insert(name.to_owned(), value);
        }
    }
    for (verified, of) in [
        ("email_verified", "email"),
        ("phone_number_verified", "phone_number"),
    ] {
        if claims.contains_key(verified) && !claims.contains_key(of) {
            fields.fault(verified, format!("`{verified}` says nothing without `{of}`. Add `{of}`, or take `{verified}` out."));
        }
    }
    read_attributes(fields, &mut claims);
    claims
}

/// `attributes: {department: sales, cost_center: 4711}`: what no standard has a name for. Apart from the claims, so that a
/// typing error in the name of a claim is still found.
fn read_attributes(fields: &mut Fields<'_>, claims: &mut Map<String, Json>) {
    let Some(node) = fields.take("attributes") else {
        return;
    };
    let kind = node.kind();
    let Value::Mapping(entries) = node.value else {
        fields.fault(
            "attributes",
            format!("`attributes` is a mapping of names to values, not {kind}."),
        );
        return;
    };
    if entries.len() > MAX_ATTRIBUTES {
        fields.fault(
            "attributes",
            format!("`attributes` has more than {MAX_ATTRIBUTES}."),
        );
        return;
    }
    for entry in entries {
        let name = entry.name;
        let fault = |message: String| {
            let message = format!("`attributes`: {name} {message}");
            fields.faults.at(entry.at.clone(), &fields.place, message);
        };
        if names().any(|standard| standard == name) {
            fault("is a claim of its own. Move it out of `attributes`.".to_owned());
        } else if let Err(error) = ClaimName::check(&name) {
            fault(format!("is no name for one: {error}."));
        } else {
            match bounded(entry.node.into(), MAX_ATTRIBUTE) {
                Ok(Json::Null) => {}
                Ok(value) => {
                    claims.insert(name.clone(), value);
                }
                Err(message) => fault(message),
            }
        }
    }
}

fn read_one(fields: &mut Fields<'_>, name: &'static str, kind: Kind) -> Option<Json> {
    match kind {
        Kind::Text => fields.text(name).map(Json::from),
        Kind::Url => fields.parsed(name, url).map(Json::from),
        Kind::Email => fields.parsed(name, email).map(Json::from),
        Kind::Birthdate => fields.parsed(name, birthdate).map(Json::from),
        Kind::Boolean => fields.boolean(name).map(Json::from),
        Kind::Time => fields.number(name, 0, MAX_TIME).map(Json::from),
        Kind::Address => read_address(fields, name),
        Kind::List => {
            let texts = fields.texts(name, |text| Ok::<_, String>(text.to_owned()));
            texts.map(Json::from)
        }
    }
}

fn read_address(fields: &mut Fields<'_>, name: &'static str) -> Option<Json> {
    let place = fields.place.inside(name);
    let faults = fields.faults;
    let mut inner = Fields::open(fields.take(name)?, place, faults)?;
    let mut address = Map::new();
    for member in ADDRESS {
        // OIDC Core section 5.1.1: these two may have several lines.
        let text = if matches!(member, "formatted" | "street_address") {
            inner.lines(member)
        } else {
            inner.text(member)
        };
        if let Some(text) = text {
            address.insert(member.to_owned(), Json::from(text));
        }
    }
    inner.close();
    Some(Json::from(address))
}

fn url(text: &str) -> Result<String, &'static str> {
    let good = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    good.then(|| text.to_owned())
        .ok_or("a URL begins with https://")
}

/// RFC 5322 allows more than anyone uses; this finds typing errors.
fn email(text: &str) -> Result<String, &'static str> {
    let good = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
    });
    good.then(|| text.to_owned())
        .ok_or("an email address is local@domain")
}

fn birthdate(text: &str) -> Result<String, &'static str> {
    let digits = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let in_range = |part: &str, most: u8| {
        digits(part, 2)
            && part
                .parse()
                .is_ok_and(|number: u8| (1..=most).contains(&number))
    };
    let parts: Vec<&str> = text.split('-').collect();
    let good = match parts.as_slice() {
        [year] => digits(year, 4) && *year != "0000",
        [year, month, day] => digits(year, 4) && in_range(month, 12) && in_range(day, 31),
        _ => false,
    };
    good.then(|| text.to_owned())
        .ok_or("a birthdate is YYYY-MM-DD, 0000-MM-DD without the year, or \"YYYY\" alone")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_claim_the_server_gives_out_can_be_written_down() {
        let here: BTreeSet<&str> = CLAIMS.iter().map(|(name, _)| *name).collect();
        let there: BTreeSet<&str> = latchkey_oauth::claims::names().collect();
        assert_eq!(here, there);
    }

    #[test]
    fn birthdates() {
        for good in ["1980-02-29", "0000-12-24", "1980"] {
            assert!(birthdate(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "80",
            "0000",
            "1980-2-9",
            "1980-13-01",
            "1980-12-32",
            "1980-12",
            "24.12.1980",
            "1980-12-01-",
        ] {
            assert!(birthdate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn email_addresses() {
        for good in ["a@b", "alice+x@example.com"] {
            assert!(email(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c"] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }
}
