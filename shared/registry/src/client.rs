//! Clients, with metadata named as RFC 7591 section 2 names it.

use latchkey_oauth::client::{Client, ClientAuthMethod, ClientId, ClientSecretHash};
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::registration::Registration;
use latchkey_oauth::scope::{OPENID, Scope};
use latchkey_oauth::tenant::LifetimeOverrides;
use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::algorithm::Algorithm;
use url::Url;

use crate::api;
use crate::claim_rule;
use crate::client_certificate;
use crate::description;
use crate::door::Door;
use crate::duration::Bounds;
use crate::fault::{At, Faults, Place};
use crate::fields::Fields;
use crate::lifetimes::read_lifetimes;
use crate::secret::{self, Context, Secret};
use crate::token_format;
use crate::tree::{Node, Value};

/// The most secrets a client may have: the old one and the new one.
const MAX_SECRETS: usize = 2;

/// A client as it is described.
#[derive(Debug, Clone)]
pub struct ClientEntry {
    /// Everything but secrets and `disabled`.
    pub client: Client,
    /// Its secrets.
    pub secrets: ClientSecrets,
    /// Whether it is shut out; where nothing is said, the store decides.
    pub disabled: Option<bool>,
    /// Where its `client_id` stands.
    pub at: Option<At>,
}

/// What is said of a client's secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientSecrets {
    /// A public client has none.
    None,
    /// These, and no others.
    Known(Vec<ClientSecretHash>),
    /// To be asked for where the store has none.
    Prompt,
    /// To be made up where the store has none.
    Generate,
}

/// Reads a tenant's clients.
pub fn read_all(
    nodes: Vec<Node>,
    place: &Place,
    door: Door<'_>,
    faults: &Faults,
) -> Vec<ClientEntry> {
    let mut entries: Vec<ClientEntry> = Vec::new();
    for node in nodes {
        let Some(entry) = read(node, place, door, faults) else {
            continue;
        };
        let id = &entry.client.client_id;
        if entries.iter().any(|other| other.client.client_id == *id) {
            let message = format!("a second client {id}. A client_id is one client's only.");
            faults.at(entry.at.clone(), place, message);
        }
        entries.push(entry);
    }
    entries
}

/// Reads a client. `None` only if it has no `client_id` to go by; all faults are told either way.
pub fn read(node: Node, place: &Place, door: Door<'_>, faults: &Faults) -> Option<ClientEntry> {
    let mut fields = Fields::open(node, place.inside("a client"), faults)?;
    let id = fields.parsed("client_id", ClientId::parse);
    let id = fields.require("client_id", id);
    if let Some(id) = &id {
        fields.place = place.inside(&format!("client {id}"));
    }
    let method = fields.parsed("token_endpoint_auth_method", auth_method);
    let method_given = fields.has("token_endpoint_auth_method");
    let client = Client {
        // Without an identifier the rest is read for its faults alone.
        client_id: id.clone().or_else(|| ClientId::parse("unnamed").ok())?,
        client_name: fields.text("client_name"),
        token_endpoint_auth_method: method.unwrap_or(ClientAuthMethod::ClientSecretBasic),
        client_secret_hashes: Vec::new(),
        tls_client_auth: client_certificate::read_name(&mut fields),
        certificates: client_certificate::read_own(&mut fields),
        tls_client_certificate_bound_access_tokens: fields
            .boolean("tls_client_certificate_bound_access_tokens")
            .unwrap_or_default(),
        grant_types: read_grant_types(&mut fields),
        scope: fields.parsed("scope", Scope::parse).unwrap_or_default(),
        default_scope: fields.parsed("default_scope", Scope::parse),
        audience: read_audience(&mut fields),
        apis: api::read_assigned(&mut fields),
        claims: claim_rule::read_all(&mut fields),
        access_token_format: token_format::read(&mut fields),
        id_token_signed_response_alg: fields.parsed("id_token_signed_response_alg", algorithm),
        userinfo_signed_response_alg: fields.parsed("userinfo_signed_response_alg", algorithm),
        lifetimes: read_lifetimes(&mut fields),
        refresh_token_retry_window: read_retry_window(&mut fields),
        client_credentials_refresh_token: fields
            .boolean("client_credentials_refresh_token")
            .unwrap_or_default(),
        authentication_by_access_token: fields
            .boolean("authentication_by_access_token")
            .unwrap_or_default(),
        redirect_uris: description::read_redirect_uris(&mut fields),
        description: description::read(&mut fields),
        registration: read_registration(&mut fields),
        disabled: false,
    };
    let node = fields.secret("client_secret");
    let secrets = node.and_then(|node| secrets(node, &fields.place, door, faults));
    let disabled = fields.boolean("disabled");
    check(&client, method.is_some() || !method_given, &fields);
    let at = fields.at("client_id");
    fields.close();
    id?;
    Some(ClientEntry {
        client,
        secrets: secrets.unwrap_or(ClientSecrets::None),
        disabled,
        at,
    })
}

