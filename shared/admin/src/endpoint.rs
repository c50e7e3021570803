//! The endpoint: who may do what, and which operation it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, HeaderValue, PRAGMA};
use http::{Method, Response, StatusCode};
use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::directory::Directory;
use latchkey_oauth::endpoint::bearer::{self, Bearer, Wanted, challenge};
use latchkey_oauth::endpoint::{Call, Service};
use latchkey_oauth::error::{Challenge, ErrorCode, OAuthError};
use latchkey_oauth::http::json;
use latchkey_oauth::password::PasswordHashing;
use latchkey_oauth::random::{self, Random, RandomError};
use latchkey_oauth::route::Endpoint;
use latchkey_oauth::store::OnceRepository;
use latchkey_oauth::token::access_token::AccessTokenClaims;
use latchkey_oauth::token::key_ring::KeyManagement;
use latchkey_oauth::token::repository::{FamilyAdmin, TokenStateRepository};
use latchkey_oauth::user::UserAdmin;
use secrecy::SecretString;

use crate::api_members::Member;
use crate::ask::Ask;
use crate::crud::{Told, create, delete, list, patch, read, replace};
use crate::kind::api::Apis;
use crate::kind::client::Clients;
use crate::kind::tenant::Tenants;
use crate::kind::user::Users;
use crate::problem::{Refusal, not_found, refuse, wrong_method};
use crate::segment;
use crate::table::{Operation, find};

/// What is kept of tokens, as far as the management API needs it.
pub trait Grants: TokenStateRepository + FamilyAdmin + OnceRepository {}

impl<G: TokenStateRepository + FamilyAdmin + OnceRepository> Grants for G {}

/// The management API and what it works with.
#[derive(Debug)]
pub struct ManageEndpoint<R, U, G, K> {
    /// Tenants and clients, remembered.
    pub directory: Directory<R>,
    /// The same, and to be written.
    pub registry: R,
    /// Users.
    pub users: U,
    /// Tokens, families, and requests that are carried out once.
    pub grants: G,
    /// Tells the public halves of signing keys.
    pub kms: K,
    /// Makes password hashes.
    pub hashing: PasswordHashing,
    /// Makes secrets, subjects and generations.
    pub random: Box<dyn Random>,
}

/// The OpenAPI document, as JSON: written by a test (`tests/openapi.rs`), so that nothing that makes it is in the function.
const OPENAPI: &[u8] = include_bytes!("../openapi.json");

