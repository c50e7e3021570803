//! A request, read: who asks, about what, with which conditions. Everything is bounded before it is looked at.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderName, StatusCode};
use latchkey_oauth::client::ClientId;
use latchkey_oauth::form::MAX_BODY;
use latchkey_oauth::json;
use latchkey_oauth::scope::Scope;
use latchkey_oauth::store::{Part, Version};
use latchkey_oauth::tenant::{Tenant, TenantId};
use latchkey_oauth::time::Timestamp;
use serde_json::Value as Json;

use crate::problem::{Refusal, bad_request, precondition_required, refuse, stale};
use crate::segment;

/// How many of a list are told where nobody says.
const DEFAULT_LIMIT: usize = 20;
/// How many of a list are told at most.
const MAX_LIMIT: usize = 100;
/// The longest beginning of a name or place in a list, in bytes.
const MAX_NAME: usize = 512;

/// A request by somebody who may make it.
pub struct Ask<'a> {
    /// Of which tenant.
    pub tenant: &'a Tenant,
    /// Where the management API of the tenant begins.
    pub base: &'a str,
    /// The path below that.
    pub path: &'a str,
    /// By which client.
    pub caller: &'a ClientId,
    /// What it may do.
    pub scope: &'a Scope,
    /// The method.
    pub method: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The query.
    pub query: Option<&'a str>,
    /// The body.
    pub body: &'a Bytes,
    /// When.
    pub now: Timestamp,
}

/// Without the headers and the body: a bearer token and passwords are in there.
impl fmt::Debug for Ask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask")
            .field("tenant", &self.tenant.id)
            .field("caller", &self.caller)
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// What of a list is wanted.
#[derive(Debug)]
pub struct ListQuery {
    limit: usize,
    after: Option<String>,
    prefix: String,
}

impl ListQuery {
    /// The part.
    pub fn part(&self) -> Part<'_> {
        Part {
            prefix: &self.prefix,
            after: self.after.as_deref(),
            limit: self.limit,
        }
    }

    /// The address of what follows, below the management API's.
    pub fn next(&self, path: &str, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &self.limit.to_string());
        if !self.prefix.is_empty() {
            query.append_pair("prefix", &self.prefix);
        }
        query.append_pair("cursor", cursor);
        format!("{path}?{}", query.finish())
    }
}

