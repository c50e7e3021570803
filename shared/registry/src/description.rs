//! What a client says of itself, for people, and where its people may be sent back to: RFC 7591 section 2.

use latchkey_oauth::client::ClientDescription;
use url::Url;

use crate::fields::Fields;

/// The most redirect URIs, and the most contacts.
const MOST: usize = 20;

/// Reads what a client says of itself.
pub fn read(fields: &mut Fields<'_>) -> ClientDescription {
    let contacts = fields.texts("contacts", |text| Ok::<_, String>(text.to_owned()));
    ClientDescription {
        client_uri: fields.parsed("client_uri", web_page),
        logo_uri: fields.parsed("logo_uri", web_page),
        tos_uri: fields.parsed("tos_uri", web_page),
        policy_uri: fields.parsed("policy_uri", web_page),
        contacts: bounded(fields, "contacts", contacts),
        software_id: fields.text("software_id"),
        software_version: fields.text("software_version"),
    }
}

/// Reads `redirect_uris`.
pub fn read_redirect_uris(fields: &mut Fields<'_>) -> Vec<String> {
    let uris = fields.texts("redirect_uris", redirect_uri);
    bounded(fields, "redirect_uris", uris)
}

fn bounded(fields: &Fields<'_>, name: &str, values: Option<Vec<String>>) -> Vec<String> {
    let values = values.unwrap_or_default();
    if values.len() > MOST {
        fields.fault(name, format!("`{name}` lists more than {MOST}."));
    }
    values
}

/// RFC 6749 section 3.1.2, RFC 8252 section 7: https, http to a loopback address, or a scheme of an application's own, which
/// has a dot in it.
fn redirect_uri(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text).map_err(|_| "a redirect URI is an absolute URI")?;
    if url.fragment().is_some() || text.contains('#') {
        return Err("a redirect URI has no fragment");
    }
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let good = match url.scheme() {
        "https" => url.host().is_some() && url.username().is_empty() && url.password().is_none(),
        "http" => loopback,
        scheme => scheme.contains('.'),
    };
    good.then(|| text.to_owned()).ok_or(
        "a redirect URI begins with https://, with http:// and a loopback address, or with a scheme that has a dot in it",
    )
}

/// RFC 7591 section 2: "The value of this field MUST point to a valid web page". We do not look, but it could be one.
fn web_page(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text).map_err(|_| "it is a URL")?;
    let good = matches!(url.scheme(), "https" | "http") && url.host().is_some();
    good.then(|| text.to_owned())
        .ok_or("it is a URL of the web")
}
