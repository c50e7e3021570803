//! The tables and the KMS that the command works on.

use anyhow::bail;
use latchkey_aws::SdkConfig;
use latchkey_dynamodb::{Registry, Users};
use latchkey_kms::{KmsSigner, PublicKeys};
use latchkey_oauth::settings;

use crate::arguments::Place;

/// The tables.
#[derive(Debug)]
pub struct Tables {
    /// Tenants and clients.
    pub registry: Registry,
    /// Users.
    pub users: Users,
}

/// Region and credentials as every AWS tool finds them.
///
/// # Errors
/// Where there is no region.
pub async fn aws() -> anyhow::Result<SdkConfig> {
    let config = latchkey_aws::load().await;
    if config.region().is_none() {
        bail!(
            "no AWS region is set: export AWS_REGION=eu-central-1, or the region of the deployment"
        );
    }
    Ok(config)
}

/// Says where it was that nobody answered.
pub fn with_place(error: anyhow::Error, sdk: &SdkConfig, place: &Place) -> anyhow::Error {
    let told = format!("{error:#}");
    if !["dispatch failure", "timeout", "timed out"]
        .iter()
        .any(|sign| told.contains(sign))
    {
        return error;
    }
    let (service, endpoint) = if told.contains("KMS") {
        ("KMS", given(&place.kms_endpoint))
    } else {
        ("DynamoDB", given(&place.dynamodb_endpoint))
    };
    let at = match (endpoint, sdk.region()) {
        (Some(url), _) => format!("at {url}"),
        (None, Some(region)) => format!("in Region {region}"),
        (None, None) => String::new(),
    };
    error.context(format!("no answer from {service} {at}"))
}

impl Tables {
    /// The tables that `place` names.
    ///
    /// # Errors
    /// Every table that is not named, at once.
    pub fn open(sdk: &SdkConfig, place: &Place) -> anyhow::Result<Self> {
        let mut missing = Vec::new();
        let mut named = |name: &Option<String>, flag: &str, variable: &str| {
            let name = name.clone().filter(|name| !name.is_empty());
            if name.is_none() {
                missing.push(format!("{flag} (or {variable})"));
            }
            name.unwrap_or_default()
        };
        let registry = named(
            &place.registry_table,
            "--registry-table",
            settings::REGISTRY_TABLE,
        );
        let users = named(&place.users_table, "--users-table", settings::USERS_TABLE);
        let grants = named(
            &place.grants_table,
            "--grants-table",
            settings::GRANTS_TABLE,
        );
        if !missing.is_empty() {
            bail!(
                "the tables are not named: {} missing. The outputs of the deployed stack tell their names",
                missing.join(", ")
            );
        }
        let client = latchkey_dynamodb::client(sdk, given(&place.dynamodb_endpoint));
        Ok(Self {
            registry: Registry::new(client.clone(), registry).noting_in(grants.clone()),
            users: Users::new(client, users, grants),
        })
    }
}

fn given(endpoint: &Option<String>) -> Option<&str> {
    endpoint.as_deref().filter(|endpoint| !endpoint.is_empty())
}

/// Whoever tells public keys, in the KMS that `place` names.
pub fn public_keys(sdk: &SdkConfig, place: &Place) -> PublicKeys {
    let client = latchkey_kms::client(sdk, given(&place.kms_endpoint));
    PublicKeys::new(move || client)
}

/// Whoever signs, in the KMS that `place` names.
pub fn signer(sdk: &SdkConfig, place: &Place) -> KmsSigner {
    let (sdk, endpoint) = (sdk.clone(), place.kms_endpoint.clone());
    KmsSigner::at_first_use(move || latchkey_kms::client(&sdk, given(&endpoint)))
}
