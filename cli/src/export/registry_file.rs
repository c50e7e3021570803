//! A deployment as a registry file. Each type is taken apart to its last field: one that is added later is not forgotten here,
//! as it does not compile.

use std::fmt::Write as _;

use latchkey_oauth::api::{Api, ApiScope, AssignedApi, ClaimRule, ClaimSource};
use latchkey_oauth::certificate::CertificateName;
use latchkey_oauth::claims::ClaimScope;
use latchkey_oauth::client::{Client, ClientDescription};
use latchkey_oauth::lockout::{Backoff, LockPolicy};
use latchkey_oauth::password_policy::PasswordPolicy;
use latchkey_oauth::registration::RegistrationPolicy;
use latchkey_oauth::store::Versioned;
use latchkey_oauth::tenant::{ContextClasses, LifetimeOverrides, Tenant, TenantId, TenantSettings};
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::jwk::RingKey;
use latchkey_oauth::user::User;
use serde::Serialize;

use super::tree::{Members, Node};
use super::users;

/// A tenant with what belongs to it.
#[derive(Debug)]
pub struct Exported {
    /// The tenant.
    pub tenant: Versioned<Tenant>,
    /// Its APIs.
    pub apis: Vec<Versioned<Api>>,
    /// Its clients.
    pub clients: Vec<Versioned<Client>>,
    /// Its users, where they are to stand in the file.
    pub users: Vec<Versioned<User>>,
}

/// Where the users are.
#[derive(Debug, Clone, Copy)]
pub enum UsersAre<'a> {
    /// In the file.
    Inside,
    /// In a file a tenant, named after the registry file.
    Beside(&'a str),
    /// Nowhere: only how to get them is told.
    Elsewhere,
}

/// What the file of a tenant's users is called, after the registry file's name.
pub fn users_file(registry_file: &str, tenant: &TenantId) -> String {
    format!("{registry_file}.{tenant}.users.jsonl")
}

/// The registry file, as of `now`.
///
/// # Errors
/// What cannot be written as YAML.
pub fn write(
    tenants: &[Exported],
    users_are: UsersAre<'_>,
    now: Timestamp,
) -> anyhow::Result<String> {
    let mut text = header(tenants, users_are, now)?;
    let listed = tenants.iter().map(|exported| {
        let mut members = tenant(exported);
        if let UsersAre::Inside = users_are {
            members.always(
                "users",
                exported.users.iter().map(|it| users::entry(it)).collect(),
            );
        }
        members
    });
    let mut document = Members::default();
    document.always("tenants", listed.collect());
    let options = serde_saphyr::ser_options! {
        // A long text stays on its line, where an editor finds it.
        prefer_block_scalars: false,
    };
    text.push_str(&serde_saphyr::to_string_with_options(&document, options)?);
    Ok(text)
}

/// What to do with the file, and what is not in it.
fn header(
    tenants: &[Exported],
    users_are: UsersAre<'_>,
    now: Timestamp,
) -> Result<String, std::fmt::Error> {
    let name = match users_are {
        UsersAre::Beside(name) => name,
        UsersAre::Inside | UsersAre::Elsewhere => "FILE",
    };
    let mut text = String::new();
    writeln!(
        text,
        "# A Latchkey deployment, exported. It goes into an empty one with"
    )?;
    writeln!(text, "#\n#   latchkey apply {name}")?;
    for Exported { tenant, .. } in tenants {
        let id = &tenant.id;
        match users_are {
            UsersAre::Inside => {}
            UsersAre::Beside(name) => writeln!(
                text,
                "#   latchkey user import {} --format jsonl --tenant {id}",
                users_file(name, id)
            )?,
            UsersAre::Elsewhere => writeln!(
                text,
                "#   latchkey user import {id}.jsonl --format jsonl --tenant {id}    # of `latchkey user export --tenant {id}`"
            )?,
        }
    }
    for Exported { tenant, .. } in tenants {
        for key in keys(tenant, now) {
            writeln!(
                text,
                "#   latchkey keys add {} --tenant {} --alg {}    # {}",
                key.kms_key_id,
                tenant.id,
                key.alg.as_str(),
                key.kid
            )?;
        }
    }
    text.push_str(
        "#
# Not in it: the private keys, which never leave KMS (another account needs keys of its own); keys that were withdrawn or sign no
# more; what is issued (refresh tokens, revocations), so everybody signs in again; and counters of failed sign-ins.

",
    );
    Ok(text)
}

/// The keys to add where there are none: the first one signs there at once, so it is the one that signs now. One that was
/// withdrawn may be in other hands, and one that signs no more is not to begin again.
fn keys(tenant: &Tenant, now: Timestamp) -> Vec<&RingKey> {
    let Tenant { settings, keys, .. } = tenant;
    let signing = keys.signing_key(settings.signing_algorithm, now);
    let is_signing = |key: &RingKey| signing.is_some_and(|signing| signing.kid == key.kid);
    let mut listed: Vec<&RingKey> = keys
        .keys
        .iter()
        .filter(|key| {
            let ended = |until| until <= now.max(key.signs_from);
            key.published_until.is_none() && !key.signs_until.is_some_and(ended)
        })
        .collect();
    listed.sort_by_key(|key| (!is_signing(key), key.signs_from));
    listed
}

