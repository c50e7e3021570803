//! Clients.

use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::client::{Client, ClientAuthMethod, ClientId, ClientSecretHash, RegistryAdmin};
use latchkey_oauth::scope::{MANAGEMENT, Scope};
use latchkey_oauth::store::{Condition, Expected, Page, Part, Version, Versioned};
use latchkey_oauth::token::key_ring::KeyManagement;
use latchkey_oauth::token::repository::TokenKeys;
use latchkey_oauth::user::{Subject, SubjectKey, UserAdmin};
use latchkey_registry::fault::Place;
use latchkey_registry::tree::Node;
use latchkey_registry::{ClientSecrets, client as vocabulary, document};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value as Json, json};
use url::Url;

use super::{Described, Kind, read};
use crate::ask::Ask;
use crate::endpoint::{Grants, ManageEndpoint, secret};
use crate::problem::{Refusal, invalid_field, refuse};

/// Clients.
#[derive(Debug)]
pub struct Clients;

/// Who manages clients may not make itself, or anybody, more than it is: a client that may use the management API is
/// written only by who has all of those scopes, its secret included.
pub fn ensure_no_more(ask: &Ask<'_>, client: &Client) -> Result<(), Refusal> {
    let of_apis = client.apis.iter().map(|api| &api.scope);
    let scopes = of_apis.chain(&client.default_scope).chain([&client.scope]);
    ensure_covered(ask, scopes)
}

/// Refuses to give scopes of the management API that whoever asks has not.
pub fn ensure_covered<'a>(
    ask: &Ask<'_>,
    given: impl IntoIterator<Item = &'a Scope>,
) -> Result<(), Refusal> {
    let covered = given.into_iter().all(|scope| {
        let management = scope.filter(|token| token.starts_with(MANAGEMENT));
        management.is_subset_of(ask.scope)
    });
    if covered {
        return Ok(());
    }
    Err(refuse(
        http::StatusCode::FORBIDDEN,
        "more_than_your_own",
        "These are scopes of the management API that the access token has not. Nobody gives more than they have.",
    ))
}

impl<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement> Kind<ManageEndpoint<R, U, G, K>>
    for Clients
{
    type Value = Client;
    const NAME: &'static str = "client";
    const LIST: &'static str = "clients";
    const ID: &'static str = "client_id";
    const WRITTEN: AuditEvent = AuditEvent::ClientWritten;
    const DELETED: AuditEvent = AuditEvent::ClientDeleted;

    fn id(client: &Client) -> &str {
        client.client_id.as_str()
    }

    fn logged(client: &Client) -> String {
        client.client_id.to_string()
    }

    fn ensure_may(ask: &Ask<'_>, client: &Client) -> Result<(), Refusal> {
        ensure_no_more(ask, client)
    }

    fn document(client: &Client) -> Map<String, Json> {
        document::client(client)
    }

    async fn read(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        id: &str,
    ) -> Result<Option<Versioned<Client>>, Refusal> {
        match ClientId::parse(id) {
            Ok(id) => Ok(server.registry.read_client(ask.tenant_id(), &id).await?),
            Err(_) => Ok(None),
        }
    }

    async fn page(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        part: Part<'_>,
    ) -> Result<Page<Versioned<Client>>, Refusal> {
        Ok(server.registry.clients_page(ask.tenant_id(), part).await?)
    }

    async fn describe(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        mut document: Map<String, Json>,
        old: Option<&Client>,
    ) -> Result<Described<Client>, Refusal> {
        if document.contains_key("registration") {
            let detail = "is what the server says of a client that registered itself.";
            return Err(invalid_field("/registration", detail));
        }
        // Silence about the secret of a client that needs one keeps what is there, or makes one.
        let method = document
            .get("token_endpoint_auth_method")
            .and_then(Json::as_str)
            .and_then(|said| {
                let mut methods = ClientAuthMethod::ALL.into_iter();
                methods.find(|method| method.as_str() == said)
            });
        let said = document
            .get("client_secret")
            .is_some_and(|it| !it.is_null());
        if method.is_none_or(|method| method.uses_secret()) && !said {
            document.insert("client_secret".to_owned(), json!({"generate": true}));
        }
        let node = Node::from(Json::from(document));
        let entry = read(|faults| vocabulary::read(node, &Place::default(), None, faults))?;
        let mut client = entry.client;
        ensure_no_more(ask, &client)?;
        ensure_sound(server, ask, &client).await?;
        if old.is_none() {
            ensure_nobodys_subject(server, ask, &client).await?;
        }
        client.disabled = entry
            .disabled
            .unwrap_or_else(|| old.is_some_and(|old| old.disabled));
        client.registration = old.and_then(|old| old.registration.clone());
        let kept = old
            .map(|old| old.client_secret_hashes.clone())
            .unwrap_or_default();
        let mut shown = None;
        client.client_secret_hashes = match entry.secrets {
            ClientSecrets::None => Vec::new(),
            ClientSecrets::Known(hashes) => hashes,
            ClientSecrets::Prompt | ClientSecrets::Generate if !kept.is_empty() => kept,
            ClientSecrets::Prompt | ClientSecrets::Generate => {
                let made = secret::<32>(&*server.random)?;
                let hash = ClientSecretHash::of(made.expose_secret());
                shown = Some(("client_secret", made));
                vec![hash]
            }
        };
        Ok(Described {
            value: client,
            shown,
        })
    }

    async fn put(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        client: &Client,
        condition: Condition<'_>,
    ) -> Result<Option<Version>, Refusal> {
        let registry = &server.registry;
        Ok(registry
            .put_client(ask.tenant_id(), client, condition)
            .await?)
    }

    async fn delete(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        client: &Versioned<Client>,
    ) -> Result<bool, Refusal> {
        let expected = Expected::Version(client.version);
        let registry = &server.registry;
        Ok(registry
            .delete_client(ask.tenant_id(), &client.client_id, expected)
            .await?)
    }
}