fn read_grant_types(fields: &mut Fields<'_>) -> Vec<GrantType> {
    let grant_types = fields.texts("grant_types", grant_type);
    // Without a default: RFC 7591 would have it be authorization_code, and a client that can do nothing by mistake
    // is found later than a message here.
    fields
        .require("grant_types", grant_types)
        .unwrap_or_default()
}

/// How a client came here that registered itself, as an export tells it: a hash, a time, and whether it is let in.
fn read_registration(fields: &mut Fields<'_>) -> Option<Registration> {
    let document = fields.json("registration", 1_024)?;
    let registration = serde_json::from_value(document).ok();
    if registration.is_none() {
        fields.fault("registration", "`registration` is what an export wrote there, and nothing that anybody writes. Take it out.");
    }
    registration
}

fn read_retry_window(fields: &mut Fields<'_>) -> Seconds {
    let bounds = Bounds {
        least: Seconds(0),
        most: Seconds::minutes(5),
    };
    fields
        .duration("refresh_token_retry_window", bounds)
        .unwrap_or_default()
}

/// The name of a grant.
///
/// # Errors
/// What names there are.
pub fn grant_type(text: &str) -> Result<GrantType, String> {
    GrantType::parse(text).ok_or_else(|| {
        let known = GrantType::ALL.map(GrantType::as_str).join(", ");
        format!("there is no grant {text}. Known: {known}")
    })
}

/// The name of an authentication method.
///
/// # Errors
/// What names there are.
pub fn auth_method(text: &str) -> Result<ClientAuthMethod, String> {
    let found = ClientAuthMethod::ALL
        .into_iter()
        .find(|method| method.as_str() == text);
    found.ok_or_else(|| {
        let known = ClientAuthMethod::ALL
            .map(ClientAuthMethod::as_str)
            .join(", ");
        format!("there is no method {text}. Known: {known}")
    })
}

/// The most names an audience has: every token carries them.
const MOST_AUDIENCE: usize = 50;

/// Reads `audience`, of a client or an API.
pub(crate) fn read_audience(fields: &mut Fields<'_>) -> Vec<String> {
    let names = fields.texts("audience", resource).unwrap_or_default();
    if names.len() > MOST_AUDIENCE {
        let message = format!("`audience` lists more than {MOST_AUDIENCE}.");
        fields.fault("audience", message);
    }
    names
}

/// A resource server: an absolute URI without fragment (RFC 8707 section 2), or the client_id it introspects with.
fn resource(text: &str) -> Result<String, &'static str> {
    let well_formed = match Url::parse(text) {
        Ok(url) => url.fragment().is_none(),
        Err(_) => ClientId::parse(text).is_ok() && !text.contains(' '),
    };
    well_formed.then(|| text.to_owned()).ok_or(
        "an audience is an absolute URI without fragment (RFC 8707 section 2) or a resource server's client_id",
    )
}

/// Reads a client's secret or secrets.
pub fn secrets(
    node: Node,
    place: &Place,
    door: Door<'_>,
    faults: &Faults,
) -> Option<ClientSecrets> {
    let context = Context {
        door,
        place,
        faults,
        name: "client_secret",
    };
    let at = node.at.clone();
    let Value::List(nodes) = node.value else {
        return match context.find(node)? {
            Secret::Prompt => Some(ClientSecrets::Prompt),
            Secret::Generate => Some(ClientSecrets::Generate),
            known @ (Secret::Plain(_) | Secret::Hash(_)) => {
                hash(&context, at, known).map(|hash| ClientSecrets::Known(vec![hash]))
            }
        };
    };
    if !(1..=MAX_SECRETS).contains(&nodes.len()) {
        let message = "`client_secret` lists one secret, or two while one replaces the other.";
        return context.refuse(at, message.to_owned());
    }
    let hashes = nodes.into_iter().map(|node| {
        let at = node.at.clone();
        context
            .find(node)
            .and_then(|found| hash(&context, at, found))
    });
    let hashes: Vec<_> = hashes.collect();
    let hashes: Option<Vec<_>> = hashes.into_iter().collect();
    hashes.map(ClientSecrets::Known)
}

fn hash(context: &Context<'_>, at: Option<At>, found: Secret) -> Option<ClientSecretHash> {
    let hash = match found {
        Secret::Plain(text) => secret::client_secret(&text),
        Secret::Hash(text) => secret::client_secret_hash(&text),
        Secret::Prompt | Secret::Generate => Err(
            "which of a list is to be made up cannot be told later; let it stand alone".to_owned(),
        ),
    };
    hash.map_err(|message| context.refuse::<()>(at, format!("`client_secret`: {message}.")))
        .ok()
}

