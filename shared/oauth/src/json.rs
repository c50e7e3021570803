//! JSON bodies. A name that an object has twice is refused: RFC 8259 section 4 leaves open which of the two is meant, and whoever
//! looked at the body before us may have read the other. RFC 6749 section 3.2: "parameters MUST NOT be included more than once."

use std::fmt;

use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Error, Map, Value};

/// Reads a body.
///
/// # Errors
/// It is not JSON, has a name twice or is not what is wanted. What the error says may repeat what was sent; its line and column do not.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let Unambiguous(value) = serde_json::from_slice(body)?;
    T::deserialize(value)
}

struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UnambiguousVisitor)
    }
}

struct UnambiguousVisitor;

impl<'de> Visitor<'de> for UnambiguousVisitor {
    type Value = Unambiguous;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Unambiguous, E> {
        Ok(Unambiguous(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Unambiguous, E> {
        Ok(Unambiguous(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Unambiguous, E> {
        Ok(Unambiguous(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Unambiguous, E> {
        Ok(Unambiguous(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Unambiguous, E> {
        Ok(Unambiguous(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Unambiguous, E> {
        Ok(Unambiguous(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Unambiguous, E> {
        Ok(Unambiguous(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Unambiguous, A::Error> {
        let mut elements = Vec::new();
        while let Some(Unambiguous(element)) = access.next_element()? {
            elements.push(element);
        }
        Ok(Unambiguous(elements.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Unambiguous, A::Error> {
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom("a name twice"));
            }
            let Unambiguous(value) = access.next_value()?;
            members.insert(name, value);
        }
        Ok(Unambiguous(members.into()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_twice_is_refused_wherever_it_is() {
        for body in [
            r#"{"a": 1, "a": 1}"#,
            r#"{"a": null, "b": 2, "a": {}}"#,
            r#"{"a": 1, "\u0061": 2}"#,
            r#"[{"a": {"b": [{"c": 1, "c": 2}]}}]"#,
        ] {
            let error = parse::<Value>(body.as_bytes()).expect_err(body);
            assert!(
                error
                    .to_string()
                    .starts_with("a name twice at line 1 column"),
                "{error}"
            );
        }
        let same_name_apart = br#"{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}"#;
        assert!(parse::<Value>(same_name_apart).is_ok());
    }

    #[test]
    fn no_object_where_one_is_wanted() {
        for body in ["[]", "1", "null", "\"a\"", "", "{", "{} {}"] {
            assert!(
                parse::<Map<String, Value>>(body.as_bytes()).is_err(),
                "{body}"
            );
        }
        let members = parse::<Map<String, Value>>(br#"{"a": [1, -1, 1.5, true, null, "x"]}"#);
        assert_eq!(
            Value::from(members.unwrap()),
            json!({"a": [1, -1, 1.5, true, null, "x"]})
        );
    }

    proptest! {
        /// Where no name is there twice, it is serde_json's own reading.
        #[test]
        fn reads_as_serde_json_does(body in r#"[\[{]?("[ab]":)?([0-9.e-]{0,4}|"[a-z\\"]{0,3}"|null|true|[\[{]{1,2}[\]}]{1,2}),?[\]}]?"#) {
            let ours = parse::<Value>(body.as_bytes());
            match serde_json::from_str::<Value>(&body) {
                Ok(theirs) => prop_assert_eq!(ours.unwrap(), theirs),
                Err(_) => prop_assert!(ours.is_err()),
            }
        }
    }
}
