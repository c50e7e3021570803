//! Whoever manages a tenant: a client with an access token for the management API.

use http::Method;
use latchkey_admin::table::Operation;
use latchkey_oauth::client::Client;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::token::opaque::AccessTokenFormat;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, confidential, scope};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::request::{Ask, post};
use crate::world::{World, fresh_tenant};

/// Every scope there is.
pub fn every_scope() -> String {
    let scopes = Operation::ALL.map(|operation| operation.row().scope);
    let mut all: Vec<&str> = Vec::new();
    for scope in scopes.into_iter().flatten() {
        if !all.contains(&scope) {
            all.push(scope);
        }
    }
    all.join(" ")
}

/// A client of a world, with a token for its management API.
#[derive(Debug, Clone)]
pub struct Manager {
    /// What it manages.
    pub world: World,
    /// Which client it is.
    pub client: Client,
    /// Its token.
    pub token: String,
}

impl Manager {
    /// With every scope.
    pub async fn of(world: &World) -> Self {
        Self::with(world, &every_scope()).await
    }

    /// With these scopes.
    pub async fn with(world: &World, scopes: &str) -> Self {
        Self::with_tokens(world, scopes, AccessTokenFormat::Jwt).await
    }

    /// With these scopes, by tokens that look so.
    pub async fn with_tokens(world: &World, scopes: &str, format: AccessTokenFormat) -> Self {
        let client = Client {
            access_token_format: Some(format),
            audience: vec![format!("{}/admin/v1", world.issuer())],
            grant_types: vec![GrantType::ClientCredentials, GrantType::Password],
            scope: scope(scopes),
            default_scope: None,
            // The default tenant is shared.
            ..confidential(&format!("operator-{}", fresh_tenant()))
        };
        world.store.put_client(&world.tenant, &client).await;
        let form = [("grant_type", "client_credentials"), ("scope", scopes)];
        let ask = post("/token", &form).basic(client.client_id.as_str(), SECRET);
        let token = world.send(ask).await.ok().string("access_token");
        Self {
            world: world.clone(),
            client,
            token,
        }
    }

    /// The same by a token of a user who signed in.
    pub async fn as_user(&self, username: &str) -> Self {
        let id = self.client.client_id.as_str();
        let scope = self.client.scope.to_string();
        let login = self.world.login_by(id, username, PASSWORD, &scope).await;
        Self {
            token: login.ok().string("access_token"),
            ..self.clone()
        }
    }

    /// A request as it would be sent, not yet sent.
    pub fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Ask {
        let ask = Ask::new(method, &format!("/admin/v1{path}")).bearer(&self.token);
        match body {
            Some(body) => ask
                .header("content-type", "application/json")
                .body(body.to_string()),
            None => ask,
        }
    }

    /// Sends a request.
    pub async fn send(&self, ask: Ask) -> Answer {
        self.world.send(ask).await
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.ask(Method::GET, path, None)).await
    }

    /// Makes.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.ask(Method::POST, path, Some(body))).await
    }

    /// The state of something, as `If-Match` takes it.
    pub async fn tag(&self, path: &str) -> String {
        let read = self.get(path).await.ok();
        read.header("etag").expect("an ETag").to_owned()
    }

    /// Writes over what is there.
    pub async fn over(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let tag = self.tag(path).await;
        let ask = self.ask(method, path, body).header("if-match", &tag);
        self.send(ask).await
    }
}

