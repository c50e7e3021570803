//! Who has the say about a token: its client before the APIs it is for, these before the tenant, the tenant before what
//! holds everywhere. Decided here and nowhere else.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::api::{self, Api};
use crate::client::Client;
use crate::scope::Scope;
use crate::tenant::{LifetimeOverrides, Lifetimes, TenantSettings};
use crate::time::Seconds;
use crate::token::algorithm::Algorithm;
use crate::token::opaque::AccessTokenFormat;
use crate::user::UserProfile;

/// The three that have a say.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// The client that the token is issued to.
    pub client: &'a Client,
    /// The APIs it is for.
    pub apis: &'a [Arc<Api>],
    /// The tenant that issues it.
    pub tenant: &'a TenantSettings,
}

/// Whose tokens they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A user's, who signed in.
    User,
    /// The client's own.
    Client,
}

impl Policy<'_> {
    /// How long tokens live, for a user or for the client itself. Of several APIs the one that wants the shortest decides.
    pub fn lifetimes(&self, of: Whose) -> Lifetimes {
        let access_token: fn(&LifetimeOverrides) -> Option<Seconds> = match of {
            Whose::User => |it| it.access_token,
            Whose::Client => |it| it.client_credentials_access_token.or(it.access_token),
        };
        let decide = |of: fn(&LifetimeOverrides) -> Option<Seconds>| {
            let apis = self.apis.iter().filter_map(|api| of(&api.lifetimes)).min();
            of(&self.client.lifetimes)
                .or(apis)
                .or_else(|| of(&self.tenant.lifetimes))
        };
        let default = Lifetimes::DEFAULT;
        Lifetimes {
            access_token: decide(access_token).unwrap_or(default.access_token),
            id_token: decide(|it| it.id_token).unwrap_or(default.id_token),
            refresh_token: decide(|it| it.refresh_token).unwrap_or(default.refresh_token),
            refresh_token_family: decide(|it| it.refresh_token_family)
                .unwrap_or(default.refresh_token_family),
        }
    }

    /// The scope of a request that names none: the client's own default, all it may have at the APIs it asks for,
    /// the tenant's default, or all that the client may have. What it may not have is still to be taken out.
    pub fn default_scope(&self) -> Scope {
        if let Some(scope) = &self.client.default_scope {
            return scope.clone();
        }
        if !self.apis.is_empty() {
            let assigned = self.apis.iter();
            return assigned
                .filter_map(|api| self.client.api(api.resource.as_str()))
                .fold(Scope::default(), |scope, api| scope.union(&api.scope));
        }
        if let Some(scope) = &self.tenant.default_scope {
            return scope.clone();
        }
        match self.client.apis.as_slice() {
            // A client with nothing but one API means that.
            [only] if self.client.scope.is_empty() => only.scope.clone(),
            _ => self.client.scope.clone(),
        }
    }

    /// What an access token about `profile` says besides.
    pub fn claims(&self, profile: Option<&UserProfile>) -> Map<String, Value> {
        let apis = self.apis.iter().flat_map(|api| &api.claims);
        let rules = self.client.claims.iter().chain(apis);
        api::apply(rules.chain(&self.tenant.claims), profile)
    }

    /// What an access token looks like. Of several APIs one that wants it opaque decides.
    pub fn access_token_format(&self) -> AccessTokenFormat {
        let apis = self.apis.iter().filter_map(|api| api.access_token_format);
        let apis = apis.reduce(|one, other| match one {
            AccessTokenFormat::Opaque => one,
            AccessTokenFormat::Jwt => other,
        });
        self.client
            .access_token_format
            .or(apis)
            .or(self.tenant.access_token_format)
            .unwrap_or(AccessTokenFormat::Jwt)
    }

    /// What signs an ID token; the tenant alone decides about access tokens, which others than the client verify.
    pub fn id_token_algorithm(&self) -> Option<Algorithm> {
        self.client
            .id_token_signed_response_alg
            .or(self.tenant.signing_algorithm)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn client(document: Value) -> Client {
        let mut client = json!({
            "client_id": "c", "token_endpoint_auth_method": "none", "grant_types": [],
            "scope": "openid own",
            "apis": [
                {"resource": "https://a", "scope": "a:read a:write"},
                {"resource": "https://b", "scope": "b:read"}
            ]
        });
        merge(&mut client, document);
        serde_json::from_value(client).unwrap()
    }

    fn api(name: &str, document: Value) -> Arc<Api> {
        let mut api = json!({"resource": format!("https://{name}")});
        merge(&mut api, document);
        Arc::new(serde_json::from_value(api).unwrap())
    }

    fn merge(into: &mut Value, from: Value) {
        let from = from.as_object().unwrap().clone();
        into.as_object_mut().unwrap().extend(from);
    }

    #[test]
    fn client_before_api_before_tenant_before_default() {
        let none = || json!({});
        let access = |seconds: u64| json!({"lifetimes": {"access_token": seconds}});
        let own = |seconds: u64, others: u64| json!({"lifetimes": {"client_credentials_access_token": seconds, "access_token": others}});
        let rows: [(&str, Value, [Value; 2], Value, u64); 9] = [
            ("default", none(), [none(), none()], none(), 900),
            ("tenant", none(), [none(), none()], access(4), 4),
            ("an API", none(), [none(), access(3)], access(4), 3),
            (
                "the shorter API",
                none(),
                [access(6), access(5)],
                access(4),
                5,
            ),
            ("client", access(1), [access(2), access(3)], access(4), 1),
            ("client alone", access(1), [none(), none()], none(), 1),
            (
                "client over tenant",
                access(9),
                [none(), none()],
                access(4),
                9,
            ),
            ("API, its own", none(), [own(7, 3), none()], own(8, 4), 3),
            ("tenant, its own", none(), [none(), none()], own(8, 4), 4),
        ];
        for (who, of_client, [a, b], of_tenant, expected) in rows {
            let client = client(of_client);
            let apis = [api("a", a), api("b", b)];
            let tenant: TenantSettings = serde_json::from_value(of_tenant).unwrap();
            let policy = Policy {
                client: &client,
                apis: &apis,
                tenant: &tenant,
            };
            let lifetimes = policy.lifetimes(Whose::User);
            assert_eq!(lifetimes.access_token, Seconds(expected), "{who}");
            assert_eq!(lifetimes.refresh_token, Lifetimes::DEFAULT.refresh_token);
            let own = policy.lifetimes(Whose::Client).access_token;
            let expected = match who {
                "API, its own" => 7,
                "tenant, its own" => 8,
                _ => expected,
            };
            assert_eq!(own, Seconds(expected), "{who}");
        }
    }

    #[test]
    fn whose_default_scope() {
        let both = [api("a", json!({})), api("b", json!({}))];
        let rows: [(Value, &[Arc<Api>], Value, &str); 5] = [
            (json!({}), &[], json!({}), "openid own"),
            (json!({}), &[], json!({"default_scope": "openid"}), "openid"),
            (
                json!({}),
                &both[..1],
                json!({"default_scope": "openid"}),
                "a:read a:write",
            ),
            (json!({}), &both, json!({}), "a:read a:write b:read"),
            (
                json!({"default_scope": "own"}),
                &both,
                json!({"default_scope": "openid"}),
                "own",
            ),
        ];
        for (of_client, apis, of_tenant, expected) in rows {
            let client = client(of_client);
            let tenant: TenantSettings = serde_json::from_value(of_tenant).unwrap();
            let policy = Policy {
                client: &client,
                apis,
                tenant: &tenant,
            };
            assert_eq!(policy.default_scope().to_string(), expected);
        }
    }

    #[test]
    fn whose_format() {
        let of = |format: &str| json!({"access_token_format": format});
        let rows = [
            (json!({}), [json!({}), json!({})], json!({}), "jwt"),
            (json!({}), [json!({}), json!({})], of("opaque"), "opaque"),
            (json!({}), [of("jwt"), json!({})], of("opaque"), "jwt"),
            (json!({}), [of("jwt"), of("opaque")], json!({}), "opaque"),
            (of("jwt"), [of("opaque"), of("opaque")], of("opaque"), "jwt"),
        ];
        for (of_client, [a, b], of_tenant, expected) in rows {
            let client = client(of_client);
            let apis = [api("a", a), api("b", b)];
            let tenant: TenantSettings = serde_json::from_value(of_tenant).unwrap();
            let policy = Policy {
                client: &client,
                apis: &apis,
                tenant: &tenant,
            };
            assert_eq!(policy.access_token_format().as_str(), expected);
        }
    }

    #[test]
    fn whose_claim() {
        let rule = |value: &str| json!({"claims": [{"name": "tier", "constant": value}]});
        let attribute = json!({"claims": [
            {"name": "tier", "attribute": "tier"}, {"name": "mail", "attribute": "email"},
            {"name": "login", "attribute": "username"}
        ]});
        let profile: UserProfile = serde_json::from_value(json!({
            "sub": "s", "username": "alice", "claims": {"tier": "of the user", "email": null}
        }))
        .unwrap();
        let rows = [
            (
                json!({}),
                json!({}),
                rule("tenant"),
                json!({"tier": "tenant"}),
            ),
            (
                json!({}),
                rule("api"),
                rule("tenant"),
                json!({"tier": "api"}),
            ),
            (
                rule("client"),
                rule("api"),
                rule("tenant"),
                json!({"tier": "client"}),
            ),
            (
                json!({}),
                attribute.clone(),
                rule("tenant"),
                json!({"tier": "of the user", "login": "alice"}),
            ),
        ];
        for (of_client, of_api, of_tenant, expected) in rows {
            let client = client(of_client);
            let apis = [api("a", of_api)];
            let tenant: TenantSettings = serde_json::from_value(of_tenant).unwrap();
            let policy = Policy {
                client: &client,
                apis: &apis,
                tenant: &tenant,
            };
            assert_eq!(Value::from(policy.claims(Some(&profile))), expected);
        }
        // Without a user an attribute has no value, and no other rule steps in: who decided, decided.
        let client = client(json!({}));
        let apis = [api("a", attribute)];
        let tenant: TenantSettings = serde_json::from_value(rule("tenant")).unwrap();
        let policy = Policy {
            client: &client,
            apis: &apis,
            tenant: &tenant,
        };
        assert_eq!(Value::from(policy.claims(None)), json!({}));
    }
}
