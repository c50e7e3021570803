//! Every key of every table. A part that may hold `#` comes last, so no two things have one key.
//!
//! The kind comes first in the tables of users and grants, so that a policy can name it (`dynamodb:LeadingKeys`):
//! whoever may read `profile#*` cannot read `login#*`, where the password hashes are.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use latchkey_oauth::api::ResourceId;
use latchkey_oauth::client::ClientId;
use latchkey_oauth::hash::Sha256Hash;
use latchkey_oauth::issuer::Domain;
use latchkey_oauth::login::Counter;
use latchkey_oauth::secret_token::TokenHash;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::token::opaque::OpaqueTokenHash;
use latchkey_oauth::token::refresh_token::FamilyId;
use latchkey_oauth::user::{SubjectKey, Username};

/// A primary key.
pub type Key = HashMap<String, AttributeValue>;

/// Partition key of the registry.
pub const TENANT: &str = "tenant";
/// Sort key of the registry.
pub const KIND_ID: &str = "kind_id";
/// Partition key of users and grants.
pub const PK: &str = "pk";
/// Sort key of grants.
pub const SK: &str = "sk";
/// Where DynamoDB's time-to-live looks.
pub const EXPIRES_AT: &str = "expires_at";
/// Which state of an item this is.
pub const VERSION: &str = "version";
/// Index of the registry: tenants by name. Only a tenant's settings have the attribute [`LISTED`], so nothing else is written
/// twice for it.
pub const TENANTS: &str = "tenants";
/// Partition key of [`TENANTS`].
pub const LISTED: &str = "listed";
/// Its one value.
pub const AS_TENANT: &str = "tenant";
/// Index of users: profiles by tenant and user name. Only a profile has the attribute `tenant`.
pub const BY_TENANT: &str = "by_tenant";
/// Sort key of [`BY_TENANT`].
pub const USERNAME: &str = "username";

/// `tenant` of what tells whose a domain is.
const DOMAINS: &str = "#domains";
/// `tenant` of what tells whose a signing key is.
const SIGNING_KEYS: &str = "#keys";
/// `kind_id` of a tenant's settings.
pub const SETTINGS: &str = "settings";
/// `kind_id` of a tenant's key ring.
pub const KEYS: &str = "keys";
/// What the `kind_id` of every client begins with.
pub const CLIENT_PREFIX: &str = "client#";
/// What the `kind_id` of every API begins with.
pub const API_PREFIX: &str = "api#";
/// `sk` of a subject's state.
const STATE: &str = "state";
/// `sk` of an opaque access token.
const OPAQUE: &str = "access";
/// `sk` of an initial access token.
const INITIAL: &str = "initial";
/// `sk` of a revoked access token.
const REVOKED: &str = "revoked";
/// `sk` of a request that is carried out once.
const ONCE: &str = "once";
/// What the `sk` of every family begins with.
pub const FAMILY_PREFIX: &str = "family#";

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn pair(first: (&str, String), second: (&str, String)) -> Key {
    HashMap::from([
        (first.0.to_owned(), text(first.1)),
        (second.0.to_owned(), text(second.1)),
    ])
}

/// Registry: a tenant's settings.
pub fn settings(tenant: &TenantId) -> Key {
    pair((TENANT, tenant.to_string()), (KIND_ID, SETTINGS.to_owned()))
}

/// Registry: a tenant's key ring.
pub fn key_ring(tenant: &TenantId) -> Key {
    pair((TENANT, tenant.to_string()), (KIND_ID, KEYS.to_owned()))
}

/// Registry: whose a domain is. No tenant has a `#` in its name.
pub fn domain(domain: &Domain) -> Key {
    pair((TENANT, DOMAINS.to_owned()), (KIND_ID, domain.to_string()))
}

/// Registry: whose a signing key is, by the thumbprint that is its `kid` everywhere (RFC 7638), whatever KMS calls it.
pub fn signing_key(kid: &str) -> Key {
    pair((TENANT, SIGNING_KEYS.to_owned()), (KIND_ID, kid.to_owned()))
}

/// Registry: a client.
pub fn client(tenant: &TenantId, client: &ClientId) -> Key {
    let kind_id = format!("{CLIENT_PREFIX}{client}");
    pair((TENANT, tenant.to_string()), (KIND_ID, kind_id))
}

/// Registry: an API.
pub fn api(tenant: &TenantId, resource: &ResourceId) -> Key {
    let kind_id = format!("{API_PREFIX}{resource}");
    pair((TENANT, tenant.to_string()), (KIND_ID, kind_id))
}

fn user_key(pk: String) -> Key {
    HashMap::from([(PK.to_owned(), text(pk))])
}

/// Users: credentials by user name.
pub fn login(tenant: &TenantId, username: &Username) -> Key {
    user_key(format!("login#{tenant}#{username}"))
}

/// Users: claims by subject.
pub fn profile(tenant: &TenantId, subject: SubjectKey) -> Key {
    user_key(format!("profile#{tenant}#{subject}"))
}

/// Users: a counter of failures.
pub fn attempts(tenant: &TenantId, counter: Counter<'_>) -> Key {
    user_key(match counter {
        Counter::User(username) => format!("attempts#{tenant}#user#{username}"),
        Counter::UserAndSource(username, source) => {
            format!("attempts#{tenant}#from#{source}#{username}")
        }
        Counter::Source(source) => format!("attempts#{tenant}#source#{source}"),
    })
}

fn of_subject(tenant: &TenantId, subject: SubjectKey, sk: String) -> Key {
    pair((PK, subject_partition(tenant, subject)), (SK, sk))
}

/// Grants: the partition of a subject's state and families.
pub fn subject_partition(tenant: &TenantId, subject: SubjectKey) -> String {
    format!("subject#{tenant}#{subject}")
}

/// Grants: whether a subject's tokens count.
pub fn state(tenant: &TenantId, subject: SubjectKey) -> Key {
    of_subject(tenant, subject, STATE.to_owned())
}

/// Grants: a refresh-token family, beside its subject's state.
pub fn family(tenant: &TenantId, family: &FamilyId) -> Key {
    of_subject(
        tenant,
        family.subject(),
        format!("{FAMILY_PREFIX}{}", family.number()),
    )
}

/// Grants: an access token revoked by itself.
pub fn revocation(tenant: &TenantId, jti: &str) -> Key {
    pair(
        (PK, format!("revoked#{tenant}#{jti}")),
        (SK, REVOKED.to_owned()),
    )
}

/// Grants: an opaque access token.
pub fn opaque(tenant: &TenantId, hash: &OpaqueTokenHash) -> Key {
    pair(
        (PK, format!("access#{tenant}#{hash}")),
        (SK, OPAQUE.to_owned()),
    )
}

/// Grants: an initial access token of registration.
pub fn initial_access(tenant: &TenantId, hash: &TokenHash) -> Key {
    pair(
        (PK, format!("initial#{tenant}#{hash}")),
        (SK, INITIAL.to_owned()),
    )
}

/// Grants: a request that is carried out once.
pub fn once(tenant: &TenantId, key: &Sha256Hash) -> Key {
    pair((PK, format!("once#{tenant}#{key}")), (SK, ONCE.to_owned()))
}
