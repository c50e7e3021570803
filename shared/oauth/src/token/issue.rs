//! The only place that mints. Mint, then persist, then answer: a signer that fails never burns a token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Serialize, Serializer};

use super::Audience;
use super::access_token::{AccessTokenClaims, MintedClaims};
use super::algorithm::Algorithm;
use super::family::{Family, FamilyUser, NextToken, Recognised, Rotation};
use super::id_token::{IdTokenClaims, at_hash};
use super::jwk::RingKey;
use super::jws::{JwsSigner, TokenType, encode};
use super::opaque::{AccessTokenFormat, OpaqueToken, StoredAccessToken};
use super::refresh_token::{FamilyId, RefreshToken};
use super::repository::{RefreshTokenRepository, RotateError, TokenKeys};
use crate::audit::AuditEvent;
use crate::authorization::{Authorization, Refresh, UserAuthentication};
use crate::certificate::Confirmation;
use crate::claims;
use crate::client_auth::AuthenticatedClient;
use crate::error::{ErrorCode, OAuthError};
use crate::issuer::Issuer;
use crate::policy::{Policy, Whose};
use crate::random::Random;
use crate::scope::{OPENID, Scope};
use crate::store::StoreError;
use crate::tenant::{Lifetimes, Tenant};
use crate::time::Timestamp;
use crate::user::SubjectKey;

/// The answer of the token endpoint: RFC 6749 section 5.1, OIDC Core section 3.1.3.3.
#[derive(Debug, Serialize)]
pub struct TokenResponse {
    #[serde(serialize_with = "expose")]
    access_token: SecretString,
    token_type: &'static str,
    expires_in: u64,
    #[serde(
        serialize_with = "expose_some",
        skip_serializing_if = "Option::is_none"
    )]
    refresh_token: Option<SecretString>,
    #[serde(
        serialize_with = "expose_some",
        skip_serializing_if = "Option::is_none"
    )]
    id_token: Option<SecretString>,
    // RFC 6749 section 3.3: a scope has at least one token, so an empty one is not told.
    #[serde(skip_serializing_if = "Scope::is_empty")]
    scope: Scope,
}

fn expose<S: Serializer>(token: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose_secret())
}

fn expose_some<S: Serializer>(
    token: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match token {
        Some(token) => serializer.serialize_some(token.expose_secret()),
        None => serializer.serialize_none(),
    }
}

/// What issuing works with.
#[derive(Debug)]
pub struct Mint<'a, G, S> {
    /// Where families are kept.
    pub grants: &'a G,
    /// Who signs.
    pub signer: &'a S,
    /// Where secrets come from.
    pub random: &'a dyn Random,
    /// For which tenant.
    pub tenant: &'a Tenant,
    /// As which issuer.
    pub issuer: &'a Issuer,
    /// To which client.
    pub client: &'a AuthenticatedClient,
    /// What its access tokens are bound to.
    pub confirmation: Option<Confirmation>,
    /// When.
    pub now: Timestamp,
}

/// What is to be written once everything is signed.
enum Write {
    Nothing,
    Insert(Box<Family>),
    Rotate {
        family: Box<Family>,
        presented: RefreshToken,
        next: NextToken,
    },
}

