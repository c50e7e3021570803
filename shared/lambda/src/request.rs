//! A request from the front, as an endpoint wants it.

use bytes::Bytes;
use http::Uri;
use lambda_http::request::RequestContext;
use lambda_http::{Body, RequestExt as _};
use latchkey_oauth::certificate::ClientCertificate;
use latchkey_oauth::endpoint::Inbound;
use latchkey_oauth::lockout::Source;
use latchkey_oauth::time::Timestamp;

/// The body's bytes (base64 already undone), the path as the client wrote it, and who asked.
pub fn inbound(request: lambda_http::Request, now: Timestamp) -> Inbound {
    let request_id = request
        .lambda_context_ref()
        .map(|context| context.request_id.clone())
        .unwrap_or_default();
    let source = source_ip(&request);
    let host = domain_name(&request);
    let certificate = certificate(&request);
    let raw_path = request.raw_http_path().to_owned();
    let (mut parts, body) = request.into_parts();
    // The URI that lambda_http rebuilds carries a stage, which is no part of an issuer's paths, and has been
    // normalised; a path that is not one as it came leads nowhere.
    parts.uri = with_path(&parts.uri, &raw_path).unwrap_or_default();
    let body = match body {
        Body::Empty => Bytes::new(),
        Body::Text(text) => text.into(),
        Body::Binary(bytes) => bytes.into(),
        // The enum is open; lambda_http makes no other.
        other => Bytes::copy_from_slice(other.as_ref()),
    };
    Inbound {
        request: http::Request::from_parts(parts, body),
        now,
        source: Source::parse(&source),
        host,
        certificate,
        request_id,
    }
}

/// The address the front saw. A forwarding header would be the client's own word.
fn source_ip(request: &lambda_http::Request) -> String {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            context.http.source_ip.clone().unwrap_or_default()
        }
        // RequestContext is open; other fronts are not served.
        _ => String::new(),
    }
}

/// The certificate of a client, at a domain where the front asks for one and has checked it. A header that says so would be
/// the client's own word.
fn certificate(request: &lambda_http::Request) -> Option<ClientCertificate> {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else {
        return None;
    };
    let shown = context.authentication.as_ref()?.client_cert.as_ref()?;
    ClientCertificate::from_pem(shown.client_cert_pem.as_deref()?)
}

/// The domain that the front received it at: one that was set up there, whatever the client's Host header says.
fn domain_name(request: &lambda_http::Request) -> Option<String> {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.domain_name.clone(),
        _ => None,
    }
}

fn with_path(uri: &Uri, raw_path: &str) -> Option<Uri> {
    // API Gateway hands on a path decoded, and has matched its route by the whole of it: what a URI would cut off
    // (RFC 3986 section 3.5) must not lead elsewhere.
    if raw_path.contains(['#', '?']) {
        return None;
    }
    let path_and_query = match uri.query() {
        Some(query) => format!("{raw_path}?{query}"),
        None => raw_path.to_owned(),
    };
    path_and_query.parse().ok()
}
