//! onePortal: standard requests at paths of its own; introspection says two things under other names as well.

use bytes::Bytes;
use http::Response;
use latchkey_oauth::route::Endpoint;
use serde_json::Value;

use crate::Asked;
use crate::answer::{ACCESS_TOKEN, with_members_of_success};

/// `clientId` and `tokenType` beside the members of RFC 7662.
pub fn answer(asked: &Asked, response: Response<Bytes>) -> Response<Bytes> {
    if asked.at.endpoint != Endpoint::Introspection {
        return response;
    }
    with_members_of_success(response, |members| {
        if let Some(client_id) = members.get("client_id").cloned() {
            members.insert("clientId".to_owned(), client_id);
        }
        // Only an access token has a type to be told (RFC 7662 section 2.2).
        if members.contains_key("token_type") {
            members.insert("tokenType".to_owned(), Value::from(ACCESS_TOKEN));
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tests::{heard, told};

    #[test]
    fn golden() {
        let basic = "Basic aWQ6YStiJTJG"; // id:a+b%2F
        let (_, request) = heard("POST", "/openid/token", basic, "grant_type=password");
        insta::assert_snapshot!(request);
        let (asked, _) = heard("POST", "/openid/introspect", basic, "token=x");
        let active = json!({"active": true, "client_id": "a", "token_type": "Bearer", "exp": 1});
        insta::assert_snapshot!(told(&asked, 200, &active));
        let refresh = json!({"active": true, "client_id": "a"});
        insta::assert_snapshot!(told(&asked, 200, &refresh));
        insta::assert_snapshot!(told(&asked, 200, &json!({"active": false})));
    }
}
