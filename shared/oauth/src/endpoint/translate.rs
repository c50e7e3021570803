//! The door through which a product's wording comes in and goes out. Behind it a request is the standard's, and so is the
//! answer; what is said instead, `latchkey_dialects` knows.

use bytes::Bytes;
use http::Response;
use http::request::Parts;

use crate::error::OAuthError;
use crate::issuer::Issuer;
use crate::route::Foreign;
use crate::time::Timestamp;

/// A request in a product's wording.
pub struct Heard<'a> {
    /// Which of the product's paths it was sent to.
    pub at: &'static Foreign,
    /// As which issuer.
    pub issuer: &'a Issuer,
    /// When.
    pub now: Timestamp,
    /// Method, URI and headers.
    pub parts: &'a mut Parts,
    /// The body.
    pub body: &'a mut Bytes,
    /// What follows the path.
    pub below: &'a mut String,
}

/// Credentials are in there.
impl std::fmt::Debug for Heard<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Heard")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Two translations, and what the second has to know of the first.
pub trait Translate: Send + Sync {
    /// What was heard, as far as the answer depends on it.
    type Heard: Send;

    /// Puts a request into the standard's wording.
    ///
    /// # Errors
    /// A request that is none of the product's either.
    fn request(&self, heard: Heard<'_>) -> Result<Self::Heard, OAuthError>;

    /// Puts an answer into the product's wording.
    fn answer(&self, heard: &Self::Heard, response: Response<Bytes>) -> Response<Bytes>;
}

/// For a function whose endpoints are at no product's path.
#[derive(Debug, Clone, Copy)]
pub struct Standard;

impl Translate for Standard {
    type Heard = ();

    fn request(&self, _: Heard<'_>) -> Result<(), OAuthError> {
        Ok(())
    }

    fn answer(&self, (): &(), response: Response<Bytes>) -> Response<Bytes> {
        response
    }
}
