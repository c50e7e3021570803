//! Which claims a scope grants: OIDC Core section 5.4, groups and roles, and the tenant's own.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::{self, ClaimRule};
use crate::scope::{OPENID, Scope};
use crate::user::UserProfile;

/// Each scope with its claims.
pub const BY_SCOPE: [(&str, &[&str]); 6] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
    ("groups", &["groups"]),
    ("roles", &["roles"]),
];

/// Every claim a user may have here.
pub fn names() -> impl Iterator<Item = &'static str> {
    BY_SCOPE
        .iter()
        .flat_map(|(_, claims)| claims.iter().copied())
}

/// A scope of a tenant's own, with the claims it grants at UserInfo and in ID tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimScope {
    /// The scope-token of RFC 6749 section 3.3; not `openid`. One of [`BY_SCOPE`] grants these besides its own.
    pub scope: String,
    /// The claims, and where their values come from.
    pub claims: Vec<ClaimRule>,
}

/// Whether a scope asks for what the issuer itself knows: an ID token, or claims at UserInfo.
pub fn is_identity_scope(token: &str, own: &[ClaimScope]) -> bool {
    token == OPENID
        || BY_SCOPE.iter().any(|(name, _)| *name == token)
        || own.iter().any(|it| it.scope == token)
}

/// What a user's profile says under a name; a null says nothing.
pub fn attribute(profile: &UserProfile, name: &str) -> Option<Value> {
    match profile.claims.get(name) {
        Some(Value::Null) | None if matches!(name, "preferred_username" | "username") => {
            Some(Value::from(profile.username.as_str()))
        }
        Some(Value::Null) | None => None,
        Some(value) => Some(value.clone()),
    }
}

/// The claims about a user that `scope` grants, with `own` scopes beside the standard ones. A claim without a value is
/// left out (OIDC Core section 5.3.2).
pub fn granted(profile: &UserProfile, scope: &Scope, own: &[ClaimScope]) -> Map<String, Value> {
    let standard = BY_SCOPE.iter().filter(|(name, _)| scope.contains(name));
    let standard = standard.flat_map(|(_, names)| names.iter().copied());
    let own = own.iter().filter(|it| scope.contains(&it.scope));
    let mut claims = api::apply(own.flat_map(|it| &it.claims), Some(profile));
    for name in standard {
        if let Some(value) = attribute(profile, name) {
            claims.insert(name.to_owned(), value);
        }
    }
    claims
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::{ClaimName, ClaimSource};
    use crate::user::{Subject, Username};

    #[test]
    fn a_scope_grants_its_own_claims_only() {
        let claims =
            json!({"name": "Alice", "email": "a@example.com", "nickname": null, "shoe_size": 38});
        let profile = UserProfile {
            subject: Subject::parse("s").unwrap(),
            username: Username::parse("alice").unwrap(),
            claims: claims.as_object().cloned().unwrap(),
        };
        let own = [ClaimScope {
            scope: "fitting".to_owned(),
            claims: [
                ("shoe_size", "shoe_size"),
                ("hat", "hat_size"),
                ("nick", "name"),
            ]
            .map(|(name, attribute)| ClaimRule {
                name: ClaimName::parse(name).unwrap(),
                from: ClaimSource::Attribute(attribute.to_owned()),
            })
            .to_vec(),
        }];
        let of = |scope| Value::from(granted(&profile, &Scope::parse(scope).unwrap(), &own));
        assert_eq!(of("openid"), json!({}));
        assert_eq!(of("fitting"), json!({"shoe_size": 38, "nick": "Alice"}));
        assert_eq!(of("email"), json!({"email": "a@example.com"}));
        assert_eq!(
            of("openid profile"),
            json!({"name": "Alice", "preferred_username": "alice"})
        );
    }
}