/// A place in a list, as it is handed out: nobody need know what it is made of.
pub fn cursor(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

impl Ask<'_> {
    /// The tenant's name.
    pub const fn tenant_id(&self) -> &TenantId {
        &self.tenant.id
    }

    /// One parameter of the query that may be there, and no other.
    pub fn parameter(&self, known: &[&str]) -> Result<Vec<Option<String>>, Refusal> {
        let mut values = vec![None; known.len()];
        for (name, value) in form_urlencoded::parse(self.query.unwrap_or_default().as_bytes()) {
            let place = known.iter().position(|known| *known == name);
            match place.and_then(|place| values.get_mut(place)) {
                None => {
                    return Err(bad_request(
                        "There is a parameter that nobody knows here. Leave it out.",
                    ));
                }
                Some(Some(_)) => {
                    return Err(bad_request("A parameter is given twice. Give it once."));
                }
                Some(value_of @ None) => *value_of = Some(value.into_owned()),
            }
        }
        Ok(values)
    }

    /// No parameter at all.
    pub fn no_parameters(&self) -> Result<(), Refusal> {
        self.parameter(&[]).map(|_| ())
    }

    /// `limit`, `cursor`, and `prefix` where names have an order to it.
    pub fn list_query(&self, by_name: bool) -> Result<ListQuery, Refusal> {
        let known = ["limit", "cursor", "prefix"];
        let known = if by_name {
            &known[..]
        } else {
            known.split_last().map_or(&[][..], |it| it.1)
        };
        let mut values = self.parameter(known)?.into_iter();
        let limit = values.next().flatten().map(|text| {
            let limit = text.parse().ok();
            limit
                .filter(|limit| (1..=MAX_LIMIT).contains(limit) && text.len() <= 3)
                .ok_or_else(|| bad_request(format!("`limit` is 1 to {MAX_LIMIT}.")))
        });
        let after = values.next().flatten().map(|text| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok();
            let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            name.filter(|name| is_name(name))
                .ok_or_else(|| bad_request("`cursor` is what `next_cursor` of an answer was."))
        });
        let prefix = values.next().flatten().unwrap_or_default();
        if !prefix.is_empty() && !is_name(&prefix) {
            return Err(bad_request(
                "`prefix` is the beginning of a name: at most 512 bytes without control characters.",
            ));
        }
        Ok(ListQuery {
            limit: limit.transpose()?.unwrap_or(DEFAULT_LIMIT),
            after: after.transpose()?,
            prefix,
        })
    }

    /// A header that may be there once.
    pub fn header(&self, name: &HeaderName) -> Result<Option<&str>, Refusal> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value
                .to_str()
                .map(Some)
                .map_err(|_| bad_request(format!("{name} is not ASCII."))),
            (Some(_), Some(_)) => Err(bad_request(format!("{name} is given twice."))),
        }
    }

    /// Whether whoever asks has this state already (RFC 9110 section 13.1.2, by weak comparison).
    pub fn has(&self, version: Version) -> Result<bool, Refusal> {
        let Some(tags) = self.header(&IF_NONE_MATCH)? else {
            return Ok(false);
        };
        let ours = etag(version);
        let mut tags = tags.split(',').map(|tag| tag.trim_matches([' ', '\t']));
        Ok(tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == ours))
    }

    /// Whether a write is meant for this state (RFC 9110 section 13.1.1, by strong comparison).
    pub fn means(&self, version: Version) -> Result<(), Refusal> {
        let tags = self.header(&IF_MATCH)?;
        let tags = tags.ok_or_else(precondition_required)?;
        let ours = etag(version);
        let mut tags = tags.split(',').map(|tag| tag.trim_matches([' ', '\t']));
        if tags.any(|tag| tag == "*" || tag == ours) {
            Ok(())
        } else {
            Err(stale())
        }
    }

    /// The same where a write need not say.
    pub fn may_mean(&self, version: Version) -> Result<(), Refusal> {
        match self.header(&IF_MATCH)? {
            Some(_) => self.means(version),
            None => Ok(()),
        }
    }

    /// Whether a write is meant for one state, and not for whatever is there.
    pub fn means_one(&self) -> Result<bool, Refusal> {
        let tags = self.header(&IF_MATCH)?;
        Ok(tags.is_some_and(|tags| tags.trim() != "*"))
    }

    /// Refuses a write that does not say what it is meant for, before anything is read.
    pub fn must_mean(&self) -> Result<(), Refusal> {
        match self.header(&IF_MATCH)? {
            Some(_) => Ok(()),
            None => Err(precondition_required()),
        }
    }

    /// The body, which is JSON.
    pub fn json(&self, also: Option<&str>) -> Result<Json, Refusal> {
        if self.body.len() > MAX_BODY {
            return Err(refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "The body is larger than 64 KiB.",
            ));
        }
        let kind = self.header(&CONTENT_TYPE)?.unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let known = |wanted: &str| kind.eq_ignore_ascii_case(wanted);
        if !known("application/json") && !also.is_some_and(known) {
            return Err(refuse(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body must be sent as application/json.",
            ));
        }
        // What serde says may repeat what was sent, a secret among it: only the place is told.
        json::parse(self.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            bad_request(format!(
                "The body is not JSON, or an object in it has a name twice: line {line}, column {column}."
            ))
        })
    }
}

/// Whether something may be asked for as a name, or the beginning of one.
fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME && !text.chars().any(char::is_control)
}

/// The strong ETag of a state.
pub fn etag(version: Version) -> String {
    format!("\"{:012x}\"", version.number())
}

/// The path of one thing of a list.
pub fn path_of(list: &str, id: &str) -> String {
    format!("/{list}/{}", segment::of(id))
}
