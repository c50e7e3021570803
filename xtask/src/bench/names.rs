//! Who asks, and as whom.

pub const CLIENT: &str = "bench";
pub const SECRET: &str = "bench-client-secret";
pub const USER: &str = "bench";
pub const PASSWORD: &str = "correct horse battery staple";
pub const TENANT: &str = "default";
