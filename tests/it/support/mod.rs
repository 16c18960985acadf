//! What the tests share: a hermetic environment, a scripted model server, and patience.

pub mod browser;
pub mod chat_server;
pub mod embedder;
pub mod environment;
pub mod fake_api;
pub mod generated;
pub mod openai_server;
pub mod peers;
pub mod png;
pub mod rows;
pub mod s3_server;
pub mod samples;
pub mod terminal;
pub mod web;

use std::future::Future;
use std::thread;
use std::time::{Duration, Instant};

pub use embedder::{Fault, ModelServer};
pub use environment::{Environment, Output, Running};

/// How long a test waits for what it expects before it fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Looks for something until it is there, and fails after [`PATIENCE`].
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "waited {PATIENCE:?} in vain for {what}"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until something holds.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, || holds().then_some(()));
}

/// How often a test kills the program: `OLLACODE_TEST_KILLS`, or what is ordinary.
pub fn kills(ordinary: usize) -> usize {
    let wanted = std::env::var("OLLACODE_TEST_KILLS").ok();
    wanted.map_or(ordinary, |wanted| {
        wanted.parse().expect("OLLACODE_TEST_KILLS is a number")
    })
}

/// Runs asynchronous calls of the store from a test that is not.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// Numbers that look drawn and are the same in every run (xorshift64*).
pub struct Draw(u64);

impl Draw {
    /// Starts a sequence; another seed is another sequence.
    pub fn seeded(seed: u64) -> Draw {
        Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Draws a number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap_or(usize::MAX) % limit
    }

    /// Draws characters of an alphabet.
    pub fn text(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet = alphabet.as_bytes();
        (0..length)
            .map(|_| char::from(alphabet[self.below(alphabet.len())]))
            .collect()
    }
}
