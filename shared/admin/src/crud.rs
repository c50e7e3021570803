//! What is done to a thing of any kind: listed, made, read, replaced, changed, deleted.

use std::fmt;

use http::header::{ETAG, HeaderName, HeaderValue, LINK, LOCATION};
use http::{Response, StatusCode};
use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::error::OAuthError;
use latchkey_oauth::http::{empty, json};
use latchkey_oauth::store::{Condition, Expected, OnceRepository, Page, Version, Versioned};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value as Json};

use crate::ask::{Ask, cursor, etag, path_of};
use crate::kind::{Described, Kind};
use crate::once::{self, Key};
use crate::problem::{
    Refusal, already_there, bad_request, invalid_field, not_found, refuse, stale,
};
use crate::segment;

/// An answer, and what an auditor is told of it.
pub struct Told {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Option<Json>,
    /// Headers.
    pub headers: Vec<(HeaderName, String)>,
    /// The security decision.
    pub event: AuditEvent,
    /// What it is about.
    pub object: Option<String>,
}

/// Without the body and the headers: a secret that is shown once is in there.
impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told")
            .field("status", &self.status)
            .field("event", &self.event)
            .field("object", &self.object)
            .finish_non_exhaustive()
    }
}

impl Told {
    /// An answer to a read.
    pub fn read(body: Json) -> Self {
        Self {
            status: StatusCode::OK,
            body: Some(body),
            headers: Vec::new(),
            event: AuditEvent::RegistryTold,
            object: None,
        }
    }

