//! Endpoints: an [`Inbound`] request in, an HTTP answer out. What all of them share is here:
//! path, method, tenant, cross-origin rules, refusals, and what the log may know.

pub mod bearer;
pub mod discovery;
pub mod introspect;
pub mod metadata;
mod methods;
mod password;
pub mod revoke;
pub mod token;
pub mod translate;
pub mod userinfo;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response};

use self::methods::{allow, preflight};
use self::translate::{Heard, Translate};
use crate::audit::AuditEvent;
use crate::certificate::ClientCertificate;
use crate::client::RegistryRepository;
use crate::client_auth::{AuthenticatedClient, ClientCredentials, authenticate, two_client_ids};
use crate::directory::Directory;
use crate::error::{ErrorCode, OAuthError};
use crate::form::Form;
use crate::http::refusal;
use crate::issuer::{Domain, Issuer};
use crate::lockout::Source;
use crate::route::{Below, Endpoint, Route, resolve};
use crate::tenant::Tenant;
use crate::time::Timestamp;
use crate::token::repository::TokenStateRepository;
use crate::token::verifier::{self, Rejected, VerifiedToken};

/// A request as it came in.
pub struct Inbound {
    /// The request itself.
    pub request: Request<Bytes>,
    /// When it came: read once, passed on.
    pub now: Timestamp,
    /// Where it came from, as the front saw it.
    pub source: Source,
    /// The host it was sent to, as the front knows it; not the client's word.
    pub host: Option<String>,
    /// The certificate that was shown to the front in the TLS handshake, if it asked for one.
    pub certificate: Option<ClientCertificate>,
    /// What finds its log line.
    pub request_id: String,
}

/// What the log line of a request may say. Secrets, tokens, names and claims have no field here.
#[derive(Debug, Clone, Default)]
pub struct RequestLog {
    /// Which endpoint.
    pub endpoint: Option<Endpoint>,
    /// Which tenant, once it is known to exist.
    pub tenant: Option<String>,
    /// Which client, once it is known to exist.
    pub client_id: Option<String>,
    /// Which grant.
    pub grant_type: Option<&'static str>,
    /// Whom it is about, once the user is known to exist: the `sub` of their tokens, never their name.
    pub subject: Option<String>,
    /// What a management request is about: a client's or an API's identifier, a user's `sub`, a tenant's name.
    pub object: Option<String>,
    /// The security decision.
    pub event: Option<AuditEvent>,
    /// The error code; none where all went well.
    pub error: Option<&'static str>,
    /// Why it was refused, in more detail than the client learns.
    pub reason: Option<&'static str>,
    /// The fault beneath.
    pub fault: Option<String>,
}

impl RequestLog {
    /// Notes a refusal.
    pub fn refused(&mut self, error: &OAuthError) {
        self.error = Some(error.code().as_str());
        self.event = error.event();
        self.reason = Some(error.reason());
        self.fault = error.source().map(chain);
        if let Some(subject) = error.subject() {
            self.subject = Some(subject.to_string());
        }
    }
}

/// A request on its way through an endpoint.
pub struct Call<'a> {
    /// Method, URI and headers.
    pub parts: Parts,
    /// The body.
    pub body: Bytes,
    /// Which endpoint was asked.
    pub endpoint: Endpoint,
    /// What follows its path, percent-encoded.
    pub below: String,
    /// Of which tenant.
    pub tenant: Arc<Tenant>,
    /// As which issuer.
    pub issuer: Issuer,
    /// When.
    pub now: Timestamp,
    /// From where.
    pub source: Source,
    /// With which certificate.
    pub certificate: Option<ClientCertificate>,
    /// What the log will say.
    pub log: &'a mut RequestLog,
}

/// Query, headers and body hold secrets and are not told.
impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound")
            .field("method", self.request.method())
            .field("path", &self.request.uri().path())
            .field("source", &self.source)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// As little as of [`Inbound`].
impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.parts.method)
            .field("endpoint", &self.endpoint)
            .field("issuer", &self.issuer)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// One Lambda's worth of endpoints.