/// Carries out every operation once, with success, at the default tenant.
pub async fn walk(manager: &Manager) {
    let unique = fresh_tenant().to_string();
    let mut done = Vec::new();
    let mut is = |operation: Operation, answer: &Answer| {
        assert!(answer.status() < 300, "{operation:?}: {answer:?}");
        done.push(operation);
    };

    is(Operation::OpenApi, &manager.get("/openapi.json").await);
    is(Operation::ListKeys, &manager.get("/keys").await);
    walk_keys(manager, &mut is).await;
    is(Operation::ListTenants, &manager.get("/tenants").await);
    let body = json!({"tenant": unique});
    let once = manager
        .ask(Method::POST, "/tenants", Some(&body))
        .header("idempotency-key", &format!("walk-{unique}"));
    is(Operation::CreateTenant, &manager.send(once.clone()).await);
    is(Operation::CreateTenant, &manager.send(once).await);
    let path = format!("/tenants/{unique}");
    is(Operation::ReadTenant, &manager.get(&path).await);
    let answer = manager
        .over(Method::PUT, &path, Some(&json!({"name": "A"})))
        .await;
    is(Operation::ReplaceTenant, &answer);
    let answer = manager
        .over(Method::PATCH, &path, Some(&json!({"name": "B"})))
        .await;
    is(Operation::PatchTenant, &answer);
    is(Operation::ReadOwnTenant, &manager.get("/tenant").await);
    // The default tenant is every test's: as it is, it stays.
    for (operation, method) in [
        (Operation::ReplaceOwnTenant, Method::PUT),
        (Operation::PatchOwnTenant, Method::PATCH),
    ] {
        loop {
            let own = manager.get("/tenant").await.ok().json();
            let answer = manager.over(method.clone(), "/tenant", Some(&own)).await;
            if answer.status() != 412 {
                is(operation, &answer);
                break;
            }
        }
    }

    let resource = format!("https://{unique}.example.com/");
    let api = json!({"resource": resource, "scopes": ["read"]});
    is(Operation::CreateApi, &manager.post("/apis", &api).await);
    is(Operation::ListApis, &manager.get("/apis").await);
    let api_path = format!("/apis/{}", latchkey_admin::segment::of(&resource));
    is(Operation::ReadApi, &manager.get(&api_path).await);
    let answer = manager.over(Method::PUT, &api_path, Some(&api)).await;
    is(Operation::ReplaceApi, &answer);
    let answer = manager
        .over(Method::PATCH, &api_path, Some(&json!({"name": "A"})))
        .await;
    is(Operation::PatchApi, &answer);

    let client = json!({
        "client_id": unique, "grant_types": ["client_credentials"],
        "apis": [{"resource": resource, "scope": "read"}],
    });
    let answer = manager.post("/clients", &client).await;
    is(Operation::CreateClient, &answer);
    is(Operation::ListClients, &manager.get("/clients").await);
    let path = format!("/clients/{unique}");
    is(Operation::ReadClient, &manager.get(&path).await);
    let answer = manager.over(Method::PUT, &path, Some(&client)).await;
    is(Operation::ReplaceClient, &answer);
    let answer = manager
        .over(Method::PATCH, &path, Some(&json!({"client_name": "A"})))
        .await;
    is(Operation::PatchClient, &answer);
    let rotate = manager.ask(Method::POST, &format!("{path}/secrets"), None);
    is(Operation::RotateSecret, &manager.send(rotate).await);
    let activate = manager.ask(Method::PUT, &format!("{path}/activation"), None);
    is(Operation::ActivateClient, &manager.send(activate).await);
    walk_apis_members(manager, &api_path, &unique, &mut is).await;
    let answer = manager.over(Method::DELETE, &path, None).await;
    is(Operation::DeleteClient, &answer);
    let answer = manager.over(Method::DELETE, &api_path, None).await;
    is(Operation::DeleteApi, &answer);

    walk_users(manager, &unique, &mut is).await;

    let path = format!("/tenants/{unique}");
    let told = manager.over(Method::DELETE, &path, None).await;
    let code = told.string("confirmation");
    let tag = manager.tag(&path).await;
    let path = format!("{path}?confirmation={code}");
    let delete = manager.ask(Method::DELETE, &path, None);
    let answer = manager.send(delete.header("if-match", &tag)).await;
    is(Operation::DeleteTenant, &answer);

    done.sort();
    done.dedup();
    assert_eq!(done, Operation::ALL, "every operation");
}

async fn walk_apis_members(
    manager: &Manager,
    api: &str,
    client: &str,
    is: &mut impl FnMut(Operation, &Answer),
) {
    let put = async |path: &str, body: Value| {
        let ask = manager.ask(Method::PUT, path, Some(&body));
        manager.send(ask).await
    };
    let delete = async |path: &str| manager.send(manager.ask(Method::DELETE, path, None)).await;

    let scopes = format!("{api}/scopes");
    let new = json!({"value": "write", "description": "A"});
    let once = manager
        .ask(Method::POST, &scopes, Some(&new))
        .header("idempotency-key", &format!("walk-scope-{client}"));
    is(Operation::AddApiScope, &manager.send(once.clone()).await);
    is(Operation::AddApiScope, &manager.send(once).await);
    is(Operation::ListApiScopes, &manager.get(&scopes).await);
    let one = format!("{scopes}/write");
    let answer = put(&one, json!({"description": "B"})).await;
    is(Operation::ReplaceApiScope, &answer);
    is(Operation::RemoveApiScope, &delete(&one).await);

    let claims = format!("{api}/claims");
    let answer = manager.post(&claims, &json!({"name": "tier"})).await;
    is(Operation::AddApiClaim, &answer);
    is(Operation::ListApiClaims, &manager.get(&claims).await);
    let one = format!("{claims}/tier");
    let answer = put(&one, json!({"constant": "gold"})).await;
    is(Operation::ReplaceApiClaim, &answer);
    is(Operation::RemoveApiClaim, &delete(&one).await);

    let clients = format!("{api}/clients");
    let one = format!("{clients}/{client}");
    let answer = put(&one, json!({"scope": "read"})).await;
    is(Operation::AssignApi, &answer);
    is(Operation::ListApiClients, &manager.get(&clients).await);
    is(Operation::TakeApi, &delete(&one).await);
}

