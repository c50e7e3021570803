//! The demonstration's clients and users for a shell, and what to do with them there.

use std::borrow::Cow;
use std::fmt::Write as _;

use latchkey_oauth::dialect::Dialect;

use crate::demo_access::{Access, Part};

/// Where a user signs in, and what is asked with the token: the standards' paths, or those of the product whose clients the
/// tenant serves.
struct Paths {
    token: &'static str,
    scope: String,
    introspection: Option<&'static str>,
    userinfo: Option<&'static str>,
}

impl Paths {
    fn of(access: &Access) -> Self {
        let (token, introspection, userinfo) = match access.dialects.first() {
            None => ("/token", Some("/introspect"), Some("/userinfo")),
            Some(Dialect::OnePortal) => ("/openid/token?", Some("/openid/introspect"), None),
            Some(Dialect::ActivId) => ("/authn/token", None, Some("/authn/userinfo")),
            Some(Dialect::MiniOrange) => (
                "/moas/rest/oauth/token",
                Some("/moas/rest/oauth/introspect"),
                Some("/moas/rest/oauth/getuserinfo"),
            ),
            Some(Dialect::Ubisecure) => (
                "/uas/oauth2/token",
                Some("/uas/oauth2/introspection"),
                Some("/uas/oauth2/userinfo"),
            ),
            Some(Dialect::OneLogin) => (
                "/oidc/2/token",
                Some("/oidc/2/token/introspection"),
                Some("/oidc/2/me"),
            ),
        };
        let scope = match access.dialects.first() {
            None => access.scope.clone(),
            // Such clients ask for none.
            Some(Dialect::OnePortal | Dialect::ActivId) => String::new(),
            Some(Dialect::MiniOrange) => "email/profile".to_owned(),
            Some(Dialect::Ubisecure | Dialect::OneLogin) => "openid".to_owned(),
        };
        let told = !access.dialects.is_empty() || access.asks_for("openid");
        Self {
            token,
            scope,
            introspection,
            userinfo: userinfo.filter(|_| told),
        }
    }
}

/// For `. FILE` in a shell: the first tenant's plainly, the others' with their tenant's name.
pub fn shell_variables(issuer: &str, accesses: &[Access]) -> String {
    let mut text = String::new();
    for (index, access) in accesses.iter().enumerate() {
        let prefix = prefix(index, access);
        for (name, value) in variables(issuer, access) {
            let _ = writeln!(text, "{prefix}_{name}='{}'", value.replace('\'', "'\\''"));
        }
    }
    if text.is_empty() {
        let _ = writeln!(text, "LATCHKEY_ISSUER='{issuer}'");
    }
    text
}

fn prefix(index: usize, access: &Access) -> String {
    if index == 0 {
        return "LATCHKEY".to_owned();
    }
    let name = access
        .tenant
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("LATCHKEY_{}", name.to_ascii_uppercase())
}

fn variables<'a>(issuer: &str, access: &'a Access) -> Vec<(&'static str, Cow<'a, str>)> {
    let manager = access.player(Part::OneLoginManager).ok();
    let logins = [
        ("CLIENT_ID", "CLIENT_SECRET", Some(&access.client)),
        (
            "RESOURCE_SERVER_ID",
            "RESOURCE_SERVER_SECRET",
            access.resource_server.as_ref(),
        ),
        (
            "MANAGER_ID",
            "MANAGER_SECRET",
            manager.map(|manager| manager.login),
        ),
    ];
    let issuer = format!("{issuer}{}{}", access.tenant_path(), access.issuer_path);
    let mut variables = vec![("ISSUER", issuer.into())];
    for (id, secret, login) in logins {
        let Some(login) = login else { continue };
        variables.push((id, (&login.client_id).into()));
        variables.push((secret, (&login.client_secret).into()));
    }
    variables.push(("USERNAME", (&access.username).into()));
    variables.push(("PASSWORD", (&access.password).into()));
    variables
}

/// Whose credentials the file has beside those that the lines take.
pub fn others(accesses: &[Access]) -> Vec<String> {
    let all = accesses.iter().enumerate().flat_map(|(index, access)| {
        let prefix = prefix(index, access);
        let ids = variables("", access).into_iter();
        let ids = ids.filter(|(name, _)| name.ends_with("_ID"));
        ids.map(move |(name, _)| format!("{prefix}_{name}"))
    });
    all.skip(1).collect()
}

