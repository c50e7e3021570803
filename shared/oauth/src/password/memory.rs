//! Memory for Argon2.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::{Argon2, Block};

/// The memory that Argon2 fills, kept from one password to the next: in a function that does other things meanwhile, the
/// allocator maps or clears 19 MiB anew for each, which costs a login a twentieth of its CPU and the function 19 MiB at its
/// peak (docs/performance.md). Whoever comes while it is lent gets memory of their own.
#[derive(Clone)]
pub(super) struct Memory {
    lent: Arc<Mutex<Vec<Block>>>,
    /// In blocks of 1 KiB: what a hash of today's make needs. What an imported one needs beyond that is given back.
    kept: usize,
}

impl Memory {
    /// Keeps up to `kept` blocks.
    pub(super) fn keeping(kept: usize) -> Self {
        Self {
            lent: Arc::default(),
            kept,
        }
    }

    /// Hashes into `output` in memory that is lent for it.
    ///
    /// # Errors
    /// Argon2's, for a salt or an output it does not take.
    pub(super) fn lend(
        &self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), argon2::Error> {
        let mut blocks = std::mem::take(&mut *self.blocks());
        let wanted = argon2.params().block_count();
        if blocks.len() < wanted {
            blocks.resize(wanted, Block::new());
        }
        let hashed = argon2.hash_password_into_with_memory(password, salt, output, &mut *blocks);
        if blocks.len() <= self.kept {
            *self.blocks() = blocks;
        }
        hashed
    }

    fn blocks(&self) -> MutexGuard<'_, Vec<Block>> {
        self.lent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}
