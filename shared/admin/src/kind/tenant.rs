//! Tenants: of the whole deployment at the default tenant, and each its own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use latchkey_oauth::api::Api;
use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::client::{Client, RegistryAdmin};
use latchkey_oauth::hash::sha256;
use latchkey_oauth::issuer::Domain;
use latchkey_oauth::store::{Condition, Expected, Page, Part, Version, Versioned};
use latchkey_oauth::tenant::{Tenant, TenantId, TenantSettings};
use latchkey_oauth::token::jwk::KeyRing;
use latchkey_oauth::token::key_ring::KeyManagement;
use latchkey_oauth::user::{User, UserAdmin};
use latchkey_registry::tree::Node;
use latchkey_registry::{document, tenant as vocabulary};
use serde_json::{Map, Value as Json};
use url::Url;

use super::client::ensure_covered;
use super::{Described, Kind, read};
use crate::ask::Ask;
use crate::endpoint::{Grants, ManageEndpoint};
use crate::problem::{
    Counts, Deletion, Refusal, confirmation_required, invalid_field, refuse, stale,
};

/// Tenants.
#[derive(Debug)]
pub struct Tenants;

impl<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement> Kind<ManageEndpoint<R, U, G, K>>
    for Tenants
{
    type Value = Tenant;
    const NAME: &'static str = "tenant";
    const LIST: &'static str = "tenants";
    const ID: &'static str = "tenant";
    const WRITTEN: AuditEvent = AuditEvent::TenantWritten;
    const DELETED: AuditEvent = AuditEvent::TenantDeleted;

    fn id(tenant: &Tenant) -> &str {
        tenant.id.as_str()
    }

    fn logged(tenant: &Tenant) -> String {
        tenant.id.to_string()
    }

    fn document(tenant: &Tenant) -> Map<String, Json> {
        document::tenant(&tenant.id, &tenant.settings)
    }

    async fn read(
        server: &ManageEndpoint<R, U, G, K>,
        _ask: &Ask<'_>,
        id: &str,
    ) -> Result<Option<Versioned<Tenant>>, Refusal> {
        match TenantId::parse(id) {
            Ok(id) => Ok(server.registry.read_tenant(&id).await?),
            Err(_) => Ok(None),
        }
    }

    async fn page(
        server: &ManageEndpoint<R, U, G, K>,
        _ask: &Ask<'_>,
        part: Part<'_>,
    ) -> Result<Page<Versioned<Tenant>>, Refusal> {
        Ok(server.registry.tenants_page(part).await?)
    }

    async fn describe(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        document: Map<String, Json>,
        old: Option<&Tenant>,
    ) -> Result<Described<Tenant>, Refusal> {
        for elsewhere in ["clients", "apis", "users"] {
            if document.contains_key(elsewhere) {
                let detail =
                    "is written one by one, at a path of its own of the tenant's management API.";
                return Err(invalid_field(&format!("/{elsewhere}"), detail));
            }
        }
        let node = Node::from(Json::from(document));
        let entry = read(|faults| vocabulary::read(node, None, faults))?;
        // What clients may have that register themselves is given away, too.
        if let Some(policy) = &entry.settings.registration {
            let of_apis = policy.apis.iter().map(|api| &api.scope);
            ensure_covered(ask, of_apis.chain([&policy.scope]))?;
        }
        let known = old.and_then(|old| old.settings.domain.as_ref());
        let domain = entry.settings.domain.as_ref();
        if domain != known {
            ensure_domain(server, ask, &entry.tenant, domain).await?;
        }
        ensure_signed(ask, &entry.settings, old)?;
        Ok(Described::plain(Tenant {
            id: entry.tenant,
            settings: entry.settings,
            keys: old.map_or_else(KeyRing::default, |old| old.keys.clone()),
        }))
    }

    async fn put(
        server: &ManageEndpoint<R, U, G, K>,
        _ask: &Ask<'_>,
        tenant: &Tenant,
        condition: Condition<'_>,
    ) -> Result<Option<Version>, Refusal> {
        let registry = &server.registry;
        Ok(registry
            .put_tenant(&tenant.id, &tenant.settings, condition)
            .await?)
    }

    /// In two steps: what would go is counted and told with a code; who comes again with the code has seen it.
    async fn delete(
        server: &ManageEndpoint<R, U, G, K>,
        ask: &Ask<'_>,
        tenant: &Versioned<Tenant>,
    ) -> Result<bool, Refusal> {
        if tenant.id.is_default() {
            return Err(refuse(
                StatusCode::CONFLICT,
                "default_tenant",
                "The default tenant is the deployment's own: its clients manage the others. It stays.",
            ));
        }
        let given = ask.parameter(&["confirmation"])?.pop().flatten();
        let belongings = Belongings::of(server, tenant).await?;
        let code = belongings.code(tenant);
        if given.as_deref() != Some(&code) {
            return Err(confirmation_required(Deletion {
                takes_away: belongings.counts(tenant),
                confirmation: code,
            }));
        }
        belongings.delete(server, &tenant.id).await?;
        let expected = Expected::Version(tenant.version);
        Ok(server.registry.delete_tenant(&tenant.id, expected).await?)
    }
}

