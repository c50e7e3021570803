//! What a client says of itself: RFC 7591 section 2, field by field, within what its tenant allows.

use latchkey_oauth::client::{Client, ClientAuthMethod, ClientDescription, ClientId};
use latchkey_oauth::error::{ErrorCode, OAuthError};
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::registration::RegistrationPolicy;
use latchkey_oauth::scope::{OPENID, Scope};
use latchkey_oauth::tenant::LifetimeOverrides;
use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_registry::fault::{At, Fault, Faults, Place, Pointer};
use latchkey_registry::fields::Fields;
use latchkey_registry::tree::Node;
use latchkey_registry::{client, description};
use serde_json::{Map, Value};

/// Members that are the server's to say: RFC 7592 section 2.2, "the client MUST NOT include".
const OF_THE_SERVER: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// What a client may say of itself, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    method: ClientAuthMethod,
    grant_types: Vec<GrantType>,
    client_name: Option<String>,
    scope: Option<Scope>,
    redirect_uris: Vec<String>,
    description: ClientDescription,
    id_token_signed_response_alg: Option<Algorithm>,
    certificate_bound: bool,
}

impl Metadata {
    /// Reads a request's body. Members that nobody knows are ignored (RFC 7591 section 2).
    ///
    /// # Errors
    /// `invalid_client_metadata`, `invalid_redirect_uri` or `unapproved_software_statement`, with the member named.
    pub fn read(document: &Map<String, Value>) -> Result<Self, OAuthError> {
        // RFC 7591 section 3.2.2. We have nobody whose statements we would trust.
        if document.contains_key("software_statement") {
            return Err(OAuthError::new(
                ErrorCode::UnapprovedSoftwareStatement,
                "software_statement",
            ));
        }
        if document.contains_key("jwks") && document.contains_key("jwks_uri") {
            // RFC 7591 section 2: "MUST NOT both be present in the same request".
            return Err(bad("`jwks` and `jwks_uri` are given both."));
        }
        let faults = Faults::default();
        let metadata = read(Node::from(Value::Object(document.clone())), &faults);
        match faults.or("", || metadata) {
            Ok(Some(metadata)) => Ok(metadata),
            Ok(None) => Err(bad("The metadata is no object.")),
            Err(faulty) => Err(refusal(faulty.faults)),
        }
    }

    /// With the method that an operator gave the client, where a client may not choose it, and with tokens bound as they were: RFC 7592 section
    /// 2.2 lets the server replace what it is asked for, and it tells both in its answer.
    pub fn keeping(mut self, stored: &Client) -> (Self, Option<ClientAuthMethod>) {
        self.certificate_bound |= stored.tls_client_certificate_bound_access_tokens;
        let method = stored.token_endpoint_auth_method;
        if method.is_confidential() && !method.uses_secret() {
            self.method = ClientAuthMethod::ClientSecretBasic;
            return (self, Some(method));
        }
        (self, None)
    }

    /// Holds it against what the tenant allows, and makes the client of it that it describes, without a secret.
    ///
    /// # Errors
    /// `invalid_client_metadata` for what the tenant does not allow.
    pub fn within(
        self,
        policy: &RegistrationPolicy,
        client_id: ClientId,
    ) -> Result<Client, OAuthError> {
        for grant in &self.grant_types {
            if !policy.grant_types.contains(grant) {
                return Err(bad(format!(
                    "`grant_types`: {} is not for clients that register themselves.",
                    grant.as_str()
                )));
            }
            if grant.needs_confidential_client() && !self.method.is_confidential() {
                return Err(bad(format!(
                    "`grant_types`: a client with the method none may not use {}.",
                    grant.as_str()
                )));
            }
        }
        // Who vouches for a certificate, the operator knows.
        if self.method.is_confidential() && !self.method.uses_secret() {
            return Err(bad(format!(
                "`token_endpoint_auth_method`: {} is not for clients that register themselves.",
                self.method.as_str()
            )));
        }
        if self.certificate_bound && !self.method.is_confidential() {
            return Err(bad(
                "`tls_client_certificate_bound_access_tokens` is not for a client with the method none.",
            ));
        }
        let scope = self.scope.unwrap_or_else(|| policy.scope.clone());
        if !scope.is_subset_of(&policy.scope) {
            return Err(bad(
                "`scope` is wider than clients may have that register themselves.",
            ));
        }
        if self.id_token_signed_response_alg.is_some() && !scope.contains(OPENID) {
            return Err(bad(
                "`id_token_signed_response_alg` says nothing without the scope openid.",
            ));
        }
        Ok(Client {
            client_id,
            client_name: self.client_name,
            token_endpoint_auth_method: self.method,
            client_secret_hashes: Vec::new(),
            tls_client_auth: None,
            certificates: Vec::new(),
            tls_client_certificate_bound_access_tokens: self.certificate_bound,
            grant_types: self.grant_types,
            scope,
            default_scope: None,
            audience: Vec::new(),
            apis: policy.apis.clone(),
            claims: Vec::new(),
            access_token_format: None,
            id_token_signed_response_alg: self.id_token_signed_response_alg,
            lifetimes: LifetimeOverrides::default(),
            refresh_token_retry_window: Seconds(0),
            client_credentials_refresh_token: false,
            authentication_by_access_token: false,
            userinfo_signed_response_alg: None,
            redirect_uris: self.redirect_uris,
            description: self.description,
            registration: None,
            disabled: false,
        })
    }
}

