//! Clients: RFC 6749 section 2, with metadata named as RFC 7591 section 2 names it.

use std::fmt;
use std::future::Future;

use serde::{Deserialize, Deserializer, Serialize};
use strum::EnumCount;

use crate::api::{Api, AssignedApi, ClaimRule, ResourceId};
use crate::certificate::{CertificateName, KnownCertificate};
use crate::grant_type::GrantType;
use crate::hash::{Sha256Hash, sha256};
use crate::issuer::Domain;
use crate::registration::{Activation, Registration};
use crate::scope::Scope;
use crate::store::{
    Condition, Expected, Once, Page, Part, StoreError, Version, Versioned, all, part_after,
};
use crate::tenant::{LifetimeOverrides, Tenant, TenantId};
use crate::time::Seconds;
use crate::token::algorithm::Algorithm;
use crate::token::jwk::KeyRing;
use crate::token::opaque::AccessTokenFormat;

/// A client identifier: 1 to 255 printable ASCII characters (RFC 6749 appendix A.1) without `#`,
/// which separates the parts of keys in the store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ClientId(Box<str>);

/// Text that no client identifier can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client_id is 1 to 255 printable ASCII characters without '#'")]
pub struct MalformedClientId;

impl ClientId {
    /// Reads a client identifier.
    ///
    /// # Errors
    /// [`MalformedClientId`] for anything that no client can be called.
    pub fn parse(text: &str) -> Result<Self, MalformedClientId> {
        let well_formed = (1..=255).contains(&text.len())
            && text
                .bytes()
                .all(|byte| matches!(byte, 0x20..=0x7e) && byte != b'#');
        if well_formed {
            Ok(Self(text.into()))
        } else {
            Err(MalformedClientId)
        }
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// How a client proves who it is: `token_endpoint_auth_method` of RFC 7591 section 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumCount)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthMethod {
    /// RFC 6749 section 2.3.1, HTTP Basic with form-encoded parts.
    ClientSecretBasic,
    /// RFC 6749 section 2.3.1, in the body.
    ClientSecretPost,
    /// RFC 8705 section 2.1: a certificate that an authority vouches for, known by its subject.
    TlsClientAuth,
    /// RFC 8705 section 2.2: a certificate that is known by itself.
    SelfSignedTlsClientAuth,
    /// A public client (RFC 6749 section 2.1): it only says who it is.
    None,
}

impl ClientAuthMethod {
    /// Every method, in the order metadata lists them.
    pub const ALL: [Self; Self::COUNT] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::TlsClientAuth,
        Self::SelfSignedTlsClientAuth,
        Self::None,
    ];

    /// The name in metadata.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
            Self::None => "none",
        }
    }

    /// Whether the method proves anything.
    pub const fn is_confidential(self) -> bool {
        match self {
            Self::ClientSecretBasic
            | Self::ClientSecretPost
            | Self::TlsClientAuth
            | Self::SelfSignedTlsClientAuth => true,
            Self::None => false,
        }
    }

    /// Whether it is by a secret, which a client with any other method has no use for.
    pub const fn uses_secret(self) -> bool {
        match self {
            Self::ClientSecretBasic | Self::ClientSecretPost => true,
            Self::TlsClientAuth | Self::SelfSignedTlsClientAuth | Self::None => false,
        }
    }
}

/// What is kept of a client secret. Secrets are machine-made (256 bits), so SHA-256 is enough:
/// Argon2id is for people's passwords.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientSecretHash(Sha256Hash);

impl ClientSecretHash {
    /// The hash of a secret.
    pub fn of(secret: &str) -> Self {
        Self(sha256(secret.as_bytes()))
    }

    /// The hash from its stored form, `sha256:` and base64url.
    pub fn from_hash(hash: Sha256Hash) -> Self {
        Self(hash)
    }

    /// Whether `secret` is the one, in constant time.
    pub fn matches(&self, secret: &str) -> bool {
        self.0.ct_eq(&sha256(secret.as_bytes()))
    }
}

impl fmt::Debug for ClientSecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecretHash(..)")
    }
}

