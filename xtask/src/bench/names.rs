//! Who asks, and as whom.

pub const CLIENT: &str = "bench";
/// As the first, and the API is assigned to it.
pub const API_CLIENT: &str = "bench-api";
/// As the first, with opaque access tokens.
pub const OPAQUE_CLIENT: &str = "bench-opaque";
/// The API's resource server, in the audience of its tokens.
pub const RESOURCE_SERVER: &str = "bench-orders";
/// An operator's, for the management API.
pub const OPERATOR: &str = "bench-operator";
pub const SECRET: &str = "bench-client-secret";
pub const API: &str = "https://orders.example.com";
pub const USER: &str = "bench";
/// Whose password changes: nobody else signs in as them.
pub const CHANGING_USER: &str = "bench-changing";
pub const PASSWORD: &str = "correct horse battery staple";
pub const OTHER_PASSWORD: &str = "another horse battery staple";
pub const TENANT: &str = "default";
