//! Users that move in.

mod entry;
pub mod formats;
