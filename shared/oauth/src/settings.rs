//! Settings, typed, from a lookup. All that is wrong is told at once.

use std::fmt;
use std::str::FromStr;

use crate::issuer::BaseUrl;
use crate::password::{Argon2Settings, PasswordHashing};

/// The base URL: the default tenant's issuer.
pub const ISSUER: &str = "LATCHKEY_ISSUER";
/// The table of tenants and clients.
pub const REGISTRY_TABLE: &str = "LATCHKEY_REGISTRY_TABLE";
/// The table of users.
pub const USERS_TABLE: &str = "LATCHKEY_USERS_TABLE";
/// The table of refresh-token families, revocations and users' states.
pub const GRANTS_TABLE: &str = "LATCHKEY_GRANTS_TABLE";
/// Where DynamoDB is, if not in AWS.
pub const DYNAMODB_ENDPOINT: &str = "LATCHKEY_DYNAMODB_ENDPOINT";
/// Where KMS is, if not in AWS.
pub const KMS_ENDPOINT: &str = "LATCHKEY_KMS_ENDPOINT";
/// The Region of DynamoDB and KMS, as Lambda sets it.
pub const REGION: &str = "AWS_REGION";
/// The namespace of the metrics in CloudWatch; without it there are none.
pub const METRICS_NAMESPACE: &str = "LATCHKEY_METRICS_NAMESPACE";
/// Argon2id memory, in KiB.
pub const ARGON2_MEMORY_KIB: &str = "LATCHKEY_ARGON2_MEMORY_KIB";
/// Argon2id passes.
pub const ARGON2_ITERATIONS: &str = "LATCHKEY_ARGON2_ITERATIONS";
/// Argon2id lanes.
pub const ARGON2_PARALLELISM: &str = "LATCHKEY_ARGON2_PARALLELISM";

/// What every function needs.
#[derive(Debug, Clone)]
pub struct Common {
    /// The base URL.
    pub base: BaseUrl,
    /// The table of tenants and clients.
    pub registry_table: String,
    /// Where DynamoDB is, if not in AWS.
    pub dynamodb_endpoint: Option<String>,
    /// The Region of DynamoDB and KMS.
    pub region: String,
    /// The namespace of the metrics in CloudWatch; without it there are none.
    pub metrics_namespace: Option<String>,
}

/// Everything that is wrong with the settings.
#[derive(PartialEq, Eq)]
pub struct SettingsError(Vec<String>);

impl fmt::Debug for SettingsError {
    /// A main that returns an error prints it by `Debug`: an operator should read the same words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are not complete: ")?;
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for SettingsError {}

/// Reads settings and gathers what is wrong with them.
pub struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<String>,
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// Reads settings with `read`; every fault it meets is told.
///
/// # Errors
/// [`SettingsError`] listing every fault.
pub fn read<T>(
    lookup: &dyn Fn(&str) -> Option<String>,
    read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
) -> Result<T, SettingsError> {
    let mut reader = Reader {
        lookup,
        faults: Vec::new(),
    };
    let settings = read(&mut reader);
    match settings {
        Some(settings) if reader.faults.is_empty() => Ok(settings),
        _ => Err(SettingsError(reader.faults)),
    }
}

impl Reader<'_> {
    /// A setting that may be absent; an empty one is.
    pub fn optional(&mut self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// A setting that must be there.
    pub fn required(&mut self, name: &str) -> Option<String> {
        let value = self.optional(name);
        if value.is_none() {
            self.faults.push(format!("{name} is not set"));
        }
        value
    }

    /// What every function needs.
    pub fn common(&mut self) -> Option<Common> {
        let base = self.base_url();
        let registry_table = self.required(REGISTRY_TABLE);
        let region = self.required(REGION);
        Some(Common {
            base: base?,
            registry_table: registry_table?,
            dynamodb_endpoint: self.optional(DYNAMODB_ENDPOINT),
            region: region?,
            metrics_namespace: self.optional(METRICS_NAMESPACE),
        })
    }

    fn base_url(&mut self) -> Option<BaseUrl> {
        let text = self.required(ISSUER)?;
        BaseUrl::parse(&text)
            .map_err(|error| self.faults.push(format!("{ISSUER}: {error}")))
            .ok()
    }

    fn number<N: FromStr>(&mut self, name: &str, default: N) -> Option<N> {
        let Some(text) = self.optional(name) else {
            return Some(default);
        };
        text.parse()
            .map_err(|_| self.faults.push(format!("{name} is not a whole number")))
            .ok()
    }

    /// The cost of new password hashes.
    pub fn password_hashing(&mut self) -> Option<PasswordHashing> {
        let default = Argon2Settings::default();
        let memory_kib = self.number(ARGON2_MEMORY_KIB, default.memory_kib);
        let iterations = self.number(ARGON2_ITERATIONS, default.iterations);
        let parallelism = self.number(ARGON2_PARALLELISM, default.parallelism);
        let settings = Argon2Settings {
            memory_kib: memory_kib?,
            iterations: iterations?,
            parallelism: parallelism?,
        };
        PasswordHashing::new(settings)
            .map_err(|error| self.faults.push(error.to_string()))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_at_once() {
        let lookup = |name: &str| match name {
            ISSUER => Some("http://example.com".to_owned()),
            ARGON2_ITERATIONS => Some("two".to_owned()),
            _ => None,
        };
        let error = read(&lookup, |reader| {
            let common = reader.common();
            let table = reader.required(GRANTS_TABLE);
            let hashing = reader.password_hashing();
            Some((common?, table?, hashing?))
        })
        .unwrap_err()
        .to_string();
        for part in [
            ISSUER,
            REGISTRY_TABLE,
            REGION,
            GRANTS_TABLE,
            ARGON2_ITERATIONS,
        ] {
            assert!(error.contains(part), "{error}");
        }
    }
}
