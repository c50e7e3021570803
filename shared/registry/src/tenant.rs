//! Tenants: what an operator decides for one, and what belongs to it.

use latchkey_oauth::claims::ClaimScope;
use latchkey_oauth::client::ClientId;
use latchkey_oauth::dialect::Dialect;
use latchkey_oauth::issuer::{Domain, IssuerPath};
use latchkey_oauth::lockout::{Backoff, LockPolicy};
use latchkey_oauth::password_policy::{LEAST_MIN_LENGTH, PasswordPolicy};
use latchkey_oauth::registration::{ActivationPolicy, RegistrationPolicy};
use latchkey_oauth::scope::{OPENID, Scope};
use latchkey_oauth::tenant::{ContextClasses, RESERVED, TenantId, TenantSettings};
use latchkey_oauth::time::Seconds;
use url::Url;

use crate::api::{self, ApiEntry};
use crate::claim_rule;
use crate::client::{self, ClientEntry};
use crate::door::Door;
use crate::duration::Bounds;
use crate::fault::{Faults, Place};
use crate::fields::Fields;
use crate::lifetimes::read_lifetimes;
use crate::token_format;
use crate::tree::Node;
use crate::user::{self, UserEntry, UserPassword};

/// A tenant as it is described.
#[derive(Debug)]
pub struct TenantEntry {
    /// Its name.
    pub tenant: TenantId,
    /// What its operator decided.
    pub settings: TenantSettings,
    /// Its APIs; `None` if nothing is said about them.
    pub apis: Option<Vec<ApiEntry>>,
    /// Its clients; `None` if nothing is said about them.
    pub clients: Option<Vec<ClientEntry>>,
    /// Its users; `None` if nothing is said about them.
    pub users: Option<Vec<UserEntry>>,
}

/// Reads the tenants.
pub fn read_all(nodes: Vec<Node>, door: Door<'_>, faults: &Faults) -> Vec<TenantEntry> {
    let mut entries: Vec<TenantEntry> = Vec::new();
    for node in nodes {
        let at = node.at.clone();
        let Some(entry) = read(node, door, faults) else {
            continue;
        };
        let name = &entry.tenant;
        if entries.iter().any(|other| other.tenant == *name) {
            let message = format!("a second tenant {name}. Put what belongs to it in one place.");
            faults.at(at, &Place::default(), message);
        }
        entries.push(entry);
    }
    entries
}

/// Reads a tenant. `None` only if it has no name to go by; all faults are told either way.
pub fn read(node: Node, door: Door<'_>, faults: &Faults) -> Option<TenantEntry> {
    let mut fields = Fields::open(node, Place::default().inside("a tenant"), faults)?;
    let name = fields.parsed("tenant", tenant_id);
    let tenant = fields.require("tenant", name);
    if let Some(tenant) = &tenant {
        fields.place = Place::default().inside(&format!("tenant {tenant}"));
    }
    let settings = TenantSettings {
        name: fields.text("name"),
        domain: fields.parsed("domain", Domain::parse),
        lifetimes: read_lifetimes(&mut fields),
        access_token_format: token_format::read(&mut fields),
        signing_algorithm: fields.parsed("signing_algorithm", client::algorithm),
        default_scope: fields.parsed("default_scope", Scope::parse),
        claim_scopes: read_claim_scopes(&mut fields),
        claims: claim_rule::read_all(&mut fields),
        client_ids_as_scopes: fields.boolean("client_ids_as_scopes").unwrap_or_default(),
        dialects: fields.texts("dialects", dialect).unwrap_or_default(),
        issuer_path: fields.parsed("issuer_path", issuer_path),
        userinfo_without_openid: fields
            .boolean("userinfo_without_openid")
            .unwrap_or_default(),
        revocation_by_bearer: fields.boolean("revocation_by_bearer").unwrap_or_default(),
        registration: read_registration(&mut fields),
        acr: read_acr(&mut fields),
        lockout: read_lockout(&mut fields),
        password_policy: read_password_policy(&mut fields),
    };
    if let Some(path) = settings.issuer_path
        && !settings.dialects.contains(&path.dialect())
    {
        let dialect = path.dialect().as_str();
        fields.fault("issuer_path", format!("`issuer_path`: nothing is at {} without the dialect {dialect}. Add it to `dialects`.", path.as_str()));
    }
    let place = fields.place.clone();
    let apis = fields.list("apis");
    let apis = apis.map(|nodes| api::read_all(nodes, &place, faults));
    let clients = fields.list("clients");
    let clients = clients.map(|nodes| client::read_all(nodes, &place, door, faults));
    let users = fields.list("users");
    let users = users.map(|nodes| user::read_all(nodes, &place, door, faults));
    check_audiences(clients.as_deref().unwrap_or_default(), &place, faults);
    if let Some(apis) = &apis {
        check_apis(apis, clients.as_deref(), &place, faults);
    }
    check_passwords(
        settings.password_policy,
        users.as_deref().unwrap_or_default(),
        &place,
        faults,
    );
    fields.close();
    Some(TenantEntry {
        // Without it the rest was read for its faults alone.
        tenant: tenant?,
        settings,
        apis,
        clients,
        users,
    })
}