impl<G: RefreshTokenRepository, S: JwsSigner> Mint<'_, G, S> {
    /// Turns a decision into tokens.
    ///
    /// # Errors
    /// `temporarily_unavailable` or `server_error` when signing or writing fails, with nothing changed;
    /// `invalid_grant` when somebody else used the same refresh token in between.
    pub async fn issue(&self, authorization: Authorization) -> Result<TokenResponse, OAuthError> {
        let policy = Policy {
            client: self.client,
            apis: &authorization.target.apis,
            tenant: &self.tenant.settings,
        };
        let lifetimes = policy.lifetimes(match authorization.user {
            Some(_) => Whose::User,
            None => Whose::Client,
        });
        let (refresh_token, write) = self.prepare_refresh(&authorization, &lifetimes)?;
        let family = match &authorization.refresh {
            Refresh::Nothing | Refresh::Begin => refresh_token.as_ref().map(|it| *it.family()),
            Refresh::Rotate { family, .. } | Refresh::Repeat { family, .. } => Some(family.id),
        };

        let claims = self.access_token_claims(&authorization, family, &policy, &lifetimes)?;
        let (access_token, opaque) = match policy.access_token_format() {
            AccessTokenFormat::Jwt => {
                let key = self.key(self.tenant.settings.signing_algorithm)?;
                let signed = encode(self.signer, key, TokenType::AccessToken, &claims);
                (SecretString::from(signed.await?), None)
            }
            AccessTokenFormat::Opaque => {
                let (token, kept) = self.opaque(&claims, family)?;
                (token.expose(), Some((token.hash(), kept)))
            }
        };
        // at_hash covers the access token's signature, so the two cannot be signed side by side.
        let id_token = match &authorization.user {
            Some(user) if authorization.target.scope.contains(OPENID) => {
                let key = self.key(policy.id_token_algorithm())?;
                let claims = self.id_token_claims(
                    key,
                    &authorization,
                    user,
                    family,
                    &lifetimes,
                    access_token.expose_secret(),
                );
                let signed = encode(self.signer, key, TokenType::IdToken, &claims).await?;
                Some(SecretString::from(signed))
            }
            Some(_) | None => None,
        };
        // First, so that a refresh token is never given up for an access token that is not there.
        if let Some((hash, kept)) = &opaque {
            let tenant = &self.tenant.id;
            self.grants.insert_access_token(tenant, hash, kept).await?;
        }
        let refresh_token = match self.persist(write).await? {
            Some(theirs) => Some(theirs),
            None => refresh_token,
        };
        Ok(TokenResponse {
            access_token,
            token_type: "Bearer",
            expires_in: lifetimes.access_token.0,
            refresh_token: refresh_token.map(|token| token.expose()),
            id_token,
            scope: authorization.target.scope,
        })
    }

    fn key(&self, algorithm: Option<Algorithm>) -> Result<&RingKey, OAuthError> {
        let key = self.tenant.keys.signing_key(algorithm, self.now);
        key.ok_or(OAuthError::new(
            ErrorCode::ServerError,
            "tenant_has_no_signing_key",
        ))
    }

    fn access_token_claims(
        &self,
        authorization: &Authorization,
        family: Option<FamilyId>,
        policy: &Policy<'_>,
        lifetimes: &Lifetimes,
    ) -> Result<MintedClaims, OAuthError> {
        let jti: [u8; 16] = crate::random::bytes(self.random)?;
        let user = authorization.user.as_ref();
        let claims = AccessTokenClaims {
            iss: self.issuer.as_str().to_owned(),
            sub: authorization.subject.clone(),
            aud: Audience(authorization.target.audience.clone()),
            exp: self.now.plus(lifetimes.access_token),
            iat: self.now,
            nbf: self.now,
            jti: URL_SAFE_NO_PAD.encode(jti),
            client_id: self.client.client_id.clone(),
            scope: authorization.target.scope.clone(),
            auth_time: user.map(|user| user.auth_time),
            acr: authorization.acr.clone(),
            amr: user.map(|user| user.amr.clone()).unwrap_or_default(),
            cnf: self.confirmation,
            family,
            generation: user.map(|user| user.generation),
        };
        let profile = user.and_then(|user| user.profile.as_ref());
        Ok(MintedClaims {
            claims,
            custom: policy.claims(profile),
        })
    }

    /// A token that names its claims, and the claims as they are kept.
    fn opaque(
        &self,
        claims: &MintedClaims,
        family: Option<FamilyId>,
    ) -> Result<(OpaqueToken, StoredAccessToken), OAuthError> {
        let subject = SubjectKey::of(&self.tenant.id, &claims.claims.sub);
        let token = OpaqueToken::new(subject, family, self.random)?;
        let text = serde_json::to_string(claims).map_err(|error| {
            OAuthError::new(ErrorCode::ServerError, "claims_not_serialised").because(error)
        })?;
        let kept = StoredAccessToken {
            client_id: self.client.client_id.clone(),
            claims: text,
            until: claims.claims.exp,
            revoked_at: None,
        };
        Ok((token, kept))
    }

    fn id_token_claims(
        &self,
        key: &RingKey,
        authorization: &Authorization,
        user: &UserAuthentication,
        family: Option<FamilyId>,
        lifetimes: &Lifetimes,
        access_token: &str,
    ) -> IdTokenClaims {
        let profile = user.profile.as_ref();
        let own = &self.tenant.settings.claim_scopes;
        IdTokenClaims {
            iss: self.issuer.as_str().to_owned(),
            sub: authorization.subject.clone(),
            aud: self.client.client_id.clone(),
            exp: self.now.plus(lifetimes.id_token),
            iat: self.now,
            auth_time: user.auth_time,
            acr: authorization.acr.clone(),
            amr: user.amr.clone(),
            at_hash: Some(at_hash(access_token, key.alg)),
            family,
            generation: user.generation,
            claims: profile
                .map(|profile| claims::granted(profile, &authorization.target.scope, own))
                .unwrap_or_default(),
        }
    }

    fn prepare_refresh(
        &self,
        authorization: &Authorization,
        lifetimes: &Lifetimes,
    ) -> Result<(Option<RefreshToken>, Write), OAuthError> {
        match &authorization.refresh {
            Refresh::Nothing => Ok((None, Write::Nothing)),
            Refresh::Begin => {
                let (token, family) = self.begin_family(authorization, lifetimes)?;
                Ok((Some(token), Write::Insert(Box::new(family))))
            }
            Refresh::Rotate { family, presented } => {
                let (token, next) = self.next_token(family, presented, lifetimes)?;
                let write = Write::Rotate {
                    family: family.clone(),
                    presented: presented.clone(),
                    next,
                };
                Ok((Some(token), write))
            }
            Refresh::Repeat { successor, .. } => Ok((Some(successor.clone()), Write::Nothing)),
        }
    }

    fn begin_family(
        &self,
        authorization: &Authorization,
        lifetimes: &Lifetimes,
    ) -> Result<(RefreshToken, Family), OAuthError> {
        let subject = SubjectKey::of(&self.tenant.id, &authorization.subject);
        let id = FamilyId::begin(subject, self.random)?;
        let token = RefreshToken::begin(id, self.random)?;
        let family_expires_at = self.now.plus(lifetimes.refresh_token_family);
        let token_expires_at = self.token_expires_at(family_expires_at, lifetimes);
        let family = Family {
            id,
            issuer: self.issuer.as_str().into(),
            client_id: self.client.client_id.clone(),
            subject: authorization.subject.clone(),
            user: authorization.user.as_ref().map(|user| FamilyUser {
                username: user.username.clone(),
                auth_time: user.auth_time,
                acr: authorization.acr.clone(),
                amr: user.amr.clone(),
                generation: user.generation,
            }),
            scope: authorization.target.scope.clone(),
            resources: authorization.target.resources.clone(),
            created_at: self.now,
            family_expires_at,
            token_expires_at,
            keep_until: self.keep_until(token_expires_at, lifetimes),
            lineage: token.lineage_hash(),
            current: token.hash(),
            previous: None,
            revoked_at: None,
        };
        Ok((token, family))
    }

    fn next_token(
        &self,
        family: &Family,
        presented: &RefreshToken,
        lifetimes: &Lifetimes,
    ) -> Result<(RefreshToken, NextToken), OAuthError> {
        let token = presented.successor(self.random)?;
        let may_retry = self.client.refresh_token_retry_window.0 > 0;
        let sealed_successor = may_retry
            .then(|| presented.seal(&token, self.random))
            .transpose()?;
        let token_expires_at = self.token_expires_at(family.family_expires_at, lifetimes);
        let next = NextToken {
            hash: token.hash(),
            token_expires_at,
            keep_until: self
                .keep_until(token_expires_at, lifetimes)
                .max(family.keep_until),
            previous: Rotation {
                hash: presented.hash(),
                rotated_at: self.now,
                sealed_successor,
            },
        };
        Ok((token, next))
    }

    fn token_expires_at(&self, family_expires_at: Timestamp, lifetimes: &Lifetimes) -> Timestamp {
        family_expires_at.min(self.now.plus(lifetimes.refresh_token))
    }

    /// Access tokens of a family are checked against its item, so it must outlive them.
    fn keep_until(&self, token_expires_at: Timestamp, lifetimes: &Lifetimes) -> Timestamp {
        let longest = lifetimes.access_token.max(lifetimes.id_token);
        // A repeated refresh mints once more, until the retry window is over.
        let last_minted = self.now.plus(self.client.refresh_token_retry_window);
        token_expires_at.max(last_minted.plus(longest))
    }

    /// Writes. Answers with another token than the prepared one where a parallel request with the same
    /// token was faster and the client may retry: its successor is the family's only one.
    async fn persist(&self, write: Write) -> Result<Option<RefreshToken>, OAuthError> {
        match write {
            Write::Nothing => Ok(None),
            Write::Insert(family) => {
                self.grants.insert(&self.tenant.id, &family).await?;
                Ok(None)
            }
            Write::Rotate {
                family,
                presented,
                next,
            } => {
                let rotated = self
                    .grants
                    .rotate(&self.tenant.id, &family.id, &presented.hash(), &next)
                    .await;
                match rotated {
                    Ok(()) => Ok(None),
                    // Our own write, whose answer was lost and which was sent again.
                    Err(RotateError::AlreadyUsed(family)) if family.current == next.hash => {
                        Ok(None)
                    }
                    Err(RotateError::AlreadyUsed(family)) => {
                        self.lost_the_race(&family, &presented).await.map(Some)
                    }
                    Err(RotateError::NotFound) => Err(refusal("refresh_token_gone")),
                    Err(RotateError::Store(error)) => {
                        self.written_all_the_same(&family.id, &next, error).await?;
                        Ok(None)
                    }
                }
            }
        }
    }

    /// A store that did not answer may have written. Then the token presented is used up, and a client without a
    /// retry window that is told to come again would lose its family by doing so: one more read tells.
    async fn written_all_the_same(
        &self,
        family: &FamilyId,
        next: &NextToken,
        error: StoreError,
    ) -> Result<(), OAuthError> {
        if matches!(error, StoreError::Unavailable(_)) {
            let keys = TokenKeys::of_family(family);
            let found = self.grants.token_state(&self.tenant.id, &keys).await?;
            if found.family.is_some_and(|it| it.current == next.hash) {
                return Ok(());
            }
        }
        Err(error.into())
    }

    async fn lost_the_race(
        &self,
        family: &Family,
        presented: &RefreshToken,
    ) -> Result<RefreshToken, OAuthError> {
        if family.revoked_at.is_some() {
            return Err(refusal("refresh_token_revoked"));
        }
        let window = self.client.refresh_token_retry_window;
        match family.recognise(presented, window, self.now) {
            Recognised::Repeated(successor) => Ok(successor),
            Recognised::Current | Recognised::Superseded => {
                let killed = self
                    .grants
                    .kill_family(&self.tenant.id, &family.id, self.now)
                    .await;
                let reused = match killed {
                    Ok(()) => refusal("refresh_token_reused"),
                    Err(error) => error.into(),
                };
                Err(reused
                    .audited(AuditEvent::RefreshTokenReused)
                    .about(&family.subject))
            }
        }
    }
}

const fn refusal(reason: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, reason).audited(AuditEvent::RefreshRefused)
}