/// Whose a domain is the whole deployment has to agree about.
async fn ensure_domain<R: RegistryAdmin, U, G, K>(
    server: &ManageEndpoint<R, U, G, K>,
    ask: &Ask<'_>,
    tenant: &TenantId,
    domain: Option<&Domain>,
) -> Result<(), Refusal> {
    if !ask.tenant_id().is_default() {
        let detail = "is given to a tenant by who manages the default tenant.";
        return Err(invalid_field("/domain", detail));
    }
    let Some(domain) = domain else {
        return Ok(());
    };
    // Where the default tenant is asked now, it has to stay reachable.
    let base = Url::parse(ask.base).ok();
    let owner = server.registry.tenant_of_domain(domain).await?;
    if owner.is_some_and(|owner| owner != *tenant) {
        Err(invalid_field("/domain", "is another tenant's."))
    } else if base.is_some_and(|base| base.host_str() == Some(domain.as_str())) {
        Err(invalid_field("/domain", "is the deployment's own."))
    } else {
        Ok(())
    }
}

/// The most of a kind that a request deletes: more would take longer than a function may.
const MOST: usize = 300;

/// What belongs to a tenant.
struct Belongings {
    clients: Vec<Versioned<Client>>,
    apis: Vec<Versioned<Api>>,
    users: Vec<Versioned<User>>,
}

impl Belongings {
    async fn of<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement>(
        server: &ManageEndpoint<R, U, G, K>,
        tenant: &Tenant,
    ) -> Result<Self, Refusal> {
        let part = Part {
            prefix: "",
            after: None,
            limit: MOST,
        };
        let clients = server.registry.clients_page(&tenant.id, part).await?;
        let apis = server.registry.apis_page(&tenant.id, part).await?;
        let users = server.users.users_page(&tenant.id, part).await?;
        if clients.more || apis.more || users.more {
            return Err(refuse(
                StatusCode::CONFLICT,
                "too_much_to_delete",
                format!(
                    "The tenant has more than {MOST} clients, APIs or users. `latchkey tenant delete` deletes such a one."
                ),
            ));
        }
        Ok(Self {
            clients: clients.items,
            apis: apis.items,
            users: users.items,
        })
    }

    fn counts(&self, tenant: &Tenant) -> Counts {
        Counts {
            clients: self.clients.len(),
            apis: self.apis.len(),
            users: self.users.len(),
            keys: tenant.keys.keys.len(),
        }
    }

    /// Another one whenever anything of it has changed.
    fn code(&self, tenant: &Versioned<Tenant>) -> String {
        let mut all = format!("{} {}\n", tenant.id, tenant.version.number());
        for key in &tenant.keys.keys {
            all.push_str(&format!("key {}\n", key.kid));
        }
        for it in &self.clients {
            all.push_str(&format!(
                "client {} {}\n",
                it.client_id,
                it.version.number()
            ));
        }
        for it in &self.apis {
            all.push_str(&format!("API {} {}\n", it.resource, it.version.number()));
        }
        for it in &self.users {
            let (name, version) = (&it.profile.username, it.version.number());
            all.push_str(&format!("user {name} {version}\n"));
        }
        let hash = sha256(all.as_bytes());
        let (short, _) = hash.as_bytes().split_at(12);
        URL_SAFE_NO_PAD.encode(short)
    }

    /// The tenant itself goes last: where this ends early, it can be asked for again.
    async fn delete<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement>(
        &self,
        server: &ManageEndpoint<R, U, G, K>,
        tenant: &TenantId,
    ) -> Result<(), Refusal> {
        let ensure = |deleted: bool| if deleted { Ok(()) } else { Err(stale()) };
        for it in &self.users {
            let expected = Expected::Version(it.version);
            ensure(server.users.delete_user(tenant, it, expected).await?)?;
        }
        for it in &self.clients {
            let expected = Expected::Version(it.version);
            let deleted = server
                .registry
                .delete_client(tenant, &it.client_id, expected);
            ensure(deleted.await?)?;
        }
        for it in &self.apis {
            let expected = Expected::Version(it.version);
            let deleted = server.registry.delete_api(tenant, &it.resource, expected);
            ensure(deleted.await?)?;
        }
        Ok(())
    }
}

/// A tenant whose keys sign goes on signing: with another algorithm it would end every request for a token in a fault of ours.
fn ensure_signed(
    ask: &Ask<'_>,
    settings: &TenantSettings,
    old: Option<&Tenant>,
) -> Result<(), Refusal> {
    let signs = |tenant: &Tenant, algorithm| tenant.keys.signing_key(algorithm, ask.now).is_some();
    let wanted = settings.signing_algorithm;
    match old {
        Some(old) if signs(old, old.settings.signing_algorithm) && !signs(old, wanted) => {
            let detail = "no key of the tenant's signs with that now. Add one first.";
            Err(invalid_field("/signing_algorithm", detail))
        }
        Some(_) | None => Ok(()),
    }
}