async fn walk_keys(manager: &Manager, is: &mut impl FnMut(Operation, &Answer)) {
    // It never comes to signing: the default tenant's tokens are every test's.
    let key = manager.world.new_key().await;
    let body = json!({"kms_key_id": key.kms_key_id, "signs_after": "30d"});
    let once = manager
        .ask(Method::POST, "/keys", Some(&body))
        .header("idempotency-key", &format!("walk-{}", key.kid));
    is(Operation::AddKey, &manager.send(once.clone()).await);
    is(Operation::AddKey, &manager.send(once).await);
    let path = format!("/keys/{}", key.kid);
    is(Operation::ReadKey, &manager.get(&path).await);
    let withdraw = manager.ask(Method::DELETE, &path, None);
    is(Operation::WithdrawKey, &manager.send(withdraw).await);
}

async fn walk_users(manager: &Manager, unique: &str, is: &mut impl FnMut(Operation, &Answer)) {
    let user = json!({"username": unique, "password": "correct horse battery staple", "name": "A"});
    let answer = manager.post("/users", &user).await;
    is(Operation::CreateUser, &answer);
    is(Operation::ListUsers, &manager.get("/users").await);
    let path = format!("/users/{unique}");
    is(Operation::ReadUser, &manager.get(&path).await);
    let answer = manager
        .over(Method::PUT, &path, Some(&json!({"name": "B"})))
        .await;
    is(Operation::ReplaceUser, &answer);
    let answer = manager
        .over(Method::PATCH, &path, Some(&json!({"name": "C"})))
        .await;
    is(Operation::PatchUser, &answer);
    let grants = format!("{path}/grants");
    let subject = manager.get(&path).await.string("sub");
    manager.family(unique, &subject).await;
    let listed = manager.get(&grants).await;
    is(Operation::ListGrants, &listed);
    let grant = listed.json()["grants"][0]["grant_id"].clone();
    let grant = grant.as_str().expect("a grant").to_owned();
    let end = manager.ask(Method::DELETE, &format!("{grants}/{grant}"), None);
    is(Operation::EndGrant, &manager.send(end).await);
    let end = manager.ask(Method::DELETE, &grants, None);
    is(Operation::EndGrants, &manager.send(end).await);
    let body = json!({"password": {"generate": true}});
    let set = manager.ask(Method::PUT, &format!("{path}/password"), Some(&body));
    is(Operation::SetPassword, &manager.send(set).await);
    let make = manager.ask(Method::POST, &format!("{path}/reset-tokens"), None);
    is(Operation::MakeResetToken, &manager.send(make).await);
    let answer = manager.over(Method::DELETE, &path, None).await;
    is(Operation::DeleteUser, &answer);
}

impl Manager {
    /// A living refresh-token family of a user, as if they had signed in.
    async fn family(&self, username: &str, subject: &str) {
        use latchkey_oauth::user::Subject;
        use latchkey_testkit::contract::family_of;

        let tenant = &self.world.tenant;
        let found = self
            .world
            .store
            .user(tenant, &latchkey_testkit::fixtures::username(username))
            .await
            .expect("the user");
        let (mut family, _) = family_of(tenant, 1);
        family.subject = Subject::parse(subject).expect("a subject");
        let key = latchkey_oauth::user::SubjectKey::of(tenant, &family.subject);
        let random = latchkey_testkit::random::SeededRandom::new(2);
        family.id =
            latchkey_oauth::token::refresh_token::FamilyId::begin(key, &random).expect("a number");
        let user = family.user.as_mut().expect("a user");
        user.generation = found.credentials.generation;
        self.world.store.put_family(tenant, &family).await;
    }
}
