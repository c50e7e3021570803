//! Requests that are carried out once, however often they are made: `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header). What is kept for a day is where the thing is that was made, and a hash that
//! tells the same request from another; nothing of what was answered, so a secret that was shown is not shown again.

use http::{HeaderName, StatusCode};
use latchkey_oauth::hash::sha256_of_parts;
use latchkey_oauth::store::{Once, OnceNote, OnceRepository};
use latchkey_oauth::time::Seconds;

use crate::ask::Ask;
use crate::problem::{Refusal, bad_request, refuse};

/// The header.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// How long a key means its request.
const KEPT: Seconds = Seconds::hours(24);

/// What a key says of a request.
#[derive(Debug)]
pub enum Key {
    /// There is none: the request is carried out whenever it is made.
    None,
    /// It is to be carried out now, and noted.
    New(Once),
    /// It has been carried out, and made what is here.
    Used(String),
}

impl Key {
    /// What is to be noted with what is made at `location`.
    pub fn noting(&mut self, location: String) -> Option<&Once> {
        match self {
            Self::New(once) => {
                once.note.location = location;
                Some(once)
            }
            Self::None | Self::Used(_) => None,
        }
    }

    /// What was made meanwhile by the same request, where it came twice at once and the other was faster.
    pub async fn used_meanwhile(
        &self,
        notes: &impl OnceRepository,
        ask: &Ask<'_>,
    ) -> Result<Option<String>, Refusal> {
        match self {
            Self::New(once) => used(notes, ask, once).await,
            Self::None | Self::Used(_) => Ok(None),
        }
    }
}

/// Reads the key of a request, before anything else of it is looked at: what it named may be gone since it was carried out.
pub async fn read(notes: &impl OnceRepository, ask: &Ask<'_>) -> Result<Key, Refusal> {
    let Some(text) = ask.header(&IDEMPOTENCY_KEY)? else {
        return Ok(Key::None);
    };
    // RFC 9651 section 3.3.3: a string is in quotes. Many leave them out.
    let text = text.trim_matches('"');
    // As short a key could be guessed, and with it what the hash of the request hides.
    if !(16..=255).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad_request(
            "Idempotency-Key is 16 to 255 printable ASCII characters, best a UUID.",
        ));
    }
    let key = text.as_bytes();
    let once = Once {
        tenant: ask.tenant_id().clone(),
        key: sha256_of_parts(&[ask.caller.as_str().as_bytes(), b"\n", key]),
        note: OnceNote {
            request: sha256_of_parts(&[
                key,
                b"\n",
                ask.method.as_bytes(),
                b" ",
                ask.path.as_bytes(),
                b"\n",
                ask.body,
            ]),
            location: String::new(),
            until: ask.now.plus(KEPT),
        },
        now: ask.now,
    };
    Ok(match used(notes, ask, &once).await? {
        Some(location) => Key::Used(location),
        None => Key::New(once),
    })
}

/// What a key has made, if it has been used: for this request and no other.
async fn used(
    notes: &impl OnceRepository,
    ask: &Ask<'_>,
    once: &Once,
) -> Result<Option<String>, Refusal> {
    match notes.once(&once.tenant, &once.key, ask.now).await? {
        None => Ok(None),
        Some(noted) if noted.request == once.note.request => Ok(Some(noted.location)),
        Some(_) => Err(refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "This Idempotency-Key was another request's. Take a new one.",
        )),
    }
}