/// To be pasted in order: each line uses what those before it found out.
pub fn curl_lines(url: &str, access: &Access) -> Vec<String> {
    let base = format!("{url}{}", access.tenant_path());
    let client = if access.client.secret_in_form {
        "-d \"client_id=$LATCHKEY_CLIENT_ID\" --data-urlencode \"client_secret=$LATCHKEY_CLIENT_SECRET\""
    } else {
        "-u \"$LATCHKEY_CLIENT_ID:$LATCHKEY_CLIENT_SECRET\""
    };
    let Paths {
        token,
        scope,
        introspection,
        userinfo,
    } = Paths::of(access);
    let scope = if scope.is_empty() {
        scope
    } else {
        format!(" -d \"scope={scope}\"")
    };
    let mut lines = vec![
        ". .latchkey/client.env".to_owned(),
        format!(
            "ANSWER=$(curl -s {client} -d grant_type=password --data-urlencode \"username=$LATCHKEY_USERNAME\" \
             --data-urlencode \"password=$LATCHKEY_PASSWORD\"{scope} \"{base}{token}\"); echo \"$ANSWER\""
        ),
        r#"TOKEN=$(echo "$ANSWER" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')"#.to_owned(),
    ];
    lines.extend(
        introspection
            .map(|path| format!("curl -s {client} -d \"token=$TOKEN\" {base}{path}; echo")),
    );
    lines.extend(
        userinfo
            .map(|path| format!("curl -s -H \"Authorization: Bearer $TOKEN\" {base}{path}; echo")),
    );
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo_access::ClientLogin;

    fn access(tenant: &str, password: &str) -> Access {
        Access {
            tenant: tenant.to_owned(),
            dialects: Vec::new(),
            issuer_path: String::new(),
            candidates: Vec::new(),
            client: ClientLogin {
                client_id: "web".to_owned(),
                client_secret: "plain".to_owned(),
                secret_in_form: false,
            },
            resource_server: None,
            service: None,
            refreshes: true,
            retry_window: None,
            scope: "openid".to_owned(),
            username: "alice".to_owned(),
            password: password.to_owned(),
            email: None,
            name: None,
        }
    }

    #[test]
    fn shell_variables_are_quoted() {
        let accesses = [access("default", "it's"), access("acme", "p")];
        let text = shell_variables("http://127.0.0.1:9000", &accesses);
        assert!(text.contains("LATCHKEY_PASSWORD='it'\\''s'\n"), "{text}");
        assert!(text.contains("LATCHKEY_ACME_ISSUER='http://127.0.0.1:9000/acme'\n"));
    }

    #[test]
    fn what_the_file_has_besides_is_told() {
        let server = ClientLogin {
            client_id: "orders-api".to_owned(),
            client_secret: "its secret".to_owned(),
            secret_in_form: false,
        };
        let accesses = [
            access("default", "p"),
            Access {
                resource_server: Some(server),
                issuer_path: "/uas".to_owned(),
                ..access("acme-2", "p")
            },
        ];
        let text = shell_variables("http://127.0.0.1:9000", &accesses);
        assert!(text.contains("LATCHKEY_ACME_2_RESOURCE_SERVER_ID='orders-api'\n"));
        assert!(text.contains("LATCHKEY_ACME_2_RESOURCE_SERVER_SECRET='its secret'\n"));
        assert!(text.contains("LATCHKEY_ACME_2_ISSUER='http://127.0.0.1:9000/acme-2/uas'\n"));
        assert!(!text.contains("MANAGER"), "{text}");
        let names = [
            "LATCHKEY_ACME_2_CLIENT_ID",
            "LATCHKEY_ACME_2_RESOURCE_SERVER_ID",
        ];
        assert_eq!(others(&accesses), names);
        assert!(others(&accesses[..1]).is_empty());
    }

    #[test]
    fn a_product_is_asked_at_its_own_paths() {
        let lines = |dialect| {
            let access = Access {
                dialects: vec![dialect],
                ..access("acme", "p")
            };
            curl_lines("http://127.0.0.1:9000", &access).join("\n")
        };
        let portal = lines(Dialect::OnePortal);
        assert!(portal.contains("/acme/openid/token?\""), "{portal}");
        assert!(portal.contains("/acme/openid/introspect;"));
        assert!(!portal.contains("scope="), "{portal}");
        let activid = lines(Dialect::ActivId);
        assert!(activid.contains("/acme/authn/userinfo;"), "{activid}");
        // Its tokens are in another alphabet, and it has no introspection.
        assert!(!activid.contains("introspect"), "{activid}");
    }

    /// A prompt is not to follow an answer on its line.
    #[test]
    fn an_answer_ends_its_line() {
        for line in curl_lines("http://127.0.0.1:9000", &access("default", "p")) {
            let ended = line.ends_with("; echo") || line.ends_with("; echo \"$ANSWER\"");
            assert!(ended || !line.contains("curl"), "{line}");
        }
    }
}
