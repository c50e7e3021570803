//! A signed UserInfo answer: OIDC Core section 5.3.2.

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::jws::{JwsSigner, TokenType, encode};
use crate::client::ClientId;
use crate::error::{ErrorCode, OAuthError};
use crate::issuer::Issuer;
use crate::tenant::Tenant;
use crate::time::Timestamp;

/// Signs claims for a client: "If signed, the UserInfo Response MUST contain the Claims iss (issuer) and aud (audience) as
/// members".
///
/// # Errors
/// `temporarily_unavailable` or `server_error` when signing fails, or no key of that algorithm signs.
pub async fn sign<S: JwsSigner>(
    signer: &S,
    tenant: &Tenant,
    algorithm: Algorithm,
    (issuer, audience): (&Issuer, &ClientId),
    mut claims: Map<String, Value>,
    now: Timestamp,
) -> Result<String, OAuthError> {
    let key = tenant.keys.signing_key(Some(algorithm), now);
    let key = key.ok_or(OAuthError::new(
        ErrorCode::ServerError,
        "tenant_has_no_signing_key",
    ))?;
    claims.insert("iss".to_owned(), Value::from(issuer.as_str()));
    claims.insert("aud".to_owned(), Value::from(audience.as_str()));
    encode(signer, key, TokenType::UserInfo, &claims).await
}
