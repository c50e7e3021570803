//! A signing key that is to be added to a tenant's ring. It is no part of the registry file: what is in a ring is never taken
//! out of it again.

use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::algorithm::Algorithm;

use crate::client;
use crate::duration::Bounds;
use crate::fault::{Faults, Place};
use crate::fields::Fields;
use crate::tree::Node;

/// The longest time that a key is only published.
pub const MOST_BEFORE_SIGNING: Seconds = Seconds::days(30);
/// The longest identifier that KMS takes.
const MOST_ID: usize = 2_048;

/// A key as it is described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// What KMS calls it: its id or ARN. No alias: those can be guessed, and whoever is first has a key for good.
    pub kms_key_id: String,
    /// What it signs with.
    pub alg: Option<Algorithm>,
    /// How long it is only published.
    pub signs_after: Option<Seconds>,
}

/// Reads a key. `None` only if it has no `kms_key_id`; all faults are told either way.
pub fn read(node: Node, faults: &Faults) -> Option<KeyEntry> {
    let mut fields = Fields::open(node, Place::default().inside("a key"), faults)?;
    let kms_key_id = fields.parsed("kms_key_id", kms_key_id);
    let kms_key_id = fields.require("kms_key_id", kms_key_id);
    let alg = fields.parsed("alg", client::algorithm);
    let bounds = Bounds {
        least: Seconds(0),
        most: MOST_BEFORE_SIGNING,
    };
    let signs_after = fields.duration("signs_after", bounds);
    fields.close();
    Some(KeyEntry {
        kms_key_id: kms_key_id?,
        alg,
        signs_after,
    })
}

fn kms_key_id(text: &str) -> Result<String, &'static str> {
    let is_of_kms = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/:".contains(&byte);
    let is_alias = text.starts_with("alias/") || text.contains(":alias/");
    if (1..=MOST_ID).contains(&text.len()) && text.bytes().all(is_of_kms) && !is_alias {
        Ok(text.to_owned())
    } else {
        Err("the id or ARN of a key in KMS, and no alias")
    }
}
