//! The kinds of things that are managed: how one is read, written, described, and told.

pub mod api;
pub mod client;
pub mod tenant;
pub mod user;

use std::future::Future;

use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::store::{Condition, Page, Part, Version, Versioned};
use latchkey_registry::fault::Faults;
use secrecy::SecretString;
use serde_json::{Map, Value as Json};

use crate::ask::Ask;
use crate::problem::{Refusal, invalid_fields};

/// One kind of thing, kept by `S`.
pub trait Kind<S> {
    /// A thing of it.
    type Value: Send + Sync;
    /// What one is called.
    const NAME: &'static str;
    /// What the list of them is called, in paths and answers.
    const LIST: &'static str;
    /// The member that identifies one.
    const ID: &'static str;
    /// What a write of one is to an auditor.
    const WRITTEN: AuditEvent;
    /// What a deletion of one is to an auditor.
    const DELETED: AuditEvent;

    /// What identifies a thing.
    fn id(value: &Self::Value) -> &str;

    /// What the log calls it. A user's name has no place there.
    fn logged(value: &Self::Value) -> String;

    /// Refuses whoever has less than a thing that they would change.
    fn ensure_may(_ask: &Ask<'_>, _value: &Self::Value) -> Result<(), Refusal> {
        Ok(())
    }

    /// The thing in its own fields, as it may be written back.
    fn document(value: &Self::Value) -> Map<String, Json>;

    /// A thing as it is now; `None` too for what cannot be the identifier of one.
    fn read(
        server: &S,
        ask: &Ask<'_>,
        id: &str,
    ) -> impl Future<Output = Result<Option<Versioned<Self::Value>>, Refusal>> + Send;

    /// Some of them.
    fn page(
        server: &S,
        ask: &Ask<'_>,
        part: Part<'_>,
    ) -> impl Future<Output = Result<Page<Versioned<Self::Value>>, Refusal>> + Send;

    /// A thing as it is described, over what was there before.
    fn describe(
        server: &S,
        ask: &Ask<'_>,
        document: Map<String, Json>,
        old: Option<&Self::Value>,
    ) -> impl Future<Output = Result<Described<Self::Value>, Refusal>> + Send;

    /// Writes a thing.
    fn put(
        server: &S,
        ask: &Ask<'_>,
        value: &Self::Value,
        condition: Condition<'_>,
    ) -> impl Future<Output = Result<Option<Version>, Refusal>> + Send;

    /// Deletes a thing; `false` where it has changed.
    fn delete(
        server: &S,
        ask: &Ask<'_>,
        value: &Versioned<Self::Value>,
    ) -> impl Future<Output = Result<bool, Refusal>> + Send;
}

/// A thing that was described.
pub struct Described<V> {
    /// It.
    pub value: V,
    /// A secret that was made up for it, to be shown once: the member, and what it says.
    pub shown: Option<(&'static str, SecretString)>,
}

impl<V> Described<V> {
    /// One without secrets.
    pub const fn plain(value: V) -> Self {
        Self { value, shown: None }
    }
}

/// Reads what a document describes, or tells every fault in it.
pub fn read<T>(read: impl FnOnce(&Faults) -> Option<T>) -> Result<T, Refusal> {
    let faults = Faults::default();
    let value = read(&faults);
    let value = faults.or("", || value).map_err(invalid_fields)?;
    // Whoever reads nothing has said why.
    value.ok_or_else(|| crate::problem::bad_request("The body describes nothing."))
}