/// A secret that is made up, base64url.
pub fn secret<const N: usize>(random: &dyn Random) -> Result<SecretString, RandomError> {
    let bytes = random::bytes::<N>(random)?;
    Ok(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
}

impl<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement> Service
    for ManageEndpoint<R, U, G, K>
{
    type Registry = R;

    fn directory(&self) -> &Directory<R> {
        &self.directory
    }

    fn serves(&self, endpoint: Endpoint) -> bool {
        endpoint == Endpoint::Manage
    }

    async fn call(&self, mut call: Call<'_>) -> Result<Response<Bytes>, OAuthError> {
        match self.answer(&mut call).await {
            Ok(response) => Ok(response),
            Err(Refusal::Protocol(error)) => Err(error),
            Err(Refusal::Problem(problem)) => {
                call.log.error = Some(problem.error());
                call.log.fault = problem.fault().map(str::to_owned);
                // Somebody tried to become more than they are.
                call.log.event = problem.is_forbidden().then_some(AuditEvent::BearerRefused);
                problem.answer()
            }
        }
    }
}

impl<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement> ManageEndpoint<R, U, G, K> {
    async fn answer(&self, call: &mut Call<'_>) -> Result<Response<Bytes>, Refusal> {
        let tenant = std::sync::Arc::clone(&call.tenant);
        let path = format!("/{}", call.below);
        let found = find(&path, tenant.id.is_default()).ok_or_else(|| not_found("path"))?;
        let method = match call.parts.method.clone() {
            Method::HEAD => Method::GET,
            method => method,
        };
        let method = method.as_str();
        let operation = found
            .operations
            .iter()
            .find(|operation| operation.row().method == method);
        let operation = *operation.ok_or_else(|| wrong_method(allowed(&found.operations)))?;
        let Some(scope) = operation.row().scope else {
            return Ok(openapi()?);
        };
        let base = format!("{}{}", call.issuer.address(), Endpoint::Manage.path());
        let claims = self.authorize(call, &base, scope).await?;
        let ids = found.ids.iter().map(|it| segment::parse(it));
        let ids: Option<Vec<String>> = ids.collect();
        let ids = ids.ok_or_else(|| {
            refuse(
                StatusCode::NOT_FOUND,
                "not_found",
                "An identifier stands in a path as it is if it is made of A-Z a-z 0-9 - . _ @ + : alone, otherwise as ~ and its base64url.",
            )
        })?;
        let ask = Ask {
            tenant: &tenant,
            base: &base,
            path: &path,
            caller: &claims.client_id,
            scope: &claims.scope,
            method,
            headers: &call.parts.headers,
            query: call.parts.uri.query(),
            body: &call.body,
            now: call.now,
        };
        let told = self.carry_out(operation, &ask, &ids).await?;
        call.log.event = Some(told.event);
        call.log.object.clone_from(&told.object);
        Ok(told.answer()?)
    }

    /// An access token of this tenant's for the management API, with the scope that the operation needs.
    async fn authorize(
        &self,
        call: &mut Call<'_>,
        audience: &str,
        scope: &'static str,
    ) -> Result<AccessTokenClaims, OAuthError> {
        let token = bearer::in_header(&call.parts).map_err(challenge)?;
        let token = token
            .flatten()
            .ok_or_else(|| bearer::refusal(ErrorCode::MissingToken, "no_bearer_token"))?;
        let wanted = Wanted {
            audience,
            profile: false,
        };
        let bearer = Bearer::read(&self.directory, &self.grants, call, &token, wanted).await?;
        let (claims, _) = bearer
            .state(&self.directory, &self.grants, call, wanted)
            .await?;
        if claims.scope.contains(scope) {
            Ok(claims)
        } else {
            let refusal = OAuthError::new(ErrorCode::InsufficientScope, "no_management_scope");
            Err(refusal.challenged(Challenge::BearerWith(scope)))
        }
    }

    async fn carry_out(
        &self,
        operation: Operation,
        ask: &Ask<'_>,
        ids: &[String],
    ) -> Result<Told, Refusal> {
        let id = ids.first().map_or("", String::as_str);
        let own = ask.tenant_id().as_str();
        match operation {
            Operation::OpenApi => Err(not_found("path")),
            Operation::ListClients => list::<_, Clients>(self, ask).await,
            Operation::CreateClient => create::<_, Clients>(self, &self.grants, ask).await,
            Operation::ReadClient => read::<_, Clients>(self, ask, id).await,
            Operation::ReplaceClient => replace::<_, Clients>(self, ask, id).await,
            Operation::PatchClient => patch::<_, Clients>(self, ask, id).await,
            Operation::DeleteClient => delete::<_, Clients>(self, ask, id).await,
            Operation::RotateSecret => self.rotate_secret(ask, id).await,
            Operation::ActivateClient => self.activate_client(ask, id).await,
            Operation::ListApis => list::<_, Apis>(self, ask).await,
            Operation::CreateApi => create::<_, Apis>(self, &self.grants, ask).await,
            Operation::ReadApi => read::<_, Apis>(self, ask, id).await,
            Operation::ReplaceApi => replace::<_, Apis>(self, ask, id).await,
            Operation::PatchApi => patch::<_, Apis>(self, ask, id).await,
            Operation::DeleteApi => delete::<_, Apis>(self, ask, id).await,
            Operation::ListApiScopes => self.list_members(ask, Member::Scope, id).await,
            Operation::AddApiScope => self.add_member(ask, Member::Scope, id).await,
            Operation::ReplaceApiScope => self.replace_member(ask, Member::Scope, ids).await,
            Operation::RemoveApiScope => self.remove_member(ask, Member::Scope, ids).await,
            Operation::ListApiClaims => self.list_members(ask, Member::Claim, id).await,
            Operation::AddApiClaim => self.add_member(ask, Member::Claim, id).await,
            Operation::ReplaceApiClaim => self.replace_member(ask, Member::Claim, ids).await,
            Operation::RemoveApiClaim => self.remove_member(ask, Member::Claim, ids).await,
            Operation::ListApiClients => self.list_api_clients(ask, id).await,
            Operation::AssignApi => self.assign_api(ask, ids).await,
            Operation::TakeApi => self.take_api(ask, ids).await,
            Operation::ListUsers => list::<_, Users>(self, ask).await,
            Operation::CreateUser => create::<_, Users>(self, &self.grants, ask).await,
            Operation::ReadUser => read::<_, Users>(self, ask, id).await,
            Operation::ReplaceUser => replace::<_, Users>(self, ask, id).await,
            Operation::PatchUser => patch::<_, Users>(self, ask, id).await,
            Operation::DeleteUser => delete::<_, Users>(self, ask, id).await,
            Operation::SetPassword => self.set_password(ask, id).await,
            Operation::MakeResetToken => self.make_reset_token(ask, id).await,
            Operation::ListGrants => self.list_grants(ask, id).await,
            Operation::EndGrants => self.end_grants(ask, id).await,
            Operation::EndGrant => self.end_grant(ask, ids).await,
            Operation::ListKeys => self.list_keys(ask).await,
            Operation::AddKey => self.add_key(ask).await,
            Operation::ReadKey => self.read_key(ask, id).await,
            Operation::WithdrawKey => self.withdraw_key(ask, id).await,
            Operation::ReadOwnTenant => read::<_, Tenants>(self, ask, own).await,
            Operation::ReplaceOwnTenant => replace::<_, Tenants>(self, ask, own).await,
            Operation::PatchOwnTenant => patch::<_, Tenants>(self, ask, own).await,
            Operation::ListTenants => list::<_, Tenants>(self, ask).await,
            Operation::CreateTenant => create::<_, Tenants>(self, &self.grants, ask).await,
            Operation::ReadTenant => read::<_, Tenants>(self, ask, id).await,
            Operation::ReplaceTenant => replace::<_, Tenants>(self, ask, id).await,
            Operation::PatchTenant => patch::<_, Tenants>(self, ask, id).await,
            Operation::DeleteTenant => delete::<_, Tenants>(self, ask, id).await,
        }
    }
}

/// What anybody may see, as the source code is.
fn openapi() -> Result<Response<Bytes>, OAuthError> {
    let mut response = json(StatusCode::OK, &())?;
    *response.body_mut() = Bytes::from_static(OPENAPI);
    let for_an_hour = HeaderValue::from_static("public, max-age=3600");
    response.headers_mut().insert(CACHE_CONTROL, for_an_hour);
    response.headers_mut().remove(PRAGMA);
    Ok(response)
}

fn allowed(operations: &[Operation]) -> String {
    let mut methods: Vec<&str> = operations.iter().map(|it| it.row().method).collect();
    if methods.contains(&"GET") {
        methods.insert(1, "HEAD");
    }
    methods.join(", ")
}
