//! Tokens: what is in them, how they are made, how they are checked.

pub mod access_token;
pub mod algorithm;
pub mod family;
pub mod id_token;
pub mod issue;
pub mod jwk;
pub mod jws;
pub mod key_ring;
pub mod opaque;
pub mod refresh_token;
pub mod repository;
pub mod user_info;
pub mod verifier;
pub mod verifying_key;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `aud` of RFC 7519 section 4.1.3: one string, or several in an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience(pub Vec<String>);

impl Audience {
    /// Whether `name` is in the audience.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|known| known == name)
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_str(one),
            several => several.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            One(String),
            Several(Vec<String>),
        }
        Ok(Self(match Form::deserialize(deserializer)? {
            Form::One(one) => vec![one],
            Form::Several(several) => several,
        }))
    }
}
