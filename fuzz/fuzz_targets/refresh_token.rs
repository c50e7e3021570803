//! Refresh tokens: one way to write each, and sealed successors that open under nothing else.
#![no_main]

use latchkey_oauth::token::refresh_token::RefreshToken;
use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret as _;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (token, sealed) = text.split_once('\n').unwrap_or((text, text));
    let Some(token_read) = RefreshToken::parse(token) else {
        return;
    };
    assert_eq!(token_read.expose().expose_secret(), token);
    assert!(!format!("{token_read:?}").contains(&token[token.len() - 8..]));
    // Nobody sealed anything under a token that was made up here.
    assert!(token_read.open(sealed).is_none());
});
