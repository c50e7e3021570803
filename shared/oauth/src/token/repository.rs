//! What the store keeps of tokens: whether one still counts, families, revocations.

use std::future::Future;

use super::access_token::AccessTokenClaims;
use super::family::{Family, NextToken};
use super::opaque::{OpaqueToken, OpaqueTokenHash, StoredAccessToken};
use super::refresh_token::{FamilyId, RefreshToken, RefreshTokenHash};
use crate::client::ClientId;
use crate::store::{Page, Part, StoreError};
use crate::tenant::TenantId;
use crate::time::Timestamp;
use crate::user::{Generation, SubjectKey, SubjectState, UserProfile};

/// What is to be read for a token.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenKeys<'a> {
    /// The access token itself, if it is a JWT.
    pub jti: Option<&'a str>,
    /// The access token itself, if it is opaque.
    pub opaque: Option<&'a OpaqueTokenHash>,
    /// The family it belongs to.
    pub family: Option<&'a FamilyId>,
    /// The user it speaks for.
    pub subject: Option<SubjectKey>,
    /// Whether the user's claims are wanted as well.
    pub profile: bool,
}

impl<'a> TokenKeys<'a> {
    /// A family and its user: all that a refresh token hangs on.
    pub const fn of_family(family: &'a FamilyId) -> Self {
        Self {
            jti: None,
            opaque: None,
            family: Some(family),
            subject: Some(family.subject()),
            profile: false,
        }
    }

    /// A JWT that was found good: what can have ended it since.
    pub fn of_access_token(tenant: &TenantId, claims: &'a AccessTokenClaims) -> Self {
        let of_a_user = claims.generation;
        Self {
            jti: Some(&claims.jti),
            opaque: None,
            family: claims.family.as_ref(),
            subject: of_a_user.map(|_| SubjectKey::of(tenant, &claims.sub)),
            profile: false,
        }
    }

    /// An opaque access token, and what can have ended it.
    pub const fn of_opaque(hash: &'a OpaqueTokenHash, token: &'a OpaqueToken) -> Self {
        Self {
            jti: None,
            opaque: Some(hash),
            family: token.family(),
            subject: Some(token.subject()),
            profile: false,
        }
    }

    /// The same with the user's claims.
    #[must_use]
    pub const fn with_profile(mut self) -> Self {
        self.profile = true;
        self
    }
}

/// What was found for a token.
#[derive(Debug, Clone, Default)]
pub struct TokenState {
    /// Whether the access token was revoked by itself.
    pub revoked: bool,
    /// The access token, if it is opaque, and was neither revoked nor forgotten.
    pub opaque: Option<StoredAccessToken>,
    /// Its family.
    pub family: Option<Family>,
    /// The user's state.
    pub subject: Option<SubjectState>,
    /// The user's claims.
    pub profile: Option<UserProfile>,
}

impl TokenState {
    /// Why a token with these ties counts no more; `None` if it does.
    pub fn ended(
        &self,
        family: Option<&FamilyId>,
        generation: Option<Generation>,
    ) -> Option<&'static str> {
        if self.revoked {
            return Some("token_revoked");
        }
        if family.is_some() {
            match &self.family {
                None => return Some("family_gone"),
                Some(family) if family.revoked_at.is_some() => return Some("family_revoked"),
                Some(_) => {}
            }
        }
        match (generation, &self.subject) {
            (None, _) => None,
            (Some(_), None) => Some("user_gone"),
            (Some(generation), Some(state)) => (!state.honours(generation)).then_some("user_ended"),
        }
    }
}

/// Where the state of tokens is kept.
pub trait TokenStateRepository: Send + Sync {
    /// Everything the keys name, in one read. It is never older than the last write that was answered.
    fn token_state(
        &self,
        tenant: &TenantId,
        keys: &TokenKeys<'_>,
    ) -> impl Future<Output = Result<TokenState, StoreError>> + Send;
}

/// A rotation that did not happen.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// Somebody was faster, or the family was revoked; this is how it stands now.
    #[error("the token is no longer the family's current one")]
    AlreadyUsed(Box<Family>),
    /// There is no such family.
    #[error("there is no such family")]
    NotFound,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where families are kept.
pub trait RefreshTokenRepository: TokenStateRepository {
    /// Writes a new family; nothing where it is there already, as when the same write was sent twice.
    fn insert(
        &self,
        tenant: &TenantId,
        family: &Family,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes an opaque access token; nothing where it is there already.
    fn insert_access_token(
        &self,
        tenant: &TenantId,
        hash: &OpaqueTokenHash,
        token: &StoredAccessToken,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Exchanges the living token `old` for its successor, in one conditional write: of any number of
    /// parallel exchanges exactly one succeeds, and none on a revoked family.
    fn rotate(
        &self,
        tenant: &TenantId,
        family: &FamilyId,
        old: &RefreshTokenHash,
        next: &NextToken,
    ) -> impl Future<Output = Result<(), RotateError>> + Send;

    /// Ends a family and its access tokens, because a token of it was used twice.
    fn kill_family(
        &self,
        tenant: &TenantId,
        family: &FamilyId,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Where revocations are kept.
pub trait RevocationRepository: Send + Sync {
    /// Ends one access token. The store may forget it at `until`, when the token has ended by itself.
    fn revoke_access_token(
        &self,
        tenant: &TenantId,
        jti: &str,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends an opaque access token, if it is `client`'s, or anybody's where none is named; changes nothing otherwise, and
    /// answers `false`.
    fn revoke_opaque(
        &self,
        tenant: &TenantId,
        hash: &OpaqueTokenHash,
        client: Option<&ClientId>,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends a family and its access tokens, if the token presented is of its lineage and `client` is its
    /// client; changes nothing otherwise, and answers `false`.
    fn revoke_family(
        &self,
        tenant: &TenantId,
        token: &RefreshToken,
        client: &ClientId,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Families as an operator sees them.
pub trait FamilyAdmin: Send + Sync {
    /// Some of a subject's living families, by number.
    fn families_page(
        &self,
        tenant: &TenantId,
        subject: SubjectKey,
        part: Part<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Page<Family>, StoreError>> + Send;

    /// Ends a family and its access tokens; `false` where there is none that lives.
    fn end_family(
        &self,
        tenant: &TenantId,
        family: &FamilyId,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
