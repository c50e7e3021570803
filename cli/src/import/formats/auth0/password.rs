//! A password of Auth0's: bcrypt in what it exports, `custom_password_hash` in what it imports.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::Deserialize;
use serde_json::Value;

use crate::import::formats::{Members, NoUser};

#[derive(Deserialize)]
struct CustomHash {
    algorithm: String,
    hash: Encoded,
    salt: Option<Encoded>,
    // scrypt's, with Auth0's defaults.
    #[serde(default = "default_cost")]
    cost: u64,
    #[serde(rename = "blockSize", default = "default_block_size")]
    block_size: u32,
    #[serde(default = "default_parallelization")]
    parallelization: u32,
}

#[derive(Deserialize)]
struct Encoded {
    value: String,
    encoding: Option<String>,
}

const fn default_cost() -> u64 {
    16_384
}

const fn default_block_size() -> u32 {
    8
}

const fn default_parallelization() -> u32 {
    1
}

/// The hash of whichever member has it.
pub fn hash(from: &Members) -> Result<Option<Value>, NoUser> {
    let plain = ["passwordHash", "password_hash"];
    if let Some(hash) = plain.into_iter().find_map(|name| from.get(name)) {
        return Ok(Some(hash.clone()));
    }
    let Some(custom) = from.get("custom_password_hash") else {
        return Ok(None);
    };
    let unread = || NoUser::bad("`custom_password_hash` is not as Auth0 takes it");
    let custom = CustomHash::deserialize(custom).map_err(|_| unread())?;
    match custom.algorithm.as_str() {
        // PHC strings already, and bcrypt's own form.
        "argon2" | "bcrypt" | "pbkdf2" => Ok(Some(Value::from(custom.hash.value))),
        "scrypt" => Ok(Some(Value::from(scrypt(&custom).ok_or_else(unread)?))),
        other => Err(NoUser::Bad(format!(
            "passwords hashed by {other} cannot be checked here"
        ))),
    }
}

fn scrypt(custom: &CustomHash) -> Option<String> {
    let cost = custom.cost;
    let ln = cost.is_power_of_two().then(|| cost.trailing_zeros())?;
    let (r, p) = (custom.block_size, custom.parallelization);
    let [salt, hash] = [custom.salt.as_ref()?, &custom.hash].map(bytes);
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt?), STANDARD_NO_PAD.encode(hash?));
    Some(format!("$scrypt$ln={ln},r={r},p={p}${salt}${hash}"))
}

fn bytes(encoded: &Encoded) -> Option<Vec<u8>> {
    let text = &encoded.value;
    match encoded.encoding.as_deref() {
        None | Some("utf8") => Some(text.clone().into_bytes()),
        Some("base64") => STANDARD.decode(text).ok(),
        Some("hex") => {
            let pairs = text.as_bytes().chunks(2);
            let bytes = pairs.map(|pair| {
                let pair = str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
                u8::from_str_radix(pair, 16).ok()
            });
            bytes.collect()
        }
        Some(_) => None,
    }
}
