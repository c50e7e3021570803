//! What access tokens look like: the same field for a tenant, an API and a client.

use latchkey_oauth::token::opaque::AccessTokenFormat;

use crate::fields::Fields;

/// Reads `access_token_format`.
pub fn read(fields: &mut Fields<'_>) -> Option<AccessTokenFormat> {
    fields.parsed("access_token_format", |text| {
        let mut formats = AccessTokenFormat::ALL.into_iter();
        formats
            .find(|format| format.as_str() == text)
            .ok_or_else(|| {
                let known = AccessTokenFormat::ALL.map(AccessTokenFormat::as_str);
                format!("there is no format {text}. Known: {}", known.join(", "))
            })
    })
}