pub trait Service: Send + Sync {
    /// Where its tenants and clients are kept.
    type Registry: RegistryRepository;

    /// Tenants and clients, remembered.
    fn directory(&self) -> &Directory<Self::Registry>;

    /// Whether this service answers for an endpoint.
    fn serves(&self, endpoint: Endpoint) -> bool;

    /// Answers a request whose path, method and tenant are in order.
    fn call(
        &self,
        call: Call<'_>,
    ) -> impl Future<Output = Result<Response<Bytes>, OAuthError>> + Send;
}

/// Answers a request, whatever it is, and notes in `log` what may be told of it.
pub async fn answer<S: Service, T: Translate>(
    service: &S,
    translate: &T,
    inbound: Inbound,
    log: &mut RequestLog,
) -> Response<Bytes> {
    let method = inbound.request.method().clone();
    let request_id = inbound.request_id.clone();
    match route(service, translate, inbound, log).await {
        Ok(mut response) => {
            if let Some(endpoint) = log.endpoint {
                finish(&mut response, endpoint, &method);
            }
            response
        }
        Err(error) => refuse(&error, &method, &request_id, log),
    }
}

/// The answer to a request that came to nothing. `log` tells how far it came.
pub fn refuse(
    error: &OAuthError,
    method: &Method,
    request_id: &str,
    log: &mut RequestLog,
) -> Response<Bytes> {
    log.refused(error);
    let as_problem = log.endpoint.is_some_and(Endpoint::tells_problems);
    let mut response = refusal(error, request_id, as_problem);
    if let Some(endpoint) = log.endpoint {
        finish(&mut response, endpoint, method);
    }
    response
}

async fn route<S: Service, T: Translate>(
    service: &S,
    translate: &T,
    inbound: Inbound,
    log: &mut RequestLog,
) -> Result<Response<Bytes>, OAuthError> {
    let (parts, body) = inbound.request.into_parts();
    let Route {
        tenant,
        endpoint,
        foreign,
        below,
    } = resolve(parts.uri.path())
        .filter(|route| service.serves(route.endpoint))
        .ok_or(OAuthError::new(ErrorCode::NotFound, "unknown_path"))?;
    let below = below.to_owned();
    log.endpoint = Some(endpoint);
    let methods = foreign.map_or(endpoint.methods(), |it| it.methods);
    if parts.method == Method::OPTIONS && endpoint.cors() {
        return Ok(preflight(methods));
    }
    // Below an endpoint whose paths go on, each has methods of its own, and the service says which.
    let goes_on = foreign.map_or(endpoint.below(), |it| it.below);
    let known =
        goes_on == Below::Anything || methods.split(", ").any(|it| it == parts.method.as_str());
    if !known {
        let error = OAuthError::new(ErrorCode::MethodNotAllowed, "method_not_allowed");
        let mut response = refuse(&error, &parts.method, &inbound.request_id, log);
        // RFC 9110 section 15.5.6.
        allow(&mut response, methods, endpoint.cors());
        return Ok(response);
    }
    let directory = service.directory();
    let at_home = match &inbound.host {
        Some(host) => directory.tenant_at(host, inbound.now).await?,
        None => None,
    };
    let home = at_home.as_ref().and(inbound.host.as_deref());
    let tenant = match at_home {
        // A tenant's own domain serves that tenant at its root, and no other. A product's path may name it all the same, as one
        // product's always do. Metadata may not: they would not be where their issuer has them (OIDC Discovery section 4.3).
        Some(at_home) if foreign.is_some() && !endpoint.is_metadata() && at_home == tenant => {
            at_home
        }
        Some(_) if !tenant.is_default() => {
            return Err(OAuthError::new(
                ErrorCode::NotFound,
                "tenant_below_a_domain",
            ));
        }
        Some(at_home) => at_home,
        None => tenant,
    };
    let found = directory.tenant(&tenant, inbound.now).await?;
    // One address each: who has a domain is served there alone, as its metadata says.
    if found.settings.domain.as_ref().map(Domain::as_str) != home {
        return Err(OAuthError::new(ErrorCode::NotFound, "tenant_is_elsewhere"));
    }
    log.tenant = Some(tenant.as_str().to_owned());
    if foreign.is_some_and(|it| !found.settings.dialects.contains(&it.dialect)) {
        return Err(OAuthError::new(ErrorCode::NotFound, "dialect_not_open"));
    }
    let mut call = Call {
        parts,
        body,
        endpoint,
        below,
        issuer: directory.issuer(&found),
        tenant: found,
        now: inbound.now,
        source: inbound.source,
        certificate: inbound.certificate,
        log,
    };
    let Some(at) = foreign else {
        return service.call(call).await;
    };
    let method = call.parts.method.clone();
    let heard = translate.request(Heard {
        at,
        issuer: &call.issuer,
        now: call.now,
        parts: &mut call.parts,
        body: &mut call.body,
        below: &mut call.below,
    })?;
    let answered = match service.call(call).await {
        Ok(response) => response,
        Err(error) => refuse(&error, &method, &inbound.request_id, log),
    };
    Ok(translate.answer(&heard, answered))
}