    /// An answer that has nothing to say.
    pub const fn done(event: AuditEvent, object: Option<String>) -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: None,
            headers: Vec::new(),
            event,
            object,
        }
    }

    /// The same, told once more.
    pub fn again(mut self) -> Self {
        self.event = AuditEvent::RegistryTold;
        let replayed = HeaderName::from_static("idempotent-replayed");
        self.with(replayed, "true".to_owned())
    }

    /// The answer.
    ///
    /// # Errors
    /// `server_error` when it cannot be written as JSON.
    pub fn answer(self) -> Result<Response<bytes::Bytes>, OAuthError> {
        let mut response = match &self.body {
            Some(body) => json(self.status, body)?,
            None => empty(self.status),
        };
        for (name, value) in self.headers {
            // Made of identifiers in segments, hexadecimals and queries: always a header's value.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        Ok(response)
    }

    /// The same with a header.
    pub fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// Some of a list: `{"clients": [...], "next_cursor": "..."}`, and the next part as a link (RFC 8288).
pub async fn list<S, K: Kind<S>>(server: &S, ask: &Ask<'_>) -> Result<Told, Refusal> {
    let query = ask.list_query(true)?;
    let Page { items, more } = K::page(server, ask, query.part()).await?;
    let last = items.last().map(|last| K::id(last).to_owned());
    let items = items.iter().map(|it| Json::from(K::document(it)));
    Ok(part(
        ask,
        K::LIST,
        items.collect(),
        last.filter(|_| more).map(|last| {
            let cursor = cursor(&last);
            let next = query.next(ask.path, &cursor);
            (cursor, next)
        }),
    ))
}

/// The answer with a part of a list.
pub fn part(ask: &Ask<'_>, list: &str, items: Json, next: Option<(String, String)>) -> Told {
    let mut body = Map::new();
    body.insert(list.to_owned(), items);
    let Some((cursor, path)) = next else {
        return Told::read(body.into());
    };
    body.insert("next_cursor".to_owned(), cursor.into());
    let link = format!("<{}{path}>; rel=\"next\"", ask.base);
    Told::read(body.into()).with(LINK, link)
}

/// Reads one.
pub async fn read<S, K: Kind<S>>(server: &S, ask: &Ask<'_>, id: &str) -> Result<Told, Refusal> {
    ask.no_parameters()?;
    let found = existing::<S, K>(server, ask, id).await?;
    let tag = etag(found.version);
    if ask.has(found.version)? {
        let mut told = Told::done(AuditEvent::RegistryTold, Some(K::logged(&found)));
        told.status = StatusCode::NOT_MODIFIED;
        return Ok(told.with(ETAG, tag));
    }
    let mut told = Told::read(K::document(&found).into());
    told.object = Some(K::logged(&found));
    Ok(told.with(ETAG, tag))
}

async fn existing<S, K: Kind<S>>(
    server: &S,
    ask: &Ask<'_>,
    id: &str,
) -> Result<Versioned<K::Value>, Refusal> {
    let found = K::read(server, ask, id).await?;
    found.ok_or_else(|| not_found(K::NAME))
}

/// Makes one.
pub async fn create<S, K: Kind<S>>(
    server: &S,
    notes: &impl OnceRepository,
    ask: &Ask<'_>,
) -> Result<Told, Refusal> {
    ask.no_parameters()?;
    let mut key = once::read(notes, ask).await?;
    if let Key::Used(location) = &key {
        return repeated::<S, K>(server, ask, location).await;
    }
    let document = object(ask.json(None)?)?;
    let described = K::describe(server, ask, document, None).await?;
    let location = path_of(K::LIST, K::id(&described.value));
    let condition = Condition {
        expected: Expected::Absent,
        once: key.noting(location),
    };
    if let Some(version) = K::put(server, ask, &described.value, condition).await? {
        return Ok(made::<S, K>(ask, described, version));
    }
    match key.used_meanwhile(notes, ask).await? {
        Some(location) => repeated::<S, K>(server, ask, &location).await,
        None => Err(already_there(K::NAME)),
    }
}

fn made<S, K: Kind<S>>(ask: &Ask<'_>, described: Described<K::Value>, version: Version) -> Told {
    let Described { value, shown } = described;
    let mut told = written::<S, K>(&value, shown, version);
    told.status = StatusCode::CREATED;
    let location = format!("{}{}", ask.base, path_of(K::LIST, K::id(&value)));
    told.with(LOCATION, location)
}

fn written<S, K: Kind<S>>(
    value: &K::Value,
    shown: Option<(&'static str, secrecy::SecretString)>,
    version: Version,
) -> Told {
    let mut body = K::document(value);
    if let Some((name, secret)) = shown {
        body.insert(name.to_owned(), secret.expose_secret().into());
    }
    Told {
        status: StatusCode::OK,
        body: Some(body.into()),
        headers: Vec::new(),
        event: K::WRITTEN,
        object: Some(K::logged(value)),
    }
    .with(ETAG, etag(version))
}

/// The answer to a request that was carried out before: the same, but for a secret that is shown once.
pub async fn repeated<S, K: Kind<S>>(
    server: &S,
    ask: &Ask<'_>,
    location: &str,
) -> Result<Told, Refusal> {
    let id = location.rsplit('/').next().and_then(segment::parse);
    let found = match id {
        Some(id) => K::read(server, ask, &id).await?,
        None => None,
    };
    let Some(found) = found else {
        return Err(refuse(
            StatusCode::CONFLICT,
            "made_and_gone",
            "This request was carried out before, and what it made has been deleted since.",
        ));
    };
    // They may have lost since what they had then.
    K::ensure_may(ask, &found)?;
    let version = found.version;
    let described = Described::plain(found.value);
    Ok(made::<S, K>(ask, described, version).again())
}

/// Replaces one by what the body describes.
pub async fn replace<S, K: Kind<S>>(server: &S, ask: &Ask<'_>, id: &str) -> Result<Told, Refusal> {
    ask.no_parameters()?;
    ask.must_mean()?;
    let document = object(ask.json(None)?)?;
    let found = existing::<S, K>(server, ask, id).await?;
    over::<S, K>(server, ask, found, document).await
}

/// Changes one as the body says (RFC 7396).
pub async fn patch<S, K: Kind<S>>(server: &S, ask: &Ask<'_>, id: &str) -> Result<Told, Refusal> {
    ask.no_parameters()?;
    ask.must_mean()?;
    let patch = object(ask.json(Some("application/merge-patch+json"))?)?;
    let found = existing::<S, K>(server, ask, id).await?;
    let mut document = Json::from(K::document(&found));
    json_patch::merge(&mut document, &patch.into());
    let document = object(document)?;
    over::<S, K>(server, ask, found, document).await
}

async fn over<S, K: Kind<S>>(
    server: &S,
    ask: &Ask<'_>,
    found: Versioned<K::Value>,
    mut document: Map<String, Json>,
) -> Result<Told, Refusal> {
    ask.means(found.version)?;
    document
        .entry(K::ID)
        .or_insert_with(|| K::id(&found).into());
    let described = K::describe(server, ask, document, Some(&found)).await?;
    if K::id(&described.value) != K::id(&found) {
        let detail = format!("`{}` is the one in the path, or left out.", K::ID);
        return Err(invalid_field(&format!("/{}", K::ID), detail));
    }
    let condition = Condition::from(Expected::Version(found.version));
    // Whoever may not write what is there may not write over it either.
    K::ensure_may(ask, &found)?;
    let version = K::put(server, ask, &described.value, condition).await?;
    let version = version.ok_or_else(stale)?;
    Ok(written::<S, K>(&described.value, described.shown, version))
}

/// Deletes one.
pub async fn delete<S, K: Kind<S>>(server: &S, ask: &Ask<'_>, id: &str) -> Result<Told, Refusal> {
    ask.must_mean()?;
    let found = existing::<S, K>(server, ask, id).await?;
    ask.means(found.version)?;
    K::ensure_may(ask, &found)?;
    if K::delete(server, ask, &found).await? {
        Ok(Told::done(K::DELETED, Some(K::logged(&found))))
    } else {
        Err(stale())
    }
}

/// The members of what must be an object.
pub fn object(json: Json) -> Result<Map<String, Json>, Refusal> {
    match json {
        Json::Object(members) => Ok(members),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            Err(bad_request("The body is a JSON object."))
        }
    }
}