/// Refuses members that are the server's to say, in an update.
///
/// # Errors
/// `invalid_client_metadata`.
pub fn refuse_what_the_server_says(document: &Map<String, Value>) -> Result<(), OAuthError> {
    let said = OF_THE_SERVER.iter().find(|it| document.contains_key(**it));
    match said {
        Some(name) => Err(bad(format!("`{name}` is the server's to say."))),
        None => Ok(()),
    }
}

fn read(node: Node, faults: &Faults) -> Option<Metadata> {
    let mut fields = Fields::open(node, Place::default(), faults)?;
    let method = fields.parsed("token_endpoint_auth_method", client::auth_method);
    let grant_types = fields.texts("grant_types", client::grant_type);
    if !fields.has("grant_types") {
        // RFC 7591 section 2: without it authorization_code is meant.
        fields.fault(
            "grant_types",
            "`grant_types` is missing, and authorization_code is not supported.",
        );
    }
    let response_types = fields.texts("response_types", |text| Ok::<_, String>(text.to_owned()));
    if response_types.is_some_and(|types| !types.is_empty()) {
        fields.fault(
            "response_types",
            "`response_types`: there is no authorization endpoint.",
        );
    }
    // Not closed: "MUST ignore any client metadata sent by the client that it does not understand" (RFC 7591 section 2).
    Some(Metadata {
        method: method.unwrap_or(ClientAuthMethod::ClientSecretBasic),
        grant_types: grant_types.unwrap_or_default(),
        client_name: fields.text("client_name"),
        scope: fields.parsed("scope", Scope::parse),
        redirect_uris: description::read_redirect_uris(&mut fields),
        description: description::read(&mut fields),
        id_token_signed_response_alg: fields
            .parsed("id_token_signed_response_alg", client::algorithm),
        certificate_bound: fields
            .boolean("tls_client_certificate_bound_access_tokens")
            .unwrap_or_default(),
    })
}

fn refusal(faults: Vec<Fault>) -> OAuthError {
    let of_redirects = |fault: &Fault| match &fault.at {
        Some(At::Pointer(Pointer { pointer })) => pointer.starts_with("/redirect_uris"),
        Some(At::Line(_)) | None => false,
    };
    let code = if faults.iter().any(of_redirects) {
        ErrorCode::InvalidRedirectUri
    } else {
        ErrorCode::InvalidClientMetadata
    };
    let told: Vec<&str> = faults.iter().map(|it| it.message.as_str()).collect();
    OAuthError::described(code, "bad_client_metadata", printable(&told.join(" ")))
}

pub(crate) fn bad(description: impl AsRef<str>) -> OAuthError {
    let code = ErrorCode::InvalidClientMetadata;
    OAuthError::described(code, "bad_client_metadata", printable(description.as_ref()))
}

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 500;

