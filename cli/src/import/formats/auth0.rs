//! A user of Auth0: of its export job, of the hashes that its support hands out, or of its bulk import file.

mod password;

use serde_json::Value;

use super::{Members, NoUser, add_attribute, set};

/// Members of the profile that are claims.
const CLAIMS: [&str; 9] = [
    "email",
    "email_verified",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "picture",
    "phone_number",
    "locale",
];

/// Who a user of Auth0's is.
pub fn user(mut from: Members) -> Result<Members, NoUser> {
    let mut user = Members::new();
    // A bulk import file leaves out the prefix that Auth0 puts before it.
    let oid = from.get("_id").and_then(|id| id.get("$oid"));
    let oid = oid.and_then(Value::as_str);
    let of_database = oid.map(|oid| Value::from(format!("auth0|{oid}")));
    let subject = from.get("user_id").cloned().map(with_prefix);
    set(&mut user, "sub", subject.or(of_database));
    let names = ["username", "email", "phone_number"];
    let username = names.into_iter().find_map(|name| {
        let value = from.get(name)?;
        (!value.is_null()).then(|| value.clone())
    });
    set(&mut user, "username", username);
    for claim in CLAIMS {
        set(&mut user, claim, from.remove(claim));
    }
    if user.contains_key("phone_number") {
        let verified = from.remove("phone_verified");
        set(&mut user, "phone_number_verified", verified);
    }
    if from.get("blocked") == Some(&Value::Bool(true)) {
        user.insert("disabled".to_owned(), Value::Bool(true));
    }
    set(&mut user, "password_hash", password::hash(&from)?);
    let [application, person] = ["app_metadata", "user_metadata"].map(|name| from.remove(name));
    // Roles and groups are where Auth0's rules look for them: in what the application says.
    if let Some(Value::Object(said)) = &application {
        for name in ["groups", "roles"] {
            set(&mut user, name, said.get(name).cloned());
        }
    }
    // What the application says of somebody counts before what they say themselves.
    for said in [application, person] {
        if let Some(Value::Object(said)) = said {
            for (name, value) in said {
                add_attribute(&mut user, &name, value);
            }
        }
    }
    Ok(user)
}

fn with_prefix(id: Value) -> Value {
    match id.as_str() {
        Some(text) if !text.contains('|') => Value::from(format!("auth0|{text}")),
        Some(_) | None => id,
    }
}
