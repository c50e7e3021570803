//! The management API.

mod access;
mod api_members;
mod keys;
mod requests;
mod things;
mod users;
