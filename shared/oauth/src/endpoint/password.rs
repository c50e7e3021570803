//! Users set a password of their own: with the one they have, or with a reset token that an operator gave them.
//!
//! No RFC says how, so it is done as at the token endpoint: a form, sent by a client that may use the password grant and so is
//! told passwords anyway. What guesses cost there they cost here, by the same counters.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::Call;
use super::token::TokenEndpoint;
use crate::audit::AuditEvent;
use crate::client_auth::AuthenticatedClient;
use crate::error::{ErrorCode, OAuthError};
use crate::form::Form;
use crate::grant_type::GrantType;
use crate::http::empty;
use crate::login::LoginRepository;
use crate::password::Password;
use crate::password_policy::WeakPassword;
use crate::secret_token::{Purpose, SecretToken};
use crate::sign_in::SignIn;
use crate::user::{Credentials, Username};

/// What a user proves who they are with.
enum Proof {
    /// The password they have.
    Password(Password),
    /// A reset token; `None` for text that no reset token can be.
    Reset(Option<SecretToken>),
}

impl Proof {
    fn read(form: &Form) -> Result<Self, OAuthError> {
        match (form.get("password"), form.get("reset_token")) {
            (Some(_), None) => form.parsed("password", Password::parse).map(Self::Password),
            (None, Some(text)) => Ok(Self::Reset(SecretToken::parse(
                Purpose::PasswordReset,
                text,
            ))),
            (None, None) | (Some(_), Some(_)) => Err(OAuthError::invalid_request(
                "not_one_proof",
                "Give either password or reset_token.",
            )),
        }
    }
}

impl<R, U: LoginRepository, G, S> TokenEndpoint<R, U, G, S> {
    pub(super) async fn set_password(
        &self,
        call: &mut Call<'_>,
        form: &Form,
        client: &AuthenticatedClient,
    ) -> Result<Response<Bytes>, OAuthError> {
        if !client.may_use(GrantType::Password) {
            return Err(OAuthError::new(
                ErrorCode::UnauthorizedClient,
                "grant_not_allowed",
            ));
        }
        let username = form.parsed("username", Username::parse)?;
        let proof = Proof::read(form)?;
        let new = form.parsed("new_password", Password::parse)?;
        // Before anything is read or counted: a password that is not taken is no attempt.
        let policy = &call.tenant.settings.password_policy;
        policy.check(&new, &username).map_err(weak)?;

        let tenant = std::sync::Arc::clone(&call.tenant);
        let source = call.source.clone();
        let sign_in = SignIn {
            users: &self.users,
            hashing: &self.hashing,
            tenant: &tenant,
            source: &source,
            now: call.now,
        };
        let (credentials, done) = match proof {
            Proof::Password(old) if old.is(&new) => return Err(weak(WeakPassword::IsOld)),
            Proof::Password(old) => {
                let signed_in = sign_in.check(&username, &old).await?;
                (signed_in.credentials, AuditEvent::PasswordChanged)
            }
            Proof::Reset(token) => {
                let credentials = redeemable(&sign_in, &username, token.as_ref()).await?;
                (credentials, AuditEvent::PasswordReset)
            }
        };
        let mut changed = credentials.clone();
        let hash = self.hashing.hash(&new, &*self.random)?;
        changed.set_password(hash, &*self.random)?;
        changed.own_password = true;
        let set = self
            .users
            .set_password(&tenant.id, &username, &credentials, &changed);
        if !set.await? {
            // The proof is not one any more.
            return Err(refusal("changed_meanwhile").about(&credentials.subject));
        }
        call.log.subject = Some(credentials.subject.to_string());
        call.log.event = Some(done);
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

/// The credentials that a reset token counts for. It is 256 bits long, so nobody counts who guesses at it; who has it has
/// proved who they are, and is not kept waiting for failures before.
async fn redeemable<U: LoginRepository>(
    sign_in: &SignIn<'_, U>,
    username: &Username,
    token: Option<&SecretToken>,
) -> Result<Credentials, OAuthError> {
    let token = token.ok_or_else(|| refusal("malformed_reset_token"))?;
    let login = sign_in
        .users
        .find_login(&sign_in.tenant.id, username, sign_in.source)
        .await?;
    let Some(known) = login.credentials.as_ref() else {
        return Err(refusal("unknown_user"));
    };
    let refused = |reason| refusal(reason).about(&known.subject);
    if known.disabled {
        return Err(refused("user_disabled"));
    }
    if !known.reset.is_some_and(|it| it.is_by(token, sign_in.now)) {
        return Err(refused("not_the_users_reset_token"));
    }
    sign_in.forgive(username, &login).await?;
    Ok(known.clone())
}

const fn refusal(reason: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, reason).audited(AuditEvent::PasswordRefused)
}

fn weak(error: WeakPassword) -> OAuthError {
    OAuthError::described(
        ErrorCode::WeakPassword,
        "weak_password",
        format!("The new password is not taken: {error}."),
    )
}
