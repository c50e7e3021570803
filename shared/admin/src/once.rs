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
    /// It has been carried out.
    Used,
}

/// Reads the key of a request that would make `location`.
pub async fn read(
    notes: &impl OnceRepository,
    ask: &Ask<'_>,
    location: &str,
) -> Result<Key, Refusal> {
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
            location: location.to_owned(),
            until: ask.now.plus(KEPT),
        },
        now: ask.now,
    };
    match is_used(notes, ask, &once).await? {
        true => Ok(Key::Used),
        false => Ok(Key::New(once)),
    }
}

/// Whether a key has been used, for this request and no other.
pub async fn is_used(
    notes: &impl OnceRepository,
    ask: &Ask<'_>,
    once: &Once,
) -> Result<bool, Refusal> {
    match notes.once(&once.tenant, &once.key, ask.now).await? {
        None => Ok(false),
        Some(noted) if noted.request == once.note.request => Ok(true),
        Some(_) => Err(refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "This Idempotency-Key was another request's. Take a new one.",
        )),
    }
}
