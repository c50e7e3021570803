//! Where a panic happened, for the log. What it said could hold anything, so nobody is told that.

use std::sync::{Mutex, PoisonError};

static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// From here on a panic is noted, and nothing of it is printed.
pub fn note_where() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }));
}

/// File and line of the last panic, once.
pub fn take_where() -> Option<String> {
    PLACE.lock().unwrap_or_else(PoisonError::into_inner).take()
}
