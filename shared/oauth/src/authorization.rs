//! What a grant decides: a value. Only [`crate::token::issue`] turns it into tokens.

use crate::target::Target;
use crate::time::Timestamp;
use crate::token::family::Family;
use crate::token::refresh_token::RefreshToken;
use crate::user::{Generation, Subject, UserProfile, Username};

/// A decision that tokens may be issued.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// Whom the tokens speak for.
    pub subject: Subject,
    /// Whom the access token is for, and the APIs among them.
    pub target: Target,
    /// How well whoever it is has authenticated (`acr`, OIDC Core section 2), where the tenant has a word for it.
    pub acr: Option<String>,
    /// The user's part in it; `None` for a client acting for itself.
    pub user: Option<UserAuthentication>,
    /// What becomes of the refresh token.
    pub refresh: Refresh,
}

/// How and when a user authenticated.
#[derive(Debug, Clone)]
pub struct UserAuthentication {
    /// The name they signed in with.
    pub username: Username,
    /// When (OIDC Core section 2, `auth_time`).
    pub auth_time: Timestamp,
    /// By what means (`amr`, RFC 8176).
    pub amr: Vec<String>,
    /// The generation their tokens belong to.
    pub generation: Generation,
    /// Their claims, as they stand now.
    pub profile: Option<UserProfile>,
}

/// What becomes of the refresh token.
#[derive(Debug, Clone)]
pub enum Refresh {
    /// None is issued.
    Nothing,
    /// A family begins.
    Begin,
    /// The presented token is exchanged for its successor.
    Rotate {
        /// The family as it was read.
        family: Box<Family>,
        /// The token presented.
        presented: RefreshToken,
    },
    /// The presented token was exchanged a moment ago and gets the same successor again.
    Repeat {
        /// The family as it was read.
        family: Box<Family>,
        /// The successor it got the first time.
        successor: RefreshToken,
    },
}
