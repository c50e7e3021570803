//! A password of Keycloak's as a PHC string. Both write salt and hash in Base64; a PHC string has no padding.

use serde::Deserialize;
use serde_json::Value;

use crate::import::formats::NoUser;

/// A credential (`CredentialRepresentation`): a password, a one-time password, a key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    #[serde(rename = "type", default)]
    kind: String,
    /// JSON within JSON.
    secret_data: Option<String>,
    credential_data: Option<String>,
    /// Before Keycloak 8 the members stood here.
    #[serde(flatten)]
    before: Option<Before>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Before {
    hashed_salted_value: String,
    salt: String,
    hash_iterations: u32,
    algorithm: String,
}

#[derive(Deserialize)]
struct SecretData {
    value: String,
    salt: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialData {
    hash_iterations: u32,
    algorithm: String,
    #[serde(default)]
    additional_parameters: Value,
}

/// The hash of the first password among the credentials; who has none signs in otherwise.
pub fn hash(credentials: &Value) -> Result<Option<Value>, NoUser> {
    let unread = || NoUser::bad("`credentials` are not as Keycloak exports them");
    let credentials: Vec<Credential> =
        Deserialize::deserialize(credentials).map_err(|_| unread())?;
    let mut passwords = credentials.into_iter().filter(|it| it.kind == "password");
    let Some(password) = passwords.next() else {
        return Ok(None);
    };
    let (secret, how) = match password {
        Credential {
            secret_data: Some(secret),
            credential_data: Some(how),
            ..
        } => (
            serde_json::from_str(&secret).map_err(|_| unread())?,
            serde_json::from_str(&how).map_err(|_| unread())?,
        ),
        Credential {
            before: Some(before),
            ..
        } => (
            SecretData {
                value: before.hashed_salted_value,
                salt: before.salt,
            },
            CredentialData {
                hash_iterations: before.hash_iterations,
                algorithm: before.algorithm,
                additional_parameters: Value::Null,
            },
        ),
        _ => {
            return Err(NoUser::bad(
                "the password is without its hash: an export of the admin console has none, `kc.sh export` has",
            ));
        }
    };
    phc(&secret, &how).map(|hash| Some(Value::from(hash)))
}

fn phc(secret: &SecretData, how: &CredentialData) -> Result<String, NoUser> {
    let [salt, value] = [&secret.salt, &secret.value].map(|text| text.trim_end_matches('='));
    let rounds = how.hash_iterations;
    match how.algorithm.as_str() {
        // Keycloak's names are those of the PHC strings; `pbkdf2` is the one with SHA-1 for both.
        "pbkdf2" | "pbkdf2-sha256" | "pbkdf2-sha512" => {
            Ok(format!("${}$i={rounds}${salt}${value}", how.algorithm))
        }
        "argon2" => {
            let parameters = argon2(&how.additional_parameters, rounds).ok_or_else(|| {
                NoUser::bad(
                    "the password's `additionalParameters` are not as Keycloak exports them",
                )
            })?;
            Ok(format!("{parameters}${salt}${value}"))
        }
        other => Err(NoUser::Bad(format!(
            "passwords hashed by {other} cannot be checked here"
        ))),
    }
}

/// `$argon2id$v=19$m=7168,t=5,p=1`.
fn argon2(parameters: &Value, rounds: u32) -> Option<String> {
    let parameter = |name: &str| parameters.get(name)?.get(0)?.as_str();
    let number = |name: &str| parameter(name)?.parse::<u32>().ok();
    let version = match parameter("version")? {
        "1.3" => 19,
        "1.0" => 16,
        _ => return None,
    };
    let kind = match parameter("type")? {
        kind @ ("id" | "i" | "d") => kind,
        _ => return None,
    };
    let (memory, lanes) = (number("memory")?, number("parallelism")?);
    Some(format!(
        "$argon2{kind}$v={version}$m={memory},t={rounds},p={lanes}"
    ))
}