fn tenant_id(text: &str) -> Result<TenantId, String> {
    if RESERVED.contains(&text) {
        return Err(format!(
            "{text} is reserved for an endpoint of that name; choose another name"
        ));
    }
    TenantId::parse(text).map_err(|error| error.to_string())
}

fn dialect(text: &str) -> Result<Dialect, String> {
    Dialect::parse(text).ok_or_else(|| {
        let known = Dialect::ALL.map(Dialect::as_str);
        format!("there is no dialect {text}. Known: {}", known.join(", "))
    })
}

fn issuer_path(text: &str) -> Result<IssuerPath, String> {
    IssuerPath::parse(text).map_err(|error| {
        let known: Vec<&str> = IssuerPath::all().map(IssuerPath::as_str).collect();
        format!("{error}. Known: {}", known.join(", "))
    })
}

/// A standard scope may grant more; `openid` asks for an ID token, and for no claim.
fn claim_scope(text: &str) -> Result<String, String> {
    match api::one_token(text)?.as_str() {
        OPENID => Err("openid grants no claims; choose another name".to_owned()),
        token => Ok(token.to_owned()),
    }
}

/// `acr: {password: "1", client_credentials: "2"}`.
fn read_acr(fields: &mut Fields<'_>) -> ContextClasses {
    let place = fields.place.inside("acr");
    let faults = fields.faults;
    let opened = fields
        .take("acr")
        .and_then(|node| Fields::open(node, place, faults));
    let Some(mut inner) = opened else {
        return ContextClasses::default();
    };
    let classes = ContextClasses {
        password: inner.parsed("password", context_class),
        client_credentials: inner.parsed("client_credentials", context_class),
    };
    inner.close();
    classes
}

/// OIDC Core section 5.5.1.1: values in a request are separated by spaces.
fn context_class(text: &str) -> Result<String, String> {
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    if printable && (1..=256).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("is 1 to 256 printable ASCII characters without spaces".to_owned())
    }
}

fn read_lockout(fields: &mut Fields<'_>) -> LockPolicy {
    let default = LockPolicy::default();
    let place = fields.place.inside("lockout");
    let faults = fields.faults;
    let opened = fields
        .take("lockout")
        .and_then(|node| Fields::open(node, place, faults));
    let Some(mut inner) = opened else {
        return default;
    };
    let policy = LockPolicy {
        user: read_backoff(&mut inner, "user", default.user),
        source: read_backoff(&mut inner, "source", default.source),
    };
    inner.close();
    policy
}

fn read_backoff(fields: &mut Fields<'_>, name: &'static str, default: Backoff) -> Backoff {
    let place = fields.place.inside(name);
    let faults = fields.faults;
    let opened = fields
        .take(name)
        .and_then(|node| Fields::open(node, place, faults));
    let Some(mut inner) = opened else {
        return default;
    };
    let free = inner.number("free", 0, 10_000);
    let free = free.and_then(|free| u32::try_from(free).ok());
    // A lock that lasts longer than a day is the permanent lock that anyone could put on anyone.
    let longest = inner.duration("longest", Bounds::up_to(Seconds::hours(24)));
    let memory = inner.duration("memory", Bounds::up_to(Seconds::days(30)));
    let backoff = Backoff {
        free: free.unwrap_or(default.free),
        longest: longest.unwrap_or(default.longest),
        memory: memory.unwrap_or(default.memory),
    };
    if backoff.memory < backoff.longest {
        inner.fault(
            "memory",
            "`memory` is shorter than `longest`: failures would be forgotten during the wait. Lengthen `memory`.",
        );
    }
    inner.close();
    backoff
}

/// An audience that is no URI is meant to be a client of the tenant; a typing error would be found by nobody.
fn check_audiences(clients: &[ClientEntry], place: &Place, faults: &Faults) {
    let is_client = |name: &str| {
        let mut ids = clients.iter().map(|entry| &entry.client.client_id);
        ids.any(|id: &ClientId| id.as_str() == name)
    };
    for entry in clients {
        for audience in &entry.client.audience {
            if Url::parse(audience).is_err() && !is_client(audience) {
                let place = place.inside(&format!("client {}", entry.client.client_id));
                let message = format!(
                    "the audience {audience} is neither a URI nor a client of this tenant. Correct it, or add the client."
                );
                faults.at(entry.at.clone(), &place, message);
            }
        }
    }
}

/// The most scopes of a tenant's own.
const MAX_CLAIM_SCOPES: usize = 50;

