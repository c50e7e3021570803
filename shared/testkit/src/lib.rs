//! What tests stand on: repositories in memory, a clock and randomness that do as they are told, a signer with a
//! key of its own, fixtures, and the contract that memory and DynamoDB both keep. Nothing shipped links this.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should say so at once"
)]

pub mod clock;
pub mod contract;
pub mod contract_admin;
pub mod contract_keys;
pub mod contract_users;
pub mod fixtures;
pub mod memory;
mod memory_admin;
pub mod random;
pub mod signer;