fn finish(response: &mut Response<Bytes>, endpoint: Endpoint, method: &Method) {
    if endpoint.cors() {
        let headers = response.headers_mut();
        // No cookie takes part in any of this, so any origin may ask.
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("WWW-Authenticate, Retry-After, ETag"),
        );
    }
    if method == Method::HEAD {
        *response.body_mut() = Bytes::new();
    }
}

/// A fault with all that lies beneath it, for the log.
pub fn chain(error: &(dyn std::error::Error + Send + Sync)) -> String {
    let mut text = error.to_string();
    let mut beneath = error.source();
    while let Some(error) = beneath {
        text.push_str(": ");
        text.push_str(&error.to_string());
        beneath = error.source();
    }
    text
}

/// The form of a request, and the client that sent it.
async fn authenticated<R: RegistryRepository>(
    directory: &Directory<R>,
    call: &mut Call<'_>,
) -> Result<(Form, AuthenticatedClient), OAuthError> {
    let form = Form::read(&call.parts, &call.body)?;
    let credentials = ClientCredentials::read(&call.parts, &form, call.certificate.as_ref())?;
    let known = &mut call.log.client_id;
    let client = authenticate(directory, &call.tenant.id, &credentials, known, call.now).await?;
    Ok((form, client))
}

/// The same, where an access token of the client's own may stand for its credentials: whether it does, too.
async fn authenticated_or_bearer<R: RegistryRepository, G: TokenStateRepository>(
    directory: &Directory<R>,
    grants: &G,
    call: &mut Call<'_>,
) -> Result<(Form, AuthenticatedClient, bool), OAuthError> {
    let Some(Some(token)) = bearer::in_header(&call.parts)? else {
        let (form, client) = authenticated(directory, call).await?;
        return Ok((form, client, false));
    };
    let form = Form::read(&call.parts, &call.body)?;
    ClientCredentials::none_but_the_header(&form)?;
    let client = bearer::client(directory, grants, call, &token).await?;
    let client = AuthenticatedClient::by_access_token(client)?;
    // RFC 6749 section 3.2.1: it may say who it is as well.
    if form
        .get("client_id")
        .is_some_and(|it| it != client.client_id.as_str())
    {
        return Err(two_client_ids());
    }
    Ok((form, client, true))
}

/// Checks a JWT of ours. A key that the remembered ring does not know may be younger than it, so the ring is
/// read again, at most once in 10 s.
async fn verify<R: RegistryRepository>(
    directory: &Directory<R>,
    call: &Call<'_>,
    token: &str,
) -> Result<Result<VerifiedToken, Rejected>, OAuthError> {
    let tenant = &call.tenant;
    match verifier::verify(token, &tenant.keys, &call.issuer, call.now) {
        Err(Rejected::UnknownKey) => {
            let tenant = directory.tenant_read_again(&tenant.id, call.now).await?;
            Ok(verifier::verify(
                token,
                &tenant.keys,
                &call.issuer,
                call.now,
            ))
        }
        verdict => Ok(verdict),
    }
}
