//! Families of refresh tokens, as they are kept: one item, however often it is refreshed.

use serde::{Deserialize, Serialize};

use super::refresh_token::{FamilyId, RefreshToken, RefreshTokenHash};
use crate::client::ClientId;
use crate::hash::Sha256Hash;
use crate::scope::Scope;
use crate::time::{Seconds, Timestamp};
use crate::user::{Generation, Subject, Username};

/// How and when the user of a family authenticated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyUser {
    /// The name they signed in with.
    pub username: Username,
    /// When.
    pub auth_time: Timestamp,
    /// How well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// By what means.
    #[serde(default)]
    pub amr: Vec<String>,
    /// The generation of the user's tokens it ends with.
    pub generation: Generation,
}

/// The last exchange of a family's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The token that was given up.
    pub hash: RefreshTokenHash,
    /// When. The retry window is counted from here and never slides.
    pub rotated_at: Timestamp,
    /// Its successor, sealed under it, where the client has a retry window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_successor: Option<String>,
}

/// A family of refresh tokens: one item, however often it is refreshed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// What finds it.
    #[serde(rename = "family")]
    pub id: FamilyId,
    /// The issuer that issued it: of another one its ID tokens would be another's (OIDC Core section 12.2).
    #[serde(rename = "iss")]
    pub issuer: Box<str>,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// Whom its tokens speak for.
    #[serde(rename = "sub")]
    pub subject: Subject,
    /// The user's part in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<FamilyUser>,
    /// The scope originally granted.
    pub scope: Scope,
    /// The resources originally granted, by their identifiers. What an API's tokens say in `aud` is asked anew at each
    /// refresh.
    pub resources: Vec<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends, however often it is refreshed.
    pub family_expires_at: Timestamp,
    /// When its current token ends.
    pub token_expires_at: Timestamp,
    /// When the last access token of it has ended too, and the store may forget it.
    pub keep_until: Timestamp,
    /// What all its tokens have in common, hashed.
    pub lineage: Sha256Hash,
    /// Its one living token.
    pub current: RefreshTokenHash,
    /// The exchange that made the current token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Rotation>,
    /// When it was revoked, by its client or because a token was used twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// What a presented token is to its family.
#[derive(Debug)]
pub enum Recognised {
    /// Its one living token.
    Current,
    /// The one before, still within the retry window: here is the same successor again.
    Repeated(RefreshToken),
    /// One that was given up: somebody holds a copy.
    Superseded,
}

impl Family {
    /// Whether a token of it may still be refreshed.
    pub fn lives(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.family_expires_at && now < self.token_expires_at
    }

    /// Whether a token was made by this family at all, at any time.
    pub fn is_lineage_of(&self, token: &RefreshToken) -> bool {
        self.lineage.ct_eq(&token.lineage_hash())
    }

    /// What a token of the lineage is now.
    pub fn recognise(&self, token: &RefreshToken, window: Seconds, now: Timestamp) -> Recognised {
        let hash = token.hash();
        if self.current.ct_eq(&hash) {
            return Recognised::Current;
        }
        let repeated = self
            .previous
            .as_ref()
            .filter(|last| last.hash.ct_eq(&hash) && now < last.rotated_at.plus(window))
            .and_then(|last| token.open(last.sealed_successor.as_deref()?))
            // The successor it got must still be the living one: a family never forks.
            .filter(|successor| successor.hash() == self.current);
        match repeated {
            Some(successor) => Recognised::Repeated(successor),
            None => Recognised::Superseded,
        }
    }
}

/// What a rotation writes.
#[derive(Debug, Clone)]
pub struct NextToken {
    /// The successor.
    pub hash: RefreshTokenHash,
    /// When it ends.
    pub token_expires_at: Timestamp,
    /// When the store may forget the family.
    pub keep_until: Timestamp,
    /// The exchange.
    pub previous: Rotation,
}
