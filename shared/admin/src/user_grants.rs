//! What a user has granted.

use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::store::{Expected, Page, Versioned};
use latchkey_oauth::token::family::Family;
use latchkey_oauth::token::key_ring::KeyManagement;
use latchkey_oauth::token::refresh_token::FamilyId;
use latchkey_oauth::user::{Generation, SubjectKey, User, UserAdmin};
use serde_json::{Value as Json, json};

use crate::ask::{Ask, cursor};
use crate::crud::{self, Told};
use crate::endpoint::{Grants, ManageEndpoint};
use crate::kind::Kind;
use crate::kind::user::Users;
use crate::problem::{Refusal, not_found, stale};

impl<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement> ManageEndpoint<R, U, G, K> {
    /// A user who must be there.
    pub(crate) async fn user(&self, ask: &Ask<'_>, id: &str) -> Result<Versioned<User>, Refusal> {
        let found = <Users as Kind<Self>>::read(self, ask, id).await?;
        found.ok_or_else(|| not_found("user"))
    }

    /// A user's living families.
    pub(crate) async fn list_grants(&self, ask: &Ask<'_>, id: &str) -> Result<Told, Refusal> {
        let query = ask.list_query(false)?;
        let user = self.user(ask, id).await?;
        let key = SubjectKey::of(ask.tenant_id(), &user.profile.subject);
        let page = self
            .grants
            .families_page(ask.tenant_id(), key, query.part(), ask.now);
        let Page { items, more } = page.await?;
        let last = items.last().map(|last| last.id.number());
        // A family of another generation is one whose tokens have ended.
        let generation = user.credentials.generation;
        let counts = |family: &&Family| {
            let of = family.user.as_ref().map(|user| user.generation);
            of.is_none_or(|of| of == generation)
        };
        let items = items.iter().filter(counts).map(grant);
        let next = last.filter(|_| more).map(|last| {
            let cursor = cursor(&last);
            let next = query.next(ask.path, &cursor);
            (cursor, next)
        });
        let mut told = crud::part(ask, "grants", items.collect(), next);
        told.object = Some(user.profile.subject.to_string());
        Ok(told)
    }

    /// By a new generation: every token of the user ends, access tokens by themselves too.
    pub(crate) async fn end_grants(&self, ask: &Ask<'_>, id: &str) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let found = self.user(ask, id).await?;
        let mut user = found.value;
        user.credentials.generation = Generation::fresh(&*self.random)?;
        let expected = Expected::Version(found.version);
        let put = self
            .users
            .put_user(ask.tenant_id(), &user, expected)
            .await?;
        put.ok_or_else(stale)?;
        let subject = user.profile.subject.to_string();
        Ok(Told::done(AuditEvent::GrantsEnded, Some(subject)))
    }

    /// Ends one family.
    pub(crate) async fn end_grant(&self, ask: &Ask<'_>, ids: &[String]) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let [username, number] = ids else {
            return Err(not_found("grant"));
        };
        let user = self.user(ask, username).await?;
        let key = SubjectKey::of(ask.tenant_id(), &user.profile.subject);
        let family = FamilyId::of(key, number).ok_or_else(|| not_found("grant"))?;
        let ended = self.grants.end_family(ask.tenant_id(), &family, ask.now);
        if ended.await? {
            let subject = user.profile.subject.to_string();
            Ok(Told::done(AuditEvent::GrantsEnded, Some(subject)))
        } else {
            Err(not_found("grant"))
        }
    }
}

/// What a user granted a client when they signed in.
fn grant(family: &Family) -> Json {
    let mut told = json!({
        "grant_id": family.id.number(),
        "client_id": family.client_id,
        "scope": family.scope,
        "resources": family.resources,
        "created_at": family.created_at,
        "expires_at": family.family_expires_at,
    });
    if let (Some(user), Json::Object(members)) = (&family.user, &mut told) {
        members.insert("auth_time".to_owned(), json!(user.auth_time));
        members.insert("amr".to_owned(), json!(user.amr));
    }
    told
}
