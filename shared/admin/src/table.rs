//! THE table of operations: method, path, scope. The OpenAPI document is made from it.

use strum::EnumCount;

/// Something that the management API does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumCount)]
pub enum Operation {
    /// Tells what the others are.
    OpenApi,
    /// Lists clients.
    ListClients,
    /// Makes a client.
    CreateClient,
    /// Reads a client.
    ReadClient,
    /// Replaces a client.
    ReplaceClient,
    /// Changes a client.
    PatchClient,
    /// Deletes a client.
    DeleteClient,
    /// Gives a client a new secret.
    RotateSecret,
    /// Lets in a client that registered itself.
    ActivateClient,
    /// Lists APIs.
    ListApis,
    /// Makes an API.
    CreateApi,
    /// Reads an API.
    ReadApi,
    /// Replaces an API.
    ReplaceApi,
    /// Changes an API.
    PatchApi,
    /// Deletes an API.
    DeleteApi,
    /// Lists the scopes of an API.
    ListApiScopes,
    /// Gives an API another scope.
    AddApiScope,
    /// Describes a scope of an API anew.
    ReplaceApiScope,
    /// Takes a scope out of an API.
    RemoveApiScope,
    /// Lists what tokens for an API say besides.
    ListApiClaims,
    /// Has tokens for an API say another claim.
    AddApiClaim,
    /// Describes a claim of an API anew.
    ReplaceApiClaim,
    /// Takes a claim out of an API.
    RemoveApiClaim,
    /// Lists the clients that an API is assigned to.
    ListApiClients,
    /// Assigns an API to a client.
    AssignApi,
    /// Takes an API from a client.
    TakeApi,
    /// Lists users.
    ListUsers,
    /// Makes a user.
    CreateUser,
    /// Reads a user.
    ReadUser,
    /// Replaces a user.
    ReplaceUser,
    /// Changes a user.
    PatchUser,
    /// Deletes a user.
    DeleteUser,
    /// Sets a user's password.
    SetPassword,
    /// Makes a reset token for a user.
    MakeResetToken,
    /// Lists what a user has granted.
    ListGrants,
    /// Ends all tokens of a user.
    EndGrants,
    /// Ends one grant of a user.
    EndGrant,
    /// Lists the tenant's keys.
    ListKeys,
    /// Adds a key.
    AddKey,
    /// Reads a key.
    ReadKey,
    /// Withdraws a key.
    WithdrawKey,
    /// Reads the tenant's own settings.
    ReadOwnTenant,
    /// Replaces them.
    ReplaceOwnTenant,
    /// Changes them.
    PatchOwnTenant,
    /// Lists tenants.
    ListTenants,
    /// Makes a tenant.
    CreateTenant,
    /// Reads a tenant.
    ReadTenant,
    /// Replaces a tenant.
    ReplaceTenant,
    /// Changes a tenant.
    PatchTenant,
    /// Deletes a tenant.
    DeleteTenant,
}

/// What an operation is called by, and what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The method.
    pub method: &'static str,
    /// The path below `/admin/v1`.
    pub path: &'static str,
    /// The scope; none for what anybody may see.
    pub scope: Option<&'static str>,
    /// What it does, in a line.
    pub summary: &'static str,
}

const fn row(
    method: &'static str,
    path: &'static str,
    scope: &'static str,
    summary: &'static str,
) -> Row {
    Row {
        method,
        path,
        scope: Some(scope),
        summary,
    }
}

const CLIENTS_READ: &str = "manage:clients:read";
const CLIENTS_WRITE: &str = "manage:clients:write";
const APIS_READ: &str = "manage:apis:read";
const APIS_WRITE: &str = "manage:apis:write";
const USERS_READ: &str = "manage:users:read";
const USERS_WRITE: &str = "manage:users:write";
const GRANTS_READ: &str = "manage:grants:read";
const GRANTS_WRITE: &str = "manage:grants:write";
const KEYS_READ: &str = "manage:keys:read";
const KEYS_WRITE: &str = "manage:keys:write";
const TENANT_READ: &str = "manage:tenant:read";
const TENANT_WRITE: &str = "manage:tenant:write";
const TENANTS_READ: &str = "manage:tenants:read";
const TENANTS_WRITE: &str = "manage:tenants:write";

