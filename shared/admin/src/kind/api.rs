//! APIs.

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
use crate::problem::Refusal;

/// APIs.
#[derive(Debug)]
pub struct Apis;

impl<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement> Kind<ManageEndpoint<R, U, G, K>>
    for Apis
{
    type Value = Api;
    const NAME: &'static str = "API";
    const LIST: &'static str = "apis";
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
        match ResourceId::parse(id) {
            Ok(id) => Ok(server.registry.read_api(ask.tenant_id(), &id).await?),
            Err(_) => Ok(None),
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
