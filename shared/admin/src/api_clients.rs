//! Which clients an API is assigned to, seen from the API. What is written is the client.

use http::StatusCode;
use http::header::{ETAG, IF_MATCH};
use latchkey_oauth::api::{Api, ApiScope, AssignedApi, ResourceId};
use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::client::{Client, RegistryAdmin};
use latchkey_oauth::scope::Scope;
use latchkey_oauth::store::{Condition, Expected, Page, Part, Version, Versioned};
use latchkey_oauth::token::key_ring::KeyManagement;
use latchkey_oauth::user::UserAdmin;
use latchkey_registry::tree::Node;
use latchkey_registry::{api as vocabulary, document};
use serde_json::{Value as Json, json};

use crate::api_members::{TRIES, position};
use crate::ask::{Ask, cursor, etag};
use crate::crud::{self, Told};
use crate::endpoint::{Grants, ManageEndpoint};
use crate::kind::client::Clients;
use crate::kind::{self, Kind};
use crate::problem::{Refusal, invalid_field, not_found, refuse, stale};

/// How many clients are looked at for a part of a list, at so many at a time: few of them may be the API's.
const PAGES: usize = 20;
const PAGE: usize = 100;

impl<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement> ManageEndpoint<R, U, G, K> {
    /// Some of the clients that an API is assigned to. A part may be short, and empty, and not the last.
    pub(crate) async fn list_api_clients(&self, ask: &Ask<'_>, id: &str) -> Result<Told, Refusal> {
        let query = ask.list_query(true)?;
        let api = self.api(ask, id).await?;
        let wanted = query.part();
        let mut after = wanted.after.map(str::to_owned);
        let mut told = Vec::new();
        let mut rest = None;
        'pages: for page in 1..=PAGES {
            let part = Part {
                after: after.as_deref(),
                limit: PAGE,
                ..wanted
            };
            let Page { items, more } = self.registry.clients_page(ask.tenant_id(), part).await?;
            let mut items = items.iter().peekable();
            while let Some(client) = items.next() {
                after = Some(client.client_id.to_string());
                told.extend(assignment(client, &api));
                if told.len() == wanted.limit {
                    rest = after.filter(|_| more || items.peek().is_some());
                    break 'pages;
                }
            }
            if !more {
                break;
            }
            if page == PAGES {
                rest.clone_from(&after);
            }
        }
        let next = rest.map(|last| {
            let cursor = cursor(&last);
            let next = query.next(ask.path, &cursor);
            (cursor, next)
        });
        let mut told = crud::part(ask, "clients", told.into(), next);
        told.object = Some(api.resource.to_string());
        Ok(told)
    }

    /// Assigns an API to a client, with these of its scopes and no others.
    pub(crate) async fn assign_api(&self, ask: &Ask<'_>, ids: &[String]) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let [api, client] = ids else {
            return Err(not_found("client"));
        };
        let node = Node::from(Json::from(crud::object(ask.json(None)?)?));
        let wish = kind::read(|faults| vocabulary::read_assignment(node, faults))?;
        let api = self.api(ask, api).await?;
        let scope = named(&wish.scope, &api)?;
        let (client, was) = self
            .change_assigned(ask, client, &api.resource, |client, known| {
                let said = wish.client_id.as_deref();
                if said.is_some_and(|said| said != client.client_id.as_str()) {
                    let detail = "`client_id` is the one in the path, or left out.";
                    return Err(invalid_field("/client_id", detail));
                }
                ensure_state(ask, known)?;
                let new = AssignedApi {
                    resource: api.resource.clone(),
                    scope: scope.clone(),
                };
                match client
                    .apis
                    .iter_mut()
                    .find(|it| it.resource == new.resource)
                {
                    Some(known) => *known = new,
                    None => client.apis.push(new),
                }
                Ok(())
            })
            .await?;
        let body = assignment(&client, &api).ok_or_else(stale)?;
        let told = Told {
            status: if was {
                StatusCode::OK
            } else {
                StatusCode::CREATED
            },
            event: AuditEvent::ClientWritten,
            object: Some(client.client_id.to_string()),
            ..Told::read(body)
        };
        Ok(told.with(ETAG, etag(client.version)))
    }

    /// Takes an API from a client.
    pub(crate) async fn take_api(&self, ask: &Ask<'_>, ids: &[String]) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let [api, client] = ids else {
            return Err(not_found("client"));
        };
        let api = self.api(ask, api).await?;
        let changed = self.change_assigned(ask, client, &api.resource, |client, known| {
            if known.is_none() {
                return Err(not_found("client of this API"));
            }
            client.apis.retain(|it| it.resource != api.resource);
            Ok(())
        });
        let (client, _) = changed.await?;
        let object = Some(client.client_id.to_string());
        Ok(Told::done(AuditEvent::ClientWritten, object))
    }

    /// Changes what is assigned to a client, as a write of the client: by the same rules. Tells whether the API was.
    async fn change_assigned(
        &self,
        ask: &Ask<'_>,
        id: &str,
        resource: &ResourceId,
        change: impl Fn(&mut Client, Option<Version>) -> Result<(), Refusal> + Send + Sync,
    ) -> Result<(Versioned<Client>, bool), Refusal> {
        for _ in 0..TRIES {
            let found = <Clients as Kind<Self>>::read(self, ask, id).await?;
            let found = found.ok_or_else(|| not_found("client"))?;
            <Clients as Kind<Self>>::ensure_may(ask, &found)?;
            let known = found.apis.iter().any(|it| it.resource == *resource);
            let mut client = found.value.clone();
            change(&mut client, known.then_some(found.version))?;
            ask.may_mean(found.version)?;
            let place = client.apis.iter().position(|it| it.resource == *resource);
            let pointer = place.map(|place| format!("/apis/{place}"));
            let document = document::client(&client);
            let described = <Clients as Kind<Self>>::describe(self, ask, document, Some(&found));
            let described = described.await;
            let described = described
                .map_err(|refusal| refusal.within(pointer.as_deref().unwrap_or_default()))?;
            let condition = Condition::from(Expected::Version(found.version));
            let put = <Clients as Kind<Self>>::put(self, ask, &described.value, condition);
            if let Some(version) = put.await? {
                let value = described.value;
                return Ok((Versioned { value, version }, known));
            }
            if ask.means_one()? {
                break;
            }
        }
        Err(stale())
    }
}

