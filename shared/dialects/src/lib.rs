//! Products whose clients are served as they are: each one's wording is a file, two pure translations. What the server does
//! is the core's, and set by settings that are named for what they do.

mod activid;
mod answer;
mod basic;
mod form;
mod miniorange;
mod onelogin;
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

/// What discovery has of them: documents that are asked for without credentials. Its function links no more.
#[derive(Debug, Clone, Copy)]
pub struct Documents;

/// What an answer depends on.
#[derive(Debug)]
pub struct Asked {
    at: &'static Foreign,
    /// What the paths of endpoints follow.
    address: String,
    now: Timestamp,
    /// What was asked of the management API, where that is said otherwise.
    managing: Option<onelogin::Managing>,
}

impl Asked {
    fn of(heard: &Heard<'_>) -> Self {
        Self {
            at: heard.at,
            address: heard.issuer.address().to_owned(),
            now: heard.now,
            managing: None,
        }
    }
}

impl Translate for Documents {
    type Heard = Asked;

    fn request(&self, heard: Heard<'_>) -> Result<Asked, OAuthError> {
        Ok(Asked::of(&heard))
    }

    fn answer(&self, asked: &Asked, response: Response<Bytes>) -> Response<Bytes> {
        if asked.at.endpoint.is_metadata() {
            answer::with_own_paths(asked, response)
        } else {
            response
        }
    }
}

impl Translate for Dialects {
    type Heard = Asked;

    fn request(&self, heard: Heard<'_>) -> Result<Asked, OAuthError> {
        let mut asked = Asked::of(&heard);
        match heard.at.dialect {
            Dialect::OnePortal => basic::encode(heard.parts),
            Dialect::ActivId => activid::request(heard),
            Dialect::MiniOrange => miniorange::request(heard),
            Dialect::Ubisecure => ubisecure::request(heard),
            Dialect::OneLogin => asked.managing = onelogin::request(heard),
        }
        Ok(asked)
    }

    fn answer(&self, asked: &Asked, response: Response<Bytes>) -> Response<Bytes> {
        if asked.at.endpoint.is_metadata() {
            return Documents.answer(asked, response);
        }
        match asked.at.dialect {
            Dialect::OnePortal => oneportal::answer(asked, response),
            Dialect::ActivId => activid::answer(asked, response),
            Dialect::MiniOrange => miniorange::answer(asked, response),
            Dialect::Ubisecure => ubisecure::answer(asked, response),
            Dialect::OneLogin => onelogin::answer(asked, response),
        }
    }
}

#[cfg(test)]
mod tests;
