//! APIs.

use http::StatusCode;
use latchkey_oauth::api::{Api, ResourceId};
use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::store::{Condition, Expected, Page, Part, Version, Versioned};
use latchkey_oauth::token::key_ring::KeyManagement;
use latchkey_oauth::user::UserAdmin;
use latchkey_registry::fault::Place;
use latchkey_registry::tree::Node;
use latchkey_registry::{api as vocabulary, document};
use serde_json::{Map, Value as Json};

use super::{Described, Kind, read};
use crate::ask::Ask;
use crate::endpoint::{Grants, ManageEndpoint};
use crate::problem::{Refusal, refuse};

/// APIs.
#[derive(Debug)]
pub struct Apis;

/// What the list of them is called, in paths and answers.
pub const LIST: &str = "apis";

/// The number that a name may be given as: written so, no name of an API, and of a scope or a claim only if it is none.
pub fn number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// How many APIs are looked at for a number, at so many at a time.
const PAGES: usize = 30;
const PAGE: usize = 100;

/// The API of a number. What is kept knows names alone, so they are gone through.
async fn of_number<R: RegistryAdmin>(
    registry: &R,
    ask: &Ask<'_>,
    number: u32,
) -> Result<Option<Versioned<Api>>, Refusal> {
    let mut after: Option<String> = None;
    let mut found = None;
    for _ in 0..PAGES {
        let part = Part {
            prefix: "",
            after: after.as_deref(),
            limit: PAGE,
        };
        let Page { items, more } = registry.apis_page(ask.tenant_id(), part).await?;
        after = items.last().map(|last| last.resource.to_string());
        for api in items {
            if api.resource.number() == number && found.replace(api).is_some() {
                return Err(ambiguous());
            }
        }
        if !more {
            return Ok(found);
        }
    }
    Err(refuse(
        StatusCode::NOT_FOUND,
        "not_found",
        "There are too many APIs for one of them to be found by a number. Name it by its identifier.",
    ))
}

/// Two things have this number: whoever means one has to name it.
pub fn ambiguous() -> Refusal {
    refuse(
        StatusCode::NOT_FOUND,
        "not_found",
        "Two have this number. Name the one that is meant.",
    )
}

impl<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement> Kind<ManageEndpoint<R, U, G, K>>
    for Apis
{
    type Value = Api;
    const NAME: &'static str = "API";
    const LIST: &'static str = LIST;
    const ID: &'static str = "resource";
    const WRITTEN: AuditEvent = AuditEvent::ApiWritten;
    const DELETED: AuditEvent = AuditEvent::ApiDeleted;

    fn id(api: &Api) -> &str {
        api.resource.as_str()
    }

    fn logged(api: &Api) -> String {
        api.resource.to_string()
    }

    fn document(api: &Api) -> Map<String, Json> {
        document::api(api)
    }

    async fn read(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        id: &str,
    ) -> Result<Option<Versioned<Api>>, Refusal> {
        match (ResourceId::parse(id), number(id)) {
            (Ok(id), _) => Ok(server.registry.read_api(ask.tenant_id(), &id).await?),
            (Err(_), Some(number)) => of_number(&server.registry, ask, number).await,
            (Err(_), None) => Ok(None),
        }
    }

    async fn page(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        part: Part<'_>,
    ) -> Result<Page<Versioned<Api>>, Refusal> {
        Ok(server.registry.apis_page(ask.tenant_id(), part).await?)
    }

    async fn describe(
        _server: &ManageEndpoint<R, U, G, K>,
        _ask: &Ask<'_>,
        document: Map<String, Json>,
        _old: Option<&Api>,
    ) -> Result<Described<Api>, Refusal> {
        let node = Node::from(Json::from(document));
        let entry = read(|faults| vocabulary::read(node, &Place::default(), faults))?;
        Ok(Described::plain(entry.api))
    }

    async fn put(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        api: &Api,
        condition: Condition<'_>,
    ) -> Result<Option<Version>, Refusal> {
        let registry = &server.registry;
        Ok(registry.put_api(ask.tenant_id(), api, condition).await?)
    }

    async fn delete(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        api: &Versioned<Api>,
    ) -> Result<bool, Refusal> {
        let expected = Expected::Version(api.version);
        let registry = &server.registry;
        Ok(registry
            .delete_api(ask.tenant_id(), &api.resource, expected)
            .await?)
    }
}