/// An assignment as it is told; none of a client that does not have the API.
fn assignment(client: &Client, api: &Api) -> Option<Json> {
    let found = client.apis.iter().find(|it| it.resource == api.resource)?;
    let has = |value: &&ApiScope| found.scope.contains(&value.value);
    let scopes: Vec<&ApiScope> = api.scopes.iter().filter(has).collect();
    let mut told = json!({
        "client_id": client.client_id,
        "scope": found.scope,
        "scopes": scopes,
    });
    if let (Some(name), Json::Object(members)) = (&client.client_name, &mut told) {
        members.insert("client_name".to_owned(), name.as_str().into());
    }
    Some(told)
}

/// The scopes of an API that a text names, some by their numbers. What is none of them stays, and is refused as such.
fn named(wish: &Scope, api: &Api) -> Result<Scope, Refusal> {
    let values: Vec<&str> = api.scopes.iter().map(|it| it.value.as_str()).collect();
    let mut meant = Vec::new();
    for token in wish.tokens() {
        let place = position(&values, token)?;
        meant.push(
            place
                .and_then(|it| values.get(it).copied())
                .unwrap_or(token),
        );
    }
    // By their values they may be longer than a scope can be.
    let text = meant.join(" ");
    if text.is_empty() {
        return Ok(Scope::default());
    }
    Scope::parse(&text).map_err(|error| invalid_field("/scope", format!("`scope`: {error}.")))
}

/// Who means to assign anew, or to change what is assigned, says so (RFC 9110 section 13.1).
fn ensure_state(ask: &Ask<'_>, known: Option<Version>) -> Result<(), Refusal> {
    let (error, detail) = match known {
        Some(version) if ask.has(version)? => (
            "already_assigned",
            "The API is assigned to this client already.",
        ),
        None if ask.header(&IF_MATCH)?.is_some() => {
            ("not_assigned", "The API is not assigned to this client.")
        }
        Some(_) | None => return Ok(()),
    };
    Err(refuse(StatusCode::PRECONDITION_FAILED, error, detail))
}
