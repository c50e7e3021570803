//! A user of Keycloak's realm export (`UserRepresentation`).

mod password;

use serde_json::Value;

use super::{Members, NoUser, add_attribute, set};

/// The attributes that Keycloak's own client scopes make claims of, where the claim has another name.
const RENAMED: [(&str, &str); 4] = [
    ("middleName", "middle_name"),
    ("phoneNumber", "phone_number"),
    ("phoneNumberVerified", "phone_number_verified"),
    ("updatedAt", "updated_at"),
];

/// The members of the address that its client scope makes of attributes.
const ADDRESS: [(&str, &str); 6] = [
    ("street", "street_address"),
    ("locality", "locality"),
    ("region", "region"),
    ("postal_code", "postal_code"),
    ("country", "country"),
    ("formatted", "formatted"),
];

/// Roles that say something to Keycloak alone.
const OWN_ROLES: [&str; 2] = ["offline_access", "uma_authorization"];
const OWN_CLIENTS: [&str; 6] = [
    "account",
    "account-console",
    "admin-cli",
    "broker",
    "realm-management",
    "security-admin-console",
];

/// Who a `UserRepresentation` is.
pub fn user(mut from: Members) -> Result<Members, NoUser> {
    if from.contains_key("serviceAccountClientId") {
        // A client that acts for itself, which is no user here.
        return Err(NoUser::Other);
    }
    let mut user = Members::new();
    set(&mut user, "username", from.remove("username"));
    set(&mut user, "sub", from.remove("id"));
    set(&mut user, "email", from.remove("email"));
    if user.contains_key("email") {
        set(&mut user, "email_verified", from.remove("emailVerified"));
    }
    let names = ["firstName", "lastName"].map(|name| from.remove(name).unwrap_or_default());
    let whole: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    let whole = whole.join(" ");
    set(&mut user, "name", Some(Value::from(whole.trim())));
    let [given, family] = names;
    set(&mut user, "given_name", Some(given));
    set(&mut user, "family_name", Some(family));
    if from.remove("enabled") == Some(Value::Bool(false)) {
        user.insert("disabled".to_owned(), Value::Bool(true));
    }
    set(&mut user, "groups", from.remove("groups"));
    set(&mut user, "roles", roles(&from));
    if let Some(credentials) = from.remove("credentials") {
        set(&mut user, "password_hash", password::hash(&credentials)?);
    }
    if let Some(Value::Object(attributes)) = from.remove("attributes") {
        for (name, values) in attributes {
            attribute(&mut user, &name, values);
        }
    }
    Ok(user)
}

/// Realm roles as they are, a client's as `CLIENT:ROLE`.
fn roles(from: &Members) -> Option<Value> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut roles = list(from.get("realmRoles"));
    roles.retain(|role| {
        let name = role.as_str().unwrap_or_default();
        !OWN_ROLES.contains(&name) && !name.starts_with("default-roles-")
    });
    let clients = from.get("clientRoles").and_then(Value::as_object);
    for (client, of_client) in clients.into_iter().flatten() {
        if OWN_CLIENTS.contains(&client.as_str()) {
            continue;
        }
        for role in list(Some(of_client)) {
            let named = role.as_str().map(|role| format!("{client}:{role}"));
            roles.push(named.map_or(role, Value::from));
        }
    }
    (!roles.is_empty()).then(|| Value::from(roles))
}

/// Keycloak keeps every attribute as a list of texts.
fn attribute(user: &mut Members, name: &str, values: Value) {
    let value = match values.as_array().map(Vec::as_slice) {
        Some([one]) => one.clone(),
        Some(_) | None => values,
    };
    if let Some((_, claim)) = RENAMED.iter().find(|(old, _)| *old == name) {
        return set(user, claim, Some(typed(claim, value)));
    }
    if let Some((_, member)) = ADDRESS.iter().find(|(old, _)| *old == name) {
        let address = user
            .entry("address")
            .or_insert_with(|| Value::Object(Members::new()));
        if let Value::Object(address) = address {
            set(address, member, Some(value));
        }
        return;
    }
    add_attribute(user, name, value);
}

/// Two of the claims are no texts. What cannot be one is left as it is, and refused when it is read.
fn typed(claim: &str, value: Value) -> Value {
    let text = value.as_str().unwrap_or_default();
    let typed = match claim {
        "phone_number_verified" => text.parse().ok().map(Value::Bool),
        "updated_at" => text.parse::<u64>().ok().map(Value::from),
        _ => None,
    };
    typed.unwrap_or(value)
}