/// What fits the grammar and still makes no sense. Where one of the fields concerned could not be read, that is
/// fault enough.
fn check(client: &Client, method_known: bool, fields: &Fields<'_>) {
    if method_known {
        check_authentication(client, fields);
    }
    check_scope(client, fields);
    check_client_credentials(client, fields);
    check_refresh(client, fields);
}

fn check_authentication(client: &Client, fields: &Fields<'_>) {
    let method = client.token_endpoint_auth_method;
    let has_secret = fields.has("client_secret");
    client_certificate::check(client, fields);
    if method.uses_secret() {
        if !has_secret {
            let message = format!(
                "`client_secret` is missing, and the client authenticates with {}. Add {{generate: true}}, or `token_endpoint_auth_method: none` for a public client.",
                method.as_str()
            );
            fields.fault("client_secret", message);
        }
        return;
    }
    if has_secret && method.is_confidential() {
        let message = format!(
            "a client that authenticates with {} needs no secret. Take `client_secret` out.",
            method.as_str()
        );
        fields.fault("client_secret", message);
    }
    if method.is_confidential() {
        return;
    }
    if has_secret {
        fields.fault("client_secret", "a public client (`token_endpoint_auth_method: none`) can keep no secret. Take `client_secret` out.");
    }
    let barred = client
        .grant_types
        .iter()
        .filter(|grant| grant.needs_confidential_client());
    for grant in barred {
        let message = format!(
            "a public client (`token_endpoint_auth_method: none`) may not use {}. Take it out of `grant_types`, or give the client a secret.",
            grant.as_str()
        );
        fields.fault("grant_types", message);
    }
}

fn check_scope(client: &Client, fields: &Fields<'_>) {
    let scope = &client.scope;
    if scope.is_empty() && fields.has("scope") {
        return;
    }
    let of_apis = client.apis.iter();
    let widest = of_apis.fold(scope.clone(), |all, api| all.union(&api.scope));
    if let Some(default) = &client.default_scope
        && !default.is_subset_of(&widest)
    {
        fields.fault(
            "default_scope",
            format!("`default_scope` ({default}) is not within `scope` ({widest}). Widen `scope` or narrow `default_scope`."),
        );
    }
    if client.id_token_signed_response_alg.is_some() && !scope.contains(OPENID) {
        fields.fault("id_token_signed_response_alg", "without openid in `scope` there is no ID token. Add openid, or take `id_token_signed_response_alg` out.");
    }
    if client.lifetimes.id_token.is_some() && !scope.contains(OPENID) {
        fields.fault("id_token_lifetime", "without openid in `scope` there is no ID token. Add openid, or take `id_token_lifetime` out.");
    }
}

fn check_client_credentials(client: &Client, fields: &Fields<'_>) {
    const LIFETIME: &str = "client_credentials_access_token_lifetime";
    let said = client.lifetimes.client_credentials_access_token.is_some();
    if said && !client.allows(GrantType::ClientCredentials) {
        fields.fault(LIFETIME, format!("`{LIFETIME}` says nothing without the grant client_credentials. Add it to `grant_types`, or take `{LIFETIME}` out."));
    }
}

fn check_refresh(client: &Client, fields: &Fields<'_>) {
    if client.allows(GrantType::RefreshToken) {
        return;
    }
    let LifetimeOverrides {
        refresh_token,
        refresh_token_family,
        ..
    } = client.lifetimes;
    let said = [
        ("refresh_token_lifetime", refresh_token.is_some()),
        (
            "refresh_token_family_lifetime",
            refresh_token_family.is_some(),
        ),
        (
            "refresh_token_retry_window",
            client.refresh_token_retry_window.0 > 0,
        ),
        (
            "client_credentials_refresh_token",
            client.client_credentials_refresh_token,
        ),
    ];
    for (name, _) in said.into_iter().filter(|(_, said)| *said) {
        fields.fault(name, format!("`{name}` says nothing without the grant refresh_token. Add it to `grant_types`, or take `{name}` out."));
    }
}

/// The name of a signature algorithm.
///
/// # Errors
/// What names there are.
pub fn algorithm(text: &str) -> Result<Algorithm, String> {
    let mut known = Algorithm::ALL.into_iter();
    known.find(|alg| alg.as_str() == text).ok_or_else(|| {
        let known = Algorithm::ALL.map(Algorithm::as_str).join(", ");
        format!("nothing signs with {text}. Known: {known}")
    })
}