/// A registered client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its identifier.
    pub client_id: ClientId,
    /// For people, in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// The one way it authenticates.
    pub token_endpoint_auth_method: ClientAuthMethod,
    /// Hashes of its secrets: more than one while a secret is being replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_secret_hashes: Vec<ClientSecretHash>,
    /// What its certificate says, where it is known by that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth: Option<CertificateName>,
    /// Its certificates, where it is known by those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<KnownCertificate>,
    /// Whether its access tokens are bound to the certificate that it shows when it asks for them (RFC 8705 section 3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls_client_certificate_bound_access_tokens: bool,
    /// The grants it may use.
    pub grant_types: Vec<GrantType>,
    /// The widest scope it may have.
    #[serde(default)]
    pub scope: Scope,
    /// The scope of a request that names none; if this is absent, what its APIs and its tenant say, or the whole of `scope`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_scope: Option<Scope>,
    /// The resource servers its access tokens are for (RFC 8707, RFC 9068 section 3); the issuer if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// The APIs it may have access tokens for, with the scopes it may have there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<AssignedApi>,
    /// What its access tokens say besides, before the rules of APIs and tenant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimRule>,
    /// What access tokens look like, before what APIs and tenant say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_format: Option<AccessTokenFormat>,
    /// What signs its ID tokens (OIDC Registration section 2); where this is absent, what signs for the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<Algorithm>,
    /// What signs its UserInfo answers (OIDC Registration section 2); where this is absent they are plain JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<Algorithm>,
    /// Lifetimes of its tokens, before the APIs' and the tenant's.
    #[serde(default)]
    pub lifetimes: LifetimeOverrides,
    /// How long a used refresh token still gets its one successor again.
    #[serde(default)]
    pub refresh_token_retry_window: Seconds,
    /// Whether it gets a refresh token when it acts for itself, where RFC 6749 section 4.4.3 says that it should not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_credentials_refresh_token: bool,
    /// Whether an access token of its own (RFC 6749 section 4.4) stands for its credentials where it signs users in and
    /// where it revokes. No standard has that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub authentication_by_access_token: bool,
    /// Where its people may be sent back to (RFC 7591 section 2). Kept for the day when there is a sign-in that sends
    /// anybody anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// What it says of itself, for people.
    #[serde(default, skip_serializing_if = "ClientDescription::is_empty")]
    pub description: ClientDescription,
    /// How it came here, if it registered itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registration>,
    /// A disabled client is an unknown client.
    #[serde(default)]
    pub disabled: bool,
}

/// What a client says of itself, for people (RFC 7591 section 2). Nothing here is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClientDescription {
    /// Its home page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Its logo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Its terms of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// Its privacy policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Whom to ask, mostly by email.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// What software it is an instance of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// Which version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
}

impl ClientDescription {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Client {
    /// Whether it gets anything at all: it is not shut out, and if it registered itself, it has been let in.
    pub fn is_served(&self) -> bool {
        let waits = |it: &Registration| it.activation != Activation::Done;
        !self.disabled && !self.registration.as_ref().is_some_and(waits)
    }

    /// Whether it may use a grant, and proves who it is where the grant wants that.
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        let proves = self.token_endpoint_auth_method.is_confidential();
        self.allows(grant_type) && (proves || !grant_type.needs_confidential_client())
    }

    /// Whether the client may use a grant. The only place where that is decided.
    pub fn allows(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }

    /// Whether a scope is its own, or that of an API it has been assigned.
    pub fn may_have(&self, token: &str) -> bool {
        self.scope.contains(token) || self.is_assigned(token)
    }

    /// Whether an API that it has been assigned gives it a scope.
    pub fn is_assigned(&self, token: &str) -> bool {
        self.apis.iter().any(|api| api.scope.contains(token))
    }

    /// What it may do at an API, if that is assigned to it.
    pub fn api(&self, resource: &str) -> Option<&AssignedApi> {
        self.apis
            .iter()
            .find(|api| api.resource.as_str() == resource)
    }
}

/// Where tenants and clients are kept.
pub trait RegistryRepository: Send + Sync {
    /// A tenant with its key ring; `None` if there is none of this name.
    fn tenant(
        &self,
        tenant: &TenantId,
    ) -> impl Future<Output = Result<Option<Tenant>, StoreError>> + Send;

    /// A client of a tenant; `None` if there is none of this identifier.
    fn client(
        &self,
        tenant: &TenantId,
        client: &ClientId,
    ) -> impl Future<Output = Result<Option<Client>, StoreError>> + Send;

    /// The tenant that a domain is given to.
    fn tenant_of_domain(
        &self,
        domain: &Domain,
    ) -> impl Future<Output = Result<Option<TenantId>, StoreError>> + Send;

    /// An API of a tenant; `None` if there is none of this identifier.
    fn api(
        &self,
        tenant: &TenantId,
        resource: &ResourceId,
    ) -> impl Future<Output = Result<Option<Api>, StoreError>> + Send;
}

/// How the replacement of a key ring ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RingWrite {
    /// It is so now.
    Written,
    /// Nothing is written: the ring is not as expected, or the request was carried out before.
    Stale,
    /// Nothing is written: a key of it is another tenant's.
    AnotherTenants,
}

