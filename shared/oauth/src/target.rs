//! For whom a token is and what it is good for: RFC 8707, RFC 9068 sections 3 and 5. Audience and scope are decided here
//! and nowhere else.
//!
//! A request names resources, or its scope tells which are meant. A scope counts for a token only if it means the same
//! to each resource the token is for.

use std::sync::Arc;

use crate::api::{Api, ResourceId};
use crate::claims::is_identity_scope;
use crate::client::{Client, ClientId, RegistryRepository};
use crate::directory::Directory;
use crate::error::{ErrorCode, OAuthError};
use crate::form::Form;
use crate::issuer::Issuer;
use crate::policy::Policy;
use crate::scope::{MANAGEMENT, OPENID, Scope};
use crate::tenant::Tenant;
use crate::time::Timestamp;

/// The scope and the resources a request names.
#[derive(Debug)]
pub struct Wish<'a> {
    scope: Option<&'a str>,
    resources: Vec<&'a str>,
}

impl<'a> Wish<'a> {
    /// Reads `scope` (RFC 6749 section 3.3) and `resource` (RFC 8707 section 2).
    pub fn read(form: &'a Form) -> Self {
        let mut resources: Vec<&str> = Vec::new();
        for resource in form.all("resource") {
            if !resources.contains(&resource) {
                resources.push(resource);
            }
        }
        Self {
            scope: form.get("scope"),
            resources,
        }
    }

    fn scope(&self) -> Result<Option<Scope>, OAuthError> {
        self.scope
            .map(|text| Scope::parse(text).map_err(|_| bad_scope("malformed_scope")))
            .transpose()
    }
}

/// What was granted before: a refresh narrows it and never widens it (RFC 6749 section 6, RFC 8707 section 2.2).
#[derive(Debug, Clone, Copy)]
pub struct Granted<'a> {
    /// The scope.
    pub scope: &'a Scope,
    /// The resources, by identifier.
    pub resources: &'a [String],
}

/// What was decided.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// What the access token is good for.
    pub scope: Scope,
    /// The resources it is for, by identifier.
    pub resources: Vec<String>,
    /// The same as `aud` tells them.
    pub audience: Vec<String>,
    /// The APIs among them.
    pub apis: Vec<Arc<Api>>,
}

/// What a decision is made from.
#[derive(Debug)]
pub struct Targeting<'a, R> {
    /// APIs and clients.
    pub directory: &'a Directory<R>,
    /// The tenant asked.
    pub tenant: &'a Tenant,
    /// Its issuer.
    pub issuer: &'a Issuer,
    /// The client that asks.
    pub client: &'a Client,
    /// What it asks for.
    pub wish: Wish<'a>,
    /// When.
    pub now: Timestamp,
}

/// A resource, recognised.
#[derive(Debug)]
enum Resource {
    /// UserInfo, and whatever else the issuer itself serves.
    Issuer,
    /// One of the client's own audience.
    Own(String),
    /// An API that is assigned to the client.
    Api(Arc<Api>),
    /// A client of the tenant, named in a scope.
    Server(ClientId),
}

