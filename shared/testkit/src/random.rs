//! Randomness that repeats itself from run to run.

use std::sync::atomic::{AtomicU64, Ordering};

use latchkey_oauth::hash::sha256_of_parts;
use latchkey_oauth::random::{Random, RandomError};

/// A stream of bytes that a seed decides: the hashes of seed and counter.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    counter: AtomicU64,
}

impl SeededRandom {
    /// The stream of a seed.
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            counter: AtomicU64::new(0),
        }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for chunk in bytes.chunks_mut(32) {
            let count = self.counter.fetch_add(1, Ordering::SeqCst);
            let block = sha256_of_parts(&[&self.seed.to_be_bytes(), &count.to_be_bytes()]);
            for (to, from) in chunk.iter_mut().zip(block.as_bytes()) {
                *to = *from;
            }
        }
        Ok(())
    }
}