const CLIENTS: &str = "/clients";
const CLIENT: &str = "/clients/{client_id}";
const APIS: &str = "/apis";
const API: &str = "/apis/{resource}";
const API_SCOPES: &str = "/apis/{resource}/scopes";
const API_SCOPE: &str = "/apis/{resource}/scopes/{value}";
const API_CLAIMS: &str = "/apis/{resource}/claims";
const API_CLAIM: &str = "/apis/{resource}/claims/{name}";
const API_CLIENTS: &str = "/apis/{resource}/clients";
const API_CLIENT: &str = "/apis/{resource}/clients/{client_id}";
const USERS: &str = "/users";
const USER: &str = "/users/{username}";
const GRANTS: &str = "/users/{username}/grants";
const KEYS: &str = "/keys";
const KEY: &str = "/keys/{kid}";
const OWN_TENANT: &str = "/tenant";
const TENANTS: &str = "/tenants";
const TENANT: &str = "/tenants/{tenant}";

impl Operation {
    /// Every operation, in the order of the table.
    pub const ALL: [Self; Self::COUNT] = [
        Self::OpenApi,
        Self::ListClients,
        Self::CreateClient,
        Self::ReadClient,
        Self::ReplaceClient,
        Self::PatchClient,
        Self::DeleteClient,
        Self::RotateSecret,
        Self::ActivateClient,
        Self::ListApis,
        Self::CreateApi,
        Self::ReadApi,
        Self::ReplaceApi,
        Self::PatchApi,
        Self::DeleteApi,
        Self::ListApiScopes,
        Self::AddApiScope,
        Self::ReplaceApiScope,
        Self::RemoveApiScope,
        Self::ListApiClaims,
        Self::AddApiClaim,
        Self::ReplaceApiClaim,
        Self::RemoveApiClaim,
        Self::ListApiClients,
        Self::AssignApi,
        Self::TakeApi,
        Self::ListUsers,
        Self::CreateUser,
        Self::ReadUser,
        Self::ReplaceUser,
        Self::PatchUser,
        Self::DeleteUser,
        Self::SetPassword,
        Self::MakeResetToken,
        Self::ListGrants,
        Self::EndGrants,
        Self::EndGrant,
        Self::ListKeys,
        Self::AddKey,
        Self::ReadKey,
        Self::WithdrawKey,
        Self::ReadOwnTenant,
        Self::ReplaceOwnTenant,
        Self::PatchOwnTenant,
        Self::ListTenants,
        Self::CreateTenant,
        Self::ReadTenant,
        Self::ReplaceTenant,
        Self::PatchTenant,
        Self::DeleteTenant,
    ];

