//! Where a panic happened, for the log. What it said could hold anything, so nobody is told that.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// From here on a panic's place is noted, and printed for those that no request tells of; what it said is not.
pub fn note_where() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let shown = place.as_deref().unwrap_or("a place that is not known");
        let _ = writeln!(std::io::stderr(), "panic at {shown}");
        *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }));
}

/// File and line of the last panic, once.
pub fn take_where() -> Option<String> {
    PLACE.lock().unwrap_or_else(PoisonError::into_inner).take()
}