/// RFC 9068 section 5: the `sub` of a client that acts for itself may not be a user's, whom an API would take it for.
async fn ensure_nobodys_subject<R, U, G: Grants, K>(
    server: &ManageEndpoint<R, U, G, K>,
    ask: &Ask<'_>,
    client: &Client,
) -> Result<(), Refusal> {
    let subject = Subject::of_client(&client.client_id);
    let keys = TokenKeys {
        subject: Some(SubjectKey::of(ask.tenant_id(), &subject)),
        ..TokenKeys::default()
    };
    let state = server.grants.token_state(ask.tenant_id(), &keys).await?;
    if state.subject.is_some() {
        return Err(invalid_field("/client_id", "is the subject of a user."));
    }
    Ok(())
}

/// What a client refers to is there: a typing error would be found by nobody.
async fn ensure_sound<R: RegistryAdmin, U, G, K>(
    server: &ManageEndpoint<R, U, G, K>,
    ask: &Ask<'_>,
    client: &Client,
) -> Result<(), Refusal> {
    let (registry, tenant) = (&server.registry, ask.tenant_id());
    for (index, assigned) in client.apis.iter().enumerate() {
        let api = registry.read_api(tenant, &assigned.resource).await?;
        let Some(api) = api else {
            let pointer = format!("/apis/{index}/resource");
            let detail = format!("there is no API {} in this tenant.", assigned.resource);
            return Err(invalid_field(&pointer, detail));
        };
        if let Some(token) = assigned.scope.tokens().find(|token| !api.has_scope(token)) {
            let pointer = format!("/apis/{index}/scope");
            let detail = format!("the API {} has no scope {token}.", assigned.resource);
            return Err(invalid_field(&pointer, detail));
        }
    }
    for (index, audience) in client.audience.iter().enumerate() {
        let named = ClientId::parse(audience)
            .ok()
            .filter(|it| *it != client.client_id && Url::parse(audience).is_err());
        if let Some(named) = named
            && registry.read_client(tenant, &named).await?.is_none()
        {
            let pointer = format!("/audience/{index}");
            let detail = format!("{audience} is neither a URI nor a client of this tenant.");
            return Err(invalid_field(&pointer, detail));
        }
    }
    Ok(())
}
