//! Clients that register themselves: RFC 7591, and RFC 7592 for what they registered. Pure, as `latchkey_oauth` is.
//!
//! [`metadata`] reads what a client says of itself and holds it against what its tenant allows; [`answer`] is what it is
//! told; [`endpoint`] does it.

pub mod answer;
pub mod endpoint;
pub mod metadata;
