//! Named random streams: every random decision of a run derives from one seed and the name of who decides.
//!
//! A stream's name says who draws from it (`redis#0/conn3/write`), so that one more connection elsewhere changes nothing
//! here.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// The seed of a run, and the names that lie below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    number: u64,
    path: String,
}

impl Seed {
    /// The seed that a user gives, or that is printed with a failure.
    #[must_use]
    pub fn new(number: u64) -> Self {
        Self {
            number,
            path: String::new(),
        }
    }

    /// The number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The seed of something named below this.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let separator = if self.path.is_empty() { "" } else { "/" };
        Self {
            number: self.number,
            path: format!("{}{separator}{name}", self.path),
        }
    }

    /// The stream with this name. The same seed and name give the same stream, always.
    #[must_use]
    pub fn stream(&self, name: &str) -> Random {
        let child = self.child(name);
        let digest = Sha256::new_with_prefix(self.number.to_le_bytes())
            .chain_update(child.path.as_bytes())
            .finalize();
        Random(ChaCha8Rng::from_seed(digest.into()))
    }
}

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// 64 random bits.
    pub fn draw(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`; 0 when `bound` is 0. The bias is below 2⁻³² for the bounds that services use.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.draw() % bound }
    }

    /// True with probability `of` (0 to 1).
    pub fn chance(&mut self, of: f64) -> bool {
        #[allow(clippy::cast_precision_loss)] // 53 bits are what an f64 has
        let draw = (self.draw() >> 11) as f64 / (1_u64 << 53) as f64;
        draw < of
    }

    /// The generator itself, for code that takes one of the field's own.
    #[must_use]
    pub fn into_rng(self) -> ChaCha8Rng {
        self.0
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}