impl<R: RegistryRepository> Targeting<'_, R> {
    /// Decides for a user who signed in.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_target`, or `temporarily_unavailable`.
    pub async fn for_user(&self) -> Result<Target, OAuthError> {
        self.decide(&self.client.scope).await
    }

    /// Decides for a client acting for itself: there is no user an ID token could be about, or UserInfo tell of.
    ///
    /// # Errors
    /// As [`Targeting::for_user`].
    pub async fn for_client(&self) -> Result<Target, OAuthError> {
        self.decide(&self.client.scope.without(OPENID)).await
    }

    async fn decide(&self, own: &Scope) -> Result<Target, OAuthError> {
        let wished = self.wish.scope()?;
        let resources = if self.wish.resources.is_empty() {
            let scope = match &wished {
                Some(scope) => scope.clone(),
                None => self.default_scope(&[]).filter(|it| self.may_have(it, own)),
            };
            self.meant(&scope, own).await?
        } else {
            self.named(own, None).await?
        };
        let default = self.default_scope(&apis_of(&resources));
        self.conclude(resources, wished, &default, own)
    }

    /// Decides for a refresh: what was granted, as far as the client still has it, or less if the request says so.
    ///
    /// # Errors
    /// As [`Targeting::for_user`].
    pub async fn again(&self, granted: Granted<'_>) -> Result<Target, OAuthError> {
        let own = &self.client.scope;
        let wished = self.wish.scope()?;
        if let Some(wished) = &wished
            && !wished.is_subset_of(granted.scope)
        {
            return Err(bad_scope("scope_too_wide"));
        }
        let resources = if self.wish.resources.is_empty() {
            let mut left = Vec::new();
            for name in granted.resources {
                left.extend(self.recognise(name, own).await?);
            }
            left
        } else {
            self.named(own, Some(granted.resources)).await?
        };
        if resources.is_empty() {
            return Err(bad_target("no_audience_left"));
        }
        // What the client has lost since is not granted again.
        let target = self.conclude(resources, wished, granted.scope, own)?;
        if target.scope.is_empty() && !granted.scope.is_empty() {
            return Err(bad_scope("no_scope_left"));
        }
        Ok(target)
    }

    fn default_scope(&self, apis: &[Arc<Api>]) -> Scope {
        let policy = Policy {
            client: self.client,
            apis,
            tenant: &self.tenant.settings,
        };
        policy.default_scope()
    }

    fn may_have(&self, token: &str, own: &Scope) -> bool {
        own.contains(token) || self.client.is_assigned(token)
    }

    /// The resources that the request names. Unknown, unassigned and not granted look the same.
    async fn named(
        &self,
        own: &Scope,
        within: Option<&[String]>,
    ) -> Result<Vec<Resource>, OAuthError> {
        let mut resources = Vec::with_capacity(self.wish.resources.len());
        for name in &self.wish.resources {
            let granted = within.is_none_or(|within| within.iter().any(|it| it == name));
            let found = if granted {
                self.recognise(name, own).await?
            } else {
                None
            };
            resources.push(found.ok_or_else(|| bad_target("unknown_resource"))?);
        }
        Ok(resources)
    }

    /// The resource of a name, if the client may have tokens for it.
    async fn recognise(&self, name: &str, own: &Scope) -> Result<Option<Resource>, OAuthError> {
        if let Some(assigned) = self.client.api(name) {
            return Ok(self.api(&assigned.resource).await?.map(Resource::Api));
        }
        if self.client.audience.iter().any(|own| own == name) {
            return Ok(Some(Resource::Own(name.to_owned())));
        }
        if name == self.issuer.as_str() {
            let of_the_issuer = self.client.audience.is_empty() || own.contains(OPENID);
            return Ok(of_the_issuer.then_some(Resource::Issuer));
        }
        self.server(name).await
    }

    async fn api(&self, resource: &ResourceId) -> Result<Option<Arc<Api>>, OAuthError> {
        let tenant = &self.tenant.id;
        self.directory.api(tenant, resource, self.now).await
    }

    async fn server(&self, name: &str) -> Result<Option<Resource>, OAuthError> {
        // A scope of the management API is granted as such, and never because a client is called like it.
        if !self.tenant.settings.client_ids_as_scopes || name.starts_with(MANAGEMENT) {
            return Ok(None);
        }
        let Ok(id) = ClientId::parse(name) else {
            return Ok(None);
        };
        let tenant = &self.tenant.id;
        let found = self.directory.client(tenant, &id, self.now).await?;
        Ok(found.map(|_| Resource::Server(id)))
    }

    /// RFC 9068 section 3: the scope tells the resource where the request does not. It "SHOULD" be refused where its
    /// values tell different ones.
    async fn meant(&self, scope: &Scope, own: &Scope) -> Result<Vec<Resource>, OAuthError> {
        let mut api: Option<&ResourceId> = None;
        let mut of_the_clients_own = false;
        let mut servers = Vec::new();
        for token in scope.tokens() {
            if own.contains(token) {
                of_the_clients_own |= !self.is_identity(token);
                continue;
            }
            let mut assigned = self
                .client
                .apis
                .iter()
                .filter(|it| it.scope.contains(token));
            match (assigned.next(), assigned.next()) {
                (Some(one), None) if api.is_none_or(|it| *it == one.resource) => {
                    api = Some(&one.resource);
                }
                (Some(_), _) => return Err(bad_scope("scope_of_several_apis")),
                (None, _) => match self.server(token).await? {
                    Some(server) => servers.push(server),
                    None => return Err(bad_scope("scope_too_wide")),
                },
            }
        }
        let mut resources = servers;
        if let Some(resource) = api {
            if of_the_clients_own {
                return Err(bad_scope("scope_of_several_resources"));
            }
            let api = self.api(resource).await?;
            let api = api.ok_or_else(|| bad_scope("scope_of_a_deleted_api"))?;
            resources.push(Resource::Api(api));
        } else if of_the_clients_own || resources.is_empty() {
            let audience = self.client.audience.iter().cloned();
            resources.extend(audience.map(Resource::Own));
        }
        // UserInfo is the issuer's.
        let issuer = Resource::Issuer;
        if scope.contains(OPENID) && own.contains(OPENID) || resources.is_empty() {
            resources.push(issuer);
        }
        Ok(resources)
    }

    fn is_identity(&self, token: &str) -> bool {
        is_identity_scope(token, &self.tenant.settings.claim_scopes)
    }

    /// The scope at these resources: all that is wished for, or as much of the default as there is.
    fn conclude(
        &self,
        mut resources: Vec<Resource>,
        wished: Option<Scope>,
        default: &Scope,
        own: &Scope,
    ) -> Result<Target, OAuthError> {
        let scope = match wished {
            Some(wished) => {
                if !wished.tokens().all(|it| self.counts(it, &resources, own)) {
                    return Err(bad_scope("scope_too_wide"));
                }
                wished
            }
            None => default.filter(|it| self.counts(it, &resources, own)),
        };
        // Where nobody named it, the issuer is meant by `openid`, or for want of another.
        if self.wish.resources.is_empty() && !scope.contains(OPENID) && resources.len() > 1 {
            resources.retain(|it| !matches!(it, Resource::Issuer));
        }
        Ok(self.target(scope, resources))
    }

    /// Whether a scope counts in a token for these resources: it must be the client's at each that knows it, so that none
    /// takes for its own what was granted for another (RFC 9068 section 5).
    fn counts(&self, token: &str, resources: &[Resource], own: &Scope) -> bool {
        let identity = self.is_identity(token);
        if identity && !own.contains(token) {
            return false;
        }
        let mut granted = identity;
        for resource in resources {
            match resource {
                Resource::Api(api) => {
                    let assigned = self.client.api(api.resource.as_str());
                    let assigned = assigned.is_some_and(|it| it.scope.contains(token));
                    match (assigned, api.has_scope(token)) {
                        (true, true) => granted = true,
                        (false, true) => return false,
                        (_, false) => {}
                    }
                }
                Resource::Own(_) if own.contains(token) => granted = true,
                // What its own resource servers know nobody has written down.
                Resource::Own(_) => return false,
                // Without an audience of the client's own, the issuer stands for it (RFC 9068 section 3).
                Resource::Issuer => {
                    granted |= self.client.audience.is_empty() && own.contains(token);
                }
                Resource::Server(id) if id.as_str() == token => granted = true,
                // Another server's name means nothing here. Anything else this one might take for its own.
                Resource::Server(_) if identity || is_server(token, resources) => {}
                Resource::Server(_) => return false,
            }
        }
        granted
    }

    fn target(&self, scope: Scope, resources: Vec<Resource>) -> Target {
        let mut target = Target {
            apis: apis_of(&resources),
            scope,
            ..Target::default()
        };
        let mut audience: Vec<String> = Vec::new();
        for resource in &resources {
            let name = match resource {
                Resource::Issuer => self.issuer.to_string(),
                Resource::Own(name) => name.clone(),
                Resource::Server(id) => id.to_string(),
                Resource::Api(api) => {
                    audience.extend(api.audience());
                    target.resources.push(api.resource.to_string());
                    continue;
                }
            };
            audience.push(name.clone());
            target.resources.push(name);
        }
        if self.tenant.settings.client_ids_as_scopes {
            audience.push(self.client.client_id.to_string());
        }
        for name in audience {
            if !target.audience.contains(&name) {
                target.audience.push(name);
            }
        }
        target
    }
}

fn is_server(token: &str, resources: &[Resource]) -> bool {
    let mut resources = resources.iter();
    resources.any(|it| matches!(it, Resource::Server(id) if id.as_str() == token))
}

fn apis_of(resources: &[Resource]) -> Vec<Arc<Api>> {
    let apis = resources.iter().filter_map(|resource| match resource {
        Resource::Api(api) => Some(Arc::clone(api)),
        Resource::Issuer | Resource::Own(_) | Resource::Server(_) => None,
    });
    apis.collect()
}

const fn bad_scope(reason: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidScope, reason)
}

const fn bad_target(reason: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidTarget, reason)
}