/// `claim_scopes: [{scope: employment, claims: [department, {name: mail, attribute: email}]}]`.
fn read_claim_scopes(fields: &mut Fields<'_>) -> Vec<ClaimScope> {
    let nodes = fields.list("claim_scopes").unwrap_or_default();
    if nodes.len() > MAX_CLAIM_SCOPES {
        let message = format!("`claim_scopes` lists more than {MAX_CLAIM_SCOPES}.");
        fields.fault("claim_scopes", message);
    }
    let mut scopes: Vec<ClaimScope> = Vec::new();
    for node in nodes {
        let at = node.at.clone();
        let place = fields.place.inside("a claim scope");
        let Some(mut inner) = Fields::open(node, place, fields.faults) else {
            continue;
        };
        let scope = inner.parsed("scope", claim_scope);
        let scope = inner.require("scope", scope);
        let claims = claim_rule::read_all(&mut inner);
        inner.require("claims", inner.has("claims").then_some(()));
        inner.close();
        let Some(scope) = scope else { continue };
        if scopes.iter().any(|other| other.scope == scope) {
            let message = format!("`claim_scopes` has {scope} twice. Take one out.");
            fields.faults.at(at, &fields.place, message);
        }
        scopes.push(ClaimScope { scope, claims });
    }
    scopes
}

/// `registration: {open: false, grant_types: [client_credentials], scope: orders:read, activation: required}`.
fn read_registration(fields: &mut Fields<'_>) -> Option<RegistrationPolicy> {
    let place = fields.place.inside("registration");
    let faults = fields.faults;
    let node = fields.take("registration")?;
    let mut inner = Fields::open(node, place, faults)?;
    let grant_types = inner.texts("grant_types", client::grant_type);
    let grant_types = inner.require("grant_types", grant_types);
    let activation = inner.parsed("activation", |text| {
        let mut known = ActivationPolicy::ALL.into_iter();
        known.find(|it| it.as_str() == text).ok_or_else(|| {
            let known = ActivationPolicy::ALL.map(ActivationPolicy::as_str);
            format!("there is no activation {text}. Known: {}", known.join(", "))
        })
    });
    let policy = RegistrationPolicy {
        open: inner.boolean("open").unwrap_or_default(),
        grant_types: grant_types.unwrap_or_default(),
        scope: inner.parsed("scope", Scope::parse).unwrap_or_default(),
        apis: api::read_assigned(&mut inner),
        activation: activation.unwrap_or_default(),
    };
    inner.close();
    Some(policy)
}

fn read_password_policy(fields: &mut Fields<'_>) -> PasswordPolicy {
    let default = PasswordPolicy::default();
    let place = fields.place.inside("password_policy");
    let faults = fields.faults;
    let opened = fields
        .take("password_policy")
        .and_then(|node| Fields::open(node, place, faults));
    let Some(mut inner) = opened else {
        return default;
    };
    let length = inner.number("min_length", LEAST_MIN_LENGTH.into(), 128);
    let kinds = inner.number("min_character_kinds", 0, 4);
    inner.close();
    PasswordPolicy {
        min_length: (length.and_then(|it| u32::try_from(it).ok())).unwrap_or(default.min_length),
        min_character_kinds: (kinds.and_then(|it| u8::try_from(it).ok()))
            .unwrap_or(default.min_character_kinds),
    }
}

/// A plain password is a new one, and must be what the tenant asks of it.
fn check_passwords(policy: PasswordPolicy, users: &[UserEntry], place: &Place, faults: &Faults) {
    for entry in users {
        let Some(UserPassword::Plain(password)) = &entry.password else {
            continue;
        };
        if let Err(error) = policy.check(password, &entry.username) {
            let place = place.inside(&format!("user {}", entry.username));
            faults.at(entry.at.clone(), &place, format!("`password`: {error}."));
        }
    }
}

/// What a client may have of an API is what the API has, and an audience that is no URI is a client.
fn check_apis(apis: &[ApiEntry], clients: Option<&[ClientEntry]>, place: &Place, faults: &Faults) {
    for entry in clients.unwrap_or_default() {
        let place = place.inside(&format!("client {}", entry.client.client_id));
        let fault = |message: String| faults.at(entry.at.clone(), &place, message);
        for assigned in &entry.client.apis {
            let resource = &assigned.resource;
            let Some(api) = apis.iter().find(|it| it.api.resource == *resource) else {
                fault(format!(
                    "there is no API {resource} in this tenant. Correct `apis`, or add the API."
                ));
                continue;
            };
            for token in assigned.scope.tokens().filter(|it| !api.api.has_scope(it)) {
                fault(format!(
                    "the API {resource} has no scope {token}. Correct `apis`, or add the scope to the API."
                ));
            }
        }
    }
    let Some(clients) = clients else { return };
    for entry in apis {
        for audience in &entry.api.audience {
            let known = clients
                .iter()
                .any(|it| it.client.client_id.as_str() == audience);
            if Url::parse(audience).is_err() && !known {
                let place = place.inside(&format!("API {}", entry.api.resource));
                let message = format!(
                    "the audience {audience} is neither a URI nor a client of this tenant. Correct it, or add the client."
                );
                faults.at(entry.at.clone(), &place, message);
            }
        }
    }
}
