//! `latchkey doctor`: looks at a deployment from outside, as its clients see it, and says what is wrong.
//!
//! [`probe`] asks; [`metadata`], [`keys`], [`manners`] and [`login`] are what is looked at; a [`report`] is what was found.

pub mod keys;
pub mod login;
pub mod manners;
pub mod metadata;
pub mod probe;
pub mod report;

use latchkey_oauth::issuer::{BaseUrl, Issuer, IssuerPath};
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::time::Clock;
use secrecy::SecretString;

use login::Login;
use metadata::Endpoints;
use probe::Probe;
use report::Report;

/// The deployment to look at.
#[derive(Debug, Clone)]
pub struct Target {
    /// The issuer of one of its tenants.
    pub issuer: Issuer,
    base: BaseUrl,
    tenant: TenantId,
}

/// An issuer that no deployment can have.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error(
    "an issuer is https://HOST, or https://HOST/TENANT, and perhaps a tenant's `issuer_path`, to the letter: no slash at its end, no port 443, in lower case (plain http only for a loopback host)"
)]
pub struct MalformedTarget;

impl Target {
    /// Reads an issuer.
    ///
    /// # Errors
    /// [`MalformedTarget`] for what no deployment can be called.
    pub fn parse(text: &str) -> Result<Self, MalformedTarget> {
        let issuer_path = IssuerPath::all().find(|it| text.ends_with(it.as_str()));
        let address = issuer_path.and_then(|it| text.strip_suffix(it.as_str()));
        let address = address.unwrap_or(text);
        let authority = address.find("://").map_or(0, |at| at + 3);
        let path = address
            .get(authority..)
            .and_then(|rest| rest.find('/'))
            .map(|at| authority + at);
        let (base, tenant) = match path.and_then(|at| address.split_at_checked(at)) {
            None => (address, TenantId::default_tenant()),
            Some((base, path)) => {
                let name = path.trim_start_matches('/');
                (base, TenantId::parse(name).map_err(|_| MalformedTarget)?)
            }
        };
        let base = BaseUrl::parse(base).map_err(|_| MalformedTarget)?;
        let issuer = base.issuer(&tenant);
        let issuer = match issuer_path {
            Some(path) => issuer.with_path(path),
            None => issuer,
        };
        // The default tenant's issuer does not have its name.
        if issuer.as_str() != text {
            return Err(MalformedTarget);
        }
        Ok(Self {
            issuer,
            base,
            tenant,
        })
    }

    /// Whether its metadata are below a product's path, and nowhere else.
    fn has_path(&self) -> bool {
        self.issuer.address() != self.issuer.as_str()
    }

    /// Where RFC 8414 section 3.1 has metadata: the well-known part goes before the tenant.
    fn inserted(&self, document: &str) -> String {
        let base = self.base.issuer(&TenantId::default_tenant());
        if self.tenant.is_default() {
            format!("{base}/.well-known/{document}")
        } else {
            format!("{base}/.well-known/{document}/{}", self.tenant)
        }
    }

    /// Where OpenID Connect Discovery section 4 has it: the well-known part goes after the tenant.
    fn appended(&self, document: &str) -> String {
        format!("{}/.well-known/{document}", self.issuer)
    }
}

/// A client, and perhaps a user, to sign in with.
#[derive(Debug)]
pub struct Patient {
    /// The client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// Who signs in; the client itself if there is nobody.
    pub user: Option<(String, SecretString)>,
}

/// Looks at everything, from the outside in: without metadata there is nothing else to look at.
pub fn examine(target: &Target, patient: Option<&Patient>, clock: &dyn Clock) -> Report {
    let probe = Probe::new();
    let mut report = Report::default();
    let Some(document) = metadata::examine(target, &probe, clock, &mut report) else {
        return report;
    };
    let endpoints = Endpoints::of(&document);
    let ring = keys::examine(&endpoints, &document, &probe, clock, &mut report);
    manners::examine(target, &endpoints, &probe, &mut report);
    match patient {
        None => report.not_looked(
            "login",
            "no --client-id: with one, a token is issued, checked and revoked",
        ),
        Some(patient) => Login {
            patient,
            target,
            endpoints: &endpoints,
            ring: &ring,
            probe: &probe,
            clock,
        }
        .examine(&mut report),
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_taken_to_the_letter() {
        for (text, inserted) in [
            (
                "https://id.example.com",
                "https://id.example.com/.well-known/d",
            ),
            (
                "https://id.example.com/acme",
                "https://id.example.com/.well-known/d/acme",
            ),
            (
                "http://127.0.0.1:9000/acme",
                "http://127.0.0.1:9000/.well-known/d/acme",
            ),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!(target.issuer.as_str(), text);
            assert_eq!(target.inserted("d"), inserted);
            assert_eq!(target.appended("d"), format!("{text}/.well-known/d"));
        }
        let target = Target::parse("https://id.example.com/acme/oidc/2").unwrap();
        assert_eq!(target.issuer.address(), "https://id.example.com/acme");
        assert!(target.has_path());
        for text in [
            "",
            "https://id.example.com/acme/oidc/3",
            "https://id.example.com/acme/oidc/2/",
            "id.example.com",
            "http://id.example.com",
            "https://id.example.com/",
            "https://id.example.com/acme/",
            "https://id.example.com/default",
            "https://id.example.com/a/b",
            "https://ID.example.com",
        ] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }
}
