//! The demonstration's clients and users for a shell, and what to do with them there.

use std::fmt::Write as _;

use crate::demo_access::Access;

/// For `. FILE` in a shell: the first tenant's plainly, the others' with their tenant's name.
pub fn shell_variables(issuer: &str, accesses: &[Access]) -> String {
    let mut text = String::new();
    for (index, access) in accesses.iter().enumerate() {
        let prefix = if index == 0 {
            "LATCHKEY".to_owned()
        } else {
            let name = access
                .tenant
                .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            format!("LATCHKEY_{}", name.to_ascii_uppercase())
        };
        let issuer = format!("{issuer}{}", access.tenant_path());
        for (name, value) in [
            ("ISSUER", issuer.as_str()),
            ("CLIENT_ID", &access.client.client_id),
            ("CLIENT_SECRET", &access.client.client_secret),
            ("USERNAME", &access.username),
            ("PASSWORD", &access.password),
        ] {
            let _ = writeln!(text, "{prefix}_{name}='{}'", value.replace('\'', "'\\''"));
        }
    }
    if text.is_empty() {
        let _ = writeln!(text, "LATCHKEY_ISSUER='{issuer}'");
    }
    text
}

/// To be pasted in order: each line uses what those before it found out.
pub fn curl_lines(url: &str, access: &Access) -> Vec<String> {
    let base = format!("{url}{}", access.tenant_path());
    let client = if access.client.secret_in_form {
        "-d \"client_id=$LATCHKEY_CLIENT_ID\" --data-urlencode \"client_secret=$LATCHKEY_CLIENT_SECRET\""
    } else {
        "-u \"$LATCHKEY_CLIENT_ID:$LATCHKEY_CLIENT_SECRET\""
    };
    let mut lines = vec![
        ". .latchkey/client.env".to_owned(),
        format!(
            "ANSWER=$(curl -s {client} -d grant_type=password --data-urlencode \"username=$LATCHKEY_USERNAME\" \
             --data-urlencode \"password=$LATCHKEY_PASSWORD\" -d \"scope={}\" {base}/token); echo \"$ANSWER\"",
            access.scope
        ),
        r#"TOKEN=$(echo "$ANSWER" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')"#.to_owned(),
        format!("curl -s {client} -d \"token=$TOKEN\" {base}/introspect; echo"),
    ];
    if access.asks_for("openid") {
        lines.push(format!(
            "curl -s -H \"Authorization: Bearer $TOKEN\" {base}/userinfo; echo"
        ));
    }
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
        }
    }

    #[test]
    fn shell_variables_are_quoted() {
        let accesses = [access("default", "it's"), access("acme", "p")];
        let text = shell_variables("http://127.0.0.1:9000", &accesses);
        assert!(text.contains("LATCHKEY_PASSWORD='it'\\''s'\n"), "{text}");
        assert!(text.contains("LATCHKEY_ACME_ISSUER='http://127.0.0.1:9000/acme'\n"));
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