/// Writing tenants, clients and APIs: the operator's side of [`RegistryRepository`]. Each write tells the version it made,
/// or `None` where it did not find what it expected, and then nothing is written. What is read is never older than the last
/// write that was answered; a list may be a moment older.
pub trait RegistryAdmin: RegistryRepository {
    /// A tenant as it is now, with the version of its settings.
    fn read_tenant(
        &self,
        tenant: &TenantId,
    ) -> impl Future<Output = Result<Option<Versioned<Tenant>>, StoreError>> + Send;

    /// A client as it is now.
    fn read_client(
        &self,
        tenant: &TenantId,
        client: &ClientId,
    ) -> impl Future<Output = Result<Option<Versioned<Client>>, StoreError>> + Send;

    /// An API as it is now.
    fn read_api(
        &self,
        tenant: &TenantId,
        resource: &ResourceId,
    ) -> impl Future<Output = Result<Option<Versioned<Api>>, StoreError>> + Send;

    /// Writes a tenant's settings; its key ring stays as it is. Nothing is written either where its domain is another's.
    fn put_tenant<'a>(
        &self,
        tenant: &TenantId,
        settings: &crate::tenant::TenantSettings,
        condition: impl Into<Condition<'a>> + Send,
    ) -> impl Future<Output = Result<Option<Version>, StoreError>> + Send;

    /// Replaces a tenant's key ring, unless somebody else has since `expected` was read, and notes the request that it is
    /// for. Every key of the ring is the tenant's from then on, for good: no other tenant's ring may have it, whatever
    /// becomes of this one.
    fn put_keys(
        &self,
        tenant: &TenantId,
        expected: &KeyRing,
        keys: &KeyRing,
        once: Option<&Once>,
    ) -> impl Future<Output = Result<RingWrite, StoreError>> + Send;

    /// Writes a client.
    fn put_client<'a>(
        &self,
        tenant: &TenantId,
        client: &Client,
        condition: impl Into<Condition<'a>> + Send,
    ) -> impl Future<Output = Result<Option<Version>, StoreError>> + Send;

    /// Deletes a client; `false` where it is not as expected.
    fn delete_client(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        expected: Expected,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Writes an API.
    fn put_api<'a>(
        &self,
        tenant: &TenantId,
        api: &Api,
        condition: impl Into<Condition<'a>> + Send,
    ) -> impl Future<Output = Result<Option<Version>, StoreError>> + Send;

    /// Deletes an API; `false` where it is not as expected. Clients that it is assigned to get no tokens for it from then on.
    fn delete_api(
        &self,
        tenant: &TenantId,
        resource: &ResourceId,
        expected: Expected,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes a tenant's settings and key ring; `false` where its settings are not as expected. Its clients, APIs and users
    /// go one by one, before. Its keys stay its own: no other tenant may ever sign with what verified its tokens.
    fn delete_tenant(
        &self,
        tenant: &TenantId,
        expected: Expected,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Some of the tenants, by name.
    fn tenants_page(
        &self,
        part: Part<'_>,
    ) -> impl Future<Output = Result<Page<Versioned<Tenant>>, StoreError>> + Send;

    /// Some of a tenant's clients, by identifier.
    fn clients_page(
        &self,
        tenant: &TenantId,
        part: Part<'_>,
    ) -> impl Future<Output = Result<Page<Versioned<Client>>, StoreError>> + Send;

    /// Some of a tenant's APIs, by identifier.
    fn apis_page(
        &self,
        tenant: &TenantId,
        part: Part<'_>,
    ) -> impl Future<Output = Result<Page<Versioned<Api>>, StoreError>> + Send;

    /// Every tenant, by name.
    fn tenants(&self) -> impl Future<Output = Result<Vec<Versioned<Tenant>>, StoreError>> + Send {
        all(
            move |after: Option<String>| async move {
                self.tenants_page(part_after(after.as_deref())).await
            },
            |tenant: &Versioned<Tenant>| tenant.id.as_str(),
        )
    }

    /// Every client of a tenant, by identifier.
    fn clients(
        &self,
        tenant: &TenantId,
    ) -> impl Future<Output = Result<Vec<Versioned<Client>>, StoreError>> + Send {
        all(
            move |after: Option<String>| async move {
                self.clients_page(tenant, part_after(after.as_deref()))
                    .await
            },
            |client: &Versioned<Client>| client.client_id.as_str(),
        )
    }

    /// Every API of a tenant, by identifier.
    fn apis(
        &self,
        tenant: &TenantId,
    ) -> impl Future<Output = Result<Vec<Versioned<Api>>, StoreError>> + Send {
        all(
            move |after: Option<String>| async move {
                self.apis_page(tenant, part_after(after.as_deref())).await
            },
            |api: &Versioned<Api>| api.resource.as_str(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_stored_as_on_the_wire() {
        for method in ClientAuthMethod::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
        }
    }
}
