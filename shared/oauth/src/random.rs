//! The only door to randomness.

use std::fmt;

/// A source of bytes nobody can guess.
pub trait Random: fmt::Debug + Send + Sync {
    /// Fills `bytes` with random bytes.
    ///
    /// # Errors
    /// [`RandomError`] when the system gives none; nothing is minted then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// `N` fresh random bytes.
///
/// # Errors
/// [`RandomError`] when the system gives none.
pub fn bytes<const N: usize>(random: &dyn Random) -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}

/// The operating system gave no randomness.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct RandomError;

/// The operating system's generator, asked directly: no seeding, so nothing to wait for at a cold start.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "this is the door to randomness")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|_| RandomError)
    }
}
