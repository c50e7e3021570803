//! Products whose clients are served as they are: each one's wording is a file, two pure translations. What the server does
//! is the core's, and set by settings that are named for what they do.

mod activid;
mod answer;
mod basic;
mod form;
mod miniorange;
mod oneportal;
mod ubisecure;

use bytes::Bytes;
use http::Response;
use latchkey_oauth::dialect::Dialect;
use latchkey_oauth::endpoint::translate::{Heard, Translate};
use latchkey_oauth::error::OAuthError;
use latchkey_oauth::route::Foreign;
use latchkey_oauth::time::Timestamp;

/// Every dialect.
#[derive(Debug, Clone, Copy)]
pub struct Dialects;

/// What an answer depends on.
#[derive(Debug)]
pub struct Asked {
    at: &'static Foreign,
    issuer: String,
    now: Timestamp,
}

impl Translate for Dialects {
    type Heard = Asked;

    fn request(&self, heard: Heard<'_>) -> Result<Asked, OAuthError> {
        let asked = Asked {
            at: heard.at,
            issuer: heard.issuer.to_string(),
            now: heard.now,
        };
        match heard.at.dialect {
            Dialect::OnePortal => basic::encode(heard.parts),
            Dialect::ActivId => activid::request(heard),
            Dialect::MiniOrange => miniorange::request(heard),
            Dialect::Ubisecure => ubisecure::request(heard),
        }
        Ok(asked)
    }

    fn answer(&self, asked: &Asked, response: Response<Bytes>) -> Response<Bytes> {
        match asked.at.dialect {
            Dialect::OnePortal => oneportal::answer(asked, response),
            Dialect::ActivId => activid::answer(asked, response),
            Dialect::MiniOrange => miniorange::answer(asked, response),
            Dialect::Ubisecure => ubisecure::answer(asked, response),
        }
    }
}

#[cfg(test)]
mod tests;