    /// Its row.
    pub const fn row(self) -> Row {
        match self {
            Self::OpenApi => Row {
                method: "GET",
                path: "/openapi.json",
                scope: None,
                summary: "This document",
            },
            Self::ListClients => row("GET", CLIENTS, CLIENTS_READ, "List clients"),
            Self::CreateClient => row("POST", CLIENTS, CLIENTS_WRITE, "Make a client"),
            Self::ReadClient => row("GET", CLIENT, CLIENTS_READ, "Read a client"),
            Self::ReplaceClient => row("PUT", CLIENT, CLIENTS_WRITE, "Replace a client"),
            Self::PatchClient => row("PATCH", CLIENT, CLIENTS_WRITE, "Change a client"),
            Self::DeleteClient => row("DELETE", CLIENT, CLIENTS_WRITE, "Delete a client"),
            Self::RotateSecret => row(
                "POST",
                "/clients/{client_id}/secrets",
                CLIENTS_WRITE,
                "Give a client a new secret; the newest of the old ones goes on until the next time",
            ),
            Self::ActivateClient => row(
                "PUT",
                "/clients/{client_id}/activation",
                CLIENTS_WRITE,
                "Let in a client that registered itself and waits; any other stays as it is",
            ),
            Self::ListApis => row("GET", APIS, APIS_READ, "List APIs"),
            Self::CreateApi => row("POST", APIS, APIS_WRITE, "Make an API"),
            Self::ReadApi => row("GET", API, APIS_READ, "Read an API"),
            Self::ReplaceApi => row("PUT", API, APIS_WRITE, "Replace an API"),
            Self::PatchApi => row("PATCH", API, APIS_WRITE, "Change an API"),
            Self::DeleteApi => row("DELETE", API, APIS_WRITE, "Delete an API"),
            Self::ListApiScopes => row("GET", API_SCOPES, APIS_READ, "List the scopes of an API"),
            Self::AddApiScope => row("POST", API_SCOPES, APIS_WRITE, "Give an API another scope"),
            Self::ReplaceApiScope => row(
                "PUT",
                API_SCOPE,
                APIS_WRITE,
                "Describe a scope of an API anew",
            ),
            Self::RemoveApiScope => row(
                "DELETE",
                API_SCOPE,
                APIS_WRITE,
                "Take a scope out of an API",
            ),
            Self::ListApiClaims => row(
                "GET",
                API_CLAIMS,
                APIS_READ,
                "List what tokens for an API say besides",
            ),
            Self::AddApiClaim => row(
                "POST",
                API_CLAIMS,
                APIS_WRITE,
                "Have tokens for an API say another claim",
            ),
            Self::ReplaceApiClaim => row(
                "PUT",
                API_CLAIM,
                APIS_WRITE,
                "Describe a claim of an API anew",
            ),
            Self::RemoveApiClaim => row(
                "DELETE",
                API_CLAIM,
                APIS_WRITE,
                "Take a claim out of an API",
            ),
            Self::ListApiClients => row(
                "GET",
                API_CLIENTS,
                CLIENTS_READ,
                "List the clients that an API is assigned to; a part of the list may be short without being the last",
            ),
            Self::AssignApi => row(
                "PUT",
                API_CLIENT,
                CLIENTS_WRITE,
                "Assign an API to a client, with these of its scopes and no others",
            ),
            Self::TakeApi => row(
                "DELETE",
                API_CLIENT,
                CLIENTS_WRITE,
                "Take an API from a client",
            ),
            Self::ListUsers => row("GET", USERS, USERS_READ, "List users"),
            Self::CreateUser => row("POST", USERS, USERS_WRITE, "Make a user"),
            Self::ReadUser => row("GET", USER, USERS_READ, "Read a user"),
            Self::ReplaceUser => row("PUT", USER, USERS_WRITE, "Replace a user"),
            Self::PatchUser => row("PATCH", USER, USERS_WRITE, "Change a user"),
            Self::DeleteUser => row("DELETE", USER, USERS_WRITE, "Delete a user"),
            Self::SetPassword => row(
                "PUT",
                "/users/{username}/password",
                USERS_WRITE,
                "Set a user's password; all tokens of the user end",
            ),
            Self::MakeResetToken => row(
                "POST",
                "/users/{username}/reset-tokens",
                USERS_WRITE,
                "Make a token with which a user sets a new password, once; the one before it counts no more",
            ),
            Self::ListGrants => row(
                "GET",
                GRANTS,
                GRANTS_READ,
                "List a user's living refresh-token families",
            ),
            Self::EndGrants => row("DELETE", GRANTS, GRANTS_WRITE, "End all tokens of a user"),
            Self::EndGrant => row(
                "DELETE",
                "/users/{username}/grants/{grant_id}",
                GRANTS_WRITE,
                "End a refresh-token family and its access tokens",
            ),
            Self::ListKeys => row("GET", KEYS, KEYS_READ, "List the tenant's signing keys"),
            Self::AddKey => row(
                "POST",
                KEYS,
                KEYS_WRITE,
                "Add a key of KMS that no other tenant has; from when it signs, the others of its algorithm sign no more",
            ),
            Self::ReadKey => row("GET", KEY, KEYS_READ, "Read a signing key"),
            Self::WithdrawKey => row(
                "DELETE",
                KEY,
                KEYS_WRITE,
                "Take a key out of the JWK set now, for good: tokens it signed are refused",
            ),
            Self::ReadOwnTenant => row("GET", OWN_TENANT, TENANT_READ, "Read this tenant"),
            Self::ReplaceOwnTenant => row("PUT", OWN_TENANT, TENANT_WRITE, "Replace this tenant"),
            Self::PatchOwnTenant => row("PATCH", OWN_TENANT, TENANT_WRITE, "Change this tenant"),
            Self::ListTenants => row("GET", TENANTS, TENANTS_READ, "List tenants"),
            Self::CreateTenant => row("POST", TENANTS, TENANTS_WRITE, "Make a tenant"),
            Self::ReadTenant => row("GET", TENANT, TENANTS_READ, "Read a tenant"),
            Self::ReplaceTenant => row("PUT", TENANT, TENANTS_WRITE, "Replace a tenant"),
            Self::PatchTenant => row("PATCH", TENANT, TENANTS_WRITE, "Change a tenant"),
            Self::DeleteTenant => row(
                "DELETE",
                TENANT,
                TENANTS_WRITE,
                "Delete a tenant: the first time what would go is told, and a code; with the code it goes",
            ),
        }
    }