/// RFC 7591 section 3.2.2: "Human-readable ASCII text". Faults repeat parts of what was sent.
fn printable(text: &str) -> String {
    let plain = |c: char| match c {
        '"' | '`' => '\'',
        '\\' => '/',
        ' '..='~' => c,
        _ => '?',
    };
    text.chars().take(MAX_DESCRIPTION).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_it(document: Value) -> Result<Metadata, OAuthError> {
        Metadata::read(document.as_object().unwrap())
    }

    #[test]
    fn field_by_field() {
        let good = json!({"grant_types": ["client_credentials"], "client_name": "Ours", "unknown": {"a": 1}});
        let metadata = read_it(good).unwrap();
        assert_eq!(metadata.method, ClientAuthMethod::ClientSecretBasic);
        for (member, value, code) in [
            (
                "grant_types",
                json!(["implicit"]),
                "invalid_client_metadata",
            ),
            ("grant_types", json!("password"), "invalid_client_metadata"),
            ("grant_types", Value::Null, "invalid_client_metadata"),
            ("response_types", json!(["code"]), "invalid_client_metadata"),
            (
                "token_endpoint_auth_method",
                json!("private_key_jwt"),
                "invalid_client_metadata",
            ),
            ("client_name", json!(7), "invalid_client_metadata"),
            (
                "client_name",
                json!("two\nlines"),
                "invalid_client_metadata",
            ),
            (
                "client_uri",
                json!("javascript:alert(1)"),
                "invalid_client_metadata",
            ),
            (
                "logo_uri",
                json!("data:image/png;base64,AA"),
                "invalid_client_metadata",
            ),
            ("tos_uri", json!("x"), "invalid_client_metadata"),
            ("policy_uri", json!("ftp://a"), "invalid_client_metadata"),
            (
                "contacts",
                json!("a@example.com"),
                "invalid_client_metadata",
            ),
            ("contacts", json!(vec!["a"; 21]), "invalid_client_metadata"),
            ("scope", json!("a  b"), "invalid_client_metadata"),
            (
                "id_token_signed_response_alg",
                json!("none"),
                "invalid_client_metadata",
            ),
            (
                "software_statement",
                json!("eyJ"),
                "unapproved_software_statement",
            ),
            (
                "redirect_uris",
                json!(["https://a/#x"]),
                "invalid_redirect_uri",
            ),
            (
                "redirect_uris",
                json!(["http://example.com/cb"]),
                "invalid_redirect_uri",
            ),
            (
                "redirect_uris",
                json!(["javascript:x"]),
                "invalid_redirect_uri",
            ),
            ("redirect_uris", json!(["/cb"]), "invalid_redirect_uri"),
            (
                "redirect_uris",
                json!(["https://u:p@a/cb"]),
                "invalid_redirect_uri",
            ),
        ] {
            let mut document = json!({"grant_types": ["client_credentials"]});
            document[member] = value.clone();
            let refused = read_it(document).unwrap_err();
            assert_eq!(refused.code().as_str(), code, "{member}: {value}");
        }
        for uri in [
            "https://a/cb",
            "http://127.0.0.1:8080/cb",
            "http://[::1]/cb",
            "com.example.app:/cb",
        ] {
            let document = json!({"grant_types": ["refresh_token"], "redirect_uris": [uri]});
            assert_eq!(read_it(document).unwrap().redirect_uris, [uri]);
        }
        let both = json!({"grant_types": [], "jwks": {}, "jwks_uri": "https://a"});
        assert!(read_it(both).is_err());
    }

    #[test]
    fn what_is_told_is_printable() {
        let document = json!({"grant_types": ["\"\\ä\u{7}`".repeat(400)]});
        let refused = read_it(document).unwrap_err();
        let told = refused.description();
        let printable = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(
            told.len() <= MAX_DESCRIPTION && told.bytes().all(printable),
            "{told}"
        );
    }

    #[test]
    fn no_more_than_the_tenant_allows() {
        let policy = RegistrationPolicy {
            grant_types: vec![GrantType::ClientCredentials, GrantType::RefreshToken],
            scope: Scope::parse("openid read").unwrap(),
            ..RegistrationPolicy::default()
        };
        let within = |document: Value| {
            let id = ClientId::parse("c").unwrap();
            read_it(document).unwrap().within(&policy, id)
        };
        let client = within(json!({"grant_types": ["client_credentials"]})).unwrap();
        assert_eq!(client.scope, policy.scope);
        let client =
            within(json!({"grant_types": ["client_credentials"], "scope": "read"})).unwrap();
        assert_eq!(client.scope.to_string(), "read");
        for document in [
            json!({"grant_types": ["password"]}),
            json!({"grant_types": ["client_credentials"], "scope": "read admin"}),
            json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"}),
            json!({"grant_types": ["client_credentials"], "scope": "read", "id_token_signed_response_alg": "RS256"}),
        ] {
            let refused = within(document.clone()).unwrap_err();
            assert_eq!(
                refused.code(),
                ErrorCode::InvalidClientMetadata,
                "{document}"
            );
        }
    }
}
