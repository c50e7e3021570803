//! What a request asked of other services, for its log line and its metrics.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A service that a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Where tenants, clients, users and grants are kept.
    DynamoDb,
    /// Where tokens are signed.
    Kms,
}

/// One call, with all its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackendCall {
    /// Of which service.
    pub backend: Backend,
    /// How often it was tried; one where nothing went wrong.
    pub attempts: u32,
    /// From the first attempt to the last answer.
    pub took: Duration,
}

/// Collects the calls of one request at a time, which is all that a Lambda environment is given. Clones collect together.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<Vec<BackendCall>>>);

impl Meter {
    /// Notes a call that has ended, well or badly.
    pub fn note(&self, call: BackendCall) {
        self.calls().push(call);
    }

    /// What was noted since the last time.
    pub fn take(&self) -> Vec<BackendCall> {
        std::mem::take(&mut *self.calls())
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, Vec<BackendCall>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