    /// Whether it is there at the default tenant alone.
    pub fn is_of_the_deployment(self) -> bool {
        let path = self.row().path;
        path == TENANTS || path == TENANT
    }
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The operations, by method.
    pub operations: Vec<Operation>,
    /// The segments that stand where the path has a name in braces.
    pub ids: Vec<&'a str>,
}

/// What a path below `/admin/v1` leads to; `None` for nowhere.
pub fn find(path: &str, at_the_default_tenant: bool) -> Option<Found<'_>> {
    let mut operations = Vec::new();
    let mut ids = Vec::new();
    for operation in Operation::ALL {
        if operation.is_of_the_deployment() && !at_the_default_tenant {
            continue;
        }
        if let Some(found) = ids_in(operation.row().path, path) {
            operations.push(operation);
            ids = found;
        }
    }
    (!operations.is_empty()).then_some(Found { operations, ids })
}

fn ids_in<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut ids = Vec::new();
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        let segment = segments.next()?;
        if wanted.starts_with('{') {
            ids.push(segment);
        } else if wanted != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(ids)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use latchkey_oauth::scope::MANAGEMENT;

    use super::*;

    #[test]
    fn paths_lead_to_their_operations() {
        let found = find("/clients/shop", false).unwrap();
        assert_eq!(found.ids, ["shop"]);
        assert_eq!(
            found.operations,
            [
                Operation::ReadClient,
                Operation::ReplaceClient,
                Operation::PatchClient,
                Operation::DeleteClient
            ]
        );
        let found = find("/users/alice/grants/x", false).unwrap();
        assert_eq!(
            (found.operations.as_slice(), found.ids.as_slice()),
            (&[Operation::EndGrant][..], &["alice", "x"][..])
        );
        for nowhere in [
            "",
            "/",
            "/client",
            "/clients/",
            "/clients/a/b",
            "/clients/a/secrets/b",
        ] {
            let found = find(nowhere, true);
            assert!(found.is_none() || nowhere == "/clients/", "{nowhere}");
        }
        assert_eq!(find("/tenants", false), None);
        assert!(find("/tenants", true).is_some());
    }

    #[test]
    fn no_two_are_called_the_same_way() {
        let called = Operation::ALL.map(|it| (it.row().method, it.row().path));
        let set: BTreeSet<_> = called.iter().collect();
        assert_eq!(set.len(), called.len());
        for operation in Operation::ALL {
            let row = operation.row();
            let found = find(row.path, true).unwrap();
            assert!(found.operations.contains(&operation));
            let direction = if row.method == "GET" { "read" } else { "write" };
            if let Some(scope) = row.scope {
                assert!(scope.starts_with(MANAGEMENT) && scope.ends_with(direction));
            }
        }
    }
}
