//! Which claims a scope grants: OIDC Core section 5.4, and groups and roles.

use serde_json::{Map, Value};

use crate::scope::Scope;
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

/// The claims about a user that `scope` grants. A claim without a value is left out (OIDC Core section 5.3.2).
pub fn granted(profile: &UserProfile, scope: &Scope) -> Map<String, Value> {
    let mut claims = Map::new();
    let in_scope = BY_SCOPE.iter().filter(|(name, _)| scope.contains(name));
    for name in in_scope.flat_map(|(_, names)| names.iter().copied()) {
        let value = match profile.claims.get(name) {
            Some(Value::Null) | None if name == "preferred_username" => {
                Value::from(profile.username.as_str())
            }
            Some(Value::Null) | None => continue,
            Some(value) => value.clone(),
        };
        claims.insert(name.to_owned(), value);
    }
    claims
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
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
        let of = |scope| Value::from(granted(&profile, &Scope::parse(scope).unwrap()));
        assert_eq!(of("openid"), json!({}));
        assert_eq!(of("email"), json!({"email": "a@example.com"}));
        assert_eq!(
            of("openid profile"),
            json!({"name": "Alice", "preferred_username": "alice"})
        );
    }
}