fn tenant(exported: &Exported) -> Members {
    let TenantSettings {
        name,
        domain,
        lifetimes: lifetimes_said,
        access_token_format,
        signing_algorithm,
        default_scope,
        claim_scopes,
        claims,
        client_ids_as_scopes,
        dialects,
        issuer_path,
        userinfo_without_openid,
        revocation_by_bearer,
        registration,
        acr: ContextClasses {
            password,
            client_credentials,
        },
        lockout: LockPolicy { user, source },
        password_policy,
    } = &exported.tenant.settings;
    let mut members = Members::default();
    members.add("tenant", &exported.tenant.id);
    members.add("name", name);
    members.add("domain", domain);
    lifetimes(&mut members, lifetimes_said);
    members.add("access_token_format", access_token_format);
    members.add("signing_algorithm", signing_algorithm);
    members.add("default_scope", default_scope);
    let claim_scopes = claim_scopes.iter().map(|scope| {
        let ClaimScope { scope, claims } = scope;
        let mut members = Members::default();
        members.add("scope", scope);
        rules(&mut members, claims);
        members
    });
    members.list("claim_scopes", claim_scopes);
    rules(&mut members, claims);
    members.add("client_ids_as_scopes", client_ids_as_scopes);
    members.add("dialects", dialects);
    members.add("issuer_path", issuer_path);
    members.add("userinfo_without_openid", userinfo_without_openid);
    members.add("revocation_by_bearer", revocation_by_bearer);
    if let Some(policy) = registration {
        members.always("registration", self::registration(policy).into());
    }
    if !exported.tenant.settings.acr.is_empty() {
        let mut acr = Members::default();
        acr.add("password", password);
        acr.add("client_credentials", client_credentials);
        members.always("acr", acr.into());
    }
    if exported.tenant.settings.lockout != LockPolicy::default() {
        let mut lockout = Members::default();
        lockout.always("user", backoff(user).into());
        lockout.always("source", backoff(source).into());
        members.always("lockout", lockout.into());
    }
    let PasswordPolicy {
        min_length,
        min_character_kinds,
    } = password_policy;
    if *password_policy != PasswordPolicy::default() {
        let mut policy = Members::default();
        policy.add("min_length", min_length);
        policy.add("min_character_kinds", min_character_kinds);
        members.always("password_policy", policy.into());
    }
    members.always("apis", exported.apis.iter().map(|it| api(it)).collect());
    members.always(
        "clients",
        exported.clients.iter().map(|it| client(it)).collect(),
    );
    members
}

fn registration(of: &RegistrationPolicy) -> Members {
    let RegistrationPolicy {
        open,
        grant_types,
        scope,
        apis,
        activation,
    } = of;
    let mut members = Members::default();
    members.add("open", open);
    let grant_types = serde_json::to_value(grant_types).unwrap_or_default();
    members.always("grant_types", Node::Plain(grant_types));
    members.add("scope", scope);
    assigned(&mut members, apis);
    members.add("activation", activation.as_str());
    members
}

fn assigned(members: &mut Members, apis: &[AssignedApi]) {
    let apis = apis.iter().map(|assigned| {
        let AssignedApi { resource, scope } = assigned;
        let mut members = Members::default();
        members.add("resource", resource);
        members.add("scope", scope);
        members
    });
    members.list("apis", apis);
}

fn description(members: &mut Members, of: &ClientDescription) {
    let ClientDescription {
        client_uri,
        logo_uri,
        tos_uri,
        policy_uri,
        contacts,
        software_id,
        software_version,
    } = of;
    members.add("client_uri", client_uri);
    members.add("logo_uri", logo_uri);
    members.add("tos_uri", tos_uri);
    members.add("policy_uri", policy_uri);
    members.add("contacts", contacts);
    members.add("software_id", software_id);
    members.add("software_version", software_version);
}

fn backoff(of: &Backoff) -> Members {
    let Backoff {
        free,
        longest,
        memory,
    } = of;
    let mut members = Members::default();
    members.add("free", free);
    members.duration("longest", Some(*longest));
    members.duration("memory", Some(*memory));
    members
}

fn lifetimes(members: &mut Members, said: &LifetimeOverrides) {
    let LifetimeOverrides {
        access_token,
        client_credentials_access_token,
        id_token,
        refresh_token,
        refresh_token_family,
    } = said;
    members.duration("access_token_lifetime", *access_token);
    members.duration(
        "client_credentials_access_token_lifetime",
        *client_credentials_access_token,
    );
    members.duration("id_token_lifetime", *id_token);
    members.duration("refresh_token_lifetime", *refresh_token);
    members.duration("refresh_token_family_lifetime", *refresh_token_family);
}

fn api(of: &Api) -> Members {
    let Api {
        resource,
        name,
        description,
        audience,
        scopes,
        claims,
        access_token_format,
        lifetimes: lifetimes_said,
    } = of;
    let mut members = Members::default();
    members.add("resource", resource);
    members.add("name", name);
    members.add("description", description);
    members.add("audience", audience);
    let scopes = scopes.iter().map(|scope| {
        let ApiScope { value, description } = scope;
        let mut members = Members::default();
        members.add("value", value);
        members.add("description", description);
        members
    });
    members.list("scopes", scopes);
    rules(&mut members, claims);
    members.add("access_token_format", access_token_format);
    lifetimes(&mut members, lifetimes_said);
    members
}

fn client(of: &Client) -> Members {
    let Client {
        client_id,
        client_name,
        token_endpoint_auth_method,
        client_secret_hashes,
        tls_client_auth,
        certificates,
        tls_client_certificate_bound_access_tokens,
        grant_types,
        scope,
        default_scope,
        audience,
        apis,
        claims,
        access_token_format,
        id_token_signed_response_alg,
        userinfo_signed_response_alg,
        lifetimes: lifetimes_said,
        refresh_token_retry_window,
        client_credentials_refresh_token,
        authentication_by_access_token,
        redirect_uris,
        description: of_itself,
        registration,
        disabled,
    } = of;
    let mut members = Members::default();
    members.add("client_id", client_id);
    members.add("client_name", client_name);
    members.add("token_endpoint_auth_method", token_endpoint_auth_method);
    let mut secrets: Vec<Members> = client_secret_hashes.iter().map(secret).collect();
    if secrets.len() > 1 {
        members.always("client_secret", secrets.into_iter().collect());
    } else if let Some(secret) = secrets.pop() {
        members.always("client_secret", secret.into());
    }
    if let Some(name) = tls_client_auth {
        certificate_name(&mut members, name);
    }
    let keys = certificates.iter().map(|known| {
        let mut key = Members::default();
        key.add("x5c", [known.to_base64()]);
        key
    });
    if !certificates.is_empty() {
        let mut jwks = Members::default();
        jwks.list("keys", keys);
        members.always("jwks", jwks.into());
    }
    members.add(
        "tls_client_certificate_bound_access_tokens",
        tls_client_certificate_bound_access_tokens,
    );
    // A client that only introspects says so.
    let grant_types = serde_json::to_value(grant_types).unwrap_or_default();
    members.always("grant_types", Node::Plain(grant_types));
    members.add("scope", scope);
    members.add("default_scope", default_scope);
    members.add("audience", audience);
    assigned(&mut members, apis);
    rules(&mut members, claims);
    members.add("access_token_format", access_token_format);
    members.add("id_token_signed_response_alg", id_token_signed_response_alg);
    members.add("userinfo_signed_response_alg", userinfo_signed_response_alg);
    lifetimes(&mut members, lifetimes_said);
    let window = *refresh_token_retry_window;
    members.duration(
        "refresh_token_retry_window",
        (window.0 > 0).then_some(window),
    );
    members.add(
        "client_credentials_refresh_token",
        client_credentials_refresh_token,
    );
    members.add(
        "authentication_by_access_token",
        authentication_by_access_token,
    );
    members.add("redirect_uris", redirect_uris);
    description(&mut members, of_itself);
    if let Some(registration) = registration {
        let registration = serde_json::to_value(registration).unwrap_or_default();
        members.always("registration", Node::Plain(registration));
    }
    members.add("disabled", disabled);
    members
}

fn certificate_name(members: &mut Members, name: &CertificateName) {
    match name {
        CertificateName::SubjectDn(dn) => members.add("tls_client_auth_subject_dn", dn),
        CertificateName::SanDns(dns) => members.add("tls_client_auth_san_dns", dns),
        CertificateName::SanUri(uri) => members.add("tls_client_auth_san_uri", uri),
        CertificateName::SanIp(address) => members.add("tls_client_auth_san_ip", address),
        CertificateName::SanEmail(email) => members.add("tls_client_auth_san_email", email),
    }
}

fn rules(members: &mut Members, of: &[ClaimRule]) {
    let rules = of.iter().map(|rule| {
        let ClaimRule { name, from } = rule;
        let mut members = Members::default();
        members.add("name", name);
        match from {
            ClaimSource::Attribute(attribute) => members.add("attribute", attribute),
            // Whatever it is: `false` says something here.
            ClaimSource::Constant(value) => members.always("constant", Node::Plain(value.clone())),
        }
        members
    });
    members.list("claims", rules);
}

/// A secret by its hash, in the form that the file takes.
fn secret(hash: &impl Serialize) -> Members {
    let mut members = Members::default();
    let hash = serde_json::to_value(hash).unwrap_or_default();
    members.add("hash", hash.as_str().map(|hash| format!("sha256:{hash}")));
    members
}
